// SPDX-License-Identifier: GPL-2.0-only
/**
 * Double-precision arithmetic, as ARM ARM DDI 0406C, A2.7.4 to A2.7.9 defines it. An operand is two words, the
 * high one first; an operation returns the high word of its result and leaves the low one in `status.lo`.
 * Each operation tries the host's arithmetic first, which rounds to nearest as ARM's default does: its result is
 * taken if operands and result are normal numbers, and the result is above the least normal one (so that rounding
 * cannot have hidden an underflow). Only whether it is exact is then unknown. That matters only while IXC is clear:
 * then the rounding error is computed, within bounds where that is exact. All else is done in integers (`wide.ts`).
 * Square roots never leave the normal range and need only the sign of the error. Math.sqrt is the processor's square
 * root in every engine that matters, rounded correctly; ECMAScript does not promise it, hence a test.
 */
import { doubleValue, highBits, lowBits, neighbour, productError, sumError } from './bits.js';
import { roundToDouble, unpackDouble } from './double-round.js';
import { SIGN } from './single.js';
import { DZC, type FpStatus, IDC, IOC, IXC, RM, RN, RP } from './status.js';
import { Wide } from './wide.js';

const INFINITY_HI = 0x7ff00000;
const DEFAULT_NAN_HI = 0x7ff80000;
/** Between these sizes the helpers of `bits.ts` are exact, whatever the operation. */
const SAFE_LEAST = 2 ** -400;
const SAFE_MOST = 2 ** 400;

const left = new Wide();
const right = new Wide();

function isNormal(hi: number): boolean {
  return (((hi >>> 20) + 1) & 0x7ff) > 1;
}

export function isDoubleNaN(hi: number, lo: number): boolean {
  const top = hi & 0x7fffffff;
  return top > INFINITY_HI || (top === INFINITY_HI && lo !== 0);
}

export function isDoubleInfinity(hi: number, lo: number): boolean {
  return (hi & 0x7fffffff) === INFINITY_HI && lo === 0;
}

export function isDoubleZero(hi: number, lo: number): boolean {
  return ((hi & 0x7fffffff) | lo) === 0;
}

export function isDoubleSignalling(hi: number, lo: number): boolean {
  return (hi & 0x7ff80000) === INFINITY_HI && ((hi & 0x7ffff) | lo) !== 0;
}

/** Whether the status makes a zero of this operand: FZ and a denormal. Tells the status. */
export function flushesDouble(status: FpStatus, hi: number, lo: number): boolean {
  if (status.flushToZero && (hi & INFINITY_HI) === 0 && !isDoubleZero(hi, lo)) {
    status.flags |= IDC;
    return true;
  }
  return false;
}

function give(status: FpStatus, hi: number, lo: number): number {
  status.lo = lo;
  return hi;
}

function giveValue(status: FpStatus, value: number): number {
  status.lo = lowBits(value);
  return highBits(value);
}

function giveInvalid(status: FpStatus): number {
  status.flags |= IOC;
  return give(status, DEFAULT_NAN_HI, 0);
}

function giveCancelled(status: FpStatus): number {
  return give(status, status.rounding === RM ? SIGN : 0, 0);
}

/** FPProcessNaN(). */
export function doubleNaN(status: FpStatus, hi: number, lo: number): number {
  if (isDoubleSignalling(hi, lo)) status.flags |= IOC;
  return status.defaultNaN ? give(status, DEFAULT_NAN_HI, 0) : give(status, hi | 0x80000, lo);
}

/** FPProcessNaNs(), when at least one is a NaN. */
function doubleNaNs(status: FpStatus, aHi: number, aLo: number, bHi: number, bLo: number): number {
  if (isDoubleSignalling(aHi, aLo)) return doubleNaN(status, aHi, aLo);
  if (isDoubleSignalling(bHi, bLo)) return doubleNaN(status, bHi, bLo);
  return isDoubleNaN(aHi, aLo) ? doubleNaN(status, aHi, aLo) : doubleNaN(status, bHi, bLo);
}

/** Whether the host's result of normal operands can be taken as it is. */
function isPlain(result: number): boolean {
  const size = result < 0 ? -result : result;
  return size > 2 ** -1022 && size < Number.POSITIVE_INFINITY;
}

function isSafe(value: number): boolean {
  const size = value < 0 ? -value : value;
  return size > SAFE_LEAST && size < SAFE_MOST;
}

/** FPAdd(). */
export function addDouble(status: FpStatus, aHi: number, aLo: number, bHi: number, bLo: number): number {
  if (status.rounding === RN && isNormal(aHi) && isNormal(bHi)) {
    const a = doubleValue(aHi, aLo);
    const b = doubleValue(bHi, bLo);
    const sum = a + b;
    // A sum of zero is exact, and positive in this mode.
    if (sum === 0) return give(status, 0, 0);
    if (isPlain(sum)) {
      if ((status.flags & IXC) !== 0) return giveValue(status, sum);
      if (isSafe(a) && isSafe(b)) {
        if (sumError(a, b, sum) !== 0) status.flags |= IXC;
        return giveValue(status, sum);
      }
    }
  }
  return addWithCare(status, aHi, aLo, bHi, bLo);
}

function addWithCare(status: FpStatus, aHi: number, aLo: number, bHi: number, bLo: number): number {
  if (flushesDouble(status, aHi, aLo)) {
    aHi &= SIGN;
    aLo = 0;
  }
  if (flushesDouble(status, bHi, bLo)) {
    bHi &= SIGN;
    bLo = 0;
  }
  if (isDoubleNaN(aHi, aLo) || isDoubleNaN(bHi, bLo)) return doubleNaNs(status, aHi, aLo, bHi, bLo);
  if (isDoubleInfinity(aHi, aLo)) {
    if (isDoubleInfinity(bHi, bLo) && aHi !== bHi) return giveInvalid(status);
    return give(status, aHi, aLo);
  }
  if (isDoubleInfinity(bHi, bLo)) return give(status, bHi, bLo);
  if (isDoubleZero(aHi, aLo)) {
    if (!isDoubleZero(bHi, bLo)) return give(status, bHi, bLo);
    return aHi === bHi ? give(status, aHi, 0) : giveCancelled(status);
  }
  if (isDoubleZero(bHi, bLo)) return give(status, aHi, aLo);
  unpackDouble(left, aHi, aLo);
  unpackDouble(right, bHi, bLo);
  left.add(right);
  return left.isZero() ? giveCancelled(status) : roundToDouble(status, left);
}

/** FPSub(). Not the sum with the negated operand: a NaN keeps its sign. */
export function subDouble(status: FpStatus, aHi: number, aLo: number, bHi: number, bLo: number): number {
  if (isDoubleNaN(bHi, bLo)) {
    flushesDouble(status, aHi, aLo);
    return doubleNaNs(status, aHi, aLo, bHi, bLo);
  }
  return addDouble(status, aHi, aLo, bHi ^ SIGN, bLo);
}

/** FPMul(). */
export function mulDouble(status: FpStatus, aHi: number, aLo: number, bHi: number, bLo: number): number {
  if (status.rounding === RN && isNormal(aHi) && isNormal(bHi)) {
    const a = doubleValue(aHi, aLo);
    const b = doubleValue(bHi, bLo);
    const product = a * b;
    if (isPlain(product)) {
      if ((status.flags & IXC) !== 0) return giveValue(status, product);
      if (isSafe(a) && isSafe(b)) {
        if (productError(a, b, product) !== 0) status.flags |= IXC;
        return giveValue(status, product);
      }
    }
  }
  return mulWithCare(status, aHi, aLo, bHi, bLo);
}

function mulWithCare(status: FpStatus, aHi: number, aLo: number, bHi: number, bLo: number): number {
  if (flushesDouble(status, aHi, aLo)) {
    aHi &= SIGN;
    aLo = 0;
  }
  if (flushesDouble(status, bHi, bLo)) {
    bHi &= SIGN;
    bLo = 0;
  }
  if (isDoubleNaN(aHi, aLo) || isDoubleNaN(bHi, bLo)) return doubleNaNs(status, aHi, aLo, bHi, bLo);
  const sign = (aHi ^ bHi) & SIGN;
  const hasZero = isDoubleZero(aHi, aLo) || isDoubleZero(bHi, bLo);
  if (isDoubleInfinity(aHi, aLo) || isDoubleInfinity(bHi, bLo)) {
    return hasZero ? giveInvalid(status) : give(status, sign | INFINITY_HI, 0);
  }
  if (hasZero) return give(status, sign, 0);
  setProduct(aHi, aLo, bHi, bLo);
  return roundToDouble(status, left);
}

/** The exact product of two finite numbers, neither of them zero, in `left`. */
function setProduct(aHi: number, aLo: number, bHi: number, bLo: number): void {
  const a = significand(aHi, aLo, 0);
  const b = significand(bHi, bLo, 1);
  left.setProduct((aHi ^ bHi) < 0, a + b, parts[0]!, parts[1]!, parts[2]!, parts[3]!);
}

/** Significands of 53 bits with the leading one in place: high and low word of two operands. */
const parts = new Int32Array(4);

/** Puts the significand of a finite number that is not zero into `parts`; returns the exponent of its leading one. */
function significand(hi: number, lo: number, index: 0 | 1): number {
  const biased = (hi >>> 20) & 0x7ff;
  let top = hi & 0xfffff;
  let low = lo;
  let exponent = biased - 1023;
  if (biased !== 0) {
    top |= 0x100000;
  } else {
    const zeros = top !== 0 ? Math.clz32(top) - 11 : Math.clz32(low) + 21;
    if (zeros >= 32) {
      top = low << (zeros - 32);
      low = 0;
    } else {
      top = (top << zeros) | (low >>> (32 - zeros));
      low <<= zeros;
    }
    exponent = -1022 - zeros;
  }
  parts[2 * index] = top;
  parts[2 * index + 1] = low;
  return exponent;
}

/** FPDiv(). */
export function divDouble(status: FpStatus, aHi: number, aLo: number, bHi: number, bLo: number): number {
  if (status.rounding === RN && isNormal(aHi) && isNormal(bHi)) {
    const a = doubleValue(aHi, aLo);
    const b = doubleValue(bHi, bLo);
    const quotient = a / b;
    if (isPlain(quotient)) {
      if ((status.flags & IXC) !== 0) return giveValue(status, quotient);
      if (isSafe(a) && isSafe(b) && isSafe(quotient)) {
        const product = quotient * b;
        if (product !== a || productError(quotient, b, product) !== 0) status.flags |= IXC;
        return giveValue(status, quotient);
      }
    }
  }
  return divWithCare(status, aHi, aLo, bHi, bLo);
}

function divWithCare(status: FpStatus, aHi: number, aLo: number, bHi: number, bLo: number): number {
  if (flushesDouble(status, aHi, aLo)) {
    aHi &= SIGN;
    aLo = 0;
  }
  if (flushesDouble(status, bHi, bLo)) {
    bHi &= SIGN;
    bLo = 0;
  }
  if (isDoubleNaN(aHi, aLo) || isDoubleNaN(bHi, bLo)) return doubleNaNs(status, aHi, aLo, bHi, bLo);
  const sign = (aHi ^ bHi) & SIGN;
  if (isDoubleInfinity(aHi, aLo)) {
    return isDoubleInfinity(bHi, bLo) ? giveInvalid(status) : give(status, sign | INFINITY_HI, 0);
  }
  if (isDoubleInfinity(bHi, bLo)) return give(status, sign, 0);
  if (isDoubleZero(bHi, bLo)) {
    if (isDoubleZero(aHi, aLo)) return giveInvalid(status);
    status.flags |= DZC;
    return give(status, sign | INFINITY_HI, 0);
  }
  if (isDoubleZero(aHi, aLo)) return give(status, sign, 0);
  divideSignificands(sign !== 0, aHi, aLo, bHi, bLo);
  return roundToDouble(status, left);
}

/**
 * The quotient of two finite numbers, neither of them zero, in `left`: 56 bits and a sticky one. Long division on
 * integers of 53 bits; each remainder is less than the divisor, and twice that minus the divisor is an integer
 * below 2^53 again, so that doubles hold every step exactly.
 */
function divideSignificands(negative: boolean, aHi: number, aLo: number, bHi: number, bLo: number): void {
  let exponent = significand(aHi, aLo, 0) - significand(bHi, bLo, 1);
  let remainder = parts[0]! * 2 ** 32 + (parts[1]! >>> 0);
  const divisor = parts[2]! * 2 ** 32 + (parts[3]! >>> 0);
  if (remainder < divisor) {
    remainder *= 2;
    exponent--;
  }
  let high = 0;
  let low = 0;
  for (let bit = 0; bit < 56; bit++) {
    const fits = remainder >= divisor;
    if (bit < 28) high = (high << 1) | (fits ? 1 : 0);
    else low = (low << 1) | (fits ? 1 : 0);
    remainder = 2 * (fits ? remainder - divisor : remainder);
  }
  left.negative = negative;
  left.exponent = exponent;
  // 28 bits from bit 126 down to 99, 28 from 98 to 71.
  const limbs = left.limbs;
  limbs[3] = (high << 3) | (low >>> 25);
  limbs[2] = low << 7;
  limbs[1] = 0;
  limbs[0] = remainder !== 0 ? 1 : 0;
}

/** FPSqrt(). */
export function sqrtDouble(status: FpStatus, hi: number, lo: number): number {
  if (flushesDouble(status, hi, lo)) return give(status, hi & SIGN, 0);
  if (isDoubleNaN(hi, lo)) return doubleNaN(status, hi, lo);
  if (isDoubleZero(hi, lo)) return give(status, hi, lo);
  if (hi < 0) return giveInvalid(status);
  if (isDoubleInfinity(hi, lo)) return give(status, hi, lo);
  // Scaled to [1, 4), where the square of the root can be compared exactly: root * root = square + error.
  const exponent = significand(hi, lo, 0);
  const odd = exponent & 1;
  const scaled = doubleValue((parts[0]! & 0xfffff) | ((1023 + odd) << 20), parts[1]!);
  let root = Math.sqrt(scaled);
  const square = root * root;
  const difference = square - scaled + productError(root, root, square);
  if (difference !== 0) {
    status.flags |= IXC;
    if (status.rounding === RP && difference < 0) root = neighbour(root, 1);
    else if (status.rounding !== RN && status.rounding !== RP && difference > 0) root = neighbour(root, -1);
  }
  return give(status, highBits(root) + (((exponent - odd) / 2) << 20), lowBits(root));
}

/** FPMulAdd(): addend + a * b, rounded once. */
export function mulAddDouble(
  status: FpStatus,
  addendHi: number,
  addendLo: number,
  aHi: number,
  aLo: number,
  bHi: number,
  bLo: number,
): number {
  if (flushesDouble(status, addendHi, addendLo)) {
    addendHi &= SIGN;
    addendLo = 0;
  }
  if (flushesDouble(status, aHi, aLo)) {
    aHi &= SIGN;
    aLo = 0;
  }
  if (flushesDouble(status, bHi, bLo)) {
    bHi &= SIGN;
    bLo = 0;
  }
  const hasZero = isDoubleZero(aHi, aLo) || isDoubleZero(bHi, bLo);
  const hasInfinity = isDoubleInfinity(aHi, aLo) || isDoubleInfinity(bHi, bLo);
  const addendNaN = isDoubleNaN(addendHi, addendLo);
  if (hasZero && hasInfinity && !isDoubleSignalling(addendHi, addendLo)) return giveInvalid(status);
  if (addendNaN && (isDoubleSignalling(addendHi, addendLo) || !hasSignalling(aHi, aLo, bHi, bLo))) {
    return doubleNaN(status, addendHi, addendLo);
  }
  if (isDoubleNaN(aHi, aLo) || isDoubleNaN(bHi, bLo)) return doubleNaNs(status, aHi, aLo, bHi, bLo);
  const sign = (aHi ^ bHi) & SIGN;
  const addendInfinite = isDoubleInfinity(addendHi, addendLo);
  if (hasInfinity) {
    if (addendInfinite && (addendHi & SIGN) !== sign) return giveInvalid(status);
    return give(status, sign | INFINITY_HI, 0);
  }
  if (addendInfinite) return give(status, addendHi, addendLo);
  if (hasZero) {
    if (!isDoubleZero(addendHi, addendLo)) return give(status, addendHi, addendLo);
    return addendHi === sign ? give(status, sign, 0) : giveCancelled(status);
  }
  setProduct(aHi, aLo, bHi, bLo);
  if (!isDoubleZero(addendHi, addendLo)) {
    unpackDouble(right, addendHi, addendLo);
    left.add(right);
    if (left.isZero()) return giveCancelled(status);
  }
  return roundToDouble(status, left);
}

function hasSignalling(aHi: number, aLo: number, bHi: number, bLo: number): boolean {
  return isDoubleSignalling(aHi, aLo) || isDoubleSignalling(bHi, bLo);
}
