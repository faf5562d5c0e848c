// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DISPLAY, DISPLAY_BUS_ERROR, DISPLAY_FRAME_DONE, DISPLAY_RUN, DisplayController } from './display.js';
import { counting, program, RAM_BASE, testBus } from './dma-fixture.js';

test('a frame is shown line by line, and a new base counts from the next one on', () => {
  const { machine, master } = testBus();
  machine.ram.writeBytes(RAM_BASE, counting(24));
  machine.ram.writeBytes(RAM_BASE + 0x1000, counting(24, 100));
  const display = new DisplayController(master);
  program(display, [
    [DISPLAY.BASE, RAM_BASE],
    [DISPLAY.LINE_BYTES, 4],
    [DISPLAY.STRIDE, 8],
    [DISPLAY.HEIGHT, 3],
  ]);
  assert.equal(display.advance(3), 0, 'not started');
  program(display, [[DISPLAY.CTRL, DISPLAY_RUN]]);
  assert.equal(display.advance(2), 2);
  assert.equal(display.picture, null);
  assert.equal(display.checksum, null);
  program(display, [[DISPLAY.BASE, RAM_BASE + 0x1000]]);
  assert.equal(display.advance(1), 1);
  assert.equal(display.readRegister(DISPLAY.STATUS.offset), DISPLAY_FRAME_DONE);
  assert.deepEqual(display.picture, Uint8Array.of(0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19));
  const first = display.checksum;
  assert.equal(display.advance(3), 3);
  const { picture } = display as DisplayController;
  assert.deepEqual(picture?.subarray(0, 4), counting(4, 100));
  assert.notEqual(display.checksum, first);
});

test('the checksum is that of the picture: FNV-1a of "foobar"', () => {
  const { machine, master } = testBus();
  machine.ram.writeBytes(RAM_BASE, new TextEncoder().encode('foobar'));
  const display = new DisplayController(master);
  program(display, [
    [DISPLAY.BASE, RAM_BASE],
    [DISPLAY.LINE_BYTES, 3],
    [DISPLAY.STRIDE, 3],
    [DISPLAY.HEIGHT, 2],
    [DISPLAY.CTRL, DISPLAY_RUN],
  ]);
  display.advance(2);
  assert.equal(display.checksum, 0xbf9cf968);
});

test('a bus error switches the display off', () => {
  const { master, heard } = testBus();
  const display = new DisplayController(master);
  program(display, [
    [DISPLAY.BASE, 0x1000],
    [DISPLAY.LINE_BYTES, 4],
    [DISPLAY.HEIGHT, 1],
    [DISPLAY.CTRL, DISPLAY_RUN],
  ]);
  assert.equal(display.advance(1), 0);
  assert.equal(display.readRegister(DISPLAY.STATUS.offset), DISPLAY_BUS_ERROR);
  assert.deepEqual(heard, ['missed read 1000+4']);
});
