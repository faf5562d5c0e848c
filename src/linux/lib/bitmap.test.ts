// SPDX-License-Identifier: GPL-2.0-only
/** Bitmaps against arrays of booleans. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EBUSY, ENOMEM } from '../include/linux/errno.js';
import { Bitmap } from './bitmap.js';

const SIZE = 150;

function filled(bits: readonly boolean[]): Bitmap {
  const bitmap = new Bitmap(bits.length);
  bits.forEach((set, bit) => {
    if (set) bitmap.bitmap_set(bit, 1);
  });
  return bitmap;
}

const anyBits = fc.array(fc.boolean(), { minLength: SIZE, maxLength: SIZE });
/** Long runs, so that searches for areas succeed. */
const sparseBits = fc.array(
  fc.integer({ min: 0, max: 9 }).map(n => n === 0),
  { minLength: SIZE, maxLength: SIZE },
);

test('set and clear change exactly their range', () => {
  const range = fc.tuple(fc.nat(SIZE), fc.nat(SIZE), fc.boolean());
  fc.assert(
    fc.property(fc.array(range), ranges => {
      const bitmap = new Bitmap(SIZE);
      const model = new Array<boolean>(SIZE).fill(false);
      for (const [a, b, set] of ranges) {
        const start = Math.min(a, b);
        const count = Math.abs(a - b);
        if (set) bitmap.bitmap_set(start, count);
        else bitmap.bitmap_clear(start, count);
        model.fill(set, start, start + count);
      }
      for (let bit = 0; bit < SIZE; bit++) assert.equal(bitmap.test_bit(bit), model[bit], `bit ${bit}`);
      assert.equal(bitmap.bitmap_weight(), model.filter(Boolean).length);
    }),
  );
});

test('find_next_bit and find_next_zero_bit find the first one, or the end', () => {
  fc.assert(
    fc.property(anyBits, fc.nat(SIZE), fc.nat(SIZE), (bits, start, end) => {
      const bitmap = filled(bits);
      const first = (wanted: boolean): number => {
        for (let bit = start; bit < end; bit++) if (bits[bit] === wanted) return bit;
        return end;
      };
      assert.equal(bitmap.find_next_bit(end, start), first(true));
      assert.equal(bitmap.find_next_zero_bit(end, start), first(false));
    }),
  );
});

test('the area found is the first one that is free and aligned with its offset', () => {
  const orders = fc.nat(4);
  fc.assert(
    fc.property(sparseBits, fc.nat(SIZE), fc.integer({ min: 1, max: 20 }), orders, fc.nat(15), (...input) => {
      const [bits, start, count, order, offset] = input;
      const align = 2 ** order;
      const alignOffset = offset % align;
      let expected: number | undefined;
      for (let bit = start; bit + count <= SIZE && expected === undefined; bit++) {
        const free = bits.slice(bit, bit + count).every(set => !set);
        if (free && (bit + alignOffset) % align === 0) expected = bit;
      }
      const found = filled(bits).bitmap_find_next_zero_area_off(SIZE, start, count, align - 1, alignOffset);
      if (expected === undefined) assert.ok(found > SIZE, `found ${found}`);
      else assert.equal(found, expected);
    }),
  );
});

test('a region is a power of two, aligned to its size, and taken', () => {
  const bitmap = new Bitmap(20);
  assert.equal(bitmap.bitmap_find_free_region(20, 0), 0);
  assert.equal(bitmap.bitmap_find_free_region(20, 3), 8);
  assert.equal(bitmap.bitmap_find_free_region(20, 2), 4);
  assert.equal(bitmap.bitmap_find_free_region(20, 3), -ENOMEM, 'bits 16 to 19 are too few');
  assert.equal(bitmap.bitmap_allocate_region(8, 1), -EBUSY);
  bitmap.bitmap_release_region(8, 3);
  assert.equal(bitmap.bitmap_allocate_region(8, 1), 0);
  assert.equal(bitmap.bitmap_weight(), 1 + 4 + 2);
});
