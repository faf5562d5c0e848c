// SPDX-License-Identifier: GPL-2.0-only
/**
 * Multiplication and division: ARM DDI 0406C, A8.8, sections in the tables. 64-bit results are put together from
 * 32-bit pieces; no JavaScript number holds them.
 */
import type { Cpu } from '../cpu/cpu.js';
import { NEXT, type Op, type Outcome } from './op.js';

/** High word of an unsigned product: from 16-bit halves, each partial sum below 2^53. */
export function unsignedHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle % 0x10000);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000)) | 0;
}

/** High word of a signed product. */
export function signedHigh(a: number, b: number): number {
  return (unsignedHigh(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0)) | 0;
}

export function mul(cpu: Cpu, op: Op): Outcome {
  const { r } = cpu;
  const result = Math.imul(r[op.rn]!, r[op.rm]!);
  r[op.rd] = result;
  if (op.s === 1) {
    cpu.nf = result;
    cpu.zf = result;
  }
  return NEXT;
}

export function mla(cpu: Cpu, op: Op): Outcome {
  const { r } = cpu;
  const result = (Math.imul(r[op.rn]!, r[op.rm]!) + r[op.ra]!) | 0;
  r[op.rd] = result;
  if (op.s === 1) {
    cpu.nf = result;
    cpu.zf = result;
  }
  return NEXT;
}

export function mls(cpu: Cpu, op: Op): Outcome {
  const { r } = cpu;
  r[op.rd] = r[op.ra]! - Math.imul(r[op.rn]!, r[op.rm]!);
  return NEXT;
}

/** Writes a 64-bit result to rt2:rt (RdHi:RdLo), with N and Z where S says so. */
function writeLong(cpu: Cpu, op: Op, low: number, high: number): Outcome {
  cpu.r[op.rt] = low;
  cpu.r[op.rt2] = high;
  if (op.s === 1) {
    cpu.nf = high;
    cpu.zf = low | high;
  }
  return NEXT;
}

/** Adds RdHi:RdLo to a product and writes the sum. */
function accumulateLong(cpu: Cpu, op: Op, low: number, high: number): Outcome {
  const sum = (low >>> 0) + (cpu.r[op.rt]! >>> 0);
  return writeLong(cpu, op, sum | 0, (high + cpu.r[op.rt2]! + (sum > 0xffffffff ? 1 : 0)) | 0);
}

export function umull(cpu: Cpu, op: Op): Outcome {
  const a = cpu.r[op.rn]!;
  const b = cpu.r[op.rm]!;
  return writeLong(cpu, op, Math.imul(a, b), unsignedHigh(a, b));
}

export function smull(cpu: Cpu, op: Op): Outcome {
  const a = cpu.r[op.rn]!;
  const b = cpu.r[op.rm]!;
  return writeLong(cpu, op, Math.imul(a, b), signedHigh(a, b));
}

export function umlal(cpu: Cpu, op: Op): Outcome {
  const a = cpu.r[op.rn]!;
  const b = cpu.r[op.rm]!;
  return accumulateLong(cpu, op, Math.imul(a, b), unsignedHigh(a, b));
}

export function smlal(cpu: Cpu, op: Op): Outcome {
  const a = cpu.r[op.rn]!;
  const b = cpu.r[op.rm]!;
  return accumulateLong(cpu, op, Math.imul(a, b), signedHigh(a, b));
}

export function umaal(cpu: Cpu, op: Op): Outcome {
  const { r } = cpu;
  const a = r[op.rn]!;
  const b = r[op.rm]!;
  const sum = (Math.imul(a, b) >>> 0) + (r[op.rt]! >>> 0) + (r[op.rt2]! >>> 0);
  r[op.rt] = sum;
  r[op.rt2] = unsignedHigh(a, b) + Math.floor(sum / 2 ** 32);
  return NEXT;
}

/** A signed halfword of a register: the top one where `top` is 1. */
function half(value: number, top: number): number {
  return top === 1 ? value >> 16 : (value << 16) >> 16;
}

/** Result and Q of a signed accumulation that may overflow 32 bits. `exact` is below 2^53. */
function accumulate(cpu: Cpu, op: Op, exact: number): Outcome {
  const result = exact | 0;
  if (result !== exact) cpu.qf = 1;
  cpu.r[op.rd] = result;
  return NEXT;
}

/** SMLABB, …: op.n is the manual's N (top half of rn), op.m its M. */
export function smlaxy(cpu: Cpu, op: Op): Outcome {
  const { r } = cpu;
  return accumulate(cpu, op, half(r[op.rn]!, op.n) * half(r[op.rm]!, op.m) + r[op.ra]!);
}

export function smulxy(cpu: Cpu, op: Op): Outcome {
  const { r } = cpu;
  r[op.rd] = half(r[op.rn]!, op.n) * half(r[op.rm]!, op.m);
  return NEXT;
}

/** Bits 47:16 of a 32 by 16 bit product. Exact: it is below 2^47. */
function wordByHalf(word: number, halfword: number): number {
  return Math.floor((word * halfword) / 0x10000);
}

export function smlawy(cpu: Cpu, op: Op): Outcome {
  const { r } = cpu;
  return accumulate(cpu, op, wordByHalf(r[op.rn]!, half(r[op.rm]!, op.m)) + r[op.ra]!);
}

export function smulwy(cpu: Cpu, op: Op): Outcome {
  const { r } = cpu;
  r[op.rd] = wordByHalf(r[op.rn]!, half(r[op.rm]!, op.m));
  return NEXT;
}

/** Adds a signed number below 2^53 in size to RdHi:RdLo. */
function addToLong(cpu: Cpu, op: Op, value: number): Outcome {
  return accumulateLong(cpu, op, value | 0, Math.floor(value / 2 ** 32) | 0);
}

export function smlalxy(cpu: Cpu, op: Op): Outcome {
  const { r } = cpu;
  return addToLong(cpu, op, half(r[op.rn]!, op.n) * half(r[op.rm]!, op.m));
}

/** The two products of SMLAD and its kin; op.x (M) swaps the halves of rm. */
function products(cpu: Cpu, op: Op, second: 1 | -1): number {
  const n = cpu.r[op.rn]!;
  const m = cpu.r[op.rm]!;
  return half(n, 0) * half(m, op.x) + second * (half(n, 1) * half(m, 1 - op.x));
}

export function smlad(cpu: Cpu, op: Op): Outcome {
  return accumulate(cpu, op, products(cpu, op, 1) + cpu.r[op.ra]!);
}

export function smlsd(cpu: Cpu, op: Op): Outcome {
  return accumulate(cpu, op, products(cpu, op, -1) + cpu.r[op.ra]!);
}

export function smuad(cpu: Cpu, op: Op): Outcome {
  return accumulate(cpu, op, products(cpu, op, 1));
}

/** Cannot overflow. */
export function smusd(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = products(cpu, op, -1);
  return NEXT;
}

export function smlald(cpu: Cpu, op: Op): Outcome {
  return addToLong(cpu, op, products(cpu, op, 1));
}

export function smlsld(cpu: Cpu, op: Op): Outcome {
  return addToLong(cpu, op, products(cpu, op, -1));
}

/** High word of (accumulator:0 ± product), rounded where op.r says so. */
function mostSignificant(cpu: Cpu, op: Op, accumulator: number, sign: 1 | -1): void {
  const a = cpu.r[op.rn]!;
  const b = cpu.r[op.rm]!;
  const low = Math.imul(a, b) >>> 0;
  const high = signedHigh(a, b);
  const round = op.r === 1 ? 0x80000000 : 0;
  if (sign === 1) {
    cpu.r[op.rd] = accumulator + high + (low + round > 0xffffffff ? 1 : 0);
  } else {
    // accumulator:0 - high:low + round; Math.floor borrows.
    cpu.r[op.rd] = accumulator - high + Math.floor((round - low) / 2 ** 32);
  }
}

export function smmul(cpu: Cpu, op: Op): Outcome {
  mostSignificant(cpu, op, 0, 1);
  return NEXT;
}

export function smmla(cpu: Cpu, op: Op): Outcome {
  mostSignificant(cpu, op, cpu.r[op.ra]!, 1);
  return NEXT;
}

export function smmls(cpu: Cpu, op: Op): Outcome {
  mostSignificant(cpu, op, cpu.r[op.ra]!, -1);
  return NEXT;
}

/** Division by zero gives zero: ARMv7-A has no trap for it (A4.4.6). */
export function sdiv(cpu: Cpu, op: Op): Outcome {
  const { r } = cpu;
  const m = r[op.rm]!;
  r[op.rd] = m === 0 ? 0 : (r[op.rn]! / m) | 0;
  return NEXT;
}

export function udiv(cpu: Cpu, op: Op): Outcome {
  const { r } = cpu;
  const m = r[op.rm]! >>> 0;
  r[op.rd] = m === 0 ? 0 : ((r[op.rn]! >>> 0) / m) >>> 0;
  return NEXT;
}
