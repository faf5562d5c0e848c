// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GiB, MiB } from '../../../base/address.js';
import { KernelConfig } from '../../config.js';
import { NO_IMAGE } from '../../kernel-image-fixture.js';
import { type DiscoveryOptions, discovered } from './kernel/discovery-fixture.js';
import { genericMachine, machineDescFor } from './mach.js';
import { machineTable } from './mach-table.js';

function config(...symbols: string[]): KernelConfig {
  return new KernelConfig({
    name: 'test',
    version: '6.12',
    symbols: new Map(symbols.map(symbol => [symbol, true])),
    cmdline: '',
    image: NO_IMAGE,
  });
}

test('the most specific compatible that a machine lists decides', () => {
  assert.equal(
    machineDescFor(['ti,omap4-panda', 'ti,omap4430', 'ti,omap4']).name,
    'Generic OMAP4 (Flattened Device Tree)',
  );
  assert.equal(machineDescFor(['raspberrypi,4-model-b', 'brcm,bcm2711']).dma_zone_size, GiB);
  assert.equal(machineDescFor(['linux,dummy-virt']), genericMachine);
});

test('only machines that are built in count where the configuration lists platforms', () => {
  const zynq = ['xlnx,zynq-zc702', 'xlnx,zynq-7000'];
  assert.equal(machineDescFor(zynq, config('ARCH_MULTIPLATFORM')), genericMachine);
  assert.equal(machineDescFor(zynq, config('ARCH_MULTIPLATFORM', 'ARCH_ZYNQ')).l2c_aux_val, 0x400000);
  assert.equal(machineDescFor(zynq, config()).l2c_aux_mask, 0xffbfffff);
});

test('Versatile Express displaces the RealView descriptor', () => {
  const realview = ['arm,realview-pba8'];
  const symbols = ['ARCH_MULTIPLATFORM', 'ARCH_REALVIEW'];
  assert.equal(machineDescFor(realview, config(...symbols)).dma_zone_size, 256 * MiB);
  assert.equal(machineDescFor(realview, config(...symbols, 'ARCH_VEXPRESS')), genericMachine);
});

test('no compatible stands in two rows, and register values fit 32 bits', () => {
  const seen = new Set<string>();
  for (const [name, symbols, compatibles, facts] of machineTable) {
    assert.ok(symbols.length > 0 && compatibles.length > 0, name);
    for (const compatible of compatibles) {
      assert.ok(!seen.has(compatible), compatible);
      seen.add(compatible);
    }
    for (const value of [facts?.l2c_aux_val ?? 0, facts?.l2c_aux_mask ?? 0])
      assert.equal(value >>> 0, value, name);
  }
});

/** Mapped memory and its end, for a machine's reserve hook on 1 GiB at 0x80000000. */
function boot(compatible: string, more: DiscoveryOptions = {}) {
  return discovered({ memory: [[0x80000000, GiB]], compatible, ...more });
}

test('OMAP takes memory from the top of lowmem, which lowers lowmem itself', () => {
  const { memory, memblock } = boot('ti,omap4');
  assert.equal(memory.arm_lowmem_limit, 0xafe00000);
  assert.equal(memblock.memblock_is_memory(0xafe00000), false);
  assert.equal(memblock.memblock_is_memory(0xb0000000), true);
});

test('R-Car Gen2 makes an area of the last 256 MiB below 4 GiB', () => {
  const k = boot('renesas,r8a7790');
  assert.deepEqual(
    k.cma.areas.map(({ base, size }) => [base, size]),
    [
      [0xb0000000, 256 * MiB],
      [0xaf000000, 16 * MiB],
    ],
  );
});

test('Zynq keeps the first 512 KiB free of DMA, Armada XP the trained area, Integrator what lies below the tables', () => {
  const zynq = discovered({ memory: [[0, GiB]], compatible: 'xlnx,zynq-7000' });
  assert.ok(zynq.memblock.memblock_is_reserved(0x7ffff));
  const armada = { compatible: 'marvell,armada-370-xp', memory: [[0, GiB]] as const };
  assert.equal(
    discovered({ ...armada, symbols: { SUSPEND: true } }).memblock.memblock_is_reserved(0x27ff),
    true,
  );
  assert.equal(discovered(armada).memblock.memblock_is_reserved(0x27ff), false);
  assert.ok(boot('arm,integrator-cp').memblock.memblock_is_reserved(0x80000000));
});

test('a DMA zone of 2 GiB for LPAE kernels only', () => {
  const options = { memory: [[0x80000000, GiB]] as const, compatible: 'ti,dra7' };
  assert.equal(discovered(options).memory.arm_dma_limit, 0xffffffff);
  const lpae = discovered({ ...options, symbols: { ARM_LPAE: true } });
  assert.equal(lpae.memory.arm_dma_limit, 0xffffffff);
  assert.equal(lpae.memory.arm_dma_zone_size, 2 * GiB);
});
