// SPDX-License-Identifier: GPL-2.0-only
/**
 * VLDM, VLDR, VSTM, VSTR (ARM DDI 0406C, A7.6). All words must be aligned (A3.2.1). `imm` is the offset in bytes, `size`
 * the number of words, `index` the first one's number. A doubleword in big-endian order has its high word first.
 */
import type { Cpu } from '../cpu/cpu.js';
import { BRANCHED, type Op, type Outcome } from './op.js';
import { pcValue } from './operands.js';

/** VLDR: `rn` 15 reads the aligned PC. */
export function loadRegister(cpu: Cpu, op: Op): Outcome {
  return loadWords(cpu, op, address(cpu, op)) ? (cpu.attention as Outcome) : BRANCHED;
}

export function storeRegister(cpu: Cpu, op: Op): Outcome {
  return storeWords(cpu, op, address(cpu, op)) ? (cpu.attention as Outcome) : BRANCHED;
}

function address(cpu: Cpu, op: Op): number {
  const base = op.rn === 15 ? pcValue(cpu, op) & ~3 : cpu.r[op.rn]!;
  return (base + op.imm) | 0;
}

/** VLDM: from Rn upwards (`u`) or ending below it; `w` writes back. */
export function loadMultiple(cpu: Cpu, op: Op): Outcome {
  if (!loadWords(cpu, op, lowest(cpu, op))) return BRANCHED;
  if (op.w !== 0) cpu.r[op.rn] = cpu.r[op.rn]! + (op.u !== 0 ? op.imm : -op.imm);
  return cpu.attention as Outcome;
}

export function storeMultiple(cpu: Cpu, op: Op): Outcome {
  if (!storeWords(cpu, op, lowest(cpu, op))) return BRANCHED;
  if (op.w !== 0) cpu.r[op.rn] = cpu.r[op.rn]! + (op.u !== 0 ? op.imm : -op.imm);
  return cpu.attention as Outcome;
}

function lowest(cpu: Cpu, op: Op): number {
  const base = op.rn === 15 ? pcValue(cpu, op) & ~3 : cpu.r[op.rn]!;
  return (op.u !== 0 ? base : base - op.imm) | 0;
}

/** False: the abort was taken. Registers that were loaded before it stay loaded, which the manual permits. */
function loadWords(cpu: Cpu, op: Op, from: number): boolean {
  const { mem } = cpu;
  const { words } = cpu.fp;
  const swap = op.f !== 0 && mem.bigEndian ? 1 : 0;
  for (let i = 0; i < op.size; i++) {
    const value = mem.load32Aligned((from + 4 * i) | 0);
    if (mem.failed !== 0) {
      cpu.dataAbort();
      return false;
    }
    words[op.index + (i ^ swap)] = value;
  }
  return true;
}

function storeWords(cpu: Cpu, op: Op, to: number): boolean {
  const { mem } = cpu;
  const { words } = cpu.fp;
  const swap = op.f !== 0 && mem.bigEndian ? 1 : 0;
  // Nothing is stored if any word cannot be: a run of up to 32 words touches two pages at most. In one page the first
  // word faults if any does.
  const bytes = 4 * op.size;
  if (((to ^ (to + bytes - 1)) & ~0xfff) !== 0 && (to & 3) === 0 && !mem.canStore(to, bytes)) {
    cpu.dataAbort();
    return false;
  }
  for (let i = 0; i < op.size; i++) {
    mem.store32Aligned((to + 4 * i) | 0, words[op.index + (i ^ swap)]!);
    if (mem.failed !== 0) {
      cpu.dataAbort();
      return false;
    }
  }
  return true;
}
