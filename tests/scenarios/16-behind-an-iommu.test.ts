// SPDX-License-Identifier: GPL-2.0-only
/**
 * Devices behind an IOMMU under the rules: what a driver does right is silent, also where its memory is scattered; and
 * two mistakes of ARM's IOMMU operations are found, in every design.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wmb } from '../../src/linux/arch/arm/include/asm/barrier.js';
import { page_address } from '../../src/linux/arch/arm/include/asm/memory.js';
import type { device } from '../../src/linux/include/linux/device.js';
import { DMA_FROM_DEVICE, DMA_TO_DEVICE } from '../../src/linux/include/linux/dma-mapping.js';
import { GFP_ATOMIC, GFP_KERNEL } from '../../src/linux/include/linux/gfp.js';
import { sg_entry } from '../../src/linux/include/linux/scatterlist.js';
import {
  dma_alloc_attrs,
  dma_free_attrs,
  dma_map_page_attrs,
  dma_map_sg_attrs,
  dma_unmap_page_attrs,
  dma_unmap_sg_attrs,
} from '../../src/linux/kernel/dma/mapping.js';
import type { Kernel } from '../../src/linux/kernel.js';
import { alloc_pages } from '../../src/linux/mm/page_alloc.js';
import { Sanitizer } from '../../src/sanitizer/sanitizer.js';
import { useBuffer } from '../../src/workloads/coherent-use.js';
import { drivers, runDriver } from '../../src/workloads/drivers/index.js';
import { masterOf } from '../../src/workloads/masters.js';
import { bootWithIommu, type IommuKernel, scatter } from '../support/iommu-kernel.js';

const DESIGNS = ['legacy', 'step1', 'step2'] as const;

function watched(design: string): IommuKernel & { readonly sanitizer: Sanitizer } {
  const booted = bootWithIommu({ design, memoryMiB: 64 });
  const { machine, memblock } = booted.k;
  const sanitizer = new Sanitizer(machine);
  for (const { start, end } of memblock.for_each_mem_range()) sanitizer.assumeClean(start, end - start);
  machine.observer = sanitizer;
  return { ...booted, sanitizer };
}

/** Findings since the last call: `rule: what exactly`. */
function errors(sanitizer: Sanitizer): string[] {
  const found = sanitizer.takeFindings().filter(({ severity }) => severity === 'error');
  return found.map(({ rule, title }) => `${rule}: ${title}`);
}

function lowPage(k: Kernel): { readonly pfn: number; readonly vaddr: number } {
  const pfn = alloc_pages(k, GFP_KERNEL, 0)!;
  return { pfn, vaddr: page_address(k, pfn)! };
}

for (const design of DESIGNS) {
  test(`${design}: coherent memory is silent, whole or scattered, and so is what drivers map`, () => {
    const { k, limited, camera, sanitizer } = watched(design);
    for (const { name } of drivers) assert.equal(runDriver(k, limited, name, 'correct', 1).error, 0, name);
    assert.deepEqual(errors(sanitizer), []);
    const use = (dev: device, size: number): void => {
      const buffer = dma_alloc_attrs(k, dev, size, GFP_KERNEL, 0)!;
      useBuffer(k, masterOf(k, dev), buffer, size);
      dma_free_attrs(k, dev, size, buffer, 0);
    };
    use(camera, 4096);
    use(limited, 4 << 20);
    scatter(k);
    use(limited, 4 << 20);
    assert.deepEqual(errors(sanitizer), []);
  });

  test(`${design}: the first page that a device gets is never taken back`, () => {
    const { k, codec, sanitizer } = watched(design);
    const { pfn, vaddr } = lowPage(k);
    const master = masterOf(k, codec);
    const receive = (): number => {
      const handle = dma_map_page_attrs(k, codec, pfn, 0, 4096, DMA_FROM_DEVICE, 0);
      master.fill(handle, 4096, 1);
      dma_unmap_page_attrs(k, codec, handle, 4096, DMA_FROM_DEVICE, 0);
      k.machine.access.scan(vaddr, 4096);
      return handle;
    };
    assert.equal(receive(), 0);
    assert.match(errors(sanitizer).join(), /^stale-read/, 'the CPU reads what its caches had before');
    master.fill(0, 4096, 2);
    assert.match(errors(sanitizer).join(), /^wild-dma.*nothing there is mapped for this device/);
    assert.equal(receive(), 0x1000);
    assert.deepEqual(errors(sanitizer), []);
    master.fill(0x1000, 4096, 2);
    assert.match(errors(sanitizer).join(), /^wild-dma.*its IOMMU maps nothing at 0x00001000/);
  });

  test(`${design}: of an atomic buffer, the second page is not there`, () => {
    const { k, codec, sanitizer } = watched(design);
    const buffer = dma_alloc_attrs(k, codec, 8192, GFP_ATOMIC, 0)!;
    const master = masterOf(k, codec);
    wmb(k);
    assert.ok(master.fill(buffer.dma_handle, 4096, 1));
    assert.deepEqual(errors(sanitizer), []);
    assert.equal(master.fill(buffer.dma_handle + 4096, 4096, 1), false);
    assert.match(errors(sanitizer).join(), /^wild-dma.*its IOMMU leads 0x00001000 to no memory/);
  });
}

test('a list of pages is one segment, of which the device may do what the direction says', () => {
  const { k, limited, sanitizer } = watched('legacy');
  const list = [0, 1, 2].map(() => sg_entry(lowPage(k).pfn, 4096));
  for (const { pfn } of list) k.machine.access.fill(page_address(k, pfn)!, 4096, 7);
  assert.equal(dma_map_sg_attrs(k, limited, list, DMA_TO_DEVICE, 0), 1);
  const { dma_address, dma_length } = list[0]!;
  const master = masterOf(k, limited);
  assert.ok(master.scan(dma_address, dma_length));
  assert.deepEqual(errors(sanitizer), []);
  assert.equal(master.fill(dma_address + 8192, 4, 1), false);
  assert.match(errors(sanitizer).join(), /^wild-dma.*its IOMMU does not let it write at 0x10002000/);
  dma_unmap_sg_attrs(k, limited, list, DMA_TO_DEVICE, 0);
  assert.equal(master.scan(dma_address, 4), false);
});
