// SPDX-License-Identifier: GPL-2.0-only
/**
 * The coprocessor 15 registers that decide how an address is translated and which memory type results.
 * Names as in ARM DDI 0406C, B4.1 (VMSA registers). Software writes them like fields; `generation` counts
 * the writes, so that whoever keeps something that depends on them (TLBs, decoded memory types) sees with one
 * comparison that it is out of date. Comparing the registers themselves costs 9 ns an access, this 1 ns.
 * Left out: SCTLR bits other than those named here, TTBR attributes for the walk itself (every walk
 * reads memory directly).
 */
import type { Architecture } from '../facts.js';

export type TableFormat = 'short' | 'long';

/** What each register holds. */
export interface RegisterValues {
  /** `long`: TTBCR.EAE is 1. */
  format: TableFormat;
  /** ARMv6 SCTLR.XP: the extended table format without subpages. Always true on ARMv7, false below 6. */
  xp: boolean;
  /** SCTLR.TRE: TEX remap. Ignored with long descriptors, which always use MAIR. */
  tre: boolean;
  /** SCTLR.AFE: AP[0] is the access flag. Always on with long descriptors. */
  afe: boolean;
  /** Table base with the walk attributes in the low bits; for long descriptors without the ASID field. */
  ttbr0: number;
  ttbr1: number;
  ttbcr: number;
  prrr: number;
  nmrr: number;
  mair0: number;
  mair1: number;
  dacr: number;
  asid: number;
}

const TTBR0 = 0;
const TTBR1 = 1;
const TTBCR = 2;
const PRRR = 3;
const NMRR = 4;
const MAIR0 = 5;
const MAIR1 = 6;

export class MmuRegisters implements RegisterValues {
  readonly architecture: Architecture;
  /** An implementation with PXN in short descriptors: first-level type 0b11 is a section (ARMv7 with LPAE). */
  readonly pxnInShortDescriptors: boolean;
  dacr = 0;
  asid = 0;
  /** Changes with each write of a register other than DACR and the ASID, which every access looks at anyway. */
  generation = 0;
  /** Such writes on all cores of a machine. */
  readonly changes: { count: number };
  private readonly words: Float64Array = new Float64Array(7);
  private formatBit: TableFormat = 'short';
  private xpBit: boolean;
  private treBit = false;
  private afeBit = false;

  constructor(
    architecture: Architecture,
    longDescriptors: boolean,
    changes: { count: number } = { count: 0 },
  ) {
    this.changes = changes;
    this.architecture = architecture;
    this.pxnInShortDescriptors = longDescriptors;
    this.xpBit = architecture >= 7;
  }

  /** No table was ever set: software runs with the MMU off. */
  get isOff(): boolean {
    return this.words[TTBR0] === 0 && this.words[TTBR1] === 0;
  }

  /** The same registers with other values, for looking at tables that are not in use. */
  with(values: Partial<RegisterValues>): MmuRegisters {
    const copy = new MmuRegisters(this.architecture, this.pxnInShortDescriptors);
    const { format, xp, tre, afe, ttbr0, ttbr1, ttbcr, prrr, nmrr, mair0, mair1, dacr, asid } = this;
    const own = { format, xp, tre, afe, ttbr0, ttbr1, ttbcr, prrr, nmrr, mair0, mair1, dacr, asid };
    return Object.assign(copy, own, values);
  }

  get format(): TableFormat {
    return this.formatBit;
  }

  set format(value: TableFormat) {
    this.formatBit = value;
    this.changed();
  }

  get xp(): boolean {
    return this.xpBit;
  }

  set xp(value: boolean) {
    this.xpBit = value;
    this.changed();
  }

  get tre(): boolean {
    return this.treBit;
  }

  set tre(value: boolean) {
    this.treBit = value;
    this.changed();
  }

  get afe(): boolean {
    return this.afeBit;
  }

  set afe(value: boolean) {
    this.afeBit = value;
    this.changed();
  }

  get ttbr0(): number {
    return this.words[TTBR0]!;
  }

  set ttbr0(value: number) {
    this.write(TTBR0, value);
  }

  get ttbr1(): number {
    return this.words[TTBR1]!;
  }

  set ttbr1(value: number) {
    this.write(TTBR1, value);
  }

  get ttbcr(): number {
    return this.words[TTBCR]!;
  }

  set ttbcr(value: number) {
    this.write(TTBCR, value);
  }

  get prrr(): number {
    return this.words[PRRR]!;
  }

  set prrr(value: number) {
    this.write(PRRR, value);
  }

  get nmrr(): number {
    return this.words[NMRR]!;
  }

  set nmrr(value: number) {
    this.write(NMRR, value);
  }

  get mair0(): number {
    return this.words[MAIR0]!;
  }

  set mair0(value: number) {
    this.write(MAIR0, value);
  }

  get mair1(): number {
    return this.words[MAIR1]!;
  }

  set mair1(value: number) {
    this.write(MAIR1, value);
  }

  private write(register: number, value: number): void {
    this.words[register] = value;
    this.changed();
  }

  private changed(): void {
    this.generation++;
    this.changes.count++;
  }
}

/**
 * Registers as after reset, with the format bits that the architecture fixes. `longDescriptors`: the core
 * implements LPAE, and therefore PXN in short descriptors. `first`: those of the machine's first core, if this is another.
 */
export function createRegisters(
  architecture: Architecture,
  longDescriptors = false,
  first: MmuRegisters | null = null,
): MmuRegisters {
  return new MmuRegisters(architecture, longDescriptors, first?.changes);
}
