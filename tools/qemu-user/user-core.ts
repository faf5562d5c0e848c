// SPDX-License-Identifier: GPL-2.0-only
/**
 * Executes the records of `qemu-user.ts` on an emulated core as real code: fetched from memory, decoded into blocks,
 * in User mode with the MMU on, until it returns or faults.
 *
 *   0x10000000  code, executable by user code     0x20000000  the page with the record's memory, its neighbours absent
 */
import { MiB } from '../../src/base/address.js';
import { applyAccess, applyControl } from '../../src/emulator/cpu/cp15-registers.js';
import {
  type Cpu,
  VECTOR_DATA_ABORT,
  VECTOR_PREFETCH_ABORT,
  VECTOR_SVC,
  VECTOR_UNDEFINED,
} from '../../src/emulator/cpu/cpu.js';
import { MODE_SVC, MODE_USER } from '../../src/emulator/cpu/modes.js';
import { System } from '../../src/emulator/system.js';
import { coreByName } from '../../src/hw/cores.js';
import { encodeSection, encodeSmallPage, encodeTable } from '../../src/hw/mmu/short-descriptor.js';
import {
  APSR,
  D,
  EXTRA,
  EXTRA_CODE,
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

const RAM = 0x40000000;
const TABLE = RAM + MiB;
const SECOND = TABLE + 0x8000;
const CODE = 0x10000000;
const WINDOW = RAM + 0x8000;
/** Normal memory, write-back, for everybody. */
const NORMAL = { tex: 1, c: 1, b: 1, ap: 3 };
/** SVC #0, which ends a record. */
const END_A32 = 0xef000000;
const END_T32 = 0xdf00df00;
const MAXIMUM = 100;

export class UserCore {
  readonly cpu: Cpu;
  private readonly system: System;
  private vector = 0;
  /** Where the record's code is, and where the next one's goes. */
  private code = CODE;
  private next = CODE;

  constructor(core = 'Cortex-A15') {
    this.system = new System(
      {
        core: coreByName(core),
        coreCount: 1,
        outerCache: null,
        coherentFabric: false,
        physicalAddressBits: 32,
      },
      [{ start: RAM, end: RAM + 2 * MiB }],
    );
    const { ram } = this.system.machine;
    ram.write32(TABLE + 4 * (CODE / MiB), encodeSection(RAM, NORMAL));
    ram.write32(TABLE + 4 * (MEMORY_ADDRESS >>> 20), encodeTable(SECOND, 0));
    ram.write32(SECOND, encodeSmallPage(WINDOW, NORMAL));
    const cpu = this.system.cpus[0]!;
    this.cpu = cpu;
    const { translator } = cpu.mem;
    translator.registers.ttbr0 = TABLE;
    translator.registers.dacr = 1;
    // SCTLR.M and SW; SWP is what Linux's user code may use under qemu-arm.
    cpu.cp15.sctlr = 1 | (1 << 10);
    applyControl(cpu);
    cpu.mem.domainsChanged();
    cpu.cp15.cpacr = 0x00f00000;
    cpu.trace = {
      taken: (_cpu, vector) => {
        this.vector = vector;
        cpu.yield();
      },
    };
  }

  /** Executes one record in place. */
  run(record: Uint32Array): void {
    const { cpu } = this;
    this.place(record);
    cpu.switchMode(MODE_SVC);
    cpu.switchMode(MODE_USER);
    applyAccess(cpu);
    cpu.masks = 0;
    cpu.mem.setBigEndian(false);
    cpu.exclusive = -1;
    for (let i = 0; i < 13; i++) cpu.r[i] = record[R + i]!;
    cpu.fp.words.set(record.subarray(D, D + 64));
    cpu.fp.fpexc = 0x40000000;
    cpu.fp.fpscr = record[FPSCR]! | 0;
    cpu.setFlags(record[APSR]! | 0);
    cpu.ge = (record[APSR]! >>> 16) & 15;
    cpu.it = 0;
    cpu.branchExchange(this.code | record[THUMB]!);
    this.vector = 0;
    cpu.attention = 1;
    cpu.run(MAXIMUM);
    record[SIGNAL] = this.signal();
    for (let i = 0; i < 13; i++) record[R + i] = cpu.r[i]!;
    for (let i = 0; i < 64; i++) record[D + i] = cpu.fp.words[i]!;
    record[FPSCR] = cpu.fp.fpscr;
    record[APSR] = (cpu.cpsr(0) & 0xf80f0000) >>> 0;
    const { ram } = this.system.machine;
    const window = WINDOW + (MEMORY_ADDRESS & 0xfff);
    for (let i = 0; i < MEMORY_WORDS; i++) record[MEMORY + i] = ram.read32(window + 4 * i);
  }

  /** Writes code and memory of a record; code goes to a new place each time, until there is no more. */
  private place(record: Uint32Array): void {
    const { ram } = this.system.machine;
    const thumb = record[THUMB] === 1;
    const words = [record[WORD]!, ...record.subarray(EXTRA_CODE, EXTRA_CODE + record[EXTRA]!)];
    if (this.next > CODE + 0x7000) {
      this.next = CODE;
      this.system.code.dropAll();
    }
    let at = this.next - CODE + RAM;
    for (const word of words) {
      ram.write32(at, thumb ? ((word >>> 16) | (word << 16)) >>> 0 : word);
      at += 4;
    }
    ram.write32(at, thumb ? END_T32 : END_A32);
    this.code = this.next;
    this.next = at + 4 - RAM + CODE;
    const window = WINDOW + (MEMORY_ADDRESS & 0xfff);
    for (let i = 0; i < MEMORY_WORDS; i++) ram.write32(window + 4 * i, record[MEMORY + i]!);
  }

  /** What Linux would send for the exception that was taken. */
  private signal(): number {
    switch (this.vector) {
      case VECTOR_SVC:
        return 0;
      case VECTOR_UNDEFINED:
        return SIGILL;
      case VECTOR_DATA_ABORT:
        // FS 00001: alignment (B3.13.3).
        return (this.cpu.cp15.dfsr & 0x40f) === 1 ? SIGBUS : SIGSEGV;
      case VECTOR_PREFETCH_ABORT:
        return SIGSEGV;
      default:
        return -1;
    }
  }
}
