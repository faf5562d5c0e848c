// SPDX-License-Identifier: GPL-2.0-only
/**
 * What instructions do to their operands: shifts and immediates (ARM DDI 0406C, A5.2.4, A6.3.2, A8.4), and reading
 * and writing r15, which is not in `cpu.r` while a block runs.
 */
import type { Cpu } from '../cpu/cpu.js';
import { BRANCHED, type Execute, NEXT, type Op, type Outcome } from './op.js';

export const LSL = 0;
export const LSR = 1;
export const ASR = 2;
export const ROR = 3;
export const RRX = 4;

/** DecodeImmShift(): the kind and amount of a shift by immediate. */
export function decodeImmediateShift(op: Op, type: number, imm5: number): void {
  op.shift = type;
  op.amount = imm5;
  if (imm5 !== 0) return;
  if (type === LSR || type === ASR) op.amount = 32;
  else if (type === ROR) {
    op.shift = RRX;
    op.amount = 1;
  }
}

/** Rotates right by 0 to 31. */
export function rotateRight(value: number, by: number): number {
  return (value >>> by) | ((value << ((32 - by) & 31)) & (by === 0 ? 0 : -1));
}

/** ARMExpandImm(). */
export function expandA32(imm12: number): number {
  return rotateRight(imm12 & 0xff, (imm12 >>> 8) * 2) | 0;
}

/** ThumbExpandImm(). */
export function expandT32(imm12: number): number {
  const byte = imm12 & 0xff;
  switch (imm12 >>> 8) {
    case 0:
      return byte;
    case 1:
      return byte | (byte << 16);
    case 2:
      return (byte << 8) | (byte << 24);
    case 3:
      return Math.imul(byte, 0x01010101);
    default:
      return rotateRight(0x80 | (imm12 & 0x7f), imm12 >>> 7) | 0;
  }
}

/** Shift(): the value of rm shifted by the op's constant amount (1 to 32; 0 for LSL only). */
export function shiftedRm(cpu: Cpu, op: Op): number {
  const value = cpu.r[op.rm]!;
  const { amount } = op;
  switch (op.shift) {
    case LSL:
      return value << amount;
    case LSR:
      return amount === 32 ? 0 : value >>> amount;
    case ASR:
      return value >> (amount === 32 ? 31 : amount);
    case ROR:
      return (value >>> amount) | (value << (32 - amount));
    default:
      return (value >>> 1) | (cpu.cf << 31);
  }
}

/** Shift_C(): also the carry, 0 or 1. For constant amounts as above. */
export function shiftCarry(cpu: Cpu, op: Op): number {
  const value = cpu.r[op.rm]!;
  const { amount } = op;
  switch (op.shift) {
    case LSL:
      return amount === 0 ? cpu.cf : (value >>> (32 - amount)) & 1;
    case LSR:
    case ASR:
    case ROR:
      return (value >>> (amount - 1)) & 1;
    default:
      return value & 1;
  }
}

/** The value of rm shifted by the low byte of `ra`. */
export function shiftedByRegister(cpu: Cpu, op: Op): number {
  const value = cpu.r[op.rm]!;
  const amount = cpu.r[op.ra]! & 0xff;
  switch (op.shift) {
    case LSL:
      return amount < 32 ? value << amount : 0;
    case LSR:
      return amount < 32 ? value >>> amount : 0;
    case ASR:
      return value >> (amount < 32 ? amount : 31);
    default:
      return rotateRight(value, amount & 31);
  }
}

export function shiftByRegisterCarry(cpu: Cpu, op: Op): number {
  const value = cpu.r[op.rm]!;
  const amount = cpu.r[op.ra]! & 0xff;
  if (amount === 0) return cpu.cf;
  switch (op.shift) {
    case LSL:
      return amount <= 32 ? (value >>> (32 - amount)) & 1 : 0;
    case LSR:
      return amount <= 32 ? (value >>> (amount - 1)) & 1 : 0;
    case ASR:
      return (value >>> (amount < 32 ? amount - 1 : 31)) & 1;
    default:
      return (value >>> ((amount - 1) & 31)) & 1;
  }
}

/** The address that an instruction reads as r15: its own plus 8 or 4. */
export function pcValue(cpu: Cpu, op: Op): number {
  return (cpu.pageAddress + op.offset + (cpu.thumb !== 0 ? 4 : 8)) | 0;
}

export function runReadingPc(cpu: Cpu, op: Op): Outcome {
  cpu.r[15] = pcValue(cpu, op);
  return op.inner(cpu, op);
}

/** `execute` of an instruction that may read r15 as an operand. */
export function readingPc(op: Op, execute: Execute): Execute {
  op.inner = execute;
  return runReadingPc;
}

export function runReadingAlignedPc(cpu: Cpu, op: Op): Outcome {
  cpu.r[15] = pcValue(cpu, op) & ~3;
  return op.inner(cpu, op);
}

/** As readingPc(), for addresses: Align(PC, 4). */
export function readingAlignedPc(op: Op, execute: Execute): Execute {
  op.inner = execute;
  return runReadingAlignedPc;
}

export function runWritingPc(cpu: Cpu, op: Op): Outcome {
  cpu.r[15] = pcValue(cpu, op);
  const outcome = op.inner(cpu, op);
  if (outcome === BRANCHED) return BRANCHED;
  // ALUWritePC(): interworking in A32 state, none in T32 (A2.3.1).
  const target = cpu.r[15]!;
  return cpu.thumb !== 0 ? cpu.branch(target) : cpu.branchExchange(target);
}

/** `execute` of a data-processing instruction that writes r15, and maybe reads it. */
export function writingPc(op: Op, execute: Execute): Execute {
  op.inner = execute;
  op.last = 1;
  return runWritingPc;
}

export function runLoadingPc(cpu: Cpu, op: Op): Outcome {
  cpu.r[15] = pcValue(cpu, op) & ~3;
  const outcome = op.inner(cpu, op);
  return outcome === BRANCHED ? BRANCHED : cpu.branchExchange(cpu.r[15]!);
}

/** `execute` of a load that writes r15: LoadWritePC(), with interworking. */
export function loadingPc(op: Op, execute: Execute): Execute {
  op.inner = execute;
  op.last = 1;
  return runLoadingPc;
}

/** An instruction without effect. */
export function nop(): Outcome {
  return NEXT;
}
