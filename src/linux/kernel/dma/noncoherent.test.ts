// SPDX-License-Identifier: GPL-2.0-only
/** Cached memory of the DMA API: where it lies, what is refused, and that nothing is maintained. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootTestKernel, logTexts, probeDevice } from '../../../../tests/support/test-kernel.js';
import { Observer, type StreamingBuffer } from '../../../hw/observer.js';
import { __pa, page_address } from '../../arch/arm/include/asm/memory.js';
import {
  DMA_ATTR_ALLOC_SINGLE_PAGES,
  DMA_ATTR_NO_WARN,
  DMA_BIDIRECTIONAL,
  DMA_FROM_DEVICE,
  DMA_TO_DEVICE,
} from '../../include/linux/dma-mapping.js';
import { __GFP_COMP, __GFP_DMA, __GFP_HIGHMEM, GFP_ATOMIC, GFP_KERNEL } from '../../include/linux/gfp.js';
import { PFN_PHYS } from '../../include/linux/pfn.js';
import { sg_phys } from '../../include/linux/scatterlist.js';
import {
  dma_alloc_noncoherent,
  dma_alloc_noncontiguous,
  dma_alloc_pages,
  dma_free_noncoherent,
  dma_free_noncontiguous,
  dma_free_pages,
  dma_vmap_noncontiguous,
  dma_vunmap_noncontiguous,
} from './mapping.js';

for (const design of ['legacy', 'step1', 'step2']) {
  test(`${design}: pages are zeroed through the cache, left cached, and given back`, () => {
    const k = bootTestKernel({ design });
    const dev = probeDevice(k, '/plain');
    const seen: string[] = [];
    k.machine.observer = new (class extends Observer {
      override innerMaintenance(): void {
        seen.push('maintenance');
      }
      override streamingMapped(buffer: StreamingBuffer): void {
        seen.push(`${buffer.direction} ${buffer.size} ${buffer.skipSync}`);
      }
      override streamingUnmapped(buffer: StreamingBuffer): void {
        seen.push(`end ${buffer.direction}`);
      }
    })();
    const area = k.cma.dma_contiguous_default_area!;
    const free = () => [k.pages.free_pages, area.bitmap!.bitmap_weight()];
    const before = free();
    for (const gfp of [GFP_KERNEL, GFP_ATOMIC]) {
      const pages = dma_alloc_pages(k, dev, 8192, DMA_TO_DEVICE, gfp)!;
      assert.equal(pages.dma_handle, PFN_PHYS(pages.pfn));
      assert.equal(k.machine.ram.isFilledWith(PFN_PHYS(pages.pfn), 8192, 0), true);
      dma_free_pages(k, dev, 8192, pages, DMA_TO_DEVICE);
      const buffer = dma_alloc_noncoherent(k, dev, 100, DMA_FROM_DEVICE, gfp)!;
      assert.equal(__pa(k, buffer.cpu_addr), buffer.dma_handle);
      dma_free_noncoherent(k, dev, 100, buffer, DMA_FROM_DEVICE);
      const sgt = dma_alloc_noncontiguous(
        k,
        dev,
        0x21000,
        DMA_BIDIRECTIONAL,
        gfp,
        DMA_ATTR_ALLOC_SINGLE_PAGES,
      )!;
      const [sg] = sgt.sgl;
      assert.deepEqual([sgt.nents, sg!.length, sg!.dma_length], [1, 0x21000, 0x21000]);
      assert.equal(sg!.dma_address, sg_phys(sg!));
      const vaddr = dma_vmap_noncontiguous(k, dev, 0x21000, sgt);
      assert.equal(vaddr, page_address(k, sg!.pfn));
      dma_vunmap_noncontiguous(k, dev, vaddr);
      dma_free_noncontiguous(k, dev, 0x21000, sgt, DMA_BIDIRECTIONAL);
    }
    assert.deepEqual(free(), before);
    const once = [
      'to-device 8192 true',
      'end to-device',
      'from-device 4096 true',
      'end from-device',
      'bidirectional 135168 true',
      'end bidirectional',
    ];
    assert.deepEqual(seen, [...once, ...once]);
  });
}

test('zone flags, compound pages (6.12) and attributes are refused', () => {
  const k = bootTestKernel({ design: 'legacy' });
  const dev = probeDevice(k, '/plain');
  const pages = (gfp: number) => dma_alloc_pages(k, dev, 4096, DMA_BIDIRECTIONAL, gfp);
  assert.equal(pages(GFP_KERNEL | __GFP_DMA), null);
  assert.equal(pages(GFP_KERNEL | __GFP_HIGHMEM), null);
  assert.equal(pages(GFP_KERNEL | __GFP_COMP), null);
  const attrs = DMA_ATTR_ALLOC_SINGLE_PAGES | DMA_ATTR_NO_WARN;
  assert.equal(dma_alloc_noncontiguous(k, dev, 4096, DMA_BIDIRECTIONAL, GFP_KERNEL, attrs), null);
  dev.coherent_dma_mask = 0;
  assert.equal(pages(GFP_KERNEL), null);
  assert.deepEqual(logTexts(k).slice(-4), [
    '__dma_alloc_pages: zone flags',
    '__dma_alloc_pages: __GFP_COMP',
    'dma_alloc_noncontiguous: attributes',
    '__dma_alloc_pages: /plain has no coherent DMA mask',
  ]);
  const old = bootTestKernel({ design: 'legacy', version: '6.1' });
  assert.notEqual(
    dma_alloc_pages(old, probeDevice(old, '/plain'), 4096, DMA_BIDIRECTIONAL, GFP_KERNEL | __GFP_COMP),
    null,
  );
});
