// SPDX-License-Identifier: GPL-2.0-only
/**
 * A range of the kernel's map as the probe writes it down, from the tables in memory:
 *   va      first address           t   `sect`, `pte`, `pte-none` (a table without an entry), `none`
 *   l1      first-level entry (long descriptors: second-level)
 *   pte hw  Linux's entry of a page and the hardware's
 *   mem     the memory type of the first page as the registers decode it; null where they have no say
 *   xn s    never executable; shareable
 *   pg      pages: cacheable, not cacheable, unmapped; and of all these, by section
 */
import type { Vaddr } from '../../base/address.js';
import { Translation } from '../../hw/mmu/translation.js';
import { WALK_OK } from '../../hw/mmu/walker.js';
import type { Descriptor } from '../../linux/arch/arm/include/asm/pgtable.js';
import { PAGE_ALIGN, PAGE_SIZE } from '../../linux/include/linux/pfn.js';
import type { Kernel } from '../../linux/kernel.js';
import type { Fields } from './record.js';

function raw({ lo, hi }: Descriptor): string {
  return ((BigInt(hi) << 32n) | BigInt(lo >>> 0)).toString(16);
}

/** What the table walk finds, or null where it finds nothing. */
function walk(k: Kernel, vaddr: Vaddr): Translation | null {
  const found = new Translation();
  return k.machine.walker.walk(vaddr, found) === WALK_OK ? found : null;
}

/** `N-inner/outer`, `Dev` or `SO` with TEX remap; `mairN=attributes` with long descriptors. */
function memoryTypeText(k: Kernel, found: Translation): string | null {
  const { registers } = k.machine;
  if (registers.format === 'long') {
    const index = found.attrIndex;
    const mair = index < 4 ? registers.mair0 : registers.mair1;
    return `mair${index}=${((mair >>> (8 * (index & 3))) & 0xff).toString(16).padStart(2, '0')}`;
  }
  if (!registers.tre) return null;
  const { type, inner, outer } = found.memoryType;
  if (type === 'normal') return `N-${inner}/${outer}`;
  return type === 'device' ? 'Dev' : 'SO';
}

/** First-level entry of `vaddr`, whether it is a section, a table or nothing. */
function firstLevel(k: Kernel, vaddr: Vaddr): { readonly entry: Descriptor; readonly isTable: boolean } {
  const { pgtable, init_mm } = k.mmu;
  const pmdp = pgtable.pmd_offset(k, init_mm.pgd, vaddr);
  if (pmdp === null) return { entry: { lo: 0, hi: 0 }, isTable: false };
  const entry = pgtable.readEntry(k, pgtable.section_offset(pmdp, vaddr));
  return { entry, isTable: entry.lo !== 0 && !pgtable.pmd_leaf(entry.lo) };
}

function pagesByKind(k: Kernel, vaddr: Vaddr, size: number): number[] {
  const pages = [0, 0, 0, 0];
  for (let at = vaddr; at < vaddr + PAGE_ALIGN(size); at += PAGE_SIZE) {
    const found = walk(k, at);
    const cacheable = found && (found.memoryType.inner !== 'NC' || found.memoryType.outer !== 'NC');
    pages[found === null ? 2 : cacheable ? 0 : 1]!++;
    if (k.mmu.pgtable.pmd_leaf(firstLevel(k, at).entry.lo)) pages[3]!++;
  }
  return pages;
}

/** [vaddr, vaddr + size), `vaddr` at a page. */
export function pageTableFields(k: Kernel, vaddr: Vaddr, size: number): Fields {
  const { entry, isTable } = firstLevel(k, vaddr);
  const va = vaddr.toString(16);
  const pg = pagesByKind(k, vaddr, size);
  const found = walk(k, vaddr);
  const { linux, hardware } = k.mmu.pgtable.mappingAt(k, vaddr);
  const t = isTable ? (found ? 'pte' : 'pte-none') : entry.lo === 0 ? 'none' : 'sect';
  const page = isTable && (linux.lo | linux.hi | hardware.lo | hardware.hi) !== 0;
  return {
    va,
    t,
    l1: raw(entry),
    ...(page && { pte: raw(linux), hw: raw(hardware) }),
    ...(found && {
      mem: memoryTypeText(k, found),
      xn: found.xn,
      s: Number(found.memoryType.shareable === true),
    }),
    pg,
  };
}
