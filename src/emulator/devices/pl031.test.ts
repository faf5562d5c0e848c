// SPDX-License-Identifier: GPL-2.0-only
/** What Arm DDI 0224 says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock, TICKS_PER_SECOND } from '../clock.js';
import { Pl031 } from './pl031.js';
import { Port, pass, Wire } from './test-bench.js';

const EPOCH = 1_700_000_000;

function bench() {
  const clock = new Clock();
  const wire = new Wire();
  const rtc = new Pl031(clock, EPOCH, wire);
  return { clock, wire, rtc, port: new Port(rtc) };
}

test('it counts seconds from the given epoch', () => {
  const { clock, port } = bench();
  assert.equal(port.get(0), EPOCH);
  pass(clock, 3 * TICKS_PER_SECOND - 1);
  assert.equal(port.get(0), EPOCH + 2);
  pass(clock, 1);
  assert.equal(port.get(0), EPOCH + 3);
  port.set(0x08, 0xffff_ffff);
  assert.equal(port.get(0), 0xffff_ffff);
  pass(clock, TICKS_PER_SECOND);
  assert.equal(port.get(0), 0, 'it wraps');
  assert.equal(port.get(0xfe0), 0x31);
});

test('the alarm', () => {
  const { clock, wire, port } = bench();
  port.set(0x04, EPOCH + 5);
  port.set(0x10, 1);
  pass(clock, 5 * TICKS_PER_SECOND - 1);
  assert.equal(wire.level, false);
  pass(clock, 1);
  assert.equal(wire.level, true);
  assert.deepEqual([port.get(0x14), port.get(0x18)], [1, 1]);
  port.set(0x10, 0);
  assert.equal(wire.level, false);
  assert.deepEqual([port.get(0x14), port.get(0x18)], [1, 0]);
  port.set(0x1c, 1);
  assert.equal(port.get(0x14), 0);
});

test('state goes out and comes back', () => {
  const { clock, rtc, port } = bench();
  port.set(0x08, 1000);
  port.set(0x04, 1002);
  port.set(0x10, 1);
  const state = structuredClone(rtc.save());
  const other = bench();
  other.clock.now = clock.now;
  other.rtc.restore(state);
  pass(other.clock, 2 * TICKS_PER_SECOND);
  assert.equal(other.wire.level, true);
  assert.equal(other.port.get(0), 1002);
});
