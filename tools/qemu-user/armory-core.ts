// SPDX-License-Identifier: GPL-2.0-only
/**
 * Executes the records of `qemu-user.ts` on an emulated core: in User mode, with the memory of the record as Normal
 * memory at the same address.
 */
import { MiB } from '../../src/base/address.js';
import { Block } from '../../src/emulator/code/block.js';
import { applyAccess } from '../../src/emulator/cpu/cp15-registers.js';
import type { Cpu } from '../../src/emulator/cpu/cpu.js';
import { MODE_ABORT, MODE_UNDEFINED, MODE_USER } from '../../src/emulator/cpu/modes.js';
import { a32, t32 } from '../../src/emulator/isa/index.js';
import { Op } from '../../src/emulator/isa/op.js';
import { nop } from '../../src/emulator/isa/operands.js';
import { System } from '../../src/emulator/system.js';
import { coreByName } from '../../src/hw/cores.js';
import type { MachineFacts } from '../../src/hw/facts.js';
import {
  APSR,
  D,
  FPSCR,
  MEMORY,
  MEMORY_ADDRESS,
  MEMORY_WORDS,
  R,
  SIGBUS,
  SIGILL,
  SIGNAL,
  SIGSEGV,
  THUMB,
  WORD,
} from './qemu-user.js';

const RAM = 0x20000000;
/** Where the translation table lies: 4096 sections, of which one is mapped. */
const TABLE = RAM + MiB;
/** Section, Normal memory, write-back, full access: ARM DDI 0406C, B3.5.1. */
const SECTION = 0x0000_0c0e;

export class ArmoryCore {
  readonly cpu: Cpu;

  constructor(core = 'Cortex-A15') {
    const facts: MachineFacts = {
      core: coreByName(core),
      coreCount: 1,
      outerCache: null,
      coherentFabric: false,
      physicalAddressBits: 32,
    };
    const system = new System(facts, [{ start: RAM, end: RAM + 2 * MiB }]);
    const cpu = system.cpus[0]!;
    this.cpu = cpu;
    system.machine.ram.write32(TABLE + 4 * (RAM / MiB), RAM + SECTION);
    const { translator } = cpu.mem;
    translator.registers.ttbr0 = TABLE;
    translator.registers.dacr = 1;
    translator.enabled = true;
    cpu.mem.domainsChanged();
    cpu.cp15.cpacr = 0x00f00000;
    cpu.switchMode(MODE_USER);
    applyAccess(cpu);
  }

  /** Executes one record in place. */
  run(record: Uint32Array): void {
    const { cpu } = this;
    const { fp, mem } = cpu;
    for (let i = 0; i < 13; i++) cpu.r[i] = record[R + i]!;
    fp.words.set(record.subarray(D, D + 64));
    fp.fpexc = 0x40000000;
    fp.fpscr = record[FPSCR]! | 0;
    cpu.setFlags(record[APSR]! | 0);
    cpu.ge = (record[APSR]! >>> 16) & 15;
    for (let i = 0; i < MEMORY_WORDS; i++) mem.store32(MEMORY_ADDRESS + 4 * i, record[MEMORY + i]! | 0);
    const op = new Op(nop);
    cpu.thumb = record[THUMB]!;
    (cpu.thumb !== 0 ? t32 : a32).decode(record[WORD]!, op);
    cpu.block = new Block([op], 4);
    cpu.at = 0;
    cpu.pageAddress = RAM;
    op.run(cpu, op);
    record[SIGNAL] = this.signal();
    for (let i = 0; i < 13; i++) record[R + i] = cpu.r[i]!;
    record.set(fp.unsignedWords, D);
    record[FPSCR] = fp.fpscr;
    record[APSR] = (cpu.cpsr(0) & 0xf80f0000) >>> 0;
    for (let i = 0; i < MEMORY_WORDS; i++) record[MEMORY + i] = mem.load32(MEMORY_ADDRESS + 4 * i);
  }

  /** What Linux would send for the exception that was taken; back to User mode. */
  private signal(): number {
    const { cpu } = this;
    const { mode } = cpu;
    if (mode === MODE_USER) return 0;
    cpu.switchMode(MODE_USER);
    applyAccess(cpu);
    cpu.fp.fpexc = 0x40000000;
    if (mode === MODE_UNDEFINED) return SIGILL;
    if (mode !== MODE_ABORT) return -1;
    // FSR status 00001: alignment (B3.13.3).
    return (cpu.cp15.dfsr & 0x40f) === 1 ? SIGBUS : SIGSEGV;
  }
}
