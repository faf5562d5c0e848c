// SPDX-License-Identifier: GPL-2.0-only
/**
 * Short-lived mappings of highmem pages. Linux: mm/highmem.c, __kmap_local_pfn_prot(), with ARM's half in
 * arch/arm/include/asm/highmem.h (v6.12). A page gets a slot of the fixmap that belongs to the CPU.
 * Model: one mapping at a time, so always the first of a CPU's slots; persistent kmaps are left out.
 */
import type { Pfn, Vaddr } from '../../base/address.js';
import { PAGE_KERNEL } from '../arch/arm/include/asm/pgtable.js';
import { local_flush_tlb_kernel_page } from '../arch/arm/include/asm/tlbflush.js';
import { arch_kmap_local_pre_unmap } from '../arch/arm/mm/cache.js';
import { PAGE_SIZE } from '../include/linux/pfn.js';
import type { Kernel } from '../kernel.js';
import { apply_to_page_range } from './memory.js';

/** Highest page of the fixmap. Linux: arch/arm/include/asm/fixmap.h, FIXADDR_TOP (v6.12). */
const FIXADDR_TOP = 0xffeff000;
/** First slot for kmaps, after the early console's. */
const FIX_KMAP_BEGIN = 1;
/** Slots of each CPU. Linux: include/asm-generic/kmap_size.h (v6.12). */
const KM_MAX_IDX = 16;

/** Maps a highmem page, cached; unmap it before mapping the next. */
export function kmap_atomic(k: Kernel, pfn: Pfn): Vaddr {
  const vaddr = FIXADDR_TOP - (FIX_KMAP_BEGIN + KM_MAX_IDX * k.machine.cpu) * PAGE_SIZE;
  apply_to_page_range(k, vaddr, PAGE_SIZE, pte => k.mmu.pgtable.set_pte_ext(k, pte, pfn, PAGE_KERNEL(k)));
  local_flush_tlb_kernel_page(k, vaddr);
  return vaddr;
}

/** Undoes kmap_atomic(). A VIVT cache must forget the address first. */
export function kunmap_atomic(k: Kernel, vaddr: Vaddr): void {
  arch_kmap_local_pre_unmap(k, vaddr);
  apply_to_page_range(k, vaddr, PAGE_SIZE, pte => k.mmu.pgtable.pte_clear_range(k, pte, 1));
  local_flush_tlb_kernel_page(k, vaddr);
}
