// SPDX-License-Identifier: GPL-2.0-only
/**
 * Arithmetic agrees with the host where the host does what ARM does, with exact rationals where it does not, and
 * with itself: the shortcut through the host's arithmetic and the way through integers give the same.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  doubleValue,
  highBits,
  lowBits,
  neighbour,
  productError,
  roundedToOdd,
  singleBits,
  singleValue,
  sumError,
} from './bits.js';
import { addDouble, divDouble, mulAddDouble, mulDouble, sqrtDouble } from './double.js';
import { addSingle, divSingle, mulSingle, sqrtSingle } from './single.js';
import { FpStatus, IDC, IOC, IXC, RM, RN, RP, RZ, standardStatus, UFC } from './status.js';

/** Doubles of moderate size and of every size. */
const finite = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ noNaN: true, min: -1000, max: 1000 }),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 }),
);
const single = finite.map(Math.fround).filter(Number.isFinite);

type Binary = (status: FpStatus, aHi: number, aLo: number, bHi: number, bLo: number) => number;

function apply(operation: Binary, status: FpStatus, a: number, b: number): number {
  const hi = operation(status, highBits(a), lowBits(a), highBits(b), lowBits(b));
  return doubleValue(hi, status.lo);
}

function withMode(rounding: number, flags = 0): FpStatus {
  const status = new FpStatus();
  status.rounding = rounding;
  status.flags = flags;
  return status;
}

test('single precision to nearest is what Math.fround makes of the exact result', () => {
  fc.assert(
    fc.property(single, single, (a, b) => {
      const status = new FpStatus();
      const check = (bits: number, value: number): void => {
        if (!Number.isNaN(value)) assert.ok(Object.is(singleValue(bits), Math.fround(value)));
      };
      check(addSingle(status, singleBits(a), singleBits(b)), a + b);
      check(mulSingle(status, singleBits(a), singleBits(b)), a * b);
      check(divSingle(status, singleBits(a), singleBits(b)), a / b);
      check(sqrtSingle(status, singleBits(a)), Math.sqrt(a));
    }),
    { numRuns: 2000 },
  );
});

test('double precision to nearest is what the host computes, whether or not IXC is set already', () => {
  const operations: [Binary, (a: number, b: number) => number][] = [
    [addDouble, (a, b) => a + b],
    [mulDouble, (a, b) => a * b],
    [divDouble, (a, b) => a / b],
    [(status, hi, lo) => sqrtDouble(status, hi, lo), a => Math.sqrt(a)],
  ];
  fc.assert(
    fc.property(finite, finite, (a, b) => {
      for (const [operation, host] of operations) {
        const wanted = host(a, b);
        if (Number.isNaN(wanted)) continue;
        const fresh = withMode(RN);
        const used = withMode(RN, IXC);
        assert.ok(Object.is(apply(operation, fresh, a, b), wanted));
        assert.ok(Object.is(apply(operation, used, a, b), wanted));
        assert.equal(fresh.flags | IXC, used.flags);
      }
    }),
    { numRuns: 2000 },
  );
});

/** A finite double as numerator over 2^1074. */
function exact(value: number): bigint {
  const hi = highBits(value);
  const biased = (hi >>> 20) & 0x7ff;
  const fraction = (BigInt(hi & 0xfffff) << 32n) | BigInt(lowBits(value) >>> 0);
  const size = biased === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(biased - 1);
  return hi < 0 ? -size : size;
}

test('directed rounding encloses the exact result, and IXC tells whether anything was lost', () => {
  const unit = 1n << 1074n;
  const operations: [Binary, (a: bigint, b: bigint) => [bigint, bigint]][] = [
    [addDouble, (a, b) => [(a + b) * unit, unit]],
    [mulDouble, (a, b) => [a * b, unit]],
    [divDouble, (a, b) => (b < 0n ? [-a * unit, -b] : [a * unit, b])],
    // 0.1 * a * b + a, to see a sum of a product.
    [
      (status, aHi, aLo, bHi, bLo) => mulAddDouble(status, aHi, aLo, aHi, aLo, bHi, bLo),
      (a, b) => [a * unit + a * b, unit],
    ],
  ];
  fc.assert(
    fc.property(finite, finite, (a, b) => {
      for (const [operation, rational] of operations) {
        if (operation === divDouble && b === 0) continue;
        // The exact result times 2^1074 is numerator / denominator.
        const [numerator, denominator] = rational(exact(a), exact(b));
        const down = withMode(RM);
        const up = withMode(RP);
        const low = apply(operation, down, a, b);
        const high = apply(operation, up, a, b);
        const inwards = apply(operation, withMode(RZ), a, b);
        assert.equal(down.flags & IXC, up.flags & IXC);
        if (Number.isFinite(low)) assert.ok(exact(low) * denominator <= numerator);
        if (Number.isFinite(high)) assert.ok(exact(high) * denominator >= numerator);
        if ((down.flags & IXC) === 0) assert.ok(low === high);
        else if (Number.isFinite(low) && Number.isFinite(high)) assert.ok(exact(low) < exact(high));
        assert.ok(inwards === (numerator < 0n ? high : low));
      }
    }),
    { numRuns: 1000 },
  );
});

test('square roots lie within half a unit, and are enclosed by directed rounding', () => {
  fc.assert(
    fc.property(
      finite.filter(x => x > 0),
      a => {
        const root = (rounding: number): number => {
          const status = withMode(rounding);
          return doubleValue(sqrtDouble(status, highBits(a), lowBits(a)), status.lo);
        };
        // Everything times 2^1074, squares times its square; halves are avoided by doubling.
        const square = exact(a) << 1074n;
        const nearest = root(RN);
        const above = exact(nearest) + exact(neighbour(nearest, 1));
        const below = exact(nearest) + exact(neighbour(nearest, -1));
        assert.ok(below * below < 4n * square && 4n * square < above * above);
        assert.ok(exact(root(RM)) ** 2n <= square && square <= exact(root(RP)) ** 2n);
        assert.equal(root(RZ), root(RM));
      },
    ),
    { numRuns: 1000 },
  );
});

test('the rounding errors of the host are computed exactly', () => {
  const tame = fc.double({ noNaN: true, min: -1e60, max: 1e60 }).filter(x => x === 0 || Math.abs(x) > 1e-60);
  fc.assert(
    fc.property(tame, tame, (a, b) => {
      const unit = 1n << 1074n;
      assert.equal(exact(a) + exact(b), exact(a + b) + exact(sumError(a, b, a + b)));
      assert.equal(exact(a) * exact(b), (exact(a * b) + exact(productError(a, b, a * b))) * unit);
    }),
    { numRuns: 1000 },
  );
});

test('rounding to odd takes the neighbour on the side of the error', () => {
  assert.equal(roundedToOdd(1, 0), 1);
  assert.equal(roundedToOdd(1, 2 ** -60), 1 + 2 ** -52);
  assert.equal(roundedToOdd(1, -(2 ** -60)), 1 - 2 ** -53);
  assert.equal(roundedToOdd(-1, 2 ** -60), -1 + 2 ** -53);
  assert.equal(roundedToOdd(1 + 2 ** -52, 2 ** -60), 1 + 2 ** -52);
});

test('NaNs keep their payload, the first signalling one wins, and default NaN mode drops all', () => {
  const status = new FpStatus();
  assert.equal(addSingle(status, 0x7fc12345, 0x3f800000), 0x7fc12345);
  assert.equal(status.flags, 0);
  assert.equal(addSingle(status, 0x7fc12345, 0x7f800001), 0x7fc00001);
  assert.equal(status.flags, IOC);
  assert.equal(addSingle(standardStatus(), 0x7fc12345, 0), 0x7fc00000);
});

test('flush-to-zero: operands raise IDC, results UFC alone', () => {
  const status = new FpStatus();
  status.flushToZero = true;
  assert.equal(addSingle(status, 1, 0x3f800000), 0x3f800000);
  assert.equal(status.flags, IDC);
  status.flags = 0;
  assert.equal(mulSingle(status, 0x00800000, 0x3f000000), 0);
  assert.equal(status.flags, UFC);
});
