// SPDX-License-Identifier: GPL-2.0-only
/**
 * The size of a struct page; one mapping of a process, as mmap() of a driver gets it. Linux: include/linux/mm_types.h,
 * struct page, struct vm_area_struct; include/linux/mm.h, vma_pages(), vm_get_page_prot() (v6.12).
 * Only what mapping a DMA buffer looks at. The bits of `vm_flags` are the kernel's.
 */
import type { Vaddr } from '../../../base/address.js';
import type { pgprot_t } from '../../arch/arm/include/asm/pgtable.js';
import type { mm_struct } from '../../arch/arm/mm/pgd.js';
import type { Kernel } from '../../kernel.js';
import { PAGE_SIZE } from './pfn.js';

export const VM_READ = 0x1;
export const VM_WRITE = 0x2;
export const VM_EXEC = 0x4;
export const VM_SHARED = 0x8;
export const VM_MAYWRITE = 0x20;
export const VM_PFNMAP = 0x400;
export const VM_IO = 0x4000;
export const VM_DONTEXPAND = 0x40000;
export const VM_DONTDUMP = 0x4000000;
export const VM_MIXEDMAP = 0x10000000;

export interface vm_area_struct {
  readonly vm_mm: mm_struct;
  /** Whole pages, below TASK_SIZE. */
  readonly vm_start: Vaddr;
  readonly vm_end: Vaddr;
  vm_flags: number;
  /** Pages into the object that is mapped. */
  vm_pgoff: number;
  vm_page_prot: pgprot_t;
}

export function vma_pages(vma: vm_area_struct): number {
  return (vma.vm_end - vma.vm_start) / PAGE_SIZE;
}

/** Protection of a user mapping. Linux: vm_get_page_prot() by DECLARE_VM_GET_PAGE_PROT (v6.12). */
export function vm_get_page_prot(k: Kernel, vm_flags: number): pgprot_t {
  return k.mmu.protection_map[vm_flags & (VM_READ | VM_WRITE | VM_EXEC | VM_SHARED)]!;
}

/** What mmap(MAP_SHARED) with PROT_READ and PROT_WRITE passes to a driver. */
export function sharedMapping(
  k: Kernel,
  mm: mm_struct,
  start: Vaddr,
  pages: number,
  pgoff = 0,
): vm_area_struct {
  const vm_flags = VM_READ | VM_WRITE | VM_SHARED | VM_MAYWRITE;
  return {
    vm_mm: mm,
    vm_start: start,
    vm_end: start + pages * PAGE_SIZE,
    vm_flags,
    vm_pgoff: pgoff,
    vm_page_prot: vm_get_page_prot(k, vm_flags),
  };
}

/** sizeof(struct page) on 32-bit: eight words, and memcg_data with CONFIG_MEMCG. */
export function structPageBytes(k: Kernel): number {
  return k.config.isEnabled('MEMCG') ? 36 : 32;
}
