// SPDX-License-Identifier: GPL-2.0-only
/**
 * Permissions of mapped kernel pages, changed at run time. Linux: arch/arm/mm/pageattr.c (v6.12).
 * Only modules and vmalloc space: the direct map is refused, whether it consists of sections or not. There is
 * no set_memory_uncached() on ARM, and set_memory_encrypted() and its opposite do nothing.
 */
import type { Vaddr } from '../../../../base/address.js';
import { EINVAL } from '../../../include/linux/errno.js';
import { PAGE_ALIGN, PAGE_SIZE } from '../../../include/linux/pfn.js';
import type { Kernel } from '../../../kernel.js';
import { apply_to_page_range } from '../../../mm/memory.js';
import { clearBits, NO_BITS, orBits, type pgprot_t } from '../include/asm/pgtable.js';
import { flush_tlb_kernel_range } from '../include/asm/tlbflush.js';

/** Every page of the range gets `set` and loses `clear`, whatever maps it. */
function __change_memory_common(
  k: Kernel,
  start: Vaddr,
  size: number,
  set: pgprot_t,
  clear: pgprot_t,
): number {
  const format = k.mmu.pgtable;
  const result = apply_to_page_range(k, start, size, ptep => {
    format.set_pte(k, ptep, orBits(clearBits(format.pte_val(k, ptep), clear), set));
  });
  flush_tlb_kernel_range(k, start, start + size);
  return result;
}

function change_memory_common(
  k: Kernel,
  addr: Vaddr,
  numpages: number,
  set: pgprot_t,
  clear: pgprot_t,
): number {
  const start = addr - (addr % PAGE_SIZE);
  const size = PAGE_ALIGN(addr) + numpages * PAGE_SIZE - start;
  if (start !== addr) k.log.WARN_ONCE('change_memory_common', 'change_memory_common: start != addr');
  if (size === 0) return 0;
  const { MODULES_VADDR, MODULES_END, VMALLOC_START, VMALLOC_END } = k.memory;
  const isInside = (from: Vaddr, to: Vaddr): boolean => start >= from && start < to && size <= to - start;
  if (!isInside(MODULES_VADDR, MODULES_END) && !isInside(VMALLOC_START, VMALLOC_END)) return -EINVAL;
  return __change_memory_common(k, start, size, set, clear);
}

export function set_memory_ro(k: Kernel, addr: Vaddr, numpages: number): number {
  return change_memory_common(k, addr, numpages, k.mmu.pgtable.bits.L_PTE_RDONLY, NO_BITS);
}

export function set_memory_rw(k: Kernel, addr: Vaddr, numpages: number): number {
  return change_memory_common(k, addr, numpages, NO_BITS, k.mmu.pgtable.bits.L_PTE_RDONLY);
}

export function set_memory_nx(k: Kernel, addr: Vaddr, numpages: number): number {
  return change_memory_common(k, addr, numpages, k.mmu.pgtable.bits.L_PTE_XN, NO_BITS);
}

export function set_memory_x(k: Kernel, addr: Vaddr, numpages: number): number {
  return change_memory_common(k, addr, numpages, NO_BITS, k.mmu.pgtable.bits.L_PTE_XN);
}

/** No check of the range, unlike the others. */
export function set_memory_valid(k: Kernel, addr: Vaddr, numpages: number, enable: boolean): number {
  const valid = k.mmu.pgtable.bits.L_PTE_VALID;
  const size = numpages * PAGE_SIZE;
  return enable
    ? __change_memory_common(k, addr, size, valid, NO_BITS)
    : __change_memory_common(k, addr, size, NO_BITS, valid);
}
