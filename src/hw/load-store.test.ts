// SPDX-License-Identifier: GPL-2.0-only
/**
 * Loads and stores by virtual address: data, faults, what an observer hears, and data that goes where a
 * stale TLB entry says.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { coreByName } from './cores.js';
import { FAULT, NO_MEMORY } from './load-store.js';
import { Machine } from './machine.js';
import type { MemoryType } from './mmu/memory-type.js';
import { encodeSection, encodeSmallPage, encodeTable } from './mmu/short-descriptor.js';
import { TRANSLATION_FAULT_L1, TRANSLATION_FAULT_L2 } from './mmu/walker.js';
import { Observer } from './observer.js';

const RAM = 0x80000000;
const PGD = RAM + 0x4000;
const LOWER = RAM + 0x8000;
const MiB = 0x100000;
const CACHED = { tex: 1, c: 1, b: 1, ap: 1 } as const;
const UNCACHED = { tex: 1, ap: 1 } as const;
/** Device. */
const REGISTERS = { b: 1, ap: 1 } as const;
/** A section of RAM, one of device registers, and pages. */
const LINEAR = 0xc0000000;
const DEVICE = 0xd0000000;
const PAGES = 0xe0000000;
const DATA = RAM + MiB;

class Recorder extends Observer {
  readonly seen: string[] = [];

  private note(
    what: string,
    cpu: number,
    vaddr: number,
    paddr: number,
    size: number,
    type: MemoryType,
  ): void {
    const at = `${vaddr.toString(16)} ${(paddr - RAM).toString(16)}`;
    this.seen.push(`${cpu} ${what} ${at} ${size.toString(16)} ${type.inner}`);
  }

  override cpuLoad(cpu: number, vaddr: number, paddr: number, size: number, type: MemoryType): void {
    this.note('load', cpu, vaddr, paddr, size, type);
  }

  override cpuStore(cpu: number, vaddr: number, paddr: number, size: number, type: MemoryType): void {
    this.note('store', cpu, vaddr, paddr, size, type);
  }

  override cpuFetch(cpu: number, vaddr: number, paddr: number, size: number, type: MemoryType): void {
    this.note('fetch', cpu, vaddr, paddr, size, type);
  }

  override fill(
    cpu: number,
    vaddr: number,
    paddr: number,
    size: number,
    byte: number,
    type: MemoryType,
  ): void {
    this.note(`fill ${byte}`, cpu, vaddr, paddr, size, type);
  }

  /** What was seen since the last time. */
  take(): string[] {
    return this.seen.splice(0);
  }
}

/** Pages 0 and 1 lead to one run of memory, 2 to a page before it, 3 to the next, uncached; 4 is not mapped. */
function newMachine(): { machine: Machine; recorder: Recorder } {
  const core = coreByName('Cortex-A9');
  const facts = { core, coreCount: 2, outerCache: null, coherentFabric: false, physicalAddressBits: 32 };
  const machine = new Machine(facts, [{ start: RAM, end: RAM + 4 * MiB }]);
  machine.registers.ttbr0 = PGD;
  machine.writeTableEntry(PGD + 4 * (LINEAR / MiB), encodeSection(DATA, CACHED));
  machine.writeTableEntry(PGD + 4 * (DEVICE / MiB), encodeSection(0x10000000, REGISTERS));
  machine.writeTableEntry(PGD + 4 * (PAGES / MiB), encodeTable(LOWER, 0));
  for (const [index, frame] of [4, 5, 2, 3].entries()) {
    const attributes = index === 3 ? UNCACHED : CACHED;
    machine.writeTableEntry(LOWER + 4 * index, encodeSmallPage(DATA + frame * 4096, attributes));
  }
  const recorder = new Recorder();
  machine.observer = recorder;
  return { machine, recorder };
}

test('loads and stores of each width; low address bits of an unaligned one are ignored', () => {
  const { machine, recorder } = newMachine();
  const { access, ram } = machine;
  assert.ok(access.store32(LINEAR + 0x107, 0xfedcba98));
  assert.equal(ram.read32(DATA + 0x104), 0xfedcba98);
  assert.equal(access.load32(LINEAR + 0x106), 0xfedcba98);
  assert.equal(access.load16(LINEAR + 0x107), 0xfedc);
  assert.equal(access.load8(LINEAR + 0x105), 0xba);
  assert.ok(access.store16(LINEAR + 0x105, 0x1234));
  assert.ok(access.store8(LINEAR + 0x107, 0x56));
  assert.equal(access.load32(LINEAR + 0x104), 0x56dc1234);
  machine.cpu = 1;
  access.load8(PAGES + 0x3001);
  assert.deepEqual(recorder.take(), [
    '0 store c0000104 100104 4 WBWA',
    '0 load c0000104 100104 4 WBWA',
    '0 load c0000106 100106 2 WBWA',
    '0 load c0000105 100105 1 WBWA',
    '0 store c0000104 100104 2 WBWA',
    '0 store c0000107 100107 1 WBWA',
    '0 load c0000104 100104 4 WBWA',
    '1 load e0003001 103001 1 NC',
  ]);
});

test('faults are numbers, have no effect and are not observed', () => {
  const { machine, recorder } = newMachine();
  const { access } = machine;
  for (const [vaddr, fault] of [
    [0, TRANSLATION_FAULT_L1],
    [PAGES + 0x4000, TRANSLATION_FAULT_L2],
    [DEVICE, NO_MEMORY],
  ] as const) {
    for (const load of [access.load8(vaddr), access.load16(vaddr), access.load32(vaddr)]) {
      assert.deepEqual([load, access.fault], [FAULT, fault]);
    }
    assert.equal(access.read(vaddr, 4).length, 0);
    assert.equal(access.fill(vaddr, 4, 1), false);
    assert.equal(access.fetch(vaddr, 4), false);
  }
  for (const store of [access.store8(0, 1), access.store16(0, 1), access.store32(0, 1)])
    assert.equal(store, false);
  assert.deepEqual(recorder.take(), []);
});

test('a store to a device register is a doorbell', () => {
  const { machine, recorder } = newMachine();
  assert.equal(machine.access.store32(DEVICE + 8, 1), true);
  assert.equal(recorder.take().length, 1);
  machine.attachCaches({ seed: 1, automatic: false });
  assert.equal(machine.access.store32(DEVICE + 8, 1), true);
  assert.equal(recorder.take().length, 1);
});

test('many bytes are one event for each contiguous piece of one type', () => {
  const { machine, recorder } = newMachine();
  const { access, ram } = machine;
  const pieces = ['e0000ff0 104ff0 1010', 'e0002000 102000 1000', 'e0003000 103000 10'];
  const events = (what: string): string[] =>
    pieces.map((piece, index) => `0 ${what} ${piece} ${index === 2 ? 'NC' : 'WBWA'}`);
  const bytes = Uint8Array.from({ length: 0x2020 }, (_, i) => i * 7);
  assert.ok(access.write(PAGES + 0xff0, bytes));
  assert.deepEqual(recorder.take(), events('store'));
  assert.deepEqual(ram.readBytes(DATA + 0x4ff0, 0x1010), bytes.slice(0, 0x1010));
  assert.deepEqual(ram.readBytes(DATA + 0x2000, 0x1010), bytes.slice(0x1010));
  assert.deepEqual(access.read(PAGES + 0xff0, 0x2020), bytes);
  assert.deepEqual(recorder.take(), events('load'));
  assert.ok(access.scan(PAGES + 0xff0, 0x2020));
  assert.deepEqual(recorder.take(), events('load'));
  assert.ok(access.fetch(PAGES + 0xff0, 0x2020));
  assert.deepEqual(recorder.take(), events('fetch'));
  assert.ok(access.fill(PAGES + 0xff0, 0x2020, 9));
  assert.deepEqual(recorder.take(), events('fill 9'));
  assert.ok(ram.isFilledWith(DATA + 0x4ff0, 0x1010, 9) && ram.isFilledWith(DATA + 0x2000, 0x1010, 9));
});

test('what ends in a fault keeps what was done before', () => {
  const { machine, recorder } = newMachine();
  const { access, ram } = machine;
  assert.equal(access.fill(PAGES + 0x3ff8, 16, 5), false);
  assert.ok(ram.isFilledWith(DATA + 0x3ff8, 8, 5));
  assert.equal(recorder.take().length, 1);
  assert.deepEqual([...access.read(PAGES + 0x3ffc, 16)], [5, 5, 5, 5]);
});

test('a copy is a load and a store for each piece that is contiguous on both sides', () => {
  const { machine, recorder } = newMachine();
  const { access, ram } = machine;
  ram.writeBytes(
    DATA + 0x10100,
    Uint8Array.from({ length: 0x3000 }, (_, i) => i * 5),
  );
  assert.ok(access.copy(PAGES + 0x1800, LINEAR + 0x10100, 0x1000));
  assert.deepEqual(recorder.take(), [
    '0 load c0010100 110100 800 WBWA',
    '0 store e0001800 105800 800 WBWA',
    '0 load c0010900 110900 800 WBWA',
    '0 store e0002000 102000 800 WBWA',
  ]);
  assert.deepEqual(access.read(PAGES + 0x1800, 0x1000), ram.readBytes(DATA + 0x10100, 0x1000));
});

test('fillAt works before there are tables, and where they do not reach', () => {
  const { machine, recorder } = newMachine();
  machine.registers.ttbr0 = 0;
  machine.fill(LINEAR, DATA, 0x3000, 1);
  machine.registers.ttbr0 = PGD;
  machine.fill(PAGES + 0x3800, DATA + 0x3800, 0x1000, 2);
  assert.deepEqual(recorder.take(), [
    '0 fill 1 c0000000 100000 3000 NC',
    '0 fill 2 e0003800 103800 800 NC',
    '0 fill 2 e0004000 104000 800 NC',
  ]);
  assert.ok(machine.ram.isFilledWith(DATA + 0x3800, 0x1000, 2));
});

test('with live caches a stale TLB entry decides where data goes', () => {
  const { machine } = newMachine();
  machine.attachCaches({ seed: 1, automatic: false });
  const { access, ram } = machine;
  assert.ok(access.store32(PAGES + 0x3000, 1));
  machine.writeTableEntry(LOWER + 4 * 3, encodeSmallPage(DATA + 0x9000, UNCACHED));
  assert.ok(access.store32(PAGES + 0x3000, 2));
  machine.barrier('dsb');
  assert.deepEqual([ram.read32(DATA + 0x3000), ram.read32(DATA + 0x9000)], [2, 0]);
  machine.tlbFlush('mva', PAGES + 0x3000, 4096);
  assert.ok(access.store32(PAGES + 0x3000, 3));
  machine.barrier('dsb');
  assert.deepEqual([ram.read32(DATA + 0x3000), ram.read32(DATA + 0x9000)], [2, 3]);
});

test('any accesses through any of the mappings are those of one flat memory', () => {
  const places = fc.tuple(
    fc.constantFrom(LINEAR + 0x2000, PAGES),
    fc.nat(0x3fff),
    fc.nat(0x1800),
    fc.nat(255),
  );
  const kinds = fc.constantFrom('load', 'store', 'read', 'write', 'fill', 'copy');
  const property = fc.property(fc.boolean(), fc.array(fc.tuple(kinds, places)), (live, accesses) => {
    const { machine } = newMachine();
    // One type for every mapping: what mismatched ones do is the caches' business.
    machine.writeTableEntry(LOWER + 4 * 3, encodeSmallPage(DATA + 0x3000, CACHED));
    if (live) machine.attachCaches({ seed: 1 });
    const { access } = machine;
    const flat = new Uint8Array(0x10000);
    const physical = (vaddr: number): number =>
      vaddr < PAGES
        ? vaddr - LINEAR
        : [0x4000, 0x5000, 0x2000, 0x3000][(vaddr - PAGES) >> 12]! + (vaddr & 4095);
    for (const [kind, [base, offset, length, byte]] of accesses) {
      const vaddr = base + offset;
      const size = Math.min(length, 0x4000 - offset);
      const bytes = Uint8Array.from({ length: size }, (_, i) => byte + i);
      const word = vaddr - (vaddr & 3);
      if (kind === 'load') {
        assert.equal(access.load32(vaddr), new DataView(flat.buffer).getUint32(physical(word), true));
      } else if (kind === 'store') {
        assert.ok(access.store32(vaddr, byte * 0x01020304));
        new DataView(flat.buffer).setUint32(physical(word), byte * 0x01020304, true);
      } else if (kind === 'read') {
        assert.deepEqual(
          [...access.read(vaddr, size)],
          Array.from(bytes, (_, i) => flat[physical(vaddr + i)]),
        );
      } else if (kind === 'write') {
        assert.ok(access.write(vaddr, bytes));
        for (let i = 0; i < size; i++) flat[physical(vaddr + i)] = bytes[i]!;
      } else if (kind === 'fill') {
        assert.ok(access.fill(vaddr, size, byte));
        for (let i = 0; i < size; i++) flat[physical(vaddr + i)] = byte;
      } else {
        assert.ok(access.copy(LINEAR + 0x8000, vaddr, size));
        for (let i = 0; i < size; i++) flat[0x8000 + i] = flat[physical(vaddr + i)]!;
        assert.deepEqual(access.read(LINEAR + 0x8000, size), flat.slice(0x8000, 0x8000 + size));
      }
    }
  });
  fc.assert(property, { numRuns: 100 });
});
