// SPDX-License-Identifier: GPL-2.0-only
/**
 * Single-precision arithmetic, as ARM ARM DDI 0406C, A2.7.4 to A2.7.9 defines it: operands and results are 32-bit
 * patterns, flags go to the status.
 * The arithmetic itself is the host's in double precision, which is exact or close enough to lose nothing:
 * - sums: the rounding error of the host's sum is computed, and the sum rounded to odd (`bits.ts`);
 * - products: 24 by 24 bits are at most 48 bits, from 2^-298 to 2^256, which a double holds;
 * - quotients: a/b and a number r of at most 25 bits are equal, or differ by at least 2^-49 of r (a - r*b is a
 *   multiple of the product of the units in the last place of r and b), while the host's error is at most 2^-53.
 *   So the host's quotient lies on the same side as the exact one of every single-precision number and every
 *   middle between two, and on one only if the exact one does. Rounding it once more is right in each mode;
 * - square roots: the same for the root of a and r, with a difference of at least 2^-51 of r, since a - r*r is a
 *   multiple of 2^-48 for a in [1, 4) and r in [1, 2);
 * - fused multiply-add: an exact product and a sum as above.
 */
import { roundedToOdd, singleValue, sumError } from './bits.js';
import { roundToSingle } from './single-round.js';
import { DZC, type FpStatus, IDC, IOC, RM } from './status.js';

/** The sign bit, as all patterns a signed integer. */
export const SIGN = -0x80000000;
export const SINGLE_INFINITY = 0x7f800000;
export const SINGLE_DEFAULT_NAN = 0x7fc00000;
const SINGLE_TWO = 0x40000000;
const SINGLE_THREE = 0x40400000;
const SINGLE_ONE_AND_HALF = 0x3fc00000;

/** Neither zero, denormal, infinite nor a NaN. */
function isNormal(bits: number): boolean {
  return (((bits >>> 23) + 1) & 0xff) > 1;
}

export function isSingleNaN(bits: number): boolean {
  return (bits & 0x7fffffff) > SINGLE_INFINITY;
}

export function isSingleInfinity(bits: number): boolean {
  return (bits & 0x7fffffff) === SINGLE_INFINITY;
}

export function isSingleZero(bits: number): boolean {
  return (bits & 0x7fffffff) === 0;
}

export function isSingleSignalling(bits: number): boolean {
  return (bits & 0x7fc00000) === SINGLE_INFINITY && (bits & 0x3fffff) !== 0;
}

/** An operand as the status wants it: with FZ a denormal is a zero of its sign. */
export function flushSingle(status: FpStatus, bits: number): number {
  if (status.flushToZero && (bits & 0x7f800000) === 0 && (bits & 0x7fffff) !== 0) {
    status.flags |= IDC;
    return bits & SIGN;
  }
  return bits;
}

/** FPProcessNaN(): what becomes of one NaN. */
export function singleNaN(status: FpStatus, bits: number): number {
  if (isSingleSignalling(bits)) status.flags |= IOC;
  return status.defaultNaN ? SINGLE_DEFAULT_NAN : bits | 0x400000;
}

/** FPProcessNaNs(), when at least one is a NaN: the first signalling one, else the first. */
export function singleNaNs(status: FpStatus, a: number, b: number): number {
  if (isSingleSignalling(a)) return singleNaN(status, a);
  if (isSingleSignalling(b)) return singleNaN(status, b);
  return singleNaN(status, isSingleNaN(a) ? a : b);
}

/** FPProcessNaNs3(). */
function singleNaNs3(status: FpStatus, a: number, b: number, c: number): number {
  if (isSingleSignalling(a)) return singleNaN(status, a);
  if (isSingleSignalling(b)) return singleNaN(status, b);
  if (isSingleSignalling(c)) return singleNaN(status, c);
  return singleNaN(status, isSingleNaN(a) ? a : isSingleNaN(b) ? b : c);
}

/** The default NaN of an operation that has no answer. */
function invalid(status: FpStatus): number {
  status.flags |= IOC;
  return SINGLE_DEFAULT_NAN;
}

/** The zero that a sum of opposite numbers is. */
function cancelled(status: FpStatus): number {
  return status.rounding === RM ? SIGN : 0;
}

/** x + y, rounded, of finite values; not for two zeros. */
function roundedSum(status: FpStatus, x: number, y: number): number {
  const sum = x + y;
  if (sum === 0) return cancelled(status);
  return roundToSingle(status, roundedToOdd(sum, sumError(x, y, sum)));
}

/** FPAdd(). */
export function addSingle(status: FpStatus, a: number, b: number): number {
  if (isNormal(a) && isNormal(b)) return roundedSum(status, singleValue(a), singleValue(b));
  const first = flushSingle(status, a);
  const second = flushSingle(status, b);
  if (isSingleNaN(first) || isSingleNaN(second)) return singleNaNs(status, first, second);
  if (isSingleInfinity(first)) {
    return isSingleInfinity(second) && first !== second ? invalid(status) : first;
  }
  if (isSingleInfinity(second)) return second;
  if (isSingleZero(first) && isSingleZero(second)) return first === second ? first : cancelled(status);
  return roundedSum(status, singleValue(first), singleValue(second));
}

/** FPSub(). Not the sum with the negated operand: a NaN keeps its sign. */
export function subSingle(status: FpStatus, a: number, b: number): number {
  if (isSingleNaN(b)) return singleNaNs(status, flushSingle(status, a), b);
  return addSingle(status, a, b ^ SIGN);
}

/** FPMul(). */
export function mulSingle(status: FpStatus, a: number, b: number): number {
  if (isNormal(a) && isNormal(b)) return roundToSingle(status, singleValue(a) * singleValue(b));
  const first = flushSingle(status, a);
  const second = flushSingle(status, b);
  if (isSingleNaN(first) || isSingleNaN(second)) return singleNaNs(status, first, second);
  const sign = (first ^ second) & SIGN;
  if (isSingleInfinity(first)) return isSingleZero(second) ? invalid(status) : sign | SINGLE_INFINITY;
  if (isSingleInfinity(second)) return isSingleZero(first) ? invalid(status) : sign | SINGLE_INFINITY;
  if (isSingleZero(first) || isSingleZero(second)) return sign;
  return roundToSingle(status, singleValue(first) * singleValue(second));
}

/** FPDiv(). */
export function divSingle(status: FpStatus, a: number, b: number): number {
  if (isNormal(a) && isNormal(b)) return roundToSingle(status, singleValue(a) / singleValue(b));
  const first = flushSingle(status, a);
  const second = flushSingle(status, b);
  if (isSingleNaN(first) || isSingleNaN(second)) return singleNaNs(status, first, second);
  const sign = (first ^ second) & SIGN;
  if (isSingleInfinity(first)) return isSingleInfinity(second) ? invalid(status) : sign | SINGLE_INFINITY;
  if (isSingleInfinity(second)) return sign;
  if (isSingleZero(second)) {
    if (isSingleZero(first)) return invalid(status);
    status.flags |= DZC;
    return sign | SINGLE_INFINITY;
  }
  if (isSingleZero(first)) return sign;
  return roundToSingle(status, singleValue(first) / singleValue(second));
}

/** FPSqrt(). */
export function sqrtSingle(status: FpStatus, a: number): number {
  const operand = flushSingle(status, a);
  if (isSingleNaN(operand)) return singleNaN(status, operand);
  if (isSingleZero(operand)) return operand;
  if (operand < 0) return invalid(status);
  if (isSingleInfinity(operand)) return operand;
  return roundToSingle(status, Math.sqrt(singleValue(operand)));
}

/** FPMulAdd(): addend + a * b, rounded once. */
export function mulAddSingle(status: FpStatus, addend: number, a: number, b: number): number {
  if (isNormal(a) && isNormal(b) && isNormal(addend)) {
    return roundedSum(status, singleValue(a) * singleValue(b), singleValue(addend));
  }
  const third = flushSingle(status, addend);
  const first = flushSingle(status, a);
  const second = flushSingle(status, b);
  const zeroTimesInfinity =
    (isSingleInfinity(first) && isSingleZero(second)) || (isSingleZero(first) && isSingleInfinity(second));
  if (isSingleNaN(third) || isSingleNaN(first) || isSingleNaN(second)) {
    if (zeroTimesInfinity && !isSingleSignalling(third)) return invalid(status);
    return singleNaNs3(status, third, first, second);
  }
  if (zeroTimesInfinity) return invalid(status);
  const sign = (first ^ second) & SIGN;
  if (isSingleInfinity(first) || isSingleInfinity(second)) {
    return isSingleInfinity(third) && (third & SIGN) !== sign ? invalid(status) : sign | SINGLE_INFINITY;
  }
  if (isSingleInfinity(third)) return third;
  if (isSingleZero(third) && (isSingleZero(first) || isSingleZero(second))) {
    return third === sign ? third : cancelled(status);
  }
  return roundedSum(status, singleValue(first) * singleValue(second), singleValue(third));
}

/** FPMax(): of a positive and a negative zero the positive one. */
export function maxSingle(status: FpStatus, a: number, b: number): number {
  const first = flushSingle(status, a);
  const second = flushSingle(status, b);
  if (isSingleNaN(first) || isSingleNaN(second)) return singleNaNs(status, first, second);
  if (isSingleZero(first) && isSingleZero(second)) return first & second;
  return singleValue(first) > singleValue(second) ? first : second;
}

/** FPMin(): of a positive and a negative zero the negative one. */
export function minSingle(status: FpStatus, a: number, b: number): number {
  const first = flushSingle(status, a);
  const second = flushSingle(status, b);
  if (isSingleNaN(first) || isSingleNaN(second)) return singleNaNs(status, first, second);
  if (isSingleZero(first) && isSingleZero(second)) return first | second;
  return singleValue(first) < singleValue(second) ? first : second;
}

/** FPRecipStep(): 2 - a * b, rounded twice. */
export function recipStepSingle(status: FpStatus, a: number, b: number): number {
  const first = flushSingle(status, a);
  const second = flushSingle(status, b);
  if (isZeroTimesInfinity(first, second)) return SINGLE_TWO;
  if (isSingleNaN(first) || isSingleNaN(second)) return singleNaNs(status, first, second);
  return subSingle(status, SINGLE_TWO, mulSingle(status, first, second));
}

/** FPRSqrtStep(): (3 - a * b) / 2, rounded twice; halving is exact but for results that become denormal. */
export function rsqrtStepSingle(status: FpStatus, a: number, b: number): number {
  const first = flushSingle(status, a);
  const second = flushSingle(status, b);
  if (isZeroTimesInfinity(first, second)) return SINGLE_ONE_AND_HALF;
  if (isSingleNaN(first) || isSingleNaN(second)) return singleNaNs(status, first, second);
  const difference = subSingle(status, SINGLE_THREE, mulSingle(status, first, second));
  return divSingle(status, difference, SINGLE_TWO);
}

function isZeroTimesInfinity(a: number, b: number): boolean {
  return (isSingleInfinity(a) && isSingleZero(b)) || (isSingleZero(a) && isSingleInfinity(b));
}

/** An integer or fixed-point value, which is exact as a double, in single precision. */
export function singleFromExact(status: FpStatus, value: number): number {
  return value === 0 ? 0 : roundToSingle(status, value);
}
