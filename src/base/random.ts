// SPDX-License-Identifier: GPL-2.0-only
/**
 * Seeded pseudo-random numbers: the same seed gives the same numbers on every machine and thread.
 * The generator is xorshift32 with the shifts 13, 17, 5 (George Marsaglia, "Xorshift RNGs", Journal of
 * Statistical Software 8(14), 2003), its seed stirred so that neighbouring seeds have unrelated streams.
 */

export class Random {
  private state: number;

  /** Any integer. */
  constructor(seed: number) {
    this.state = stir(seed) || 0x9e3779b9;
  }

  /** An integer from 0 to 2^32 - 1. */
  next(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return x >>> 0;
  }

  /** An integer from 0 to `count` - 1; `count` is from 1 to 2^32. */
  below(count: number): number {
    return Math.floor((this.next() / 2 ** 32) * count);
  }

  /** True with probability `probability`. */
  chance(probability: number): boolean {
    return this.next() < probability * 2 ** 32;
  }

  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** A generator of its own, whose numbers do not depend on how many are drawn from this one later. */
  fork(): Random {
    return new Random(this.next());
  }
}

/** Spreads the bits of a seed over 32 bits. */
function stir(seed: number): number {
  let x = (seed ^ Math.floor(seed / 2 ** 32)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
  return x ^ (x >>> 16);
}
