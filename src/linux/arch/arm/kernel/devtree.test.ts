// SPDX-License-Identifier: GPL-2.0-only
/** For how many CPUs the kernel prepares itself: by the tree, whatever the machine has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arm_dt_init_cpu_maps } from './devtree.js';
import { type DiscoveryOptions, discovered } from './discovery-fixture.js';

function possible(options: DiscoveryOptions): number {
  const k = discovered(options);
  arm_dt_init_cpu_maps(k);
  return k.cpu.num_possible_cpus;
}

const alone = { coreCount: { value: 1, source: 'test' } };

test('CPUs of the tree count, also on a machine that has only one', () => {
  assert.equal(possible({ cores: 4 }), 4);
  assert.equal(possible({ cores: 4, core: 'arm,cortex-a9', hardware: alone }), 4);
  assert.equal(possible({ cores: 4, symbols: { SMP: false } }), 1);
});

test('NR_CPUS and nr_cpus= bound them', () => {
  assert.equal(possible({ cores: 4, symbols: { NR_CPUS: 2 } }), 2);
  assert.equal(possible({ cores: 4, cmdline: 'nr_cpus=3' }), 3);
});

test('an i.MX6 asks its snoop control unit', () => {
  const hardware = { coreCount: { value: 2, source: 'test' } };
  const imx6 = { cores: 4, core: 'arm,cortex-a9', hardware, symbols: { SOC_IMX6Q: true } };
  assert.equal(possible({ ...imx6, compatible: 'fsl,imx6q' }), 2);
  assert.equal(possible(imx6), 4);
});
