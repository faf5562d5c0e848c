// SPDX-License-Identifier: GPL-2.0-only
/**
 * T32 instructions of 32 bits that compute: ARM DDI 0406C, A6.3.1, A6.3.3, A6.3.11 to A6.3.17 and A8.8. The first
 * halfword is on top. r13 and r15 as operands are UNPREDICTABLE unless said otherwise ("BadReg").
 */
import { type Decoded, type Encoding, type EncodingClass, row, UNPREDICTABLE } from './encoding.js';
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
  movt,
  ORN,
  ORR,
  RSB,
  SBC,
  SUB,
  TEQ,
  TST,
  withImmediate,
  withRegisterShift,
  withShift,
} from './execute-data.js';
import * as multiply from './execute-multiply.js';
import * as parallel from './execute-parallel.js';
import type { Execute, Op } from './op.js';
import { decodeImmediateShift, expandT32, readingAlignedPc } from './operands.js';

type RegisterName = 'rd' | 'rn' | 'rm' | 'ra' | 'rt' | 'rt2';

function bad(register: number): boolean {
  return register === 13 || register === 15;
}

function checked(execute: Execute, ...registers: readonly RegisterName[]): (op: Op) => Decoded {
  return op => (registers.some(name => bad(op[name])) ? UNPREDICTABLE : execute);
}

interface Operation {
  readonly name: string;
  /** Sections of the immediate and of the register form. */
  readonly sections: readonly [number, number];
  readonly opcode: string;
  readonly forms: Forms;
  /** What it is with Rd = 1111 and S = 1, or with Rn = 1111. */
  readonly kind: 'dn' | 'n' | 'd';
  /** ADD, SUB and their comparisons may use SP. */
  readonly stack?: boolean;
}

const OPERATIONS: readonly Operation[] = [
  { name: 'AND', sections: [13, 14], opcode: '0000', forms: AND, kind: 'dn' },
  { name: 'TST', sections: [240, 241], opcode: '0000', forms: TST, kind: 'n' },
  { name: 'BIC', sections: [21, 22], opcode: '0001', forms: BIC, kind: 'dn' },
  { name: 'ORR', sections: [122, 123], opcode: '0010', forms: ORR, kind: 'dn' },
  { name: 'MOV', sections: [102, 103], opcode: '0010', forms: MOV, kind: 'd' },
  { name: 'ORN', sections: [120, 121], opcode: '0011', forms: ORN, kind: 'dn' },
  { name: 'MVN', sections: [115, 116], opcode: '0011', forms: MVN, kind: 'd' },
  { name: 'EOR', sections: [46, 47], opcode: '0100', forms: EOR, kind: 'dn' },
  { name: 'TEQ', sections: [237, 238], opcode: '0100', forms: TEQ, kind: 'n' },
  { name: 'ADD', sections: [4, 6], opcode: '1000', forms: ADD, kind: 'dn', stack: true },
  { name: 'CMN', sections: [34, 35], opcode: '1000', forms: CMN, kind: 'n', stack: true },
  { name: 'ADC', sections: [1, 2], opcode: '1010', forms: ADC, kind: 'dn' },
  { name: 'SBC', sections: [161, 162], opcode: '1011', forms: SBC, kind: 'dn' },
  { name: 'SUB', sections: [221, 223], opcode: '1101', forms: SUB, kind: 'dn', stack: true },
  { name: 'CMP', sections: [37, 38], opcode: '1101', forms: CMP, kind: 'n', stack: true },
  { name: 'RSB', sections: [152, 153], opcode: '1110', forms: RSB, kind: 'dn' },
];

/** Registers that the manual makes UNPREDICTABLE. */
function refuses(op: Op, { kind, stack, name }: Operation, immediate: boolean): boolean {
  const usesStack = stack === true && op.rn === 13;
  if (kind !== 'd' && (op.rn === 15 || (op.rn === 13 && !usesStack))) return true;
  if (!immediate) {
    // MOV (register) T3 may read or write SP without flags and without a shift (A8.8.103).
    const isMove = name === 'MOV' && op.s === 0 && op.amount === 0 && op.shift === 0;
    if (isMove) return op.rd === 15 || op.rm === 15 || (op.rd === 13 && op.rm === 13);
    if (bad(op.rm)) return true;
  }
  if (kind === 'n') return false;
  if (op.rd === 15) return true;
  if (op.rd !== 13) return false;
  // ADD (SP plus register): SP as destination only with LSL by 0 to 3 (A8.8.10).
  return !(usesStack && (immediate || (op.shift === 0 && op.amount <= 3)));
}

function rowsOf(operation: Operation): Encoding[] {
  const { name, sections, opcode, forms, kind } = operation;
  const s = kind === 'n' ? '1' : 's:1';
  const rn = kind === 'd' ? '1111' : 'rn:4';
  const rd = kind === 'n' ? '1111' : 'rd:4';
  const registers = { dn: '{rd}, {rn}', d: '{rd}', n: '{rn}' }[kind];
  // `.w` where a 16-bit instruction has the same operands.
  const w = ['ORN', 'TEQ', 'RSB'].includes(name) ? '' : '.w';
  const mnemonic = `${name.toLowerCase()}${kind === 'n' ? '' : '{s}'}{c}${w}`;
  return [
    row(
      `${name} (immediate)`,
      'T',
      `A8.8.${sections[0]}`,
      'data-processing',
      `11110 imm:1 0 ${opcode} ${s} ${rn} 0 imm:3 ${rd} imm:8`,
      `${mnemonic} ${registers}, #{imm}`,
      op => {
        if (refuses(op, operation, true)) return UNPREDICTABLE;
        const value = expandT32(op.imm);
        const carry = op.imm >>> 10 === 0 ? -1 : value >>> 31;
        // A repeated byte of zero is UNPREDICTABLE (A6.3.2).
        if (op.imm >>> 10 === 0 && op.imm >>> 8 !== 0 && (op.imm & 0xff) === 0) return UNPREDICTABLE;
        op.imm = value;
        return withImmediate(op, forms, carry);
      },
    ),
    row(
      `${name} (register)`,
      'T',
      `A8.8.${sections[1]}`,
      'data-processing',
      `1110101 ${opcode} ${s} ${rn} (0) amount:3 ${rd} amount:2 shift:2 rm:4`,
      `${mnemonic} ${registers}, {rm}{shift}`,
      op => {
        if (refuses(op, operation, false)) return UNPREDICTABLE;
        if (kind === 'n') op.s = 1;
        decodeImmediateShift(op, op.shift, op.amount);
        return withShift(op, forms);
      },
    ),
  ];
}

/** ADDW and SUBW, and ADR where rn is 15. */
function wide(name: string, section: number, opcode: string, forms: Forms): Encoding {
  return row(
    `${name} (immediate)`,
    'T4',
    `A8.8.${section}`,
    'data-processing',
    `11110 imm:1 1 ${opcode} 0 rn:4 0 imm:3 rd:4 imm:8`,
    `${name.toLowerCase()}w{c} {rd}, {rn}, #{imm}`,
    op => {
      if (op.rd === 15 || (op.rd === 13 && op.rn !== 13)) return UNPREDICTABLE;
      op.s = 0;
      const execute = withImmediate(op, forms, -1);
      return op.rn === 15 ? readingAlignedPc(op, execute) : execute;
    },
  );
}

/** imm16 is imm4:i:imm3:imm8, and i is the top bit of the encoding. */
function half(op: Op): void {
  op.imm = ((op.imm >>> 11) << 12) | (op.i << 11) | (op.imm & 0x7ff);
}

function saturation(
  name: string,
  section: number,
  opcode: string,
  execute: Execute,
  signedForm: number,
): Encoding {
  return row(
    name,
    'T1',
    `A8.8.${section}`,
    'saturate',
    `11110 (0) 11 ${opcode} shift:1 0 rn:4 0 amount:3 rd:4 amount:2 (0) size:5`,
    `${name.toLowerCase()}{c} {rd}, #{size}, {rn}{shift}`,
    op => {
      if (bad(op.rd) || bad(op.rn)) return UNPREDICTABLE;
      op.rm = op.rn;
      op.size += signedForm;
      decodeImmediateShift(op, op.shift * 2, op.amount);
      return execute;
    },
  );
}

function saturation16(
  name: string,
  section: number,
  opcode: string,
  execute: Execute,
  signedForm: number,
): Encoding {
  return row(
    name,
    'T1',
    `A8.8.${section}`,
    'saturate',
    `11110 (0) 11 ${opcode} 1 0 rn:4 0 000 rd:4 00 (00) size:4`,
    `${name.toLowerCase()}{c} {rd}, #{size}, {rn}`,
    op => {
      if (bad(op.rd) || bad(op.rn)) return UNPREDICTABLE;
      op.rm = op.rn;
      op.size += signedForm;
      return execute;
    },
  );
}

function extract(name: string, section: number, opcode: string, execute: Execute): Encoding {
  return row(
    name,
    'T1',
    `A8.8.${section}`,
    'parallel',
    `11110 (0) 11 ${opcode} 0 rn:4 0 lsb:3 rd:4 lsb:2 (0) size:5`,
    `${name.toLowerCase()}{c} {rd}, {rn}, #{lsb}, #{size}`,
    op => {
      op.size++;
      return bad(op.rd) || bad(op.rn) || op.lsb + op.size > 32 ? UNPREDICTABLE : execute;
    },
  );
}

function insert(op: Op, execute: Execute): Decoded {
  if (bad(op.rd) || op.msb < op.lsb) return UNPREDICTABLE;
  const width = op.msb - op.lsb + 1;
  op.mask = (width === 32 ? -1 : (1 << width) - 1) << op.lsb;
  return execute;
}

const immediates: readonly Encoding[] = [
  wide('ADD', 4, '0000', ADD),
  row(
    'MOV (immediate)',
    'T3',
    'A8.8.102',
    'data-processing',
    '11110 i:1 100100 imm:4 0 imm:3 rd:4 imm:8',
    'movw{c} {rd}, #{imm}',
    op => {
      half(op);
      op.s = 0;
      return bad(op.rd) ? UNPREDICTABLE : withImmediate(op, MOV, -1);
    },
  ),
  wide('SUB', 221, '0101', SUB),
  row(
    'MOVT',
    'T1',
    'A8.8.106',
    'data-processing',
    '11110 i:1 101100 imm:4 0 imm:3 rd:4 imm:8',
    'movt{c} {rd}, #{imm}',
    op => {
      half(op);
      return bad(op.rd) ? UNPREDICTABLE : movt;
    },
  ),
  saturation('SSAT', 193, '00', parallel.ssat, 1),
  saturation16('SSAT16', 194, '00', parallel.ssat16, 1),
  extract('SBFX', 164, '010', parallel.sbfx),
  row(
    'BFI',
    'T1',
    'A8.8.20',
    'parallel',
    '11110 (0) 110110 rn:4 0 lsb:3 rd:4 lsb:2 (0) msb:5',
    'bfi{c} {rd}, {rn}, #{lsb}, #{width}',
    op => (op.rn === 13 ? UNPREDICTABLE : insert(op, parallel.bfi)),
  ),
  row(
    'BFC',
    'T1',
    'A8.8.19',
    'parallel',
    '11110 (0) 110110 1111 0 lsb:3 rd:4 lsb:2 (0) msb:5',
    'bfc{c} {rd}, #{lsb}, #{width}',
    op => insert(op, parallel.bfc),
  ),
  saturation('USAT', 270, '10', parallel.usat, 0),
  saturation16('USAT16', 271, '10', parallel.usat16, 0),
  extract('UBFX', 246, '110', parallel.ubfx),
];

function registerShift(name: string, section: number, opcode: string, type: number): Encoding {
  return row(
    `${name} (register)`,
    'T2',
    `A8.8.${section}`,
    'data-processing',
    `11111010 0 ${opcode} s:1 rm:4 1111 rd:4 0000 ra:4`,
    `${name.toLowerCase()}{s}{c}.w {rd}, {rm}, {ra}`,
    op => {
      if (bad(op.rd) || bad(op.rm) || bad(op.ra)) return UNPREDICTABLE;
      op.shift = type;
      return withRegisterShift(op, MOV);
    },
  );
}

function extensions(
  name: string,
  sections: readonly [number, number],
  opcode: string,
  add: Execute,
  alone: Execute,
): Encoding[] {
  const withAdd = name.replace(/^(.xt)/, '$1a');
  const decode =
    (execute: Execute, registers: readonly RegisterName[]) =>
    (op: Op): Decoded => {
      op.amount *= 8;
      return registers.some(register => bad(op[register])) ? UNPREDICTABLE : execute;
    };
  return [
    row(
      withAdd.toUpperCase(),
      'T1',
      `A8.8.${sections[0]}`,
      'parallel',
      `11111010 0 ${opcode} rn:4 1111 rd:4 1 (0) amount:2 rm:4`,
      `${withAdd}{c} {rd}, {rn}, {rm}{rotation}`,
      decode(add, ['rd', 'rn', 'rm']),
    ),
    row(
      name.toUpperCase(),
      'T2',
      `A8.8.${sections[1]}`,
      'parallel',
      `11111010 0 ${opcode} 1111 1111 rd:4 1 (0) amount:2 rm:4`,
      `${name}{c}${name.endsWith('16') ? '' : '.w'} {rd}, {rm}{rotation}`,
      decode(alone, ['rd', 'rm']),
    ),
  ];
}

const PREFIXES: readonly (readonly [string, string])[] = [
  ['s', '000'],
  ['q', '001'],
  ['sh', '010'],
  ['u', '100'],
  ['uq', '101'],
  ['uh', '110'],
];

const PARALLEL_OPERATIONS: readonly (readonly [string, string])[] = [
  ['add8', '000'],
  ['add16', '001'],
  ['asx', '010'],
  ['sub8', '100'],
  ['sub16', '101'],
  ['sax', '110'],
];

const parallels: readonly Encoding[] = PREFIXES.flatMap(([prefix, op2]) =>
  PARALLEL_OPERATIONS.map(([name, op1]) =>
    row(
      `${prefix}${name}`.toUpperCase(),
      'T1',
      'A6.3.13, A6.3.14',
      'parallel',
      `11111010 1 ${op1} rn:4 1111 rd:4 0 ${op2} rm:4`,
      `${prefix}${name}{c} {rd}, {rn}, {rm}`,
      checked(parallel.PARALLEL.get(prefix + name)!, 'rd', 'rn', 'rm'),
    ),
  ),
);

function three(
  name: string,
  section: number,
  kind: EncodingClass,
  op1: string,
  op2: string,
  execute: Execute,
): Encoding {
  return row(
    name,
    'T1',
    `A8.8.${section}`,
    kind,
    `11111010 10 ${op1} rn:4 1111 rd:4 10 ${op2} rm:4`,
    `${name.toLowerCase()}{c} ${name === 'SEL' ? '{rd}, {rn}, {rm}' : '{rd}, {rm}, {rn}'}`,
    checked(execute, 'rd', 'rn', 'rm'),
  );
}

/** One operand, which is encoded twice. */
function twice(name: string, section: number, op1: string, op2: string, execute: Execute): Encoding {
  return row(
    name,
    'T',
    `A8.8.${section}`,
    'parallel',
    `11111010 10 ${op1} rn:4 1111 rd:4 10 ${op2} rm:4`,
    `${name.toLowerCase()}{c}${name.startsWith('REV') ? '.w' : ''} {rd}, {rm}`,
    op => (bad(op.rd) || bad(op.rm) || op.rn !== op.rm ? UNPREDICTABLE : execute),
  );
}

const registers: readonly Encoding[] = [
  registerShift('LSL', 95, '00', 0),
  registerShift('LSR', 97, '01', 1),
  registerShift('ASR', 17, '10', 2),
  registerShift('ROR', 150, '11', 3),
  ...extensions('sxth', [232, 235], '000', parallel.sxtah, parallel.sxth),
  ...extensions('uxth', [277, 280], '001', parallel.uxtah, parallel.uxth),
  ...extensions('sxtb16', [231, 234], '010', parallel.sxtab16, parallel.sxtb16),
  ...extensions('uxtb16', [276, 279], '011', parallel.uxtab16, parallel.uxtb16),
  ...extensions('sxtb', [230, 233], '100', parallel.sxtab, parallel.sxtb),
  ...extensions('uxtb', [275, 278], '101', parallel.uxtab, parallel.uxtb),
  ...parallels,
  three('QADD', 134, 'saturate', '00', '00', parallel.qadd),
  three('QDADD', 138, 'saturate', '00', '01', parallel.qdadd),
  three('QSUB', 141, 'saturate', '00', '10', parallel.qsub),
  three('QDSUB', 139, 'saturate', '00', '11', parallel.qdsub),
  twice('REV', 145, '01', '00', parallel.rev),
  twice('REV16', 146, '01', '01', parallel.rev16),
  twice('RBIT', 144, '01', '10', parallel.rbit),
  twice('REVSH', 147, '01', '11', parallel.revsh),
  three('SEL', 166, 'parallel', '10', '00', parallel.sel),
  twice('CLZ', 33, '11', '00', parallel.clz),
  row(
    'PKHBT, PKHTB',
    'T1',
    'A8.8.125',
    'parallel',
    '1110101 0110 0 rn:4 (0) amount:3 rd:4 amount:2 t:1 0 rm:4',
    'pkh{tb}{c} {rd}, {rn}, {rm}{shift}',
    op => {
      if (bad(op.rd) || bad(op.rn) || bad(op.rm)) return UNPREDICTABLE;
      decodeImmediateShift(op, op.t === 1 ? 2 : 0, op.amount);
      return parallel.pkh;
    },
  ),
];

/** A name with what bits of `op2` put behind it: which halves, exchanged, rounded. */
function mnemonic(name: string, op2: string): string {
  const bits = /n:1 m:1/.test(op2)
    ? '{xy}'
    : op2.endsWith('m:1')
      ? '{y}'
      : /[xr]:1/.test(op2)
        ? `{${op2.at(-3)}}`
        : '';
  return `${name.replace(/x?y$/, '').toLowerCase()}${bits}`;
}

/** With an accumulator, and what it is with Ra = 1111. */
function multiplication(
  names: readonly [string, string | null],
  op1: string,
  op2: string,
  accumulate: Execute,
  alone: Execute | null,
): Encoding[] {
  const [name, aloneName] = names;
  const rows = [
    row(
      name,
      'T',
      'A6.3.16',
      'multiply',
      `11111011 0 ${op1} rn:4 ra:4 rd:4 00 ${op2} rm:4`,
      `${mnemonic(name, op2)}{c} {rd}, {rn}, {rm}, {ra}`,
      op => {
        op.s = 0;
        return bad(op.rd) || bad(op.rn) || bad(op.rm) || bad(op.ra) ? UNPREDICTABLE : accumulate;
      },
    ),
  ];
  if (alone !== null) {
    rows.push(
      row(
        aloneName!,
        'T',
        'A6.3.16',
        'multiply',
        `11111011 0 ${op1} rn:4 1111 rd:4 00 ${op2} rm:4`,
        `${mnemonic(aloneName!, op2)}{c}${aloneName === 'MUL' ? '.w' : ''} {rd}, {rn}, {rm}`,
        op => {
          op.s = 0;
          return bad(op.rd) || bad(op.rn) || bad(op.rm) ? UNPREDICTABLE : alone;
        },
      ),
    );
  }
  return rows;
}

/** rt is RdLo, rt2 RdHi. */
function long(name: string, op1: string, op2: string, execute: Execute): Encoding {
  return row(
    name,
    'T1',
    'A6.3.17',
    'multiply',
    `11111011 1 ${op1} rn:4 rt:4 rt2:4 ${op2} rm:4`,
    `${mnemonic(name, op2)}{c} {rt}, {rt2}, {rn}, {rm}`,
    op => {
      op.s = 0;
      if (bad(op.rt) || bad(op.rt2) || bad(op.rn) || bad(op.rm) || op.rt === op.rt2) return UNPREDICTABLE;
      return execute;
    },
  );
}

function division(name: string, op1: string, execute: Execute): Encoding {
  return row(
    name,
    'T1',
    'A6.3.17',
    'multiply',
    `11111011 1 ${op1} rn:4 (1111) rd:4 1111 rm:4`,
    `${name.toLowerCase()}{c} {rd}, {rn}, {rm}`,
    checked(execute, 'rd', 'rn', 'rm'),
  );
}

const multiplications: readonly Encoding[] = [
  ...multiplication(['MLA', 'MUL'], '000', '00', multiply.mla, multiply.mul),
  ...multiplication(['MLS', null], '000', '01', multiply.mls, null),
  ...multiplication(['SMLAxy', 'SMULxy'], '001', 'n:1 m:1', multiply.smlaxy, multiply.smulxy),
  ...multiplication(['SMLAD', 'SMUAD'], '010', '0 x:1', multiply.smlad, multiply.smuad),
  ...multiplication(['SMLAWy', 'SMULWy'], '011', '0 m:1', multiply.smlawy, multiply.smulwy),
  ...multiplication(['SMLSD', 'SMUSD'], '100', '0 x:1', multiply.smlsd, multiply.smusd),
  ...multiplication(['SMMLA', 'SMMUL'], '101', '0 r:1', multiply.smmla, multiply.smmul),
  ...multiplication(['SMMLS', null], '110', '0 r:1', multiply.smmls, null),
  ...multiplication(['USADA8', 'USAD8'], '111', '00', parallel.usada8, parallel.usad8),
  long('SMULL', '000', '0000', multiply.smull),
  division('SDIV', '001', multiply.sdiv),
  long('UMULL', '010', '0000', multiply.umull),
  division('UDIV', '011', multiply.udiv),
  long('SMLAL', '100', '0000', multiply.smlal),
  long('SMLALxy', '100', '10 n:1 m:1', multiply.smlalxy),
  long('SMLALD', '100', '110 x:1', multiply.smlald),
  long('SMLSLD', '101', '110 x:1', multiply.smlsld),
  long('UMLAL', '110', '0000', multiply.umlal),
  long('UMAAL', '110', '0110', multiply.umaal),
];

export const dataT32: readonly Encoding[] = [
  ...OPERATIONS.flatMap(rowsOf),
  ...immediates,
  ...registers,
  ...multiplications,
];
