// SPDX-License-Identifier: GPL-2.0-only
/**
 * Encodings of VFP data-processing instructions: ARM DDI 0406C, A7.5, table A7-16 and A7-17. Most exist in single
 * precision (coprocessor number 1010) and in double precision (1011).
 */
import { addDouble, divDouble, mulDouble, sqrtDouble, subDouble } from '../fp/double.js';
import { addSingle, divSingle, mulSingle, SIGN, sqrtSingle, subSingle } from '../fp/single.js';
import { type Decoded, UNPREDICTABLE } from './encoding.js';
import * as execute from './execute-vfp.js';
import type { Execute, Op } from './op.js';
import { joinDoubles, joinSingles, type TwinRow } from './vector-rows.js';

type Decode = (op: Op) => Decoded;

/** `bits`: what follows the condition. */
function row(
  name: string,
  number: string,
  section: number,
  bits: string,
  syntax: string,
  decode: Decode,
): TwinRow {
  const a32 = `cond:4 ${bits}`;
  return { name, number, section, class: 'vfp', a32, t32: `1110 ${bits}`, syntax, unit: 'vfp', decode };
}

function singles(run: Execute): Decode {
  return op => {
    joinSingles(op);
    return run;
  };
}

function doubles(run: Execute): Decode {
  return op => {
    joinDoubles(op);
    return run;
  };
}

/** Both precisions: `bits` has `sz` where the precision is. Registers of the syntax are spelled {d}, {n}, {m}. */
function both(
  name: string,
  number: string,
  section: number,
  bits: string,
  syntax: string,
  single: Decode,
  double: Decode,
): TwinRow[] {
  const named = (letter: string, type: string): string =>
    syntax.replaceAll(/\{([dnm])\}/g, `{${letter}$1}`).replace('.f', type);
  return [
    row(name, number, section, bits.replace('sz', '0'), named('S', '.f32'), single),
    row(name, number, section, bits.replace('sz', '1'), named('D', '.f64'), double),
  ];
}

/** Three registers: Vd = operation(Vn, Vm). */
function three(
  name: string,
  number: string,
  section: number,
  opcode: string,
  bit6: string,
  single: Execute,
  double: Execute,
): TwinRow[] {
  const [high, low] = opcode.split(' ');
  const bits = `1110 ${high} d:1 ${low} vn:4 vd:4 101sz n:1 ${bit6} m:1 0 vm:4`;
  const syntax = `${name.toLowerCase().split(' ')[0]}{c}.f {d}, {n}, {m}`;
  return both(name, number, section, bits, syntax, singles(single), doubles(double));
}

/** Two registers: Vd = operation(Vm), with `opc2` in place of Vn. */
function two(
  name: string,
  number: string,
  section: number,
  opc2: string,
  bits76: string,
  single: Execute,
  double: Execute,
): TwinRow[] {
  const bits = `1110 1 d:1 11 ${opc2} vd:4 101sz ${bits76} m:1 0 vm:4`;
  const syntax = `${name.toLowerCase().split(' ')[0]}{c}.f {d}, {m}`;
  return both(name, number, section, bits, syntax, singles(single), doubles(double));
}

const { accumulateDouble, accumulateSingle, fuseDouble, fuseSingle } = execute;
const { binaryDouble, binarySingle, unaryDouble, unarySingle, withLow } = execute;

/** VCMP, VCMPE. */
function compare(number: string, opc2: string, last: string, withZero: boolean): TwinRow[] {
  const bits = `1110 1 d:1 11 ${opc2} vd:4 101sz e:1 1 ${last}`;
  const join =
    (joined: (op: Op) => void, run: Execute): Decode =>
    op => {
      joined(op);
      if (withZero) op.vm = -1;
      return run;
    };
  return both(
    'VCMP, VCMPE',
    number,
    303,
    bits,
    withZero ? 'vcmp{e}{c}.f {d}, #0.0' : 'vcmp{e}{c}.f {d}, {m}',
    join(joinSingles, execute.comparesSingle),
    join(joinDoubles, execute.comparesDouble),
  );
}

/** Conversions between a floating-point number and an integer in a single register. */
function integers(
  opc2: string,
  bit7: string,
  type: string,
  set: Partial<Op>,
  fromInteger: boolean,
): TwinRow[] {
  const bits = (sz: string): string => `1110 1 d:1 11 ${opc2} vd:4 101${sz} ${bit7} 1 m:1 0 vm:4`;
  const name = 'VCVT, VCVTR (between floating-point and integer, Floating-point)';
  const mnemonic = fromInteger || set.z === 1 ? 'vcvt' : 'vcvtr';
  const single = fromInteger ? execute.singleFromInteger : execute.integerFromSingle;
  const double = fromInteger ? execute.doubleFromInteger : execute.integerFromDouble;
  const decodeDouble: Decode = op => {
    Object.assign(op, set);
    // The integer is in a single register, the number in a doubleword one.
    if (fromInteger) {
      op.vd |= op.d << 4;
      op.vm = (op.vm << 1) | op.m;
    } else {
      op.vd = (op.vd << 1) | op.d;
      op.vm |= op.m << 4;
    }
    return double;
  };
  const decodeSingle: Decode = op => {
    Object.assign(op, set);
    joinSingles(op);
    return single;
  };
  const [to32, to64] = fromInteger
    ? [`.f32.${type} {Sd}, {Sm}`, `.f64.${type} {Dd}, {Sm}`]
    : [`.${type}.f32 {Sd}, {Sm}`, `.${type}.f64 {Sd}, {Dm}`];
  return [
    row(name, '1', 306, bits('0'), `${mnemonic}{c}${to32}`, decodeSingle),
    row(name, '1', 306, bits('1'), `${mnemonic}{c}${to64}`, decodeDouble),
  ];
}

/** VCVT (between floating-point and fixed-point, Floating-point): `imm` becomes the number of fraction bits. */
function fixed(toFixed: boolean): TwinRow[] {
  const bits = `1110 1 d:1 11 1 ${toFixed ? '1' : '0'} 1 u:1 vd:4 101sz x:1 1 m:1 0 vm:4`;
  const decode =
    (join: (op: Op) => void, run: Execute): Decode =>
    op => {
      op.size = op.x !== 0 ? 32 : 16;
      op.imm = op.size - ((op.vm << 1) | op.m);
      join(op);
      return op.imm < 0 ? UNPREDICTABLE : run;
    };
  const type = '{su}{size}';
  return both(
    'VCVT (between floating-point and fixed-point, Floating-point)',
    '1',
    308,
    bits,
    toFixed ? `vcvt{c}.${type}.f {d}, {d}, #{imm}` : `vcvt{c}.f.${type} {d}, {d}, #{imm}`,
    decode(joinSingles, toFixed ? execute.fixedFromSingleInPlace : execute.singleFromFixedInPlace),
    decode(joinDoubles, toFixed ? execute.fixedFromDoubleInPlace : execute.doubleFromFixedInPlace),
  );
}

/** VFPExpandImm(): the top word. */
function expand(imm8: number, double: boolean): number {
  const sign = (imm8 & 0x80) << 24;
  const b = (imm8 >>> 6) & 1;
  const low = imm8 & 0x3f;
  if (double) return sign | ((b ^ 1) << 30) | (b !== 0 ? 0x3fc00000 : 0) | (low << 16);
  return sign | ((b ^ 1) << 30) | (b !== 0 ? 0x3e000000 : 0) | (low << 19);
}

function moveImmediate(double: boolean): Decode {
  return op => {
    op.imm = expand(op.imm, double);
    if (double) joinDoubles(op);
    else joinSingles(op);
    return double ? execute.moveImmediateDouble : execute.moveImmediateSingle;
  };
}

export const vfpDataRows: readonly TwinRow[] = [
  ...two(
    'VABS',
    '2',
    280,
    '0000',
    '11',
    unarySingle((_, a) => a & ~SIGN),
    unaryDouble((s, hi, lo) => withLow(s, hi & ~SIGN, lo)),
  ),
  ...three('VADD (floating-point)', '2', 283, '0 11', '0', binarySingle(addSingle), binaryDouble(addDouble)),
  ...compare('1', '0100', 'm:1 0 vm:4', false),
  ...compare('2', '0101', '(0) 0 (0000)', true),
  ...integers('1000', '0', 'u32', { u: 1 }, true),
  ...integers('1000', '1', 's32', { u: 0 }, true),
  ...integers('1100', '0', 'u32', { u: 1, z: 0 }, false),
  ...integers('1100', '1', 'u32', { u: 1, z: 1 }, false),
  ...integers('1101', '0', 's32', { u: 0, z: 0 }, false),
  ...integers('1101', '1', 's32', { u: 0, z: 1 }, false),
  ...fixed(false),
  ...fixed(true),
  row(
    'VCVT (between double-precision and single-precision)',
    '1',
    309,
    '1110 1 d:1 11 0111 vd:4 1010 11 m:1 0 vm:4',
    'vcvt{c}.f64.f32 {Dd}, {Sm}',
    op => {
      op.vd |= op.d << 4;
      op.vm = (op.vm << 1) | op.m;
      return execute.widen;
    },
  ),
  row(
    'VCVT (between double-precision and single-precision)',
    '1',
    309,
    '1110 1 d:1 11 0111 vd:4 1011 11 m:1 0 vm:4',
    'vcvt{c}.f32.f64 {Sd}, {Dm}',
    op => {
      op.vd = (op.vd << 1) | op.d;
      op.vm |= op.m << 4;
      return execute.narrow;
    },
  ),
  row(
    'VCVTB, VCVTT',
    '1',
    311,
    '1110 1 d:1 11 0010 vd:4 101(0) t:1 1 m:1 0 vm:4',
    'vcvt{bt}{c}.f32.f16 {Sd}, {Sm}',
    singles(execute.halfOnly(execute.fromHalf)),
  ),
  row(
    'VCVTB, VCVTT',
    '1',
    311,
    '1110 1 d:1 11 0011 vd:4 101(0) t:1 1 m:1 0 vm:4',
    'vcvt{bt}{c}.f16.f32 {Sd}, {Sm}',
    singles(execute.halfOnly(execute.toHalf)),
  ),
  ...three('VDIV', '1', 312, '1 00', '0', binarySingle(divSingle), binaryDouble(divDouble)),
  ...three('VFMA', '2', 317, '1 10', '0', fuseSingle(false, false), fuseDouble(false, false)),
  ...three('VFMS', '2', 317, '1 10', '1', fuseSingle(false, true), fuseDouble(false, true)),
  ...three('VFNMS', '1', 318, '1 01', '0', fuseSingle(true, false), fuseDouble(true, false)),
  ...three('VFNMA', '1', 318, '1 01', '1', fuseSingle(true, true), fuseDouble(true, true)),
  ...three(
    'VMLA (floating-point)',
    '2',
    337,
    '0 00',
    '0',
    accumulateSingle(false, false),
    accumulateDouble(false, false),
  ),
  ...three(
    'VMLS (floating-point)',
    '2',
    337,
    '0 00',
    '1',
    accumulateSingle(false, true),
    accumulateDouble(false, true),
  ),
  ...both(
    'VMOV (immediate)',
    '2',
    339,
    '1110 1 d:1 11 imm:4 vd:4 101sz (0)0(0)0 imm:4',
    'vmov{c}.f {d}, #{fimm}',
    moveImmediate(false),
    moveImmediate(true),
  ),
  ...two(
    'VMOV (register)',
    '2',
    340,
    '0000',
    '01',
    unarySingle((_, a) => a),
    unaryDouble(withLow),
  ),
  ...three('VMUL (floating-point)', '2', 351, '0 10', '0', binarySingle(mulSingle), binaryDouble(mulDouble)),
  ...two(
    'VNEG',
    '2',
    355,
    '0001',
    '01',
    unarySingle((_, a) => a ^ SIGN),
    unaryDouble((s, hi, lo) => withLow(s, hi ^ SIGN, lo)),
  ),
  ...three('VNMLS', '1', 356, '0 01', '0', accumulateSingle(true, false), accumulateDouble(true, false)),
  ...three('VNMLA', '1', 356, '0 01', '1', accumulateSingle(true, true), accumulateDouble(true, true)),
  ...three(
    'VNMUL',
    '2',
    356,
    '0 10',
    '1',
    binarySingle((s, a, b) => mulSingle(s, a, b) ^ SIGN),
    binaryDouble((s, aHi, aLo, bHi, bLo) => mulDouble(s, aHi, aLo, bHi, bLo) ^ SIGN),
  ),
  ...two('VSQRT', '1', 401, '0001', '11', unarySingle(sqrtSingle), unaryDouble(sqrtDouble)),
  ...three('VSUB (floating-point)', '2', 415, '0 11', '1', binarySingle(subSingle), binaryDouble(subDouble)),
];
