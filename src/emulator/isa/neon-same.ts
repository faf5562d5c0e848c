// SPDX-License-Identifier: GPL-2.0-only
/**
 * Encodings of Advanced SIMD instructions on three registers of the same length: ARM DDI 0406C, A7.4.1, table A7-9,
 * in its order. The letters A, B, C, U are those of the table.
 */
import { maxSingle, minSingle, recipStepSingle, rsqrtStepSingle, SIGN } from '../fp/single.js';
import { UNDEFINED } from './encoding.js';
import { fusedOnly } from './execute-vfp.js';
import * as lane from './lane-operations.js';
import { type Lane, lanewise, lanewise64, pairwise, wordwise } from './lanes.js';
import { byQ, bySign, bySize, type Decode, row, sized } from './neon-rows.js';
import type { Execute } from './op.js';
import type { TwinRow } from './vector-rows.js';

/** U 0 D C Vn Vd A N Q M B Vm. */
function same(
  name: string,
  section: number,
  u: string,
  c: string,
  a: string,
  b: string,
  syntax: string,
  decode: Decode,
): TwinRow {
  const bits = `0 d:1 ${c} vn:4 vd:4 ${a} n:1 q:1 m:1 ${b} vm:4`;
  return row(name, '1', section, u, bits, `${syntax} {Vd}, {Vn}, {Vm}`, byQ(decode));
}

/** Shifts take the value from Vm and the count from Vn, and are written that way round. */
function shift(
  name: string,
  section: number,
  a: string,
  b: string,
  rounds: boolean,
  saturates: boolean,
): TwinRow {
  const bits = `0 d:1 size:2 vn:4 vd:4 ${a} n:1 q:1 m:1 ${b} vm:4`;
  const decode = bySign(unsigned => [
    ...sized(3, (size, width) => shiftLanes(size, width, unsigned, rounds, saturates)),
    lanewise64(lane.shiftByRegister64(unsigned, rounds, saturates)),
  ]);
  const syntax = `${name.split(' ')[0]!.toLowerCase()}{c}.{su}{size} {Vd}, {Vm}, {Vn}`;
  return row(name, '1', section, 'u:1', bits, syntax, byQ(decode));
}

function shiftLanes(
  size: number,
  bits: number,
  unsigned: boolean,
  rounds: boolean,
  saturates: boolean,
): Execute {
  return lanewise(size, !unsigned, lane.shiftByRegister(bits, unsigned, rounds, saturates));
}

/** Signed and unsigned, 8 to 32 bits. */
function bothSigns(
  name: string,
  section: number,
  a: string,
  b: string,
  make: (bits: number, unsigned: boolean) => Lane,
): TwinRow {
  const decode = bySign(unsigned =>
    sized(3, (size, bits) => lanewise(size, !unsigned, make(bits, unsigned))),
  );
  return same(name, section, 'u:1', 'size:2', a, b, `${mnemonic(name)}{c}.{su}{size}`, decode);
}

/** Modulo the width, so that signs do not matter. */
function modular(name: string, section: number, u: string, a: string, b: string, of: Lane): TwinRow {
  const decode = bySize(sized(3, size => lanewise(size, false, of)));
  return same(name, section, u, 'size:2', a, b, `${mnemonic(name)}{c}.i{size}`, decode);
}

function mnemonic(name: string): string {
  return name.toLowerCase().split(/[ ,]/)[0]!;
}

function bitwise(
  name: string,
  section: number,
  u: string,
  c: string,
  of: (n: number, m: number, d: number) => number,
): TwinRow {
  const execute = wordwise(of);
  return same(name, section, u, c, '0001', '1', `${mnemonic(name)}{c}`, () => execute);
}

/** Single precision; `c` is the upper bit of C. The lower one, for double precision, is reserved. */
function float(
  name: string,
  section: number,
  u: string,
  c: string,
  a: string,
  b: string,
  execute: Execute,
): TwinRow {
  return same(name, section, u, `${c}0`, a, b, `${mnemonic(name)}{c}.f32`, () => execute);
}

function floatLane(
  name: string,
  section: number,
  u: string,
  c: string,
  a: string,
  b: string,
  of: Lane,
): TwinRow {
  return float(name, section, u, c, a, b, lanewise(2, true, of));
}

/** Pairwise instructions have no quadword form. */
function noQ(decode: Decode): Decode {
  return op => (op.q !== 0 ? UNDEFINED : decode(op));
}

function pairs(
  name: string,
  section: number,
  u: string,
  a: string,
  b: string,
  of: Lane,
  type: string,
): TwinRow {
  const decode: Decode =
    type === 'i'
      ? bySize(sized(3, size => pairwise(size, false, of)))
      : bySign(unsigned => sized(3, size => pairwise(size, !unsigned, of)));
  const syntax = `${mnemonic(name)}{c}.${type === 'i' ? 'i' : '{su}'}{size}`;
  return same(name, section, u, 'size:2', a, b, syntax, noQ(decode));
}

function pairsFloat(name: string, section: number, c: string, a: string, of: Lane): TwinRow {
  const execute = pairwise(2, true, of);
  return same(
    name,
    section,
    '1',
    `${c}0`,
    a,
    '0',
    `${mnemonic(name)}{c}.f32`,
    noQ(() => execute),
  );
}

const greater: Lane = (n, m) => (n > m ? n : m);
const smaller: Lane = (n, m) => (n < m ? n : m);
const add: Lane = (n, m) => n + m;
const maxFloat: Lane = (n, m, _, status) => maxSingle(status, n, m);
const minFloat: Lane = (n, m, _, status) => minSingle(status, n, m);
const absolute =
  (of: Lane): Lane =>
  (n, m, d, status) =>
    of(n & ~SIGN, m & ~SIGN, d, status);

/** 16 and 32 bits. */
function doublingHigh(name: string, section: number, u: string, rounds: boolean): TwinRow {
  const decode = bySize([
    undefined,
    lanewise(1, true, lane.doublingHigh(16, rounds)),
    lanewise(2, true, lane.doublingHigh(32, rounds)),
  ]);
  return same(name, section, u, 'size:2', '1011', '0', `${mnemonic(name)}{c}.s{size}`, decode);
}

/** 8 to 64 bits, saturating. */
function saturating(
  name: string,
  section: number,
  a: string,
  narrow: (bits: number, unsigned: boolean) => Lane,
  wide: (unsigned: boolean) => Execute,
): TwinRow {
  const decode = bySign(unsigned => [
    ...sized(3, (size, bits) => lanewise(size, !unsigned, narrow(bits, unsigned))),
    wide(unsigned),
  ]);
  return same(name, section, 'u:1', 'size:2', a, '1', `${mnemonic(name)}{c}.{su}{size}`, decode);
}

/** 8 to 64 bits, modulo the width. */
function modular64(name: string, section: number, u: string, of: Lane, wide: Execute): TwinRow {
  const decode = bySize([...sized(3, size => lanewise(size, false, of)), wide]);
  return same(name, section, u, 'size:2', '1000', '0', `${mnemonic(name)}{c}.i{size}`, decode);
}

export const neonSameRows: readonly TwinRow[] = [
  bothSigns('VHADD', 319, '0000', '0', () => (n, m) => Math.floor((n + m) / 2)),
  saturating('VQADD', 370, '0000', lane.addSaturating, u => lanewise64(lane.addSaturating64(u))),
  bothSigns('VRHADD', 387, '0001', '0', () => (n, m) => Math.floor((n + m + 1) / 2)),
  bitwise('VAND (register)', 287, '0', '00', (n, m) => n & m),
  bitwise('VBIC (register)', 289, '0', '01', (n, m) => n & ~m),
  bitwise('VORR (register)', 360, '0', '10', (n, m) => n | m),
  bitwise('VORN (register)', 358, '0', '11', (n, m) => n | ~m),
  bitwise('VEOR', 315, '1', '00', (n, m) => n ^ m),
  bitwise('VBSL', 290, '1', '01', (n, m, d) => (n & d) | (m & ~d)),
  bitwise('VBIT', 290, '1', '10', (n, m, d) => (n & m) | (d & ~m)),
  bitwise('VBIF', 290, '1', '11', (n, m, d) => (d & m) | (n & ~m)),
  bothSigns('VHSUB', 319, '0010', '0', () => (n, m) => Math.floor((n - m) / 2)),
  saturating('VQSUB', 382, '0010', lane.subtractSaturating, u => lanewise64(lane.subtractSaturating64(u))),
  bothSigns('VCGT (register)', 295, '0011', '0', () => (n, m) => (n > m ? -1 : 0)),
  bothSigns('VCGE (register)', 293, '0011', '1', () => (n, m) => (n >= m ? -1 : 0)),
  shift('VSHL (register)', 396, '0100', '0', false, false),
  shift('VQSHL (register)', 379, '0100', '1', false, true),
  shift('VRSHL', 388, '0101', '0', true, false),
  shift('VQRSHL', 377, '0101', '1', true, true),
  bothSigns('VMAX (integer)', 334, '0110', '0', () => greater),
  bothSigns('VMIN (integer)', 334, '0110', '1', () => smaller),
  bothSigns('VABD (integer)', 278, '0111', '0', () => (n, m) => Math.abs(n - m)),
  bothSigns('VABA', 277, '0111', '1', () => (n, m, d) => d + Math.abs(n - m)),
  modular64(
    'VADD (integer)',
    282,
    '0',
    add,
    lanewise64((n, m) => n.add(m.lo, m.hi)),
  ),
  modular64(
    'VSUB (integer)',
    414,
    '1',
    (n, m) => n - m,
    lanewise64((n, m) => n.subtract(m.lo, m.hi)),
  ),
  same(
    'VTST',
    421,
    '0',
    'size:2',
    '1000',
    '1',
    'vtst{c}.{size}',
    bySize(sized(3, size => lanewise(size, false, (n, m) => ((n & m) !== 0 ? -1 : 0)))),
  ),
  modular('VCEQ (register)', 291, '1', '1000', '1', (n, m) => (n === m ? -1 : 0)),
  modular('VMLA (integer)', 336, '0', '1001', '0', (n, m, d) => d + Math.imul(n, m)),
  modular('VMLS (integer)', 336, '1', '1001', '0', (n, m, d) => d - Math.imul(n, m)),
  modular('VMUL (integer)', 350, '0', '1001', '1', Math.imul),
  same(
    'VMUL (polynomial)',
    350,
    '1',
    'size:2',
    '1001',
    '1',
    'vmul{c}.p{size}',
    bySize([lanewise(0, false, lane.polynomialProduct)]),
  ),
  pairs('VPMAX (integer)', 365, 'u:1', '1010', '0', greater, 'su'),
  pairs('VPMIN (integer)', 365, 'u:1', '1010', '1', smaller, 'su'),
  doublingHigh('VQDMULH', 372, '0', false),
  doublingHigh('VQRDMULH', 376, '1', true),
  pairs('VPADD (integer)', 362, '0', '1011', '1', add, 'i'),
  float('VFMA', 317, '0', '0', '1100', '1', fusedOnly(lanewise(2, true, lane.fusedAddFloat))),
  float('VFMS', 317, '0', '1', '1100', '1', fusedOnly(lanewise(2, true, lane.fusedSubtractFloat))),
  floatLane('VADD (floating-point)', 283, '0', '0', '1101', '0', lane.addFloat),
  floatLane('VSUB (floating-point)', 415, '0', '1', '1101', '0', lane.subtractFloat),
  pairsFloat('VPADD (floating-point)', 363, '0', '1101', lane.addFloat),
  floatLane('VABD (floating-point)', 279, '1', '1', '1101', '0', lane.distanceFloat),
  floatLane('VMLA (floating-point)', 337, '0', '0', '1101', '1', lane.multiplyAddFloat),
  floatLane('VMLS (floating-point)', 337, '0', '1', '1101', '1', lane.multiplySubtractFloat),
  floatLane('VMUL (floating-point)', 351, '1', '0', '1101', '1', lane.multiplyFloat),
  floatLane('VCEQ (register)', 291, '0', '0', '1110', '0', lane.equalFloat),
  floatLane('VCGE (register)', 293, '1', '0', '1110', '0', lane.greaterEqualFloat),
  floatLane('VCGT (register)', 295, '1', '1', '1110', '0', lane.greaterFloat),
  floatLane('VACGE', 281, '1', '0', '1110', '1', absolute(lane.greaterEqualFloat)),
  floatLane('VACGT', 281, '1', '1', '1110', '1', absolute(lane.greaterFloat)),
  floatLane('VMAX (floating-point)', 335, '0', '0', '1111', '0', maxFloat),
  floatLane('VMIN (floating-point)', 335, '0', '1', '1111', '0', minFloat),
  pairsFloat('VPMAX (floating-point)', 366, '0', '1111', maxFloat),
  pairsFloat('VPMIN (floating-point)', 366, '1', '1111', minFloat),
  floatLane('VRECPS', 385, '0', '0', '1111', '1', (n, m, _, status) => recipStepSingle(status, n, m)),
  floatLane('VRSQRTS', 392, '0', '1', '1111', '1', (n, m, _, status) => rsqrtStepSingle(status, n, m)),
];
