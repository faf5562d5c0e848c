// SPDX-License-Identifier: GPL-2.0-only
/** QEMU as a boot loader: the memory that it states, what it puts into memory and into the tree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiB } from '../../base/address.js';
import { parseDts } from '../../devicetree/load.js';
import type { DeviceTree } from '../../devicetree/tree.js';
import { changeAsQemu, isLoadedByQemu, qemuHardware, qemuMemory, qemuPlacement } from './qemu.js';

function treeOf(nodes: string): DeviceTree {
  return parseDts(`/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; ${nodes} };`, 'test.dts');
}

const MEMORY = 'memory@80000000 { device_type = "memory"; reg = <0x80000000 0>; };';

test('QEMU is the boot loader of a machine that nobody else gave memory nodes', () => {
  assert.equal(isLoadedByQemu(undefined), false);
  assert.equal(isLoadedByQemu({ mem: '1G' }), false);
  assert.equal(isLoadedByQemu({ machine: 'virt' }), true);
  assert.equal(isLoadedByQemu({ machine: 'virt', memory_nodes: 'memory { reg = <0 0>; };' }), false);
});

test('memory begins where the tree says, without the part of the GPU', () => {
  const tree = treeOf(MEMORY);
  const memory = (machine: string, of: DeviceTree, assumed?: number) =>
    qemuMemory({ machine, mem: '512M' }, of, undefined, assumed);
  assert.deepEqual(memory('virt', tree), [{ base: 0x80000000, sizeBytes: 512 * MiB }]);
  assert.deepEqual(memory('raspi0', tree), [{ base: 0x80000000, sizeBytes: 448 * MiB }]);
  assert.deepEqual(memory('realview-pb-a8', tree), [{ base: 0x70000000, sizeBytes: 512 * MiB }]);
  assert.deepEqual(memory('virt', treeOf(''), 0x10000000), [{ base: 0x10000000, sizeBytes: 512 * MiB }]);
  assert.deepEqual(memory('virt', treeOf('')), [{ sizeBytes: 512 * MiB }]);
  const asked = qemuMemory({ machine: 'raspi0', mem: '512M' }, tree, [{ sizeBytes: 64 * MiB }], undefined);
  assert.deepEqual(asked, [{ base: 0x80000000, sizeBytes: 64 * MiB }]);
});

test('the initrd is half-way into memory, the tree on the next page', () => {
  const memory = [{ base: 0x80000000, sizeBytes: 64 * MiB }];
  const reserved = (end: number) => ({
    memblock_reserved: [{ start: '0x82000000', end: `0x${end.toString(16)}` }],
  });
  const treeBytes = 2 * (5000 + 10000);
  // Three pages and the tree.
  assert.deepEqual(qemuPlacement(reserved(0x82003000 + treeBytes - 1), memory, 5000, {}), {
    imageAddress: 0x80010000,
    initrd: { address: 0x82000000, size: 0x3000 },
    treeAddress: 0x82003000,
    treeBytes,
  });
  // The tree alone, and something else: no initrd is seen.
  for (const end of [0x82000000 + treeBytes - 1, 0x82003000 + treeBytes - 2]) {
    const placement = qemuPlacement(reserved(end), memory, 5000, {});
    assert.deepEqual([placement.initrd, placement.treeAddress], [undefined, 0x82000000]);
  }
  const initrd = { address: 0x83000000, size: 0x1001 };
  const asked = qemuPlacement({}, memory, 5000, { initrd, treeBytes: 0x100000 });
  assert.deepEqual([asked.initrd, asked.treeAddress, asked.treeBytes], [initrd, 0x83002000, 0x100000]);
  assert.equal(
    qemuPlacement({}, [{ base: 0x80000000, sizeBytes: 1024 * MiB }], 1, {}).treeAddress,
    0x88000000,
  );
  assert.deepEqual(qemuPlacement({}, undefined, 5000, {}), {});
});

test('memory nodes go, transports and PSCI come, by machine', () => {
  const names = (machine: string): string[] => {
    const tree = treeOf(`${MEMORY} psci { old; }; memory-controller { };`);
    changeAsQemu(tree, machine);
    return tree.root.children.map(({ name, properties }) => `${name} ${properties.size}`);
  };
  assert.deepEqual(names('virt'), ['psci 1', 'memory-controller 0']);
  assert.deepEqual(names('highbank'), ['memory-controller 0', 'psci 6']);
  assert.deepEqual(names('vexpress-a9').slice(2), [
    'virtio_mmio@10013000 5',
    'virtio_mmio@10013200 5',
    'virtio_mmio@10013400 5',
    'virtio_mmio@10013600 5',
  ]);
});

test('cores by the names of QEMU; its ARM11 has a data cache with aliases', () => {
  const hardware = qemuHardware({ machine: 'realview-eb', cpu: 'arm1176', smp: 1 }, treeOf(''));
  assert.deepEqual(
    [hardware.core?.value, hardware.coreCount?.value, hardware.dataCache?.value],
    ['arm,arm1176jzf-s', 1, 'VIPT-aliasing'],
  );
  const exynos = qemuHardware({ machine: 'smdkc210', cpu: 'cortex-a9', smp: 1 }, treeOf(''));
  assert.deepEqual([exynos.coreCount?.value, exynos.dataCache], [2, undefined]);
});
