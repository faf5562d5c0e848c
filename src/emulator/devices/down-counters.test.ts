// SPDX-License-Identifier: GPL-2.0-only
/** Timers that count down: Arm DDI 0271 (SP804) and DDI 0407, chapter 4 (private timer, watchdog). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Clock, TICKS_PER_SECOND } from '../clock.js';
import { A9PrivateTimer } from './a9-private-timer.js';
import { Rate } from './rate.js';
import { Sp804 } from './sp804.js';
import { Port, pass, Wire } from './test-bench.js';

/** 1 MHz. */
const STEP = TICKS_PER_SECOND / 1_000_000;
const ONE_SHOT = 0x01;
const BITS32 = 0x02;
const INTERRUPT = 0x20;
const PERIODIC = 0x40;
const ENABLE = 0x80;

function dual() {
  const clock = new Clock();
  const wire = new Wire();
  const timer = new Sp804('SP804', clock, new Rate(1_000_000), wire);
  return { clock, wire, timer, port: new Port(timer) };
}

test('SP804: reset values and identification', () => {
  const { port } = dual();
  assert.deepEqual(
    [0x00, 0x04, 0x08, 0x10, 0x14].map(offset => port.get(offset)),
    [0, 0xffff_ffff, 0x20, 0, 0],
  );
  assert.equal(port.get(0x28), 0x20);
  assert.deepEqual(
    [0xfe0, 0xfe4, 0xfe8].map(offset => port.get(offset)),
    [0x04, 0x18, 0x14],
  );
});

test('SP804: once, as sp804_set_next_event() of Linux', () => {
  const { clock, wire, port } = dual();
  port.set(0x00, 100);
  port.set(0x08, BITS32 | INTERRUPT | ONE_SHOT | ENABLE);
  pass(clock, 40 * STEP);
  assert.equal(port.get(0x04), 60);
  pass(clock, 60 * STEP - 1);
  assert.equal(wire.level, false);
  pass(clock, 1);
  assert.equal(wire.level, true);
  assert.deepEqual([port.get(0x10), port.get(0x14), port.get(0x04)], [1, 1, 0]);
  port.set(0x0c, 1);
  pass(clock, 1000 * STEP);
  assert.equal(wire.level, false, 'it has stopped');
  port.set(0x00, 5);
  pass(clock, 5 * STEP);
  assert.equal(wire.level, true, 'loading starts it');
});

test('SP804: periodic, with a background load', () => {
  const { clock, wire, port } = dual();
  port.set(0x20, 10);
  port.set(0x28, BITS32 | INTERRUPT | PERIODIC | ENABLE);
  pass(clock, 10 * STEP);
  assert.equal(wire.level, true);
  port.set(0x2c, 0);
  pass(clock, 3 * STEP);
  assert.equal(port.get(0x24), 7);
  port.set(0x38, 4);
  assert.equal(port.get(0x24), 7, 'the current period goes on');
  pass(clock, 7 * STEP);
  port.set(0x2c, 0);
  pass(clock, 4 * STEP - 1);
  assert.equal(wire.level, false);
  pass(clock, 1);
  assert.equal(wire.level, true);
  assert.equal(port.get(0x00), 0, 'the other timer is another');
});

test('SP804: free running, 16 and 32 bits, prescaled', () => {
  const { clock, port } = dual();
  port.set(0x08, BITS32 | ENABLE);
  port.set(0x00, 2);
  pass(clock, 3 * STEP);
  assert.equal(port.get(0x04), 0xffff_ffff);
  port.set(0x08, ENABLE);
  port.set(0x00, 2);
  pass(clock, 3 * STEP);
  assert.equal(port.get(0x04), 0xffff);
  port.set(0x08, ENABLE | BITS32 | (1 << 2));
  port.set(0x00, 100);
  pass(clock, 16 * 10 * STEP);
  assert.equal(port.get(0x04), 90);
});

test('SP804: as a clock source it equals plain subtraction', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1e9), { minLength: 1, maxLength: 20 }), steps => {
      const { clock, port } = dual();
      port.set(0x20, 0xffff_ffff);
      port.set(0x28, BITS32 | PERIODIC | ENABLE);
      for (const step of steps) {
        pass(clock, step);
        const elapsed = Math.floor(clock.now / STEP);
        assert.equal(port.get(0x24), 0xffff_ffff - (elapsed % 0xffff_ffff));
      }
    }),
  );
});

test('SP804: state goes out and comes back', () => {
  const { timer, port } = dual();
  port.set(0x00, 100);
  port.set(0x08, BITS32 | INTERRUPT | PERIODIC | ENABLE);
  const other = dual();
  other.timer.restore(structuredClone(timer.save()));
  pass(other.clock, 100 * STEP);
  assert.equal(other.wire.level, true);
});

function local() {
  const clock = new Clock();
  const lines = [0, 1].map(() => ({ timer: new Wire(), watchdog: new Wire() }));
  const resets: string[] = [];
  const device = new A9PrivateTimer(clock, new Rate(1_000_000), lines, () => resets.push('reset'));
  return { clock, lines, resets, device, ports: [new Port(device, 0), new Port(device, 1)] as const };
}

test('private timer: each core has its own, with a period of load + 1', () => {
  const { clock, lines, ports } = local();
  const [first, second] = ports;
  first.set(0x00, 9);
  first.set(0x08, 7);
  pass(clock, 9 * STEP);
  assert.deepEqual([lines[0]!.timer.rises, lines[1]!.timer.rises], [1, 0]);
  assert.equal(first.get(0x0c), 1);
  assert.equal(second.get(0x0c), 0);
  first.set(0x0c, 1);
  assert.equal(lines[0]!.timer.level, false);
  pass(clock, STEP);
  assert.equal(first.get(0x04), 9, 'reloaded');
  pass(clock, 9 * STEP);
  assert.equal(lines[0]!.timer.rises, 2);
});

test('private timer: once, as twd_set_next_event() of Linux, and prescaled', () => {
  const { clock, lines, ports } = local();
  const [, second] = ports;
  second.set(0x08, 4);
  second.set(0x04, 20);
  second.set(0x08, 5 | (4 << 8));
  pass(clock, 5 * 20 * STEP);
  assert.equal(lines[1]!.timer.level, true);
  second.set(0x0c, 1);
  pass(clock, 10_000 * STEP);
  assert.equal(lines[1]!.timer.level, false);
  assert.equal(second.get(0x04), 0);
  second.set(0x08, 0xffff_ffff);
  assert.equal(second.get(0x08), 0xff07);
});

test('watchdog: a timer until it is made a watchdog, which two keys end', () => {
  const { clock, lines, resets, ports, device } = local();
  const [port] = ports;
  port.set(0x20, 10);
  port.set(0x28, 5);
  pass(clock, 10 * STEP);
  assert.equal(lines[0]!.watchdog.level, true);
  port.set(0x28, 9);
  port.set(0x28, 1);
  assert.equal(port.get(0x28), 9, 'the mode stays');
  port.set(0x20, 10);
  pass(clock, 9 * STEP);
  port.set(0x24, 100);
  assert.equal(port.get(0x24), 1, 'the counter is read-only then');
  const state = structuredClone(device.save());
  pass(clock, STEP);
  assert.deepEqual(resets, ['reset']);
  assert.equal(port.get(0x30), 1);
  const other = local();
  other.clock.now = clock.now - STEP;
  other.device.restore(state);
  pass(other.clock, STEP);
  assert.deepEqual(other.resets, ['reset']);
  port.set(0x34, 0x12345678);
  port.set(0x34, 0x87654321);
  assert.equal(port.get(0x28), 1);
});
