// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the kernel's own listing of its page tables, /sys/kernel/debug/kernel_page_tables, says of an entry.
 * Linux: arch/arm/mm/dump.c, pte_bits, section_bits, get_domain_name() (v6.12).
 * Of a page with short descriptors the listing shows Linux's entry, not the hardware's.
 * Left out: the listing of a whole table, which joins neighbours whatever they lead to; ARMv4 and ARMv5.
 */

import {
  __pgprot,
  clearBits,
  type Descriptor,
  orBits,
  type pgprot_t,
  sameBits,
} from '../include/asm/pgtable.js';
import { CLASSIC_BITS } from '../include/asm/pgtable-2level.js';
import { LPAE_BITS } from '../include/asm/pgtable-3level.js';

/** Linux: struct prot_bits. Without `clear` nothing is printed where the value is another one. */
interface ProtBits {
  readonly mask: pgprot_t;
  readonly val: pgprot_t;
  readonly set: string;
  readonly clear?: string;
}

function bit(mask: pgprot_t, set: string, clear?: string): ProtBits {
  return { mask, val: mask, set, ...(clear !== undefined && { clear }) };
}

/** Linux: L_PTE_MT_MINICACHE, short descriptors only. */
const L_PTE_MT_MINICACHE: pgprot_t = __pgprot(6 << 2);

function pageBits(bits: typeof CLASSIC_BITS, isLong: boolean): ProtBits[] {
  const type = (val: pgprot_t, set: string): ProtBits => ({ mask: bits.L_PTE_MT_MASK, val, set });
  const classic = (val: pgprot_t, set: string): ProtBits[] => (isLong ? [] : [type(val, set)]);
  return [
    bit(bits.L_PTE_USER, 'USR', '   '),
    bit(bits.L_PTE_RDONLY, 'ro', 'RW'),
    bit(bits.L_PTE_XN, 'NX', 'x '),
    bit(bits.L_PTE_SHARED, 'SHD', '   '),
    type(bits.L_PTE_MT_UNCACHED, 'SO/UNCACHED'),
    type(bits.L_PTE_MT_BUFFERABLE, 'MEM/BUFFERABLE/WC'),
    type(bits.L_PTE_MT_WRITETHROUGH, 'MEM/CACHED/WT'),
    type(bits.L_PTE_MT_WRITEBACK, 'MEM/CACHED/WBRA'),
    ...classic(L_PTE_MT_MINICACHE, 'MEM/MINICACHE'),
    type(bits.L_PTE_MT_WRITEALLOC, 'MEM/CACHED/WBWA'),
    type(bits.L_PTE_MT_DEV_SHARED, 'DEV/SHARED'),
    ...classic(bits.L_PTE_MT_DEV_NONSHARED, 'DEV/NONSHARED'),
    type(bits.L_PTE_MT_DEV_WC, 'DEV/WC'),
    type(bits.L_PTE_MT_DEV_CACHED, 'DEV/CACHED'),
  ];
}

/** Linux: PMD_SECT_USER of pgtable-3level.h. */
const PMD_SECT_USER: pgprot_t = __pgprot(1 << 6);

function classicSectionBits(): ProtBits[] {
  const { PMD_SECT_AP_WRITE: write, PMD_SECT_AP_READ: read, sectionReadOnly } = CLASSIC_BITS;
  const mask = orBits(sectionReadOnly, read, write);
  return [
    { mask, val: sectionReadOnly, set: '    ro' },
    { mask, val: write, set: '    RW' },
    { mask, val: read, set: 'USR ro' },
    { mask, val: orBits(read, write), set: 'USR RW' },
  ];
}

function sectionBits(bits: typeof CLASSIC_BITS, access: readonly ProtBits[]): ProtBits[] {
  return [...access, bit(bits.PMD_SECT_XN, 'NX', 'x '), bit(bits.PMD_SECT_S, 'SHD', '   ')];
}

const CLASSIC = {
  page: pageBits(CLASSIC_BITS, false),
  section: sectionBits(CLASSIC_BITS, classicSectionBits()),
};
const LPAE = {
  page: pageBits(LPAE_BITS, true),
  section: sectionBits(LPAE_BITS, [bit(PMD_SECT_USER, 'USR'), bit(LPAE_BITS.sectionReadOnly, 'ro', 'RW')]),
};

/** Linux: arch/arm/include/asm/domain.h, without CONFIG_IO_36. */
const DOMAINS: readonly string[] = ['KERNEL ', 'USER   ', 'IO     ', 'VECTORS'];

/**
 * `PTE KERNEL      RW NX SHD MEM/CACHED/WBWA`. `entry` is what Linux keeps of a page, the descriptor of a section;
 * `domain` null: long descriptors.
 */
export function listedEntry(kind: 'page' | 'section', entry: Descriptor, domain: number | null): string {
  const table = (domain === null ? LPAE : CLASSIC)[kind];
  const level = kind === 'page' ? 'PTE' : domain === null ? 'PMD' : 'PGD';
  const shown = table.flatMap(({ mask, val, set, clear }) => {
    const text = sameBits(clearBits(entry, clearBits(ALL_BITS, mask)), val) ? set : clear;
    return text === undefined ? [] : [text];
  });
  return [level, ...(domain === null ? [] : [DOMAINS[domain] ?? 'unknown']), ...shown].join(' ');
}

const ALL_BITS: pgprot_t = __pgprot(-1, -1);
