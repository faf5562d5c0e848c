// SPDX-License-Identifier: GPL-2.0-only
/**
 * Parallel addition and subtraction, packing, extension, bit fields, saturation: ARM DDI 0406C, A8.8 and the
 * pseudo-code of A2.2.1 (SignedSatQ, UnsignedSatQ).
 */
import type { Cpu } from '../cpu/cpu.js';
import { type Execute, NEXT, type Op, type Outcome } from './op.js';
import { rotateRight, shiftedRm } from './operands.js';

function signedSaturate(value: number, bits: number): number {
  const top = 2 ** (bits - 1);
  if (value >= top) return top - 1;
  return value < -top ? -top : value;
}

function unsignedSaturate(value: number, bits: number): number {
  const top = 2 ** bits;
  if (value >= top) return top - 1;
  return value < 0 ? 0 : value;
}

function signedHalf(value: number, top: number): number {
  return top === 1 ? value >> 16 : (value << 16) >> 16;
}

function unsignedHalf(value: number, top: number): number {
  return top === 1 ? value >>> 16 : value & 0xffff;
}

/** What is done to an exact sum or difference of `bits` bits. */
type Reduce = (exact: number, bits: number) => number;

const halve: Reduce = exact => exact >> 1;
const keep: Reduce = exact => exact;

/** Prefix of the mnemonic: signed or not, what becomes of results, whether GE is set. */
interface Prefix {
  readonly signed: boolean;
  readonly reduce: Reduce;
  readonly setsGe: boolean;
}

const PREFIXES: Readonly<Record<string, Prefix>> = {
  s: { signed: true, reduce: keep, setsGe: true },
  q: { signed: true, reduce: signedSaturate, setsGe: false },
  sh: { signed: true, reduce: halve, setsGe: false },
  u: { signed: false, reduce: keep, setsGe: true },
  uq: { signed: false, reduce: unsignedSaturate, setsGe: false },
  uh: { signed: false, reduce: halve, setsGe: false },
};

/** GE of one lane: a sum carries (unsigned) or a result is not negative (A8.8, SADD16, UADD16, USUB16). */
function lane(exact: number, prefix: Prefix, subtracts: boolean, bits: number): boolean {
  if (prefix.signed || subtracts) return exact >= 0;
  return exact >= 2 ** bits;
}

/** `first` and `second`: what is done in the low and in the high half; `exchanges`: with the halves of rm swapped. */
function halves(prefix: Prefix, first: 1 | -1, second: 1 | -1, exchanges: boolean): Execute {
  const take = prefix.signed ? signedHalf : unsignedHalf;
  return (cpu, op) => {
    const n = cpu.r[op.rn]!;
    const m = cpu.r[op.rm]!;
    const low = take(n, 0) + first * take(m, exchanges ? 1 : 0);
    const high = take(n, 1) + second * take(m, exchanges ? 0 : 1);
    cpu.r[op.rd] = (prefix.reduce(low, 16) & 0xffff) | (prefix.reduce(high, 16) << 16);
    if (prefix.setsGe) {
      cpu.ge = (lane(low, prefix, first < 0, 16) ? 3 : 0) | (lane(high, prefix, second < 0, 16) ? 12 : 0);
    }
    return NEXT;
  };
}

function bytes(prefix: Prefix, sign: 1 | -1): Execute {
  return (cpu, op) => {
    const n = cpu.r[op.rn]!;
    const m = cpu.r[op.rm]!;
    let result = 0;
    let ge = 0;
    for (let i = 0; i < 4; i++) {
      const up = 24 - 8 * i;
      const exact = prefix.signed
        ? ((n << up) >> 24) + sign * ((m << up) >> 24)
        : ((n << up) >>> 24) + sign * ((m << up) >>> 24);
      result |= (prefix.reduce(exact, 8) & 0xff) << (8 * i);
      if (lane(exact, prefix, sign < 0, 8)) ge |= 1 << i;
    }
    cpu.r[op.rd] = result;
    if (prefix.setsGe) cpu.ge = ge;
    return NEXT;
  };
}

/** Execute functions by mnemonic: `sadd16`, `uqsub8`, … */
export const PARALLEL: ReadonlyMap<string, Execute> = new Map(
  Object.entries(PREFIXES).flatMap(([name, prefix]): [string, Execute][] => [
    [`${name}add16`, halves(prefix, 1, 1, false)],
    [`${name}asx`, halves(prefix, -1, 1, true)],
    [`${name}sax`, halves(prefix, 1, -1, true)],
    [`${name}sub16`, halves(prefix, -1, -1, false)],
    [`${name}add8`, bytes(prefix, 1)],
    [`${name}sub8`, bytes(prefix, -1)],
  ]),
);

export function sel(cpu: Cpu, op: Op): Outcome {
  const { ge } = cpu;
  const mask =
    ((ge & 1) * 0xff) |
    (((ge >> 1) & 1) * 0xff00) |
    (((ge >> 2) & 1) * 0xff0000) |
    (((ge >> 3) & 1) * (0xff << 24));
  cpu.r[op.rd] = (cpu.r[op.rn]! & mask) | (cpu.r[op.rm]! & ~mask);
  return NEXT;
}

/** PKHBT, and PKHTB where op.t is 1. */
export function pkh(cpu: Cpu, op: Op): Outcome {
  const shifted = shiftedRm(cpu, op);
  const n = cpu.r[op.rn]!;
  cpu.r[op.rd] = op.t === 1 ? (n & ~0xffff) | (shifted & 0xffff) : (shifted & ~0xffff) | (n & 0xffff);
  return NEXT;
}

/** Extension without and with an addition: rm is rotated right by `amount`. */
type Extend = (rotated: number) => number;

const sxtbOf: Extend = value => (value << 24) >> 24;
const sxthOf: Extend = value => (value << 16) >> 16;
const uxtbOf: Extend = value => value & 0xff;
const uxthOf: Extend = value => value & 0xffff;

export function sxtb(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = sxtbOf(rotateRight(cpu.r[op.rm]!, op.amount));
  return NEXT;
}

export function sxth(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = sxthOf(rotateRight(cpu.r[op.rm]!, op.amount));
  return NEXT;
}

export function uxtb(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = uxtbOf(rotateRight(cpu.r[op.rm]!, op.amount));
  return NEXT;
}

export function uxth(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = uxthOf(rotateRight(cpu.r[op.rm]!, op.amount));
  return NEXT;
}

function extendAdd(extend: Extend): Execute {
  return (cpu, op) => {
    cpu.r[op.rd] = cpu.r[op.rn]! + extend(rotateRight(cpu.r[op.rm]!, op.amount));
    return NEXT;
  };
}

export const sxtab: Execute = extendAdd(sxtbOf);
export const sxtah: Execute = extendAdd(sxthOf);
export const uxtab: Execute = extendAdd(uxtbOf);
export const uxtah: Execute = extendAdd(uxthOf);

function signedBytes(value: number): number {
  return (((value << 8) >> 8) & ~0xffff) | (((value << 24) >> 24) & 0xffff);
}

export function sxtb16(cpu: Cpu, op: Op): Outcome {
  const value = rotateRight(cpu.r[op.rm]!, op.amount);
  cpu.r[op.rd] = signedBytes(value);
  return NEXT;
}

export function uxtb16(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = rotateRight(cpu.r[op.rm]!, op.amount) & 0xff00ff;
  return NEXT;
}

/** Adds the halves of rn to two halves, without carry between them. */
function addHalves(n: number, extended: number): number {
  return ((n + extended) & 0xffff) | (((n >>> 16) + (extended >>> 16)) << 16);
}

export function sxtab16(cpu: Cpu, op: Op): Outcome {
  const value = rotateRight(cpu.r[op.rm]!, op.amount);
  cpu.r[op.rd] = addHalves(cpu.r[op.rn]!, signedBytes(value));
  return NEXT;
}

export function uxtab16(cpu: Cpu, op: Op): Outcome {
  const value = rotateRight(cpu.r[op.rm]!, op.amount) & 0xff00ff;
  cpu.r[op.rd] = addHalves(cpu.r[op.rn]!, value);
  return NEXT;
}

/** BFC where rn is 15 (its value is not read), else BFI. */
export function bfc(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd]! &= ~op.mask;
  return NEXT;
}

export function bfi(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = (cpu.r[op.rd]! & ~op.mask) | ((cpu.r[op.rn]! << op.lsb) & op.mask);
  return NEXT;
}

/** `size` is the width in bits. */
export function sbfx(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = (cpu.r[op.rn]! << (32 - op.size - op.lsb)) >> (32 - op.size);
  return NEXT;
}

export function ubfx(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = (cpu.r[op.rn]! << (32 - op.size - op.lsb)) >>> (32 - op.size);
  return NEXT;
}

export function clz(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = Math.clz32(cpu.r[op.rm]!);
  return NEXT;
}

export function rbit(cpu: Cpu, op: Op): Outcome {
  let v = cpu.r[op.rm]!;
  v = ((v >>> 1) & 0x55555555) | ((v & 0x55555555) << 1);
  v = ((v >>> 2) & 0x33333333) | ((v & 0x33333333) << 2);
  v = ((v >>> 4) & 0x0f0f0f0f) | ((v & 0x0f0f0f0f) << 4);
  v = ((v >>> 8) & 0x00ff00ff) | ((v & 0x00ff00ff) << 8);
  cpu.r[op.rd] = (v >>> 16) | (v << 16);
  return NEXT;
}

export function rev(cpu: Cpu, op: Op): Outcome {
  const v = cpu.r[op.rm]!;
  cpu.r[op.rd] = (v << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24);
  return NEXT;
}

export function rev16(cpu: Cpu, op: Op): Outcome {
  const v = cpu.r[op.rm]!;
  cpu.r[op.rd] = ((v & 0x00ff00ff) << 8) | ((v >>> 8) & 0x00ff00ff);
  return NEXT;
}

export function revsh(cpu: Cpu, op: Op): Outcome {
  const v = cpu.r[op.rm]!;
  cpu.r[op.rd] = ((v << 24) >> 16) | ((v >>> 8) & 0xff);
  return NEXT;
}

function saturateSum(cpu: Cpu, exact: number): number {
  const result = signedSaturate(exact, 32);
  if (result !== exact) cpu.qf = 1;
  return result;
}

export function qadd(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = saturateSum(cpu, cpu.r[op.rm]! + cpu.r[op.rn]!);
  return NEXT;
}

export function qsub(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = saturateSum(cpu, cpu.r[op.rm]! - cpu.r[op.rn]!);
  return NEXT;
}

export function qdadd(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = saturateSum(cpu, cpu.r[op.rm]! + saturateSum(cpu, 2 * cpu.r[op.rn]!));
  return NEXT;
}

export function qdsub(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = saturateSum(cpu, cpu.r[op.rm]! - saturateSum(cpu, 2 * cpu.r[op.rn]!));
  return NEXT;
}

/** `size`: bits to saturate to. */
export function ssat(cpu: Cpu, op: Op): Outcome {
  const value = shiftedRm(cpu, op) | 0;
  const result = signedSaturate(value, op.size);
  if (result !== value) cpu.qf = 1;
  cpu.r[op.rd] = result;
  return NEXT;
}

export function usat(cpu: Cpu, op: Op): Outcome {
  const value = shiftedRm(cpu, op) | 0;
  const result = unsignedSaturate(value, op.size);
  if (result !== value) cpu.qf = 1;
  cpu.r[op.rd] = result;
  return NEXT;
}

export function ssat16(cpu: Cpu, op: Op): Outcome {
  const value = cpu.r[op.rm]!;
  const low = signedSaturate((value << 16) >> 16, op.size);
  const high = signedSaturate(value >> 16, op.size);
  if (low !== (value << 16) >> 16 || high !== value >> 16) cpu.qf = 1;
  cpu.r[op.rd] = (low & 0xffff) | (high << 16);
  return NEXT;
}

export function usat16(cpu: Cpu, op: Op): Outcome {
  const value = cpu.r[op.rm]!;
  const low = unsignedSaturate((value << 16) >> 16, op.size);
  const high = unsignedSaturate(value >> 16, op.size);
  if (low !== (value << 16) >> 16 || high !== value >> 16) cpu.qf = 1;
  cpu.r[op.rd] = low | (high << 16);
  return NEXT;
}

function absoluteDifferences(n: number, m: number): number {
  let sum = 0;
  for (let up = 0; up < 32; up += 8) sum += Math.abs(((n >>> up) & 0xff) - ((m >>> up) & 0xff));
  return sum;
}

export function usad8(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = absoluteDifferences(cpu.r[op.rn]!, cpu.r[op.rm]!);
  return NEXT;
}

export function usada8(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rd] = cpu.r[op.ra]! + absoluteDifferences(cpu.r[op.rn]!, cpu.r[op.rm]!);
  return NEXT;
}
