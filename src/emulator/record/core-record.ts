// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a core holds, as plain data under the manual's names: for the record of a run, not to be put back (that is
 * `cpu/state.ts`). Everything is read without effect: neither the TLB nor the clock nor a device is asked.
 * ARM DDI 0406C, B1.3 (core registers), A2.6 (extension registers), B4.1 (coprocessor 15).
 */
import { hex } from '../../base/address.js';
import { readBanked, readBankedSpsr } from '../cpu/banked.js';
import { systemRegisters } from '../cpu/cp15-registers.js';
import {
  type Cpu,
  POWERED_OFF,
  VECTOR_DATA_ABORT,
  VECTOR_FIQ,
  VECTOR_IRQ,
  VECTOR_PREFETCH_ABORT,
  VECTOR_SVC,
  VECTOR_UNDEFINED,
  WAITING_FOR_EVENT,
  WAITING_FOR_INTERRUPT,
} from '../cpu/cpu.js';
import { MODE_ABORT, MODE_FIQ, MODE_IRQ, MODE_SVC, MODE_SYSTEM, MODE_UNDEFINED } from '../cpu/modes.js';

/** 32 bits in hexadecimal. */
type Word = string;

export interface ExceptionCounts {
  readonly undefined: number;
  readonly svc: number;
  readonly prefetchAbort: number;
  readonly dataAbort: number;
  readonly irq: number;
  readonly fiq: number;
}

export interface BankedRegisters {
  readonly sp: Word;
  readonly lr: Word;
  /** Absent in User and System mode. */
  readonly spsr?: Word;
  /** r8 to r12; FIQ mode only. */
  readonly high?: readonly Word[];
}

export interface CoreRecord {
  readonly core: number;
  readonly state: 'running' | 'waiting for an interrupt' | 'waiting for an event' | 'off';
  readonly instructions: number;
  readonly exceptions: ExceptionCounts;
  /** Walks of the translation tables, each after a miss of the TLB, and those that found no mapping. */
  readonly tableWalks: { readonly made: number; readonly failed: number };
  /** r0 to r15 as the current mode has them; r15 is the next instruction to execute. */
  readonly registers: readonly Word[];
  readonly cpsr: Word;
  readonly banked: Readonly<Record<'usr' | 'fiq' | 'irq' | 'svc' | 'abt' | 'und', BankedRegisters>>;
  readonly vfp: { readonly fpexc: Word; readonly fpscr: Word; readonly d: readonly string[] };
  /** By name; what the core lacks is left out. With long descriptors TTBR0, TTBR1 and PAR have 64 bits. */
  readonly cp15: Readonly<Record<string, string>>;
}

function word(value: number): Word {
  return hex(value >>> 0, 8);
}

function double(high: number, low: number): string {
  return `${word(high)}${(low >>> 0).toString(16).padStart(8, '0')}`;
}

function stateOf({ state }: Cpu): CoreRecord['state'] {
  if (state === POWERED_OFF) return 'off';
  if (state === WAITING_FOR_INTERRUPT) return 'waiting for an interrupt';
  return state === WAITING_FOR_EVENT ? 'waiting for an event' : 'running';
}

function exceptionsOf({ exceptions }: Cpu): ExceptionCounts {
  const taken = (vector: number): number => exceptions[vector >>> 2]!;
  return {
    undefined: taken(VECTOR_UNDEFINED),
    svc: taken(VECTOR_SVC),
    prefetchAbort: taken(VECTOR_PREFETCH_ABORT),
    dataAbort: taken(VECTOR_DATA_ABORT),
    irq: taken(VECTOR_IRQ),
    fiq: taken(VECTOR_FIQ),
  };
}

function banked(cpu: Cpu, mode: number): BankedRegisters {
  return {
    sp: word(readBanked(cpu, 13, mode)),
    lr: word(readBanked(cpu, 14, mode)),
    ...(mode !== MODE_SYSTEM && { spsr: word(readBankedSpsr(cpu, mode)) }),
    ...(mode === MODE_FIQ && { high: [8, 9, 10, 11, 12].map(n => word(readBanked(cpu, n, mode))) }),
  };
}

/** Registers without effects and without the time in them. */
const SHOWN: readonly string[] = [
  'MIDR',
  'CTR',
  'MPIDR',
  'CLIDR',
  'CSSELR',
  'SCTLR',
  'ACTLR',
  'CPACR',
  'TTBR0',
  'TTBR1',
  'TTBCR',
  'DACR',
  'DFSR',
  'IFSR',
  'ADFSR',
  'AIFSR',
  'DFAR',
  'IFAR',
  'PAR',
  'PRRR',
  'NMRR',
  'AMAIR0',
  'AMAIR1',
  'VBAR',
  'ISR',
  'CONTEXTIDR',
  'TPIDRURW',
  'TPIDRURO',
  'TPIDRPRW',
  'CNTFRQ',
  'CNTKCTL',
];
/** What a register is called while the tables have long descriptors: one register, B4.1.104 and B4.1.122. */
const LONG_NAMES: Readonly<Record<string, string>> = { PRRR: 'MAIR0', NMRR: 'MAIR1' };

function cp15Of(cpu: Cpu): Record<string, string> {
  const { cp15 } = cpu;
  const isLong = cpu.mem.translator.registers.format === 'long';
  const values: Record<string, string> = {};
  for (const name of SHOWN) {
    const register = systemRegisters.find(each => each.name === name && each.exists?.(cp15) !== false);
    if (register?.read === undefined) continue;
    values[(isLong ? LONG_NAMES[name] : undefined) ?? name] = word(register.read(cpu));
  }
  if (isLong) {
    values['TTBR0'] = double(cp15.ttbr0High, cp15.ttbr0);
    values['TTBR1'] = double(cp15.ttbr1High, cp15.ttbr1);
    values['PAR'] = double(cp15.parHigh, cp15.par);
  }
  return values;
}

/** Between two runs only. */
export function coreRecord(cpu: Cpu): CoreRecord {
  const { fp, mem } = cpu;
  return {
    core: cpu.index,
    state: stateOf(cpu),
    instructions: cpu.instructions,
    exceptions: exceptionsOf(cpu),
    tableWalks: { made: mem.translator.walks, failed: mem.translator.failedWalks },
    registers: Array.from({ length: 16 }, (_, n) => word(cpu.r[n]!)),
    cpsr: word(cpu.cpsr(cpu.it)),
    banked: {
      usr: banked(cpu, MODE_SYSTEM),
      fiq: banked(cpu, MODE_FIQ),
      irq: banked(cpu, MODE_IRQ),
      svc: banked(cpu, MODE_SVC),
      abt: banked(cpu, MODE_ABORT),
      und: banked(cpu, MODE_UNDEFINED),
    },
    vfp: {
      fpexc: word(fp.fpexc),
      fpscr: word(fp.fpscr),
      d: Array.from({ length: fp.d32 ? 32 : 16 }, (_, n) => double(fp.words[2 * n + 1]!, fp.words[2 * n]!)),
    },
    cp15: cp15Of(cpu),
  };
}
