// SPDX-License-Identifier: GPL-2.0-only
/** Data processing at its edges: the pseudo-code of ARM DDI 0406C, A2.2.1, A5.2.4, A8.4 and A8.8. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coreWith, execute, flags, RAM } from '../cpu/core-fixture.js';

const N = 8;
const Z = 4;
const C = 2;
const V = 1;
/** MSR CPSR_f, r12: sets the flags first. */
const SET_FLAGS = 0xe128f00c;

/** Flags and result of `word`, which writes r0, with the carry as given. */
function run(word: number, r1: number, r2: number, carry = 0, r3 = 0): { r0: number; nzcv: number } {
  const cpu = execute([SET_FLAGS, word], { 1: r1, 2: r2, 3: r3, 12: carry << 29 });
  return { r0: cpu.r[0]! >>> 0, nzcv: flags(cpu) };
}

test('ADDS and SUBS: carry is not borrow, overflow is of signed numbers', () => {
  assert.deepEqual(run(0xe0910002, 0xffffffff, 1), { r0: 0, nzcv: Z | C });
  assert.deepEqual(run(0xe0910002, 0x7fffffff, 1), { r0: 0x80000000, nzcv: N | V });
  assert.deepEqual(run(0xe0910002, 0x80000000, 0x80000000), { r0: 0, nzcv: Z | C | V });
  assert.deepEqual(run(0xe0510002, 0, 1), { r0: 0xffffffff, nzcv: N });
  assert.deepEqual(run(0xe0510002, 5, 5), { r0: 0, nzcv: Z | C });
  assert.deepEqual(run(0xe0510002, 0x80000000, 1), { r0: 0x7fffffff, nzcv: C | V });
});

test('ADCS, SBCS and RSCS take the carry in', () => {
  assert.deepEqual(run(0xe0b10002, 0xffffffff, 0, 1), { r0: 0, nzcv: Z | C });
  assert.deepEqual(run(0xe0b10002, 0xffffffff, 0xffffffff, 1), { r0: 0xffffffff, nzcv: N | C });
  assert.deepEqual(run(0xe0b10002, 0x7fffffff, 0, 1), { r0: 0x80000000, nzcv: N | V });
  assert.deepEqual(run(0xe0d10002, 0, 0, 0), { r0: 0xffffffff, nzcv: N });
  assert.deepEqual(run(0xe0d10002, 0, 0xffffffff, 1), { r0: 1, nzcv: 0 });
  assert.deepEqual(run(0xe0f10002, 1, 1, 0), { r0: 0xffffffff, nzcv: N });
});

test('shifts by immediate: 0 means 32 for LSR and ASR, RRX for ROR', () => {
  // MOVS r0, r2, <shift>
  assert.deepEqual(run(0xe1b00002, 0, 0x80000000, 1), { r0: 0x80000000, nzcv: N | C }, 'LSL #0 keeps C');
  assert.deepEqual(run(0xe1b00082, 0, 0x80000001), { r0: 2, nzcv: C }, 'LSL #1');
  assert.deepEqual(run(0xe1b00022, 0, 0x80000000), { r0: 0, nzcv: Z | C }, 'LSR #32');
  assert.deepEqual(run(0xe1b00042, 0, 0x80000000), { r0: 0xffffffff, nzcv: N | C }, 'ASR #32');
  assert.deepEqual(run(0xe1b00062, 0, 1, 1), { r0: 0x80000000, nzcv: N | C }, 'RRX');
  assert.deepEqual(run(0xe1b00062, 0, 1, 0), { r0: 0, nzcv: Z | C }, 'RRX');
  assert.deepEqual(run(0xe1b00fe2, 0, 0x40000000), { r0: 0x80000000, nzcv: N | C }, 'ROR #31');
});

test('shifts by register: the low byte counts, 32 and above are special', () => {
  const shifted = (type: number, value: number, amount: number, carry = 0): { r0: number; nzcv: number } =>
    run(0xe1b00312 | (type << 5), 0, value, carry, amount);
  assert.deepEqual(shifted(0, 3, 0, 1), { r0: 3, nzcv: C }, 'by 0 keeps C');
  assert.deepEqual(shifted(0, 1, 32), { r0: 0, nzcv: Z | C });
  assert.deepEqual(shifted(0, 1, 33), { r0: 0, nzcv: Z });
  assert.deepEqual(shifted(0, 1, 256, 1), { r0: 1, nzcv: C });
  assert.deepEqual(shifted(1, 0x80000000, 32), { r0: 0, nzcv: Z | C });
  assert.deepEqual(shifted(1, 0x80000000, 33), { r0: 0, nzcv: Z });
  assert.deepEqual(shifted(2, 0x80000000, 255), { r0: 0xffffffff, nzcv: N | C });
  assert.deepEqual(shifted(3, 0x80000001, 32), { r0: 0x80000001, nzcv: N | C });
  assert.deepEqual(shifted(3, 1, 33), { r0: 0x80000000, nzcv: N | C });
});

test('an expanded immediate gives the carry only if it is rotated', () => {
  // MOVS r0, #0xff and MOVS r0, #0xff000000
  assert.deepEqual(run(0xe3b000ff, 0, 0, 1), { r0: 0xff, nzcv: C });
  assert.deepEqual(run(0xe3b004ff, 0, 0), { r0: 0xff000000, nzcv: N | C });
  assert.deepEqual(run(0xe3b00c01, 0, 0, 1), { r0: 0x100, nzcv: 0 });
});

test('TST and TEQ take the carry from the shifter', () => {
  // TST r1, r2, LSR #1
  assert.deepEqual(run(0xe11100a2, 0, 1).nzcv, Z | C);
  // TEQ r1, r2, LSL #1
  assert.deepEqual(run(0xe1310082, 0, 0x80000000).nzcv, Z | C);
});

test('r15 reads as the address plus 8, and writes branch, with interworking in A32', () => {
  const read = execute([0xe08f0001], { 1: 4 });
  assert.equal(read.r[0]! >>> 0, RAM + 8 + 4);
  const { cpu } = coreWith([0xe1a0f001]);
  cpu.r[1] = RAM + 0x101;
  cpu.run(1);
  assert.equal(cpu.r[15]! >>> 0, RAM + 0x100);
  assert.equal(cpu.thumb, 1);
});

test('T32: ADD of r15 has it rounded down for ADR, and a write does not change the instruction set', () => {
  const adr = execute([0xbf00, 0xa001], {}, { thumb: true });
  assert.equal(adr.r[0]! >>> 0, RAM + 4 + 4);
  const { cpu } = coreWith([0x4687], { thumb: true });
  cpu.r[0] = RAM + 0x100;
  cpu.run(1);
  assert.equal(cpu.r[15]! >>> 0, RAM + 0x100);
  assert.equal(cpu.thumb, 1);
});

test('IT: conditions alternate, 16-bit instructions set no flags inside', () => {
  // CMP r0, r0; ITETE EQ; MOVEQ r1, #1; MOVNE r2, #2; ADDEQ r3, #3 (flags untouched); MOVNE r4, #4
  const cpu = execute([0x4280, 0xbf0b, 0x2101, 0x2202, 0x3303, 0x2404], { 3: -3 }, { thumb: true });
  assert.deepEqual(
    [1, 2, 3, 4].map(r => cpu.r[r]),
    [1, 0, 0, 0],
  );
  assert.equal(flags(cpu), Z | C);
});
