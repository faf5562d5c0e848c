// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the tables of VFP and Advanced SIMD have in common. Each such instruction exists in both instruction sets
 * with the same bits but for the first ones (ARM DDI 0406C, A7.5 to A7.9):
 *
 *   A32  cond ....      1111 001U ....      1111 0100 ....
 *   T32  1110 ....      111U 1111 ....      1111 1001 ....
 *
 * so a row is written once. Register numbers have five bits, split into a letter and four: D:Vd for doublewords,
 * Vd:D for singles. Patterns keep the pieces apart (d, vd); decode() joins them in vd, vn and vm.
 */
import type { Decoded, Encoding, EncodingClass } from './encoding.js';
import type { Op } from './op.js';

/** A row for both instruction sets. */
export interface TwinRow {
  readonly name: string;
  /** `1`: encodings A1 and T1. */
  readonly number: string;
  /** Of chapter A8.8. */
  readonly section: number;
  readonly class: EncodingClass;
  readonly a32: string;
  readonly t32: string;
  readonly syntax: string;
  readonly unit: 'vfp' | 'neon' | 'vfp-system';
  readonly decode: TwinDecode;
  readonly see?: (op: Op) => boolean;
}

/** decode() of a row for both instruction sets, some of which differ in what is UNPREDICTABLE. */
export type TwinDecode = (op: Op, thumb: boolean) => Decoded;

export function inA32(rows: readonly TwinRow[]): Encoding[] {
  return rows.map(row => encoding(row, 'A', row.a32));
}

export function inT32(rows: readonly TwinRow[]): Encoding[] {
  return rows.map(row => encoding(row, 'T', row.t32));
}

function encoding(row: TwinRow, set: 'A' | 'T', pattern: string): Encoding {
  const section = `A8.8.${row.section}`;
  const { name, syntax, unit } = row;
  const decode = (op: Op): Decoded => row.decode(op, set === 'T');
  const made = { name, encoding: set + row.number, section, class: row.class, pattern, syntax, unit, decode };
  return row.see === undefined ? made : { ...made, see: row.see };
}

/** Joins registers of single precision: Vd:D is the number of the word. */
export function joinSingles(op: Op): void {
  op.vd = (op.vd << 1) | op.d;
  op.vn = (op.vn << 1) | op.n;
  op.vm = (op.vm << 1) | op.m;
}

/** Joins doubleword registers: D:Vd. */
export function joinDoubles(op: Op): void {
  op.vd |= op.d << 4;
  op.vn |= op.n << 4;
  op.vm |= op.m << 4;
}
