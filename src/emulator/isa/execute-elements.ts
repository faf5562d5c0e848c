// SPDX-License-Identifier: GPL-2.0-only
/**
 * Advanced SIMD element and structure loads and stores: VLD1 to VLD4, VST1 to VST4 (ARM DDI 0406C, A7.7).
 *
 *   amount   elements of a structure: it spreads over that many registers
 *   b        distance of those registers
 *   index    multiple: how often `amount` registers are filled; one lane: the lane's number; all lanes: registers filled
 *   mask     alignment that the instruction asks for, minus 1
 *   rm       15: Rn stays; 13: it moves past what was transferred; others: by that register
 *
 * Elements of one structure lie next to each other in memory. Nothing is written to a register before the last load,
 * and nothing to memory unless all of it can be.
 */
import type { Cpu } from '../cpu/cpu.js';
import { BRANCHED, type Op, type Outcome } from './op.js';

/** Elements on their way; a doubleword is two of 32 bits. */
const loaded = new Int32Array(32);

function abort(cpu: Cpu): Outcome {
  cpu.dataAbort();
  return BRANCHED;
}

/** Whether `address` is aligned as the instruction asks, or as SCTLR.A does; the fault is told. */
function isAligned(cpu: Cpu, op: Op, address: number, elementBytes: number, write: boolean): boolean {
  const strict = cpu.mem.strictAlignment ? elementBytes - 1 : 0;
  if ((address & (op.mask | strict)) === 0) return true;
  cpu.mem.misaligned(address, write);
  return false;
}

function load(cpu: Cpu, address: number, size: number): number {
  const { mem } = cpu;
  return size === 0 ? mem.load8(address) : size === 1 ? mem.load16(address) : mem.load32(address);
}

function store(cpu: Cpu, address: number, size: number, value: number): void {
  const { mem } = cpu;
  if (size === 0) mem.store8(address, value);
  else if (size === 1) mem.store16(address, value);
  else mem.store32(address, value);
}

function writeBack(cpu: Cpu, op: Op, bytes: number): Outcome {
  if (op.rm !== 15) cpu.r[op.rn] = cpu.r[op.rn]! + (op.rm === 13 ? bytes : cpu.r[op.rm]!);
  return cpu.attention as Outcome;
}

/**
 * The number of the i-th element in memory among the elements of all registers. Doublewords are told as words, whose
 * order big-endian memory turns round.
 */
function place(op: Op, i: number, swap: number): number {
  const { amount, size } = op;
  if (size === 3) return (op.vd << 1) + (i ^ swap);
  if (amount === 1) return (op.vd << (3 - size)) + i;
  const structure = (i / amount) | 0;
  const register = op.vd + (i - structure * amount) * op.b + (structure >> (3 - size));
  return (register << (3 - size)) + (structure & ((8 >> size) - 1));
}

/**
 * VLD1 and VST1 of whole registers in little-endian order: what the elements are does not matter then, and words are
 * moved where they are aligned: 45 ns instead of 347 for 32 bytes (`bench/vector.ts`).
 */
function movesWords(cpu: Cpu, op: Op, address: number): boolean {
  return op.amount === 1 && (address & 3) === 0 && !cpu.mem.bigEndian;
}

/** Whether a transfer lies in one page, so that its first access faults if any does. */
function inOnePage(address: number, bytes: number): boolean {
  return ((address ^ (address + bytes - 1)) & ~0xfff) === 0;
}

export function loadStructures(cpu: Cpu, op: Op): Outcome {
  const { mem, fp } = cpu;
  const address = cpu.r[op.rn]!;
  const bytes = 8 * op.amount * op.index;
  if (!isAligned(cpu, op, address, 1 << op.size, false)) return abort(cpu);
  if (movesWords(cpu, op, address) && inOnePage(address, bytes)) {
    const first = op.vd << 1;
    for (let i = 0; i < bytes >> 2; i++) {
      const value = mem.load32((address + 4 * i) | 0);
      if (mem.failed !== 0) return abort(cpu);
      fp.words[first + i] = value;
    }
    return writeBack(cpu, op, bytes);
  }
  const size = op.size === 3 ? 2 : op.size;
  const count = bytes >> size;
  for (let i = 0; i < count; i++) {
    loaded[i] = load(cpu, (address + (i << size)) | 0, size);
    if (mem.failed !== 0) return abort(cpu);
  }
  const view = fp.unsigned(size);
  const swap = mem.bigEndian ? 1 : 0;
  for (let i = 0; i < count; i++) view[place(op, i, swap)] = loaded[i]!;
  return writeBack(cpu, op, bytes);
}

export function storeStructures(cpu: Cpu, op: Op): Outcome {
  const { mem, fp } = cpu;
  const address = cpu.r[op.rn]!;
  const bytes = 8 * op.amount * op.index;
  if (!isAligned(cpu, op, address, 1 << op.size, true)) return abort(cpu);
  if (!inOnePage(address, bytes) && !mem.canStore(address, bytes)) return abort(cpu);
  if (movesWords(cpu, op, address)) {
    const first = op.vd << 1;
    for (let i = 0; i < bytes >> 2; i++) {
      mem.store32((address + 4 * i) | 0, fp.words[first + i]!);
      if (mem.failed !== 0) return abort(cpu);
    }
    return writeBack(cpu, op, bytes);
  }
  const size = op.size === 3 ? 2 : op.size;
  const view = fp.unsigned(size);
  const swap = mem.bigEndian ? 1 : 0;
  for (let i = 0; i < bytes >> size; i++) {
    store(cpu, (address + (i << size)) | 0, size, view[place(op, i, swap)]!);
    if (mem.failed !== 0) return abort(cpu);
  }
  return writeBack(cpu, op, bytes);
}

/** One element to or from lane `index` of each register. */
export function loadLane(cpu: Cpu, op: Op): Outcome {
  const { mem, fp } = cpu;
  const { size, amount } = op;
  const address = cpu.r[op.rn]!;
  if (!isAligned(cpu, op, address, 1 << size, false)) return abort(cpu);
  for (let k = 0; k < amount; k++) {
    loaded[k] = load(cpu, (address + (k << size)) | 0, size);
    if (mem.failed !== 0) return abort(cpu);
  }
  const view = fp.unsigned(size);
  for (let k = 0; k < amount; k++) view[((op.vd + k * op.b) << (3 - size)) + op.index] = loaded[k]!;
  return writeBack(cpu, op, amount << size);
}

export function storeLane(cpu: Cpu, op: Op): Outcome {
  const { mem, fp } = cpu;
  const { size, amount } = op;
  const address = cpu.r[op.rn]!;
  const bytes = amount << size;
  if (!isAligned(cpu, op, address, 1 << size, true)) return abort(cpu);
  if (!inOnePage(address, bytes) && !mem.canStore(address, bytes)) return abort(cpu);
  const view = fp.unsigned(size);
  for (let k = 0; k < amount; k++) {
    const value = view[((op.vd + k * op.b) << (3 - size)) + op.index]!;
    store(cpu, (address + (k << size)) | 0, size, value);
    if (mem.failed !== 0) return abort(cpu);
  }
  return writeBack(cpu, op, bytes);
}

/** One element to every lane of each register; VLD1 may fill two registers with it. */
export function loadAllLanes(cpu: Cpu, op: Op): Outcome {
  const { mem, fp } = cpu;
  const { size, amount } = op;
  const address = cpu.r[op.rn]!;
  if (!isAligned(cpu, op, address, 1 << size, false)) return abort(cpu);
  for (let k = 0; k < amount; k++) {
    loaded[k] = load(cpu, (address + (k << size)) | 0, size);
    if (mem.failed !== 0) return abort(cpu);
  }
  const view = fp.unsigned(size);
  for (let k = 0; k < amount; k++) {
    const from = (op.vd + k * op.b) << (3 - size);
    view.fill(loaded[k]!, from, from + (8 >> size) * op.index);
  }
  return writeBack(cpu, op, amount << size);
}
