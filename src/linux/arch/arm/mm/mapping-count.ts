// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the kernel's map costs: how many entries the direct map is made of, and the memory of the tables.
 * Counted from the descriptors in memory, so that it holds whatever a design did to them. Sections that
 * became pages mean more TLB misses.
 */
import { FOUR_GiB, type Vaddr } from '../../../../base/address.js';
import { PAGE_SIZE } from '../../../include/linux/pfn.js';
import type { Kernel } from '../../../kernel.js';
import { pmd_off_k } from './mmu.js';

/** Direct-map entries of one range, counted from the descriptors. */
export interface MappingCount {
  /** 1 MiB, or 2 MiB with long descriptors. */
  sections: number;
  /** Valid entries of 4 KiB. */
  pages: number;
  /** Second-level (LPAE: third-level) hardware tables that the range uses. */
  tables: number;
  /** First-level (LPAE: second-level) hardware entries that lead to a table where a section could stand. */
  entriesWithoutSection: number;
}

/** Counts how [start, end) of the kernel's map is made up. More entries cost more TLB misses. */
export function countMapping(k: Kernel, start: Vaddr, end: Vaddr): MappingCount {
  const format = k.mmu.pgtable;
  const { SECTION_SIZE } = format;
  const count: MappingCount = { sections: 0, pages: 0, tables: 0, entriesWithoutSection: 0 };
  for (let at = start - (start % SECTION_SIZE); at < end && at < FOUR_GiB; at += SECTION_SIZE) {
    const { lo } = format.readEntry(k, format.section_offset(pmd_off_k(k, at), at));
    if (format.pmd_leaf(lo)) count.sections++;
    else if (format.pmd_table(lo)) {
      count.entriesWithoutSection++;
      count.tables++;
      count.pages += validPages(k, Math.max(at, start), Math.min(at + SECTION_SIZE, end));
    }
  }
  return count;
}

function validPages(k: Kernel, start: Vaddr, end: Vaddr): number {
  const format = k.mmu.pgtable;
  let valid = 0;
  const first = format.pte_offset(k, pmd_off_k(k, start), start);
  for (let at = start; at < end; at += PAGE_SIZE) {
    const ptep = first + ((at - start) / PAGE_SIZE) * format.pteBytes;
    if ((format.hardware_pte(k, ptep).lo & 3) !== 0) valid++;
  }
  return valid;
}

/** Bytes of page tables: swapper_pg_dir and every table page. */
export function pageTableBytes(k: Kernel): number {
  return k.mmu.pgtable.PG_DIR_SIZE + k.mmu.tablePages * PAGE_SIZE;
}
