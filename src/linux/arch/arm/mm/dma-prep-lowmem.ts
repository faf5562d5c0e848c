// SPDX-License-Identifier: GPL-2.0-only
/**
 * arch_dma_prep_coherent() as it was posted in June 2025 for corrupted frames of i.MX6's video decoder: the flush
 * that memory without a kernel mapping had lost in 6.0, by the address of the page in the direct map.
 * Not in Linux. The function of `step1`, which reaches highmem as well, is in dma-uncached.ts.
 */
import type { Pfn } from '../../../../base/address.js';
import { PFN_PHYS } from '../../../include/linux/pfn.js';
import type { Kernel } from '../../../kernel.js';
import { page_address } from '../include/asm/memory.js';
import { dmac_flush_range, outer_flush_range } from './cache.js';

/**
 * Gets the pages out of the caches; does not zero them.
 * Model: a highmem page has no address then, and operations on address 0 and up fault. It is told in the log, and the
 * caller goes on.
 */
export function arch_dma_prep_coherent_lowmem(k: Kernel, pfn: Pfn, size: number): void {
  const vaddr = page_address(k, pfn);
  if (vaddr === null) {
    k.log.WARN(`Oops: arch_dma_prep_coherent: page ${pfn.toString(16)} has no address`);
    return;
  }
  dmac_flush_range(k, vaddr, size);
  outer_flush_range(k, PFN_PHYS(pfn), size);
}
