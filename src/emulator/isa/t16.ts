// SPDX-License-Identifier: GPL-2.0-only
/**
 * T32 instructions of 16 bits: ARM DDI 0406C, A6.2 and A8.8, in the order of their bits. Those that set the flags
 * outside an IT block do not inside of one.
 */
import { multipleOffsets, signed } from './a32-common.js';
import {
  type Decoded,
  type Encoding,
  type EncodingClass,
  row,
  UNDEFINED,
  UNPREDICTABLE,
} from './encoding.js';
import * as branch from './execute-branch.js';
import {
  ADC,
  ADD,
  AND,
  BIC,
  CMN,
  CMP,
  EOR,
  type Forms,
  MOV,
  MVN,
  ORR,
  RSB,
  SBC,
  SUB,
  TST,
  withImmediate,
  withRegisterShift,
  withShift,
} from './execute-data.js';
import * as access from './execute-load-store.js';
import * as multiple from './execute-multiple.js';
import { mul } from './execute-multiply.js';
import * as parallel from './execute-parallel.js';
import * as system from './execute-system.js';
import type { Execute, Op } from './op.js';
import { decodeImmediateShift, loadingPc, nop, readingAlignedPc, readingPc, writingPc } from './operands.js';

function t16(
  name: string,
  encoding: string,
  section: number,
  kind: EncodingClass,
  pattern: string,
  syntax: string,
  decode: (op: Op) => Decoded,
  see?: (op: Op) => boolean,
): Encoding {
  return row(
    name,
    encoding,
    `A8.8.${section}`,
    kind,
    pattern,
    syntax,
    decode,
    see === undefined ? {} : { see },
  );
}

function flags(op: Op): void {
  op.s = op.it === 0 ? 1 : 0;
}

/** Inside an IT block only the last instruction may branch (A4.1.2). */
function mayBranch(op: Op): boolean {
  return op.it === 0 || (op.it & 0xf) === 8;
}

/** A shift by immediate is MOV with a shifted operand. */
function shift(name: string, section: number, opcode: string, type: number): Encoding {
  return t16(
    `${name} (immediate)`,
    'T1',
    section,
    'data-processing',
    `000 ${opcode} amount:5 rm:3 rd:3`,
    `${name.toLowerCase()}{s}{c} {rd}, {rm}, #{amount}`,
    op => {
      flags(op);
      // LSL #0 is MOV (register), T2, which always sets the flags and is not for IT blocks.
      if (type === 0 && op.amount === 0 && op.it !== 0) return UNPREDICTABLE;
      decodeImmediateShift(op, type, op.amount);
      return withShift(op, MOV);
    },
  );
}

function addRegister(name: string, section: number, opcode: string, forms: Forms): Encoding {
  return t16(
    `${name} (register)`,
    'T1',
    section,
    'data-processing',
    `000110 ${opcode} rm:3 rn:3 rd:3`,
    `${name.toLowerCase()}{s}{c} {rd}, {rn}, {rm}`,
    op => {
      flags(op);
      return withShift(op, forms);
    },
  );
}

function addImmediate3(name: string, section: number, opcode: string, forms: Forms): Encoding {
  return t16(
    `${name} (immediate)`,
    'T1',
    section,
    'data-processing',
    `000111 ${opcode} imm:3 rn:3 rd:3`,
    `${name.toLowerCase()}{s}{c} {rd}, {rn}, #{imm}`,
    op => {
      flags(op);
      return withImmediate(op, forms, -1);
    },
  );
}

function immediate8(name: string, encoding: string, section: number, opcode: string, forms: Forms): Encoding {
  return t16(
    `${name} (immediate)`,
    encoding,
    section,
    'data-processing',
    `001 ${opcode} rd:3 imm:8`,
    `${name.toLowerCase()}{s}{c} {rd}, #{imm}`,
    op => {
      flags(op);
      op.rn = op.rd;
      return withImmediate(op, forms, -1);
    },
  );
}

/** Data processing of two low registers: A6.2.2. */
function two(
  name: string,
  section: number,
  opcode: string,
  decode: (op: Op) => Decoded,
  syntax = `${name.toLowerCase()}{s}{c} {rd}, {rm}`,
): Encoding {
  return t16(
    `${name} (register)`,
    'T1',
    section,
    'data-processing',
    `010000 ${opcode} rm:3 rd:3`,
    syntax,
    op => {
      flags(op);
      op.rn = op.rd;
      return decode(op);
    },
  );
}

function twoOf(name: string, section: number, opcode: string, forms: Forms): Encoding {
  return two(name, section, opcode, op => withShift(op, forms));
}

/** Comparisons: the flags are all that they write. */
function compareTwo(name: string, section: number, opcode: string, forms: Forms): Encoding {
  const decode = (op: Op): Decoded => withShift(op, forms);
  return two(name, section, opcode, decode, `${name.toLowerCase()}{c} {rd}, {rm}`);
}

/** Rd shifted by Rm. */
function twoShift(name: string, section: number, opcode: string, type: number): Encoding {
  const decode = (op: Op): Decoded => {
    op.ra = op.rm;
    op.rm = op.rd;
    op.shift = type;
    return withRegisterShift(op, MOV);
  };
  return two(name, section, opcode, decode, `${name.toLowerCase()}{s}{c} {rd}, {ra}`);
}

const dataProcessing: readonly Encoding[] = [
  shift('LSL', 94, '00', 0),
  shift('LSR', 96, '01', 1),
  shift('ASR', 16, '10', 2),
  addRegister('ADD', 6, '0', ADD),
  addRegister('SUB', 223, '1', SUB),
  addImmediate3('ADD', 4, '0', ADD),
  addImmediate3('SUB', 221, '1', SUB),
  immediate8('MOV', 'T1', 102, '00', MOV),
  t16('CMP (immediate)', 'T1', 37, 'data-processing', '00101 rn:3 imm:8', 'cmp{c} {rn}, #{imm}', op =>
    withImmediate(op, CMP, -1),
  ),
  immediate8('ADD', 'T2', 4, '10', ADD),
  immediate8('SUB', 'T2', 221, '11', SUB),
  twoOf('AND', 14, '0000', AND),
  twoOf('EOR', 47, '0001', EOR),
  twoShift('LSL', 95, '0010', 0),
  twoShift('LSR', 97, '0011', 1),
  twoShift('ASR', 17, '0100', 2),
  twoOf('ADC', 2, '0101', ADC),
  twoOf('SBC', 162, '0110', SBC),
  twoShift('ROR', 150, '0111', 3),
  compareTwo('TST', 241, '1000', TST),
  two(
    'RSB',
    152,
    '1001',
    op => {
      op.rn = op.rm;
      op.imm = 0;
      return withImmediate(op, RSB, -1);
    },
    'neg{s}{c} {rd}, {rm}',
  ),
  compareTwo('CMP', 38, '1010', CMP),
  compareTwo('CMN', 35, '1011', CMN),
  twoOf('ORR', 123, '1100', ORR),
  two('MUL', 114, '1101', () => mul),
  twoOf('BIC', 22, '1110', BIC),
  twoOf('MVN', 116, '1111', MVN),
];

/** High registers and branches: A6.2.3. */
const special: readonly Encoding[] = [
  t16('ADD (register)', 'T2', 6, 'data-processing', '01000100 rd:1 rm:4 rd:3', 'add{c} {rd}, {rm}', op => {
    op.rn = op.rd;
    op.s = 0;
    if (op.rd === 15 && (op.rm === 15 || !mayBranch(op))) return UNPREDICTABLE;
    const execute = withShift(op, ADD);
    if (op.rd === 15) return writingPc(op, execute);
    return op.rm === 15 ? readingPc(op, execute) : execute;
  }),
  t16('CMP (register)', 'T2', 38, 'data-processing', '01000101 rn:1 rm:4 rn:3', 'cmp{c} {rn}, {rm}', op => {
    if (op.rn < 8 && op.rm < 8) return UNPREDICTABLE;
    return op.rn === 15 || op.rm === 15 ? UNPREDICTABLE : withShift(op, CMP);
  }),
  t16('MOV (register)', 'T1', 103, 'data-processing', '01000110 rd:1 rm:4 rd:3', 'mov{c} {rd}, {rm}', op => {
    op.s = 0;
    if (op.rd === 15 && !mayBranch(op)) return UNPREDICTABLE;
    const execute = withShift(op, MOV);
    if (op.rd === 15) return writingPc(op, execute);
    return op.rm === 15 ? readingPc(op, execute) : execute;
  }),
  t16('BX', 'T1', 27, 'branch', '010001110 rm:4 (000)', 'bx{c} {rm}', op => {
    op.last = 1;
    return mayBranch(op) ? branch.bx : UNPREDICTABLE;
  }),
  t16('BLX (register)', 'T1', 26, 'branch', '010001111 rm:4 (000)', 'blx{c} {rm}', op => {
    op.last = 1;
    return op.rm === 15 || !mayBranch(op) ? UNPREDICTABLE : branch.blxRegister;
  }),
];

function plain(op: Op, its: access.Access): Execute {
  op.i = 0;
  op.p = 1;
  op.w = 0;
  op.t = 0;
  return its.plain;
}

function indexed(name: string, section: number, opcode: string, its: access.Access): Encoding {
  return t16(
    `${name} (register)`,
    'T1',
    section,
    'load-store',
    `0101 ${opcode} rm:3 rn:3 rt:3`,
    `${name.toLowerCase()}{c} {rt}, [{rn}, {rm}]`,
    op => {
      op.i = 1;
      op.p = 1;
      op.u = 1;
      return its.any;
    },
  );
}

function offset(name: string, section: number, opcode: string, scale: number, its: access.Access): Encoding {
  return t16(
    `${name} (immediate)`,
    'T1',
    section,
    'load-store',
    `${opcode} imm:5 rn:3 rt:3`,
    `${name.toLowerCase()}{c} {rt}, [{rn}, #{imm}]`,
    op => {
      op.imm *= scale;
      return plain(op, its);
    },
  );
}

const loadStore: readonly Encoding[] = [
  t16('LDR (literal)', 'T1', 65, 'load-store', '01001 rt:3 imm:8', 'ldr{c} {rt}, [pc, #{imm}]', op => {
    op.imm *= 4;
    op.rn = 15;
    return readingAlignedPc(op, plain(op, access.LDR));
  }),
  indexed('STR', 205, '000', access.STR),
  indexed('STRH', 218, '001', access.STRH),
  indexed('STRB', 208, '010', access.STRB),
  indexed('LDRSB', 86, '011', access.LDRSB),
  indexed('LDR', 66, '100', access.LDR),
  indexed('LDRH', 82, '101', access.LDRH),
  indexed('LDRB', 70, '110', access.LDRB),
  indexed('LDRSH', 90, '111', access.LDRSH),
  offset('STR', 203, '01100', 4, access.STR),
  offset('LDR', 62, '01101', 4, access.LDR),
  offset('STRB', 206, '01110', 1, access.STRB),
  offset('LDRB', 67, '01111', 1, access.LDRB),
  offset('STRH', 216, '10000', 2, access.STRH),
  offset('LDRH', 79, '10001', 2, access.LDRH),
  t16('STR (immediate)', 'T2', 203, 'load-store', '10010 rt:3 imm:8', 'str{c} {rt}, [sp, #{imm}]', op => {
    op.imm *= 4;
    op.rn = 13;
    return plain(op, access.STR);
  }),
  t16('LDR (immediate)', 'T2', 62, 'load-store', '10011 rt:3 imm:8', 'ldr{c} {rt}, [sp, #{imm}]', op => {
    op.imm *= 4;
    op.rn = 13;
    return plain(op, access.LDR);
  }),
];

function stackPointer(op: Op, forms: Forms): Execute {
  op.imm *= 4;
  op.rn = 13;
  op.s = 0;
  return withImmediate(op, forms, -1);
}

function extend(name: string, section: number, opcode: string, execute: Execute): Encoding {
  return t16(
    name,
    'T1',
    section,
    'parallel',
    `10110010 ${opcode} rm:3 rd:3`,
    `${name.toLowerCase()}{c} {rd}, {rm}`,
    () => execute,
  );
}

function hint(name: string, section: number, opcode: string, execute: Execute): Encoding {
  return t16(
    name,
    'T1',
    section,
    'hint',
    `10111111 ${opcode} 0000`,
    `${name.toLowerCase()}{c}`,
    () => execute,
  );
}

const miscellaneous: readonly Encoding[] = [
  t16('ADR', 'T1', 12, 'data-processing', '10100 rd:3 imm:8', 'add{c} {rd}, pc, #{imm}', op => {
    op.imm *= 4;
    op.rn = 15;
    return readingAlignedPc(op, ADD.immediate);
  }),
  t16(
    'ADD (SP plus immediate)',
    'T1',
    9,
    'data-processing',
    '10101 rd:3 imm:8',
    'add{c} {rd}, sp, #{imm}',
    op => stackPointer(op, ADD),
  ),
  t16('ADD (SP plus immediate)', 'T2', 9, 'data-processing', '101100000 imm:7', 'add{c} sp, #{imm}', op => {
    op.rd = 13;
    return stackPointer(op, ADD);
  }),
  t16(
    'SUB (SP minus immediate)',
    'T1',
    225,
    'data-processing',
    '101100001 imm:7',
    'sub{c} sp, #{imm}',
    op => {
      op.rd = 13;
      return stackPointer(op, SUB);
    },
  ),
  t16('CBNZ, CBZ', 'T1', 29, 'branch', '1011 n:1 0 imm:1 1 imm:5 rn:3', 'cb{n}z {rn}, {target}', op => {
    op.imm = op.imm * 2 + 4;
    return op.it === 0 ? branch.cbz : UNPREDICTABLE;
  }),
  extend('SXTH', 235, '00', parallel.sxth),
  extend('SXTB', 233, '01', parallel.sxtb),
  extend('UXTH', 280, '10', parallel.uxth),
  extend('UXTB', 278, '11', parallel.uxtb),
  t16('PUSH', 'T1', 133, 'load-store-multiple', '1011010 m:1 list:8', 'push{c} {list}', op => {
    op.list |= op.m << 14;
    if (op.list === 0) return UNPREDICTABLE;
    op.rn = 13;
    op.w = 1;
    op.p = 1;
    op.u = 0;
    multipleOffsets(op);
    return multiple.stm;
  }),
  t16('SETEND', 'T1', 167, 'status', '10110110010 (1) e:1 (000)', 'setend {e}', op =>
    op.it === 0 ? system.setend : UNPREDICTABLE,
  ),
  row('CPS', 'T1', 'B9.3.1', 'system', '10110110011 option:1 (0) a:1 i:1 f:1', 'cps{imod} {iflags}', op => {
    if (op.it !== 0) return UNPREDICTABLE;
    op.option += 2;
    return system.cps;
  }),
  t16('REV', 'T1', 145, 'parallel', '1011101000 rm:3 rd:3', 'rev{c} {rd}, {rm}', () => parallel.rev),
  t16('REV16', 'T1', 146, 'parallel', '1011101001 rm:3 rd:3', 'rev16{c} {rd}, {rm}', () => parallel.rev16),
  t16('REVSH', 'T1', 147, 'parallel', '1011101011 rm:3 rd:3', 'revsh{c} {rd}, {rm}', () => parallel.revsh),
  t16('POP', 'T1', 131, 'load-store-multiple', '1011110 m:1 list:8', 'pop{c} {list}', op => {
    op.list |= op.m << 15;
    if (op.list === 0 || (op.m === 1 && !mayBranch(op))) return UNPREDICTABLE;
    op.rn = 13;
    op.w = 1;
    op.p = 0;
    op.u = 1;
    multipleOffsets(op);
    return op.m === 1 ? loadingPc(op, multiple.ldm) : multiple.ldm;
  }),
  t16('BKPT', 'T1', 24, 'system', '10111110 imm:8', 'bkpt #{imm}', op => {
    op.last = 1;
    op.cond = 14;
    return system.bkpt;
  }),
  t16('IT', 'T1', 54, 'branch', '10111111 option:4 mask:4', 'it{then} {firstcond}', op => {
    if (op.it !== 0 || op.option === 15 || (op.option === 14 && (op.mask & (op.mask - 1)) !== 0))
      return UNPREDICTABLE;
    op.itNext = (op.option << 4) | op.mask;
    return nop;
  }),
  t16('hint', 'T1', 119, 'hint', '10111111 imm:4 0000', 'nop{c}{hint}', () => nop),
  hint('YIELD', 426, '0001', system.yieldTurn),
  hint('WFE', 424, '0010', system.wfe),
  hint('WFI', 425, '0011', system.wfi),
  hint('SEV', 168, '0100', system.sev),
];

const multiples: readonly Encoding[] = [
  t16('STM', 'T1', 199, 'load-store-multiple', '11000 rn:3 list:8', 'stmia{c} {rn}!, {list}', op => {
    if (op.list === 0) return UNPREDICTABLE;
    op.w = 1;
    op.p = 0;
    op.u = 1;
    multipleOffsets(op);
    return multiple.stm;
  }),
  t16('LDM', 'T1', 57, 'load-store-multiple', '11001 rn:3 list:8', 'ldmia{c} {rn}{w}, {list}', op => {
    if (op.list === 0) return UNPREDICTABLE;
    op.w = ((op.list >> op.rn) & 1) ^ 1;
    op.p = 0;
    op.u = 1;
    multipleOffsets(op);
    return multiple.ldm;
  }),
];

const branches: readonly Encoding[] = [
  t16('B', 'T1', 18, 'branch', '1101 cond:4 imm:8', 'b{c}.n {target}', op => {
    op.imm = signed(op.imm, 8) * 2 + 4;
    return op.it === 0 ? branch.b : UNPREDICTABLE;
  }),
  t16('UDF', 'T1', 247, 'hint', '11011110 imm:8', 'udf #{imm}', () => UNDEFINED),
  t16('SVC', 'T1', 228, 'system', '11011111 imm:8', 'svc{c} #{imm}', op => {
    op.last = 1;
    return system.svc;
  }),
  t16('B', 'T2', 18, 'branch', '11100 imm:11', 'b{c}.n {target}', op => {
    op.imm = signed(op.imm, 11) * 2 + 4;
    op.last = 1;
    return mayBranch(op) ? branch.b : UNPREDICTABLE;
  }),
];

export const t16Table: readonly Encoding[] = [
  ...dataProcessing,
  ...special,
  ...loadStore,
  ...miscellaneous,
  ...multiples,
  ...branches,
];
