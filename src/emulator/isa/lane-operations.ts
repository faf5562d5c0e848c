// SPDX-License-Identifier: GPL-2.0-only
/**
 * What Advanced SIMD instructions do to one element (ARM DDI 0406C, A8.8): lanes for `lanes.ts`. Sums, differences
 * and shifted values of elements of up to 32 bits are exact as numbers; so are products of 16-bit ones.
 */
import { compareSingle, EQUAL, GREATER, LESS } from '../fp/compare.js';
import { addSingle, mulAddSingle, mulSingle, SIGN, subSingle } from '../fp/single.js';
import { type FpStatus, QC } from '../fp/status.js';
import { Int64 } from './int64.js';
import type { ImmediateLane, Lane, Lane64, LongLane64 } from './lanes.js';

const x = new Int64();

/** SatQ(): `value` within the range of an integer of `bits` bits; tells QC. */
export function saturate(status: FpStatus, value: number, bits: number, unsigned: boolean): number {
  const most = unsigned ? 2 ** bits - 1 : 2 ** (bits - 1) - 1;
  const least = unsigned ? 0 : -(2 ** (bits - 1));
  if (value >= least && value <= most) return value;
  status.flags |= QC;
  return value > most ? most : least;
}

function setMost(value: Int64): void {
  value.set(-1, 0x7fffffff);
}

function setLeast(value: Int64): void {
  value.set(0, SIGN);
}

/** Sets `value` to the end of the range on the side of `negative`. */
function saturate64(status: FpStatus, value: Int64, negative: boolean, unsigned: boolean): void {
  status.flags |= QC;
  if (unsigned) value.set(negative ? 0 : -1, negative ? 0 : -1);
  else if (negative) setLeast(value);
  else setMost(value);
}

export const addSaturating =
  (bits: number, unsigned: boolean): Lane =>
  (n, m, _, status) =>
    saturate(status, n + m, bits, unsigned);

export const subtractSaturating =
  (bits: number, unsigned: boolean): Lane =>
  (n, m, _, status) =>
    saturate(status, n - m, bits, unsigned);

/** VQADD of 64 bits. */
export function addSaturating64(unsigned: boolean): Lane64 {
  return (n, m, status) => addSigned(n, m.lo, m.hi, unsigned, status);
}

function addSigned(n: Int64, lo: number, hi: number, unsigned: boolean, status: FpStatus): void {
  const before = n.hi;
  const beforeLo = n.lo;
  n.add(lo, hi);
  if (unsigned) {
    const isLess = n.hi >>> 0 < before >>> 0 || (n.hi === before && n.lo >>> 0 < beforeLo >>> 0);
    if (isLess) saturate64(status, n, false, true);
  } else if (((before ^ n.hi) & (hi ^ n.hi)) < 0) {
    saturate64(status, n, before < 0, false);
  }
}

/** VQSUB of 64 bits. */
export function subtractSaturating64(unsigned: boolean): Lane64 {
  return (n, m, status) => {
    const before = n.hi;
    const isLess = n.hi >>> 0 < m.hi >>> 0 || (n.hi === m.hi && n.lo >>> 0 < m.lo >>> 0);
    n.subtract(m.lo, m.hi);
    if (unsigned) {
      if (isLess) saturate64(status, n, true, true);
    } else if (((before ^ m.hi) & (before ^ n.hi)) < 0) {
      saturate64(status, n, before < 0, false);
    }
  };
}

/** 2^-128 to 2^127: far faster than the operator. */
const POWERS: Float64Array = Float64Array.from({ length: 256 }, (_, i) => 2 ** (i - 128));

/** Shifts by a register: the low byte of Vn's element, negative to the right. */
export function shiftByRegister(bits: number, unsigned: boolean, rounds: boolean, saturates: boolean): Lane {
  return (n, m, _, status) => {
    const by = (n << 24) >> 24;
    const exact = m * POWERS[by + 128]!;
    if (by >= 0) return saturates ? saturate(status, exact, bits, unsigned) : exact;
    return Math.floor(rounds ? exact + 0.5 : exact);
  };
}

export function shiftByRegister64(unsigned: boolean, rounds: boolean, saturates: boolean): Lane64 {
  return (n, m, status) => {
    const by = (n.lo << 24) >> 24;
    n.set(m.lo, m.hi);
    if (by >= 0) {
      shiftLeft64(n, by, unsigned, saturates, status);
    } else if (rounds) {
      n.shiftRightRounded(-by, unsigned);
    } else {
      n.shiftRight(-by, unsigned);
    }
  };
}

function shiftLeft64(n: Int64, by: number, unsigned: boolean, saturates: boolean, status: FpStatus): void {
  const { lo, hi } = n;
  n.shiftLeft(by);
  if (!saturates) return;
  x.set(n.lo, n.hi);
  x.shiftRight(by, unsigned);
  if (!x.equals(lo, hi) || (by >= 64 && (lo | hi) !== 0))
    saturate64(status, n, !unsigned && hi < 0, unsigned);
}

/** VQSHL and VQSHLU by an immediate. */
export const shiftLeftSaturating =
  (bits: number, unsignedResult: boolean): ImmediateLane =>
  (m, imm, _, status) =>
    saturate(status, m * POWERS[imm + 128]!, bits, unsignedResult);

/** `signedToUnsigned` is VQSHLU. */
export function shiftLeftSaturating64(
  unsigned: boolean,
  signedToUnsigned: boolean,
): (m: Int64, imm: number, d: Int64, status: FpStatus) => void {
  return (m, imm, _, status) => {
    if (signedToUnsigned && m.hi < 0) saturate64(status, m, true, true);
    else shiftLeft64(m, imm, unsigned || signedToUnsigned, true, status);
  };
}

/**
 * Shifts to the right by 1 to 32 bits: by one less first, so that no count is 32, and so that the last bit shifted out,
 * by which rounding adds, is at hand.
 */
export function shiftRight(unsigned: boolean): ImmediateLane {
  return unsigned ? (m, imm) => (m >>> (imm - 1)) >>> 1 : (m, imm) => (m >> (imm - 1)) >> 1;
}

export function shiftRightRounded(unsigned: boolean): ImmediateLane {
  if (unsigned) {
    return (m, imm) => {
      const twice = m >>> (imm - 1);
      return (twice >>> 1) + (twice & 1);
    };
  }
  return (m, imm) => {
    const twice = m >> (imm - 1);
    return (twice >> 1) + (twice & 1);
  };
}

/** VSRA, VRSRA. */
export function shiftRightAdd(of: ImmediateLane): ImmediateLane {
  return (m, imm, d, status) => d + of(m, imm, d, status);
}

export const shiftLeft: ImmediateLane = (m, imm) => m << imm;

/** VSRI on unsigned elements: the top `imm` bits of the destination stay. */
export const shiftRightInsert =
  (bits: number): ImmediateLane =>
  (m, imm, d) =>
    (d & (-1 << (bits - imm))) | ((m >>> (imm - 1)) >>> 1);

/** VSLI: the low `imm` bits of the destination stay. */
export const shiftLeftInsert: ImmediateLane = (m, imm, d) => (m << imm) | (d & ((1 << imm) - 1));

export function shiftRightInsert64(m: Int64, imm: number, d: Int64): void {
  m.shiftRight(imm, true);
  // What stays: the top `imm` bits.
  x.set(d.lo, d.hi);
  x.shiftRight(64 - imm, true);
  x.shiftLeft(64 - imm);
  m.set(m.lo | x.lo, m.hi | x.hi);
}

export function shiftLeftInsert64(m: Int64, imm: number, d: Int64): void {
  m.shiftLeft(imm);
  x.set(d.lo, d.hi);
  x.shiftLeft(64 - imm);
  x.shiftRight(64 - imm, true);
  m.set(m.lo | x.lo, m.hi | x.hi);
}

/** The product of two polynomials over {0, 1} of 8 bits. */
export function polynomialProduct(n: number, m: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) if (((n >>> bit) & 1) !== 0) product ^= m << bit;
  return product;
}

/** VQDMULH and VQRDMULH. */
export function doublingHigh(bits: number, rounds: boolean): Lane {
  if (bits === 16) {
    const half = rounds ? 0x8000 : 0;
    return (n, m, _, status) => saturate(status, Math.floor((2 * n * m + half) / 65536), 16, false);
  }
  return (n, m, _, status) => {
    x.setProduct(n, m);
    if (rounds) x.add(0x40000000, 0);
    x.shiftRight(31, false);
    return saturate(status, x.hi * 2 ** 32 + (x.lo >>> 0), 32, false);
  };
}

/** VQDMULL, and with an old element VQDMLAL (`sign` 1) and VQDMLSL (-1); each step saturates. */
export function doublingLong(sign: number): Lane {
  return (n, m, d, status) => {
    const product = saturate(status, 2 * n * m, 32, false);
    return sign === 0 ? product : saturate(status, d + sign * product, 32, false);
  };
}

export function doublingLong64(sign: number): LongLane64 {
  return (n, m, d, status) => {
    x.setProduct(n, m);
    // Doubling overflows for -2^31 times itself alone.
    if (x.equals(0, 0x40000000)) saturate64(status, x, false, false);
    else x.shiftLeft(1);
    if (sign === 0) {
      d.set(x.lo, x.hi);
    } else {
      if (sign < 0) x.negate();
      addSigned(d, x.lo, x.hi, false, status);
    }
  };
}

/** Leading bits that equal the sign, without it. */
export const leadingSigns =
  (bits: number): Lane =>
  (_, m) =>
    Math.clz32(m < 0 ? ~m : m) - (32 - bits) - 1;

export const leadingZeros =
  (bits: number): Lane =>
  (_, m) =>
    Math.clz32(m) - (32 - bits);

export function countBits(byte: number): number {
  let count = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
}

// Single precision. Comparisons give all ones or zero.

export const equalFloat: Lane = (n, m, _, status) => (compareSingle(status, n, m, false) === EQUAL ? -1 : 0);

export const greaterEqualFloat: Lane = (n, m, _, status) => {
  const order = compareSingle(status, n, m, true);
  return order === GREATER || order === EQUAL ? -1 : 0;
};

export const greaterFloat: Lane = (n, m, _, status) =>
  compareSingle(status, n, m, true) === GREATER ? -1 : 0;

export const lessEqualFloat: Lane = (n, m, _, status) => {
  const order = compareSingle(status, n, m, true);
  return order === LESS || order === EQUAL ? -1 : 0;
};

export const lessFloat: Lane = (n, m, _, status) => (compareSingle(status, n, m, true) === LESS ? -1 : 0);

export const addFloat: Lane = (n, m, _, status) => addSingle(status, n, m);
export const subtractFloat: Lane = (n, m, _, status) => subSingle(status, n, m);
export const multiplyFloat: Lane = (n, m, _, status) => mulSingle(status, n, m);
export const distanceFloat: Lane = (n, m, _, status) => subSingle(status, n, m) & ~SIGN;
export const multiplyAddFloat: Lane = (n, m, d, status) => addSingle(status, d, mulSingle(status, n, m));
export const multiplySubtractFloat: Lane = (n, m, d, status) =>
  addSingle(status, d, mulSingle(status, n, m) ^ SIGN);
export const fusedAddFloat: Lane = (n, m, d, status) => mulAddSingle(status, d, n, m);
export const fusedSubtractFloat: Lane = (n, m, d, status) => mulAddSingle(status, d, n ^ SIGN, m);

/** SatQ() of a 64-bit element to 32 bits; `unsigned` says how the element is read, `unsignedResult` the other. */
export function saturateWords(
  status: FpStatus,
  value: Int64,
  unsigned: boolean,
  unsignedResult: boolean,
): number {
  const { lo, hi } = value;
  const negative = !unsigned && hi < 0;
  const fits = unsignedResult ? hi === 0 : hi === lo >> 31 && !(unsigned && hi < 0);
  if (fits) return lo;
  status.flags |= QC;
  if (unsignedResult) return negative ? 0 : -1;
  return negative ? SIGN : 0x7fffffff;
}
