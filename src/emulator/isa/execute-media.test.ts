// SPDX-License-Identifier: GPL-2.0-only
/** Multiplication, division, saturation, parallel arithmetic, bit fields at their edges: ARM DDI 0406C, A8.8. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { execute, type Registers } from '../cpu/core-fixture.js';
import { signedHigh, unsignedHigh } from './execute-multiply.js';

const MIN = -0x80000000;
const MAX = 0x7fffffff;

/** r0 after `word`, and Q. */
function run(word: number, registers: Registers): { r0: number; q: number } {
  const cpu = execute([word], registers);
  return { r0: cpu.r[0]!, q: cpu.qf };
}

test('high words of products are those of exact arithmetic', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), (a, b) => {
      const signed = BigInt(a) * BigInt(b);
      const unsigned = BigInt(a >>> 0) * BigInt(b >>> 0);
      assert.equal(signedHigh(a, b), Number(BigInt.asIntN(32, signed >> 32n)));
      assert.equal(unsignedHigh(a, b), Number(BigInt.asIntN(32, unsigned >> 32n)));
    }),
  );
});

test('long accumulation carries into the high word', () => {
  // UMLAL r0, r1, r2, r3
  const cpu = execute([0xe0a10392], { 0: -1, 1: 0, 2: 1, 3: 1 });
  assert.deepEqual([cpu.r[0], cpu.r[1]], [0, 1]);
  // UMAAL r0, r1, r2, r3 of all ones does not overflow.
  const all = execute([0xe0410392], { 0: -1, 1: -1, 2: -1, 3: -1 });
  assert.deepEqual([all.r[0], all.r[1]], [-1, -1]);
  // SMLAL r0, r1, r2, r3 with a negative product.
  const negative = execute([0xe0e10392], { 0: 0, 1: 0, 2: -1, 3: 1 });
  assert.deepEqual([negative.r[0], negative.r[1]], [-1, -1]);
});

test('SDIV and UDIV: zero divisors, and the quotient that does not fit', () => {
  assert.equal(run(0xe710f211, { 1: 7, 2: 0 }).r0, 0);
  assert.equal(run(0xe710f211, { 1: MIN, 2: -1 }).r0, MIN);
  assert.equal(run(0xe710f211, { 1: -7, 2: 2 }).r0, -3);
  assert.equal(run(0xe730f211, { 1: -1, 2: 0 }).r0, 0);
  assert.equal(run(0xe730f211, { 1: -1, 2: 1 }).r0, -1);
});

test('signed multiplication of halves: Q where an accumulation overflows', () => {
  // SMLABB r0, r1, r2, r3
  assert.deepEqual(run(0xe1003281, { 1: 0x8000, 2: 0x8000, 3: 0x7fffffff }), { r0: -0x40000001, q: 1 });
  assert.deepEqual(run(0xe1003281, { 1: 2, 2: 3, 3: 4 }), { r0: 10, q: 0 });
  // SMUAD r0, r1, r2 of the most negative halves overflows 32 bits.
  assert.deepEqual(run(0xe700f211, { 1: MIN | 0x8000, 2: MIN | 0x8000 }), { r0: MIN, q: 1 });
  // SMULWB r0, r1, r2: bits 47:16.
  assert.equal(run(0xe12002a1, { 1: MIN, 2: 0x8000 }).r0, 0x40000000);
});

test('SMMLA and SMMLS round where R says so', () => {
  // SMMUL r0, r1, r2 and SMMULR
  assert.equal(run(0xe750f211, { 1: 0x10000, 2: 0x18000 }).r0, 1);
  assert.equal(run(0xe750f231, { 1: 0x10000, 2: 0x18000 }).r0, 2);
  // SMMLS r0, r1, r2, r3 takes the borrow of the low word.
  assert.equal(run(0xe75032d1, { 1: 1, 2: 1, 3: 5 }).r0, 4);
  assert.equal(run(0xe75032f1, { 1: 1, 2: 1, 3: 5 }).r0, 5);
});

test('QADD, QSUB, QDADD, QDSUB saturate and set Q', () => {
  // QADD r0, r1, r2
  assert.deepEqual(run(0xe1020051, { 1: MAX, 2: 1 }), { r0: MAX, q: 1 });
  assert.deepEqual(run(0xe1020051, { 1: MIN, 2: -1 }), { r0: MIN, q: 1 });
  assert.deepEqual(run(0xe1020051, { 1: 1, 2: 2 }), { r0: 3, q: 0 });
  // QDADD r0, r1, r2: the doubling saturates by itself.
  assert.deepEqual(run(0xe1420051, { 1: -1, 2: MAX }), { r0: MAX - 1, q: 1 });
});

test('SSAT and USAT at the ends of their ranges', () => {
  // SSAT r0, #1, r1; SSAT r0, #32, r1; USAT r0, #0, r1; USAT r0, #31, r1
  assert.deepEqual(run(0xe6a00011, { 1: 1 }), { r0: 0, q: 1 });
  assert.deepEqual(run(0xe6a00011, { 1: -1 }), { r0: -1, q: 0 });
  assert.deepEqual(run(0xe6bf0011, { 1: MIN }), { r0: MIN, q: 0 });
  assert.deepEqual(run(0xe6e00011, { 1: 5 }), { r0: 0, q: 1 });
  assert.deepEqual(run(0xe6ff0011, { 1: -1 }), { r0: 0, q: 1 });
  assert.deepEqual(run(0xe6ff0011, { 1: MAX }), { r0: MAX, q: 0 });
});

test('parallel addition sets GE by lanes, and SEL chooses by it', () => {
  // UADD8 r0, r1, r2; SEL r0, r3, r4
  const cpu = execute([0xe6510f92, 0xe6830fb4], {
    1: 0xff01ff01,
    2: 0x01010101,
    3: 0x11111111,
    4: 0x22222222,
  });
  assert.equal(cpu.ge, 0b1010);
  assert.equal(cpu.r[0], 0x11221122);
  // SSUB16: GE where the result is not negative.
  assert.equal(execute([0xe6110f72], { 1: 0x00010000, 2: 0x00010001 }).ge, 0b1100);
  // SHASX halves what does not fit: 0x7fff + 0x7fff.
  assert.equal(run(0xe6310f32, { 1: 0x7fff0000, 2: 0x00007fff }).r0, 0x7fff0000);
});

test('bit fields of every width', () => {
  // BFI r0, r1, #0, #32 and BFC r0, #31, #1
  assert.equal(run(0xe7df0011, { 0: 5, 1: -2 }).r0, -2);
  assert.equal(run(0xe7df0f9f, { 0: -1 }).r0, MAX);
  // UBFX r0, r1, #0, #32; SBFX r0, r1, #31, #1
  assert.equal(run(0xe7ff0051, { 1: -3 }).r0, -3);
  assert.equal(run(0xe7a00fd1, { 1: MIN }).r0, -1);
});

test('PKHTB shifts by 32 where the amount is 0', () => {
  assert.equal(run(0xe6810052, { 1: 0x12345678, 2: MIN }).r0, 0x1234ffff);
});
