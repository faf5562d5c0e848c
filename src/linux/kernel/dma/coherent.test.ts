// SPDX-License-Identifier: GPL-2.0-only
/** A device's own coherent memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GiB, MiB } from '../../../base/address.js';
import { DtNode } from '../../../devicetree/tree.js';
import { Ram } from '../../../hw/ram.js';
import { KernelConfig } from '../../config.js';
import type { reserved_mem } from '../../drivers/of/of_reserved_mem.js';
import { DMA_BIT_MASK, device } from '../../include/linux/device.js';
import { EBUSY, EINVAL } from '../../include/linux/errno.js';
import type { Kernel } from '../../kernel.js';
import { NO_IMAGE } from '../../kernel-image-fixture.js';
import { Memblock } from '../../mm/memblock.js';
import { Printk } from '../../printk.js';
import {
  DmaCoherentMem,
  dma_alloc_from_dev_coherent,
  dma_release_from_dev_coherent,
  rmem_dma_device_init,
  rmem_dma_device_release,
  rmem_dma_setup,
} from './coherent.js';

const RAM = { start: 0x40000000, end: 0x40000000 + GiB };
const POOL = 0x50000000;
const VIRT = 0xf0900000;

function kernel(): Kernel {
  const memblock = new Memblock(false);
  memblock.memblock_add(RAM.start, GiB);
  memblock.memblock_mark_nomap(POOL, MiB);
  const ram = new Ram([RAM]);
  return {
    config: new KernelConfig({
      name: 'test',
      version: '6.12',
      symbols: new Map(),
      cmdline: '',
      image: NO_IMAGE,
    }),
    memblock,
    machine: {
      ram,
      fill: (_: number, paddr: number, size: number, byte: number) => ram.fill(paddr, size, byte),
    },
    log: new Printk(),
  } as unknown as Kernel;
}

function region(
  base: number,
  size: number,
  pages: number,
  properties: readonly string[] = ['no-map'],
): reserved_mem {
  const node = new DtNode('pool');
  for (const name of properties) node.setProperty(name, new Uint8Array(0));
  const coherent = pages === 0 ? null : new DmaCoherentMem(VIRT, base / 4096, pages);
  return { name: 'pool', node, base, size, ops: 'coherent', cma: null, coherent, restricted: null };
}

function attached(k: Kernel, pages: number): device {
  const dev = new device('test-device', null);
  assert.equal(rmem_dma_device_init(k, region(POOL, pages * 4096, pages), dev), 0);
  return dev;
}

test('memory comes zeroed, aligned to its power of two, from the first place that is free', () => {
  const k = kernel();
  const dev = attached(k, 16);
  k.machine.ram.fill(POOL, 16 * 4096, 0x5a);
  const page = (n: number) => ({ handled: true, cpu_addr: VIRT + n * 4096, dma_handle: POOL + n * 4096 });
  assert.deepEqual(dma_alloc_from_dev_coherent(k, dev, 100), page(0));
  assert.deepEqual(dma_alloc_from_dev_coherent(k, dev, 3 * 4096), page(4));
  assert.deepEqual(dma_alloc_from_dev_coherent(k, dev, 4096), page(1));
  assert.ok(k.machine.ram.isFilledWith(POOL, 100, 0));
  assert.equal(k.machine.ram.read8(POOL + 100), 0x5a, 'exactly the size that was asked for');
  assert.ok(dma_release_from_dev_coherent(k, dev, 2, VIRT + 4 * 4096));
  assert.deepEqual(dma_alloc_from_dev_coherent(k, dev, 4096), page(2));
  assert.deepEqual(dma_alloc_from_dev_coherent(k, dev, 2 * 4096), page(4));
});

test('a full pool fails without asking elsewhere; a device without a pool asks elsewhere', () => {
  const k = kernel();
  const dev = attached(k, 4);
  assert.equal(dma_alloc_from_dev_coherent(k, dev, 5 * 4096).handled, true);
  assert.equal(dma_alloc_from_dev_coherent(k, dev, 5 * 4096).cpu_addr, null);
  assert.equal(dma_alloc_from_dev_coherent(k, dev, 4 * 4096).cpu_addr, VIRT);
  assert.equal(dma_alloc_from_dev_coherent(k, dev, 1).cpu_addr, null);
  assert.equal(dma_alloc_from_dev_coherent(k, new device('other', null), 1).handled, false);
});

test('only addresses of the pool are released', () => {
  const k = kernel();
  const dev = attached(k, 4);
  assert.ok(!dma_release_from_dev_coherent(k, dev, 0, VIRT + 4 * 4096));
  assert.ok(!dma_release_from_dev_coherent(k, dev, 0, VIRT - 1));
  assert.ok(
    dma_release_from_dev_coherent(k, dev, 1, VIRT + 3 * 4096),
    'taken for the pool, though it sticks out',
  );
  assert.equal(k.log.lines.length, 1);
  assert.ok(!dma_release_from_dev_coherent(k, new device('other', null), 0, VIRT));
});

test('handles are translated by the ranges of the bus', () => {
  const k = kernel();
  const dev = attached(k, 4);
  dev.dma_range_map = [{ cpu_start: 0x40000000, dma_start: 0, size: GiB }];
  assert.equal(dma_alloc_from_dev_coherent(k, dev, 4096).dma_handle, 0x10000000);
});

test('a second pool is refused, and a device out of reach gets a warning', () => {
  const k = kernel();
  const dev = attached(k, 4);
  assert.equal(rmem_dma_device_init(k, region(POOL, 16384, 4), dev), -EBUSY);
  rmem_dma_device_release(dev);
  dev.coherent_dma_mask = DMA_BIT_MASK(30);
  assert.equal(rmem_dma_device_init(k, region(POOL, 16384, 4), dev), 0);
  assert.equal(k.log.lines[0]?.text, "test-device: reserved memory is beyond device's set DMA address range");
});

test('memory in the direct map cannot become a pool', () => {
  const k = kernel();
  const dev = new device('test-device', null);
  assert.equal(rmem_dma_device_init(k, region(0x48000000, MiB, 0), dev), -EINVAL);
  assert.equal(rmem_dma_device_init(k, region(POOL, 2 * MiB, 0), dev), -EINVAL);
  assert.equal(rmem_dma_device_init(k, region(POOL, 0, 0), dev), -EINVAL);
  assert.deepEqual(
    k.log.lines.map(line => line.text),
    [
      'memremap attempted on ram 0x48000000 size: 0x100000',
      'memremap attempted on mixed range 0x50000000 size: 0x200000',
    ],
  );
});

test("at boot: 'no-map' is required on ARM, and 'reusable' is somebody else's", () => {
  const k = kernel();
  assert.equal(rmem_dma_setup(k, region(POOL, MiB, 0)), 0);
  assert.equal(rmem_dma_setup(k, region(POOL, MiB, 0, [])), -EINVAL);
  assert.equal(rmem_dma_setup(k, region(POOL, MiB, 0, ['reusable'])), -EINVAL);
  assert.deepEqual(
    k.log.lines.map(line => line.text),
    [
      'Reserved memory: created DMA memory pool at 0x50000000, size 1 MiB',
      'Reserved memory: regions without no-map are not yet supported',
    ],
  );
});
