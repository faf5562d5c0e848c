// SPDX-License-Identifier: GPL-2.0-only
/**
 * Bitmaps. Linux: include/linux/bitmap.h, lib/bitmap.c, lib/find_bit.c (v6.12; unchanged from 6.1).
 * Bit n is bit n % 32 of word n / 32, as on a 32-bit little-endian kernel. What the searches return where
 * they find nothing is the kernel's answer, not undefined: `size`, a value beyond it, or a negative number.
 */
import { alignUp } from '../../base/address.js';
import { invariant } from '../../base/diagnostics.js';
import { EBUSY, ENOMEM } from '../include/linux/errno.js';

const WORD_BITS = 32;

export class Bitmap {
  readonly size: number;
  private readonly words: Uint32Array;

  /** `size` bits, all zero. */
  constructor(size: number) {
    this.size = size;
    this.words = new Uint32Array(Math.ceil(size / WORD_BITS));
  }

  test_bit(bit: number): boolean {
    return (this.words[bit >>> 5]! & (1 << (bit & 31))) !== 0;
  }

  bitmap_set(start: number, count: number): void {
    this.update(start, count, true);
  }

  bitmap_clear(start: number, count: number): void {
    this.update(start, count, false);
  }

  /** Set bits in all. */
  bitmap_weight(): number {
    let weight = 0;
    for (const word of this.words) {
      for (let rest = word; rest !== 0; rest &= rest - 1) weight++;
    }
    return weight;
  }

  /** First set bit in [start, end), or `end`. */
  find_next_bit(end: number, start: number): number {
    return this.find(end, start, 0);
  }

  /** First zero bit in [start, end), or `end`. */
  find_next_zero_bit(end: number, start: number): number {
    return this.find(end, start, 0xffffffff);
  }

  /**
   * First run of `count` zero bits from `start` whose first bit plus `alignOffset` is a multiple of
   * `alignMask` + 1 (a power of two). Nothing found: a value above `size`.
   */
  bitmap_find_next_zero_area_off(
    size: number,
    start: number,
    count: number,
    alignMask: number,
    alignOffset: number,
  ): number {
    let from = start;
    for (;;) {
      const zero = this.find_next_zero_bit(size, from);
      const index = alignUp(zero + alignOffset, alignMask + 1) - alignOffset;
      const end = index + count;
      if (end > size) return end;
      const set = this.find_next_bit(end, index);
      if (set === end) return index;
      from = set + 1;
    }
  }

  bitmap_find_next_zero_area(size: number, start: number, count: number, alignMask: number): number {
    return this.bitmap_find_next_zero_area_off(size, start, count, alignMask, 0);
  }

  /** Sets the first free run of 2^order bits that is aligned to its size; its first bit, or -ENOMEM. */
  bitmap_find_free_region(size: number, order: number): number {
    const step = 2 ** order;
    for (let bit = 0; bit + step <= size; bit += step) {
      if (this.bitmap_allocate_region(bit, order) === 0) return bit;
    }
    return -ENOMEM;
  }

  /** Sets 2^order bits; 0, or -EBUSY where one of them is set. */
  bitmap_allocate_region(bit: number, order: number): number {
    const end = bit + 2 ** order;
    if (this.find_next_bit(end, bit) < end) return -EBUSY;
    this.bitmap_set(bit, 2 ** order);
    return 0;
  }

  bitmap_release_region(bit: number, order: number): void {
    this.bitmap_clear(bit, 2 ** order);
  }

  /** First bit in [start, end) of a word that differs from `skip` (all zeros or all ones). */
  private find(end: number, start: number, skip: number): number {
    for (let bit = start; bit < end; bit = ((bit >>> 5) + 1) << 5) {
      const word = ((this.words[bit >>> 5]! ^ skip) & (-1 << (bit & 31))) >>> 0;
      if (word !== 0) return Math.min(end, (bit & ~31) + 31 - Math.clz32(word & -word));
    }
    return end;
  }

  private update(start: number, count: number, set: boolean): void {
    invariant(
      start >= 0 && start + count <= this.size,
      () => `bits ${start}+${count} of a bitmap of ${this.size}`,
    );
    const end = start + count;
    for (let bit = start; bit < end; ) {
      const from = bit & 31;
      const bits = Math.min(WORD_BITS - from, end - bit);
      const mask = bits === WORD_BITS ? -1 : ((1 << bits) - 1) << from;
      if (set) this.words[bit >>> 5]! |= mask;
      else this.words[bit >>> 5]! &= ~mask;
      bit += bits;
    }
  }
}
