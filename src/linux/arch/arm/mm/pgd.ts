// SPDX-License-Identifier: GPL-2.0-only
/**
 * First-level tables of processes. Linux: arch/arm/mm/pgd.c, arch/arm/mm/context.c (v6.12).
 *
 * ARM has no table for the kernel alone: every process has the kernel's entries in its own first level.
 * With short descriptors they are copied by value, sections and all, which is why a section of the direct
 * map cannot be changed once a process exists. With LPAE the gigabytes above PAGE_OFFSET point to the
 * kernel's own second level, and only the gigabyte of modules and pkmap is private.
 * User mappings are made by mm/remap-pfn.ts.
 * Left out: low vectors (see devicemaps_init() in mmu.ts).
 */
import { high32, low32, type Paddr } from '../../../../base/address.js';
import { GFP_KERNEL } from '../../../include/linux/gfp.js';
import { PAGE_SIZE, PFN_DOWN, PFN_PHYS } from '../../../include/linux/pfn.js';
import type { Kernel } from '../../../kernel.js';
import { __free_pages, alloc_pages } from '../../../mm/page_alloc.js';
import { check_vmalloc_seq } from './fault.js';
import { lateTable, leaveCaches } from './mmu.js';
import { ttbFlags } from './proc-info.js';

/** struct mm_struct, as far as page tables are concerned. */
export class mm_struct {
  readonly name: string;
  /** Physical address of the first-level table. */
  pgd: Paddr = 0;
  /** context.vmalloc_seq: how recent the copied vmalloc entries are; of init_mm, how recent they could be. */
  vmalloc_seq = 0;
  /** Pages of tables for user space. */
  readonly tables: Paddr[] = [];

  constructor(name: string) {
    this.name = name;
  }
}

/** Pages of one first-level table: 16 KiB; with LPAE 32 bytes (Model: they get a page of their own). */
function pgdOrder(k: Kernel): number {
  return k.mmu.pgtable.levels === 3 ? 0 : 2;
}

/** A new process's tables, entered in k.mmu.processes; null when memory is out. */
export function pgd_alloc(k: Kernel, name = `process ${k.mmu.processes.length + 1}`): mm_struct | null {
  const pfn = alloc_pages(k, GFP_KERNEL, pgdOrder(k));
  if (pfn === null) return null;
  const mm = new mm_struct(name);
  mm.pgd = PFN_PHYS(pfn);
  leaveCaches(k, mm.pgd, PAGE_SIZE * 2 ** pgdOrder(k));
  const isComplete = k.mmu.pgtable.levels === 3 ? copySharedEntries(k, mm) : copyKernelEntries(k, mm);
  if (!isComplete) {
    __free_pages(k, pfn, pgdOrder(k));
    return null;
  }
  k.mmu.processes.push(mm);
  return mm;
}

/** Short descriptors: everything from TASK_SIZE up, by value. */
function copyKernelEntries(k: Kernel, mm: mm_struct): boolean {
  const { PGDIR_SIZE, PG_DIR_SIZE } = k.mmu.pgtable;
  const userBytes = Math.floor(k.memory.TASK_SIZE / PGDIR_SIZE) * 8;
  k.machine.ram.fill(mm.pgd, userBytes, 0);
  k.machine.ram.copy(mm.pgd + userBytes, k.mmu.init_mm.pgd + userBytes, PG_DIR_SIZE - userBytes);
  k.machine.tablesWritten(mm.pgd, PG_DIR_SIZE);
  return true;
}

/** LPAE: pointers to the kernel's second level, and an empty one for modules and pkmap. */
function copySharedEntries(k: Kernel, mm: mm_struct): boolean {
  const { ram } = k.machine;
  const userBytes = Math.floor(k.memory.PAGE_OFFSET / k.mmu.pgtable.PGDIR_SIZE) * 8;
  ram.fill(mm.pgd, PAGE_SIZE, 0);
  ram.copy(mm.pgd + userBytes, k.mmu.init_mm.pgd + userBytes, 32 - userBytes);
  k.machine.tablesWritten(mm.pgd, 32);
  const entry = mm.pgd + (k.memory.MODULES_VADDR >>> 30) * 8;
  if (ram.read32(entry) !== 0) return true;
  const table = lateTable(k);
  if (table === null) return false;
  k.machine.writeTableEntry64(entry, low32(table) + 3, high32(table));
  return true;
}

/** Gives the tables back. */
export function pgd_free(k: Kernel, mm: mm_struct): void {
  const index = k.mmu.processes.indexOf(mm);
  if (index >= 0) k.mmu.processes.splice(index, 1);
  for (const table of mm.tables.splice(0)) {
    __free_pages(k, PFN_DOWN(table), 0);
    k.mmu.tablePages--;
  }
  if (k.mmu.pgtable.levels === 3) {
    const entry = mm.pgd + (k.memory.MODULES_VADDR >>> 30) * 8;
    const { ram } = k.machine;
    const isShared = (ram.read32(entry + 4) & (1 << 23)) !== 0;
    if (!isShared && ram.read32(entry) !== 0) {
      const value = k.mmu.pgtable.readEntry(k, entry);
      __free_pages(k, k.mmu.pgtable.pte_pfn(value), 0);
      k.mmu.tablePages--;
    }
  }
  __free_pages(k, PFN_DOWN(mm.pgd), pgdOrder(k));
}

/**
 * This CPU's process becomes `mm`. Linux: check_and_switch_context(), cpu_v7_switch_mm().
 * Model: no ASID is assigned; all of them are 0.
 */
export function switch_mm(k: Kernel, mm: mm_struct): void {
  check_vmalloc_seq(k, mm);
  k.machine.registers.ttbr0 = mm.pgd + ttbFlags(k);
}
