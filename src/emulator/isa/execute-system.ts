// SPDX-License-Identifier: GPL-2.0-only
/** Status registers, exceptions, hints, barriers, coprocessors: ARM DDI 0406C, A8.8 and B9.3. */
import { readBanked, readBankedSpsr, writeBanked, writeBankedSpsr } from '../cpu/banked.js';
import type { Cpu } from '../cpu/cpu.js';
import { WAITING_FOR_EVENT, WAITING_FOR_INTERRUPT } from '../cpu/cpu.js';
import { FAULT_DEBUG, fault } from '../cpu/faults.js';
import { bankOf, MODE_FIQ, PSR_A, PSR_F, PSR_I } from '../cpu/modes.js';
import { LEAVE, NEXT, type Op, type Outcome } from './op.js';

/** MRS of CPSR: execution state bits read as zero (B1.3.3). */
const READABLE = 0xf8ff03df;
/** What user code may write of CPSR: flags, GE and (deprecated) E. */
const USER_BYTES = 0xe;

export function mrs(cpu: Cpu, op: Op): Outcome {
  if (op.r === 1) {
    if (!cpu.hasSpsr) return cpu.undefined();
    cpu.r[op.rd] = cpu.spsr;
  } else {
    const value = cpu.cpsr(0) & READABLE;
    // Model: mode and mask bits are read by user code too; the manual makes them UNKNOWN.
    cpu.r[op.rd] = value;
  }
  return NEXT;
}

function writeStatus(cpu: Cpu, op: Op, value: number): Outcome {
  if (op.r === 1) {
    if (!cpu.hasSpsr) return cpu.undefined();
    let bits = 0;
    for (let byte = 0; byte < 4; byte++) if (((op.mask >>> byte) & 1) === 1) bits |= 0xff << (8 * byte);
    // Bits 23:20 are reserved.
    cpu.spsr = (cpu.spsr & ~bits) | (value & bits & 0xff0fffff);
    return NEXT;
  }
  cpu.writeCpsr(value, cpu.privileged ? op.mask : op.mask & USER_BYTES, false);
  return LEAVE;
}

export function msrImmediate(cpu: Cpu, op: Op): Outcome {
  return writeStatus(cpu, op, op.imm);
}

/** MSR (register) with rn. */
export function msrRegister(cpu: Cpu, op: Op): Outcome {
  return writeStatus(cpu, op, cpu.r[op.rn]!);
}

/**
 * SYSm of banked MRS and MSR (B9.2.3): for R = 0 each of r8 to r12 and the pairs; for R = 1 the SPSRs.
 * [register, mode]; register 16 is SPSR. Null: UNPREDICTABLE.
 */
function banked(op: Op): readonly [number, number] | null {
  const { sysm } = op;
  if (op.r === 1) {
    switch (sysm) {
      case 0x0e:
        return [16, MODE_FIQ];
      case 0x10:
        return [16, 0x12];
      case 0x12:
        return [16, 0x13];
      case 0x14:
        return [16, 0x17];
      case 0x16:
        return [16, 0x1b];
      default:
        return null;
    }
  }
  if (sysm < 7) return [8 + sysm, 0x10];
  if (sysm >= 8 && sysm < 15) return [sysm, MODE_FIQ];
  const modes = [0x12, 0x13, 0x17, 0x1b];
  const mode = sysm >= 16 && sysm < 24 ? modes[(sysm - 16) >> 1] : undefined;
  return mode === undefined ? null : [(sysm & 1) === 0 ? 14 : 13, mode];
}

export function mrsBanked(cpu: Cpu, op: Op): Outcome {
  const which = banked(op);
  if (which === null || !cpu.privileged || bankOf(which[1]) < 0) return cpu.undefined();
  const [register, mode] = which;
  cpu.r[op.rd] = register === 16 ? readBankedSpsr(cpu, mode) : readBanked(cpu, register, mode);
  return NEXT;
}

export function msrBanked(cpu: Cpu, op: Op): Outcome {
  const which = banked(op);
  if (which === null || !cpu.privileged || bankOf(which[1]) < 0) return cpu.undefined();
  const [register, mode] = which;
  const value = cpu.r[op.rn]!;
  if (register === 16) writeBankedSpsr(cpu, mode, value);
  else writeBanked(cpu, register, mode, value);
  return NEXT;
}

/** CPS, B9.3.2: `option` is imod, `w` is M, `a`, `i`, `f` which masks. Does nothing in user mode. */
export function cps(cpu: Cpu, op: Op): Outcome {
  if (!cpu.privileged) return NEXT;
  const which = (op.a === 1 ? PSR_A : 0) | (op.i === 1 ? PSR_I : 0) | (op.f === 1 ? PSR_F : 0);
  if (op.option === 2) cpu.masks &= ~which;
  else if (op.option === 3) cpu.masks |= which;
  if (op.w === 1 && bankOf(op.mode) >= 0) cpu.switchMode(op.mode);
  cpu.attention = 1;
  return LEAVE;
}

export function setend(cpu: Cpu, op: Op): Outcome {
  cpu.mem.setBigEndian(op.e === 1);
  return cpu.attention as Outcome;
}

export function svc(cpu: Cpu): Outcome {
  return cpu.supervisorCall();
}

export function bkpt(cpu: Cpu): Outcome {
  return cpu.breakpoint(fault(FAULT_DEBUG));
}

export function hvc(cpu: Cpu): Outcome {
  if (!cpu.privileged || cpu.firmware === null) return cpu.undefined();
  return cpu.firmware.call(cpu, 'hvc') ? LEAVE : cpu.undefined();
}

export function smc(cpu: Cpu): Outcome {
  if (!cpu.privileged || cpu.firmware === null) return cpu.undefined();
  return cpu.firmware.call(cpu, 'smc') ? LEAVE : cpu.undefined();
}

export function wfi(cpu: Cpu): Outcome {
  if (cpu.irq === 0 && cpu.fiq === 0) cpu.state = WAITING_FOR_INTERRUPT;
  cpu.attention = 1;
  return LEAVE;
}

export function wfe(cpu: Cpu): Outcome {
  if (cpu.event !== 0) cpu.event = 0;
  else if (cpu.irq === 0 && cpu.fiq === 0) {
    cpu.state = WAITING_FOR_EVENT;
    cpu.syncClock();
    cpu.eventStream.watch();
  }
  cpu.attention = 1;
  return LEAVE;
}

export function sev(cpu: Cpu): Outcome {
  for (const other of cpu.parts.cores) other.signalEvent();
  return cpu.attention as Outcome;
}

/** Lets another core have its turn. */
export function yieldTurn(cpu: Cpu): Outcome {
  if (cpu.parts.cores.length > 1) cpu.yield();
  return LEAVE;
}

export function dsb(cpu: Cpu): Outcome {
  cpu.parts.machine.barrier('dsb');
  return NEXT;
}

export function dmb(cpu: Cpu): Outcome {
  cpu.parts.machine.barrier('dmb');
  return NEXT;
}

export function isb(cpu: Cpu): Outcome {
  cpu.parts.machine.barrier('isb');
  return LEAVE;
}

/** MCR and MRC of coprocessors 14 and 15, with and without 64 bits. */
export function mcr(cpu: Cpu, op: Op): Outcome {
  const outcome = cpu.cp15.write(op, cpu.r[op.rt]!);
  return outcome === NEXT ? (cpu.attention as Outcome) : outcome;
}

export function mrc(cpu: Cpu, op: Op): Outcome {
  const outcome = cpu.cp15.read(op);
  if (outcome !== NEXT) return outcome;
  const { value } = cpu.cp15;
  if (op.rt === 15) cpu.setFlags((value & 0xf0000000) | (cpu.qf << 27));
  else cpu.r[op.rt] = value;
  return cpu.attention as Outcome;
}

export function mcrr(cpu: Cpu, op: Op): Outcome {
  return cpu.cp15.write64(op, cpu.r[op.rt]!, cpu.r[op.rt2]!);
}

export function mrrc(cpu: Cpu, op: Op): Outcome {
  const outcome = cpu.cp15.read64(op);
  if (outcome !== NEXT) return outcome;
  cpu.r[op.rt] = cpu.cp15.value;
  cpu.r[op.rt2] = cpu.cp15.valueHigh;
  return cpu.attention as Outcome;
}
