// SPDX-License-Identifier: GPL-2.0-only
/**
 * Conversions between formats and to and from integers and fixed-point numbers (ARM ARM DDI 0406C, A2.7.6, A2.7.7,
 * A2.7.10). Values pass through the host's doubles, which hold every single and half precision number, every
 * 32-bit integer, and each of them times a power of two within range; NaNs are converted as patterns.
 */
import { doubleValue, highBits, lowBits, singleValue } from './bits.js';
import { flushesDouble, isDoubleInfinity, isDoubleNaN, isDoubleSignalling, isDoubleZero } from './double.js';
import { roundsUp } from './double-round.js';
import {
  flushSingle,
  isSingleInfinity,
  isSingleNaN,
  isSingleSignalling,
  isSingleZero,
  SIGN,
  SINGLE_DEFAULT_NAN,
  SINGLE_INFINITY,
} from './single.js';
import { roundToSingle } from './single-round.js';
import { type FpStatus, IOC, IXC, OFC, RM, RN, RP, RZ, UFC } from './status.js';

const DOUBLE_DEFAULT_NAN_HI = 0x7ff80000;
const HALF_DEFAULT_NAN = 0x7e00;

/** FPSingleToDouble(). The high word; the low one in `status.lo`. */
export function doubleFromSingle(status: FpStatus, bits: number): number {
  const operand = flushSingle(status, bits);
  if (isSingleNaN(operand)) {
    if (isSingleSignalling(operand)) status.flags |= IOC;
    status.lo = status.defaultNaN ? 0 : operand << 29;
    if (status.defaultNaN) return DOUBLE_DEFAULT_NAN_HI;
    return (operand & SIGN) | DOUBLE_DEFAULT_NAN_HI | ((operand & 0x3fffff) >>> 3);
  }
  const value = singleValue(operand);
  status.lo = lowBits(value);
  return highBits(value);
}

/** FPDoubleToSingle(). */
export function singleFromDouble(status: FpStatus, hi: number, lo: number): number {
  const sign = hi & SIGN;
  if (flushesDouble(status, hi, lo)) return sign;
  if (isDoubleNaN(hi, lo)) {
    if (isDoubleSignalling(hi, lo)) status.flags |= IOC;
    if (status.defaultNaN) return SINGLE_DEFAULT_NAN;
    return sign | SINGLE_DEFAULT_NAN | ((hi & 0x7ffff) << 3) | (lo >>> 29);
  }
  if (isDoubleInfinity(hi, lo)) return sign | SINGLE_INFINITY;
  if (isDoubleZero(hi, lo)) return sign;
  return roundToSingle(status, doubleValue(hi, lo));
}

/** FPHalfToSingle(). FZ does not concern half precision (A2.7.3). */
export function singleFromHalf(status: FpStatus, half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f && !status.alternativeHalf) {
    if (fraction === 0) return sign | SINGLE_INFINITY;
    if ((fraction & 0x200) === 0) status.flags |= IOC;
    return status.defaultNaN ? SINGLE_DEFAULT_NAN : sign | SINGLE_DEFAULT_NAN | (fraction << 13);
  }
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // Denormal: fraction * 2^-24, normal in single precision.
  const zeros = Math.clz32(fraction) - 21;
  return sign | ((113 - zeros) << 23) | (((fraction << zeros) & 0x3ff) << 13);
}

/** FPSingleToHalf(). */
export function halfFromSingle(status: FpStatus, bits: number): number {
  const operand = flushSingle(status, bits);
  const sign = (operand >>> 16) & 0x8000;
  if (isSingleNaN(operand)) {
    if (isSingleSignalling(operand) || status.alternativeHalf) status.flags |= IOC;
    if (status.alternativeHalf) return sign;
    return status.defaultNaN ? HALF_DEFAULT_NAN : sign | HALF_DEFAULT_NAN | ((operand >>> 13) & 0x1ff);
  }
  if (isSingleInfinity(operand)) {
    if (!status.alternativeHalf) return sign | 0x7c00;
    status.flags |= IOC;
    return sign | 0x7fff;
  }
  if (isSingleZero(operand)) return sign;
  return roundToHalf(status, operand);
}

/** FPRound() for N = 16 of a finite single-precision number that is not zero. */
function roundToHalf(status: FpStatus, bits: number): number {
  const negative = bits < 0;
  const sign = negative ? 0x8000 : 0;
  const biased = (bits >>> 23) & 0xff;
  // The exponent field of the result, minus 1 for the leading one that is added with the significand.
  const exponent = biased - 127 + 14;
  const isTiny = exponent < 0;
  const significand = (biased === 0 ? 0 : 0x800000) | (bits & 0x7fffff);
  // 24 bits are cut to 11, or fewer; past 25 only the sticky bit is left.
  const drop = isTiny ? Math.min(13 - exponent - (biased === 0 ? 1 : 0), 26) : 13;
  const kept = significand >>> drop;
  const lost = significand & ((1 << drop) - 1);
  const half = 1 << (drop - 1);
  const up = roundsUp(
    status.rounding,
    negative,
    (lost & half) !== 0,
    (lost & (half - 1)) !== 0,
    (kept & 1) !== 0,
  );
  if (isTiny && lost !== 0) status.flags |= UFC;
  const result = ((isTiny ? 0 : exponent) << 10) + kept + (up ? 1 : 0);
  if (status.alternativeHalf) {
    if (result >= 0x8000) {
      status.flags |= IOC;
      return sign | 0x7fff;
    }
  } else if (result >= 0x7c00) {
    status.flags |= OFC | IXC;
    const mode = status.rounding;
    const toInfinity = mode === RN || (mode === RP && !negative) || (mode === RM && negative);
    return sign | (toInfinity ? 0x7c00 : 0x7bff);
  }
  if (lost !== 0) status.flags |= IXC;
  return sign | result;
}

/**
 * FPToFixed() of a finite value: `value` * 2^fractionBits as an integer, rounded by `mode`, no less than `least`
 * and no more than `most`, both 32-bit integers. The product is exact: overflow to infinity saturates, and
 * numbers only grow. Returned as a number from `least` to `most`.
 */
function toFixed(
  status: FpStatus,
  value: number,
  fractionBits: number,
  mode: number,
  least: number,
  most: number,
): number {
  const scaled = value * 2 ** fractionBits;
  const size = Math.abs(scaled);
  const whole = Math.floor(size);
  const rest = size - whole;
  const negative = scaled < 0;
  const up = roundsUp(mode, negative, rest >= 0.5, rest !== 0 && rest !== 0.5, whole % 2 === 1);
  const rounded = up ? whole + 1 : whole;
  const result = negative ? -rounded : rounded;
  if (result < least || result > most) {
    status.flags |= IOC;
    return result < least ? least : most;
  }
  if (rest !== 0) status.flags |= IXC;
  return result;
}

/** The rounding that a conversion to an integer uses: FPSCR's, or towards zero. */
function modeOf(status: FpStatus, towardsZero: boolean): number {
  return towardsZero ? RZ : status.rounding;
}

/** A single-precision number as an integer of `bits` bits (16 or 32) with `fractionBits` of them after the point. */
export function fixedFromSingle(
  status: FpStatus,
  single: number,
  bits: number,
  fractionBits: number,
  unsigned: boolean,
  towardsZero: boolean,
): number {
  const operand = flushSingle(status, single);
  if (isSingleNaN(operand)) {
    status.flags |= IOC;
    return 0;
  }
  const most = unsigned ? 2 ** bits - 1 : 2 ** (bits - 1) - 1;
  const least = unsigned ? 0 : -(2 ** (bits - 1));
  const value = singleValue(operand);
  return toFixed(status, value, fractionBits, modeOf(status, towardsZero), least, most) | 0;
}

/** The same for a double-precision number. */
export function fixedFromDouble(
  status: FpStatus,
  hi: number,
  lo: number,
  bits: number,
  fractionBits: number,
  unsigned: boolean,
  towardsZero: boolean,
): number {
  if (flushesDouble(status, hi, lo)) return 0;
  if (isDoubleNaN(hi, lo)) {
    status.flags |= IOC;
    return 0;
  }
  const most = unsigned ? 2 ** bits - 1 : 2 ** (bits - 1) - 1;
  const least = unsigned ? 0 : -(2 ** (bits - 1));
  const value = doubleValue(hi, lo);
  return toFixed(status, value, fractionBits, modeOf(status, towardsZero), least, most) | 0;
}

/** FixedToFP(): an integer, given as a number, over 2^fractionBits, in single precision. */
export function singleFromFixed(status: FpStatus, integer: number, fractionBits: number): number {
  return integer === 0 ? 0 : roundToSingle(status, integer / 2 ** fractionBits);
}

/** The same in double precision, which is exact. The high word; the low one in `status.lo`. */
export function doubleFromFixed(status: FpStatus, integer: number, fractionBits: number): number {
  const value = integer / 2 ** fractionBits;
  status.lo = lowBits(value);
  return highBits(value);
}
