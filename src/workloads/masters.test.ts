// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootTestKernel, probeDevice } from '../../tests/support/test-kernel.js';
import { coreByName } from '../hw/cores.js';
import type { MachineFacts } from '../hw/facts.js';
import type { Kernel } from '../linux/kernel.js';
import { masterOf } from './masters.js';

const BUS = `bus { #address-cells = <1>; #size-cells = <1>; ranges;
  dma-ranges = <0x0 0x40000000 0x10000000>; dev { }; };`;

/** The kernel, believing itself on other hardware. */
function on(k: Kernel, facts: Partial<MachineFacts>): Kernel {
  const machine = Object.create(k.machine, { facts: { value: { ...k.machine.facts, ...facts } } });
  return Object.create(k, { machine: { value: machine } });
}

test('the windows are those of the hardware file, else of the tree, else none', () => {
  const k = bootTestKernel({ design: 'legacy', nodes: BUS });
  const dev = probeDevice(k, '/bus/dev');
  assert.deepEqual(masterOf(k, probeDevice(k, '/plain')).windows, []);
  assert.deepEqual(masterOf(k, dev).windows, [{ dmaStart: 0, cpuStart: 0x40000000, size: 0x10000000 }]);
  assert.equal(masterOf(k, dev).translate(0x1000, 4), 0x40001000);
  const window = { node: '/bus', dmaStart: 0x40000000, cpuStart: 0x40000000, size: 0x10000000 };
  const board = { ...k.board, hardware: { busWindows: { value: [window], source: 'test' } } };
  const real = Object.create(k, { board: { value: board } }) as Kernel;
  assert.equal(masterOf(real, dev).translate(0x1000, 4), null);
  assert.equal(masterOf(real, dev).translate(0x40001000, 4), 0x40001000);
});

test('a device snoops where its tree or its fabric says so, as its core allows', () => {
  const k = bootTestKernel({ design: 'legacy' });
  const plain = probeDevice(k, '/plain');
  const snooping = probeDevice(k, '/snooping');
  assert.equal(masterOf(k, plain).port, 'none');
  assert.equal(masterOf(k, snooping).port, 'ace-lite', 'Cortex-A15');
  assert.equal(masterOf(on(k, { coherentFabric: true }), plain).port, 'ace-lite');
  assert.equal(masterOf(on(k, { coherentFabric: false }), plain).port, 'none');
  for (const name of ['Cortex-A5', 'Cortex-A9', 'ARM11 MPCore', 'PJ4B-MP']) {
    assert.equal(masterOf(on(k, { core: coreByName(name), coherentFabric: true }), plain).port, 'acp', name);
  }
});

test('the master has the name of the device, and of its driver once it is bound', () => {
  const k = bootTestKernel({ design: 'legacy' });
  const dev = probeDevice(k, '/plain');
  assert.equal(masterOf(k, dev).driver, '/plain');
  dev.driver = 'some-driver';
  assert.equal(masterOf(k, dev).driver, 'some-driver');
});
