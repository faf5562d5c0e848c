// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DISPLAY } from './display.js';
import { ENGINE } from './engine.js';
import { ETHERNET } from './ethernet.js';
import { FRAME_GRABBER } from './frame-grabber.js';
import { RegisterBlock, type RegisterMap } from './registers.js';

const MAP: RegisterMap<'CTRL' | 'STATUS'> = {
  CTRL: { offset: 0, writable: 0x80000001 },
  STATUS: { offset: 4, writable: 0x100, clearedByOne: 0x3 },
};

test('software changes the bits that a register has, the device any', () => {
  const block = new RegisterBlock(MAP);
  assert.equal(block.store(0, 0xffffffff), 'CTRL');
  assert.equal(block.load(0), 0x80000001, 'unsigned');
  assert.equal(block.store(8, 1), null);
  assert.equal(block.load(8), 0);
  block.set('STATUS', 0x80000003);
  block.store(4, 0x102);
  assert.equal(block.get('STATUS'), 0x80000101, 'bit 1 cleared, bit 8 set, bits 31 and 0 kept');
});

test('registers are words that do not overlap', () => {
  for (const map of [DISPLAY, ENGINE, ETHERNET, FRAME_GRABBER]) {
    const offsets = Object.values(map).map(register => register.offset);
    assert.equal(new Set(offsets).size, offsets.length);
    assert.ok(offsets.every(offset => offset % 4 === 0));
  }
});
