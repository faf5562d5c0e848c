// SPDX-License-Identifier: GPL-2.0-only
/**
 * Random operands where arithmetic is hard: NaNs of both kinds, infinities, zeros, denormals, the ends of the
 * range, ties, numbers close to each other, integers at the ends of their ranges.
 */
import type { Random } from '../../src/base/random.js';

/** A single-precision pattern. */
export function singleOperand(random: Random): number {
  const sign = random.next() & 0x80000000;
  return (sign | magnitude(random)) >>> 0;
}

function magnitude(random: Random): number {
  const fraction = sparse(random) & 0x7fffff;
  switch (random.below(16)) {
    case 0:
      return 0;
    case 1:
      return 0x7f800000;
    case 2:
      return 0x7fc00000 | (fraction & 0x3fffff);
    case 3:
      return 0x7f800000 | (fraction & 0x3fffff) | 1;
    case 4:
    case 5:
      return fraction;
    case 6:
      return ((1 + random.below(26)) << 23) | fraction;
    case 7:
      return ((230 + random.below(25)) << 23) | fraction;
    case 8:
      // Around the limits of 16- and 32-bit integers and of half precision.
      return (
        (random.pick([127 + 14, 127 + 15, 127 + 16, 127 + 30, 127 + 31, 127 + 32, 102, 103, 112, 113]) <<
          23) |
        fraction
      );
    case 9:
    case 10:
    case 11:
    case 12:
      return ((127 - 3 + random.below(7)) << 23) | fraction;
    case 13:
      return ((127 - 40 + random.below(80)) << 23) | fraction;
    default:
      return ((1 + random.below(254)) << 23) | fraction;
  }
}

/** Bits that are often all zeros or all ones at one end, or but for one. */
export function sparse(random: Random): number {
  const any = random.next();
  switch (random.below(8)) {
    case 0:
      return 0;
    case 1:
      return 0xffffffff;
    case 2:
      return (1 << random.below(32)) >>> 0;
    case 3:
      return ~(1 << random.below(32)) >>> 0;
    case 4:
      return (any << random.below(32)) >>> 0;
    case 5:
      return any >>> random.below(32);
    default:
      return any;
  }
}

/** A double-precision pattern: low word, high word. */
export function doubleOperand(random: Random, out: Uint32Array, at: number): void {
  const sign = random.next() & 0x80000000;
  let lo = sparse(random);
  let hi = sparse(random) & 0xfffff;
  switch (random.below(16)) {
    case 0:
      lo = 0;
      hi = 0;
      break;
    case 1:
      lo = 0;
      hi = 0x7ff00000;
      break;
    case 2:
      hi |= 0x7ff80000;
      break;
    case 3:
      hi = 0x7ff00000 | (hi & 0x7ffff);
      lo |= 1;
      break;
    case 4:
    case 5:
      break;
    case 6:
      hi |= (1 + random.below(60)) << 20;
      break;
    case 7:
      hi |= (1986 + random.below(60)) << 20;
      break;
    case 8:
      // Around the limits of integers and of single precision.
      hi |= (1023 + random.pick([14, 15, 16, 30, 31, 32, 126, 127, 128, -126, -127, -149, -150])) << 20;
      break;
    case 9:
    case 10:
    case 11:
      hi |= (1023 - 3 + random.below(7)) << 20;
      break;
    case 12:
      hi |= (1023 - 70 + random.below(140)) << 20;
      break;
    case 13:
      // Single-precision numbers, so that products are exact and sums tie.
      hi |= (1023 - 40 + random.below(80)) << 20;
      lo &= 0xe0000000;
      break;
    default:
      hi |= (1 + random.below(2046)) << 20;
  }
  out[at] = lo;
  out[at + 1] = hi | sign;
}

/** FPSCR with random modes, sometimes with flags set already. No vectors. */
export function fpscrOperand(random: Random): number {
  const modes = random.chance(0.4) ? 0 : random.next() & 0x07c00000;
  const flags = random.chance(0.3) ? random.next() & 0xf800009f : 0;
  return (modes | flags) >>> 0;
}
