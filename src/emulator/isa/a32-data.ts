// SPDX-License-Identifier: GPL-2.0-only
/** A32 data processing: ARM DDI 0406C, A5.2.1 to A5.2.4 and A8.8. */
import { type Decoded, type Encoding, row, UNDEFINED, UNPREDICTABLE } from './encoding.js';
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
  ORR,
  RSB,
  RSC,
  returning,
  SBC,
  SUB,
  TEQ,
  TST,
  withImmediate,
  withRegisterShift,
  withShift,
} from './execute-data.js';
import type { Execute, Op } from './op.js';
import { decodeImmediateShift, expandA32, readingPc, writingPc } from './operands.js';

/** What an operation does with its registers: rd and rn, rd only, rn only. */
type Operands = 'dn' | 'd' | 'n';

interface Operation {
  readonly name: string;
  /** Sections of the immediate, register and register-shifted forms: A8.8.n. */
  readonly sections: readonly [number, number, number];
  readonly opcode: string;
  readonly forms: Forms;
  readonly operands: Operands;
}

function operation(
  name: string,
  sections: readonly [number, number, number],
  opcode: string,
  forms: Forms,
  operands: Operands = 'dn',
): Operation {
  return { name, sections, opcode, forms, operands };
}

const OPERATIONS: readonly Operation[] = [
  operation('ADC', [1, 2, 3], '0101', ADC),
  operation('ADD', [5, 7, 8], '0100', ADD),
  operation('AND', [13, 14, 15], '0000', AND),
  operation('BIC', [21, 22, 23], '1110', BIC),
  operation('CMN', [34, 35, 36], '1011', CMN, 'n'),
  operation('CMP', [37, 38, 39], '1010', CMP, 'n'),
  operation('EOR', [46, 47, 48], '0001', EOR),
  operation('MOV', [102, 104, 104], '1101', MOV, 'd'),
  operation('MVN', [115, 116, 117], '1111', MVN, 'd'),
  operation('ORR', [122, 123, 124], '1100', ORR),
  operation('RSB', [152, 153, 154], '0011', RSB),
  operation('RSC', [155, 156, 157], '0111', RSC),
  operation('SBC', [161, 162, 163], '0110', SBC),
  operation('SUB', [222, 223, 224], '0010', SUB),
  operation('TEQ', [237, 238, 239], '1001', TEQ, 'n'),
  operation('TST', [240, 241, 242], '1000', TST, 'n'),
];

/** `reads`: a source is r15. */
function finish(op: Op, { operands }: Operation, reads: boolean, make: () => Execute): Decoded {
  if (operands !== 'n' && op.rd === 15) {
    // SUBS PC, LR and related instructions: B9.3.20.
    const returns = op.s === 1;
    op.s = 0;
    const execute = make();
    return returns ? returning(op, execute) : writingPc(op, execute);
  }
  // Comparisons set the flags, and have no bit for it.
  if (operands === 'n') op.s = 1;
  const execute = make();
  return reads ? readingPc(op, execute) : execute;
}

function rowsOf(operation: Operation): Encoding[] {
  const { name, sections, opcode, forms, operands } = operation;
  const s = operands === 'n' ? '1' : 's:1';
  const rn = operands === 'd' ? '(0000)' : 'rn:4';
  const rd = operands === 'n' ? '(0000)' : 'rd:4';
  const registers = { dn: '{rd}, {rn}', d: '{rd}', n: '{rn}' }[operands];
  const mnemonic = operands === 'n' ? `${name.toLowerCase()}{c}` : `${name.toLowerCase()}{s}{c}`;
  const readsRn = (op: Op): boolean => operands !== 'd' && op.rn === 15;
  return [
    row(
      `${name} (immediate)`,
      'A1',
      `A8.8.${sections[0]}`,
      'data-processing',
      `cond:4 001 ${opcode} ${s} ${rn} ${rd} imm:12`,
      `${mnemonic} ${registers}, #{imm}`,
      op => {
        const carry = op.imm >>> 8 === 0 ? -1 : expandA32(op.imm) >>> 31;
        op.imm = expandA32(op.imm);
        return finish(op, operation, readsRn(op), () => withImmediate(op, forms, carry));
      },
    ),
    row(
      `${name} (register)`,
      'A1',
      `A8.8.${sections[1]}`,
      'data-processing',
      `cond:4 000 ${opcode} ${s} ${rn} ${rd} amount:5 shift:2 0 rm:4`,
      `${mnemonic} ${registers}, {rm}{shift}`,
      op => {
        decodeImmediateShift(op, op.shift, op.amount);
        return finish(op, operation, readsRn(op) || op.rm === 15, () => withShift(op, forms));
      },
    ),
    row(
      `${name} (register-shifted register)`,
      'A1',
      `A8.8.${sections[2]}`,
      'data-processing',
      `cond:4 000 ${opcode} ${s} ${rn} ${rd} ra:4 0 shift:2 1 rm:4`,
      `${mnemonic} ${registers}, {rm}, {shiftname} {ra}`,
      op => {
        if ((operands !== 'n' && op.rd === 15) || readsRn(op) || op.rm === 15 || op.ra === 15) {
          return UNPREDICTABLE;
        }
        if (operands === 'n') op.s = 1;
        return withRegisterShift(op, forms);
      },
    ),
  ];
}

export const dataA32: readonly Encoding[] = [
  ...OPERATIONS.flatMap(rowsOf),
  row(
    'MOV (immediate)',
    'A2',
    'A8.8.102',
    'data-processing',
    'cond:4 0011 0000 imm:4 rd:4 imm:12',
    'movw{c} {rd}, #{imm}',
    op => {
      if (op.rd === 15) return UNPREDICTABLE;
      op.s = 0;
      return withImmediate(op, MOV, -1);
    },
  ),
  row(
    'MOVT',
    'A1',
    'A8.8.106',
    'data-processing',
    'cond:4 0011 0100 imm:4 rd:4 imm:12',
    'movt{c} {rd}, #{imm}',
    op => (op.rd === 15 ? UNPREDICTABLE : movt),
  ),
  row('UDF', 'A1', 'A8.8.247', 'hint', '1110 0111 1111 imm:12 1111 imm:4', 'udf #{imm}', () => UNDEFINED),
];
