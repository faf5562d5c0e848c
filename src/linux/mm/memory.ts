// SPDX-License-Identifier: GPL-2.0-only
/**
 * A visit to every page-table entry of a range of kernel addresses.
 * Linux: mm/memory.c, apply_to_page_range(), apply_to_existing_page_range() (v6.12), for init_mm only.
 */
import type { Paddr, Vaddr } from '../../base/address.js';
import { arch_sync_kernel_mappings } from '../arch/arm/mm/fault.js';
import { pmd_off_k, pte_alloc_kernel } from '../arch/arm/mm/mmu.js';
import { EINVAL, ENOMEM } from '../include/linux/errno.js';
import { PAGE_SIZE } from '../include/linux/pfn.js';
import type { Kernel } from '../kernel.js';

/** `ptep` is Linux's entry of the page at `vaddr`. */
export type PteVisitor = (ptep: Paddr, vaddr: Vaddr) => void;

/**
 * Calls `fn` for every page of [vaddr, vaddr + size), making tables where there are none. 0, -EINVAL where a
 * section stands (entries before it have been visited), -ENOMEM.
 */
export function apply_to_page_range(k: Kernel, vaddr: Vaddr, size: number, fn: PteVisitor): number {
  return __apply_to_page_range(k, vaddr, size, fn, true);
}

/** The same without making tables: pages that are not mapped are passed over. */
export function apply_to_existing_page_range(k: Kernel, vaddr: Vaddr, size: number, fn: PteVisitor): number {
  return __apply_to_page_range(k, vaddr, size, fn, false);
}

function __apply_to_page_range(
  k: Kernel,
  start: Vaddr,
  size: number,
  fn: PteVisitor,
  create: boolean,
): number {
  if (size <= 0) {
    k.log.WARN('__apply_to_page_range: addr >= end');
    return -EINVAL;
  }
  const format = k.mmu.pgtable;
  const end = start + size;
  let result = 0;
  let isSyncDue = false;
  for (let addr = start; addr < end && result === 0; ) {
    const next = Math.min(addr - (addr % format.PMD_SIZE) + format.PMD_SIZE, end);
    const pmdp = pmd_off_k(k, addr);
    const { lo } = format.pmd_val(k, pmdp);
    if (format.pmd_leaf(lo)) {
      k.log.WARN_ONCE('apply_to_pmd_range', 'apply_to_pmd_range: pmd_leaf');
      result = -EINVAL;
    } else if (lo !== 0 || create) {
      if (lo === 0) isSyncDue = true;
      result = visitTable(k, pmdp, addr, next, fn, create);
    }
    addr = next;
  }
  if (isSyncDue) arch_sync_kernel_mappings(k, start, end);
  return result;
}

function visitTable(
  k: Kernel,
  pmdp: Paddr,
  start: Vaddr,
  end: Vaddr,
  fn: PteVisitor,
  create: boolean,
): number {
  const format = k.mmu.pgtable;
  const first = pte_alloc_kernel(k, pmdp, start);
  if (first === null) return -ENOMEM;
  for (let vaddr = start, ptep = first; vaddr < end; vaddr += PAGE_SIZE, ptep += format.pteBytes) {
    if (create || !format.pte_none(k, ptep)) fn(ptep, vaddr);
  }
  return 0;
}
