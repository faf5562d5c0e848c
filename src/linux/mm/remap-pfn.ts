// SPDX-License-Identifier: GPL-2.0-only
/**
 * Pages in the address space of a process, as mmap() of a driver puts them there: a run of frames, or pages from
 * anywhere one by one. Linux: mm/memory.c, remap_pfn_range(), vm_map_pages(), zap_vma_ptes(); arch/arm/mm/mmu.c,
 * set_ptes(); arch/arm/include/asm/pgalloc.h (v6.12; 6.1 alike). Entries are written to the process's own tables.
 * Model: tables for user space stay until the process ends; entries carry no PXN in the upper level. Who may
 * access what is not checked, so that the first store to a clean page does not fault.
 */
import { high32, low32, type Paddr, type Pfn, type Vaddr } from '../../base/address.js';
import { invariant } from '../../base/diagnostics.js';
import { hasBits, orBits, type pgprot_t } from '../arch/arm/include/asm/pgtable.js';
import { __sync_icache_dcache, flush_cache_range, flush_dcache_page } from '../arch/arm/mm/flush.js';
import { lateTable } from '../arch/arm/mm/mmu.js';
import type { mm_struct } from '../arch/arm/mm/pgd.js';
import { cpu_architecture } from '../arch/arm/mm/proc-info.js';
import { EBUSY, EFAULT, EINVAL, ENOMEM, ENXIO } from '../include/linux/errno.js';
import {
  VM_DONTDUMP,
  VM_DONTEXPAND,
  VM_IO,
  VM_MAYWRITE,
  VM_MIXEDMAP,
  VM_PFNMAP,
  VM_SHARED,
  type vm_area_struct,
  vma_pages,
} from '../include/linux/mm_types.js';
import { PAGE_ALIGN, PAGE_SIZE } from '../include/linux/pfn.js';
import type { Kernel } from '../kernel.js';

/** asm/pgtable-2level-hwdef.h and -3level-hwdef.h: not global, the same bit in both. */
const PTE_EXT_NG = 1 << 11;
/** asm/pgtable-3level.h, in the high half. Short descriptors have no such bit. */
const L_PTE_SPECIAL_HIGH = 1 << 24;
/** asm/domain.h, without IO_36. */
const DOMAIN_USER = 1;

/** The entry (pair) of `vaddr` at the level where tables of pages hang, made where it is missing; null: no memory. */
function pmd_alloc(k: Kernel, mm: mm_struct, vaddr: Vaddr): Paddr | null {
  const format = k.mmu.pgtable;
  const found = format.pmd_offset(k, mm.pgd, vaddr);
  if (found !== null) return found;
  const table = lateTable(k);
  if (table === null) return null;
  mm.tables.push(table);
  const entry = mm.pgd + (vaddr >>> 30) * 8;
  k.machine.writeTableEntry64(entry, low32(table) + format.bits.PMD_TYPE_TABLE, high32(table));
  return format.pmd_offset(k, mm.pgd, vaddr);
}

/** The entry of the page at `vaddr`, or null when memory is out. Linux: pte_alloc_map_lock() (v6.12). */
function pte_alloc(k: Kernel, mm: mm_struct, vaddr: Vaddr): Paddr | null {
  const format = k.mmu.pgtable;
  const pmdp = pmd_alloc(k, mm, vaddr);
  if (pmdp === null) return null;
  if (format.pmd_val(k, pmdp).lo === 0) {
    const table = lateTable(k);
    if (table === null) return null;
    mm.tables.push(table);
    const { PMD_TYPE_TABLE, PMD_BIT4, PMD_DOMAIN } = format.bits;
    // _PAGE_USER_TABLE.
    format.pmd_populate(k, pmdp, table, PMD_TYPE_TABLE | PMD_BIT4 | PMD_DOMAIN(DOMAIN_USER));
  }
  return format.pte_offset(k, pmdp, vaddr);
}

/** Linux: arch/arm/mm/mmu.c, set_ptes() of one entry (v6.12). */
function set_pte_at(k: Kernel, ptep: Paddr, pfn: Pfn, prot: pgprot_t): void {
  const format = k.mmu.pgtable;
  const { L_PTE_VALID, L_PTE_USER, L_PTE_XN } = format.bits;
  const isUser = hasBits(prot, L_PTE_VALID) && hasBits(prot, L_PTE_USER);
  const isSpecial = format.levels === 3 && (prot.hi & L_PTE_SPECIAL_HIGH) !== 0;
  if (isUser && !isSpecial) __sync_icache_dcache(k, pfn, !hasBits(prot, L_PTE_XN));
  // Before ARMv6 there is no such bit, and set_pte_ext() does not look at its third argument.
  const hasAsids = isUser && cpu_architecture(k) >= 6;
  format.set_pte_range(k, ptep, pfn, 1, prot, hasAsids ? PTE_EXT_NG : 0);
}

/** What caches look at. Linux: asm/cacheflush.h, the test of mm_cpumask() in vivt_flush_cache_range() (v6.12). */
function asUserMapping(k: Kernel, vma: vm_area_struct) {
  const { bits } = k.mmu.pgtable;
  const { ttbr0 } = k.machine.registers;
  return {
    start: vma.vm_start,
    end: vma.vm_end,
    exec: !hasBits(vma.vm_page_prot, bits.L_PTE_XN),
    // The low bits of the register are attributes of the walk.
    current: ttbr0 - (ttbr0 % 32) === vma.vm_mm.pgd,
  };
}

/**
 * Maps the frames from `pfn` on at [addr, addr + PAGE_ALIGN(size)) of the process. 0 or -errno, and then nothing.
 * Linux: mm/memory.c, remap_pfn_range() (v6.12). Model: BUG_ON() for a page that is mapped already is a failure.
 */
export function remap_pfn_range(
  k: Kernel,
  vma: vm_area_struct,
  addr: Vaddr,
  pfn: Pfn,
  size: number,
  prot: pgprot_t,
): number {
  const end = addr + PAGE_ALIGN(size);
  if (addr % PAGE_SIZE !== 0) {
    k.log.WARN_ONCE('remap_pfn_range', 'remap_pfn_range: address is not page aligned');
    return -EINVAL;
  }
  if ((vma.vm_flags & (VM_SHARED | VM_MAYWRITE)) === VM_MAYWRITE) {
    if (addr !== vma.vm_start || end !== vma.vm_end) return -EINVAL;
    vma.vm_pgoff = pfn;
  }
  vma.vm_flags |= VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP;
  flush_cache_range(k, asUserMapping(k, vma), addr, end);
  const special = k.mmu.pgtable.levels === 3 ? { lo: 0, hi: L_PTE_SPECIAL_HIGH } : { lo: 0, hi: 0 };
  for (let at = addr; at < end; at += PAGE_SIZE) {
    const ptep = pte_alloc(k, vma.vm_mm, at);
    if (ptep === null) {
      zap_vma_ptes(k, vma, addr, size);
      return -ENOMEM;
    }
    invariant(k.mmu.pgtable.pte_none(k, ptep), 'remap_pfn_range() over a page that is mapped');
    set_pte_at(k, ptep, pfn + (at - addr) / PAGE_SIZE, orBits(prot, special));
  }
  return 0;
}

/**
 * Maps one page at `addr` of the process, with the protection that the mapping has, after the kernel's own mapping of
 * it has been flushed where caches show aliases. 0 or -errno. Linux: mm/memory.c, vm_insert_page() (v6.12).
 * Model: the mapping holds no reference to the page.
 */
function vm_insert_page(k: Kernel, vma: vm_area_struct, addr: Vaddr, pfn: Pfn): number {
  if (addr < vma.vm_start || addr >= vma.vm_end) return -EFAULT;
  vma.vm_flags |= VM_MIXEDMAP;
  flush_dcache_page(k, pfn);
  const ptep = pte_alloc(k, vma.vm_mm, addr);
  if (ptep === null) return -ENOMEM;
  if (!k.mmu.pgtable.pte_none(k, ptep)) return -EBUSY;
  set_pte_at(k, ptep, pfn, vma.vm_page_prot);
  return 0;
}

/**
 * Maps as many pages as the mapping is long, from page vm_pgoff of the `num` pages on. 0 or -errno; what was mapped
 * before an error stays, until the mapping goes. Linux: mm/memory.c, vm_map_pages() (v6.12).
 */
export function vm_map_pages(k: Kernel, vma: vm_area_struct, pages: readonly Pfn[], num: number): number {
  const count = vma_pages(vma);
  if (vma.vm_pgoff >= num || count > num - vma.vm_pgoff) return -ENXIO;
  for (let i = 0; i < count; i++) {
    const ret = vm_insert_page(k, vma, vma.vm_start + i * PAGE_SIZE, pages[vma.vm_pgoff + i]!);
    if (ret < 0) return ret;
  }
  return 0;
}

/** Unmaps [addr, addr + size) of the process. Linux: mm/memory.c, zap_page_range_single() (v6.12). */
export function zap_vma_ptes(k: Kernel, vma: vm_area_struct, addr: Vaddr, size: number): void {
  const format = k.mmu.pgtable;
  const end = addr + PAGE_ALIGN(size);
  flush_cache_range(k, asUserMapping(k, vma), addr, end);
  for (let at = addr; at < end; at += PAGE_SIZE) {
    const pmdp = format.pmd_offset(k, vma.vm_mm.pgd, at);
    if (pmdp === null || !format.pmd_table(format.pmd_val(k, pmdp).lo)) continue;
    format.pte_clear_range(k, format.pte_offset(k, pmdp, at), 1);
  }
  k.machine.tlbFlush('mva', addr, end - addr);
}
