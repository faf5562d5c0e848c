// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which memory type a translation table entry asks for.
 * ARMv6/v7 short descriptors: TEX, C, B and S, directly (ARM DDI 0406C, B3.8.2) or through PRRR and NMRR
 * when TEX remap is on (B3.8.3). Long descriptors: AttrIndx selects a byte of MAIR0/MAIR1 (B3.8.4,
 * B4.1), SH the shareability. ARMv4/v5: C and B (ARM DDI 0100I, chapter B4), with TEX bit 0 on
 * XScale (Intel XScale core developer's manual, 3.2.2).
 * Equal types of one MemoryTypes are one object, until a register changes.
 * `bits` says the same in one number, for code that looks at the type of every access.
 */
import type { MmuRegisters } from './registers.js';

/** NC non-cacheable, WT write-through, WB write-back, WBWA write-back with allocation on write. */
export type CachePolicy = 'NC' | 'WT' | 'WB' | 'WBWA';

/** Inner caches may hold it. */
export const MT_CACHEABLE = 1;
/** The outer cache may hold it. */
export const MT_OUTER = 2;
/** Normal non-cacheable at both levels: stores may wait in a write buffer, loads may be merged. */
export const MT_BUFFERABLE = 4;
export const MT_SHAREABLE = 8;
/** Device or Strongly-ordered: accesses are made as often and in the order that the program says. */
export const MT_DEVICE = 16;
export const MT_INNER_WT = 32;
/** A store that misses allocates a line. */
export const MT_INNER_WA = 64;
export const MT_OUTER_WT = 128;
export const MT_OUTER_WA = 256;

export interface MemoryType {
  /** `unpredictable`: an encoding that the architecture reserves. */
  readonly type: 'strongly-ordered' | 'device' | 'normal' | 'unpredictable';
  /** NC unless Normal. */
  readonly inner: CachePolicy;
  readonly outer: CachePolicy;
  /** Null where the architecture has no such notion (ARMv4, ARMv5). */
  readonly shareable: boolean | null;
  /** `normal inner=WBWA outer=WBWA`, `device`, `strongly-ordered`, `cached write-back`, … */
  readonly text: string;
  /** MT_…, or-ed. Model: `unpredictable` behaves as Strongly-ordered. */
  readonly bits: number;
}

/** Two-bit policy fields: TEX[1:0], CB and NMRR's and walks' use one code (DDI 0406C, B3.8.2; B4.1, NMRR, TTBR0, TTBCR). */
export const POLICY: readonly CachePolicy[] = ['NC', 'WBWA', 'WT', 'WB'];

function make(
  type: MemoryType['type'],
  inner: CachePolicy,
  outer: CachePolicy,
  shareable: boolean | null,
  text: string,
): MemoryType {
  let bits = shareable === true ? MT_SHAREABLE : 0;
  if (type !== 'normal') bits |= MT_DEVICE;
  else if (inner === 'NC' && outer === 'NC') bits |= MT_BUFFERABLE;
  if (inner !== 'NC') bits |= MT_CACHEABLE;
  if (inner === 'WT') bits |= MT_INNER_WT;
  if (inner === 'WBWA') bits |= MT_INNER_WA;
  if (outer !== 'NC') bits |= MT_OUTER;
  if (outer === 'WT') bits |= MT_OUTER_WT;
  if (outer === 'WBWA') bits |= MT_OUTER_WA;
  return { type, inner, outer, shareable, text, bits };
}

/** Normal memory. */
export function normal(inner: CachePolicy, outer: CachePolicy, shareable: boolean): MemoryType {
  return make('normal', inner, outer, shareable, `normal inner=${inner} outer=${outer}`);
}

function uncached(type: 'strongly-ordered' | 'device' | 'unpredictable', shareable: boolean): MemoryType {
  return make(type, 'NC', 'NC', shareable, type);
}

/** Types for accesses that no table describes. */
export const NORMAL_WBWA: MemoryType = normal('WBWA', 'WBWA', false);
export const NORMAL_WBWA_SHARED: MemoryType = normal('WBWA', 'WBWA', true);
export const NORMAL_WB: MemoryType = normal('WB', 'WB', false);
export const NORMAL_WB_SHARED: MemoryType = normal('WB', 'WB', true);
export const NORMAL_WT: MemoryType = normal('WT', 'WT', false);
export const NORMAL_WT_SHARED: MemoryType = normal('WT', 'WT', true);
export const NORMAL_NC: MemoryType = normal('NC', 'NC', false);
export const NORMAL_NC_SHARED: MemoryType = normal('NC', 'NC', true);
/** Also what an access with the MMU off is. */
export const STRONGLY_ORDERED: MemoryType = uncached('strongly-ordered', true);
export const DEVICE: MemoryType = uncached('device', true);

/** Short descriptors without TEX remap: DDI 0406C, B3.8.2. */
function decodeTex(tex: number, cb: number, s: boolean): MemoryType {
  if (tex >= 4) return normal(POLICY[cb]!, POLICY[tex & 3]!, s);
  switch ((tex << 2) | cb) {
    case 0b000_00:
      return uncached('strongly-ordered', true);
    case 0b000_01:
      return uncached('device', true);
    case 0b000_10:
      return normal('WT', 'WT', s);
    case 0b000_11:
      return normal('WB', 'WB', s);
    case 0b001_00:
      return normal('NC', 'NC', s);
    case 0b001_11:
      return normal('WBWA', 'WBWA', s);
    case 0b010_00:
      return uncached('device', false);
    default:
      return uncached('unpredictable', true);
  }
}

/** Short descriptors with TEX remap: DDI 0406C, B3.8.3; registers in B4.1. */
function decodeRemapped(index: number, s: boolean, prrr: number, nmrr: number): MemoryType {
  const shareableIf = (bitWhenClear: number): boolean =>
    ((prrr >>> (s ? bitWhenClear + 1 : bitWhenClear)) & 1) === 1;
  switch ((prrr >>> (2 * index)) & 3) {
    case 0:
      return uncached('strongly-ordered', true);
    case 1:
      return uncached('device', shareableIf(16));
    case 2: {
      const inner = POLICY[(nmrr >>> (2 * index)) & 3]!;
      const outer = POLICY[(nmrr >>> (16 + 2 * index)) & 3]!;
      return normal(inner, outer, shareableIf(18));
    }
    default:
      return uncached('unpredictable', true);
  }
}

/** One half of a Normal MAIR byte. The transient hint is not part of the policy. */
function mairPolicy(nibble: number): CachePolicy {
  if (nibble === 0b0100) return 'NC';
  if ((nibble & 0b0100) === 0) return 'WT';
  return (nibble & 1) === 1 ? 'WBWA' : 'WB';
}

/** Long descriptors: DDI 0406C, B4.1, MAIR0 and MAIR1. SH 0 is non-shareable. */
function decodeMair(attribute: number, sh: number): MemoryType {
  const outer = attribute >>> 4;
  const inner = attribute & 0xf;
  if (outer === 0) {
    // B3.8.4: with long descriptors Device and Strongly-ordered are Outer Shareable whatever SH says.
    if (inner === 0) return uncached('strongly-ordered', true);
    return uncached(inner === 4 ? 'device' : 'unpredictable', true);
  }
  if (inner === 0) return uncached('unpredictable', true);
  return normal(mairPolicy(inner), mairPolicy(outer), sh !== 0);
}

/**
 * ARMv4 and ARMv5. `tex0` is XScale's X bit and 0 elsewhere.
 * Model: uncached buffered counts as Normal non-cacheable, uncached unbuffered as Strongly-ordered.
 */
function decodeLegacy(tex0: number, cb: number): MemoryType {
  const legacy = (type: 'strongly-ordered' | 'normal', policy: CachePolicy, text: string): MemoryType =>
    make(type, policy, policy, null, text);
  if (cb === 0 && tex0 === 0) return legacy('strongly-ordered', 'NC', 'uncached unbuffered');
  if (cb <= 1) return legacy('normal', 'NC', 'uncached buffered');
  if (cb === 2 && tex0 === 0) return legacy('normal', 'WT', 'cached write-through');
  if (cb === 2) return legacy('normal', 'WB', 'cached mini-cache');
  if (tex0 === 1) return legacy('normal', 'WBWA', 'cached write-back write-allocate');
  return legacy('normal', 'WB', 'cached write-back');
}

/** Decodes attributes under the current register values. Tables are rebuilt when a register changed. */
export class MemoryTypes {
  private readonly registers: MmuRegisters;
  /** Short: index TEX << 3 | C << 2 | B << 1 | S. Long: index AttrIndx << 2 | SH. */
  private table: MemoryType[] = [];
  /** Of the registers that `table` was made from. */
  private generation = -1;

  constructor(registers: MmuRegisters) {
    this.registers = registers;
  }

  short(tex: number, c: number, b: number, s: number): MemoryType {
    if (this.generation !== this.registers.generation) this.rebuild();
    return this.table[(tex << 3) | (c << 2) | (b << 1) | s]!;
  }

  long(attributeIndex: number, sh: number): MemoryType {
    if (this.generation !== this.registers.generation) this.rebuild();
    return this.table[(attributeIndex << 2) | sh]!;
  }

  private rebuild(): void {
    const r = this.registers;
    this.generation = r.generation;
    const decoded: MemoryType[] = [];
    if (r.format === 'long') {
      for (let i = 0; i < 32; i++) decoded.push(decodeMair(mairByte(r, i >> 2), i & 3));
    } else {
      for (let i = 0; i < 64; i++) decoded.push(decodeShort(r, i >> 3, (i >> 1) & 3, (i & 1) === 1));
    }
    const interned = new Map<string, MemoryType>();
    this.table = decoded.map(type => {
      const key = `${type.text} ${type.shareable}`;
      const known = interned.get(key) ?? type;
      interned.set(key, known);
      return known;
    });
  }
}

function decodeShort(r: MmuRegisters, tex: number, cb: number, s: boolean): MemoryType {
  if (r.architecture < 6) return decodeLegacy(tex & 1, cb);
  if (r.tre) return decodeRemapped(((tex & 1) << 2) | cb, s, r.prrr, r.nmrr);
  return decodeTex(tex, cb, s);
}

/** Attribute byte `index` (0 … 7) of MAIR0 and MAIR1. */
export function mairByte(registers: MmuRegisters, index: number): number {
  return ((index < 4 ? registers.mair0 : registers.mair1) >>> (8 * (index & 3))) & 0xff;
}
