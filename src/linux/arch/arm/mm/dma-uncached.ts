// SPDX-License-Identifier: GPL-2.0-only
/**
 * What ARM gives the generic allocator in designs that have no allocator of ARM's own. Not in Linux: the plan
 * of October 2023, as built for 6.12. `step1` needs the first function, `step2` all of them.
 * Only contiguous areas known at boot have page entries in the direct mapping; all other lowmem is mapped by
 * sections, which stand in every process's own table and cannot be changed.
 */
import type { Pfn, Vaddr } from '../../../../base/address.js';
import { PAGE_ALIGN, PFN_DOWN, PFN_PHYS } from '../../../include/linux/pfn.js';
import type { Kernel } from '../../../kernel.js';
import { apply_to_existing_page_range } from '../../../mm/memory.js';
import { __pa } from '../include/asm/memory.js';
import { PAGE_KERNEL, pgprot_dmacoherent, type pgprot_t } from '../include/asm/pgtable.js';
import { flush_tlb_kernel_range } from '../include/asm/tlbflush.js';
import { __dma_clear_buffer } from './dma-mapping.js';

/** Zeroes new pages and gets them out of the caches, highmem included. */
export function arch_dma_prep_coherent(k: Kernel, pfn: Pfn, size: number): void {
  __dma_clear_buffer(k, pfn, size, false);
}

/** Do the pages lie in the lowmem part of an area that dma_contiguous_remap() mapped by pages? */
export function arch_dma_can_set_uncached(k: Kernel, pfn: Pfn, size: number): boolean {
  const start = PFN_PHYS(pfn);
  return k.cma.early.some(area => {
    const end = Math.min(area.base + area.size, k.memory.arm_lowmem_limit);
    return start >= area.base && start + size <= end;
  });
}

/** 0, or -errno of the first page that has no entry of its own. */
function __dma_remap(k: Kernel, vaddr: Vaddr, size: number, prot: pgprot_t): number {
  let pfn = PFN_DOWN(__pa(k, vaddr));
  const ret = apply_to_existing_page_range(k, vaddr, size, pte => {
    k.mmu.pgtable.set_pte_ext(k, pte, pfn++, prot);
  });
  flush_tlb_kernel_range(k, vaddr, vaddr + size);
  return ret;
}

/** Makes the direct mapping of lowmem pages uncached: `vaddr` again, or -errno and nothing changed. */
export function arch_dma_set_uncached(k: Kernel, vaddr: Vaddr, size: number): Vaddr | number {
  const bytes = PAGE_ALIGN(size);
  const ret = __dma_remap(k, vaddr, bytes, pgprot_dmacoherent(k, PAGE_KERNEL(k)));
  if (ret === 0) return vaddr;
  k.log.WARN_ONCE('arch_dma_set_uncached', `arch_dma_set_uncached: error ${ret}`);
  __dma_remap(k, vaddr, bytes, PAGE_KERNEL(k));
  return ret;
}

/** Undoes arch_dma_set_uncached(). */
export function arch_dma_clear_uncached(k: Kernel, vaddr: Vaddr, size: number): void {
  const ret = __dma_remap(k, vaddr, PAGE_ALIGN(size), PAGE_KERNEL(k));
  if (ret !== 0) k.log.WARN_ONCE('arch_dma_clear_uncached', `arch_dma_clear_uncached: error ${ret}`);
}
