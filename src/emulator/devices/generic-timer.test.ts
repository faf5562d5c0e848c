// SPDX-License-Identifier: GPL-2.0-only
/** What ARM DDI 0406C, B8.1 says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Clock, TICKS_PER_SECOND } from '../clock.js';
import { GenericTimer } from './generic-timer.js';
import { pass, Wire } from './test-bench.js';

function bench(frequency = 62_500_000) {
  const clock = new Clock();
  const wires = [0, 1].map(() => ({ physical: new Wire(), virtual: new Wire() }));
  return { clock, wires, timer: new GenericTimer(clock, frequency, wires) };
}

test('the counter runs at its frequency, and is the same for all', () => {
  const { clock, timer } = bench();
  pass(clock, TICKS_PER_SECOND);
  assert.equal(timer.count, 62_500_000);
  timer.virtualOffset = 500;
  assert.equal(timer.virtualCount, 62_499_500);
});

test('the output is a level, from the moment on when the count reaches the comparison', () => {
  const { clock, timer, wires } = bench();
  const own = timer.virtual[1]!;
  own.value = 100;
  assert.deepEqual(own.compare, { high: 0, low: 100 });
  own.control = 1;
  pass(clock, timer.timeOf(100) - 1);
  assert.equal(wires[1]!.virtual.level, false);
  assert.equal(own.control, 1);
  pass(clock, 1);
  assert.equal(wires[1]!.virtual.level, true);
  assert.equal(own.control, 5);
  pass(clock, 1000);
  assert.equal(wires[1]!.virtual.level, true);
  assert.equal(own.value >>> 31, 1, 'TVAL counts on below zero');
  own.control = 3;
  assert.equal(wires[1]!.virtual.level, false);
  assert.equal(own.control, 7, 'masked, but the condition holds');
  own.control = 1;
  own.value = 50;
  assert.equal(wires[1]!.virtual.level, false);
  assert.equal(wires[1]!.virtual.rises, 2);
  assert.equal(wires[0]!.virtual.rises + wires[1]!.physical.rises, 0);
  own.control = 0;
  pass(clock, 1000);
  assert.equal(own.control, 0, 'ISTATUS is not set while the timer is off');
  assert.equal(wires[1]!.virtual.level, false);
});

test('a comparison of all ones never comes', () => {
  const { clock, timer, wires } = bench();
  timer.physical[0]!.setCompare(0xffff_ffff, 0xffff_ffff);
  timer.physical[0]!.control = 1;
  assert.deepEqual(timer.physical[0]!.compare, { high: 0xffff_ffff, low: 0xffff_ffff });
  pass(clock, 1e12);
  assert.equal(wires[0]!.physical.level, false);
});

test('a negative value is a moment in the past', () => {
  const { clock, timer, wires } = bench();
  pass(clock, 10 * TICKS_PER_SECOND);
  timer.physical[0]!.control = 1;
  assert.equal(wires[0]!.physical.level, true, 'CVAL is 0 after reset here');
  timer.physical[0]!.value = -5 >>> 0;
  assert.equal(wires[0]!.physical.level, true);
  assert.deepEqual(timer.physical[0]!.compare, { high: 0, low: 625_000_000 - 5 });
});

test('it fires at the first tick at which the count is there, whatever the frequency', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000_000 }),
      fc.nat(1_000_000),
      fc.nat(1_000_000_000),
      (hz, ahead, start) => {
        const { clock, timer, wires } = bench(hz);
        pass(clock, start);
        timer.physical[0]!.value = ahead;
        timer.physical[0]!.control = 1;
        const target = timer.physical[0]!.compare.high * 2 ** 32 + timer.physical[0]!.compare.low;
        if (wires[0]!.physical.level) assert.ok(timer.count >= target);
        else {
          pass(clock, clock.next - clock.now - 1);
          assert.ok(timer.count < target);
          pass(clock, 1);
          assert.ok(timer.count >= target);
          assert.equal(wires[0]!.physical.level, true);
        }
      },
    ),
  );
});

test('state goes out and comes back', () => {
  const { timer } = bench();
  timer.virtual[1]!.value = 100;
  timer.virtual[1]!.control = 1;
  const other = bench();
  other.timer.restore(structuredClone(timer.save()));
  pass(other.clock, other.timer.timeOf(100));
  assert.equal(other.wires[1]!.virtual.level, true);
});

test('the event stream comes with each change of the bit that CNTKCTL names, in one direction', () => {
  const { clock, timer } = bench();
  const up = (1 << 2) | (4 << 4);
  const counts: number[] = [];
  for (let i = 0; i < 3; i++) {
    pass(clock, timer.nextEvent(up) - clock.now);
    counts.push(timer.virtualCount);
  }
  assert.deepEqual(counts, [16, 48, 80]);
  pass(clock, timer.nextEvent(up | (1 << 3)) - clock.now);
  assert.equal(timer.virtualCount, 96, 'down');
  assert.equal(timer.nextEvent(0xf0), Number.POSITIVE_INFINITY, 'off');
  timer.virtualOffset = 90;
  pass(clock, timer.nextEvent(1 << 2) - clock.now);
  assert.equal(timer.virtualCount, 7, 'of the virtual count');
});
