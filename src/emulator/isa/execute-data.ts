// SPDX-License-Identifier: GPL-2.0-only
/**
 * Data processing: ARM DDI 0406C, A8.8. Each operation in up to four forms: with an immediate (`op.imm`) or a
 * register (`op.source`), without flags or with (`…s`).
 *
 * A shifted operand is a register too: a wrapper puts it into r[OPERAND], which `source` then names, and sets the
 * carry for operations that take theirs from the shifter.
 */
import type { Cpu } from '../cpu/cpu.js';
import { BRANCHED, type Execute, NEXT, type Op, type Outcome } from './op.js';
import { pcValue, shiftByRegisterCarry, shiftCarry, shiftedByRegister, shiftedRm } from './operands.js';

/** Where wrappers leave a shifted operand in `cpu.r`. */
export const OPERAND = 16;

/** Flags of a logical operation; the carry is the shifter's and already set. */
function logical(cpu: Cpu, result: number): void {
  cpu.nf = result;
  cpu.zf = result;
}

/** The carry out of an expanded immediate: op.c is 0 or 1, or -1 where it has none. */
function immediateCarry(cpu: Cpu, op: Op): void {
  if (op.c >= 0) cpu.cf = op.c;
}

/** a + b, with flags. */
export function addFlags(cpu: Cpu, a: number, b: number): number {
  const result = (a + b) | 0;
  cpu.nf = result;
  cpu.zf = result;
  cpu.cf = result >>> 0 < a >>> 0 ? 1 : 0;
  cpu.vf = ((a ^ result) & (b ^ result)) >>> 31;
  return result;
}

/** a - b, with flags. */
export function subFlags(cpu: Cpu, a: number, b: number): number {
  const result = (a - b) | 0;
  cpu.nf = result;
  cpu.zf = result;
  cpu.cf = a >>> 0 >= b >>> 0 ? 1 : 0;
  cpu.vf = ((a ^ b) & (a ^ result)) >>> 31;
  return result;
}

/** AddWithCarry(a, b, C), with flags. */
export function adcFlags(cpu: Cpu, a: number, b: number): number {
  const sum = (a >>> 0) + (b >>> 0) + cpu.cf;
  const result = sum | 0;
  cpu.nf = result;
  cpu.zf = result;
  cpu.cf = sum > 0xffffffff ? 1 : 0;
  cpu.vf = ((a ^ result) & (b ^ result)) >>> 31;
  return result;
}

export function andImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.rn]! & op.imm;
  return NEXT;
}

export function andsImmediate(cpu: Cpu, op: Op): Outcome {
  const result = cpu.r[op.rn]! & op.imm;
  cpu.r[op.rd] = result;
  immediateCarry(cpu, op);
  logical(cpu, result);
  return NEXT;
}

export function andRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.rn]! & cpu.r[op.source]!;
  return NEXT;
}

export function andsRegister(cpu: Cpu, op: Op): Outcome {
  const result = cpu.r[op.rn]! & cpu.r[op.source]!;
  cpu.r[op.rd] = result;
  logical(cpu, result);
  return NEXT;
}

export function eorImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.rn]! ^ op.imm;
  return NEXT;
}

export function eorsImmediate(cpu: Cpu, op: Op): Outcome {
  const result = cpu.r[op.rn]! ^ op.imm;
  cpu.r[op.rd] = result;
  immediateCarry(cpu, op);
  logical(cpu, result);
  return NEXT;
}

export function eorRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.rn]! ^ cpu.r[op.source]!;
  return NEXT;
}

export function eorsRegister(cpu: Cpu, op: Op): Outcome {
  const result = cpu.r[op.rn]! ^ cpu.r[op.source]!;
  cpu.r[op.rd] = result;
  logical(cpu, result);
  return NEXT;
}

export function orrImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.rn]! | op.imm;
  return NEXT;
}

export function orrsImmediate(cpu: Cpu, op: Op): Outcome {
  const result = cpu.r[op.rn]! | op.imm;
  cpu.r[op.rd] = result;
  immediateCarry(cpu, op);
  logical(cpu, result);
  return NEXT;
}

export function orrRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.rn]! | cpu.r[op.source]!;
  return NEXT;
}

export function orrsRegister(cpu: Cpu, op: Op): Outcome {
  const result = cpu.r[op.rn]! | cpu.r[op.source]!;
  cpu.r[op.rd] = result;
  logical(cpu, result);
  return NEXT;
}

export function bicImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.rn]! & ~op.imm;
  return NEXT;
}

export function bicsImmediate(cpu: Cpu, op: Op): Outcome {
  const result = cpu.r[op.rn]! & ~op.imm;
  cpu.r[op.rd] = result;
  immediateCarry(cpu, op);
  logical(cpu, result);
  return NEXT;
}

export function bicRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.rn]! & ~cpu.r[op.source]!;
  return NEXT;
}

export function bicsRegister(cpu: Cpu, op: Op): Outcome {
  const result = cpu.r[op.rn]! & ~cpu.r[op.source]!;
  cpu.r[op.rd] = result;
  logical(cpu, result);
  return NEXT;
}

export function ornImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.rn]! | ~op.imm;
  return NEXT;
}

export function ornsImmediate(cpu: Cpu, op: Op): Outcome {
  const result = cpu.r[op.rn]! | ~op.imm;
  cpu.r[op.rd] = result;
  immediateCarry(cpu, op);
  logical(cpu, result);
  return NEXT;
}

export function ornRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.rn]! | ~cpu.r[op.source]!;
  return NEXT;
}

export function ornsRegister(cpu: Cpu, op: Op): Outcome {
  const result = cpu.r[op.rn]! | ~cpu.r[op.source]!;
  cpu.r[op.rd] = result;
  logical(cpu, result);
  return NEXT;
}

export function movImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = op.imm;
  return NEXT;
}

export function movsImmediate(cpu: Cpu, op: Op): Outcome {
  const result = op.imm;
  cpu.r[op.rd] = result;
  immediateCarry(cpu, op);
  logical(cpu, result);
  return NEXT;
}

export function movRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.source]!;
  return NEXT;
}

export function movsRegister(cpu: Cpu, op: Op): Outcome {
  const result = cpu.r[op.source]!;
  cpu.r[op.rd] = result;
  logical(cpu, result);
  return NEXT;
}

export function mvnImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = ~op.imm;
  return NEXT;
}

export function mvnsImmediate(cpu: Cpu, op: Op): Outcome {
  const result = ~op.imm;
  cpu.r[op.rd] = result;
  immediateCarry(cpu, op);
  logical(cpu, result);
  return NEXT;
}

export function mvnRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = ~cpu.r[op.source]!;
  return NEXT;
}

export function mvnsRegister(cpu: Cpu, op: Op): Outcome {
  const result = ~cpu.r[op.source]!;
  cpu.r[op.rd] = result;
  logical(cpu, result);
  return NEXT;
}

export function addImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.rn]! + op.imm;
  return NEXT;
}

export function addsImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = addFlags(cpu, cpu.r[op.rn]!, op.imm);
  return NEXT;
}

export function addRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.rn]! + cpu.r[op.source]!;
  return NEXT;
}

export function addsRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = addFlags(cpu, cpu.r[op.rn]!, cpu.r[op.source]!);
  return NEXT;
}

export function subImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.rn]! - op.imm;
  return NEXT;
}

export function subsImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = subFlags(cpu, cpu.r[op.rn]!, op.imm);
  return NEXT;
}

export function subRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.rn]! - cpu.r[op.source]!;
  return NEXT;
}

export function subsRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = subFlags(cpu, cpu.r[op.rn]!, cpu.r[op.source]!);
  return NEXT;
}

export function rsbImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = op.imm - cpu.r[op.rn]!;
  return NEXT;
}

export function rsbsImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = subFlags(cpu, op.imm, cpu.r[op.rn]!);
  return NEXT;
}

export function rsbRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.source]! - cpu.r[op.rn]!;
  return NEXT;
}

export function rsbsRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = subFlags(cpu, cpu.r[op.source]!, cpu.r[op.rn]!);
  return NEXT;
}

export function adcImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.rn]! + op.imm + cpu.cf;
  return NEXT;
}

export function adcsImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = adcFlags(cpu, cpu.r[op.rn]!, op.imm);
  return NEXT;
}

export function adcRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.rn]! + cpu.r[op.source]! + cpu.cf;
  return NEXT;
}

export function adcsRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = adcFlags(cpu, cpu.r[op.rn]!, cpu.r[op.source]!);
  return NEXT;
}

export function sbcImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.rn]! + ~op.imm + cpu.cf;
  return NEXT;
}

export function sbcsImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = adcFlags(cpu, cpu.r[op.rn]!, ~op.imm);
  return NEXT;
}

export function sbcRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.rn]! + ~cpu.r[op.source]! + cpu.cf;
  return NEXT;
}

export function sbcsRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = adcFlags(cpu, cpu.r[op.rn]!, ~cpu.r[op.source]!);
  return NEXT;
}

export function rscImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = op.imm + ~cpu.r[op.rn]! + cpu.cf;
  return NEXT;
}

export function rscsImmediate(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = adcFlags(cpu, op.imm, ~cpu.r[op.rn]!);
  return NEXT;
}

export function rscRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.source]! + ~cpu.r[op.rn]! + cpu.cf;
  return NEXT;
}

export function rscsRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = adcFlags(cpu, cpu.r[op.source]!, ~cpu.r[op.rn]!);
  return NEXT;
}

export function tstImmediate(cpu: Cpu, op: Op): Outcome {
  immediateCarry(cpu, op);
  logical(cpu, cpu.r[op.rn]! & op.imm);
  return NEXT;
}

export function tstRegister(cpu: Cpu, op: Op): Outcome {
  logical(cpu, cpu.r[op.rn]! & cpu.r[op.source]!);
  return NEXT;
}

export function teqImmediate(cpu: Cpu, op: Op): Outcome {
  immediateCarry(cpu, op);
  logical(cpu, cpu.r[op.rn]! ^ op.imm);
  return NEXT;
}

export function teqRegister(cpu: Cpu, op: Op): Outcome {
  logical(cpu, cpu.r[op.rn]! ^ cpu.r[op.source]!);
  return NEXT;
}

export function cmpImmediate(cpu: Cpu, op: Op): Outcome {
  subFlags(cpu, cpu.r[op.rn]!, op.imm);
  return NEXT;
}

export function cmpRegister(cpu: Cpu, op: Op): Outcome {
  subFlags(cpu, cpu.r[op.rn]!, cpu.r[op.source]!);
  return NEXT;
}

export function cmnImmediate(cpu: Cpu, op: Op): Outcome {
  addFlags(cpu, cpu.r[op.rn]!, op.imm);
  return NEXT;
}

export function cmnRegister(cpu: Cpu, op: Op): Outcome {
  addFlags(cpu, cpu.r[op.rn]!, cpu.r[op.source]!);
  return NEXT;
}

/** The four forms of an operation. */
export interface Forms {
  readonly immediate: Execute;
  readonly register: Execute;
  readonly immediateFlags: Execute;
  readonly registerFlags: Execute;
  /** Takes its carry from the shifter. */
  readonly logical: boolean;
}

function forms(
  immediate: Execute,
  register: Execute,
  immediateFlags: Execute,
  registerFlags: Execute,
  isLogical: boolean,
): Forms {
  return { immediate, register, immediateFlags, registerFlags, logical: isLogical };
}

export const AND: Forms = forms(andImmediate, andRegister, andsImmediate, andsRegister, true);
export const EOR: Forms = forms(eorImmediate, eorRegister, eorsImmediate, eorsRegister, true);
export const ORR: Forms = forms(orrImmediate, orrRegister, orrsImmediate, orrsRegister, true);
export const BIC: Forms = forms(bicImmediate, bicRegister, bicsImmediate, bicsRegister, true);
export const ORN: Forms = forms(ornImmediate, ornRegister, ornsImmediate, ornsRegister, true);
export const MOV: Forms = forms(movImmediate, movRegister, movsImmediate, movsRegister, true);
export const MVN: Forms = forms(mvnImmediate, mvnRegister, mvnsImmediate, mvnsRegister, true);
export const ADD: Forms = forms(addImmediate, addRegister, addsImmediate, addsRegister, false);
export const SUB: Forms = forms(subImmediate, subRegister, subsImmediate, subsRegister, false);
export const RSB: Forms = forms(rsbImmediate, rsbRegister, rsbsImmediate, rsbsRegister, false);
export const ADC: Forms = forms(adcImmediate, adcRegister, adcsImmediate, adcsRegister, false);
export const SBC: Forms = forms(sbcImmediate, sbcRegister, sbcsImmediate, sbcsRegister, false);
export const RSC: Forms = forms(rscImmediate, rscRegister, rscsImmediate, rscsRegister, false);
export const TST: Forms = forms(tstImmediate, tstRegister, tstImmediate, tstRegister, true);
export const TEQ: Forms = forms(teqImmediate, teqRegister, teqImmediate, teqRegister, true);
export const CMP: Forms = forms(cmpImmediate, cmpRegister, cmpImmediate, cmpRegister, false);
export const CMN: Forms = forms(cmnImmediate, cmnRegister, cmnImmediate, cmnRegister, false);

// Wrappers for shifted operands.

export function runShifted(cpu: Cpu, op: Op): Outcome {
  cpu.r[OPERAND] = shiftedRm(cpu, op);
  return op.operation(cpu, op);
}

export function runShiftedCarry(cpu: Cpu, op: Op): Outcome {
  const carry = shiftCarry(cpu, op);
  cpu.r[OPERAND] = shiftedRm(cpu, op);
  cpu.cf = carry;
  return op.operation(cpu, op);
}

export function runShiftedByRegister(cpu: Cpu, op: Op): Outcome {
  cpu.r[OPERAND] = shiftedByRegister(cpu, op);
  return op.operation(cpu, op);
}

function runShiftedByRegisterCarry(cpu: Cpu, op: Op): Outcome {
  const carry = shiftByRegisterCarry(cpu, op);
  cpu.r[OPERAND] = shiftedByRegister(cpu, op);
  cpu.cf = carry;
  return op.operation(cpu, op);
}

/** The operation with rm shifted by a constant, or not at all. */
export function withShift(op: Op, operation: Forms): Execute {
  const execute = op.s === 1 ? operation.registerFlags : operation.register;
  if (op.shift === 0 && op.amount === 0) {
    op.source = op.rm;
    return execute;
  }
  op.source = OPERAND;
  op.operation = execute;
  return op.s === 1 && operation.logical ? runShiftedCarry : runShifted;
}

/** The operation with rm shifted by a register. */
export function withRegisterShift(op: Op, operation: Forms): Execute {
  op.source = OPERAND;
  op.operation = op.s === 1 ? operation.registerFlags : operation.register;
  return op.s === 1 && operation.logical ? runShiftedByRegisterCarry : runShiftedByRegister;
}

/** The operation with `op.imm`; `carry` is the expansion's, -1 for none. */
export function withImmediate(op: Op, operation: Forms, carry: number): Execute {
  op.c = carry;
  return op.s === 1 ? operation.immediateFlags : operation.immediate;
}

/** SUBS PC, LR and related instructions (B9.3.19, B9.3.20): the result goes to r15, SPSR to CPSR. */
function runReturning(cpu: Cpu, op: Op): Outcome {
  if (!cpu.hasSpsr) return cpu.undefined();
  cpu.r[15] = pcValue(cpu, op);
  if (op.inner(cpu, op) === BRANCHED) return BRANCHED;
  return cpu.exceptionReturn(cpu.spsr, cpu.r[15]!);
}

/** `execute`, which sets no flags, becomes an exception return. */
export function returning(op: Op, execute: Execute): Execute {
  op.inner = execute;
  op.last = 1;
  return runReturning;
}

export function movt(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = (cpu.r[op.rd]! & 0xffff) | (op.imm << 16);
  return NEXT;
}
