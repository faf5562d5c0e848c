// SPDX-License-Identifier: GPL-2.0-only
/**
 * Encodings of the other Advanced SIMD data-processing instructions: ARM DDI 0406C, A7.4.5, table A7-13 in its order,
 * and from A7.4, table A7-8, VEXT, VTBL, VTBX and VDUP.
 */
import { fixedFromSingle, halfFromSingle, singleFromFixed, singleFromHalf } from '../fp/convert.js';
import {
  recipEstimateSingle,
  recipEstimateUnsigned,
  rsqrtEstimateSingle,
  rsqrtEstimateUnsigned,
} from '../fp/estimate.js';
import { SIGN } from '../fp/single.js';
import { UNDEFINED, UNPREDICTABLE } from './encoding.js';
import * as permute from './execute-permute.js';
import { halfOnly } from './execute-vfp.js';
import * as lane from './lane-operations.js';
import {
  type Lane,
  lanewise,
  lengthening,
  lengthening64,
  narrowing,
  narrowing64,
  pairwiseLong,
  pairwiseLong64,
  wordwise,
} from './lanes.js';
import { byQ, bySize, type Decode, of, registers, row, sized } from './neon-rows.js';
import type { Execute } from './op.js';
import type { TwinRow } from './vector-rows.js';

/** 1 1 D 11 size A Vd 0 B Q M 0 Vm; `b` are bits 10 to 7. Without a Q of its own, `b` has bit 6 too. */
function misc(
  name: string,
  section: number,
  a: string,
  b: string,
  syntax: string,
  decode: Decode,
  size = 'size:2',
): TwinRow {
  const q = b.replaceAll(/\w+:1/g, '1').replaceAll(' ', '').length === 5 ? '' : ' q:1';
  const bits = `1 d:1 11 ${size} ${a} vd:4 0 ${b}${q} m:1 0 vm:4`;
  return row(name, '1', section, '1', bits, `${name.toLowerCase().split(/[ ,]/)[0]}{c}${syntax}`, decode);
}

function unary(
  name: string,
  section: number,
  a: string,
  b: string,
  type: string,
  functions: readonly (Execute | undefined)[],
): TwinRow {
  return misc(name, section, a, b, `.${type}{size} {Vd}, {Vm}`, byQ(bySize(functions)));
}

/** Single precision only: size is 10. */
function unaryFloat(
  name: string,
  section: number,
  a: string,
  b: string,
  type: string,
  float: Lane,
  more = '',
): TwinRow {
  const execute = lanewise(2, true, float);
  return misc(
    name,
    section,
    a,
    b,
    `.${type} {Vd}, {Vm}${more}`,
    byQ(() => execute),
    '10',
  );
}

function reversal(name: string, b: string, container: number): TwinRow {
  const sizes = container === 64 ? 3 : container === 32 ? 2 : 1;
  const functions = sized(sizes, (size, bits) => permute.reverse(size, container / bits - 1));
  return unary(name, 386, '00', b, '', functions);
}

function pairs(name: string, section: number, b: string, accumulate: boolean): TwinRow[] {
  return [false, true].map(unsigned =>
    unary(name, section, '00', `${b}${unsigned ? '1' : '0'}`, unsigned ? 'u' : 's', [
      ...sized(2, size => pairwiseLong(size, !unsigned, accumulate)),
      pairwiseLong64(!unsigned, accumulate),
    ]),
  );
}

/** Comparison with zero, of signed integers and of floating-point numbers. */
function compareZero(
  name: string,
  section: number,
  b: string,
  type: string,
  integer: Lane,
  float: Lane,
): TwinRow[] {
  const functions = sized(3, size => lanewise(size, true, (_, m, d, status) => integer(m, 0, d, status)));
  return [
    misc(name, section, '01', `0${b}`, `.${type}{size} {Vd}, {Vm}, #0`, byQ(bySize(functions))),
    unaryFloat(name, section, '01', `1${b}`, 'f32', (_, m, d, status) => float(m, 0, d, status), ', #0'),
  ];
}

/** Of two words in a doubleword VUZP and VZIP would be VTRN: those encodings are undefined. */
function notTwoWords(decode: Decode): Decode {
  return op => (op.size === 2 && op.q === 0 ? UNDEFINED : decode(op));
}

const saturatedAbsolute =
  (bits: number): Lane =>
  (_, m, _d, status) =>
    lane.saturate(status, Math.abs(m), bits, false);

const saturatedNegative =
  (bits: number): Lane =>
  (_, m, _d, status) =>
    lane.saturate(status, -m, bits, false);

/** VMOVN and its saturating kin. */
function narrow(
  name: string,
  section: number,
  b: string,
  type: string,
  signed: boolean,
  to: 'modulo' | 'signed' | 'unsigned',
): TwinRow {
  const decode = bySize([
    ...sized(2, (size, bits) =>
      narrowing(size, signed, (_, m, _d, status) =>
        to === 'modulo' ? m : lane.saturate(status, m, bits, to === 'unsigned'),
      ),
    ),
    narrowing64((_, m, _imm, status) =>
      to === 'modulo' ? m.lo : lane.saturateWords(status, m, !signed, to === 'unsigned'),
    ),
  ]);
  return misc(name, section, '10', b, `.${type}{wide} {Dd}, {Qm}`, registers('m', decode));
}

const recipUnsigned = lanewise(2, true, of(recipEstimateUnsigned));
const rsqrtUnsigned = lanewise(2, true, of(rsqrtEstimateUnsigned));
/** Patterns of half precision in elements of 16 bits. */
const toHalf = halfOnly(narrowing(1, true, (_, m, _d, status) => halfFromSingle(status, m)));
const fromHalf = halfOnly(lengthening(1, false, (_, m, _d, status) => singleFromHalf(status, m)));
const lengthenFully: readonly Execute[] = [
  ...sized(2, (size, bits) => lengthening(size, false, (_, m) => m * 2 ** bits)),
  lengthening64(false, (_, m, d) => d.set(0, m)),
];

export const neonMiscRows: readonly TwinRow[] = [
  reversal('VREV64', '0000', 64),
  reversal('VREV32', '0001', 32),
  reversal('VREV16', '0010', 16),
  ...pairs('VPADDL', 364, '010', false),
  unary(
    'VCLS',
    299,
    '00',
    '1000',
    's',
    sized(3, (size, bits) => lanewise(size, true, lane.leadingSigns(bits))),
  ),
  unary(
    'VCLZ',
    302,
    '00',
    '1001',
    'i',
    sized(3, (size, bits) => lanewise(size, false, lane.leadingZeros(bits))),
  ),
  unary('VCNT', 304, '00', '1010', '', [lanewise(0, false, of(lane.countBits))]),
  misc('VMVN (register)', 354, '00', '1011', ' {Vd}, {Vm}', byQ(bySize([wordwise((_, m) => ~m)]))),
  ...pairs('VPADAL', 361, '110', true),
  unary(
    'VQABS',
    369,
    '00',
    '1110',
    's',
    sized(3, (size, bits) => lanewise(size, true, saturatedAbsolute(bits))),
  ),
  unary(
    'VQNEG',
    375,
    '00',
    '1111',
    's',
    sized(3, (size, bits) => lanewise(size, true, saturatedNegative(bits))),
  ),
  ...compareZero('VCGT (immediate #0)', 296, '000', 's', m => (m > 0 ? -1 : 0), lane.greaterFloat),
  ...compareZero('VCGE (immediate #0)', 294, '001', 's', m => (m >= 0 ? -1 : 0), lane.greaterEqualFloat),
  ...compareZero('VCEQ (immediate #0)', 292, '010', 'i', m => (m === 0 ? -1 : 0), lane.equalFloat),
  ...compareZero('VCLE (immediate #0)', 298, '011', 's', m => (m <= 0 ? -1 : 0), lane.lessEqualFloat),
  ...compareZero('VCLT (immediate #0)', 301, '100', 's', m => (m < 0 ? -1 : 0), lane.lessFloat),
  unary(
    'VABS',
    280,
    '01',
    '0110',
    's',
    sized(3, size => lanewise(size, true, of(Math.abs))),
  ),
  unaryFloat(
    'VABS',
    280,
    '01',
    '1110',
    'f32',
    of(m => m & ~SIGN),
  ),
  unary(
    'VNEG',
    355,
    '01',
    '0111',
    's',
    sized(3, size =>
      lanewise(
        size,
        true,
        of(m => -m),
      ),
    ),
  ),
  unaryFloat(
    'VNEG',
    355,
    '01',
    '1111',
    'f32',
    of(m => m ^ SIGN),
  ),
  misc('VSWP', 418, '10', '0000', ' {Vd}, {Vm}', byQ(bySize([permute.swap]))),
  misc('VTRN', 420, '10', '0001', '.{size} {Vd}, {Vm}', byQ(bySize(sized(3, permute.transpose)))),
  misc('VUZP', 422, '10', '0010', '.{size} {Vd}, {Vm}', byQ(notTwoWords(bySize(sized(3, permute.unzip))))),
  misc('VZIP', 423, '10', '0011', '.{size} {Vd}, {Vm}', byQ(notTwoWords(bySize(sized(3, permute.zip))))),
  narrow('VMOVN', 347, '01000', 'i', false, 'modulo'),
  narrow('VQMOVUN', 374, '01001', 's', true, 'unsigned'),
  narrow('VQMOVN', 374, '01010', 's', true, 'signed'),
  narrow('VQMOVN', 374, '01011', 'u', false, 'unsigned'),
  {
    ...misc(
      'VSHLL',
      397,
      '10',
      '01100',
      '.i{size} {Qd}, {Dm}, #{size}',
      registers('d', bySize(lengthenFully)),
    ),
    number: '2',
  },
  misc(
    'VCVT (between half-precision and single-precision, Advanced SIMD)',
    310,
    '10',
    '11000',
    '.f16.f32 {Dd}, {Qm}',
    registers('m', () => toHalf),
    '01',
  ),
  misc(
    'VCVT (between half-precision and single-precision, Advanced SIMD)',
    310,
    '10',
    '11100',
    '.f32.f16 {Qd}, {Dm}',
    registers('d', () => fromHalf),
    '01',
  ),
  misc(
    'VRECPE',
    384,
    '11',
    '1000',
    '.u32 {Vd}, {Vm}',
    byQ(() => recipUnsigned),
    '10',
  ),
  unaryFloat('VRECPE', 384, '11', '1010', 'f32', (_, m, _d, status) => recipEstimateSingle(status, m)),
  misc(
    'VRSQRTE',
    391,
    '11',
    '1001',
    '.u32 {Vd}, {Vm}',
    byQ(() => rsqrtUnsigned),
    '10',
  ),
  unaryFloat('VRSQRTE', 391, '11', '1011', 'f32', (_, m, _d, status) => rsqrtEstimateSingle(status, m)),
  integer(
    '1100',
    'f32.s32',
    lanewise(2, true, (_, m, _d, status) => singleFromFixed(status, m, 0)),
  ),
  integer(
    '1101',
    'f32.u32',
    lanewise(2, false, (_, m, _d, status) => singleFromFixed(status, m, 0)),
  ),
  integer(
    '1110',
    's32.f32',
    lanewise(2, true, (_, m, _d, status) => fixedFromSingle(status, m, 32, 0, false, true)),
  ),
  integer(
    '1111',
    'u32.f32',
    lanewise(2, true, (_, m, _d, status) => fixedFromSingle(status, m, 32, 0, true, true)),
  ),
];

function integer(b: string, type: string, execute: Execute): TwinRow {
  const name = 'VCVT (between floating-point and integer, Advanced SIMD)';
  return misc(
    name,
    305,
    '11',
    b,
    `.${type} {Vd}, {Vm}`,
    byQ(() => execute),
    '10',
  );
}

/** VEXT: the register that begins at byte `imm` of Vm:Vn. */
const extract: Decode = byQ(op => (op.q === 0 && op.imm > 7 ? UNDEFINED : permute.extract));

/** VTBL, VTBX: a table of `size` registers. */
const table: Decode = op => {
  op.vd |= op.d << 4;
  op.vn |= op.n << 4;
  op.vm |= op.m << 4;
  op.size += 1;
  return op.vn + op.size > 32 ? UNPREDICTABLE : permute.table;
};

/** VDUP: imm4 is the element's number with a one below it, whose place says the size. */
const duplicate: Decode = registers('', op => {
  op.size = (op.imm & 1) !== 0 ? 0 : (op.imm & 2) !== 0 ? 1 : 2;
  op.index = op.imm >> (op.size + 1);
  if ((op.imm & 7) === 0 || (op.q !== 0 && (op.vd & 1) !== 0)) return UNDEFINED;
  return permute.duplicate;
});

export const neonPermuteRows: readonly TwinRow[] = [
  row(
    'VEXT',
    '1',
    316,
    '0',
    '1 d:1 11 vn:4 vd:4 imm:4 n:1 q:1 m:1 0 vm:4',
    'vext{c}.8 {Vd}, {Vn}, {Vm}, #{imm}',
    extract,
  ),
  row(
    'VTBL',
    '1',
    419,
    '1',
    '1 d:1 11 vn:4 vd:4 10 size:2 n:1 0 m:1 0 vm:4',
    'vtbl{c}.8 {Dd}, {table}, {Dm}',
    table,
  ),
  row(
    'VTBX',
    '1',
    419,
    '1',
    '1 d:1 11 vn:4 vd:4 10 size:2 n:1 1 m:1 0 vm:4',
    'vtbx{c}.8 {Dd}, {table}, {Dm}',
    table,
  ),
  row(
    'VDUP (scalar)',
    '1',
    313,
    '1',
    '1 d:1 11 imm:4 vd:4 1100 0 q:1 m:1 0 vm:4',
    'vdup{c}.{size} {Vd}, {Dm}[{index}]',
    duplicate,
  ),
];
