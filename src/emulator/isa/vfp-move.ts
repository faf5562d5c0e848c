// SPDX-License-Identifier: GPL-2.0-only
/**
 * Encodings of transfers between core and extension registers and of extension register loads and stores: ARM DDI
 * 0406C, A7.6, A7.8, A7.9.
 */
import { UNDEFINED, UNPREDICTABLE } from './encoding.js';
import * as memory from './execute-vfp-memory.js';
import * as move from './execute-vfp-move.js';
import type { Execute } from './op.js';
import { joinDoubles, joinSingles, type TwinDecode, type TwinRow } from './vector-rows.js';

type Unit = TwinRow['unit'];

function row(
  name: string,
  number: string,
  section: number,
  bits: string,
  syntax: string,
  decode: TwinDecode,
  unit: Unit = 'vfp',
): TwinRow {
  const a32 = `cond:4 ${bits}`;
  return { name, number, section, class: 'vfp', a32, t32: `1110 ${bits}`, syntax, unit, decode };
}

function memoryRow(
  name: string,
  number: string,
  section: number,
  bits: string,
  syntax: string,
  decode: TwinDecode,
): TwinRow {
  return { ...row(name, number, section, bits, syntax, decode), class: 'vfp-load-store' };
}

/** A core register that may be neither r15 nor, in T32, r13. */
function isBad(register: number, thumb: boolean): boolean {
  return register === 15 || (register === 13 && thumb);
}

/** VMOV between a core register and a scalar, for one element size. */
function scalar(size: number, index: string, toCore: boolean): TwinRow {
  // Bits 22:21 and 6:5 hold opc1:opc2, which say the element's size and, in what is left, its number.
  const [opc1, opc2] = index.split('|');
  const toScalarBits = `1110 0 ${opc1} 0 vd:4 rt:4 1011 d:1 ${opc2} 1 (0000)`;
  const toCoreBits = `1110 ${size === 2 ? '0' : 'u:1'} ${opc1} 1 vn:4 rt:4 1011 n:1 ${opc2} 1 (0000)`;
  const decode: TwinDecode = (op, thumb) => {
    op.size = size;
    joinDoubles(op);
    if (isBad(op.rt, thumb)) return UNPREDICTABLE;
    return toCore ? move.scalarToCore : move.coreToScalar;
  };
  const unit: Unit = size === 2 ? 'vfp' : 'neon';
  const width = 8 << size;
  return toCore
    ? row(
        'VMOV (scalar to ARM core register)',
        '1',
        342,
        toCoreBits,
        size === 2 ? 'vmov{c}.32 {rt}, {Dn}[{index}]' : `vmov{c}.{su}${width} {rt}, {Dn}[{index}]`,
        decode,
        unit,
      )
    : row(
        'VMOV (ARM core register to scalar)',
        '1',
        341,
        toScalarBits,
        `vmov{c}.${width} {Dd}[{index}], {rt}`,
        decode,
        unit,
      );
}

const duplicate: TwinDecode = (op, thumb) => {
  // b:e is 00 for words, 01 for halfwords, 10 for bytes.
  const be = (op.b << 1) | op.e;
  op.size = be === 0 ? 2 : be === 1 ? 1 : 0;
  joinDoubles(op);
  if (be === 3 || (op.q !== 0 && (op.vd & 1) !== 0)) return UNDEFINED;
  return isBad(op.rt, thumb) ? UNPREDICTABLE : move.duplicateCore;
};

function single(run: Execute): TwinDecode {
  return (op, thumb) => {
    joinSingles(op);
    return isBad(op.rt, thumb) ? UNPREDICTABLE : run;
  };
}

function pair(double: boolean, toCore: boolean): TwinDecode {
  return (op, thumb) => {
    if (double) joinDoubles(op);
    else joinSingles(op);
    op.imm = double ? op.vm << 1 : op.vm;
    if (isBad(op.rt, thumb) || isBad(op.rt2, thumb)) return UNPREDICTABLE;
    if ((!double && op.vm === 31) || (toCore && op.rt === op.rt2)) return UNPREDICTABLE;
    return toCore ? move.wordsToCorePair : move.corePairToWords;
  };
}

function system(run: Execute, mayBe15: boolean): TwinDecode {
  return (op, thumb) => {
    if (mayBe15 && op.rt === 15) return run;
    return isBad(op.rt, thumb) ? UNPREDICTABLE : run;
  };
}

function systemRow(name: string, section: number, read: boolean, reg: string, special: string): TwinRow {
  const bits = `1110 111${read ? '1' : '0'} ${reg} rt:4 1010 (000)1 (0000)`;
  const isFpscr = reg === '0001';
  const syntax = read ? `vmrs{c} ${isFpscr ? '{apsr}' : '{rt}'}, ${special}` : `vmsr{c} ${special}, {rt}`;
  const run = isFpscr
    ? read
      ? move.readFpscr
      : move.writeFpscr
    : read
      ? move.readFpSystem
      : move.writeFpSystem;
  const decode = system(run, read && isFpscr);
  return row(
    name,
    '1',
    section,
    bits,
    syntax,
    (op, thumb) => {
      op.opcode = Number.parseInt(reg, 2);
      return decode(op, thumb);
    },
    isFpscr ? 'vfp' : 'vfp-system',
  );
}

/** VLDM and VSTM of `imm` words; an odd one of doublewords (FLDMX, FSTMX) is skipped. */
function multiple(run: Execute, double: boolean): TwinDecode {
  return (op, thumb) => {
    const { imm } = op;
    if (double) joinDoubles(op);
    else joinSingles(op);
    op.f = double ? 1 : 0;
    op.index = double ? op.vd << 1 : op.vd;
    op.size = double ? imm & ~1 : imm;
    op.imm = 4 * imm;
    const registers = double ? imm >> 1 : imm;
    if (op.rn === 15 && (op.w !== 0 || thumb)) return UNPREDICTABLE;
    const tooMany = op.vd + registers > 32 || (double && registers > 16);
    return registers === 0 || tooMany ? UNPREDICTABLE : run;
  };
}

function one(run: Execute, double: boolean, load: boolean): TwinDecode {
  return (op, thumb) => {
    if (double) joinDoubles(op);
    else joinSingles(op);
    op.f = double ? 1 : 0;
    op.index = double ? op.vd << 1 : op.vd;
    op.size = double ? 2 : 1;
    op.imm = op.u !== 0 ? 4 * op.imm : -4 * op.imm;
    return !load && op.rn === 15 && thumb ? UNPREDICTABLE : run;
  };
}

/** What VLDM and VSTM transfer: doublewords, doublewords as FLDMX and FSTMX do, singles. */
const TRANSFERS = [
  { number: '1', rest: 'vd:4 1011 imm:7 0', list: '{dlist}', x: false },
  { number: '1', rest: 'vd:4 1011 imm:7 1', list: '{dlist}', x: true },
  { number: '2', rest: 'vd:4 1010 imm:8', list: '{slist}', x: false },
];

/** The forms of VLDM or VSTM. PUSH and POP are forms with SP; they are rows for their syntax only. */
function multiples(
  name: string,
  section: number,
  load: boolean,
  stack: string,
  stackSection: number,
): TwinRow[] {
  const run = load ? memory.loadMultiple : memory.storeMultiple;
  const l = load ? '1' : '0';
  return TRANSFERS.flatMap(({ number, rest, list, x }) => {
    const decode = (up: 0 | 1 | undefined, wback: 0 | 1 | undefined): TwinDecode => {
      const joined = multiple(run, number === '1');
      return (op, thumb) => {
        op.u = up ?? op.u;
        op.w = wback ?? op.w;
        if (number === '1') op.imm = 2 * op.imm + (x ? 1 : 0);
        return joined(op, thumb);
      };
    };
    const mnemonic = (mode: string): string =>
      x ? `f${load ? 'ldm' : 'stm'}${mode}x` : `${name.toLowerCase()}${mode}`;
    const rows = [
      memoryRow(
        name,
        number,
        section,
        `110 0 1 d:1 w:1 ${l} rn:4 ${rest}`,
        `${mnemonic('ia')}{c} {rn}{w}, ${list}`,
        decode(1, undefined),
      ),
      memoryRow(
        name,
        number,
        section,
        `110 1 0 d:1 1 ${l} rn:4 ${rest}`,
        `${mnemonic('db')}{c} {rn}!, ${list}`,
        decode(0, 1),
      ),
    ];
    if (x) return rows;
    const stackBits = load ? '0 1 d:1 1' : '1 0 d:1 1';
    const stackDecode = decode(load ? 1 : 0, 1);
    const stackRow = memoryRow(
      stack,
      number,
      stackSection,
      `110 ${stackBits} ${l} 1101 ${rest}`,
      `${stack.toLowerCase()}{c} ${list}`,
      (op, thumb) => {
        op.rn = 13;
        return stackDecode(op, thumb);
      },
    );
    return [...rows, stackRow];
  });
}

export const vfpMoveRows: readonly TwinRow[] = [
  row(
    'VDUP (ARM core register)',
    '1',
    314,
    '1110 1 b:1 q:1 0 vd:4 rt:4 1011 d:1 0 e:1 1 (0000)',
    'vdup{c}.{size} {Vd}, {rt}',
    duplicate,
    'neon',
  ),
  ...multiples('VLDM', 332, true, 'VPOP', 367),
  memoryRow(
    'VLDR',
    '1',
    333,
    '110 1 u:1 d:1 0 1 rn:4 vd:4 1011 imm:8',
    'vldr{c} {Dd}, {mem}',
    one(memory.loadRegister, true, true),
  ),
  memoryRow(
    'VLDR',
    '2',
    333,
    '110 1 u:1 d:1 0 1 rn:4 vd:4 1010 imm:8',
    'vldr{c} {Sd}, {mem}',
    one(memory.loadRegister, false, true),
  ),
  scalar(0, '1index:1|index:2', false),
  scalar(1, '0index:1|index:1 1', false),
  scalar(2, '0index:1|00', false),
  scalar(0, '1index:1|index:2', true),
  scalar(1, '0index:1|index:1 1', true),
  scalar(2, '0index:1|00', true),
  row(
    'VMOV (between ARM core register and single-precision register)',
    '1',
    343,
    '1110 000 0 vn:4 rt:4 1010 n:1 (00)1 (0000)',
    'vmov{c} {Sn}, {rt}',
    single(move.coreToSingle),
  ),
  row(
    'VMOV (between ARM core register and single-precision register)',
    '1',
    343,
    '1110 000 1 vn:4 rt:4 1010 n:1 (00)1 (0000)',
    'vmov{c} {rt}, {Sn}',
    single(move.singleToCore),
  ),
  row(
    'VMOV (between two ARM core registers and two single-precision registers)',
    '1',
    344,
    '1100 010 0 rt2:4 rt:4 1010 00 m:1 1 vm:4',
    'vmov{c} {Sm}, {Sm1}, {rt}, {rt2}',
    pair(false, false),
  ),
  row(
    'VMOV (between two ARM core registers and two single-precision registers)',
    '1',
    344,
    '1100 010 1 rt2:4 rt:4 1010 00 m:1 1 vm:4',
    'vmov{c} {rt}, {rt2}, {Sm}, {Sm1}',
    pair(false, true),
  ),
  row(
    'VMOV (between two ARM core registers and a doubleword extension register)',
    '1',
    345,
    '1100 010 0 rt2:4 rt:4 1011 00 m:1 1 vm:4',
    'vmov{c} {Dm}, {rt}, {rt2}',
    pair(true, false),
  ),
  row(
    'VMOV (between two ARM core registers and a doubleword extension register)',
    '1',
    345,
    '1100 010 1 rt2:4 rt:4 1011 00 m:1 1 vm:4',
    'vmov{c} {rt}, {rt2}, {Dm}',
    pair(true, true),
  ),
  systemRow('VMRS', 348, true, '0001', 'fpscr'),
  systemRow('VMRS', 348, true, '0000', 'fpsid'),
  systemRow('VMRS', 348, true, '0110', 'mvfr1'),
  systemRow('VMRS', 348, true, '0111', 'mvfr0'),
  systemRow('VMRS', 348, true, '1000', 'fpexc'),
  systemRow('VMSR', 349, false, '0001', 'fpscr'),
  systemRow('VMSR', 349, false, '0000', 'fpsid'),
  systemRow('VMSR', 349, false, '1000', 'fpexc'),
  ...multiples('VSTM', 412, false, 'VPUSH', 368),
  memoryRow(
    'VSTR',
    '1',
    413,
    '110 1 u:1 d:1 0 0 rn:4 vd:4 1011 imm:8',
    'vstr{c} {Dd}, {mem}',
    one(memory.storeRegister, true, false),
  ),
  memoryRow(
    'VSTR',
    '2',
    413,
    '110 1 u:1 d:1 0 0 rn:4 vd:4 1010 imm:8',
    'vstr{c} {Sd}, {mem}',
    one(memory.storeRegister, false, false),
  ),
];
