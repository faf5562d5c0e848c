// SPDX-License-Identifier: GPL-2.0-only
/** The private memory region of a Cortex-A9 MPCore beside its timers: DDI 0407, 2.2 and 4.3. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock, TICKS_PER_SECOND } from '../clock.js';
import { A9GlobalTimer } from './a9-global-timer.js';
import { A9Scu } from './a9-scu.js';
import { Rate } from './rate.js';
import { Port, pass, Wire } from './test-bench.js';

test('the SCU tells how many cores there are, and keeps what is written', () => {
  const scu = new A9Scu(4);
  const port = new Port(scu);
  assert.equal(port.get(0x04), 0x55f3);
  assert.equal(new Port(new A9Scu(1)).get(0x04), 0x0110);
  port.set(0x00, 0x21);
  assert.equal(port.get(0x00), 0x21);
  port.set(0x0a, 0xff, 1);
  assert.equal(port.get(0x08), 0x0003_0000);
  port.set(0x09, 2, 1);
  assert.equal(port.get(0x08), 0x0003_0200);
  assert.equal(port.get(0x09, 1), 2);
  const copy = new A9Scu(4);
  copy.restore(structuredClone(scu.save()));
  assert.equal(new Port(copy).get(0x08), 0x0003_0200);
});

const STEP = TICKS_PER_SECOND / 1_000_000;

function timer() {
  const clock = new Clock();
  const lines = [new Wire(), new Wire()];
  const device = new A9GlobalTimer(clock, new Rate(1_000_000), lines);
  return { clock, lines, device, ports: [new Port(device, 0), new Port(device, 1)] as const };
}

test('the global timer: one counter, a comparator for each core', () => {
  const { clock, lines, ports } = timer();
  const [first, second] = ports;
  first.set(0x00, 0xffff_fff0);
  first.set(0x04, 1);
  first.set(0x08, 1);
  pass(clock, 0x10 * STEP);
  assert.deepEqual([second.get(0x04), second.get(0x00)], [2, 0]);
  second.set(0x10, 50);
  second.set(0x14, 2);
  second.set(0x08, 7);
  assert.equal(first.get(0x08), 1, 'enable bits of the comparator are banked');
  pass(clock, 50 * STEP - 1);
  assert.equal(lines[1]!.level, false);
  pass(clock, 1);
  assert.deepEqual([lines[0]!.level, lines[1]!.level], [false, true]);
  second.set(0x10, 1000);
  second.set(0x0c, 1);
  assert.equal(lines[1]!.level, false);
  assert.equal(second.get(0x0c), 0);
});

test('the global timer: auto-increment, prescaler, state', () => {
  const { clock, lines, ports, device } = timer();
  const [port] = ports;
  port.set(0x10, 10);
  port.set(0x18, 10);
  port.set(0x08, 0xf | (1 << 8));
  pass(clock, 2 * 10 * STEP);
  assert.equal(lines[0]!.level, true);
  assert.equal(port.get(0x10), 20);
  port.set(0x0c, 1);
  const other = timer();
  other.clock.now = clock.now;
  other.device.restore(structuredClone(device.save()));
  for (const each of [{ clock, lines }, other]) {
    pass(each.clock, 2 * 10 * STEP - 1);
    assert.equal(each.lines[0]!.level, false);
    pass(each.clock, 1);
    assert.equal(each.lines[0]!.level, true);
  }
});
