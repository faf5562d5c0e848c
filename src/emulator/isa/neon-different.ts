// SPDX-License-Identifier: GPL-2.0-only
/**
 * Encodings of Advanced SIMD instructions on registers of different lengths, and on two registers and a scalar: ARM
 * DDI 0406C, A7.4.2 and A7.4.3, tables A7-10 and A7-11, in their order.
 */

import { UNDEFINED } from './encoding.js';
import * as lane from './lane-operations.js';
import {
  type Lane,
  type LongLane64,
  lanewise,
  lengthening,
  lengthening64,
  narrowing,
  narrowing64,
  widening,
  widening64,
} from './lanes.js';
import { bySign, bySize, type Decode, registers, row, sized } from './neon-rows.js';
import type { Execute, Op } from './op.js';
import type { TwinRow } from './vector-rows.js';

function mnemonic(name: string): string {
  return name.toLowerCase().split(/[ ,]/)[0]!;
}

/** B = 11 belongs to other tables. */
const see = (op: Op): boolean => op.size === 3;

/** U 1 D B Vn Vd A N 0 M 0 Vm. */
function different(
  name: string,
  section: number,
  u: string,
  a: string,
  syntax: string,
  decode: Decode,
): TwinRow {
  const bits = `1 d:1 size:2 vn:4 vd:4 ${a} n:1 0 m:1 0 vm:4`;
  return { ...row(name, '1', section, u, bits, `${mnemonic(name)}{c}.${syntax}`, decode), see };
}

/** Doublewords to a quadword of twice the width. */
function long(name: string, section: number, a: string, narrow: Lane, wide: LongLane64): TwinRow {
  const decode = bySign(unsigned => longs(unsigned, narrow, wide, false));
  return different(name, section, 'u:1', a, '{su}{size} {Qd}, {Dn}, {Dm}', registers('d', decode));
}

function longs(unsigned: boolean, narrow: Lane, wide: LongLane64, scalar: boolean): Execute[] {
  return [
    lengthening(0, !unsigned, narrow, scalar),
    lengthening(1, !unsigned, narrow, scalar),
    lengthening64(!unsigned, wide, scalar),
  ];
}

function wide(name: string, section: number, a: string, sign: 1 | -1): TwinRow {
  const decode = bySign(unsigned => [
    ...sized(2, size => widening(size, !unsigned, (n, m) => n + sign * m)),
    widening64(!unsigned, (n, m) => {
      const hi = Math.floor(m / 2 ** 32);
      if (sign === 1) n.add(m | 0, hi);
      else n.subtract(m | 0, hi);
    }),
  ]);
  return different(name, section, 'u:1', a, '{su}{size} {Qd}, {Qn}, {Dm}', registers('dn', decode));
}

/** The high halves of sums or differences, maybe rounded. */
function high(name: string, section: number, u: string, a: string, sign: 1 | -1, rounds: boolean): TwinRow {
  const decode = bySize([
    ...sized(2, (size, bits) => {
      const half = rounds ? 2 ** (bits - 1) : 0;
      return narrowing(size, false, (n, m) => Math.floor((n + sign * m + half) / 2 ** bits));
    }),
    narrowing64((n, m) => {
      if (sign === 1) n.add(m.lo, m.hi);
      else n.subtract(m.lo, m.hi);
      if (rounds) n.add(-0x80000000, 0);
      return n.hi;
    }),
  ]);
  return different(name, section, u, a, 'i{wide} {Dd}, {Qn}, {Qm}', registers('nm', decode));
}

/** VQDMULL and its accumulating kin: 16 and 32 bits. */
function doubling(name: string, section: number, a: string, sign: number): TwinRow {
  const decode = bySize(doublings(sign, false));
  return different(name, section, '0', a, 's{size} {Qd}, {Dn}, {Dm}', registers('d', decode));
}

function doublings(sign: number, scalar: boolean): (Execute | undefined)[] {
  return [
    undefined,
    lengthening(1, true, lane.doublingLong(sign), scalar),
    lengthening64(true, lane.doublingLong64(sign), scalar),
  ];
}

const addLong: LongLane64 = (n, m, d) => d.setNumber(n + m);
const subtractLong: LongLane64 = (n, m, d) => d.setNumber(n - m);
const distanceLong: LongLane64 = (n, m, d) => d.setNumber(Math.abs(n - m));
const distanceAddLong: LongLane64 = (n, m, d) => d.add(Math.abs(n - m) | 0, 0);
const multiply: Lane = (n, m) => n * m;
const multiplyAdd: Lane = (n, m, d) => d + n * m;
const multiplySubtract: Lane = (n, m, d) => d - n * m;
const multiplyLong: LongLane64 = (n, m, d) => d.setProduct(n, m);
const multiplyAddLong: LongLane64 = (n, m, d) => d.addProduct(n, m);
const multiplySubtractLong: LongLane64 = (n, m, d) => d.addProduct(-n, m);

export const neonDifferentRows: readonly TwinRow[] = [
  long('VADDL', 285, '0000', (n, m) => n + m, addLong),
  wide('VADDW', 285, '0001', 1),
  long('VSUBL', 417, '0010', (n, m) => n - m, subtractLong),
  wide('VSUBW', 417, '0011', -1),
  high('VADDHN', 284, '0', '0100', 1, false),
  high('VRADDHN', 383, '1', '0100', 1, true),
  long('VABAL', 277, '0101', (n, m, d) => d + Math.abs(n - m), distanceAddLong),
  high('VSUBHN', 416, '0', '0110', -1, false),
  high('VRSUBHN', 394, '1', '0110', -1, true),
  long('VABDL (integer)', 278, '0111', (n, m) => Math.abs(n - m), distanceLong),
  long('VMLAL (integer)', 336, '1000', multiplyAdd, multiplyAddLong),
  long('VMLSL (integer)', 336, '1010', multiplySubtract, multiplySubtractLong),
  doubling('VQDMLAL', 371, '1001', 1),
  doubling('VQDMLSL', 371, '1011', -1),
  long('VMULL (integer)', 350, '1100', multiply, multiplyLong),
  doubling('VQDMULL', 373, '1101', 0),
  different(
    'VMULL (polynomial)',
    350,
    '0',
    '1110',
    'p{size} {Qd}, {Dn}, {Dm}',
    registers('d', bySize([lengthening(0, false, lane.polynomialProduct)])),
  ),
];

/**
 * The scalar: of 16 bits in one of eight registers, of 32 bits in one of sixteen. `imm` becomes its number among the
 * elements of all registers, `vm` and `index` stay for the disassembler.
 */
function scalar(decode: Decode): Decode {
  return op => {
    const m = op.vm & 15;
    if (op.size === 1) {
      op.index = (op.m << 1) | (m >> 3);
      op.vm = m & 7;
      op.imm = (op.vm << 2) | op.index;
    } else {
      op.index = op.m;
      op.vm = m;
      op.imm = (m << 1) | op.index;
    }
    return decode(op);
  };
}

/** U 1 D B Vn Vd A N 1 M 0 Vm; U is Q. */
function byScalar(
  name: string,
  number: string,
  section: number,
  size: string,
  a: string,
  type: string,
  decode: Decode,
): TwinRow {
  const bits = `1 d:1 ${size} vn:4 vd:4 ${a} n:1 1 m:1 0 vm:4`;
  const syntax = `${mnemonic(name)}{c}.${type} {Vd}, {Vn}, {Dm}[{index}]`;
  return { ...row(name, number, section, 'q:1', bits, syntax, quads(scalar(decode))), see };
}

/** As byQ(), but Vm is a scalar. */
function quads(decode: Decode): Decode {
  return op => {
    op.vd |= op.d << 4;
    op.vn |= op.n << 4;
    if (op.q !== 0 && ((op.vd | op.vn) & 1) !== 0) return UNDEFINED;
    return decode(op);
  };
}

function integers(of: Lane): Decode {
  return bySize([undefined, lanewise(1, false, of, true), lanewise(2, false, of, true)]);
}

function floats(of: Lane): Decode {
  const execute = lanewise(2, true, of, true);
  return () => execute;
}

function longByScalar(
  name: string,
  number: string,
  section: number,
  u: string,
  a: string,
  type: string,
  choose: (op: Op) => readonly (Execute | undefined)[],
): TwinRow {
  const bits = `1 d:1 size:2 vn:4 vd:4 ${a} n:1 1 m:1 0 vm:4`;
  const decode: Decode = op => {
    op.vd |= op.d << 4;
    op.vn |= op.n << 4;
    if ((op.vd & 1) !== 0) return UNDEFINED;
    return (op.size === 0 ? undefined : choose(op)[op.size]) ?? UNDEFINED;
  };
  const syntax = `${mnemonic(name)}{c}.${type}{size} {Qd}, {Dn}, {Dm}[{index}]`;
  return { ...row(name, number, section, u, bits, syntax, scalar(decode)), see };
}

function longLanes(narrow: Lane, wide64: LongLane64): (op: Op) => readonly (Execute | undefined)[] {
  const signed = longs(false, narrow, wide64, true);
  const unsigned = longs(true, narrow, wide64, true);
  return op => (op.u !== 0 ? unsigned : signed);
}

function doublingLanes(sign: number): () => readonly (Execute | undefined)[] {
  const all = doublings(sign, true);
  return () => all;
}

function highLanes(rounds: boolean): Decode {
  return bySize([
    undefined,
    lanewise(1, true, lane.doublingHigh(16, rounds), true),
    lanewise(2, true, lane.doublingHigh(32, rounds), true),
  ]);
}

const addProduct: Lane = (n, m, d) => d + Math.imul(n, m);
const subtractProduct: Lane = (n, m, d) => d - Math.imul(n, m);

export const neonScalarRows: readonly TwinRow[] = [
  byScalar('VMLA (by scalar)', '1', 338, 'size:2', '0000', 'i{size}', integers(addProduct)),
  byScalar('VMLA (by scalar)', '1', 338, '10', '0001', 'f32', floats(lane.multiplyAddFloat)),
  longByScalar('VMLAL (by scalar)', '2', 338, 'u:1', '0010', '{su}', longLanes(multiplyAdd, multiplyAddLong)),
  longByScalar('VQDMLAL', '2', 371, '0', '0011', 's', doublingLanes(1)),
  byScalar('VMLS (by scalar)', '1', 338, 'size:2', '0100', 'i{size}', integers(subtractProduct)),
  byScalar('VMLS (by scalar)', '1', 338, '10', '0101', 'f32', floats(lane.multiplySubtractFloat)),
  longByScalar(
    'VMLSL (by scalar)',
    '2',
    338,
    'u:1',
    '0110',
    '{su}',
    longLanes(multiplySubtract, multiplySubtractLong),
  ),
  longByScalar('VQDMLSL', '2', 371, '0', '0111', 's', doublingLanes(-1)),
  byScalar('VMUL (by scalar)', '1', 352, 'size:2', '1000', 'i{size}', integers(Math.imul)),
  byScalar('VMUL (by scalar)', '1', 352, '10', '1001', 'f32', floats(lane.multiplyFloat)),
  longByScalar('VMULL (by scalar)', '2', 352, 'u:1', '1010', '{su}', longLanes(multiply, multiplyLong)),
  longByScalar('VQDMULL', '2', 373, '0', '1011', 's', doublingLanes(0)),
  byScalar('VQDMULH', '2', 372, 'size:2', '1100', 's{size}', highLanes(false)),
  byScalar('VQRDMULH', '2', 376, 'size:2', '1101', 's{size}', highLanes(true)),
];
