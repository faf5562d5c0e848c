// SPDX-License-Identifier: GPL-2.0-only
/**
 * VFP data-processing instructions (ARM DDI 0406C, A7.5): makers of execute functions from operations of `../fp`.
 * A register number of single precision is its index in `words`; the words of Dn are 2n and 2n + 1.
 */
import type { Cpu } from '../cpu/cpu.js';
import { compareDouble, compareSingle } from '../fp/compare.js';
import {
  doubleFromFixed,
  doubleFromSingle,
  fixedFromDouble,
  fixedFromSingle,
  halfFromSingle,
  singleFromDouble,
  singleFromFixed,
  singleFromHalf,
} from '../fp/convert.js';
import { addDouble, mulAddDouble, mulDouble } from '../fp/double.js';
import { addSingle, mulAddSingle, mulSingle, SIGN } from '../fp/single.js';
import { type FpStatus, RN } from '../fp/status.js';
import { type Execute, NEXT, type Op, type Outcome } from './op.js';

type Single2 = (status: FpStatus, a: number, b: number) => number;
type Double2 = (status: FpStatus, aHi: number, aLo: number, bHi: number, bLo: number) => number;

/** Sd = operation(Sn, Sm). */
export function binarySingle(operation: Single2): Execute {
  return (cpu, op) => {
    const { fp } = cpu;
    if (fp.refusesVectors()) return cpu.undefined();
    const { words } = fp;
    words[op.vd] = operation(fp.vfp, words[op.vn]!, words[op.vm]!);
    return NEXT;
  };
}

export function binaryDouble(operation: Double2): Execute {
  return (cpu, op) => {
    const { fp } = cpu;
    if (fp.refusesVectors()) return cpu.undefined();
    const { words, vfp } = fp;
    const d = op.vd << 1;
    const n = op.vn << 1;
    const m = op.vm << 1;
    const hi = operation(vfp, words[n + 1]!, words[n]!, words[m + 1]!, words[m]!);
    words[d] = vfp.lo;
    words[d + 1] = hi;
    return NEXT;
  };
}

/** Sd = operation(Sm). */
export function unarySingle(operation: (status: FpStatus, a: number) => number): Execute {
  return (cpu, op) => {
    const { fp } = cpu;
    if (fp.refusesVectors()) return cpu.undefined();
    fp.words[op.vd] = operation(fp.vfp, fp.words[op.vm]!);
    return NEXT;
  };
}

export function unaryDouble(operation: (status: FpStatus, hi: number, lo: number) => number): Execute {
  return (cpu, op) => {
    const { fp } = cpu;
    if (fp.refusesVectors()) return cpu.undefined();
    const { words, vfp } = fp;
    const m = op.vm << 1;
    const hi = operation(vfp, words[m + 1]!, words[m]!);
    const d = op.vd << 1;
    words[d] = vfp.lo;
    words[d + 1] = hi;
    return NEXT;
  };
}

/** A value for `unaryDouble` whose low word is not changed. */
export function withLow(status: FpStatus, hi: number, lo: number): number {
  status.lo = lo;
  return hi;
}

/** VMLA and its kin: Sd = ±Sd + ±(Sn * Sm), rounded twice. Negating is done to patterns, whatever they are. */
export function accumulateSingle(negateAddend: boolean, negateProduct: boolean): Execute {
  const addendSign = negateAddend ? SIGN : 0;
  const productSign = negateProduct ? SIGN : 0;
  return binarySingleWith((status, d, n, m) =>
    addSingle(status, d ^ addendSign, mulSingle(status, n, m) ^ productSign),
  );
}

/** VFMA and its kin: Sd = ±Sd + (±Sn) * Sm, rounded once. */
export function fuseSingle(negateAddend: boolean, negateFactor: boolean): Execute {
  const addendSign = negateAddend ? SIGN : 0;
  const factorSign = negateFactor ? SIGN : 0;
  return fusedOnly(
    binarySingleWith((status, d, n, m) => mulAddSingle(status, d ^ addendSign, n ^ factorSign, m)),
  );
}

function binarySingleWith(operation: (status: FpStatus, d: number, n: number, m: number) => number): Execute {
  return (cpu, op) => {
    const { fp } = cpu;
    if (fp.refusesVectors()) return cpu.undefined();
    const { words } = fp;
    words[op.vd] = operation(fp.vfp, words[op.vd]!, words[op.vn]!, words[op.vm]!);
    return NEXT;
  };
}

export function accumulateDouble(negateAddend: boolean, negateProduct: boolean): Execute {
  const addendSign = negateAddend ? SIGN : 0;
  const productSign = negateProduct ? SIGN : 0;
  return (cpu, op) => {
    const { fp } = cpu;
    if (fp.refusesVectors()) return cpu.undefined();
    const { words, vfp } = fp;
    const d = op.vd << 1;
    const n = op.vn << 1;
    const m = op.vm << 1;
    const product = mulDouble(vfp, words[n + 1]!, words[n]!, words[m + 1]!, words[m]!);
    const hi = addDouble(vfp, words[d + 1]! ^ addendSign, words[d]!, product ^ productSign, vfp.lo);
    words[d] = vfp.lo;
    words[d + 1] = hi;
    return NEXT;
  };
}

export function fuseDouble(negateAddend: boolean, negateFactor: boolean): Execute {
  const addendSign = negateAddend ? SIGN : 0;
  const factorSign = negateFactor ? SIGN : 0;
  return fusedOnly((cpu, op) => {
    const { fp } = cpu;
    if (fp.refusesVectors()) return cpu.undefined();
    const { words, vfp } = fp;
    const d = op.vd << 1;
    const n = op.vn << 1;
    const m = op.vm << 1;
    const addendHi = words[d + 1]! ^ addendSign;
    const factorHi = words[n + 1]! ^ factorSign;
    const hi = mulAddDouble(vfp, addendHi, words[d]!, factorHi, words[n]!, words[m + 1]!, words[m]!);
    words[d] = vfp.lo;
    words[d + 1] = hi;
    return NEXT;
  });
}

/** Undefined before VFPv4 and Advanced SIMDv2. */
export function fusedOnly(execute: Execute): Execute {
  return (cpu, op) => (cpu.fp.fused ? execute(cpu, op) : cpu.undefined());
}

/** Undefined without the half-precision extension. */
export function halfOnly(execute: Execute): Execute {
  return (cpu, op) => (cpu.fp.half ? execute(cpu, op) : cpu.undefined());
}

/** VMOV (immediate): the pattern is in `imm` (the high word of a double). */
export function moveImmediateSingle(cpu: Cpu, op: Op): Outcome {
  const { fp } = cpu;
  if (fp.refusesVectors()) return cpu.undefined();
  fp.words[op.vd] = op.imm;
  return NEXT;
}

export function moveImmediateDouble(cpu: Cpu, op: Op): Outcome {
  const { fp } = cpu;
  if (fp.refusesVectors()) return cpu.undefined();
  fp.words[op.vd << 1] = 0;
  fp.words[(op.vd << 1) + 1] = op.imm;
  return NEXT;
}

/** VCMP and VCMPE (`e`); `vm` is -1 for a comparison with zero. */
export function comparesSingle(cpu: Cpu, op: Op): Outcome {
  const { fp } = cpu;
  const other = op.vm < 0 ? 0 : fp.words[op.vm]!;
  fp.setConditions(compareSingle(fp.vfp, fp.words[op.vd]!, other, op.e !== 0));
  return NEXT;
}

export function comparesDouble(cpu: Cpu, op: Op): Outcome {
  const { fp } = cpu;
  const { words } = fp;
  const d = op.vd << 1;
  const m = op.vm << 1;
  const hi = m < 0 ? 0 : words[m + 1]!;
  const lo = m < 0 ? 0 : words[m]!;
  fp.setConditions(compareDouble(fp.vfp, words[d + 1]!, words[d]!, hi, lo, op.e !== 0));
  return NEXT;
}

/** VCVT between the precisions. */
export function widen(cpu: Cpu, op: Op): Outcome {
  const { words, vfp } = cpu.fp;
  const hi = doubleFromSingle(vfp, words[op.vm]!);
  words[op.vd << 1] = vfp.lo;
  words[(op.vd << 1) + 1] = hi;
  return NEXT;
}

export function narrow(cpu: Cpu, op: Op): Outcome {
  const { words, vfp } = cpu.fp;
  const m = op.vm << 1;
  words[op.vd] = singleFromDouble(vfp, words[m + 1]!, words[m]!);
  return NEXT;
}

/** VCVTB and VCVTT: `t` selects the top half. */
export function fromHalf(cpu: Cpu, op: Op): Outcome {
  const { fp } = cpu;
  fp.words[op.vd] = singleFromHalf(fp.vfp, fp.halves[(op.vm << 1) + op.t]!);
  return NEXT;
}

export function toHalf(cpu: Cpu, op: Op): Outcome {
  const { fp } = cpu;
  fp.halves[(op.vd << 1) + op.t] = halfFromSingle(fp.vfp, fp.words[op.vm]!);
  return NEXT;
}

/** VCVT, VCVTR to an integer: `u` unsigned, `z` towards zero. */
export function integerFromSingle(cpu: Cpu, op: Op): Outcome {
  const { words, vfp } = cpu.fp;
  words[op.vd] = fixedFromSingle(vfp, words[op.vm]!, 32, 0, op.u !== 0, op.z !== 0);
  return NEXT;
}

export function integerFromDouble(cpu: Cpu, op: Op): Outcome {
  const { words, vfp } = cpu.fp;
  const m = op.vm << 1;
  words[op.vd] = fixedFromDouble(vfp, words[m + 1]!, words[m]!, 32, 0, op.u !== 0, op.z !== 0);
  return NEXT;
}

export function singleFromInteger(cpu: Cpu, op: Op): Outcome {
  const { words, vfp } = cpu.fp;
  const integer = words[op.vm]!;
  words[op.vd] = singleFromFixed(vfp, op.u !== 0 ? integer >>> 0 : integer, 0);
  return NEXT;
}

export function doubleFromInteger(cpu: Cpu, op: Op): Outcome {
  const { words, vfp } = cpu.fp;
  const integer = words[op.vm]!;
  const hi = doubleFromFixed(vfp, op.u !== 0 ? integer >>> 0 : integer, 0);
  words[op.vd << 1] = vfp.lo;
  words[(op.vd << 1) + 1] = hi;
  return NEXT;
}

/** VCVT to fixed point, in place: `size` bits, `imm` of them after the point. Towards zero. */
export function fixedFromSingleInPlace(cpu: Cpu, op: Op): Outcome {
  const { words, vfp } = cpu.fp;
  words[op.vd] = fixedFromSingle(vfp, words[op.vd]!, op.size, op.imm, op.u !== 0, true);
  return NEXT;
}

/** The result is extended to 64 bits by its signedness. */
export function fixedFromDoubleInPlace(cpu: Cpu, op: Op): Outcome {
  const { words, vfp } = cpu.fp;
  const d = op.vd << 1;
  const result = fixedFromDouble(vfp, words[d + 1]!, words[d]!, op.size, op.imm, op.u !== 0, true);
  words[d] = result;
  words[d + 1] = op.u !== 0 ? 0 : result >> 31;
  return NEXT;
}

/** VCVT from fixed point, in place; always to nearest. */
export function singleFromFixedInPlace(cpu: Cpu, op: Op): Outcome {
  const { words, vfp } = cpu.fp;
  const mode = vfp.rounding;
  vfp.rounding = RN;
  words[op.vd] = singleFromFixed(vfp, fixedOperand(words[op.vd]!, op), op.imm);
  vfp.rounding = mode;
  return NEXT;
}

export function doubleFromFixedInPlace(cpu: Cpu, op: Op): Outcome {
  const { words, vfp } = cpu.fp;
  const d = op.vd << 1;
  const hi = doubleFromFixed(vfp, fixedOperand(words[d]!, op), op.imm);
  words[d] = vfp.lo;
  words[d + 1] = hi;
  return NEXT;
}

/** The low `size` bits of a word as a number. */
function fixedOperand(word: number, op: Op): number {
  if (op.size === 16) return op.u !== 0 ? word & 0xffff : (word << 16) >> 16;
  return op.u !== 0 ? word >>> 0 : word;
}
