// SPDX-License-Identifier: GPL-2.0-only
/**
 * Page tables with long descriptors (CONFIG_ARM_LPAE).
 * Linux: arch/arm/include/asm/pgtable-3level.h, pgtable-3level-hwdef.h, arch/arm/mm/proc-v7-3level.S (v6.12);
 * hardware: ARM DDI 0406C, B3.6.
 *
 * Entries have 64 bits and Linux's software bits live in the bits that the hardware ignores, so there is one
 * table for both. Four first-level entries (1 GiB each) in swapper_pg_dir, followed by their four pages:
 *
 *   swapper_pg_dir   +0x0000  4 entries, then unused
 *                    +0x1000  second level of 0x00000000, 512 entries of 2 MiB
 *                    +0x2000  … of 0x40000000, +0x3000 … of 0x80000000, +0x4000 … of 0xc0000000
 */
import type { Paddr, Pfn, Vaddr } from '../../../../../base/address.js';
import { high32, low32 } from '../../../../../base/address.js';
import type { Kernel } from '../../../../kernel.js';
import {
  __pgprot,
  type Descriptor,
  type FormatBits,
  type Mapping,
  NO_BITS,
  type PgtableFormat,
  type pgprot_t,
} from './pgtable.js';

const PMD_SIZE = 0x200000;
const VALID = 1;
const PTE_AP2 = 1 << 7;
/** In the high half. */
const DIRTY_HIGH = 1 << 23;
const NONE_HIGH = 1 << 25;
const RDONLY_HIGH = 1 << 26;

/** Marks first-level entries that belong to swapper_pg_dir, in the high half: bit 55. */
export const L_PGD_SWAPPER_HIGH: number = 1 << 23;

function attributeIndex(index: number): pgprot_t {
  return __pgprot(index << 2);
}

export const LPAE_BITS: FormatBits = {
  L_PTE_VALID: __pgprot(1),
  L_PTE_PRESENT: __pgprot(3),
  L_PTE_USER: __pgprot(1 << 6),
  L_PTE_SHARED: __pgprot(3 << 8),
  L_PTE_YOUNG: __pgprot(1 << 10),
  L_PTE_XN: __pgprot(0, 1 << 22),
  L_PTE_DIRTY: __pgprot(0, DIRTY_HIGH),
  L_PTE_NONE: __pgprot(0, NONE_HIGH),
  L_PTE_RDONLY: __pgprot(0, RDONLY_HIGH),
  L_PTE_MT_UNCACHED: attributeIndex(0),
  L_PTE_MT_BUFFERABLE: attributeIndex(1),
  L_PTE_MT_WRITETHROUGH: attributeIndex(2),
  L_PTE_MT_WRITEBACK: attributeIndex(3),
  L_PTE_MT_WRITEALLOC: attributeIndex(7),
  L_PTE_MT_DEV_SHARED: attributeIndex(4),
  L_PTE_MT_DEV_NONSHARED: attributeIndex(4),
  L_PTE_MT_DEV_WC: attributeIndex(1),
  L_PTE_MT_DEV_CACHED: attributeIndex(3),
  L_PTE_MT_VECTORS: NO_BITS,
  L_PTE_MT_MASK: attributeIndex(7),
  PTE_EXT_AF: __pgprot(1 << 10),
  PTE_EXT_PXN: __pgprot(0, 1 << 21),

  PMD_TYPE_TABLE: 3,
  PMD_BIT4: 0,
  PMD_TYPE_SECT: __pgprot(1),
  PMD_SECT_BUFFERABLE: __pgprot(1 << 2),
  PMD_SECT_CACHEABLE: __pgprot(1 << 3),
  PMD_SECT_XN: __pgprot(0, 1 << 22),
  PMD_SECT_AP_WRITE: NO_BITS,
  PMD_SECT_AP_READ: NO_BITS,
  PMD_SECT_S: __pgprot(3 << 8),
  PMD_SECT_AF: __pgprot(1 << 10),
  sectionReadOnly: __pgprot(1 << 7, RDONLY_HIGH),
  PMD_SECT_UNCACHED: attributeIndex(0),
  PMD_SECT_BUFFERED: attributeIndex(1),
  PMD_SECT_WT: attributeIndex(2),
  PMD_SECT_WB: attributeIndex(3),
  PMD_SECT_WBWA: attributeIndex(7),
  PMD_SECT_CACHE_MASK: attributeIndex(7),
  PMD_SECT_TEX: () => NO_BITS,
  PMD_DOMAIN: () => 0,
};

/**
 * Low half as the hardware gets it: PROT_NONE is made invalid; AP[2] says read-only unless the page is both
 * writable and dirty. Linux: arch/arm/mm/proc-v7-3level.S, cpu_v7_set_pte_ext() (v6.12).
 */
function hardwareLow(lo: number, hi: number): number {
  if ((lo & VALID) === 0) return lo >>> 0;
  if ((hi & NONE_HIGH) !== 0) return (lo & ~VALID) >>> 0;
  const writable = (hi & (DIRTY_HIGH | RDONLY_HIGH)) === DIRTY_HIGH;
  return (writable ? lo & ~PTE_AP2 : lo | PTE_AP2) >>> 0;
}

export class LpaePgtable implements PgtableFormat {
  readonly levels = 3;
  readonly bits: FormatBits = LPAE_BITS;
  readonly SECTION_SIZE: number = PMD_SIZE;
  readonly PMD_SIZE: number = PMD_SIZE;
  readonly PGDIR_SIZE: number = 0x40000000;
  readonly PG_DIR_SIZE: number = 0x5000;
  readonly pteBytes = 8;

  pmd_offset(k: Kernel, pgd: Paddr, vaddr: Vaddr): Paddr | null {
    const first = this.readEntry(k, pgd + (vaddr >>> 30) * 8);
    if (first.lo === 0 && first.hi === 0) return null;
    return this.outputAddress(first) + ((vaddr >>> 21) & 511) * 8;
  }

  section_offset(pmdp: Paddr, _vaddr: Vaddr): Paddr {
    return pmdp;
  }

  readEntry(k: Kernel, entry: Paddr): Descriptor {
    return { lo: k.machine.ram.read32(entry), hi: k.machine.ram.read32(entry + 4) };
  }

  writeEntry(k: Kernel, entry: Paddr, value: Descriptor): void {
    k.machine.writeTableEntry64(entry, value.lo, value.hi);
  }

  pmd_val(k: Kernel, pmdp: Paddr): Descriptor {
    return this.readEntry(k, pmdp);
  }

  pmd_clear(k: Kernel, pmdp: Paddr): void {
    k.machine.writeTableEntry64(pmdp, 0, 0);
  }

  copy_pmd(k: Kernel, to: Paddr, from: Paddr): void {
    this.writeEntry(k, to, this.readEntry(k, from));
  }

  pmd_leaf(lo: number): boolean {
    return (lo & 3) === 1;
  }

  pmd_table(lo: number): boolean {
    return (lo & 3) === 3;
  }

  pmd_populate(k: Kernel, pmdp: Paddr, table: Paddr, prot: number): void {
    k.machine.writeTableEntry64(pmdp, low32(table) + prot, high32(table));
  }

  map_init_section(k: Kernel, pmdp: Paddr, addr: Vaddr, end: Vaddr, phys: Paddr, prot: pgprot_t): void {
    for (let at = addr; at < end; at += PMD_SIZE) {
      const target = phys + (at - addr);
      const hi = (high32(target) | prot.hi) >>> 0;
      k.machine.writeTableEntry64(pmdp + ((at - addr) / PMD_SIZE) * 8, (low32(target) | prot.lo) >>> 0, hi);
    }
  }

  pte_offset(k: Kernel, pmdp: Paddr, vaddr: Vaddr): Paddr {
    return this.outputAddress(this.readEntry(k, pmdp)) + ((vaddr >>> 12) & 511) * 8;
  }

  set_pte_ext(k: Kernel, ptep: Paddr, pfn: Pfn, prot: pgprot_t): void {
    this.set_pte_range(k, ptep, pfn, 1, prot);
  }

  set_pte_range(k: Kernel, ptep: Paddr, pfn: Pfn, count: number, prot: pgprot_t, ext = 0): void {
    const { machine } = k;
    const lo = hardwareLow(prot.lo, prot.hi) | ext;
    for (let i = 0; i < count; i++) {
      const frame = pfn + i;
      const at = ptep + i * 8;
      machine.ram.write32(at + 4, (frame >>> 20) | prot.hi);
      machine.ram.write32(at, (frame << 12) | lo);
    }
    machine.tablesWritten(ptep, count * 8);
  }

  set_pte(k: Kernel, ptep: Paddr, value: Descriptor): void {
    k.machine.writeTableEntry64(ptep, hardwareLow(value.lo, value.hi), value.hi);
  }

  pte_clear_range(k: Kernel, ptep: Paddr, count: number): void {
    const { machine } = k;
    for (let at = ptep; at < ptep + count * 8; at += 4) machine.ram.write32(at, 0);
    machine.tablesWritten(ptep, count * 8);
  }

  pte_val(k: Kernel, ptep: Paddr): Descriptor {
    return this.readEntry(k, ptep);
  }

  hardware_pte(k: Kernel, ptep: Paddr): Descriptor {
    return this.readEntry(k, ptep);
  }

  pte_none(k: Kernel, ptep: Paddr): boolean {
    return k.machine.ram.read32(ptep) === 0 && k.machine.ram.read32(ptep + 4) === 0;
  }

  pte_pfn(value: Descriptor): Pfn {
    return (value.lo >>> 12) + (value.hi & 0xff) * 2 ** 20;
  }

  mappingAt(k: Kernel, vaddr: Vaddr, pgd: Paddr = k.mmu.init_mm.pgd): Mapping {
    const pmdp = this.pmd_offset(k, pgd, vaddr);
    if (pmdp === null) {
      return { kind: 'none', paddr: 0, size: this.PGDIR_SIZE, linux: NO_BITS, hardware: NO_BITS };
    }
    const entry = this.readEntry(k, pmdp);
    if (this.pmd_leaf(entry.lo)) {
      const base = this.outputAddress(entry);
      const paddr = base - (base % PMD_SIZE) + (vaddr % PMD_SIZE);
      return { kind: 'section', paddr, size: PMD_SIZE, linux: entry, hardware: entry };
    }
    if (!this.pmd_table(entry.lo)) {
      return { kind: 'none', paddr: 0, size: PMD_SIZE, linux: NO_BITS, hardware: NO_BITS };
    }
    const value = this.readEntry(k, this.pte_offset(k, pmdp, vaddr));
    return (value.lo & VALID) === 0
      ? { kind: 'none', paddr: 0, size: 4096, linux: value, hardware: value }
      : {
          kind: 'page',
          paddr: this.outputAddress(value) + (vaddr % 4096),
          size: 4096,
          linux: value,
          hardware: value,
        };
  }

  /** Bits 39:12 of an entry. */
  private outputAddress(entry: Descriptor): Paddr {
    return this.pte_pfn(entry) * 4096;
  }
}
