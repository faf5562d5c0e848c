// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kernel's map as ranges of equal attributes, read from its real page tables. Names and formats are those of
 * recordings of real kernels; which attributes a range has depends on the table format, as it does there.
 */
import { hex, type Paddr, type Vaddr } from '../base/address.js';
import { type MappedRange, mapRanges } from '../hw/mmu/dump.js';
import type { MmuRegisters } from '../hw/mmu/registers.js';
import { Translation } from '../hw/mmu/translation.js';
import type { Ram } from '../hw/ram.js';
import type { Kernel } from '../linux/kernel.js';

export interface MapEntry {
  readonly va: string;
  /** Inclusive. */
  readonly va_end: string;
  readonly pa: string;
  readonly size: string;
  readonly kind: string;
  /** Privileged and user access: `rw/-`; the raw bits on ARMv4 and ARMv5. */
  readonly ap: string;
  /** Memory type as the hardware walks it. */
  readonly type: string;
  readonly shareable: boolean | null;
  // Short descriptors.
  readonly tex?: number;
  readonly c?: number;
  readonly b?: number;
  readonly s?: number;
  readonly domain?: number;
  /** Memory type in the kernel's own entry: `BUFFERABLE`; pages only. */
  readonly linux_mt?: string;
  // Long descriptors.
  readonly attrindx?: number;
  readonly mair?: string;
  readonly sh?: string;
  readonly af?: number;
  readonly contiguous?: number;
  // All but ARMv4 and ARMv5.
  readonly ng?: number;
  readonly xn?: number;
  readonly pxn?: number;
}

/** Linux: arch/arm/include/asm/pgtable-2level.h, L_PTE_MT_* (v6.12), by value. */
const memoryTypes: Readonly<Record<number, string>> = {
  0: 'UNCACHED',
  1: 'BUFFERABLE',
  2: 'WRITETHROUGH',
  3: 'WRITEBACK',
  4: 'DEV_SHARED',
  6: 'MINICACHE',
  7: 'WRITEALLOC',
  9: 'DEV_WC',
  11: 'DEV_CACHED',
  12: 'DEV_NONSHARED',
  15: 'VECTORS',
};

/** Between a hardware entry and the kernel's own, in bytes. Linux: pgtable-2level.h, PTE_HWTABLE_OFF. */
const HARDWARE_TABLE_OFFSET = 2048;

const shareability: readonly string[] = ['none', 'reserved', 'outer', 'inner'];

/** The kernel's own entry of a page with short descriptors, from where the hardware's is. */
export function linuxEntry(ram: Ram, hardwareEntry: Paddr): number {
  return ram.read32(hardwareEntry - HARDWARE_TABLE_OFFSET);
}

/** The memory type in the kernel's own entry. */
export function linuxMemoryType(entry: number): string {
  return memoryTypes[(entry >>> 2) & 0xf] ?? 'reserved';
}

/** `memoryType`: that of the kernel's own entry, for pages with short descriptors. */
export function mapEntry(range: MappedRange, registers: MmuRegisters, memoryType?: string): MapEntry {
  const common = {
    va: hex(range.va),
    va_end: hex(range.vaEnd),
    pa: hex(range.pa),
    size: hex(range.size),
    kind: range.kind,
    ap: range.ap,
    type: range.type,
    shareable: range.shareable,
  };
  const { ng, xn, pxn, tex, c, b, s, domain } = range;
  if (registers.format === 'long') {
    const { attrIndex: attrindx, af, contiguous } = range;
    const sh = shareability[range.sh]!;
    return { ...common, attrindx, mair: hex(range.mair, 2), sh, af, ng, pxn, xn, contiguous };
  }
  const page = memoryType === undefined ? {} : { linux_mt: memoryType };
  const short = { ...common, tex, c, b, s, domain, ...page };
  return registers.architecture < 6 ? short : { ...short, ng, xn, pxn };
}

function describe(k: Kernel, range: MappedRange): MapEntry {
  const { ram, registers, walker } = k.machine;
  if (registers.format === 'long' || range.kind !== 'page') return mapEntry(range, registers);
  const found = new Translation();
  walker.walk(range.va, found);
  return mapEntry(range, registers, linuxMemoryType(linuxEntry(ram, found.entryPaddr)));
}

/** What swapper_pg_dir maps in [start, end). */
export function mapBetween(k: Kernel, start: Vaddr, end: Vaddr): MapEntry[] {
  const { ram, registers } = k.machine;
  return mapRanges(ram, registers, start, end, k.mmu.init_mm.pgd).map(range => describe(k, range));
}
