// SPDX-License-Identifier: GPL-2.0-only
/**
 * Transfers between core registers and the extension registers, and the system registers of the floating-point
 * unit (ARM DDI 0406C, A7.8, A7.9, B9.3.21).
 */
import type { Cpu } from '../cpu/cpu.js';
import { fill } from './execute-permute.js';
import { NEXT, type Op, type Outcome } from './op.js';

/** VMOV from a core register to a scalar: `size` 0, 1 or 2, `index` within Dd. */
export function coreToScalar(cpu: Cpu, op: Op): Outcome {
  cpu.fp.unsigned(op.size)[(op.vd << (3 - op.size)) + op.index] = cpu.r[op.rt]!;
  return NEXT;
}

/** VMOV from a scalar of Dn to a core register: `u` zero-extends. */
export function scalarToCore(cpu: Cpu, op: Op): Outcome {
  const lanes = op.u !== 0 ? cpu.fp.unsigned(op.size) : cpu.fp.signed(op.size);
  cpu.r[op.rt] = lanes[(op.vn << (3 - op.size)) + op.index]!;
  return NEXT;
}

/** VDUP from a core register to all elements of Dd or Qd. */
export function duplicateCore(cpu: Cpu, op: Op): Outcome {
  fill(cpu, op, cpu.r[op.rt]!);
  return NEXT;
}

export function coreToSingle(cpu: Cpu, op: Op): Outcome {
  cpu.fp.words[op.vn] = cpu.r[op.rt]!;
  return NEXT;
}

export function singleToCore(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rt] = cpu.fp.words[op.vn]!;
  return NEXT;
}

/** Two core registers to words `imm` and `imm` + 1: two singles or a doubleword. */
export function corePairToWords(cpu: Cpu, op: Op): Outcome {
  cpu.fp.words[op.imm] = cpu.r[op.rt]!;
  cpu.fp.words[op.imm + 1] = cpu.r[op.rt2]!;
  return NEXT;
}

export function wordsToCorePair(cpu: Cpu, op: Op): Outcome {
  cpu.r[op.rt] = cpu.fp.words[op.imm]!;
  cpu.r[op.rt2] = cpu.fp.words[op.imm + 1]!;
  return NEXT;
}

/** VMRS of FPSCR; to APSR_nzcv with `rt` 15. */
export function readFpscr(cpu: Cpu, op: Op): Outcome {
  const { fpscr } = cpu.fp;
  if (op.rt !== 15) {
    cpu.r[op.rt] = fpscr;
    return NEXT;
  }
  cpu.nf = fpscr & 0x80000000;
  cpu.zf = (fpscr & 0x40000000) !== 0 ? 0 : 1;
  cpu.cf = (fpscr >>> 29) & 1;
  cpu.vf = (fpscr >>> 28) & 1;
  return NEXT;
}

export function writeFpscr(cpu: Cpu, op: Op): Outcome {
  cpu.fp.fpscr = cpu.r[op.rt]!;
  return NEXT;
}

/** VMRS of the registers that only privileged software may see. */
export function readFpSystem(cpu: Cpu, op: Op): Outcome {
  if (!cpu.privileged) return cpu.undefined();
  const { fp } = cpu;
  switch (op.opcode) {
    case 0:
      cpu.r[op.rt] = fp.fpsid;
      break;
    case 6:
      cpu.r[op.rt] = fp.mvfr1;
      break;
    case 7:
      cpu.r[op.rt] = fp.mvfr0;
      break;
    default:
      cpu.r[op.rt] = fp.fpexc;
  }
  return NEXT;
}

/** VMSR of FPEXC: EN and DEX; the others read as zero (DDI 0409H, 2.3). Writes to FPSID are ignored. */
export function writeFpSystem(cpu: Cpu, op: Op): Outcome {
  if (!cpu.privileged) return cpu.undefined();
  if (op.opcode === 8) cpu.fp.fpexc = cpu.r[op.rt]! & 0x60000000;
  return NEXT;
}
