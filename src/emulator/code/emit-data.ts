// SPDX-License-Identifier: GPL-2.0-only
/**
 * Data processing, multiplication, bit fields as WebAssembly. The reference is what `../isa/execute-data.ts`,
 * `execute-multiply.ts` and `execute-parallel.ts` do.
 */
import * as data from '../isa/execute-data.js';
import * as multiply from '../isa/execute-multiply.js';
import * as parallel from '../isa/execute-parallel.js';
import type { Execute, Op } from '../isa/op.js';
import { ASR, LSL, LSR, ROR } from '../isa/operands.js';
import { type Emitter, LONG, VALUE } from './emitter.js';
import { op as wasm } from './wasm.js';

/** Makes an instruction; false: nothing was made, it must be called. */
export type Emit = (e: Emitter, op: Op) => boolean;

const SELECT = 0x1b;

// Operands.

/** Pushes rm shifted by the op's constant: Shift(). */
export function pushShifted(e: Emitter, op: Op): void {
  const { code } = e;
  const { amount } = op;
  if (op.shift === LSR && amount === 32) {
    code.i32(0);
    return;
  }
  e.get(op.rm);
  switch (op.shift) {
    case LSL:
      if (amount !== 0) code.i32(amount).do(wasm.i32_shl);
      break;
    case LSR:
      code.i32(amount).do(wasm.i32_shr_u);
      break;
    case ASR:
      code.i32(Math.min(amount, 31)).do(wasm.i32_shr_s);
      break;
    case ROR:
      code.i32(amount).do(wasm.i32_rotr);
      break;
    default:
      // RRX.
      code.i32(1).do(wasm.i32_shr_u);
      e.flags.carry();
      code.i32(31).do(wasm.i32_shl, wasm.i32_or);
      break;
  }
}

/** Pushes the carry of such a shift, which is one of more than nothing. */
function pushShiftCarry(e: Emitter, op: Op): void {
  const bit = op.shift === LSL ? 32 - op.amount : op.shift <= ROR ? op.amount - 1 : 0;
  e.get(op.rm);
  e.code.i32(bit).do(wasm.i32_shr_u).i32(1).do(wasm.i32_and);
}

/** Pushes rm shifted by the low byte of a register. */
function pushShiftedByRegister(e: Emitter, op: Op): void {
  const { code } = e;
  const amount = (): void => {
    e.get(op.ra);
    code.i32(0xff).do(wasm.i32_and);
  };
  if (op.shift === ROR) {
    e.get(op.rm);
    e.get(op.ra);
    code.do(wasm.i32_rotr);
    return;
  }
  if (op.shift === ASR) {
    e.get(op.rm);
    amount();
    code.i32(31);
    amount();
    code.i32(32).do(wasm.i32_lt_u, SELECT, wasm.i32_shr_s);
    return;
  }
  e.get(op.rm);
  e.get(op.ra);
  code.do(op.shift === LSL ? wasm.i32_shl : wasm.i32_shr_u).i32(0);
  amount();
  code.i32(32).do(wasm.i32_lt_u, SELECT);
}

// Data processing.

interface Operation {
  /** Pushes the first operand, or no operand where there is none. */
  readonly first: boolean;
  /** The value of the operands, on the stack in their order. */
  readonly combine: readonly number[];
  readonly flags: 'logical' | 'add' | 'subtract' | 'carry';
  /** Operands change places. */
  readonly reversed: boolean;
  /** The second operand is inverted first. */
  readonly inverted: boolean;
  readonly writes: boolean;
}

function operation(
  flags: Operation['flags'],
  combine: readonly number[],
  more: Partial<Operation> = {},
): Operation {
  return { first: true, combine, flags, reversed: false, inverted: false, writes: true, ...more };
}

const OPERATIONS: readonly (readonly [data.Forms, Operation])[] = [
  [data.AND, operation('logical', [wasm.i32_and])],
  [data.EOR, operation('logical', [wasm.i32_xor])],
  [data.ORR, operation('logical', [wasm.i32_or])],
  [data.BIC, operation('logical', [wasm.i32_and], { inverted: true })],
  [data.ORN, operation('logical', [wasm.i32_or], { inverted: true })],
  [data.MOV, operation('logical', [], { first: false })],
  [data.MVN, operation('logical', [], { first: false, inverted: true })],
  [data.ADD, operation('add', [wasm.i32_add])],
  [data.SUB, operation('subtract', [wasm.i32_sub])],
  [data.RSB, operation('subtract', [wasm.i32_sub], { reversed: true })],
  [data.ADC, operation('carry', [])],
  [data.SBC, operation('carry', [], { inverted: true })],
  [data.RSC, operation('carry', [], { reversed: true, inverted: true })],
  [data.TST, operation('logical', [wasm.i32_and], { writes: false })],
  [data.TEQ, operation('logical', [wasm.i32_xor], { writes: false })],
  [data.CMP, operation('subtract', [wasm.i32_sub], { writes: false })],
  [data.CMN, operation('add', [wasm.i32_add], { writes: false })],
];

interface Form {
  readonly operation: Operation;
  readonly immediate: boolean;
  readonly sets: boolean;
}

const FORMS: ReadonlyMap<Execute, Form> = new Map(
  OPERATIONS.flatMap(([forms, each]): [Execute, Form][] => [
    [forms.immediate, { operation: each, immediate: true, sets: !each.writes }],
    [forms.register, { operation: each, immediate: false, sets: !each.writes }],
    [forms.immediateFlags, { operation: each, immediate: true, sets: true }],
    [forms.registerFlags, { operation: each, immediate: false, sets: true }],
  ]),
);

/** An operation whose second operand `second` pushes. */
function emitOperation(e: Emitter, op: Op, form: Form, second: () => void): void {
  const { code, flags } = e;
  const { first, combine, reversed, inverted, writes } = form.operation;
  const kind = form.operation.flags;
  const one = (): void => {
    if (first) e.get(op.rn);
    // RSC is imm + ~rn + C: the operand that is inverted is the one that is subtracted.
    if (first && reversed && inverted) code.i32(-1).do(wasm.i32_xor);
  };
  const other = (): void => {
    second();
    if (inverted && !reversed) code.i32(-1).do(wasm.i32_xor);
  };
  if (kind === 'carry' && form.sets) flags.settleCarry();
  if (reversed) {
    other();
    one();
  } else {
    one();
    other();
  }
  if (!form.sets) {
    if (kind === 'carry') {
      code.do(wasm.i32_add);
      flags.carry();
      code.do(wasm.i32_add);
    } else {
      code.do(...combine);
    }
  } else if (kind === 'logical') {
    code.do(...combine);
    if (form.immediate && op.c >= 0) {
      code.i32(op.c);
      flags.popCarry();
    }
    flags.result();
  } else if (kind === 'carry') {
    flags.addWithCarry();
  } else {
    flags.arithmetic(kind);
  }
  if (writes) e.set(op.rd);
  else code.drop();
}

export function emitData(e: Emitter, op: Op, execute: Execute): boolean {
  const form = FORMS.get(execute);
  if (form !== undefined) {
    emitOperation(e, op, form, () => (form.immediate ? e.code.i32(op.imm) : e.get(op.source)));
    return true;
  }
  const shifts =
    execute === data.runShifted || execute === data.runShiftedCarry || execute === data.runShiftedByRegister;
  const inner = shifts ? FORMS.get(op.operation) : undefined;
  if (inner === undefined) return false;
  if (execute === data.runShiftedByRegister) {
    emitOperation(e, op, inner, () => pushShiftedByRegister(e, op));
    return true;
  }
  if (execute === data.runShifted || (op.shift === LSL && op.amount === 0)) {
    emitOperation(e, op, inner, () => pushShifted(e, op));
    return true;
  }
  // The carry out replaces C, which RRX shifts in, so the value comes first.
  pushShifted(e, op);
  e.code.set(VALUE);
  pushShiftCarry(e, op);
  e.flags.popCarry();
  emitOperation(e, op, inner, () => e.code.get(VALUE));
  return true;
}

// Other instructions without access to memory.

function rotated(e: Emitter, op: Op): void {
  e.get(op.rm);
  if (op.amount !== 0) e.code.i32(op.amount).do(wasm.i32_rotr);
}

function extend(...opcodes: readonly number[]): Emit {
  return (e, op) => {
    rotated(e, op);
    e.code.do(...opcodes);
    e.set(op.rd);
    return true;
  };
}

function mask(value: number): Emit {
  return (e, op) => {
    rotated(e, op);
    e.code.i32(value).do(wasm.i32_and);
    e.set(op.rd);
    return true;
  };
}

function add(push: (e: Emitter) => void): Emit {
  return (e, op) => {
    e.get(op.rn);
    rotated(e, op);
    push(e);
    e.code.do(wasm.i32_add);
    e.set(op.rd);
    return true;
  };
}

/** rd := ra ± rn * rm, with flags where the op says so. */
function product(accumulate: readonly number[]): Emit {
  return (e, op) => {
    if (accumulate.length > 0) e.get(op.ra);
    e.get(op.rn);
    e.get(op.rm);
    e.code.do(wasm.i32_mul, ...accumulate);
    if (op.s === 1) e.flags.result();
    e.set(op.rd);
    return true;
  };
}

/** Division by zero gives zero; the quotient of -2^31 and -1 is the dividend, where WebAssembly would trap. */
function quotient(signed: boolean): Emit {
  return (e, op) => {
    const { code } = e;
    code.i32(0).set(VALUE);
    e.get(op.rm);
    code.if();
    if (signed) {
      e.get(op.rm);
      code.i32(-1).do(wasm.i32_eq).if().i32(0);
      e.get(op.rn);
      code.do(wasm.i32_sub).set(VALUE).else();
    }
    e.get(op.rn);
    e.get(op.rm);
    code.do(signed ? wasm.i32_div_s : wasm.i32_div_u).set(VALUE);
    if (signed) code.end();
    code.end().get(VALUE);
    e.set(op.rd);
    return true;
  };
}

/** RdHi:RdLo := rn * rm, or plus RdHi:RdLo. With flags it is left to the interpreter's function. */
function longProduct(widen: number, accumulates: boolean): Emit {
  return (e, op) => {
    if (op.s === 1) return false;
    const { code } = e;
    e.get(op.rn);
    code.do(widen);
    e.get(op.rm);
    code.do(widen, wasm.i64_mul);
    if (accumulates) {
      e.get(op.rt);
      code.do(wasm.i64_extend_i32_u);
      e.get(op.rt2);
      code.do(wasm.i64_extend_i32_u).i64(32).do(wasm.i64_shl, wasm.i64_or, wasm.i64_add);
    }
    code.tee(LONG).do(wasm.i32_wrap_i64);
    e.set(op.rt);
    code.get(LONG).i64(32).do(wasm.i64_shr_u, wasm.i32_wrap_i64);
    e.set(op.rt2);
    return true;
  };
}

function bitField(shift: number): Emit {
  return (e, op) => {
    e.get(op.rn);
    e.code
      .i32(32 - op.size - op.lsb)
      .do(wasm.i32_shl)
      .i32(32 - op.size)
      .do(shift);
    e.set(op.rd);
    return true;
  };
}

const OTHERS: ReadonlyMap<Execute, Emit> = new Map<Execute, Emit>([
  [parallel.uxtb, mask(0xff)],
  [parallel.uxth, mask(0xffff)],
  [parallel.sxtb, extend(wasm.i32_extend8_s)],
  [parallel.sxth, extend(wasm.i32_extend16_s)],
  [parallel.uxtab, add(e => e.code.i32(0xff).do(wasm.i32_and))],
  [parallel.uxtah, add(e => e.code.i32(0xffff).do(wasm.i32_and))],
  [parallel.sxtab, add(e => e.code.do(wasm.i32_extend8_s))],
  [parallel.sxtah, add(e => e.code.do(wasm.i32_extend16_s))],
  [parallel.ubfx, bitField(wasm.i32_shr_u)],
  [parallel.sbfx, bitField(wasm.i32_shr_s)],
  [
    parallel.bfc,
    (e, op) => {
      e.get(op.rd);
      e.code.i32(~op.mask).do(wasm.i32_and);
      e.set(op.rd);
      return true;
    },
  ],
  [
    parallel.bfi,
    (e, op) => {
      e.get(op.rd);
      e.code.i32(~op.mask).do(wasm.i32_and);
      e.get(op.rn);
      e.code.i32(op.lsb).do(wasm.i32_shl).i32(op.mask).do(wasm.i32_and, wasm.i32_or);
      e.set(op.rd);
      return true;
    },
  ],
  [
    data.movt,
    (e, op) => {
      e.get(op.rd);
      e.code
        .i32(0xffff)
        .do(wasm.i32_and)
        .i32(op.imm << 16)
        .do(wasm.i32_or);
      e.set(op.rd);
      return true;
    },
  ],
  [
    parallel.clz,
    (e, op) => {
      e.get(op.rm);
      e.code.do(wasm.i32_clz);
      e.set(op.rd);
      return true;
    },
  ],
  [
    parallel.rev,
    (e, op) => {
      const { code } = e;
      e.get(op.rm);
      code.i32(8).do(wasm.i32_rotl).i32(0x00ff00ff).do(wasm.i32_and);
      e.get(op.rm);
      code
        .i32(8)
        .do(wasm.i32_rotr)
        .i32(0xff00ff00 | 0)
        .do(wasm.i32_and, wasm.i32_or);
      e.set(op.rd);
      return true;
    },
  ],
  [
    parallel.rev16,
    (e, op) => {
      const { code } = e;
      e.get(op.rm);
      code.i32(0x00ff00ff).do(wasm.i32_and).i32(8).do(wasm.i32_shl);
      e.get(op.rm);
      code.i32(8).do(wasm.i32_shr_u).i32(0x00ff00ff).do(wasm.i32_and, wasm.i32_or);
      e.set(op.rd);
      return true;
    },
  ],
  [multiply.mul, product([])],
  [multiply.mla, product([wasm.i32_add])],
  [
    multiply.mls,
    (e, op) => {
      e.get(op.ra);
      e.get(op.rn);
      e.get(op.rm);
      e.code.do(wasm.i32_mul, wasm.i32_sub);
      e.set(op.rd);
      return true;
    },
  ],
  [multiply.sdiv, quotient(true)],
  [multiply.udiv, quotient(false)],
  [multiply.umull, longProduct(wasm.i64_extend_i32_u, false)],
  [multiply.smull, longProduct(wasm.i64_extend_i32_s, false)],
  [multiply.umlal, longProduct(wasm.i64_extend_i32_u, true)],
  [multiply.smlal, longProduct(wasm.i64_extend_i32_s, true)],
]);

export function emitOther(e: Emitter, op: Op, execute: Execute): boolean {
  return OTHERS.get(execute)?.(e, op) ?? false;
}
