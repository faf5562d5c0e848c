// SPDX-License-Identifier: GPL-2.0-only
/**
 * Executes the records of `qemu-user.ts` on an emulated core as real code: fetched from memory, decoded into blocks,
 * in User mode with the MMU on, until it returns or faults.
 *
 *   CODE_AREA        code of all records, executable by user code
 *   MEMORY_ADDRESS   in the page with the record's memory, its neighbours absent
 *   RETURN_ADDRESS   in a page with the SVC that ends a record
 */
import { MiB } from '../../src/base/address.js';
import { readBanked } from '../../src/emulator/cpu/banked.js';
import { applyAccess, applyControl } from '../../src/emulator/cpu/cp15-registers.js';
import {
  type Cpu,
  VECTOR_DATA_ABORT,
  VECTOR_PREFETCH_ABORT,
  VECTOR_SVC,
  VECTOR_UNDEFINED,
} from '../../src/emulator/cpu/cpu.js';
import { MODE_SVC, MODE_USER, PSR_T } from '../../src/emulator/cpu/modes.js';
import { System } from '../../src/emulator/system.js';
import { coreByName } from '../../src/hw/cores.js';
import { encodeSection, encodeSmallPage, encodeTable } from '../../src/hw/mmu/short-descriptor.js';
import {
  APSR,
  CODE,
  CODE_AREA,
  CODE_AREA_BYTES,
  codeAddress,
  D,
  FPSCR,
  LENGTH,
  MEMORY,
  MEMORY_ADDRESS,
  MEMORY_WORDS,
  PC,
  R,
  RETURN_ADDRESS,
  SIGBUS,
  SIGILL,
  SIGNAL,
  SIGSEGV,
  SIGVTALRM,
  THUMB,
} from './qemu-user.js';

const RAM = 0x40000000;
const CODE_IN_RAM = RAM;
const TABLES = RAM + CODE_AREA_BYTES;
const SECOND = TABLES + 0x4000;
const WINDOW = TABLES + 0x5000;
const RETURN = TABLES + 0x6000;
/** Normal memory, write-back, for everybody. */
const NORMAL = { tex: 1, c: 1, b: 1, ap: 3 };
/** SVC #0 in A32. */
const SVC = 0xef000000;
/** Instructions after which a record does not come to an end. */
const PATIENCE = 20_000;

export class UserCore {
  readonly cpu: Cpu;
  private readonly system: System;
  private vector = 0;
  private returnAddress = 0;

  constructor(core = 'Cortex-A15') {
    this.system = new System(
      {
        core: coreByName(core),
        coreCount: 1,
        outerCache: null,
        coherentFabric: false,
        physicalAddressBits: 32,
      },
      [{ start: RAM, end: TABLES + MiB }],
    );
    const { ram } = this.system.machine;
    for (let at = 0; at < CODE_AREA_BYTES; at += MiB) {
      ram.write32(TABLES + 4 * ((CODE_AREA + at) / MiB), encodeSection(CODE_IN_RAM + at, NORMAL));
    }
    const data = { ...NORMAL, xn: 1 } as const;
    this.mapPage(MEMORY_ADDRESS, SECOND, encodeSmallPage(WINDOW, data));
    this.mapPage(RETURN_ADDRESS, SECOND + 0x400, encodeSmallPage(RETURN, NORMAL));
    ram.write32(RETURN + (RETURN_ADDRESS & 0xfff), SVC);
    const cpu = this.system.cpus[0]!;
    this.cpu = cpu;
    const { translator } = cpu.mem;
    translator.registers.ttbr0 = TABLES;
    translator.registers.dacr = 1;
    // SCTLR.M and SW; SWP is what Linux's user code may use under qemu-arm.
    cpu.cp15.sctlr = 1 | (1 << 10);
    applyControl(cpu);
    cpu.mem.domainsChanged();
    cpu.cp15.cpacr = 0x00f00000;
    cpu.trace = {
      taken: (_cpu, vector, returnAddress) => {
        this.vector = vector;
        this.returnAddress = returnAddress;
        cpu.yield();
      },
    };
  }

  private mapPage(vaddr: number, table: number, entry: number): void {
    const { ram } = this.system.machine;
    ram.write32(TABLES + 4 * (vaddr >>> 20), encodeTable(table, 0));
    ram.write32(table + 4 * ((vaddr >>> 12) & 0xff), entry);
  }

  /** Executes records in place, BATCH at most, each on its own. Returns how many instructions each executed. */
  runAll(records: readonly Uint32Array[]): number[] {
    const { ram } = this.system.machine;
    ram.fill(CODE_IN_RAM, CODE_AREA_BYTES, 0);
    for (const [index, record] of records.entries()) {
      const at = codeAddress(index) - CODE_AREA + CODE_IN_RAM;
      for (let i = 0; i < record[LENGTH]!; i++) ram.write32(at + 4 * i, record[CODE + i]!);
    }
    this.system.code.dropAll();
    // Blocks are translated, several at once, when they were interpreted before.
    const warmUps = this.cpu.translateAfter === Number.POSITIVE_INFINITY ? 0 : this.cpu.translateAfter + 1;
    for (let i = 0; i < warmUps; i++) {
      for (const [index, record] of records.entries()) this.run(record.slice(), codeAddress(index));
    }
    return records.map((record, index) => this.run(record, codeAddress(index)));
  }

  private run(record: Uint32Array, address: number): number {
    const { cpu } = this;
    const { ram } = this.system.machine;
    const memory = WINDOW + (MEMORY_ADDRESS & 0xfff);
    ram.fill(WINDOW, 4096, 0);
    for (let i = 0; i < MEMORY_WORDS; i++) ram.write32(memory + 4 * i, record[MEMORY + i]!);
    cpu.switchMode(MODE_SVC);
    cpu.switchMode(MODE_USER);
    applyAccess(cpu);
    cpu.masks = 0;
    cpu.mem.setBigEndian(false);
    cpu.exclusive = -1;
    for (let i = 0; i < 15; i++) cpu.r[i] = record[R + i]!;
    cpu.fp.words.set(record.subarray(D, D + 64));
    cpu.fp.fpexc = 0x40000000;
    cpu.fp.fpscr = record[FPSCR]! | 0;
    cpu.setFlags(record[APSR]! | 0);
    cpu.ge = (record[APSR]! >>> 16) & 15;
    cpu.it = 0;
    cpu.branchExchange(address | record[THUMB]!);
    this.vector = 0;
    cpu.attention = 1;
    const executed = cpu.run(PATIENCE);
    const signal = this.signal();
    record[SIGNAL] = signal;
    record[PC] = signal === 0 || signal === SIGVTALRM ? 0 : this.faultingPc();
    for (let i = 0; i < 13; i++) record[R + i] = cpu.r[i]!;
    record[R + 13] = readBanked(cpu, 13, MODE_USER);
    record[R + 14] = readBanked(cpu, 14, MODE_USER);
    for (let i = 0; i < 64; i++) record[D + i] = cpu.fp.words[i]!;
    record[FPSCR] = cpu.fp.fpscr;
    record[APSR] = (cpu.cpsr(0) & 0xf80f0000) >>> 0;
    for (let i = 0; i < MEMORY_WORDS; i++) record[MEMORY + i] = ram.read32(memory + 4 * i);
    return executed;
  }

  /** The instruction that the exception came from: its link register less what B1.8.3 says it is ahead. */
  private faultingPc(): number {
    switch (this.vector) {
      case VECTOR_UNDEFINED:
        return (this.returnAddress - ((this.cpu.spsr & PSR_T) !== 0 ? 2 : 4)) >>> 0;
      case VECTOR_DATA_ABORT:
        return (this.returnAddress - 8) >>> 0;
      default:
        return (this.returnAddress - 4) >>> 0;
    }
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
        return SIGVTALRM;
    }
  }
}
