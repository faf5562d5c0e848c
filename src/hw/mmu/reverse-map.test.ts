// SPDX-License-Identifier: GPL-2.0-only
/**
 * What leads to a page, now and by way of TLBs that were not told, after table writes and TLB maintenance.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { coreByName } from '../cores.js';
import { Machine } from '../machine.js';
import type { TlbOperation } from '../observer.js';
import { encodeLongPage, encodeLongSection, encodeLongTable } from './long-descriptor.js';
import {
  encodeLargePage,
  encodeSection,
  encodeSmallPage,
  encodeSupersection,
  encodeTable,
} from './short-descriptor.js';
import { Translation } from './translation.js';
import { WALK_OK } from './walker.js';

const RAM = 0x40000000;
const PGD = RAM + 0x4000;
const LOWER = RAM + 0x8000;
const MiB = 0x100000;

/** Write-back or Normal non-cacheable, without TEX remap. */
const CACHED = { tex: 1, c: 1, b: 1, ap: 1 } as const;
const UNCACHED = { tex: 1, ap: 1 } as const;

function newMachine(coreCount = 2): Machine {
  const core = coreByName('Cortex-A15');
  const facts = { core, coreCount, outerCache: null, coherentFabric: false, physicalAddressBits: 40 };
  const machine = new Machine(facts, [{ start: RAM, end: RAM + 256 * MiB }]);
  machine.registers.ttbr0 = PGD;
  return machine;
}

function section(machine: Machine, vaddr: number, paddr: number | null, attributes: object = CACHED): void {
  machine.writeTableEntry(PGD + 4 * (vaddr / MiB), paddr === null ? 0 : encodeSection(paddr, attributes));
}

function page(machine: Machine, index: number, paddr: number | null, attributes: object = CACHED): void {
  machine.writeTableEntry(LOWER + 4 * index, paddr === null ? 0 : encodeSmallPage(paddr, attributes));
}

const PFN = (RAM + 16 * MiB) / 4096;

test('aliases of a page, through sections and pages', () => {
  const machine = newMachine();
  const map = machine.mappings;
  section(machine, 0xc0000000, PFN * 4096);
  assert.deepEqual([map.mayFill(PFN), map.mayFill(PFN + 255), map.mayFill(PFN + 256)], [true, true, false]);
  assert.equal(map.isMappedNonCacheable(PFN + 3), false);
  machine.writeTableEntry(PGD + 4 * 0xf00, encodeTable(LOWER, 0));
  page(machine, 7, (PFN + 3) * 4096, UNCACHED);
  assert.equal(map.isMappedNonCacheable(PFN + 3), true);
  assert.equal(map.isMappedNonCacheable(PFN + 4), false);
  const aliases = map
    .aliases(PFN + 3)
    .map(({ vaddr, memoryType }) => `${vaddr.toString(16)} ${memoryType.text}`);
  assert.deepEqual(aliases, ['c0003000 normal inner=WBWA outer=WBWA', 'f0007000 normal inner=NC outer=NC']);
  assert.equal(map.lingeringCount, 0);
});

test('what was changed lingers until TLB maintenance covers it', () => {
  const machine = newMachine();
  const map = machine.mappings;
  const changes: string[] = [];
  map.onChange = (start, count) => changes.push(`${start - PFN}+${count}`);
  section(machine, 0xc0000000, PFN * 4096);
  assert.equal(map.mayFill(PFN), true);
  section(machine, 0xc0000000, PFN * 4096, UNCACHED);
  assert.equal(map.lingeringCount, 1);
  assert.equal(map.lingeringAt(0xc0012345, 0)?.text, 'normal inner=WBWA outer=WBWA');
  assert.equal(map.lingeringAt(0xc0100000, 0), undefined);
  assert.equal(map.mayFill(PFN), true);
  assert.deepEqual(
    map.aliases(PFN + 1).map(({ vaddr, lingering }) => [vaddr, lingering]),
    [
      [0xc0001000, false],
      [0xc0001000, true],
    ],
  );
  machine.tlbFlush('mva', 0xc0100000, 4096);
  assert.equal(map.mayFill(PFN), true);
  // Any address of the section reaches its entry.
  machine.tlbFlush('mva', 0xc0080000, 4096);
  assert.deepEqual([map.mayFill(PFN), map.lingeringCount, changes], [false, 0, ['0+256']]);

  // A first valid entry leaves nothing behind, and one that comes back is not stale.
  section(machine, 0xc0100000, PFN * 4096);
  assert.equal(map.lingeringCount, 0);
  section(machine, 0xc0100000, null);
  assert.equal(map.lingeringCount, 1);
  section(machine, 0xc0100000, PFN * 4096);
  assert.equal(map.lingeringCount, 0);
});

test('maintenance by address reaches the whole of a supersection', () => {
  const machine = newMachine();
  const map = machine.mappings;
  const write = (entry: number): void => {
    for (let i = 0; i < 16; i++) machine.writeTableEntry(PGD + 4 * (0xc10 + i), entry);
  };
  write(encodeSupersection(RAM, CACHED));
  assert.equal(map.mayFill(PFN - 1), true);
  write(0);
  assert.equal(map.lingeringCount, 16);
  machine.tlbFlush('mva', 0xc2000000, 4096);
  assert.equal(map.lingeringCount, 16);
  machine.tlbFlush('mva', 0xc1fff000, 4096);
  assert.equal(map.lingeringCount, 0);
});

test('a page that some other mapping still allows to be cached is not reported', () => {
  const machine = newMachine();
  const map = machine.mappings;
  const changes: string[] = [];
  map.onChange = (start, count) => changes.push(`${start - PFN}+${count}`);
  section(machine, 0xc0000000, PFN * 4096);
  machine.writeTableEntry(PGD + 4 * 0xf00, encodeTable(LOWER, 0));
  page(machine, 0, (PFN + 10) * 4096);
  assert.equal(map.mayFill(PFN), true);
  section(machine, 0xc0000000, null);
  machine.tlbFlush('all');
  assert.deepEqual(changes, ['0+10', '11+245']);
  page(machine, 0, null);
  machine.tlbFlush('all');
  assert.deepEqual(changes, ['0+10', '11+245', '10+1']);
});

test('maintenance that stays on one core leaves the entry with the others', () => {
  const machine = newMachine();
  const map = machine.mappings;
  section(machine, 0xc0000000, PFN * 4096);
  assert.equal(map.mayFill(PFN), true);
  // Nothing is known of a core that never did anything.
  section(machine, 0xc0000000, null);
  machine.tlbFlush('mva', 0xc0000000, MiB, false);
  assert.equal(map.lingeringCount, 0);

  section(machine, 0xc0000000, PFN * 4096);
  machine.cpu = 1;
  assert.ok(machine.access.load32(0xc0000000) >= 0);
  section(machine, 0xc0000000, null);
  machine.tlbFlush('all', 0, 0, false);
  assert.equal(map.mayFill(PFN), true);
  machine.cpu = 0;
  machine.tlbFlush('all', 0, 0, false);
  assert.equal(map.mayFill(PFN), false);
});

test('ASIDs: another one reaches no private entry, and a switch forgets them', () => {
  const machine = newMachine();
  const map = machine.mappings;
  machine.registers.asid = 5;
  section(machine, 0x00100000, PFN * 4096, { ...CACHED, ng: 1 });
  section(machine, 0xc0000000, PFN * 4096);
  assert.equal(map.mayFill(PFN), true);
  section(machine, 0x00100000, null);
  section(machine, 0xc0000000, null);
  machine.tlbFlush('mva', 0x00100000, 4096, true, 6);
  machine.tlbFlush('asid', 0, 0, true, 6);
  assert.equal(map.lingeringCount, 2);
  machine.tlbFlush('asid', 0, 0, true, 5);
  assert.equal(map.lingeringCount, 1);
  machine.tlbFlush('mva', 0xc0000000, 4096, true, 6);
  assert.equal(map.lingeringCount, 0);

  section(machine, 0x00100000, PFN * 4096, { ...CACHED, ng: 1 });
  section(machine, 0xc0000000, PFN * 4096);
  assert.equal(map.lingeringCount, 0);
  machine.registers.asid = 6;
  machine.registers.ttbr0 = RAM;
  assert.equal(map.lingeringAt(0x00100000, 0), undefined);
  assert.equal(map.lingeringAt(0xc0000000, 0)?.type, 'normal');
});

/** Old translations of a naive model: each page or megabyte that a full scan finds no longer. */
interface Old {
  readonly key: string;
  readonly start: number;
  readonly size: number;
  readonly asid: number;
}

interface Found {
  readonly start: number;
  readonly size: number;
  readonly asid: number;
}

/** Everything mapped below 64 MiB, page by page and, of larger entries, slot by slot. */
function scan(machine: Machine, slotBytes: number): Map<string, Found> {
  const found = new Translation();
  const all = new Map<string, Found>();
  for (let vaddr = 0; vaddr < 64 * MiB; vaddr += 4096) {
    if (machine.walker.walk(vaddr, found) !== WALK_OK) continue;
    const isLarge = found.size >= slotBytes;
    if (isLarge && vaddr % slotBytes !== 0) continue;
    const asid = found.ng === 1 ? machine.registers.asid : -1;
    const key = `${vaddr} ${isLarge} ${found.paddr} ${found.memoryType.text} ${asid}`;
    all.set(key, { start: vaddr - (vaddr % found.size), size: found.size, asid });
  }
  return all;
}

interface Operation {
  readonly write?: (machine: Machine) => void;
  readonly flush?: { operation: TlbOperation; vaddr: number; size: number; asid: number };
}

const type = fc.constantFrom({ ...CACHED, ng: 0 }, { ...CACHED, ng: 1 }, { ...UNCACHED, c: 0, ng: 0 });
const flush: fc.Arbitrary<Operation> = fc
  .record({
    operation: fc.constantFrom<TlbOperation>('mva', 'mva', 'mva', 'asid', 'all'),
    vaddr: fc.constantFrom(0, 0x1000, 0xf000, 0x10000, MiB, 2 * MiB, 16 * MiB, 17 * MiB),
    size: fc.constantFrom(1, 4096, MiB, 20 * MiB),
    asid: fc.nat(1),
  })
  .map(value => ({ flush: value }));

const shortWrites: fc.Arbitrary<Operation> = fc.oneof(
  fc
    .tuple(fc.constantFrom(0, 1, 2, 16, 17), fc.nat(3), fc.nat(1), type)
    .map(([index, kind, target, attributes]) => ({
      write: (machine: Machine): void => {
        const values = [
          0,
          encodeTable(LOWER + target * 0x400, 0),
          encodeSection(0x80000000 + target * MiB, attributes),
          encodeSupersection(0x80000000 + target * 16 * MiB, attributes),
        ];
        machine.writeTableEntry(PGD + index * 4, values[kind]!);
      },
    })),
  fc
    .tuple(fc.constantFrom(0, 1, 15, 16, 0x100, 0x101), fc.nat(2), fc.nat(1), type)
    .map(([index, kind, target, attributes]) => ({
      write: (machine: Machine): void => {
        const small = encodeSmallPage(0x80000000 + (target + (index & 255)) * 4096, attributes);
        const values = [0, small, encodeLargePage(0x80000000 + target * 0x10000, attributes)];
        machine.writeTableEntry(LOWER + index * 4, values[kind]!);
      },
    })),
);

const longWrites: fc.Arbitrary<Operation> = fc.oneof(
  fc.tuple(fc.constantFrom(0, 1, 8), fc.nat(2), fc.nat(1), type).map(([index, kind, target, { c, ng }]) => ({
    write: (machine: Machine): void => {
      const none = { low: 0, high: 0 };
      const sections = encodeLongSection(0x80000000 + target * 2 * MiB, { ng, attrIndex: c });
      const value = [none, encodeLongTable(LOWER + (target + 1) * 4096), sections][kind]!;
      machine.writeTableEntry64(LOWER + index * 8, value.low, value.high);
    },
  })),
  fc
    .tuple(fc.constantFrom(0, 1, 512, 513), fc.nat(1), fc.nat(1), type)
    .map(([index, kind, target, { c, ng }]) => ({
      write: (machine: Machine): void => {
        const none = { low: 0, high: 0 };
        const value = [
          none,
          encodeLongPage(0x80000000 + (target + (index & 511)) * 4096, { ng, attrIndex: c }),
        ][kind]!;
        machine.writeTableEntry64(LOWER + 4096 + index * 8, value.low, value.high);
      },
    })),
);

function compare(machine: Machine, slotBytes: number, operations: readonly Operation[]): void {
  const map = machine.mappings;
  assert.equal(map.lingeringCount, 0);
  let old: Old[] = [];
  for (const { write, flush: maintenance } of operations) {
    if (write !== undefined) {
      const before = scan(machine, slotBytes);
      write(machine);
      const after = scan(machine, slotBytes);
      for (const [key, found] of before) {
        if (!after.has(key) && !continues(machine, key, slotBytes) && !old.some(entry => entry.key === key)) {
          old.push({ key, ...found });
        }
      }
      old = old.filter(({ key }) => !after.has(key));
    }
    if (maintenance !== undefined) {
      const { operation, vaddr, size, asid } = maintenance;
      machine.tlbFlush(operation, vaddr, size, true, asid);
      old = old.filter(entry => {
        if (operation === 'all') return false;
        if (operation === 'asid') return entry.asid !== asid;
        const touches = entry.start < vaddr + size && entry.start + entry.size > vaddr;
        return !touches || (entry.asid !== -1 && entry.asid !== asid);
      });
    }
    assert.equal(map.lingeringCount, old.length);
    const keys = [...scan(machine, slotBytes).keys(), ...old.map(({ key }) => key)];
    for (const pfn of [0x80000, 0x80001, 0x80010, 0x800ff, 0x80100, 0x81000]) {
      const expected = keys.some(key => allowsCaching(key, pfn, slotBytes));
      assert.equal(map.mayFill(pfn), expected, `frame ${pfn.toString(16)}`);
    }
    for (const { key } of old) {
      assert.ok(map.lingeringAt(Number(key.split(' ')[0]), 0), key);
    }
  }
}

function allowsCaching(key: string, pfn: number, slotBytes: number): boolean {
  const [, isLarge, paddr] = key.split(' ');
  const first = Number(paddr) / 4096;
  const count = isLarge === 'true' ? slotBytes / 4096 : 1;
  return pfn >= first && pfn < first + count && !key.includes('inner=NC');
}

/** Whether each page of an old mapping is translated as it was, by entries of another size. */
function continues(machine: Machine, key: string, slotBytes: number): boolean {
  const [vaddr, isLarge, paddr, ...rest] = key.split(' ');
  const asid = rest.pop();
  const size = isLarge === 'true' ? slotBytes : 4096;
  const found = new Translation();
  for (let offset = 0; offset < size; offset += 4096) {
    if (machine.walker.walk(Number(vaddr) + offset, found) !== WALK_OK) return false;
    const same = found.paddr === Number(paddr) + offset && found.memoryType.text === rest.join(' ');
    if (!same || (found.ng === 1 ? machine.registers.asid : -1) !== Number(asid)) return false;
  }
  return true;
}

test('short descriptors: what lingers is what a naive comparison of scans finds', () => {
  const operations = fc.array(fc.oneof({ weight: 3, arbitrary: shortWrites }, flush), {
    maxLength: 15,
    size: 'max',
  });
  const property = fc.property(operations, list => compare(newMachine(1), MiB, list));
  fc.assert(property, { numRuns: 25 });
});

test('long descriptors: what lingers is what a naive comparison of scans finds', () => {
  const operations = fc.array(fc.oneof({ weight: 3, arbitrary: longWrites }, flush), {
    maxLength: 15,
    size: 'max',
  });
  const property = fc.property(operations, list => {
    const machine = newMachine(1);
    const { registers } = machine;
    registers.format = 'long';
    registers.mair0 = 0xff44;
    const { low, high } = encodeLongTable(LOWER);
    machine.writeTableEntry64(PGD, low, high);
    compare(machine, 2 * MiB, list);
  });
  fc.assert(property, { numRuns: 25 });
});
