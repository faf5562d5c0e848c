// SPDX-License-Identifier: GPL-2.0-only
/**
 * Memory behind the TLB: what an observer is told, what a TLB keeps, unaligned and big-endian accesses, domains. Faults
 * with their status are compared with QEMU's in tests/emulator/system-lockstep.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiB, type Paddr, type Vaddr } from '../../base/address.js';
import type { MemoryType } from '../../hw/mmu/memory-type.js';
import { encodeSection, encodeSmallPage, encodeTable } from '../../hw/mmu/short-descriptor.js';
import { Observer } from '../../hw/observer.js';
import type { System } from '../system.js';
import { bareSystem, DATA, place, RAM } from './core-fixture.js';
import type { Cpu } from './cpu.js';
import { MODE_SVC, MODE_USER } from './modes.js';

const TABLE = RAM + 2 * MiB;
const SECOND = TABLE + 0x8000;
const VIRTUAL = 0x80000000;
const NORMAL = { tex: 1, c: 1, b: 1, s: 1, ap: 3 };

/** The MMU on: RAM at its own address, and two pages of DATA at VIRTUAL in domain 1. */
function mapped(): { system: System; cpu: Cpu } {
  const system = bareSystem();
  const { ram } = system.machine;
  for (let at = RAM; at < RAM + 4 * MiB; at += MiB) {
    ram.write32(TABLE + 4 * (at / MiB), encodeSection(at, NORMAL));
  }
  ram.write32(TABLE + 4 * (VIRTUAL / MiB), encodeTable(SECOND, 1));
  ram.write32(SECOND, encodeSmallPage(DATA, NORMAL));
  ram.write32(SECOND + 4, encodeSmallPage(DATA + 0x3000, NORMAL));
  const cpu = system.cpus[0]!;
  cpu.powerOn(RAM, 0);
  // MCR p15 of TTBR0, DACR and SCTLR.
  place(system, RAM, [0xee021f10, 0xee032f10, 0xee013f10]);
  cpu.r[1] = TABLE;
  cpu.r[2] = 5;
  cpu.r[3] = 1;
  cpu.run(3);
  return { system, cpu };
}

class Recorder extends Observer {
  readonly events: string[] = [];

  private note(what: string, vaddr: Vaddr, paddr: Paddr, size: number, type: MemoryType): void {
    const share = type.shareable === true ? ' shareable' : '';
    this.events.push(`${what} ${vaddr.toString(16)} ${paddr.toString(16)} ${size} ${type.type}${share}`);
  }

  override cpuLoad(_cpu: number, vaddr: Vaddr, paddr: Paddr, size: number, type: MemoryType): void {
    this.note('load', vaddr, paddr, size, type);
  }

  override cpuStore(_cpu: number, vaddr: Vaddr, paddr: Paddr, size: number, type: MemoryType): void {
    this.note('store', vaddr, paddr, size, type);
  }

  override cpuFetch(_cpu: number, vaddr: Vaddr, paddr: Paddr, size: number, type: MemoryType): void {
    this.note('fetch', vaddr, paddr, size, type);
  }

  override barrier(_cpu: number, kind: string): void {
    this.events.push(kind);
  }

  override innerMaintenance(_cpu: number, operation: string, vaddr: Vaddr, size: number): void {
    this.events.push(`${operation} ${vaddr.toString(16)} ${size}`);
  }

  override tlbMaintenance(_cpu: number, operation: string, vaddr: Vaddr, size: number, asid: number): void {
    this.events.push(`tlb ${operation} ${vaddr.toString(16)} ${size} ${asid}`);
  }
}

test('an observer sees every fetch, load, store, barrier and maintenance operation, from the moment it is there', () => {
  const { system, cpu } = mapped();
  // LDR r1, [r0]; STRB r1, [r0, #5]; DMB; DCCMVAC r0; TLBIMVA r0
  place(system, RAM + 0x100, [0xe5901000, 0xe5c01005, 0xf57ff05f, 0xee070f3a, 0xee080f37]);
  cpu.r[0] = VIRTUAL | 0;
  cpu.r[15] = RAM + 0x100;
  cpu.run(2);
  const recorder = new Recorder();
  system.machine.observer = recorder;
  cpu.r[0] = VIRTUAL | 0;
  cpu.r[15] = RAM + 0x100;
  cpu.run(5);
  const accesses = recorder.events.filter(event => !event.startsWith('fetch'));
  assert.deepEqual(accesses, [
    'load 80000000 40100000 4 normal shareable',
    'store 80000005 40100005 1 normal shareable',
    'dmb',
    'clean 80000000 64',
    'tlb mva 80000000 4096 0',
  ]);
  assert.ok(recorder.events[0]!.startsWith('fetch 40000100 40000100 '));
});

test('a store to a translation table is told as one, and the reverse map follows', () => {
  const { system, cpu } = mapped();
  const { machine } = system;
  const written: number[] = [];
  machine.observer = new (class extends Observer {
    override tableWrite(paddr: Paddr): void {
      written.push(paddr);
    }
  })();
  cpu.mem.forget();
  const page = DATA + 0x5000;
  const leading = (): number[] => machine.mappings.aliases(page / 4096).map(({ vaddr }) => vaddr);
  assert.deepEqual(leading(), [page], 'by its section only');
  // The tables are in memory that is mapped one to one.
  cpu.mem.store32(SECOND + 8, encodeSmallPage(page, NORMAL));
  cpu.mem.store32(DATA + 0x40, 1);
  assert.equal(cpu.mem.failed, 0);
  assert.deepEqual(leading().sort(), [page, VIRTUAL + 0x2000].sort());
  assert.deepEqual(written, [SECOND + 8]);
});

test('a translation is kept until maintenance reaches it', () => {
  const { system, cpu } = mapped();
  const { ram } = system.machine;
  ram.write32(DATA, 1);
  ram.write32(DATA + 0x1000, 2);
  assert.equal(cpu.mem.load32(VIRTUAL), 1);
  ram.write32(SECOND, encodeSmallPage(DATA + 0x1000, NORMAL));
  assert.equal(cpu.mem.load32(VIRTUAL), 1, 'stale');
  cpu.mem.translator.tlb.flushPage(VIRTUAL, 0, false);
  cpu.mem.forget();
  assert.equal(cpu.mem.load32(VIRTUAL), 2);
});

test('entries that are not global belong to an ASID', () => {
  const { system, cpu } = mapped();
  const { ram } = system.machine;
  // Not in the slot of the code.
  const PAGE = VIRTUAL + 0x1000;
  ram.write32(DATA, 1);
  ram.write32(DATA + 0x1000, 2);
  ram.write32(SECOND + 4, encodeSmallPage(DATA, { ...NORMAL, ng: 1 }));
  const contextidr = (asid: number): void => {
    place(system, RAM + 0x200, [0xee0d0f30]);
    cpu.r[0] = asid;
    cpu.r[15] = RAM + 0x200;
    cpu.run(1);
  };
  contextidr(1);
  assert.equal(cpu.mem.load32(PAGE), 1);
  ram.write32(SECOND + 4, encodeSmallPage(DATA + 0x1000, { ...NORMAL, ng: 1 }));
  contextidr(2);
  contextidr(1);
  assert.equal(cpu.mem.load32(PAGE), 1, 'the old entry');
  contextidr(2);
  assert.equal(cpu.mem.load32(PAGE), 2);
  contextidr(1);
  cpu.mem.translator.tlb.flushAsid(1);
  cpu.mem.forget();
  assert.equal(cpu.mem.load32(PAGE), 2);
});

test('an unaligned access goes over pages that are not neighbours, and does nothing if one is absent', () => {
  const { system, cpu } = mapped();
  const { ram } = system.machine;
  cpu.mem.store32(VIRTUAL + 0xffe, 0x44332211);
  assert.equal(ram.read16(DATA + 0xffe), 0x2211);
  assert.equal(ram.read16(DATA + 0x3000), 0x4433);
  assert.equal(cpu.mem.load32(VIRTUAL + 0xffe), 0x44332211);
  cpu.mem.store32(VIRTUAL + 0x1ffe, -1);
  assert.equal(cpu.mem.failed, 1);
  assert.equal(cpu.mem.faultAddress, VIRTUAL + 0x2000);
  assert.equal(ram.read16(DATA + 0x3ffe), 0);
});

test('big-endian data: bytes in the other order, instructions not', () => {
  const { system, cpu } = mapped();
  system.machine.ram.write32(DATA, 0x11223344);
  // SETEND BE; LDR r1, [r0]; STRH r2, [r0, #4]; SETEND LE
  place(system, RAM + 0x100, [0xf1010200, 0xe5901000, 0xe1c020b4, 0xf1010000]);
  cpu.r[0] = VIRTUAL | 0;
  cpu.r[2] = 0x1234;
  cpu.r[15] = RAM + 0x100;
  cpu.run(4);
  assert.equal(cpu.r[1]! >>> 0, 0x44332211);
  assert.equal(system.machine.ram.read16(DATA + 4), 0x3412);
});

test('DACR takes user memory away and gives it back', () => {
  const { system, cpu } = mapped();
  const dacr = (value: number): void => {
    place(system, RAM + 0x200, [0xee030f10]);
    cpu.r[0] = value;
    cpu.r[15] = RAM + 0x200;
    cpu.run(1);
  };
  system.machine.ram.write32(DATA, 7);
  assert.equal(cpu.mem.load32(VIRTUAL), 7);
  dacr(1);
  cpu.mem.load32(VIRTUAL);
  assert.equal(cpu.mem.failed, 1);
  cpu.mem.failed = 0;
  dacr(5);
  assert.equal(cpu.mem.load32(VIRTUAL), 7);
  assert.equal(cpu.mem.failed, 0);
});

test('user code has the rights of user code, LDRT too', () => {
  const { system, cpu } = mapped();
  system.machine.ram.write32(SECOND, encodeSmallPage(DATA, { ...NORMAL, ap: 1 }));
  cpu.mem.translator.tlb.flushAll();
  cpu.mem.forget();
  cpu.mem.store32(VIRTUAL, 9);
  assert.equal(cpu.mem.failed, 0);
  cpu.switchMode(MODE_USER);
  cpu.mem.load32(VIRTUAL);
  assert.equal(cpu.mem.failed, 1);
  cpu.mem.failed = 0;
  cpu.switchMode(MODE_SVC);
  assert.equal(cpu.mem.load32(VIRTUAL), 9);
});
