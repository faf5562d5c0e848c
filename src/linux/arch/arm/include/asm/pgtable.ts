// SPDX-License-Identifier: GPL-2.0-only
/**
 * What both page-table formats have in common: protection values, the interface of a format, and the
 * modifiers of include/asm/pgtable.h. Linux: arch/arm/include/asm/pgtable.h (v6.12).
 * The formats themselves are `pgtable-2level.ts` (short descriptors) and `pgtable-3level.ts` (LPAE).
 * Entries are read from and written to the modelled RAM; nothing is kept beside it.
 * Left out: swap entries, user page faults, huge pages of user space, supersections (never used for RAM).
 */
import type { Paddr, Pfn, Vaddr } from '../../../../../base/address.js';
import type { Kernel } from '../../../../kernel.js';

/**
 * A 64-bit entry in two unsigned halves: the bits of a Linux page-table entry without the frame number, or a
 * whole descriptor. With short descriptors `hi` is always 0.
 */
export interface pgprot_t {
  readonly lo: number;
  readonly hi: number;
}

export type Descriptor = pgprot_t;

export function __pgprot(lo: number, hi = 0): pgprot_t {
  return { lo: lo >>> 0, hi: hi >>> 0 };
}

export const NO_BITS: pgprot_t = __pgprot(0);

/** All bits of all arguments. */
export function orBits(...values: readonly pgprot_t[]): pgprot_t {
  let lo = 0;
  let hi = 0;
  for (const value of values) {
    lo |= value.lo;
    hi |= value.hi;
  }
  return __pgprot(lo, hi);
}

export function clearBits(value: pgprot_t, bits: pgprot_t): pgprot_t {
  return __pgprot(value.lo & ~bits.lo, value.hi & ~bits.hi);
}

export function hasBits(value: pgprot_t, bits: pgprot_t): boolean {
  return (value.lo & bits.lo) !== 0 || (value.hi & bits.hi) !== 0;
}

export function sameBits(a: pgprot_t, b: pgprot_t): boolean {
  return a.lo === b.lo && a.hi === b.hi;
}

/**
 * The bits of one format, named as in asm/pgtable-{2,3}level.h and -hwdef.h. A bit that a format does not
 * have is 0 there, as in the kernel's headers, so that code for both formats reads the same.
 */
export interface FormatBits {
  readonly L_PTE_VALID: pgprot_t;
  readonly L_PTE_PRESENT: pgprot_t;
  readonly L_PTE_YOUNG: pgprot_t;
  readonly L_PTE_DIRTY: pgprot_t;
  readonly L_PTE_RDONLY: pgprot_t;
  readonly L_PTE_USER: pgprot_t;
  readonly L_PTE_XN: pgprot_t;
  readonly L_PTE_SHARED: pgprot_t;
  readonly L_PTE_NONE: pgprot_t;
  readonly L_PTE_MT_UNCACHED: pgprot_t;
  readonly L_PTE_MT_BUFFERABLE: pgprot_t;
  readonly L_PTE_MT_WRITETHROUGH: pgprot_t;
  readonly L_PTE_MT_WRITEBACK: pgprot_t;
  readonly L_PTE_MT_WRITEALLOC: pgprot_t;
  readonly L_PTE_MT_DEV_SHARED: pgprot_t;
  readonly L_PTE_MT_DEV_NONSHARED: pgprot_t;
  readonly L_PTE_MT_DEV_WC: pgprot_t;
  readonly L_PTE_MT_DEV_CACHED: pgprot_t;
  /** Classic only; 0 elsewhere. */
  readonly L_PTE_MT_VECTORS: pgprot_t;
  readonly L_PTE_MT_MASK: pgprot_t;
  /** LPAE: the access flag, and privileged execute-never. */
  readonly PTE_EXT_AF: pgprot_t;
  readonly PTE_EXT_PXN: pgprot_t;

  readonly PMD_TYPE_TABLE: number;
  readonly PMD_BIT4: number;
  readonly PMD_TYPE_SECT: pgprot_t;
  readonly PMD_SECT_BUFFERABLE: pgprot_t;
  readonly PMD_SECT_CACHEABLE: pgprot_t;
  readonly PMD_SECT_XN: pgprot_t;
  readonly PMD_SECT_AP_WRITE: pgprot_t;
  readonly PMD_SECT_AP_READ: pgprot_t;
  readonly PMD_SECT_S: pgprot_t;
  readonly PMD_SECT_AF: pgprot_t;
  /** Read only: APX | AP_WRITE (classic), L_PMD_SECT_RDONLY | PMD_SECT_AP2 (LPAE). */
  readonly sectionReadOnly: pgprot_t;
  readonly PMD_SECT_UNCACHED: pgprot_t;
  readonly PMD_SECT_BUFFERED: pgprot_t;
  readonly PMD_SECT_WT: pgprot_t;
  readonly PMD_SECT_WB: pgprot_t;
  readonly PMD_SECT_WBWA: pgprot_t;
  readonly PMD_SECT_CACHE_MASK: pgprot_t;
  PMD_SECT_TEX(value: number): pgprot_t;
  PMD_DOMAIN(domain: number): number;
}

/** What translates one address in one set of tables. */
export interface Mapping {
  readonly kind: 'none' | 'section' | 'page';
  /** Of the byte at the address that was asked for; 0 where nothing is mapped. */
  readonly paddr: Paddr;
  /** Bytes that the entry covers: of the hole, section or page. */
  readonly size: number;
  /** Linux's own entry: of a page the one with the software bits, of a section the descriptor. */
  readonly linux: Descriptor;
  /** The descriptor that the MMU reads. */
  readonly hardware: Descriptor;
}

/**
 * One page-table format. `pgd` is the physical address of a first-level table; a `pmdp` is that of the entry,
 * or with short descriptors the pair of entries, which covers 2 MiB; a `ptep` that of Linux's entry of a page.
 */
export interface PgtableFormat {
  readonly levels: 2 | 3;
  readonly bits: FormatBits;
  readonly SECTION_SIZE: number;
  /** 2 MiB in both formats. */
  readonly PMD_SIZE: number;
  /** What one entry of the first level covers as Linux counts: 2 MiB or 1 GiB. */
  readonly PGDIR_SIZE: number;
  /** Size of swapper_pg_dir: 16 KiB, or a page and four second-level pages. */
  readonly PG_DIR_SIZE: number;
  /** Bytes from one entry of a page to the next. */
  readonly pteBytes: 4 | 8;

  /** Null where a first-level entry is missing (LPAE process tables). */
  pmd_offset(k: Kernel, pgd: Paddr, vaddr: Vaddr): Paddr | null;
  /** The hardware's own entry for a section at `vaddr`: with short descriptors one half of the pair. */
  section_offset(pmdp: Paddr, vaddr: Vaddr): Paddr;
  readEntry(k: Kernel, entry: Paddr): Descriptor;
  writeEntry(k: Kernel, entry: Paddr, value: Descriptor): void;
  /** Value of the (first) entry; pmd_none() is `lo === 0`. */
  pmd_val(k: Kernel, pmdp: Paddr): Descriptor;
  pmd_clear(k: Kernel, pmdp: Paddr): void;
  /** copy_pmd(): of both entries of a pair. */
  copy_pmd(k: Kernel, to: Paddr, from: Paddr): void;
  /** A section (pmd_leaf()), by the low half of an entry. */
  pmd_leaf(lo: number): boolean;
  pmd_table(lo: number): boolean;
  /** __pmd_populate(): the new table is at `table`, 4 KiB. */
  pmd_populate(k: Kernel, pmdp: Paddr, table: Paddr, prot: number): void;
  /** __map_init_section(): [addr, end) lies within 2 MiB, all aligned to SECTION_SIZE. */
  map_init_section(k: Kernel, pmdp: Paddr, addr: Vaddr, end: Vaddr, phys: Paddr, prot: pgprot_t): void;

  /** pte_offset_kernel(): `pmdp` must hold a table. */
  pte_offset(k: Kernel, pmdp: Paddr, vaddr: Vaddr): Paddr;
  /** set_pte_ext(ptep, pfn_pte(pfn, prot), 0). */
  set_pte_ext(k: Kernel, ptep: Paddr, pfn: Pfn, prot: pgprot_t): void;
  /**
   * The same for `count` pages in a row, whose entries must lie in one table. `ext`: bits of the hardware's entry
   * that Linux's own has not (nG).
   */
  set_pte_range(k: Kernel, ptep: Paddr, pfn: Pfn, count: number, prot: pgprot_t, ext?: number): void;
  /** set_pte_ext() of a value that contains its frame number. */
  set_pte(k: Kernel, ptep: Paddr, value: Descriptor): void;
  pte_clear_range(k: Kernel, ptep: Paddr, count: number): void;
  /** Linux's entry. */
  pte_val(k: Kernel, ptep: Paddr): Descriptor;
  /** The hardware's entry that belongs to it. */
  hardware_pte(k: Kernel, ptep: Paddr): Descriptor;
  pte_none(k: Kernel, ptep: Paddr): boolean;
  pte_pfn(value: Descriptor): Pfn;
  /** What `vaddr` is mapped to by the table at `pgd`, by default the kernel's. */
  mappingAt(k: Kernel, vaddr: Vaddr, pgd?: Paddr): Mapping;
}

function modify(prot: pgprot_t, mask: pgprot_t, bits: pgprot_t): pgprot_t {
  return orBits(clearBits(prot, mask), bits);
}

/** Kernel data: pgprot_kernel and execute-never. */
export function PAGE_KERNEL(k: Kernel): pgprot_t {
  return orBits(k.mmu.pgprot_kernel, k.mmu.pgtable.bits.L_PTE_XN);
}

export function PAGE_KERNEL_EXEC(k: Kernel): pgprot_t {
  return k.mmu.pgprot_kernel;
}

export function pgprot_noncached(k: Kernel, prot: pgprot_t): pgprot_t {
  const bits = k.mmu.pgtable.bits;
  return modify(prot, bits.L_PTE_MT_MASK, bits.L_PTE_MT_UNCACHED);
}

export function pgprot_stronglyordered(k: Kernel, prot: pgprot_t): pgprot_t {
  return pgprot_noncached(k, prot);
}

export function pgprot_writecombine(k: Kernel, prot: pgprot_t): pgprot_t {
  const bits = k.mmu.pgtable.bits;
  return modify(prot, bits.L_PTE_MT_MASK, bits.L_PTE_MT_BUFFERABLE);
}

export function pgprot_device(k: Kernel, prot: pgprot_t): pgprot_t {
  const bits = k.mmu.pgtable.bits;
  const device = orBits(bits.L_PTE_MT_DEV_SHARED, bits.L_PTE_SHARED, bits.L_PTE_DIRTY, bits.L_PTE_XN);
  return modify(prot, bits.L_PTE_MT_MASK, device);
}

/** Coherent memory: Normal non-cacheable with ARM_DMA_MEM_BUFFERABLE, else strongly ordered; never executable. */
export function pgprot_dmacoherent(k: Kernel, prot: pgprot_t): pgprot_t {
  const bits = k.mmu.pgtable.bits;
  const type = k.config.isEnabled('ARM_DMA_MEM_BUFFERABLE')
    ? bits.L_PTE_MT_BUFFERABLE
    : bits.L_PTE_MT_UNCACHED;
  return modify(prot, bits.L_PTE_MT_MASK, orBits(type, bits.L_PTE_XN));
}
