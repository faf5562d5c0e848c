// SPDX-License-Identifier: GPL-2.0-only
/**
 * Encodings of Advanced SIMD instructions on two registers and a shift amount, and with a modified immediate: ARM DDI
 * 0406C, A7.4.4 and A7.4.6, tables A7-12, A7-14 and A7-15, in their order.
 */
import { fixedFromSingle, singleFromFixed } from '../fp/convert.js';
import type { FpStatus } from '../fp/status.js';
import { type Decoded, UNDEFINED } from './encoding.js';
import type { Int64 } from './int64.js';
import * as lane from './lane-operations.js';
import {
  type ImmediateLane,
  type ImmediateLane64,
  lengthening,
  lengthening64,
  narrowing,
  narrowing64,
  withImmediate,
  withImmediate64,
} from './lanes.js';
import { type Decode, row, sized } from './neon-rows.js';
import { type Execute, NEXT, type Op } from './op.js';
import { joinDoubles, type TwinRow } from './vector-rows.js';

/** L:imm6 below 8 is the modified immediate. */
const see = (op: Op): boolean => op.l === 0 && op.imm < 8;

/**
 * Takes imm6 and L apart: the position of the leading one of L:imm6 is the element size, what is below it the amount,
 * counted down for shifts to the right and up for others. op.size is 3 for elements of 64 bits.
 */
function takeAmount(op: Op, right: boolean): void {
  const bits = op.l !== 0 ? 64 : op.imm >= 32 ? 32 : op.imm >= 16 ? 16 : 8;
  op.size = bits === 64 ? 3 : bits === 32 ? 2 : bits === 16 ? 1 : 0;
  if (right) op.imm = (bits === 64 ? 64 : 2 * bits) - op.imm;
  else if (bits !== 64) op.imm -= bits;
}

/** U 1 D imm6 Vd A L Q M 1 Vm. */
function shift(
  name: string,
  section: number,
  u: string,
  a: string,
  type: string,
  right: boolean,
  signed: readonly Execute[],
  unsigned: readonly Execute[] = signed,
): TwinRow {
  const bits = `1 d:1 imm:6 vd:4 ${a} l:1 q:1 m:1 1 vm:4`;
  const decode: Decode = op => {
    joinDoubles(op);
    takeAmount(op, right);
    if (op.q !== 0 && ((op.vd | op.vm) & 1) !== 0) return UNDEFINED;
    return (op.u !== 0 ? unsigned : signed)[op.size] ?? UNDEFINED;
  };
  const syntax = `${name.toLowerCase().split(/[ ,]/)[0]}{c}.${type}{size} {Vd}, {Vm}, #{imm}`;
  return { ...row(name, '1', section, u, bits, syntax, decode), see };
}

/** 8, 16, 32 and 64 bits. */
function all(signed: boolean, of: (bits: number) => ImmediateLane, of64: ImmediateLane64): Execute[] {
  return [...sized(3, (size, bits) => withImmediate(size, signed, of(bits))), withImmediate64(of64)];
}

function rights(name: string, section: number, a: string, rounds: boolean, accumulates: boolean): TwinRow {
  const of = (unsigned: boolean): ImmediateLane => {
    const shifted = rounds ? lane.shiftRightRounded(unsigned) : lane.shiftRight(unsigned);
    return accumulates ? lane.shiftRightAdd(shifted) : shifted;
  };
  const of64 =
    (unsigned: boolean): ImmediateLane64 =>
    (m, imm, d) => {
      if (rounds) m.shiftRightRounded(imm, unsigned);
      else m.shiftRight(imm, unsigned);
      if (accumulates) m.add(d.lo, d.hi);
    };
  const signed = all(true, () => of(false), of64(false));
  const unsigned = all(false, () => of(true), of64(true));
  return shift(name, section, 'u:1', a, '{su}', true, signed, unsigned);
}

/** From a quadword to a doubleword of half the width: U 1 D imm6 Vd A L=0 B M 1 Vm. */
function narrows(
  name: string,
  section: number,
  u: string,
  a: string,
  type: string,
  signed: readonly Execute[],
  unsigned: readonly Execute[] = signed,
): TwinRow {
  const bits = `1 d:1 imm:6 vd:4 ${a} m:1 1 vm:4`;
  const decode: Decode = op => {
    joinDoubles(op);
    takeAmount(op, true);
    if ((op.vm & 1) !== 0) return UNDEFINED;
    return (op.u !== 0 ? unsigned : signed)[op.size] ?? UNDEFINED;
  };
  const syntax = `${name.toLowerCase().split(/[ ,]/)[0]}{c}.${type}{wide} {Dd}, {Qm}, #{imm}`;
  return { ...row(name, '1', section, u, bits, syntax, decode), see: op => op.imm < 8 };
}

/** Narrowing shifts; `to` says how the result is cut: modulo, or saturated to a signed or an unsigned integer. */
function narrowLanes(rounds: boolean, signed: boolean, to: 'modulo' | 'signed' | 'unsigned'): Execute[] {
  const cut = (status: FpStatus, value: number, bits: number): number =>
    to === 'modulo' ? value : lane.saturate(status, value, bits, to === 'unsigned');
  const of = rounds ? lane.shiftRightRounded(!signed) : lane.shiftRight(!signed);
  return [
    // `narrowing` hands the immediate over in place of the old element.
    ...sized(2, (size, bits) =>
      narrowing(size, signed, (_, m, imm, status) => cut(status, of(m, imm, 0, status), bits)),
    ),
    narrowing64((_, m, imm, status) => {
      if (rounds) m.shiftRightRounded(imm, !signed);
      else m.shiftRight(imm, !signed);
      return to === 'modulo' ? m.lo : lane.saturateWords(status, m, !signed, to === 'unsigned');
    }),
  ];
}

/** VSHLL, VMOVL. The immediate is an operand of the lanes through `imm`. */
function lengthens(unsigned: boolean): Decode {
  const narrow = sized(2, size => lengtheningShift(size, unsigned));
  const wide = lengthening64WithShift(unsigned);
  return op => (op.size === 2 ? wide : narrow[op.size]) ?? UNDEFINED;
}

function lengtheningShift(size: number, unsigned: boolean): Execute {
  const amounts = Array.from({ length: 16 }, (_, by) => lengthening(size, !unsigned, (_n, m) => m * 2 ** by));
  return (cpu, op) => amounts[op.imm]!(cpu, op);
}

function lengthening64WithShift(unsigned: boolean): Execute {
  const amounts = Array.from({ length: 32 }, (_, by) =>
    lengthening64(!unsigned, (_n, m, d: Int64) => {
      d.setNumber(m);
      d.shiftLeft(by);
    }),
  );
  return (cpu, op) => amounts[op.imm]!(cpu, op);
}

const lengthensSigned = lengthens(false);
const lengthensUnsigned = lengthens(true);

function decodeLong(op: Op): Decoded {
  joinDoubles(op);
  takeAmount(op, false);
  if ((op.vd & 1) !== 0) return UNDEFINED;
  return op.u !== 0 ? lengthensUnsigned(op) : lengthensSigned(op);
}

/** VCVT between single precision and fixed point: imm6 is 64 minus the number of fraction bits. */
function fixed(toFixed: boolean): TwinRow {
  const bits = `1 d:1 imm:6 vd:4 111${toFixed ? '1' : '0'} 0 q:1 m:1 1 vm:4`;
  const make = (unsigned: boolean): Execute =>
    toFixed
      ? withImmediate(2, true, (m, imm, _, status) => fixedFromSingle(status, m, 32, imm, unsigned, true))
      : withImmediate(2, !unsigned, (m, imm, _, status) => singleFromFixed(status, m, imm));
  const signed = make(false);
  const unsigned = make(true);
  const decode: Decode = op => {
    joinDoubles(op);
    const imm6 = op.imm;
    op.imm = 64 - imm6;
    if (imm6 < 32 || (op.q !== 0 && ((op.vd | op.vm) & 1) !== 0)) return UNDEFINED;
    return op.u !== 0 ? unsigned : signed;
  };
  const types = toFixed ? '{su}32.f32' : 'f32.{su}32';
  const name = 'VCVT (between floating-point and fixed-point, Advanced SIMD)';
  return {
    ...row(name, '1', 307, 'u:1', bits, `vcvt{c}.${types} {Vd}, {Vm}, #{imm}`, decode),
    see: op => op.imm < 8,
  };
}

const saturatingLeft = (unsigned: boolean, signedToUnsigned: boolean): Execute[] =>
  all(
    !unsigned,
    bits => lane.shiftLeftSaturating(bits, unsigned || signedToUnsigned),
    lane.shiftLeftSaturating64(unsigned, signedToUnsigned),
  );

export const neonShiftRows: readonly TwinRow[] = [
  rights('VSHR', 398, '0000', false, false),
  rights('VSRA', 402, '0001', false, true),
  rights('VRSHR', 389, '0010', true, false),
  rights('VRSRA', 393, '0011', true, true),
  shift('VSRI', 403, '1', '0100', '', true, all(false, lane.shiftRightInsert, lane.shiftRightInsert64)),
  shift(
    'VSHL (immediate)',
    395,
    '0',
    '0101',
    'i',
    false,
    all(
      false,
      () => lane.shiftLeft,
      (m, imm) => m.shiftLeft(imm),
    ),
  ),
  shift(
    'VSLI',
    400,
    '1',
    '0101',
    '',
    false,
    all(false, () => lane.shiftLeftInsert, lane.shiftLeftInsert64),
  ),
  shift('VQSHLU (immediate)', 380, '1', '0110', 's', false, saturatingLeft(false, true)),
  shift(
    'VQSHL (immediate)',
    380,
    'u:1',
    '0111',
    '{su}',
    false,
    saturatingLeft(false, false),
    saturatingLeft(true, false),
  ),
  narrows('VSHRN', 399, '0', '1000 00', 'i', narrowLanes(false, false, 'modulo')),
  narrows('VRSHRN', 390, '0', '1000 01', 'i', narrowLanes(true, false, 'modulo')),
  narrows('VQSHRUN', 381, '1', '1000 00', 's', narrowLanes(false, true, 'unsigned')),
  narrows('VQRSHRUN', 378, '1', '1000 01', 's', narrowLanes(true, true, 'unsigned')),
  narrows(
    'VQSHRN',
    381,
    'u:1',
    '1001 00',
    '{su}',
    narrowLanes(false, true, 'signed'),
    narrowLanes(false, false, 'unsigned'),
  ),
  narrows(
    'VQRSHRN',
    378,
    'u:1',
    '1001 01',
    '{su}',
    narrowLanes(true, true, 'signed'),
    narrowLanes(true, false, 'unsigned'),
  ),
  {
    ...row(
      'VSHLL',
      '1',
      397,
      'u:1',
      '1 d:1 imm:6 vd:4 1010 00 m:1 1 vm:4',
      'vshll{c}.{su}{size} {Qd}, {Dm}, #{imm}',
      decodeLong,
    ),
    see: op => op.imm < 8,
  },
  // VSHLL by nothing.
  ...['001', '010', '100'].map(imm3 =>
    row(
      'VMOVL',
      '1',
      346,
      'u:1',
      `1 d:1 ${imm3} 000 vd:4 1010 00 m:1 1 vm:4`,
      'vmovl{c}.{su}{size} {Qd}, {Dm}',
      op => {
        op.imm = 8 * Number.parseInt(imm3, 2);
        return decodeLong(op);
      },
    ),
  ),
  fixed(false),
  fixed(true),
];

/** AdvSIMDExpandImm(): the pattern in two words; `imm` becomes the low one, `mask` the high one. */
function expand(op: Op, cmode: number): void {
  const byte = op.imm;
  const twice = byte | (byte << 16);
  let word: number;
  switch (cmode >> 1) {
    case 0:
    case 1:
    case 2:
    case 3:
      word = byte << (8 * (cmode >> 1));
      break;
    case 4:
      word = twice;
      break;
    case 5:
      word = twice << 8;
      break;
    case 6:
      word = (cmode & 1) === 0 ? (byte << 8) | 0xff : (byte << 16) | 0xffff;
      break;
    default:
      word = Math.imul(byte, 0x01010101);
  }
  op.imm = word;
  op.mask = word;
}

/** Each bit of the immediate stands for a byte. */
function expandBytes(op: Op): void {
  let lo = 0;
  let hi = 0;
  for (let bit = 0; bit < 4; bit++) {
    if (((op.imm >>> bit) & 1) !== 0) lo |= 0xff << (8 * bit);
    if (((op.imm >>> (bit + 4)) & 1) !== 0) hi |= 0xff << (8 * bit);
  }
  op.imm = lo;
  op.mask = hi;
}

/** VFPExpandImm() for single precision. */
function expandFloat(op: Op): void {
  const b = (op.imm >>> 6) & 1;
  const word =
    ((op.imm & 0x80) << 24) | ((b ^ 1) << 30) | (b !== 0 ? 0x3e000000 : 0) | ((op.imm & 0x3f) << 19);
  op.imm = word;
  op.mask = word;
}

function modified(of: (imm: number, d: number) => number): Execute {
  return (cpu, op) => {
    const { words } = cpu.fp;
    const d = op.vd << 1;
    for (let i = 0; i < 2 << op.q; i += 2) {
      words[d + i] = of(op.imm, words[d + i]!);
      words[d + i + 1] = of(op.mask, words[d + i + 1]!);
    }
    return NEXT;
  };
}

/** a 1 D 000 bcd Vd cmode 0 Q op 1 efgh. `type` is the data type, `fixedBits` the cmode. */
function immediate(
  name: string,
  section: number,
  cmode: string,
  opBit: string,
  type: string,
  of: Execute,
  how?: (op: Op) => void,
): TwinRow {
  const bits = `1 d:1 000 imm:3 vd:4 ${cmode} 0 q:1 ${opBit} 1 imm:4`;
  const decode: Decode = op => {
    op.vd |= op.d << 4;
    if (op.q !== 0 && (op.vd & 1) !== 0) return UNDEFINED;
    // The bits that `cmode` leaves open are in the word itself.
    if (how === undefined) expand(op, (op.word >>> 8) & 15);
    else how(op);
    return of;
  };
  return row(
    name,
    '1',
    section,
    'imm:1',
    bits,
    `${name.toLowerCase().split(' ')[0]}{c}.${type} {Vd}, #{vimm}`,
    decode,
  );
}

const move = modified(imm => imm);
const moveNot = modified(imm => ~imm);
const or = modified((imm, d) => d | imm);
const clear = modified((imm, d) => d & ~imm);

/** Model: an immediate of zero where the manual says UNPREDICTABLE is a zero. */
export const neonImmediateRows: readonly TwinRow[] = [
  immediate('VMOV (immediate)', 339, '0cmode:2 0', '0', 'i32', move),
  immediate('VORR (immediate)', 359, '0cmode:2 1', '0', 'i32', or),
  immediate('VMOV (immediate)', 339, '10cmode:1 0', '0', 'i16', move),
  immediate('VORR (immediate)', 359, '10cmode:1 1', '0', 'i16', or),
  immediate('VMOV (immediate)', 339, '110cmode:1', '0', 'i32', move),
  immediate('VMOV (immediate)', 339, '1110', '0', 'i8', move),
  immediate('VMOV (immediate)', 339, '1111', '0', 'f32', move, expandFloat),
  immediate('VMVN (immediate)', 353, '0cmode:2 0', '1', 'i32', moveNot),
  immediate('VBIC (immediate)', 288, '0cmode:2 1', '1', 'i32', clear),
  immediate('VMVN (immediate)', 353, '10cmode:1 0', '1', 'i16', moveNot),
  immediate('VBIC (immediate)', 288, '10cmode:1 1', '1', 'i16', clear),
  immediate('VMVN (immediate)', 353, '110cmode:1', '1', 'i32', moveNot),
  immediate('VMOV (immediate)', 339, '1110', '1', 'i64', move, expandBytes),
];
