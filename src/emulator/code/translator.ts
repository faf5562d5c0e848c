// SPDX-License-Identifier: GPL-2.0-only
/**
 * Makes one JavaScript function of a block that is executed often. Frequent instructions become lines of their own, with
 * their operands as constants; any other one is a call of its execute function, so that the interpreter stays the
 * reference and the translator need not know everything.
 *
 * A block that branches to its own beginning loops inside its function; `cpu.done` and `cpu.budget` bound it, and `cpu.at` is
 * -1 where nothing of a pass was executed. The function returns as the last instruction that it executed does, which `cpu.at` names. Before an instruction that may
 * fault or look at the clock `cpu.at` is set; other instructions cannot be left in the middle.
 */

import { runConditional } from '../isa/conditions.js';
import { B_CONDITIONAL, b, bl, bx } from '../isa/execute-branch.js';
import * as data from '../isa/execute-data.js';
import { sxtb, sxth, ubfx, uxtb, uxth } from '../isa/execute-parallel.js';
import type { Execute, Op } from '../isa/op.js';
import { ASR, LSL, LSR, nop, ROR, runLoadingPc, runReadingAlignedPc, runReadingPc } from '../isa/operands.js';
import type { Block, Translated } from './block.js';
import { accessLines, LOOK } from './translate-access.js';

/** Conditions as expressions, in the order of their numbers: A8.3. */
const CONDITIONS: readonly string[] = [
  'cpu.zf === 0',
  'cpu.zf !== 0',
  'cpu.cf !== 0',
  'cpu.cf === 0',
  'cpu.nf < 0',
  'cpu.nf >= 0',
  'cpu.vf !== 0',
  'cpu.vf === 0',
  'cpu.cf !== 0 && cpu.zf !== 0',
  '(cpu.cf === 0 || cpu.zf === 0)',
  '(cpu.nf < 0) === (cpu.vf !== 0)',
  '(cpu.nf < 0) !== (cpu.vf !== 0)',
  'cpu.zf !== 0 && (cpu.nf < 0) === (cpu.vf !== 0)',
  '(cpu.zf === 0 || (cpu.nf < 0) !== (cpu.vf !== 0))',
];

/** An operation on `a` and `b`: its value, and how its flags are made. */
interface Operation {
  readonly value: string;
  readonly flags: 'logical' | 'add' | 'subtract' | 'reverse' | null;
  readonly writes: boolean;
}

const OPERATIONS: readonly (readonly [data.Forms, Operation])[] = [
  [data.AND, { value: 'a & b', flags: 'logical', writes: true }],
  [data.EOR, { value: 'a ^ b', flags: 'logical', writes: true }],
  [data.ORR, { value: 'a | b', flags: 'logical', writes: true }],
  [data.BIC, { value: 'a & ~b', flags: 'logical', writes: true }],
  [data.MOV, { value: 'b', flags: 'logical', writes: true }],
  [data.MVN, { value: '~b', flags: 'logical', writes: true }],
  [data.ADD, { value: '(a + b) | 0', flags: 'add', writes: true }],
  [data.SUB, { value: '(a - b) | 0', flags: 'subtract', writes: true }],
  [data.RSB, { value: '(b - a) | 0', flags: 'reverse', writes: true }],
  [data.TST, { value: 'a & b', flags: 'logical', writes: false }],
  [data.TEQ, { value: 'a ^ b', flags: 'logical', writes: false }],
  [data.CMP, { value: '(a - b) | 0', flags: 'subtract', writes: false }],
  [data.CMN, { value: '(a + b) | 0', flags: 'add', writes: false }],
];

interface Form {
  readonly operation: Operation;
  readonly immediate: boolean;
  readonly sets: boolean;
}

const FORMS: ReadonlyMap<Execute, Form> = new Map(
  OPERATIONS.flatMap(([forms, operation]): [Execute, Form][] => [
    [forms.immediate, { operation, immediate: true, sets: !operation.writes }],
    [forms.register, { operation, immediate: false, sets: !operation.writes }],
    [forms.immediateFlags, { operation, immediate: true, sets: true }],
    [forms.registerFlags, { operation, immediate: false, sets: true }],
  ]),
);

const FLAGS = {
  logical: '',
  add: 'cpu.cf = (v >>> 0) < (a >>> 0) ? 1 : 0; cpu.vf = ((a ^ v) & (b ^ v)) >>> 31;',
  subtract: 'cpu.cf = (a >>> 0) >= (b >>> 0) ? 1 : 0; cpu.vf = ((a ^ b) & (a ^ v)) >>> 31;',
  reverse: 'cpu.cf = (b >>> 0) >= (a >>> 0) ? 1 : 0; cpu.vf = ((b ^ a) & (b ^ v)) >>> 31;',
} as const;

/** The lines of a data-processing instruction whose second operand is the expression `second`. */
function dataLines(op: Op, { operation, immediate, sets }: Form, second: string): string {
  const { value, flags, writes } = operation;
  const first = value.includes('a') ? `const a = r[${op.rn}];` : '';
  let text = `{ ${first} const b = ${immediate ? op.imm : second}; const v = ${value};`;
  if (writes) text += ` r[${op.rd}] = v;`;
  if (sets && flags !== null) {
    if (flags === 'logical' && immediate && op.c >= 0) text += ` cpu.cf = ${op.c};`;
    text += ` cpu.nf = v; cpu.zf = v; ${FLAGS[flags]}`;
  }
  return `${text} }`;
}

/** The value of rm shifted by a constant, as an expression; undefined: RRX. */
function shifted(op: Op): string | undefined {
  const rm = `r[${op.rm}]`;
  const { amount } = op;
  switch (op.shift) {
    case LSL:
      return `${rm} << ${amount}`;
    case LSR:
      return amount === 32 ? '0' : `${rm} >>> ${amount} | 0`;
    case ASR:
      return `${rm} >> ${Math.min(amount, 31)}`;
    case ROR:
      return `(${rm} >>> ${amount}) | (${rm} << ${32 - amount})`;
    default:
      return undefined;
  }
}

/** The carry of such a shift. */
function carry(op: Op): string | undefined {
  const rm = `r[${op.rm}]`;
  if (op.shift === LSL) return op.amount === 0 ? undefined : `(${rm} >>> ${32 - op.amount}) & 1`;
  return op.shift <= ROR ? `(${rm} >>> ${op.amount - 1}) & 1` : undefined;
}

/** One block in the making. */
class Translation {
  readonly ops: readonly Op[];
  readonly thumb: boolean;

  constructor(ops: readonly Op[], thumb: boolean) {
    this.ops = ops;
    this.thumb = thumb;
  }

  /** Lines for `execute` of an instruction; undefined: call it. */
  private known(op: Op, execute: Execute, i: number, finish = LOOK): string | undefined {
    const form = FORMS.get(execute);
    if (form !== undefined) return dataLines(op, form, `r[${op.source}]`);
    if (execute === data.runShifted || execute === data.runShiftedCarry) return this.shiftedData(op, execute);
    const access = accessLines(op, execute, i, shifted(op), finish);
    if (access !== undefined) return access;
    switch (execute) {
      case nop:
        return '';
      case b:
        return this.branch(op, i);
      case bl: {
        const next = `cpu.pageAddress + ${op.offset + op.length}`;
        return `r[14] = ${this.thumb ? `(${next}) | 1` : next}; ${this.leave(i, `cpu.pageAddress + ${op.offset + op.imm}`)}`;
      }
      case bx:
        return op.rm === 15 ? undefined : `cpu.at = ${i}; return cpu.branchExchange(r[${op.rm}]);`;
      case runReadingPc:
        return this.readingPc(op, i, `cpu.pageAddress + ${op.offset + (this.thumb ? 4 : 8)}`);
      case runReadingAlignedPc:
        return this.readingPc(op, i, `(cpu.pageAddress + ${op.offset + (this.thumb ? 4 : 8)}) & ~3`);
      case runLoadingPc: {
        const inner = this.known(op, op.inner, i, '');
        const pc = `(cpu.pageAddress + ${op.offset + (this.thumb ? 4 : 8)}) & ~3`;
        return inner === undefined ? undefined : `r[15] = ${pc}; ${inner} return cpu.branchExchange(r[15]);`;
      }
      case uxtb:
        return op.amount === 0 ? `r[${op.rd}] = r[${op.rm}] & 255;` : undefined;
      case uxth:
        return op.amount === 0 ? `r[${op.rd}] = r[${op.rm}] & 65535;` : undefined;
      case sxtb:
        return op.amount === 0 ? `r[${op.rd}] = r[${op.rm}] << 24 >> 24;` : undefined;
      case sxth:
        return op.amount === 0 ? `r[${op.rd}] = r[${op.rm}] << 16 >> 16;` : undefined;
      case ubfx:
        return `r[${op.rd}] = r[${op.rn}] << ${32 - op.size - op.lsb} >>> ${32 - op.size};`;
      default:
        return undefined;
    }
  }

  private leave(i: number, target: string): string {
    return `cpu.at = ${i}; r[15] = ${target}; return 2;`;
  }

  /** B. To the block's own beginning it is a loop, for as long as the budget has room for another pass. */
  private branch(op: Op, i: number): string {
    const target = op.offset + op.imm;
    if (target !== this.ops[0]!.offset) return this.leave(i, `cpu.pageAddress + ${target}`);
    const again = `if (cpu.budget - cpu.done >= ${this.ops.length}) continue;`;
    return `cpu.done += ${i + 1}; ${again} cpu.at = -1; r[15] = cpu.pageAddress + ${target}; return 2;`;
  }

  private readingPc(op: Op, i: number, value: string): string | undefined {
    const inner = this.known(op, op.inner, i);
    return inner === undefined ? undefined : `r[15] = ${value}; ${inner}`;
  }

  private shiftedData(op: Op, execute: Execute): string | undefined {
    const form = FORMS.get(op.operation);
    const value = shifted(op);
    if (form === undefined || value === undefined) return undefined;
    if (execute === data.runShifted) return dataLines(op, form, value);
    const out = carry(op);
    if (out === undefined) return undefined;
    return `{ const c = ${out}; ${dataLines(op, form, value)} cpu.cf = c; }`;
  }

  private lines(op: Op, i: number): string {
    const conditional = op.run === runConditional || B_CONDITIONAL.includes(op.run);
    const body = op.body === op.execute ? this.known(op, op.execute, i) : undefined;
    const called = `cpu.at = ${i}; { const o = ops[${i}].body(cpu, ops[${i}]); if (o !== 0) return o; }`;
    return conditional ? `if (${CONDITIONS[op.cond]}) { ${body ?? called} }` : (body ?? called);
  }

  text(): string {
    const { ops } = this;
    const lines = ops.map((op, i) => this.lines(op, i));
    return `return (cpu, r, mem) => {\nfor (;;) {\n${lines.join('\n')}\ncpu.at = ${ops.length - 1};\nreturn 0;\n}\n};`;
  }
}

/** The function of a block; `thumb`: it is T32. */
export function translateBlock(block: Block, thumb: number): Translated {
  const text = new Translation(block.ops, thumb !== 0).text();
  const make = new Function('ops', text) as (ops: readonly Op[]) => Translated;
  return make(block.ops);
}
