// SPDX-License-Identifier: GPL-2.0-only
/**
 * Memory types under the register values that Linux uses, and without TEX remap.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryTypes } from './memory-type.js';
import { createRegisters } from './registers.js';

test('TEX remap with the values of Linux', () => {
  // PRRR and NMRR: Linux, arch/arm/mm/proc-v7-2level.S.
  const registers = createRegisters(7).with({ tre: true, prrr: 0xff0a81a8, nmrr: 0x40e040e0 });
  const types = new MemoryTypes(registers);
  const texts = Array.from({ length: 8 }, (_, i) => types.short(i >> 2, (i >> 1) & 1, i & 1, 1).text);
  assert.deepEqual(texts, [
    'strongly-ordered',
    'normal inner=NC outer=NC',
    'normal inner=WT outer=WT',
    'normal inner=WB outer=WB',
    'device',
    'strongly-ordered',
    'strongly-ordered',
    'normal inner=WBWA outer=WBWA',
  ]);
  assert.equal(types.short(1, 1, 1, 1).shareable, true);
  assert.equal(types.short(1, 1, 1, 0).shareable, false);
  assert.equal(types.short(1, 0, 0, 0).shareable, false);
  assert.equal(types.short(0, 0, 0, 0).shareable, true);
  // TEX[2:1] belong to the operating system.
  assert.equal(types.short(6, 1, 1, 0), types.short(0, 1, 1, 0));

  registers.nmrr = 0;
  assert.equal(types.short(1, 1, 1, 1).text, 'normal inner=NC outer=NC');
});

test('without TEX remap', () => {
  const types = new MemoryTypes(createRegisters(6).with({ xp: true }));
  const text = (tex: number, c: number, b: number): string => types.short(tex, c, b, 0).text;
  assert.equal(text(0, 0, 0), 'strongly-ordered');
  assert.equal(text(0, 0, 1), 'device');
  assert.equal(text(0, 1, 0), 'normal inner=WT outer=WT');
  assert.equal(text(0, 1, 1), 'normal inner=WB outer=WB');
  assert.equal(text(1, 0, 0), 'normal inner=NC outer=NC');
  assert.equal(text(1, 1, 1), 'normal inner=WBWA outer=WBWA');
  assert.equal(text(2, 0, 0), 'device');
  assert.equal(text(1, 0, 1), 'unpredictable');
  assert.equal(text(6, 0, 1), 'normal inner=WBWA outer=WT');
  assert.equal(text(7, 1, 0), 'normal inner=WT outer=WB');
  assert.equal(types.short(0, 0, 1, 0).shareable, true);
  assert.equal(types.short(2, 0, 0, 1).shareable, false);
});

test('MAIR with the values of Linux', () => {
  // MAIR0 and MAIR1: Linux, arch/arm/mm/proc-v7-3level.S.
  const mair = { mair0: 0xeeaa4400, mair1: 0xff000004 };
  const types = new MemoryTypes(createRegisters(7, true).with({ format: 'long', ...mair }));
  const texts = Array.from({ length: 8 }, (_, index) => types.long(index, 3).text);
  assert.deepEqual(texts, [
    'strongly-ordered',
    'normal inner=NC outer=NC',
    'normal inner=WT outer=WT',
    'normal inner=WB outer=WB',
    'device',
    'strongly-ordered',
    'strongly-ordered',
    'normal inner=WBWA outer=WBWA',
  ]);
  assert.equal(types.long(7, 0).shareable, false);
  assert.equal(types.long(7, 3).shareable, true);
  assert.equal(types.long(4, 0).shareable, true);
});

test('ARMv5 and XScale', () => {
  const types = new MemoryTypes(createRegisters(5));
  const text = (x: number, c: number, b: number): string => types.short(x, c, b, 0).text;
  assert.equal(text(0, 0, 0), 'uncached unbuffered');
  assert.equal(text(0, 0, 1), 'uncached buffered');
  assert.equal(text(0, 1, 0), 'cached write-through');
  assert.equal(text(0, 1, 1), 'cached write-back');
  assert.equal(text(1, 1, 0), 'cached mini-cache');
  assert.equal(text(1, 1, 1), 'cached write-back write-allocate');
  assert.equal(types.short(0, 1, 1, 0).shareable, null);
});
