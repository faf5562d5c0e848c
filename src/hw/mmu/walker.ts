// SPDX-License-Identifier: GPL-2.0-only
/**
 * The translation table walk: ARM DDI 0406C, B3.5.5 (short descriptors), B3.6.6 (long descriptors).
 * Finds the mapping of an address and its attributes. Permissions and domains are reported, not checked:
 * the caller knows what kind of access it makes.
 * The walk reads memory directly. Model: the walker sees every store to a table at once, as one that is
 * coherent with the caches does.
 * Left out: second stage, secure state, and the ARMv4/v5 fine tables with 1 KiB pages, which no Linux
 * uses (they read as a translation fault).
 * A walk allocates nothing and throws nothing. Formats: `short-descriptor.ts`, `long-descriptor.ts`.
 */
import type { Vaddr } from '../../base/address.js';
import { BUS_ERROR, type Ram } from '../ram.js';
import { MemoryTypes } from './memory-type.js';
import type { MmuRegisters } from './registers.js';
import { AP_LEGACY_PAGE, AP_LEGACY_SECTION, AP_TEXT, type Translation } from './translation.js';

export const WALK_OK = 0;
/** No valid entry at the level. */
export const TRANSLATION_FAULT_L1 = 1;
export const TRANSLATION_FAULT_L2 = 2;
export const TRANSLATION_FAULT_L3 = 3;
/** A valid entry whose access flag is clear; the translation is filled in all the same. */
export const ACCESS_FLAG_FAULT = 4;
/** The table itself is not in memory: external abort on the walk, at the level. */
export const WALK_ABORT_L1 = 5;
export const WALK_ABORT_L2 = 6;
export const WALK_ABORT_L3 = 7;

/** Bytes that a base register serves, by TnSZ. */
const REGION_BYTES: readonly number[] = Array.from({ length: 8 }, (_, sz) => 2 ** (32 - sz));

/** DACR field of `domain`: 0 no access, 1 client (permissions count), 3 manager (they do not). */
export function domainAccess(registers: MmuRegisters, domain: number): number {
  return (registers.dacr >>> (2 * domain)) & 3;
}

export class TableWalker {
  private readonly ram: Ram;
  readonly registers: MmuRegisters;
  private readonly types: MemoryTypes;

  constructor(ram: Ram, registers: MmuRegisters) {
    this.ram = ram;
    this.registers = registers;
    this.types = new MemoryTypes(registers);
  }

  /**
   * Translates `vaddr` with the MMU on. Returns WALK_OK or one of the faults above; `result` is
   * meaningful after WALK_OK and ACCESS_FLAG_FAULT.
   */
  walk(vaddr: Vaddr, result: Translation): number {
    return this.registers.format === 'long'
      ? this.walkLong(vaddr >>> 0, result)
      : this.walkShort(vaddr >>> 0, result);
  }

  private walkShort(vaddr: number, result: Translation): number {
    const r = this.registers;
    // B3.5.4: with TTBCR.N > 0, TTBR0 serves addresses whose top N bits are zero, with a smaller table.
    const n = r.ttbcr & 7;
    const useTtbr1 = n !== 0 && vaddr >>> (32 - n) !== 0;
    // TTBCR.PD0 and PD1 (B4.1) forbid walks through one of the tables.
    if (((r.ttbcr >>> (useTtbr1 ? 5 : 4)) & 1) === 1) return TRANSLATION_FAULT_L1;
    const tableBytes = useTtbr1 ? 0x4000 : 0x4000 >>> n;
    // The registers have 32 bits here.
    const base = ((useTtbr1 ? r.ttbr1 : r.ttbr0) & -tableBytes) >>> 0;
    const index = (vaddr >>> 20) & (tableBytes / 4 - 1);
    const paddr = base + 4 * index;
    const descriptor = this.ram.read32(paddr);
    if (descriptor === BUS_ERROR) return WALK_ABORT_L1;
    result.descriptors[0] = descriptor;
    result.entryPaddrs[0] = paddr;
    result.firstLevel = 1;
    result.levels = 1;
    result.extended = r.xp;
    result.attrIndex = 0;
    result.sh = 0;
    result.contiguous = 0;
    switch (descriptor & 3) {
      case 0:
        return TRANSLATION_FAULT_L1;
      case 1:
        return this.walkSecondLevel(vaddr, descriptor, result);
      case 3:
        if (!r.xp || !r.pxnInShortDescriptors) return TRANSLATION_FAULT_L1;
    }
    return this.section(vaddr, descriptor, result);
  }

  private section(vaddr: number, descriptor: number, result: Translation): number {
    const r = this.registers;
    result.domain = (descriptor >>> 5) & 0xf;
    if (r.xp && (descriptor & 0x40000) !== 0) {
      result.kind = 'supersection';
      result.size = 0x1000000;
      const upper = ((descriptor >>> 5) & 0xf) * 16 + ((descriptor >>> 20) & 0xf);
      result.paddr = upper * 2 ** 32 + ((descriptor & 0xff000000) >>> 0) + (vaddr & 0xffffff);
      result.domain = 0;
    } else {
      result.kind = 'section';
      result.size = 0x100000;
      result.paddr = ((descriptor & 0xfff00000) >>> 0) + (vaddr & 0xfffff);
    }
    result.pxn = r.xp ? descriptor & 1 : 0;
    result.tex = (descriptor >>> 12) & 7;
    result.c = (descriptor >>> 3) & 1;
    result.b = (descriptor >>> 2) & 1;
    if (!r.xp) {
      this.legacyAttributes(result, (descriptor >>> 10) & 3, AP_LEGACY_SECTION);
      return WALK_OK;
    }
    result.s = (descriptor >>> 16) & 1;
    result.ng = (descriptor >>> 17) & 1;
    result.xn = (descriptor >>> 4) & 1;
    return this.shortAttributes(result, ((descriptor >>> 13) & 4) | ((descriptor >>> 10) & 3));
  }

  private walkSecondLevel(vaddr: number, first: number, result: Translation): number {
    const r = this.registers;
    const paddr = ((first & 0xfffffc00) >>> 0) + 4 * ((vaddr >>> 12) & 0xff);
    // B3.13.3, table B3-23: the domain is valid for an abort on the walk at the second level too.
    result.domain = (first >>> 5) & 0xf;
    const descriptor = this.ram.read32(paddr);
    if (descriptor === BUS_ERROR) return WALK_ABORT_L2;
    result.descriptors[2] = descriptor;
    result.entryPaddrs[1] = paddr;
    result.levels = 2;
    result.c = (descriptor >>> 3) & 1;
    result.b = (descriptor >>> 2) & 1;
    const type = descriptor & 3;
    if (type === 0) return TRANSLATION_FAULT_L2;
    if (type === 1) {
      result.kind = 'largepage';
      result.size = 0x10000;
      result.paddr = ((descriptor & 0xffff0000) >>> 0) + (vaddr & 0xffff);
    } else {
      result.kind = 'page';
      result.size = 0x1000;
      result.paddr = ((descriptor & 0xfffff000) >>> 0) + (vaddr & 0xfff);
    }
    if (!r.xp) {
      result.pxn = 0;
      // Type 3 is the extended small page: TEX and one permission field instead of four.
      result.tex = type === 3 ? (descriptor >>> 6) & 7 : 0;
      if (type === 3) this.legacyAttributes(result, (descriptor >>> 4) & 3, AP_LEGACY_SECTION);
      else this.legacyAttributes(result, (descriptor >>> 4) & 0xff, AP_LEGACY_PAGE);
      return WALK_OK;
    }
    result.pxn = r.pxnInShortDescriptors ? (first >>> 2) & 1 : 0;
    result.tex = (descriptor >>> (type === 1 ? 12 : 6)) & 7;
    result.xn = type === 1 ? (descriptor >>> 15) & 1 : descriptor & 1;
    result.s = (descriptor >>> 10) & 1;
    result.ng = (descriptor >>> 11) & 1;
    return this.shortAttributes(result, ((descriptor >>> 7) & 4) | ((descriptor >>> 4) & 3));
  }

  private shortAttributes(result: Translation, apBits: number): number {
    result.apBits = apBits;
    const afe = this.registers.afe;
    result.af = afe ? apBits & 1 : 1;
    result.ap = AP_TEXT[afe ? apBits | 1 : apBits]!;
    result.memoryType = this.types.short(result.tex, result.c, result.b, result.s);
    return result.af === 0 ? ACCESS_FLAG_FAULT : WALK_OK;
  }

  private legacyAttributes(result: Translation, apBits: number, texts: readonly string[]): void {
    result.s = 0;
    result.ng = 0;
    result.xn = 0;
    result.af = 1;
    result.apBits = apBits;
    result.ap = texts[apBits]!;
    result.memoryType = this.types.short(result.tex, result.c, result.b, 0);
  }

  private walkLong(vaddr: number, result: Translation): number {
    const r = this.registers;
    // B3.6.4: which base register serves the address, and the size of what it serves.
    const t0sz = r.ttbcr & 7;
    const t1sz = (r.ttbcr >>> 16) & 7;
    const ttbr0Bytes = REGION_BYTES[t0sz]!;
    const ttbr1Start = t1sz === 0 ? ttbr0Bytes : 2 ** 32 - REGION_BYTES[t1sz]!;
    let base: number;
    let regionSz: number;
    let disabled: number;
    if (vaddr < ttbr0Bytes && (t1sz === 0 || vaddr < ttbr1Start)) {
      base = r.ttbr0;
      regionSz = t0sz;
      disabled = (r.ttbcr >>> 7) & 1;
    } else if (vaddr >= ttbr1Start) {
      base = r.ttbr1;
      regionSz = t1sz;
      disabled = (r.ttbcr >>> 23) & 1;
    } else {
      return TRANSLATION_FAULT_L1;
    }
    if (disabled === 1) return TRANSLATION_FAULT_L1;
    result.levels = 0;
    result.extended = true;
    result.tex = 0;
    result.c = 0;
    result.b = 0;
    result.domain = 0;
    // A region of 1 GiB or less starts at level 2 (B3.6.4); its table may be smaller than 4 KiB.
    const firstLevel = regionSz >= 2 ? 2 : 1;
    result.firstLevel = firstLevel;
    let shift = firstLevel === 1 ? 30 : 21;
    const tableBytes = (firstLevel === 1 ? 32 : 0x4000) >>> regionSz;
    // A remainder or power of numbers above 2^31 would cost as much as the rest of the walk.
    let table = Math.floor(base / tableBytes) * tableBytes;
    let index = ((vaddr << regionSz) >>> regionSz) >>> shift;
    let forcedXn = 0;
    let forcedPxn = 0;
    let forcedAp = 0;
    for (let level = firstLevel; ; level++) {
      const paddr = table + 8 * index;
      const low = this.ram.read32(paddr);
      const high = this.ram.read32(paddr + 4);
      if (low === BUS_ERROR || high === BUS_ERROR) return WALK_ABORT_L1 + level - 1;
      result.descriptors[2 * result.levels] = low;
      result.descriptors[2 * result.levels + 1] = high;
      result.entryPaddrs[result.levels] = paddr;
      result.levels++;
      const type = low & 3;
      if ((type & 1) === 0 || (type === 1 && level === 3)) return TRANSLATION_FAULT_L1 + level - 1;
      if (type === 1 || level === 3) {
        result.kind = level === 1 ? 'block' : level === 2 ? 'section' : 'page';
        const size = 1 << shift;
        result.size = size;
        result.paddr = (high & 0xff) * 2 ** 32 + (((low & -size) | (vaddr & (size - 1))) >>> 0);
        return this.longAttributes(result, low, high, forcedAp, forcedXn, forcedPxn);
      }
      table = (high & 0xff) * 2 ** 32 + ((low & 0xfffff000) >>> 0);
      forcedAp |= (high >>> 29) & 3;
      forcedXn |= (high >>> 28) & 1;
      forcedPxn |= (high >>> 27) & 1;
      shift -= 9;
      index = (vaddr >>> shift) & 511;
    }
  }

  private longAttributes(
    result: Translation,
    low: number,
    high: number,
    forcedAp: number,
    forcedXn: number,
    forcedPxn: number,
  ): number {
    result.attrIndex = (low >>> 2) & 7;
    result.sh = (low >>> 8) & 3;
    result.s = result.sh === 0 ? 0 : 1;
    result.af = (low >>> 10) & 1;
    result.ng = (low >>> 11) & 1;
    result.contiguous = (high >>> 20) & 1;
    result.pxn = ((high >>> 21) & 1) | forcedPxn;
    result.xn = ((high >>> 22) & 1) | forcedXn;
    // B3.6.2: APTable[0] takes user access away, APTable[1] takes write access away.
    const ap = (low >>> 6) & 3;
    const user = ap & 1 & ~forcedAp;
    const readOnly = (ap >>> 1) | (forcedAp >>> 1);
    result.apBits = (readOnly << 2) | (user << 1) | 1;
    result.ap = AP_TEXT[result.apBits]!;
    result.memoryType = this.types.long(result.attrIndex, result.sh);
    return result.af === 0 ? ACCESS_FLAG_FAULT : WALK_OK;
  }
}
