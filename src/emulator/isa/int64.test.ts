// SPDX-License-Identifier: GPL-2.0-only
/** Integers of 64 bits in two words agree with BigInt. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Int64 } from './int64.js';

const any64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(0n, -1n, 1n, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 32n, -(2n ** 32n), 2n ** 31n),
);
const word = fc.oneof(
  fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 }),
  fc.constantFrom(0, -(2 ** 31), 2 ** 31 - 1, 2 ** 32 - 1, 65535, 65536),
);

function of(value: bigint): Int64 {
  const result = new Int64();
  result.set(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
  return result;
}

function signed(value: Int64): bigint {
  return BigInt.asIntN(64, (BigInt(value.hi) << 32n) | BigInt(value.lo >>> 0));
}

test('sums, differences, products', () => {
  fc.assert(
    fc.property(any64, any64, word, word, (a, b, m, n) => {
      const right = of(b);
      const sum = of(a);
      sum.add(right.lo, right.hi);
      assert.equal(signed(sum), BigInt.asIntN(64, a + b));
      const difference = of(a);
      difference.subtract(right.lo, right.hi);
      assert.equal(signed(difference), BigInt.asIntN(64, a - b));
      const negative = of(a);
      negative.negate();
      assert.equal(signed(negative), BigInt.asIntN(64, -a));
      const product = of(a);
      product.addProduct(m, n);
      assert.equal(signed(product), BigInt.asIntN(64, a + BigInt(m) * BigInt(n)));
      const number = new Int64();
      number.setNumber(m * 1024 + n);
      assert.equal(signed(number), BigInt(m * 1024 + n));
    }),
    { numRuns: 1000 },
  );
});

test('shifts', () => {
  fc.assert(
    fc.property(any64, fc.integer({ min: 0, max: 130 }), fc.boolean(), (a, count, unsigned) => {
      const exact = unsigned ? BigInt.asUintN(64, a) : a;
      const by = BigInt(count);
      const right = of(a);
      right.shiftRight(count, unsigned);
      assert.equal(signed(right), BigInt.asIntN(64, exact >> by));
      const rounded = of(a);
      rounded.shiftRightRounded(count, unsigned);
      const half = count === 0 ? 0n : 1n << (by - 1n);
      assert.equal(signed(rounded), BigInt.asIntN(64, (exact + half) >> by));
      const left = of(a);
      left.shiftLeft(count);
      assert.equal(signed(left), BigInt.asIntN(64, a << by));
    }),
    { numRuns: 1000 },
  );
});
