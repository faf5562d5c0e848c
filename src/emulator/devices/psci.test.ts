// SPDX-License-Identifier: GPL-2.0-only
/** What Arm DEN 0022D says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PowerControl, psciCall } from './psci.js';

function bench() {
  const on = new Set([0]);
  const log: string[] = [];
  const power: PowerControl = {
    affinities: [0, 1, 0x100],
    isOn: core => on.has(core),
    powerOn: (core, entry, context) => {
      on.add(core);
      log.push(`on ${core} ${entry.toString(16)} ${context}`);
    },
    powerOff: core => {
      on.delete(core);
      log.push(`off ${core}`);
    },
    standby: core => log.push(`standby ${core}`),
    systemOff: () => log.push('system off'),
    systemReset: () => log.push('system reset'),
  };
  return { log, call: (id: number, a1 = 0, a2 = 0, a3 = 0) => psciCall(power, 0, id, a1, a2, a3) };
}

test('versions and features', () => {
  const { call } = bench();
  assert.equal(call(0x8400_0000), 0x10000);
  assert.equal(call(0x8400_000a, 0x8400_0003), 0);
  assert.equal(call(0x8400_000a, 0x8400_000e), -1, 'SYSTEM_SUSPEND');
  assert.equal(call(0x8400_000a, 0x8000_0000), -1, 'SMCCC_VERSION');
  assert.equal(call(0x8400_0006), 2);
  assert.equal(call(0x1234), -1);
});

test('a core is switched on once, and off by itself', () => {
  const { call, log } = bench();
  assert.equal(call(0x8400_0003, 1, 0x4010_0000, 7), 0);
  assert.equal(call(0x8400_0003, 1, 0x4010_0000, 7), -4);
  assert.equal(call(0x8400_0003, 5, 0, 0), -2);
  assert.equal(call(0x8400_0002), null);
  assert.deepEqual(log, ['on 1 40100000 7', 'off 0']);
});

test('affinity levels', () => {
  const { call } = bench();
  assert.equal(call(0x8400_0004, 0, 0), 0);
  assert.equal(call(0x8400_0004, 1, 0), 1);
  assert.equal(call(0x8400_0004, 1, 1), 0, 'somebody in that cluster is on');
  assert.equal(call(0x8400_0004, 0x100, 1), 1);
  assert.equal(call(0x8400_0004, 2, 0), -2);
  assert.equal(call(0x8400_0004, 0, 4), -2);
});

test('the whole system', () => {
  const { call, log } = bench();
  assert.equal(call(0x8400_0008), null);
  assert.equal(call(0x8400_0009), null);
  assert.equal(call(0x8400_0001, 0), 0);
  assert.deepEqual(log, ['system off', 'system reset', 'standby 0']);
});
