// SPDX-License-Identifier: GPL-2.0-only
/** What drivers of Linux do with the motherboard's system registers and the system controller. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock, TICKS_PER_SECOND } from '../clock.js';
import { Sp810 } from './sp810.js';
import { Port, pass } from './test-bench.js';
import { VeSysregs } from './ve-sysregs.js';

function bench() {
  const clock = new Clock();
  const log: string[] = [];
  const device = new VeSysregs(clock, 0x0c000191, what => log.push(what));
  return { clock, log, device, port: new Port(device) };
}

/** vexpress_syscfg_exec(): the status, and the data. */
function configure(port: Port, fn: number, site: number, device: number, write?: number): [number, number] {
  port.set(0xa0, write ?? 0xdead_beef);
  port.set(0xa8, 0);
  port.set(0xa4, 2 ** 31 + (write === undefined ? 0 : 2 ** 30) + fn * 2 ** 20 + site * 2 ** 16 + device);
  return [port.get(0xa8), port.get(0xa0)];
}

test('flags are set and cleared by bits', () => {
  const { device, port } = bench();
  port.set(0x34, 0xffff_ffff);
  port.set(0x30, 0x6010_1234);
  assert.equal(device.flags, 0x6010_1234);
  port.set(0x34, 0xff);
  assert.equal(port.get(0x30), 0x6010_1200);
  const other = bench();
  other.device.restore(structuredClone(device.save()));
  assert.equal(other.device.flags, 0x6010_1200);
});

test('identification and counters', () => {
  const { clock, port } = bench();
  assert.equal(port.get(0x84) & 0xfff, 0x191, 'the tree says arm,hbi = <0x191>');
  assert.equal((port.get(0x00) >>> 16) & 0xfff, 0x190);
  assert.equal(port.get(0x60) & (1 << 14), 0, 'the master is on site 1');
  pass(clock, TICKS_PER_SECOND);
  assert.deepEqual([port.get(0x5c), port.get(0x24)], [24_000_000, 100]);
});

test('oscillators and regulators answer, what is not there is an error', () => {
  const { port, log } = bench();
  assert.deepEqual(configure(port, 1, 1, 2), [1, 66_670_000]);
  assert.deepEqual(configure(port, 1, 1, 2, 50_000_000), [1, 50_000_000]);
  assert.deepEqual(configure(port, 1, 1, 2), [1, 50_000_000]);
  assert.equal(port.get(0xa4) >>> 31, 0);
  assert.deepEqual(configure(port, 2, 0, 0), [1, 3_300_000]);
  assert.equal(configure(port, 1, 0, 7)[0], 2);
  assert.equal(configure(port, 1, 2, 0)[0], 2);
  assert.equal(configure(port, 33, 0, 0)[0], 2);
  assert.deepEqual(log, []);
  configure(port, 9, 0, 0, 0);
  configure(port, 8, 0, 0, 0);
  assert.deepEqual(log, ['reboot', 'shutdown']);
});

test('the system controller keeps which clock a timer has', () => {
  const device = new Sp810();
  const port = new Port(device);
  port.set(0, (1 << 15) | (1 << 17) | (1 << 19) | (1 << 21));
  assert.equal(port.get(0) & 0xff_8000, 0x2a_8000);
  assert.deepEqual(
    [0xfe0, 0xfe4].map(offset => port.get(offset)),
    [0x10, 0x18],
  );
});
