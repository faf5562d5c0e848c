// SPDX-License-Identifier: GPL-2.0-only
/**
 * Loads and stores of one register or two: ARM DDI 0406C, A8.8.
 *
 * Address: base rn, offset `imm` (signed) or rm shifted (`i` is 1; `u` says whether it is added). `p` is 1 where the
 * offset counts for this access, `w` where the base is written back (also for post-indexing). `t` is 1 for LDRT and
 * its kin, which access as user code does. The base and the target are written only if nothing faulted.
 * The plain form, an immediate offset without write-back, has functions of its own: most accesses are that.
 */
import type { Cpu } from '../cpu/cpu.js';
import { type Execute, NEXT, type Op, type Outcome } from './op.js';
import { shiftedRm } from './operands.js';

/** The base with the offset applied. */
function indexed(cpu: Cpu, op: Op): number {
  const base = cpu.r[op.rn]!;
  if (op.i === 0) return (base + op.imm) | 0;
  const offset = shiftedRm(cpu, op);
  return op.u === 1 ? (base + offset) | 0 : (base - offset) | 0;
}

// Without write-back, with an immediate offset.

function ldrPlain(cpu: Cpu, op: Op): Outcome {
  const { mem, r } = cpu;
  const value = mem.load32(r[op.rn]! + op.imm);
  if (mem.failed !== 0) return cpu.dataAbort();
  r[op.rt] = value;
  return cpu.attention as Outcome;
}

function ldrbPlain(cpu: Cpu, op: Op): Outcome {
  const { mem, r } = cpu;
  const value = mem.load8(r[op.rn]! + op.imm);
  if (mem.failed !== 0) return cpu.dataAbort();
  r[op.rt] = value;
  return cpu.attention as Outcome;
}

function ldrhPlain(cpu: Cpu, op: Op): Outcome {
  const { mem, r } = cpu;
  const value = mem.load16(r[op.rn]! + op.imm);
  if (mem.failed !== 0) return cpu.dataAbort();
  r[op.rt] = value;
  return cpu.attention as Outcome;
}

function strPlain(cpu: Cpu, op: Op): Outcome {
  const { mem, r } = cpu;
  mem.store32(r[op.rn]! + op.imm, r[op.rt]!);
  return mem.failed !== 0 ? cpu.dataAbort() : (cpu.attention as Outcome);
}

function strbPlain(cpu: Cpu, op: Op): Outcome {
  const { mem, r } = cpu;
  mem.store8(r[op.rn]! + op.imm, r[op.rt]!);
  return mem.failed !== 0 ? cpu.dataAbort() : (cpu.attention as Outcome);
}

function strhPlain(cpu: Cpu, op: Op): Outcome {
  const { mem, r } = cpu;
  mem.store16(r[op.rn]! + op.imm, r[op.rt]!);
  return mem.failed !== 0 ? cpu.dataAbort() : (cpu.attention as Outcome);
}

// Every form. `value` is what is loaded, made of an address.

function finishLoad(cpu: Cpu, op: Op, target: number, value: number): Outcome {
  if (op.t === 1) cpu.mem.setPrivilege(cpu.privileged);
  if (cpu.mem.failed !== 0) return cpu.dataAbort();
  if (op.w === 1) cpu.r[op.rn] = target;
  cpu.r[op.rt] = value;
  return cpu.attention as Outcome;
}

function finishStore(cpu: Cpu, op: Op, target: number): Outcome {
  if (op.t === 1) cpu.mem.setPrivilege(cpu.privileged);
  if (cpu.mem.failed !== 0) return cpu.dataAbort();
  if (op.w === 1) cpu.r[op.rn] = target;
  return cpu.attention as Outcome;
}

/** The address of the access; `target` is what is written back. */
function accessed(cpu: Cpu, op: Op, target: number): number {
  if (op.t === 1) cpu.mem.setPrivilege(false);
  return op.p === 1 ? target : cpu.r[op.rn]!;
}

function ldrAny(cpu: Cpu, op: Op): Outcome {
  const target = indexed(cpu, op);
  return finishLoad(cpu, op, target, cpu.mem.load32(accessed(cpu, op, target)));
}

function ldrbAny(cpu: Cpu, op: Op): Outcome {
  const target = indexed(cpu, op);
  return finishLoad(cpu, op, target, cpu.mem.load8(accessed(cpu, op, target)));
}

function ldrhAny(cpu: Cpu, op: Op): Outcome {
  const target = indexed(cpu, op);
  return finishLoad(cpu, op, target, cpu.mem.load16(accessed(cpu, op, target)));
}

function ldrsbAny(cpu: Cpu, op: Op): Outcome {
  const target = indexed(cpu, op);
  return finishLoad(cpu, op, target, (cpu.mem.load8(accessed(cpu, op, target)) << 24) >> 24);
}

function ldrshAny(cpu: Cpu, op: Op): Outcome {
  const target = indexed(cpu, op);
  return finishLoad(cpu, op, target, (cpu.mem.load16(accessed(cpu, op, target)) << 16) >> 16);
}

function strAny(cpu: Cpu, op: Op): Outcome {
  const target = indexed(cpu, op);
  cpu.mem.store32(accessed(cpu, op, target), cpu.r[op.rt]!);
  return finishStore(cpu, op, target);
}

function strbAny(cpu: Cpu, op: Op): Outcome {
  const target = indexed(cpu, op);
  cpu.mem.store8(accessed(cpu, op, target), cpu.r[op.rt]!);
  return finishStore(cpu, op, target);
}

function strhAny(cpu: Cpu, op: Op): Outcome {
  const target = indexed(cpu, op);
  cpu.mem.store16(accessed(cpu, op, target), cpu.r[op.rt]!);
  return finishStore(cpu, op, target);
}

/** LDRD: aligned to a word whatever SCTLR.A says (A3.2.1). */
function ldrdAny(cpu: Cpu, op: Op): Outcome {
  const { mem } = cpu;
  const target = indexed(cpu, op);
  const address = op.p === 1 ? target : cpu.r[op.rn]!;
  const first = mem.load32Aligned(address);
  if (mem.failed !== 0) return cpu.dataAbort();
  const second = mem.load32Aligned((address + 4) | 0);
  if (mem.failed !== 0) return cpu.dataAbort();
  if (op.w === 1) cpu.r[op.rn] = target;
  cpu.r[op.rt] = first;
  cpu.r[op.rt2] = second;
  return cpu.attention as Outcome;
}

function strdAny(cpu: Cpu, op: Op): Outcome {
  const { mem } = cpu;
  const target = indexed(cpu, op);
  const address = op.p === 1 ? target : cpu.r[op.rn]!;
  mem.store32Aligned(address, cpu.r[op.rt]!);
  if (mem.failed !== 0) return cpu.dataAbort();
  mem.store32Aligned((address + 4) | 0, cpu.r[op.rt2]!);
  if (mem.failed !== 0) return cpu.dataAbort();
  if (op.w === 1) cpu.r[op.rn] = target;
  return cpu.attention as Outcome;
}

/** The general form of an access, and the plain one where there is one. */
export interface Access {
  readonly any: Execute;
  readonly plain: Execute;
}

export const LDR: Access = { any: ldrAny, plain: ldrPlain };
export const LDRB: Access = { any: ldrbAny, plain: ldrbPlain };
export const LDRH: Access = { any: ldrhAny, plain: ldrhPlain };
export const LDRSB: Access = { any: ldrsbAny, plain: ldrsbAny };
export const LDRSH: Access = { any: ldrshAny, plain: ldrshAny };
export const LDRD: Access = { any: ldrdAny, plain: ldrdAny };
export const STR: Access = { any: strAny, plain: strPlain };
export const STRB: Access = { any: strbAny, plain: strbPlain };
export const STRH: Access = { any: strhAny, plain: strhPlain };
export const STRD: Access = { any: strdAny, plain: strdAny };

/** Which form an op needs. */
export function formOf(op: Op, access: Access): Execute {
  return op.i === 0 && op.p === 1 && op.w === 0 && op.t === 0 ? access.plain : access.any;
}

/** PLD, PLDW, PLI: hints. */
export function preload(): Outcome {
  return NEXT;
}

// Exclusive accesses: A3.4. The monitor is marked by virtual address. Model: it is cleared at exceptions and when
// another core gets its turn, so that no other core's store can come between LDREX and a STREX that succeeds.

function mark(cpu: Cpu, address: number, size: number): void {
  cpu.exclusive = address >>> 0;
  cpu.exclusiveSize = size;
}

/** Ends the exclusive state; whether the store may be made. */
function claimed(cpu: Cpu, address: number, size: number): boolean {
  const held = cpu.exclusive === address >>> 0 && cpu.exclusiveSize === size;
  cpu.exclusive = -1;
  return held;
}

/** `imm` is the offset of LDREX and STREX in T32. */
export function ldrex(cpu: Cpu, op: Op): Outcome {
  const { mem, r } = cpu;
  const address = (r[op.rn]! + op.imm) | 0;
  const value = mem.load32Aligned(address);
  if (mem.failed !== 0) return cpu.dataAbort();
  mark(cpu, address, 4);
  r[op.rt] = value;
  return cpu.attention as Outcome;
}

export function ldrexb(cpu: Cpu, op: Op): Outcome {
  const { mem, r } = cpu;
  const address = r[op.rn]!;
  const value = mem.load8(address);
  if (mem.failed !== 0) return cpu.dataAbort();
  mark(cpu, address, 1);
  r[op.rt] = value;
  return cpu.attention as Outcome;
}

export function ldrexh(cpu: Cpu, op: Op): Outcome {
  const { mem, r } = cpu;
  const address = r[op.rn]!;
  if ((address & 1) !== 0) mem.misaligned(address, false);
  const value = mem.failed !== 0 ? 0 : mem.load16(address);
  if (mem.failed !== 0) return cpu.dataAbort();
  mark(cpu, address, 2);
  r[op.rt] = value;
  return cpu.attention as Outcome;
}

export function ldrexd(cpu: Cpu, op: Op): Outcome {
  const { mem, r } = cpu;
  const address = r[op.rn]!;
  if ((address & 7) !== 0) mem.misaligned(address, false);
  const first = mem.failed !== 0 ? 0 : mem.load32(address);
  if (mem.failed !== 0) return cpu.dataAbort();
  const second = mem.load32((address + 4) | 0);
  if (mem.failed !== 0) return cpu.dataAbort();
  mark(cpu, address, 8);
  r[op.rt] = first;
  r[op.rt2] = second;
  return cpu.attention as Outcome;
}

export function strex(cpu: Cpu, op: Op): Outcome {
  const { mem, r } = cpu;
  const address = (r[op.rn]! + op.imm) | 0;
  if ((address & 3) !== 0) {
    mem.misaligned(address, true);
    return cpu.dataAbort();
  }
  if (!claimed(cpu, address, 4)) {
    r[op.rd] = 1;
    return NEXT;
  }
  mem.store32(address, r[op.rt]!);
  if (mem.failed !== 0) return cpu.dataAbort();
  r[op.rd] = 0;
  return cpu.attention as Outcome;
}

export function strexb(cpu: Cpu, op: Op): Outcome {
  const { mem, r } = cpu;
  const address = r[op.rn]!;
  if (!claimed(cpu, address, 1)) {
    r[op.rd] = 1;
    return NEXT;
  }
  mem.store8(address, r[op.rt]!);
  if (mem.failed !== 0) return cpu.dataAbort();
  r[op.rd] = 0;
  return cpu.attention as Outcome;
}

export function strexh(cpu: Cpu, op: Op): Outcome {
  const { mem, r } = cpu;
  const address = r[op.rn]!;
  if ((address & 1) !== 0) {
    mem.misaligned(address, true);
    return cpu.dataAbort();
  }
  if (!claimed(cpu, address, 2)) {
    r[op.rd] = 1;
    return NEXT;
  }
  mem.store16(address, r[op.rt]!);
  if (mem.failed !== 0) return cpu.dataAbort();
  r[op.rd] = 0;
  return cpu.attention as Outcome;
}

export function strexd(cpu: Cpu, op: Op): Outcome {
  const { mem, r } = cpu;
  const address = r[op.rn]!;
  if ((address & 7) !== 0) {
    mem.misaligned(address, true);
    return cpu.dataAbort();
  }
  if (!claimed(cpu, address, 8)) {
    r[op.rd] = 1;
    return NEXT;
  }
  mem.store32(address, r[op.rt]!);
  if (mem.failed === 0) mem.store32((address + 4) | 0, r[op.rt2]!);
  if (mem.failed !== 0) return cpu.dataAbort();
  r[op.rd] = 0;
  return cpu.attention as Outcome;
}

export function clrex(cpu: Cpu): Outcome {
  cpu.exclusive = -1;
  return NEXT;
}

/** SWP and SWPB (`b`): DDI 0406C, A8.8.229; there while SCTLR.SW is 1. */
export function swp(cpu: Cpu, op: Op): Outcome {
  if (!cpu.cp15.swapEnabled) return cpu.undefined();
  const { mem, r } = cpu;
  const address = r[op.rn]!;
  const value = op.b === 1 ? mem.load8(address) : mem.load32Aligned(address);
  if (mem.failed !== 0) return cpu.dataAbort();
  if (op.b === 1) mem.store8(address, r[op.rm]!);
  else mem.store32(address, r[op.rm]!);
  if (mem.failed !== 0) return cpu.dataAbort();
  r[op.rt] = value;
  return cpu.attention as Outcome;
}
