// SPDX-License-Identifier: GPL-2.0-only
/**
 * LDM, STM, PUSH, POP and their forms for user registers and exception return: ARM DDI 0406C, A8.8, B9.3.
 *
 * `list` is the register list, `imm` the offset of the lowest address from the base, `amount` what is added to the
 * base where `w` is 1. Addresses rise with register numbers, whatever the form. Addresses that are not aligned fault.
 * An instruction that faults leaves every register as it was: values are collected first.
 */
import { readBanked, writeBanked } from '../cpu/banked.js';
import type { Cpu } from '../cpu/cpu.js';
import { MODE_USER } from '../cpu/modes.js';
import type { Op, Outcome } from './op.js';

/** Values that LDM has loaded and not yet written. */
const loaded = new Int32Array(16);

/** Loads the list into `loaded`. False: a fault. */
function collect(cpu: Cpu, op: Op): boolean {
  const { mem } = cpu;
  let address = (cpu.r[op.rn]! + op.imm) | 0;
  if ((address & 3) !== 0) {
    mem.misaligned(address, false);
    return false;
  }
  for (let list = op.list; list !== 0; list &= list - 1) {
    const register = 31 - Math.clz32(list & -list);
    const value = mem.load32(address);
    if (mem.failed !== 0) return false;
    loaded[register] = value;
    address = (address + 4) | 0;
  }
  return true;
}

/** LDM; with r15 in the list inside loadingPc(). */
export function ldm(cpu: Cpu, op: Op): Outcome {
  if (!collect(cpu, op)) return cpu.dataAbort();
  const { r } = cpu;
  if (op.w === 1) r[op.rn]! += op.amount;
  for (let list = op.list; list !== 0; list &= list - 1) {
    const register = 31 - Math.clz32(list & -list);
    r[register] = loaded[register]!;
  }
  return cpu.attention as Outcome;
}

export function stm(cpu: Cpu, op: Op): Outcome {
  const { mem, r } = cpu;
  let address = (r[op.rn]! + op.imm) | 0;
  if ((address & 3) !== 0) {
    mem.misaligned(address, true);
    return cpu.dataAbort();
  }
  for (let list = op.list; list !== 0; list &= list - 1) {
    mem.store32(address, r[31 - Math.clz32(list & -list)]!);
    if (mem.failed !== 0) return cpu.dataAbort();
    address = (address + 4) | 0;
  }
  if (op.w === 1) r[op.rn]! += op.amount;
  return cpu.attention as Outcome;
}

/** LDM (User registers), B9.3.6. */
export function ldmUser(cpu: Cpu, op: Op): Outcome {
  if (!cpu.hasSpsr) return cpu.undefined();
  if (!collect(cpu, op)) return cpu.dataAbort();
  for (let list = op.list; list !== 0; list &= list - 1) {
    const register = 31 - Math.clz32(list & -list);
    writeBanked(cpu, register, MODE_USER, loaded[register]!);
  }
  return cpu.attention as Outcome;
}

/** STM (User registers), B9.3.17. */
export function stmUser(cpu: Cpu, op: Op): Outcome {
  if (!cpu.hasSpsr) return cpu.undefined();
  const { mem, r } = cpu;
  let address = (r[op.rn]! + op.imm) | 0;
  if ((address & 3) !== 0) {
    mem.misaligned(address, true);
    return cpu.dataAbort();
  }
  for (let list = op.list; list !== 0; list &= list - 1) {
    mem.store32(address, readBanked(cpu, 31 - Math.clz32(list & -list), MODE_USER));
    if (mem.failed !== 0) return cpu.dataAbort();
    address = (address + 4) | 0;
  }
  return cpu.attention as Outcome;
}

/** LDM (exception return), B9.3.5: r15 from memory, CPSR from SPSR. */
export function ldmReturn(cpu: Cpu, op: Op): Outcome {
  if (!cpu.hasSpsr) return cpu.undefined();
  if (!collect(cpu, op)) return cpu.dataAbort();
  const { r } = cpu;
  if (op.w === 1) r[op.rn]! += op.amount;
  for (let list = op.list & 0x7fff; list !== 0; list &= list - 1) {
    const register = 31 - Math.clz32(list & -list);
    r[register] = loaded[register]!;
  }
  return cpu.exceptionReturn(cpu.spsr, loaded[15]!);
}

/** RFE, B9.3.13: r15 and CPSR from memory. */
export function rfe(cpu: Cpu, op: Op): Outcome {
  if (!cpu.privileged) return cpu.undefined();
  const { mem, r } = cpu;
  const address = (r[op.rn]! + op.imm) | 0;
  const target = mem.load32Aligned(address);
  if (mem.failed !== 0) return cpu.dataAbort();
  const psr = mem.load32Aligned((address + 4) | 0);
  if (mem.failed !== 0) return cpu.dataAbort();
  if (op.w === 1) r[op.rn]! += op.amount;
  return cpu.exceptionReturn(psr, target);
}

/** SRS, B9.3.15 and B9.3.16: r14 and SPSR of this mode to the stack of `mode`. */
export function srs(cpu: Cpu, op: Op): Outcome {
  if (!cpu.hasSpsr) return cpu.undefined();
  const { mem } = cpu;
  const base = readBanked(cpu, 13, op.mode);
  const address = (base + op.imm) | 0;
  mem.store32Aligned(address, cpu.r[14]!);
  if (mem.failed !== 0) return cpu.dataAbort();
  mem.store32Aligned((address + 4) | 0, cpu.spsr);
  if (mem.failed !== 0) return cpu.dataAbort();
  if (op.w === 1) writeBanked(cpu, 13, op.mode, (base + op.amount) | 0);
  return cpu.attention as Outcome;
}
