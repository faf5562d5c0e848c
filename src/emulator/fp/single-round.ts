// SPDX-License-Identifier: GPL-2.0-only
/**
 * Rounding a number to single precision: FPRound() of ARM ARM DDI 0406C, A2.7.11 for N = 32.
 */
import { singleBits, singleValue } from './bits.js';
import { type FpStatus, IXC, OFC, RM, RN, RP, UFC } from './status.js';

/** The least normal number, 2^-126. */
const MIN_NORMAL = 2 ** -126;
/** The first power of two that is out of range. */
const OVERFLOW = 2 ** 128;

/**
 * The pattern of `value`, which is finite and not zero, as the status rounds it. `value` is the exact result, or
 * that rounded to odd at 53 bits.
 */
export function roundToSingle(status: FpStatus, value: number): number {
  const bits = singleBits(value);
  const nearest = singleValue(bits);
  const size = value < 0 ? -value : value;
  if (status.rounding === RN && size > MIN_NORMAL && nearest - nearest === 0) {
    if (nearest !== value) status.flags |= IXC;
    return bits;
  }
  return roundWithCare(status, value, size, bits, nearest);
}

/** Other rounding modes, and results at the ends of the range. Tininess is detected before rounding. */
function roundWithCare(status: FpStatus, value: number, size: number, bits: number, nearest: number): number {
  if (size < MIN_NORMAL && status.flushToZero) {
    status.flags |= UFC;
    return value < 0 ? 0x80000000 | 0 : 0;
  }
  if (nearest === value) return bits;
  status.flags |= size < MIN_NORMAL ? UFC | IXC : IXC;
  const negative = value < 0;
  const mode = status.rounding;
  const away = mode === RP ? !negative : mode === RM && negative;
  const isFurther = negative ? nearest < value : nearest > value;
  // Patterns of one sign are ordered by size, and the pattern of infinity follows that of the largest number.
  let result = bits;
  if (mode !== RN && isFurther !== away) result += away ? 1 : -1;
  // Directed rounding towards zero overflows too when the unbounded result would be out of range.
  if (size >= OVERFLOW || (result & 0x7fffffff) === 0x7f800000) status.flags |= OFC;
  return result;
}
