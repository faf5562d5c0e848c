// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { program, RAM_BASE, testBus } from './dma-fixture.js';
import {
  FRAME_GRABBER,
  FRAME_GRABBER_BUS_ERROR,
  FRAME_GRABBER_DONE,
  FRAME_GRABBER_RUN,
  FrameGrabber,
} from './frame-grabber.js';

const Y = RAM_BASE + 0x1000;
const UV = RAM_BASE + 0x2000;

function grabberAt(uv: number): { grabber: FrameGrabber; bus: ReturnType<typeof testBus> } {
  const bus = testBus();
  const grabber = new FrameGrabber(bus.master, (plane, line, width) =>
    new Uint8Array(width).fill((plane === 'Y' ? 0x10 : 0x80) + line),
  );
  program(grabber, [
    [FRAME_GRABBER.Y_BASE, Y],
    [FRAME_GRABBER.UV_BASE, uv],
    [FRAME_GRABBER.WIDTH, 6],
    [FRAME_GRABBER.HEIGHT, 4],
    [FRAME_GRABBER.STRIDE, 8],
    [FRAME_GRABBER.CTRL, FRAME_GRABBER_RUN],
  ]);
  return { grabber, bus };
}

test('an image arrives line by line, colour after each second line', () => {
  const { grabber, bus } = grabberAt(UV);
  const { ram } = bus.machine;
  assert.equal(grabber.advance(1), 1);
  assert.ok(ram.isFilledWith(UV, 16, 0));
  assert.equal(grabber.advance(1), 1);
  assert.deepEqual(bus.heard, [
    'write 80001000:80001000+6',
    'write 80001008:80001008+6',
    'write 80002000:80002000+6',
  ]);
  assert.equal(grabber.readRegister(FRAME_GRABBER.STATUS.offset), 0);
  assert.equal(grabber.advance(9), 2);
  assert.equal(grabber.readRegister(FRAME_GRABBER.STATUS.offset), FRAME_GRABBER_DONE);
  assert.equal(grabber.advance(1), 0, 'one shot');
  assert.deepEqual(ram.readBytes(Y + 24, 8), Uint8Array.of(0x13, 0x13, 0x13, 0x13, 0x13, 0x13, 0, 0));
  assert.deepEqual(ram.readBytes(UV + 8, 8), Uint8Array.of(0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0, 0));
});

test('a bus error ends the image', () => {
  const { grabber } = grabberAt(0x1000);
  assert.equal(grabber.advance(4), 1);
  assert.equal(grabber.readRegister(FRAME_GRABBER.STATUS.offset), FRAME_GRABBER_BUS_ERROR);
  assert.equal(grabber.running, false);
});
