// SPDX-License-Identifier: GPL-2.0-only
/**
 * Bit patterns of IEEE 754 numbers and the host's numbers. Patterns are signed 32-bit integers, two for a double.
 * NaNs must never pass through a host number: an engine may change their payload. Hosts are little endian
 * (`hw/ram.ts` insists on it).
 */

const double = new Float64Array(1);
const single = new Float32Array(double.buffer);
const words = new Int32Array(double.buffer);

/** The value of a single-precision pattern that is not a NaN. */
export function singleValue(bits: number): number {
  words[0] = bits;
  return single[0]!;
}

/** The pattern of the single-precision number next to `value`, ties to even. */
export function singleBits(value: number): number {
  single[0] = value;
  return words[0]!;
}

/** The value of a double-precision pattern that is not a NaN. */
export function doubleValue(hi: number, lo: number): number {
  words[0] = lo;
  words[1] = hi;
  return double[0]!;
}

/** Bits 63 to 32 of a number. */
export function highBits(value: number): number {
  double[0] = value;
  return words[1]!;
}

/** Bits 31 to 0 of a number. */
export function lowBits(value: number): number {
  double[0] = value;
  return words[0]!;
}

/** The next pattern further from zero (`step` 1) or closer to it (-1). */
export function neighbour(value: number, step: 1 | -1): number {
  double[0] = value;
  const low = words[0]!;
  words[0] = low + step;
  if (step === 1 ? low === -1 : low === 0) words[1] = words[1]! + step;
  return double[0]!;
}

/**
 * The rounding error of `sum` = a + b as the host added them: a + b = sum + error, exactly, if nothing overflows
 * (Donald Knuth, The Art of Computer Programming, volume 2, 4.2.2, theorem B). Small numbers are no trouble: sums
 * of doubles are multiples of the least denormal.
 */
export function sumError(a: number, b: number, sum: number): number {
  const bPart = sum - a;
  return a - (sum - bPart) + (b - bPart);
}

/**
 * The rounding error of `product` = a * b: a * b = product + error, exactly, if no partial product overflows or
 * falls below the normal range (T. J. Dekker, "A Floating-Point Technique for Extending the Available
 * Precision", Numerische Mathematik 18, 1971). Safe for |a|, |b| from 2^-450 to 2^450.
 */
export function productError(a: number, b: number, product: number): number {
  const aBig = 134217729 * a;
  const aHigh = aBig - (aBig - a);
  const aLow = a - aHigh;
  const bBig = 134217729 * b;
  const bHigh = bBig - (bBig - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

/**
 * The exact value `value` + `error`, where |error| is at most half a unit in the last place of `value`, rounded to
 * odd: itself if it is a double, else the one of the two doubles around it whose last bit is 1. Rounding that to
 * at most 51 bits in any direction gives what rounding the exact value gives (S. Boldo, G. Melquiond, "Emulation
 * of a FMA and Correctly Rounded Sums: Proved Algorithms Using Rounding to Odd", IEEE Transactions on Computers
 * 57(4), 2008, theorem 2), and whether it is inexact is kept as well.
 */
export function roundedToOdd(value: number, error: number): number {
  if (error === 0 || (lowBits(value) & 1) !== 0) return value;
  return neighbour(value, error > 0 === value > 0 ? 1 : -1);
}
