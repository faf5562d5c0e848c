// SPDX-License-Identifier: GPL-2.0-only
/**
 * Double-precision numbers taken apart and rounded: FPUnpack() and FPRound() of ARM ARM DDI 0406C, A2.7.11, N = 64.
 */
import { SIGN } from './single.js';
import { type FpStatus, IXC, OFC, RM, RN, RP, UFC } from './status.js';
import type { Wide } from './wide.js';

const MIN_EXPONENT = -1022;
const MAX_EXPONENT = 1023;

/** Puts a finite pattern that is not zero into `wide`, normalised. */
export function unpackDouble(wide: Wide, hi: number, lo: number): void {
  const biased = (hi >>> 20) & 0x7ff;
  const fraction = hi & 0xfffff;
  if (biased !== 0) {
    wide.setSignificand(hi < 0, biased - 1023, fraction | 0x100000, lo);
  } else {
    wide.setSignificand(hi < 0, MIN_EXPONENT, fraction, lo);
    wide.normalise();
  }
}

/** Rounds a normalised significand, which is not zero; returns the high word, the low one in `status.lo`. */
export function roundToDouble(status: FpStatus, wide: Wide): number {
  const sign = wide.negative ? SIGN : 0;
  let biased = wide.exponent + 1023;
  const isTiny = wide.exponent < MIN_EXPONENT;
  if (isTiny) {
    if (status.flushToZero) {
      status.flags |= UFC;
      status.lo = 0;
      return sign;
    }
    wide.shiftRight(MIN_EXPONENT - wide.exponent);
    biased = 0;
  }
  // 53 bits are kept: 126 to 74. Bit 73 is half a unit in the last place.
  const limbs = wide.limbs;
  const low = limbs[2]!;
  let lo = (low >>> 10) | (limbs[3]! << 22);
  // The leading one, where there is one, adds 1 to the exponent field: hence biased - 1 for normal numbers.
  let hi = (limbs[3]! >>> 10) + ((isTiny ? 0 : biased - 1) << 20);
  const half = (low >>> 9) & 1;
  const rest = (low & 0x1ff) | limbs[1]! | limbs[0]!;
  const isInexact = (half | rest) !== 0;
  if (isInexact) status.flags |= isTiny ? UFC | IXC : IXC;
  const up = roundsUp(status.rounding, wide.negative, half !== 0, rest !== 0, (lo & 1) !== 0);
  // No pattern with its top bits is formed for exponents out of range: those overflow whatever the fraction is.
  if (biased > MAX_EXPONENT + 1023) {
    return overflow(status, wide.negative);
  }
  if (up) {
    lo = (lo + 1) | 0;
    if (lo === 0) hi = (hi + 1) | 0;
  }
  if (hi >= 0x7ff00000) {
    return overflow(status, wide.negative);
  }
  status.lo = lo;
  return hi | sign;
}

/** Whether a truncated magnitude is one too small in a rounding mode. */
export function roundsUp(
  mode: number,
  negative: boolean,
  half: boolean,
  rest: boolean,
  isOdd: boolean,
): boolean {
  if (mode === RN) return half && (rest || isOdd);
  if (mode === RP) return (half || rest) && !negative;
  return mode === RM && (half || rest) && negative;
}

/** A result that is out of range after rounding: infinity, or the largest number when rounding goes inwards. */
function overflow(status: FpStatus, negative: boolean): number {
  status.flags |= OFC | IXC;
  const mode = status.rounding;
  const toInfinity = mode === RN || (mode === RP && !negative) || (mode === RM && negative);
  status.lo = toInfinity ? 0 : -1;
  return (toInfinity ? 0x7ff00000 : 0x7fefffff) | (negative ? SIGN : 0);
}
