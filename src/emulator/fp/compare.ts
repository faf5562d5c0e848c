// SPDX-License-Identifier: GPL-2.0-only
/**
 * Comparisons: FPCompare() and its relatives of ARM ARM DDI 0406C, A2.7.5. A result for the FPSCR is the four bits
 * N, Z, C, V, from high to low.
 */
import { doubleValue, singleValue } from './bits.js';
import { flushesDouble, isDoubleNaN, isDoubleSignalling } from './double.js';
import { flushSingle, isSingleNaN, isSingleSignalling } from './single.js';
import { type FpStatus, IOC } from './status.js';

export const LESS = 0b1000;
export const EQUAL = 0b0110;
export const GREATER = 0b0010;
export const UNORDERED = 0b0011;

/** `quietIsInvalid` is VCMPE's: any NaN, not only a signalling one, is invalid. */
export function compareSingle(status: FpStatus, a: number, b: number, quietIsInvalid: boolean): number {
  const first = flushSingle(status, a);
  const second = flushSingle(status, b);
  if (isSingleNaN(first) || isSingleNaN(second)) {
    if (quietIsInvalid || isSingleSignalling(first) || isSingleSignalling(second)) status.flags |= IOC;
    return UNORDERED;
  }
  return order(singleValue(first), singleValue(second));
}

export function compareDouble(
  status: FpStatus,
  aHi: number,
  aLo: number,
  bHi: number,
  bLo: number,
  quietIsInvalid: boolean,
): number {
  const a = flushesDouble(status, aHi, aLo);
  const b = flushesDouble(status, bHi, bLo);
  if (isDoubleNaN(aHi, aLo) || isDoubleNaN(bHi, bLo)) {
    if (quietIsInvalid || isDoubleSignalling(aHi, aLo) || isDoubleSignalling(bHi, bLo)) status.flags |= IOC;
    return UNORDERED;
  }
  return order(a ? 0 : doubleValue(aHi, aLo), b ? 0 : doubleValue(bHi, bLo));
}

function order(a: number, b: number): number {
  if (a < b) return LESS;
  return a > b ? GREATER : EQUAL;
}
