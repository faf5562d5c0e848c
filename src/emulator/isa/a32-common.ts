// SPDX-License-Identifier: GPL-2.0-only
/** What decoding of A32 and T32 has in common. */
import type { Op } from './op.js';

/** A signed field of `bits` bits. */
export function signed(value: number, bits: number): number {
  return (value << (32 - bits)) >> (32 - bits);
}

function bitCount(list: number): number {
  let count = 0;
  for (let bits = list; bits !== 0; bits &= bits - 1) count++;
  return count;
}

function offsets(op: Op, count: number): void {
  const bytes = 4 * count;
  if (op.u === 1) op.imm = op.p === 1 ? 4 : 0;
  else op.imm = op.p === 1 ? -bytes : 4 - bytes;
  op.amount = op.u === 1 ? bytes : -bytes;
}

/** Lowest address and change of the base of LDM and STM: `p` before, `u` upwards. */
export function multipleOffsets(op: Op): void {
  offsets(op, bitCount(op.list));
}

/** The same of RFE and SRS. */
export function pairOffsets(op: Op): void {
  offsets(op, 2);
}

/** Coprocessors 10 and 11 are VFP and Advanced SIMD (A7); others than 14 and 15 do not exist. */
export function noCoprocessor(op: Op): boolean {
  return op.coproc < 14;
}

export function isFloatingPoint(op: Op): boolean {
  return op.coproc === 10 || op.coproc === 11;
}
