// SPDX-License-Identifier: GPL-2.0-only
/**
 * Estimates of reciprocals and of reciprocal square roots: VRECPE and VRSQRTE on floating-point numbers and on
 * unsigned fixed-point ones (ARM ARM DDI 0406C, A2.7.8). Both take nine bits of the operand and give nine bits,
 * which the manual defines by a few lines of double-precision arithmetic: that of the host.
 */
import { singleBits } from './bits.js';
import {
  flushSingle,
  isSingleInfinity,
  isSingleNaN,
  isSingleZero,
  SIGN,
  SINGLE_DEFAULT_NAN,
  SINGLE_INFINITY,
  singleNaN,
} from './single.js';
import { DZC, type FpStatus, IOC, UFC } from './status.js';

/** recip_estimate(): 1 / a for `a` from 0.5 to 1, a multiple of 1/256 from 1 to 2. */
function recipEstimate(a: number): number {
  const middle = (Math.floor(a * 512) + 0.5) / 512;
  return Math.floor(256 / middle + 0.5) / 256;
}

/** recip_sqrt_estimate(): 1 / sqrt(a) for `a` from 0.25 to 1, a multiple of 1/256 from 1 to 2. */
function rsqrtEstimate(a: number): number {
  const steps = a < 0.5 ? 512 : 256;
  const middle = (Math.floor(a * steps) + 0.5) / steps;
  return Math.floor(256 * (1 / Math.sqrt(middle)) + 0.5) / 256;
}

/** FPRecipEstimate(). */
export function recipEstimateSingle(status: FpStatus, bits: number): number {
  const operand = flushSingle(status, bits);
  const sign = operand & SIGN;
  if (isSingleNaN(operand)) return singleNaN(status, operand);
  if (isSingleInfinity(operand)) return sign;
  if (isSingleZero(operand)) {
    status.flags |= DZC;
    return sign | SINGLE_INFINITY;
  }
  const exponent = (operand >>> 23) & 0xff;
  if (exponent >= 253) {
    // From 2^126 the reciprocal would be denormal.
    status.flags |= UFC;
    return sign;
  }
  const scaled = (0x800000 | (operand & 0x7fffff)) / 2 ** 24;
  return sign | ((253 - exponent) << 23) | (singleBits(recipEstimate(scaled)) & 0x7fffff);
}

/** FPRSqrtEstimate(). */
export function rsqrtEstimateSingle(status: FpStatus, bits: number): number {
  const operand = flushSingle(status, bits);
  if (isSingleNaN(operand)) return singleNaN(status, operand);
  if (isSingleZero(operand)) {
    status.flags |= DZC;
    return (operand & SIGN) | SINGLE_INFINITY;
  }
  if (operand < 0) {
    status.flags |= IOC;
    return SINGLE_DEFAULT_NAN;
  }
  if (isSingleInfinity(operand)) return 0;
  const exponent = operand >>> 23;
  // An even exponent field is scaled to [0.5, 1), an odd one to [0.25, 0.5).
  const scaled = (0x800000 | (operand & 0x7fffff)) / ((exponent & 1) === 0 ? 2 ** 24 : 2 ** 25);
  return (((380 - exponent) >> 1) << 23) | (singleBits(rsqrtEstimate(scaled)) & 0x7fffff);
}

/** UnsignedRecipEstimate(): the operand is a fraction of 32 bits. */
export function recipEstimateUnsigned(operand: number): number {
  if (operand >= 0) return -1;
  return (recipEstimate((operand >>> 0) / 2 ** 32) * 2 ** 31) | 0;
}

/** UnsignedRSqrtEstimate(). */
export function rsqrtEstimateUnsigned(operand: number): number {
  if (operand >>> 30 === 0) return -1;
  return (rsqrtEstimate((operand >>> 0) / 2 ** 32) * 2 ** 31) | 0;
}
