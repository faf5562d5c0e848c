// SPDX-License-Identifier: GPL-2.0-only
/**
 * After any writes to tables and registers, what was followed write by write is what a walk of every address
 * finds, and the events tell the same story.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Ram } from '../ram.js';
import { LiveMap, type MapListener } from './live-map.js';
import { encodeLongBlock1, encodeLongPage, encodeLongSection, encodeLongTable } from './long-descriptor.js';
import { createRegisters, type MmuRegisters, type RegisterValues } from './registers.js';
import {
  encodeLargePage,
  encodeSection,
  encodeSmallPage,
  encodeSupersection,
  encodeTable,
} from './short-descriptor.js';
import { Translation } from './translation.js';
import { TableWalker, WALK_OK } from './walker.js';

const RAM = 0x40000000;
/** Two first-level tables of 16 KiB, then second- and third-level ones. */
const LOWER = RAM + 0x8000;
const RAM_BYTES = 0x40000;

/** Keeps the mappings that it was told of, by address. */
class Follower implements MapListener {
  readonly mappings: Map<number, string> = new Map();
  /** Where something was told to be there before the old was told to be gone. */
  private readonly replaced: Set<number> = new Set();
  stale = 0;

  mapped(vaddr: number, size: number, frame: number, attributes: number): void {
    const key = vaddr + (size === 4096 ? 0.5 : 0);
    if (this.mappings.has(key)) this.replaced.add(key);
    this.mappings.set(key, `${size} ${frame} ${attributes & ~0x3e}`);
  }

  unmapped(vaddr: number, size: number, frame: number, attributes: number, stale: boolean): void {
    const key = vaddr + (size === 4096 ? 0.5 : 0);
    if (stale) this.stale++;
    if (this.replaced.delete(key)) return;
    assert.equal(this.mappings.get(key), `${size} ${frame} ${attributes & ~0x3e}`);
    this.mappings.delete(key);
  }
}

/** Walks to every page of [0, 4 GiB), in steps of a slot where nothing smaller is mapped. */
function scan(walker: TableWalker, slotBytes: number): Map<number, string> {
  const found = new Translation();
  const all = new Map<number, string>();
  for (let slot = 0; slot < 2 ** 32; slot += slotBytes) {
    for (let vaddr = slot; vaddr < slot + slotBytes; ) {
      const status = walker.walk(vaddr, found);
      const isPaged =
        status === 2 || status === 3 || status === 6 || status === 7 || found.kind.endsWith('page');
      const mapsSlot = status === WALK_OK && found.size >= slotBytes;
      if (status === WALK_OK) {
        const frame = Math.floor(found.paddr / 4096);
        const text = `${frame} ${found.memoryType.text} ${found.memoryType.shareable} ${found.ng}`;
        all.set(vaddr + (mapsSlot ? 0 : 0.5), text);
      }
      vaddr += mapsSlot || status === 1 || status === 5 || !isPaged ? slotBytes : 4096;
    }
  }
  return all;
}

/** A write of one entry or register. */
type Step = (ram: Ram, registers: MmuRegisters) => number | null;

const attributes = fc.record({
  c: fc.nat(1),
  b: fc.nat(1),
  s: fc.nat(1),
  ng: fc.nat(1),
  ap: fc.constantFrom(1, 3, 5),
});

/** First-level entries that are used: low, around the borders of TTBCR.N = 2 and 7, and high. */
const shortIndex = fc.constantFrom(0, 1, 31, 32, 0x3ff, 0x400, 0xc00, 0xc01, 0xc10, 0xfff);

const shortStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.tuple(fc.nat(1), shortIndex, fc.nat(4), fc.nat(3), attributes).map(
      ([root, index, kind, target, a]): Step =>
        ram => {
          const entry = RAM + root * 0x4000 + index * 4;
          const entries = [
            0,
            encodeSection(0x80000000 + target * 0x100000, a),
            encodeSupersection(0x80000000 + target * 0x1000000, a),
            encodeTable(LOWER + target * 0x400, 0),
            encodeTable(0, 0),
          ];
          ram.write32(entry, entries[kind]!);
          return entry;
        },
    ),
  },
  {
    weight: 10,
    arbitrary: fc.tuple(fc.nat(3), fc.constantFrom(0, 1, 16, 255), fc.nat(2), fc.nat(3), attributes).map(
      ([table, index, kind, target, a]): Step =>
        ram => {
          const entry = LOWER + table * 0x400 + index * 4;
          const page = encodeSmallPage(0x80000000 + target * 0x1000, a);
          ram.write32(entry, [0, page, encodeLargePage(0x80000000 + target * 0x10000, a)][kind]!);
          return entry;
        },
    ),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({
        ttbr0: fc.constantFrom(0, RAM, RAM + 0x4000),
        ttbr1: fc.constantFrom(0, RAM, RAM + 0x4000),
        ttbcr: fc.constantFrom(0, 2, 7, 0x10, 0x22),
        tre: fc.boolean(),
        prrr: fc.constant(0xff0a81a8),
        nmrr: fc.constantFrom(0, 0x40e040e0),
      })
      .map(
        (values): Step =>
          (_, registers) => {
            Object.assign(registers, values);
            return null;
          },
      ),
  },
);

function write64(ram: Ram, paddr: number, { low, high }: { low: number; high: number }): number {
  ram.write32(paddr, low);
  ram.write32(paddr + 4, high);
  return paddr;
}

const NOTHING = { low: 0, high: 0 };

/** Roots at RAM and RAM + 0x4000; tables of either lower level, four in all, each may serve as both. */
const longStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.nat(1), fc.nat(3), fc.nat(2), fc.nat(1), attributes).map(
      ([root, index, kind, target, { s, ng }]): Step =>
        ram => {
          const block = encodeLongBlock1(target * 0x40000000, { sh: s * 3, ng, attrIndex: 7 });
          const table = encodeLongTable(LOWER + target * 0x1000);
          return write64(ram, RAM + root * 0x4000 + index * 8, [NOTHING, block, table][kind]!);
        },
    ),
  },
  {
    weight: 10,
    arbitrary: fc
      .tuple(
        fc.nat(1),
        fc.constantFrom(0, 1, 0x10, 511),
        fc.nat(2),
        fc.nat(3),
        fc.constantFrom(1, 7),
        attributes,
      )
      .map(
        ([table, index, kind, target, attrIndex, { s, ng }]): Step =>
          ram => {
            const section = encodeLongSection(0x1_0000_0000 + target * 0x200000, {
              sh: s * 3,
              ng,
              attrIndex,
            });
            const next = encodeLongTable(LOWER + 0x2000 + (target & 1) * 0x1000);
            return write64(ram, LOWER + table * 0x1000 + index * 8, [NOTHING, section, next][kind]!);
          },
      ),
  },
  {
    weight: 10,
    arbitrary: fc
      .tuple(fc.nat(1), fc.constantFrom(0, 1, 511), fc.nat(1), fc.nat(3), fc.constantFrom(1, 7), attributes)
      .map(
        ([table, index, kind, target, attrIndex, { s, ng, b }]): Step =>
          ram => {
            const page = encodeLongPage(0x1_0000_0000 + target * 4096, { sh: s * 3, ng, attrIndex, af: b });
            return write64(ram, LOWER + 0x2000 + table * 0x1000 + index * 8, [NOTHING, page][kind]!);
          },
      ),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({
        ttbr0: fc.constantFrom(0, RAM, LOWER),
        ttbr1: fc.constantFrom(0, RAM + 0x4000, RAM + 0x4010, LOWER),
        ttbcr: fc.constantFrom(0, 1, 3, 0x10000, 0x10001, 0x20000, 0x20002, 0x80, 0x800001),
        mair0: fc.constant(0xeeaa4400),
        mair1: fc.constantFrom(0xff000004, 0x44000004),
      })
      .map(
        (values): Step =>
          (_, registers) => {
            Object.assign(registers, values);
            return null;
          },
      ),
  },
);

function check(start: Partial<RegisterValues>, steps: readonly Step[]): void {
  const ram = new Ram([{ start: RAM, end: RAM + RAM_BYTES }]);
  const registers = createRegisters(7, true).with(start);
  const walker = new TableWalker(ram, registers);
  const follower = new Follower();
  const map = new LiveMap(ram, registers, walker, follower);
  const slotBytes = start.format === 'long' ? 0x200000 : 0x100000;
  for (const step of steps) {
    map.followRegisters();
    const paddr = step(ram, registers);
    if (paddr === null) map.followRegisters();
    else map.entryWritten(paddr);
  }
  const followed = new Map<number, string>();
  map.forEach((vaddr, size, frame, found) => {
    const type = map.typeOf(found);
    followed.set(vaddr + (size === 4096 ? 0.5 : 0), `${frame} ${type.text} ${type.shareable} ${found & 1}`);
    const key = vaddr + (size === 4096 ? 0.5 : 0);
    assert.equal(follower.mappings.get(key), `${size} ${frame} ${found & ~0x3e}`);
  });
  assert.equal(follower.mappings.size, followed.size);
  const expected = registers.isOff ? new Map<number, string>() : scan(walker, slotBytes);
  assert.deepEqual(followed, expected);
}

test('short descriptors: followed writes give what a walk of every address gives', () => {
  const property = fc.property(fc.array(shortStep, { maxLength: 40, size: 'max' }), steps =>
    check({ ttbr0: RAM }, steps),
  );
  fc.assert(property, { numRuns: 60 });
});

test('long descriptors: followed writes give what a walk of every address gives', () => {
  const start = { format: 'long', ttbr0: RAM, mair0: 0xeeaa4400, mair1: 0xff000004 } as const;
  const property = fc.property(fc.array(longStep, { maxLength: 40, size: 'max' }), steps =>
    check(start, steps),
  );
  fc.assert(property, { numRuns: 60 });
});

test('a section is one mapping, and so is one that turned into equal pages no change', () => {
  const ram = new Ram([{ start: RAM, end: RAM + RAM_BYTES }]);
  const registers = createRegisters(7).with({ ttbr0: RAM });
  const follower = new Follower();
  const map = new LiveMap(ram, registers, new TableWalker(ram, registers), follower);
  map.followRegisters();
  ram.write32(RAM + 4 * 0xc00, encodeSection(0x80000000, { c: 1, b: 1 }));
  map.entryWritten(RAM + 4 * 0xc00);
  assert.equal(follower.mappings.size, 1);
  for (let i = 0; i < 256; i++)
    ram.write32(LOWER + 4 * i, encodeSmallPage(0x80000000 + i * 4096, { c: 1, b: 1 }));
  ram.write32(RAM + 4 * 0xc00, encodeTable(LOWER, 0));
  map.entryWritten(RAM + 4 * 0xc00);
  assert.deepEqual([follower.mappings.size, follower.stale], [256, 0]);
  ram.write32(RAM + 4 * 0xc00, encodeSection(0x80000000, { c: 1, b: 1 }));
  map.entryWritten(RAM + 4 * 0xc00);
  ram.write32(RAM + 4 * 0xc00, encodeTable(LOWER, 0));
  map.entryWritten(RAM + 4 * 0xc00);
  assert.deepEqual([follower.mappings.size, follower.stale], [256, 0]);
  ram.write32(LOWER, encodeSmallPage(0x80000000, {}));
  map.bytesWritten(LOWER, 4);
  assert.deepEqual([follower.mappings.size, follower.stale], [256, 1]);
});
