// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a core is, as plain data, between two turns. Translations that the TLB holds are left out: a restored core
 * walks the tables again, which a guest that maintains its TLB cannot tell.
 */
import { applyReset } from './cp15-registers.js';
import type { Cpu } from './cpu.js';
import type { PmuState } from './pmu.js';

/** Members of Cpu, Cp15 and FpRegisters that are numbers and nothing else. */
const CPU_NUMBERS = [
  'nf',
  'zf',
  'cf',
  'vf',
  'qf',
  'ge',
  'mode',
  'masks',
  'thumb',
  'it',
  'spsr',
  'irq',
  'fiq',
  'state',
  'event',
  'exclusive',
  'exclusiveSize',
  'instructions',
] as const;

const CP15_NUMBERS = [
  'dfsr',
  'dfar',
  'ifsr',
  'ifar',
  'sctlr',
  'cpacr',
  'vbar',
  'csselr',
  'contextidr',
  'cntkctl',
  'par',
  'parHigh',
  'tpidrurw',
  'tpidruro',
  'tpidrprw',
  'ttbcr',
  'ttbr0',
  'ttbr0High',
  'ttbr1',
  'ttbr1High',
] as const;

/** Arrays of registers. */
const CPU_ARRAYS = ['r', 'bank13', 'bank14', 'bankSpsr', 'otherHigh'] as const;

export interface CpuState {
  readonly numbers: readonly number[];
  readonly arrays: readonly Int32Array[];
  readonly cp15: readonly number[];
  readonly stored: readonly (readonly [string, number])[];
  readonly dacr: number;
  readonly bigEndian: boolean;
  readonly pmu: PmuState;
  readonly fpWords: Int32Array;
  readonly fpscr: number;
  readonly fpexc: number;
}

export function saveCpu(cpu: Cpu): CpuState {
  return {
    numbers: CPU_NUMBERS.map(name => cpu[name]),
    arrays: CPU_ARRAYS.map(name => cpu[name].slice()),
    cp15: CP15_NUMBERS.map(name => cpu.cp15[name]),
    stored: [...cpu.cp15.stored],
    dacr: cpu.mem.translator.registers.dacr,
    bigEndian: cpu.mem.bigEndian,
    pmu: cpu.cp15.pmu.save(),
    fpWords: cpu.fp.words.slice(),
    fpscr: cpu.fp.fpscr,
    fpexc: cpu.fp.fpexc,
  };
}

export function restoreCpu(cpu: Cpu, state: CpuState): void {
  CPU_NUMBERS.forEach((name, i) => {
    cpu[name] = state.numbers[i]!;
  });
  CPU_ARRAYS.forEach((name, i) => {
    cpu[name].set(state.arrays[i]!);
  });
  CP15_NUMBERS.forEach((name, i) => {
    cpu.cp15[name] = state.cp15[i]!;
  });
  cpu.cp15.stored.clear();
  for (const [name, value] of state.stored) cpu.cp15.stored.set(name, value);
  cpu.mem.translator.registers.dacr = state.dacr;
  cpu.mem.setBigEndian(state.bigEndian);
  cpu.mem.setPrivilege(cpu.privileged);
  cpu.fp.words.set(state.fpWords);
  cpu.fp.fpscr = state.fpscr;
  cpu.fp.fpexc = state.fpexc;
  cpu.cp15.pmu.restore(state.pmu);
  cpu.eventStream.watch();
  cpu.mem.failed = 0;
  applyReset(cpu);
  cpu.attention = 1;
}
