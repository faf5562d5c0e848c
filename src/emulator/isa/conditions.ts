// SPDX-License-Identifier: GPL-2.0-only
/** Conditional execution: ARM DDI 0406C, A8.3. */
import type { Cpu } from '../cpu/cpu.js';
import { NEXT, type Op, type Outcome } from './op.js';

export const ALWAYS = 0xe;

/** ConditionPassed(); 15 counts as always. */
export function holds(cpu: Cpu, cond: number): boolean {
  switch (cond) {
    case 0:
      return cpu.zf === 0;
    case 1:
      return cpu.zf !== 0;
    case 2:
      return cpu.cf !== 0;
    case 3:
      return cpu.cf === 0;
    case 4:
      return cpu.nf < 0;
    case 5:
      return cpu.nf >= 0;
    case 6:
      return cpu.vf !== 0;
    case 7:
      return cpu.vf === 0;
    case 8:
      return cpu.cf !== 0 && cpu.zf !== 0;
    case 9:
      return cpu.cf === 0 || cpu.zf === 0;
    case 10:
      return cpu.nf < 0 === (cpu.vf !== 0);
    case 11:
      return cpu.nf < 0 !== (cpu.vf !== 0);
    case 12:
      return cpu.zf !== 0 && cpu.nf < 0 === (cpu.vf !== 0);
    case 13:
      return cpu.zf === 0 || cpu.nf < 0 !== (cpu.vf !== 0);
    default:
      return true;
  }
}

/** `run` of an instruction with a condition. */
export function runConditional(cpu: Cpu, op: Op): Outcome {
  return holds(cpu, op.cond) ? op.body(cpu, op) : NEXT;
}

export const CONDITION_NAMES: readonly string[] = [
  'eq',
  'ne',
  'cs',
  'cc',
  'mi',
  'pl',
  'vs',
  'vc',
  'hi',
  'ls',
  'ge',
  'lt',
  'gt',
  'le',
  '',
  '',
];
