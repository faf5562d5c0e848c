// SPDX-License-Identifier: GPL-2.0-only
/** For tests: a machine of a few megabytes whose first core executes given code, in Supervisor mode, the MMU off. */
import { MiB } from '../../base/address.js';
import { coreByName } from '../../hw/cores.js';
import { System } from '../system.js';
import type { Cpu } from './cpu.js';

/** Where code and RAM begin. */
export const RAM = 0x40000000;
/** Free memory for data. */
export const DATA: number = RAM + MiB;

export interface CodeOptions {
  readonly thumb?: boolean;
  readonly core?: string;
  readonly cores?: number;
}

export function bareSystem(options: CodeOptions = {}): System {
  const facts = {
    core: coreByName(options.core ?? 'Cortex-A15'),
    coreCount: options.cores ?? 1,
    outerCache: null,
    coherentFabric: false,
    physicalAddressBits: 40,
  };
  return new System(facts, [{ start: RAM, end: RAM + 4 * MiB }]);
}

/** Writes A32 words, or T32 halfwords, to `paddr`. */
export function place(system: System, paddr: number, code: readonly number[], thumb = false): void {
  const { ram } = system.machine;
  code.forEach((unit, i) => {
    if (thumb) ram.write16(paddr + 2 * i, unit);
    else ram.write32(paddr + 4 * i, unit);
  });
  // Nobody on the machine has written this: what was decoded of it goes.
  system.code.writtenBehind(paddr, code.length * (thumb ? 2 : 4));
}

/** A core that is about to execute `code`. */
export function coreWith(code: readonly number[], options: CodeOptions = {}): { cpu: Cpu; system: System } {
  const system = bareSystem(options);
  place(system, RAM, code, options.thumb);
  const cpu = system.cpus[0]!;
  cpu.powerOn(RAM + (options.thumb === true ? 1 : 0), 0);
  return { cpu, system };
}

/** Registers to begin with, by number. */
export type Registers = Readonly<Record<number, number>>;

/** Executes all of `code`, one pass; A32 unless said otherwise. */
export function execute(code: readonly number[], registers: Registers = {}, options: CodeOptions = {}): Cpu {
  const { cpu } = coreWith(code, options);
  for (const [register, value] of Object.entries(registers)) cpu.r[Number(register)] = value;
  const end = cpu.r[15]! + code.length * (options.thumb === true ? 2 : 4);
  for (let i = 0; i < 100 && cpu.r[15] !== end; i++) cpu.run(1);
  return cpu;
}

/** NZCV as four bits. */
export function flags(cpu: Cpu): number {
  return cpu.cpsr(0) >>> 28;
}
