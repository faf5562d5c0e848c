// SPDX-License-Identifier: GPL-2.0-only
/**
 * Cache maintenance when streaming memory changes hands. Linux: arch/arm/mm/dma-mapping.c,
 * __dma_page_cpu_to_dev() and __dma_page_dev_to_cpu() (v6.12). Inner caches come before the outer cache on
 * the way to the device and after it on the way back. What came back is marked (dcache-clean.ts).
 */
import type { Paddr, Vaddr } from '../../../../base/address.js';
import { DMA_FROM_DEVICE, DMA_TO_DEVICE } from '../../../include/linux/dma-mapping.js';
import { PAGE_SIZE, PFN_DOWN } from '../../../include/linux/pfn.js';
import type { Kernel } from '../../../kernel.js';
import { kmap_atomic, kunmap_atomic } from '../../../mm/highmem.js';
import { __va, PageHighMem } from '../include/asm/memory.js';
import { dmac_map_area, dmac_unmap_area, outer_clean_range, outer_inv_range } from './cache.js';
import { mark_dcache_clean } from './dcache-clean.js';

type AreaOperation = (k: Kernel, vaddr: Vaddr, size: number, direction: number) => void;

/**
 * Applies `operation` to a physical range through the direct mapping, highmem page by page through a window.
 * Linux: arch/arm/mm/dma-mapping.c, dma_cache_maint_page() (v6.12).
 * Model: no page has a persistent kmap, so highmem on VIVT or aliasing caches needs nothing.
 */
function dma_cache_maint_page(
  k: Kernel,
  start: Paddr,
  size: number,
  direction: number,
  operation: AreaOperation,
): void {
  const end = start + size;
  let paddr = start;
  // An empty range still gets its call.
  do {
    const pfn = PFN_DOWN(paddr);
    if (!PageHighMem(k, pfn)) {
      operation(k, __va(k, paddr), end - paddr, direction);
      return;
    }
    const offset = paddr % PAGE_SIZE;
    const bytes = Math.min(end - paddr, PAGE_SIZE - offset);
    if (k.cpu.cacheid !== 'VIVT' && k.cpu.cacheid !== 'VIPT_ALIASING') {
      const window = kmap_atomic(k, pfn);
      operation(k, window + offset, bytes, direction);
      kunmap_atomic(k, window);
    }
    paddr += bytes;
  } while (paddr < end);
}

/** Gives [paddr, paddr + size) to a device. Linux: arch/arm/mm/dma-mapping.c (v6.12). */
export function arch_sync_dma_for_device(k: Kernel, paddr: Paddr, size: number, direction: number): void {
  dma_cache_maint_page(k, paddr, size, direction, dmac_map_area);
  if (direction === DMA_FROM_DEVICE) outer_inv_range(k, paddr, size);
  else outer_clean_range(k, paddr, size);
}

/** Takes [paddr, paddr + size) back for the CPU. Linux: arch/arm/mm/dma-mapping.c (v6.12). */
export function arch_sync_dma_for_cpu(k: Kernel, paddr: Paddr, size: number, direction: number): void {
  if (direction === DMA_TO_DEVICE) return;
  outer_inv_range(k, paddr, size);
  dma_cache_maint_page(k, paddr, size, direction, dmac_unmap_area);
  if (size >= PAGE_SIZE) mark_dcache_clean(k, paddr, size);
}
