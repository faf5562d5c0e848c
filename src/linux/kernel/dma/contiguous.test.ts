// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GiB, MiB } from '../../../base/address.js';
import {
  bootedWithoutPaging,
  type DiscoveryOptions,
  discovered,
} from '../../arch/arm/kernel/discovery-fixture.js';
import { device } from '../../include/linux/device.js';
import { GFP_ATOMIC, GFP_KERNEL } from '../../include/linux/gfp.js';
import { cma_used_pages } from '../../mm/cma.js';
import {
  dma_alloc_contiguous,
  dma_alloc_from_contiguous,
  dma_free_contiguous,
  dma_release_from_contiguous,
  rmem_cma_device_init,
} from './contiguous.js';

function area(options: DiscoveryOptions): [number, number] | null {
  const found = discovered({ memory: [[0x40000000, GiB]], ...options }).cma.dma_contiguous_default_area;
  return found && [found.base, found.size];
}

test('the size that Kconfig selects', () => {
  const share = { CMA_SIZE_SEL_MBYTES: false, CMA_SIZE_PERCENTAGE: 10 };
  const size = (symbols: Record<string, boolean | number>) => area({ symbols })?.[1];
  assert.equal(size({}), 16 * MiB);
  // 10 % of 262144 pages are 26214, rounded up to page blocks of 1024.
  assert.equal(size({ ...share, CMA_SIZE_SEL_PERCENTAGE: true }), 104 * MiB);
  assert.equal(size({ ...share, CMA_SIZE_SEL_MIN: true }), 16 * MiB);
  assert.equal(size({ ...share, CMA_SIZE_SEL_MAX: true }), 104 * MiB);
  assert.equal(area({ symbols: { CMA_SIZE_MBYTES: 0 } }), null);
  // 60 % of 8 GiB are 0x133333000 bytes, of which an unsigned long keeps 32 bits.
  const lpae = { ARM_LPAE: true, HUGETLB_PAGE: true, CMA_SIZE_SEL_PERCENTAGE: true, CMA_SIZE_PERCENTAGE: 60 };
  const large = area({ memory: [[0x40000000, 8 * GiB]], symbols: { ...share, ...lpae } });
  assert.equal(large?.[1], 0x33400000);
  assert.equal(area({ symbols: { DMA_CMA: false } }), null);
});

test('cma= without a value counts for nothing, and a second one inherits base and limit', () => {
  assert.deepEqual(area({ cmdline: 'cma' }), area({}));
  assert.deepEqual(area({ cmdline: 'cma=16M@0x50000000 cma=8M' }), [0x50800000, 8 * MiB]);
  assert.deepEqual(area({ cmdline: 'cma=16M@0x50000000 cma=8M@0x60000000' }), [0x60000000, 8 * MiB]);
});

test('cma=: a base makes it fixed, a range does not, 0 switches it off', () => {
  assert.deepEqual(area({ cmdline: 'cma=16M@0x50000000' }), [0x50000000, 16 * MiB]);
  assert.deepEqual(area({ cmdline: 'cma=64M@0x40000000-0x50000000' }), [0x4c000000, 64 * MiB]);
  assert.equal(area({ cmdline: 'cma=0' }), null);
  assert.equal(area({ cmdline: 'cma=4G' }), null, 'phys_addr_t has 32 bits');
  assert.equal(area({ cmdline: 'cma=64M@0-512M' }), null, 'the limit counts from address 0');
});

test('ARM’s way: any size, alignment up to 1 MiB', () => {
  const k = bootedWithoutPaging();
  const base = k.cma.areas[0]!.base_pfn;
  const alloc = (count: number, order: number) => dma_alloc_from_contiguous(k, null, count, order, false);
  assert.equal(alloc(5, 3), base);
  assert.equal(cma_used_pages(k.cma.areas[0]!), 5);
  assert.equal(alloc(1, 0), base + 5);
  assert.equal(alloc(300, 9), base + 256);
  assert.equal(dma_release_from_contiguous(k, null, base, 5), true);
  assert.equal(dma_release_from_contiguous(k, null, 0x40000, 1), false);
});

test('the generic way: blocking callers, more than one page, or the device’s own area', () => {
  const k = bootedWithoutPaging({
    dts: `reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
      vid@4a000000 { compatible = "shared-dma-pool"; reusable; reg = <0 0x4a000000 0 0x400000>; }; };`,
  });
  const dev = new device('plain', null);
  const [fallback, own] = k.cma.areas;
  assert.equal(dma_alloc_contiguous(k, dev, 8192, GFP_ATOMIC), null);
  assert.equal(dma_alloc_contiguous(k, dev, 4096, GFP_KERNEL), null);
  assert.equal(dma_alloc_contiguous(k, dev, 8192, GFP_KERNEL), fallback!.base_pfn);

  const video = new device('video', null);
  assert.equal(rmem_cma_device_init(k, k.reserved.regions[0]!, video), 0);
  const pfn = dma_alloc_contiguous(k, video, 4096, GFP_KERNEL);
  assert.equal(pfn, own!.base_pfn);
  assert.equal(dma_alloc_contiguous(k, video, 8 * MiB, GFP_KERNEL), null, 'no fall back to the default area');
  dma_free_contiguous(k, video, pfn!, 4096);
  assert.equal(cma_used_pages(own!), 0);
});
