// SPDX-License-Identifier: GPL-2.0-only
/** Branches: ARM DDI 0406C, A8.8. `imm` is the offset from what the instruction reads as r15. */
import type { Cpu } from '../cpu/cpu.js';
import { BRANCHED, type Execute, NEXT, type Op, type Outcome } from './op.js';
import { pcValue } from './operands.js';

export function b(cpu: Cpu, op: Op): Outcome {
  // imm has r15's offset from the instruction in it.
  cpu.r[15] = cpu.pageAddress + op.offset + op.imm;
  return BRANCHED;
}

/** Taken branches of every condition, so that each looks at its own flags and nothing else. */
function taken(cpu: Cpu, op: Op): Outcome {
  cpu.r[15] = cpu.pageAddress + op.offset + op.imm;
  return BRANCHED;
}

/** `run` of B with each condition. */
export const B_CONDITIONAL: readonly Execute[] = [
  (cpu, op) => (cpu.zf === 0 ? taken(cpu, op) : NEXT),
  (cpu, op) => (cpu.zf !== 0 ? taken(cpu, op) : NEXT),
  (cpu, op) => (cpu.cf !== 0 ? taken(cpu, op) : NEXT),
  (cpu, op) => (cpu.cf === 0 ? taken(cpu, op) : NEXT),
  (cpu, op) => (cpu.nf < 0 ? taken(cpu, op) : NEXT),
  (cpu, op) => (cpu.nf >= 0 ? taken(cpu, op) : NEXT),
  (cpu, op) => (cpu.vf !== 0 ? taken(cpu, op) : NEXT),
  (cpu, op) => (cpu.vf === 0 ? taken(cpu, op) : NEXT),
  (cpu, op) => (cpu.cf !== 0 && cpu.zf !== 0 ? taken(cpu, op) : NEXT),
  (cpu, op) => (cpu.cf === 0 || cpu.zf === 0 ? taken(cpu, op) : NEXT),
  (cpu, op) => (cpu.nf < 0 === (cpu.vf !== 0) ? taken(cpu, op) : NEXT),
  (cpu, op) => (cpu.nf < 0 !== (cpu.vf !== 0) ? taken(cpu, op) : NEXT),
  (cpu, op) => (cpu.zf !== 0 && cpu.nf < 0 === (cpu.vf !== 0) ? taken(cpu, op) : NEXT),
  (cpu, op) => (cpu.zf === 0 || cpu.nf < 0 !== (cpu.vf !== 0) ? taken(cpu, op) : NEXT),
];

export function bl(cpu: Cpu, op: Op): Outcome {
  const next = cpu.pageAddress + op.offset + op.length;
  cpu.r[14] = cpu.thumb !== 0 ? next | 1 : next;
  cpu.r[15] = cpu.pageAddress + op.offset + op.imm;
  return BRANCHED;
}

/** BLX (immediate): to the other instruction set. */
export function blxImmediate(cpu: Cpu, op: Op): Outcome {
  const next = cpu.pageAddress + op.offset + op.length;
  const target = cpu.pageAddress + op.offset + op.imm;
  if (cpu.thumb !== 0) {
    cpu.r[14] = next | 1;
    cpu.thumb = 0;
    cpu.r[15] = target & ~3;
  } else {
    cpu.r[14] = next;
    cpu.thumb = 1;
    cpu.r[15] = target;
  }
  return BRANCHED;
}

export function bx(cpu: Cpu, op: Op): Outcome {
  return cpu.branchExchange(op.rm === 15 ? pcValue(cpu, op) : cpu.r[op.rm]!);
}

export function blxRegister(cpu: Cpu, op: Op): Outcome {
  const target = cpu.r[op.rm]!;
  const next = cpu.pageAddress + op.offset + op.length;
  cpu.r[14] = cpu.thumb !== 0 ? next | 1 : next;
  return cpu.branchExchange(target);
}

/** CBZ, and CBNZ where op.n is 1. */
export function cbz(cpu: Cpu, op: Op): Outcome {
  if ((cpu.r[op.rn]! === 0) === (op.n === 1)) return NEXT;
  return b(cpu, op);
}

/** TBB, and TBH where op.h is 1. */
export function tbb(cpu: Cpu, op: Op): Outcome {
  const { mem, r } = cpu;
  const base = op.rn === 15 ? pcValue(cpu, op) : r[op.rn]!;
  const entry = op.h === 1 ? mem.load16((base + (r[op.rm]! << 1)) | 0) : mem.load8((base + r[op.rm]!) | 0);
  if (mem.failed !== 0) return cpu.dataAbort();
  return cpu.branch(pcValue(cpu, op) + 2 * entry);
}
