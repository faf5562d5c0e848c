// SPDX-License-Identifier: GPL-2.0-only
/**
 * From Linux's page-table entry to the hardware's, one function for each family of cores with short
 * descriptors. Linux: arch/arm/mm/proc-macros.S, proc-v7-2level.S, proc-xscale.S, proc-xsc3.S (v6.12),
 * each called set_pte_ext there.
 * Every function is applied to a whole entry or to its low 12 bits alone: the frame number passes through
 * (except that 0, a fault, stays 0 whatever the frame).
 * Model: the line of a written entry is not cleaned, so tables are visible to the walker at once.
 */

/** Hardware entry for a Linux entry with short descriptors. */
export type PteEncoder = (pte: number) => number;

const PRESENT = 1 << 0;
const YOUNG = 1 << 1;
const DIRTY = 1 << 6;
const RDONLY = 1 << 7;
const USER = 1 << 8;
const XN = 1 << 9;
const SHARED = 1 << 10;
const NONE = 1 << 11;
const MT_SHIFT = 2;
const MT_MASK = 0xf << MT_SHIFT;
const MT_WRITETHROUGH = 2 << MT_SHIFT;
const MT_WRITEBACK = 3 << MT_SHIFT;

const PTE_TYPE_MASK = 3;
const PTE_TYPE_SMALL = 2;
const PTE_TYPE_EXT = 3;
const B = 1 << 2;
const C = 1 << 3;
const PTE_EXT_XN = 1 << 0;
const PTE_EXT_AP0 = 1 << 4;
const PTE_EXT_AP1 = 1 << 5;
const PTE_EXT_APX = 1 << 9;
const PTE_EXT_COHERENT = 1 << 9;
const PTE_SMALL_AP_MASK = 0xff << 4;

function tex(value: number): number {
  return value << 6;
}

/** Missing, old or PROT_NONE entries fault. */
function faults(pte: number): boolean {
  return (pte & YOUNG) === 0 || (pte & PRESENT) === 0;
}

function readOnly(pte: number): boolean {
  return (pte & (DIRTY | RDONLY)) !== DIRTY;
}

/** ARMv7 with TEX remap: the memory type is an index {TEX[0], C, B} into PRRR and NMRR. */
export function encodeV7(pte: number): number {
  if (faults(pte) || (pte & NONE) !== 0) return 0;
  let hardware = (pte & ~(0x3f0 | PTE_TYPE_MASK)) | PTE_EXT_AP0 | PTE_TYPE_SMALL;
  if ((pte & (1 << 4)) !== 0) hardware |= tex(1);
  if (readOnly(pte)) hardware |= PTE_EXT_APX;
  if ((pte & USER) !== 0) hardware |= PTE_EXT_AP1;
  if ((pte & XN) !== 0) hardware |= PTE_EXT_XN;
  return hardware >>> 0;
}

/**
 * ARMv6: memory type, by L_PTE_MT number, to TEX, C, B. The last one, VECTORS, also toggles APX: readable by
 * the user and writable by the kernel.
 */
const V6_TYPES: readonly number[] = [
  0, // UNCACHED
  tex(1), // BUFFERABLE
  C, // WRITETHROUGH
  C | B, // WRITEBACK
  B, // DEV_SHARED
  0,
  0, // MINICACHE
  tex(1) | C | B, // WRITEALLOC
  0,
  tex(1), // DEV_WC
  0,
  C | B, // DEV_CACHED
  tex(2), // DEV_NONSHARED
  0,
  0,
  C | B | PTE_EXT_APX, // VECTORS
];

export function encodeV6(pte: number): number {
  if (faults(pte) || (pte & NONE) !== 0) return 0;
  let hardware = (pte & ~(0x3fc | PTE_TYPE_MASK)) | PTE_EXT_AP0 | PTE_TYPE_SMALL;
  if (readOnly(pte)) hardware |= PTE_EXT_APX;
  if ((pte & USER) !== 0) {
    hardware |= PTE_EXT_AP1;
    // What the user may only read, the kernel may only read too.
    if ((hardware & PTE_EXT_APX) !== 0) hardware &= ~PTE_EXT_AP0;
  }
  if ((pte & XN) !== 0) hardware |= PTE_EXT_XN;
  return (hardware ^ V6_TYPES[(pte & MT_MASK) >> MT_SHIFT]!) >>> 0;
}

/** ARMv4 and v5: C and B come straight from Linux's entry, the access bits stand four times, one per subpage. */
export function encodeV3(pte: number): number {
  if (faults(pte)) return 0;
  let hardware = (pte & ~(PTE_SMALL_AP_MASK | PTE_TYPE_MASK)) | PTE_TYPE_SMALL;
  if ((pte & USER) !== 0) hardware |= 0xaa << 4;
  if (!readOnly(pte)) hardware |= 0x55 << 4;
  return hardware >>> 0;
}

/** The same on a kernel with CPU_DCACHE_WRITETHROUGH: what is cacheable is not bufferable. */
export function encodeV3WriteThrough(pte: number): number {
  const hardware = encodeV3(pte);
  return (hardware & C) !== 0 ? (hardware & ~B) >>> 0 : hardware;
}

const XSCALE_TYPES: readonly number[] = [
  0, // UNCACHED
  B, // BUFFERABLE
  C, // WRITETHROUGH
  C | B, // WRITEBACK
  tex(1) | B, // DEV_SHARED
  0,
  tex(1) | C, // MINICACHE
  tex(1) | C | B, // WRITEALLOC
  0,
  B, // DEV_WC
  0,
  C | B, // DEV_CACHED
  0, // DEV_NONSHARED
  0,
  0,
  0,
];

const XSC3_TYPES: readonly number[] = [
  0, // UNCACHED
  tex(1), // BUFFERABLE
  tex(5) | C, // WRITETHROUGH
  C | B, // WRITEBACK
  tex(1) | B, // DEV_SHARED
  0,
  0, // MINICACHE
  tex(5) | C | B, // WRITEALLOC
  0,
  tex(1), // DEV_WC
  0,
  C | B, // DEV_CACHED
  tex(2), // DEV_NONSHARED
  0,
  0,
  0,
];

/** XScale's extended small page: one set of access bits and TEX. */
function extendedPage(pte: number, type: number): number {
  let hardware = (pte & ~(PTE_SMALL_AP_MASK | C | B)) | PTE_TYPE_EXT;
  if ((pte & USER) !== 0) hardware |= PTE_EXT_AP1;
  if (!readOnly(pte)) hardware |= PTE_EXT_AP0;
  return (hardware | type) >>> 0;
}

/** Erratum 40: pages that the user may only read are write-through, not write-back. */
export function encodeXscale(pte: number): number {
  if (faults(pte)) return 0;
  const limited = MT_WRITEBACK | USER | RDONLY;
  // MT bit 2 is left out of the comparison: write-allocate counts as write-back.
  const isUserReadOnly = (pte & (MT_MASK | USER | RDONLY) & ~(4 << MT_SHIFT)) === limited;
  const index = (isUserReadOnly ? MT_WRITETHROUGH : pte & MT_MASK) >> MT_SHIFT;
  return extendedPage(pte, XSCALE_TYPES[index]!);
}

export function encodeXsc3(pte: number): number {
  if (faults(pte)) return 0;
  const coherent = (pte & SHARED) !== 0 ? PTE_EXT_COHERENT : 0;
  return extendedPage(pte, XSC3_TYPES[(pte & MT_MASK) >> MT_SHIFT]! | coherent);
}
