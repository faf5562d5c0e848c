// SPDX-License-Identifier: GPL-2.0-only
/**
 * How kernel entries made later reach the tables of processes that exist already.
 * Linux: arch/arm/mm/fault.c, do_translation_fault(); arch/arm/mm/ioremap.c, __check_vmalloc_seq();
 * arch/arm/kernel/traps.c, arch_sync_kernel_mappings() (v6.12).
 * A process table that lacks an entry is normal: the first access faults and copies it.
 */
import type { Range, Vaddr } from '../../../../base/address.js';
import { FOUR_GiB } from '../../../../base/address.js';
import type { Kernel } from '../../../kernel.js';
import type { mm_struct } from './pgd.js';

/**
 * Kernel-mode access to `vaddr` with `mm`'s tables found no first-level entry. True: the entry was copied and
 * the access is repeated; false: there is nothing to copy, the kernel dies of it.
 */
export function do_translation_fault(k: Kernel, mm: mm_struct, vaddr: Vaddr): boolean {
  if (vaddr < k.memory.TASK_SIZE) return false;
  const format = k.mmu.pgtable;
  const from = format.pmd_offset(k, k.mmu.init_mm.pgd, vaddr)!;
  if (format.levels === 3) {
    const entry = mm.pgd + (vaddr >>> 30) * 8;
    if (format.readEntry(k, entry).lo === 0)
      format.copy_pmd(k, entry, k.mmu.init_mm.pgd + (vaddr >>> 30) * 8);
  }
  if (format.readEntry(k, format.section_offset(from, vaddr)).lo === 0) return false;
  format.copy_pmd(k, format.pmd_offset(k, mm.pgd, vaddr)!, from);
  return true;
}

/** CONFIG_VMAP_STACK with short descriptors: a stack in vmalloc space cannot take the fault above. */
function syncsOnSwitch(k: Kernel): boolean {
  return k.config.isEnabled('VMAP_STACK') && k.mmu.pgtable.levels === 2;
}

/** A first-level entry of [start, end) was made by generic code. */
export function arch_sync_kernel_mappings(k: Kernel, start: Vaddr, end: Vaddr): void {
  if (!syncsOnSwitch(k)) return;
  if (start < k.memory.VMALLOC_END && end > k.memory.VMALLOC_START) k.mmu.init_mm.vmalloc_seq++;
}

/**
 * At a process switch: copies all of vmalloc space's entries if any was made since the last time. Without
 * VMAP_STACK only ioremap() with sections counts (arch/arm/mm/ioremap.c, unmap_area_sections()).
 */
export function check_vmalloc_seq(k: Kernel, mm: mm_struct): void {
  if (k.mmu.pgtable.levels === 3 || mm.vmalloc_seq === k.mmu.init_mm.vmalloc_seq) return;
  const { PGDIR_SIZE } = k.mmu.pgtable;
  const start = Math.floor(k.memory.VMALLOC_START / PGDIR_SIZE) * 8;
  const end = Math.ceil(k.memory.VMALLOC_END / PGDIR_SIZE) * 8;
  k.machine.ram.copy(mm.pgd + start, k.mmu.init_mm.pgd + start, end - start);
  k.machine.tablesWritten(mm.pgd + start, end - start);
  mm.vmalloc_seq = k.mmu.init_mm.vmalloc_seq;
}

/** How one range of kernel addresses differs in a process's tables. */
export interface KernelEntryDifference extends Range {
  /** `missing`: nothing there yet; `differs`: another descriptor than the kernel's. */
  readonly kind: 'missing' | 'differs';
}

/**
 * Where `mm`'s copy of the kernel's first level (LPAE: second level) is not the kernel's own, in ranges of
 * TASK_SIZE … 4 GiB, neighbours of one kind joined.
 */
export function kernelEntryDifferences(k: Kernel, mm: mm_struct): KernelEntryDifference[] {
  const format = k.mmu.pgtable;
  const step = format.SECTION_SIZE;
  const result: KernelEntryDifference[] = [];
  for (let vaddr = k.memory.TASK_SIZE; vaddr < FOUR_GiB; vaddr += step) {
    const kind = compareEntry(k, mm, vaddr);
    if (kind === 'same') continue;
    const last = result.at(-1);
    if (last?.end === vaddr && last.kind === kind) result.pop();
    const start = last?.end === vaddr && last.kind === kind ? last.start : vaddr;
    result.push({ start, end: vaddr + step, kind });
  }
  return result;
}

function compareEntry(k: Kernel, mm: mm_struct, vaddr: Vaddr): 'same' | 'missing' | 'differs' {
  const format = k.mmu.pgtable;
  const ours = format.pmd_offset(k, k.mmu.init_mm.pgd, vaddr)!;
  const theirs = format.pmd_offset(k, mm.pgd, vaddr);
  if (theirs === ours) return 'same';
  const expected = format.readEntry(k, format.section_offset(ours, vaddr));
  if (theirs === null) return expected.lo === 0 ? 'same' : 'missing';
  const found = format.readEntry(k, format.section_offset(theirs, vaddr));
  if (found.lo === expected.lo && found.hi === expected.hi) return 'same';
  return found.lo === 0 ? 'missing' : 'differs';
}

/** Process tables that have no entry yet for a mapped kernel address. */
export function processesMissing(k: Kernel, vaddr: Vaddr): mm_struct[] {
  return k.mmu.processes.filter(mm => compareEntry(k, mm, vaddr) === 'missing');
}
