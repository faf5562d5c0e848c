// SPDX-License-Identifier: GPL-2.0-only
/** PG_dcache_clean as recorded kernels showed it after unmapping, and what clears it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootTestKernel, probeDevice } from '../../../../../tests/support/test-kernel.js';
import type { device } from '../../../include/linux/device.js';
import {
  DMA_ATTR_SKIP_CPU_SYNC,
  DMA_BIDIRECTIONAL,
  DMA_FROM_DEVICE,
  DMA_TO_DEVICE,
} from '../../../include/linux/dma-mapping.js';
import { __GFP_COMP, GFP_KERNEL } from '../../../include/linux/gfp.js';
import { PAGE_SIZE } from '../../../include/linux/pfn.js';
import { dma_map_page_attrs, dma_unmap_page_attrs } from '../../../kernel/dma/mapping.js';
import type { Kernel } from '../../../kernel.js';
import { __free_pages, alloc_pages } from '../../../mm/page_alloc.js';
import { pageDcacheClean } from './dcache-clean.js';
import { flush_dcache_page } from './flush.js';

/** Maps and unmaps `size` bytes at `offset` of 2^order new pages. The flag of each page, then frees them. */
function flagsAfter(
  k: Kernel,
  dev: device,
  order: number,
  offset: number,
  size: number,
  dir: number,
  attrs = 0,
  gfp = GFP_KERNEL,
): string {
  const pfn = alloc_pages(k, gfp, order)!;
  const addr = dma_map_page_attrs(k, dev, pfn, offset, size, dir, attrs);
  dma_unmap_page_attrs(k, dev, addr, size, dir, attrs);
  let flags = '';
  for (let page = pfn; page < pfn + 2 ** order; page++) flags += Number(pageDcacheClean(k, page));
  __free_pages(k, pfn, order);
  for (let page = pfn; page < pfn + 2 ** order; page++) assert.equal(pageDcacheClean(k, page), false);
  return flags;
}

for (const version of ['6.12', '6.1'] as const) {
  test(`${version}: whole pages that came back from a device are marked`, () => {
    const k = bootTestKernel({ design: 'legacy', version });
    const plain = probeDevice(k, '/plain');
    assert.equal(flagsAfter(k, plain, 0, 0, 4096, DMA_FROM_DEVICE), '1');
    assert.equal(flagsAfter(k, plain, 0, 0, 4096, DMA_BIDIRECTIONAL), '1');
    assert.equal(flagsAfter(k, plain, 0, 0, 4096, DMA_TO_DEVICE), '0');
    assert.equal(flagsAfter(k, plain, 0, 0, 512, DMA_FROM_DEVICE), '0');
    assert.equal(flagsAfter(k, plain, 0, 0, 4096, DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC), '0');
    assert.equal(flagsAfter(k, plain, 1, 33, 4100, DMA_FROM_DEVICE), '00');
    assert.equal(flagsAfter(k, plain, 2, 33, 3 * 4096, DMA_FROM_DEVICE), '0110');
    assert.equal(flagsAfter(k, plain, 2, 2 * 4096, 4097, DMA_FROM_DEVICE), '0010');
    assert.equal(flagsAfter(k, probeDevice(k, '/snooping'), 0, 0, 4096, DMA_FROM_DEVICE), '0');
  });
}

test('compound pages: 6.12 marks the folio in its first page if all of it came back, 6.1 each page', () => {
  const gfp = GFP_KERNEL | __GFP_COMP;
  const flags = (version: '6.12' | '6.1', offset: number, size: number) => {
    const k = bootTestKernel({ design: 'legacy', version });
    return flagsAfter(k, probeDevice(k, '/plain'), 2, offset, size, DMA_FROM_DEVICE, 0, gfp);
  };
  assert.equal(flags('6.12', 0, 4 * PAGE_SIZE), '1000');
  assert.equal(flags('6.1', 0, 4 * PAGE_SIZE), '1111');
  assert.equal(flags('6.12', 0, 3 * PAGE_SIZE), '0000');
  assert.equal(flags('6.1', 0, 3 * PAGE_SIZE), '1110');
  assert.equal(flags('6.12', PAGE_SIZE, 3 * PAGE_SIZE), '0000');
  assert.equal(flags('6.1', PAGE_SIZE, 3 * PAGE_SIZE), '0111');
});

test('writing to a page on a cache without aliases clears the mark', () => {
  const k = bootTestKernel({ design: 'legacy' });
  const dev = probeDevice(k, '/plain');
  const pfn = alloc_pages(k, GFP_KERNEL, 0)!;
  const addr = dma_map_page_attrs(k, dev, pfn, 0, 4096, DMA_FROM_DEVICE, 0);
  dma_unmap_page_attrs(k, dev, addr, 4096, DMA_FROM_DEVICE, 0);
  assert.equal(pageDcacheClean(k, pfn), true);
  flush_dcache_page(k, pfn);
  assert.equal(pageDcacheClean(k, pfn), false);
});
