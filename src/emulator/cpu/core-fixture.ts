// SPDX-License-Identifier: GPL-2.0-only
/** For tests: a machine of a few megabytes whose first core executes given code, in Supervisor mode, the MMU off until mapRam(). */
import { MiB } from '../../base/address.js';
import { coreByName } from '../../hw/cores.js';
import { encodeSection } from '../../hw/mmu/short-descriptor.js';
import { System } from '../system.js';
import { applyControl } from './cp15-registers.js';
import type { Cpu } from './cpu.js';

/** Where code and RAM begin. */
export const RAM = 0x40000000;
/** Free memory for data. */
export const DATA: number = RAM + MiB;

/** Of mapRam(): exception vectors, and the translation table. */
export const VECTORS: number = RAM + 0x2000;
export const TABLE: number = RAM + 0x4000;

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

/** The MMU of the first core on; its 4 MiB of RAM are Normal memory at their own addresses. */
export function mapRam(system: System): void {
  for (let i = 0; i < 4; i++) {
    const section = encodeSection(RAM + i * MiB, { tex: 1, c: 1, b: 1, ap: 3 });
    system.machine.ram.write32(TABLE + 4 * (RAM / MiB + i), section);
  }
  const cpu = system.cpus[0]!;
  const { registers } = cpu.mem.translator;
  registers.ttbr0 = TABLE;
  registers.dacr = 1;
  cpu.cp15.vbar = VECTORS;
  cpu.cp15.sctlr = 1;
  applyControl(cpu);
  cpu.mem.domainsChanged();
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
