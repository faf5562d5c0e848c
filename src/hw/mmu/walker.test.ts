// SPDX-License-Identifier: GPL-2.0-only
/**
 * The walker finds exactly what the encoders wrote, in every format and at every level, and reports what
 * is missing.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Ram } from '../ram.js';
import {
  encodeLongBlock1,
  encodeLongPage,
  encodeLongSection,
  encodeLongTable,
  type LongDescriptor,
} from './long-descriptor.js';
import { createRegisters, type MmuRegisters, type RegisterValues } from './registers.js';
import * as short from './short-descriptor.js';
import { Translation } from './translation.js';
import {
  ACCESS_FLAG_FAULT,
  domainAccess,
  TableWalker,
  TRANSLATION_FAULT_L1,
  TRANSLATION_FAULT_L2,
  TRANSLATION_FAULT_L3,
  WALK_ABORT_L1,
  WALK_ABORT_L2,
  WALK_OK,
} from './walker.js';

/** Tables lie above 2^31, where signed arithmetic would go wrong. */
const TABLES = 0x9000_0000;
const L1 = TABLES;
const L2 = TABLES + 0x8000;
const bit = fc.nat(1);
const attributes = fc.record({
  tex: fc.nat(7),
  c: bit,
  b: bit,
  s: bit,
  ng: bit,
  xn: bit,
  pxn: bit,
  ap: fc.constantFrom(0, 1, 2, 3, 5, 6, 7),
  domain: fc.nat(15),
});
const vaddr = fc.nat(0xffffffff);
const result = new Translation();

function setUp(
  change: Partial<RegisterValues>,
  start = TABLES,
  reset = createRegisters(7, true),
): { ram: Ram; walker: TableWalker; registers: MmuRegisters } {
  const ram = new Ram([{ start, end: start + 0x10000 }]);
  const registers = reset.with({ ttbr0: start + 0x4a, ...change });
  return { ram, walker: new TableWalker(ram, registers), registers };
}

function write64(ram: Ram, paddr: number, { low, high }: LongDescriptor): void {
  ram.write32(paddr, low);
  ram.write32(paddr + 4, high);
}

/** The fields of `result` that are attributes of a short descriptor. */
function found(): Record<string, number> {
  const { tex, c, b, s, ng, xn, pxn, domain, apBits: ap } = result;
  return { tex, c, b, s, ng, xn, pxn, ap, domain };
}

test('sections and supersections', () => {
  fc.assert(
    fc.property(vaddr, fc.nat(0xfff), attributes, (va, frame, a) => {
      const { ram, walker } = setUp({});
      const entry = L1 + 4 * (va >>> 20);
      ram.write32(entry, short.encodeSection(frame * 2 ** 20, a));
      assert.equal(walker.walk(va, result), WALK_OK);
      assert.equal(result.kind, 'section');
      assert.equal(result.paddr, frame * 2 ** 20 + (va & 0xfffff));
      assert.equal(result.entryPaddr, entry);
      assert.deepEqual(found(), { ...a });

      const base = frame * 2 ** 28 + 0xf000000;
      ram.write32(entry, short.encodeSupersection(base, a));
      assert.equal(walker.walk(va, result), WALK_OK);
      assert.equal(result.kind, 'supersection');
      assert.equal(result.size, 2 ** 24);
      assert.equal(result.paddr, base + (va & 0xffffff));
      assert.deepEqual(found(), { ...a, domain: 0 });
    }),
  );
});

test('small and large pages', () => {
  fc.assert(
    fc.property(vaddr, fc.nat(0xffff), attributes, (va, frame, a) => {
      const { ram, walker } = setUp({});
      ram.write32(L1 + 4 * (va >>> 20), short.encodeTable(L2, a.domain, a.pxn));
      const entry = L2 + 4 * ((va >>> 12) & 0xff);
      ram.write32(entry, short.encodeSmallPage(frame * 2 ** 16 + 0x7000, a));
      assert.equal(walker.walk(va, result), WALK_OK);
      assert.equal(result.kind, 'page');
      assert.equal(result.paddr, frame * 2 ** 16 + 0x7000 + (va & 0xfff));
      assert.equal(result.descriptor2, ram.read32(entry));
      assert.deepEqual(found(), { ...a });

      ram.write32(entry, short.encodeLargePage(frame * 2 ** 16, a));
      assert.equal(walker.walk(va, result), WALK_OK);
      assert.equal(result.kind, 'largepage');
      assert.equal(result.paddr, frame * 2 ** 16 + (va & 0xffff));
      assert.deepEqual(found(), { ...a });
    }),
  );
});

test('ARMv5 tables: sections, pages with four permission fields, extended pages', () => {
  const a = fc.record({ c: bit, b: bit, domain: fc.nat(15), tex: fc.nat(7) });
  fc.assert(
    fc.property(vaddr, fc.nat(0xfff), a, fc.nat(255), (va, frame, { c, b, domain, tex }, ap) => {
      const { ram, walker } = setUp({}, TABLES, createRegisters(5));
      const none = { s: 0, ng: 0, xn: 0, pxn: 0 };
      const first = L1 + 4 * (va >>> 20);
      ram.write32(first, short.encodeLegacySection(frame * 2 ** 20, { tex, c, b, domain, ap: ap & 3 }));
      assert.equal(walker.walk(va, result), WALK_OK);
      assert.equal(result.ap, `APbits=${ap & 3}`);
      assert.deepEqual(found(), { tex, c, b, domain, ap: ap & 3, ...none });

      ram.write32(first, short.encodeTable(L2, domain, 0, 1));
      const entry = L2 + 4 * ((va >>> 12) & 0xff);
      for (const [encode, kind, size] of [
        [short.encodeLegacySmallPage, 'page', 0x1000],
        [short.encodeLegacyLargePage, 'largepage', 0x10000],
      ] as const) {
        ram.write32(entry, encode(frame * 2 ** 20, { c, b, ap }));
        assert.equal(walker.walk(va, result), WALK_OK);
        assert.equal(result.kind, kind);
        assert.equal(result.paddr, frame * 2 ** 20 + (va % size));
        assert.deepEqual(found(), { tex: 0, c, b, domain, ap, ...none });
      }
      ram.write32(entry, short.encodeLegacyExtendedPage(frame * 2 ** 20, { tex, c, b, ap: ap & 3 }));
      assert.equal(walker.walk(va, result), WALK_OK);
      assert.deepEqual(found(), { tex, c, b, domain, ap: ap & 3, ...none });
    }),
  );
});

const longAttributes = fc.record({
  attrIndex: fc.nat(7),
  ap: fc.nat(3),
  sh: fc.constantFrom(0, 2, 3),
  ng: bit,
  contiguous: bit,
  pxn: bit,
  xn: bit,
  software: fc.nat(15),
});

test('long descriptors: blocks, sections, pages, above 4 GiB', () => {
  const base = 0x9000_0000;
  fc.assert(
    fc.property(vaddr, fc.nat(0x3ff), longAttributes, (va, frame, a) => {
      const { ram, walker } = setUp({ format: 'long', ttbr0: base });
      const level1 = base + 8 * (va >>> 30);
      const level2 = base + 0x1000 + 8 * ((va >>> 21) & 511);
      const level3 = base + 0x2000 + 8 * ((va >>> 12) & 511);
      const check = (kind: string, target: number, size: number): void => {
        assert.equal(walker.walk(va, result), WALK_OK);
        assert.equal(result.kind, kind);
        assert.equal(result.paddr, target + (va % size));
        const { attrIndex, sh, ng, contiguous, pxn, xn } = result;
        const { ap, software, ...rest } = a;
        assert.deepEqual({ attrIndex, sh, ng, contiguous, pxn, xn }, rest);
        assert.equal(result.apBits >> 1, ap);
      };
      write64(ram, level1, encodeLongBlock1(frame * 2 ** 30, a));
      check('block', frame * 2 ** 30, 2 ** 30);
      write64(ram, level1, encodeLongTable(base + 0x1000));
      write64(ram, level2, encodeLongSection(frame * 2 ** 30 + 0x200000, a));
      check('section', frame * 2 ** 30 + 0x200000, 2 ** 21);
      write64(ram, level2, encodeLongTable(base + 0x2000));
      write64(ram, level3, encodeLongPage(frame * 2 ** 30 + 0x3000, a));
      check('page', frame * 2 ** 30 + 0x3000, 4096);
    }),
  );
});

test('long descriptors: TTBCR selects the table and the first level', () => {
  // T1SZ = 2: TTBR1 serves the last GiB and starts at level 2.
  const { ram, walker } = setUp({
    format: 'long',
    ttbr0: TABLES,
    ttbr1: TABLES + 0x4000,
    ttbcr: 0x80020000,
  });
  write64(ram, TABLES + 0x4000 + 8 * 1, encodeLongSection(0x1_4020_0000, { sh: 3 }));
  assert.equal(walker.walk(0xc0212345, result), WALK_OK);
  assert.equal(result.paddr, 0x1_4021_2345);
  assert.equal(result.levels, 1);
  assert.equal(walker.walk(0xbfffffff, result), TRANSLATION_FAULT_L1);
  assert.equal(walker.walk(0xc0400000, result), TRANSLATION_FAULT_L2);

  // T0SZ = 7 with T1SZ = 0: TTBR1 serves everything from 32 MiB on, from level 1.
  const narrow = setUp({ format: 'long', ttbr0: TABLES, ttbr1: TABLES + 0x4000, ttbcr: 0x80000007 });
  write64(narrow.ram, TABLES + 0x4000 + 8 * 3, encodeLongBlock1(0x40000000, {}));
  assert.equal(narrow.walker.walk(0xc0001234, result), WALK_OK);
  assert.equal(result.paddr, 0x40001234);
  write64(narrow.ram, TABLES + 8 * 15, encodeLongSection(0x200000, {}));
  assert.equal(narrow.walker.walk(0x1ffffff, result), WALK_OK);
  assert.equal(result.paddr, 0x3fffff);
  // EPD0: no walks through TTBR0.
  const off = setUp({ format: 'long', ttbr0: TABLES, ttbcr: 0x80000080 });
  write64(off.ram, TABLES, encodeLongBlock1(0, {}));
  assert.equal(off.walker.walk(0x1000, result), TRANSLATION_FAULT_L1);
});

test('long descriptors: table entries restrict what is below them', () => {
  const { ram, walker } = setUp({ format: 'long', ttbr0: TABLES });
  write64(ram, TABLES, encodeLongTable(TABLES + 0x1000, { ap: 3, xn: 1 }));
  write64(ram, TABLES + 0x1000, encodeLongSection(0, { ap: 1 }));
  assert.equal(walker.walk(0, result), WALK_OK);
  assert.equal(result.ap, 'ro/-');
  assert.equal(result.xn, 1);
  assert.equal(result.pxn, 0);
});

test('short descriptors: TTBCR.N splits the address space', () => {
  const { ram, walker, registers } = setUp({ ttbr0: TABLES + 0x8000, ttbr1: TABLES + 0x4000, ttbcr: 2 });
  ram.write32(TABLES + 0x8000 + 4 * 0x3ff, short.encodeSection(0x10000000, {}));
  ram.write32(TABLES + 0x4000 + 4 * 0x400, short.encodeSection(0x20000000, {}));
  assert.equal(walker.walk(0x3ff00010, result), WALK_OK);
  assert.equal(result.paddr, 0x10000010);
  assert.equal(walker.walk(0x40000010, result), WALK_OK);
  assert.equal(result.paddr, 0x20000010);
  for (const [ttbcr, low, high] of [
    [2 | (1 << 4), TRANSLATION_FAULT_L1, WALK_OK],
    [2 | (1 << 5), WALK_OK, TRANSLATION_FAULT_L1],
  ] as const) {
    registers.ttbcr = ttbcr;
    assert.equal(walker.walk(0x3ff00010, result), low);
    assert.equal(walker.walk(0x40000010, result), high);
  }
});

test('what is missing is a fault at its level', () => {
  const { ram, walker } = setUp({});
  assert.equal(walker.walk(0xc0000000, result), TRANSLATION_FAULT_L1);
  ram.write32(L1 + 4 * 0xc00, short.encodeTable(L2, 2));
  assert.equal(walker.walk(0xc0000000, result), TRANSLATION_FAULT_L2);
  assert.equal(result.domain, 2);
  ram.write32(L1 + 4 * 0xc00, short.encodeTable(0x1000, 0));
  assert.equal(walker.walk(0xc0000000, result), WALK_ABORT_L2);
  assert.equal(setUp({ ttbr0: 0x1000 }).walker.walk(0, result), WALK_ABORT_L1);

  const withFlag = setUp({ afe: true });
  withFlag.ram.write32(L1, short.encodeSection(0, { ap: 2 }));
  assert.equal(withFlag.walker.walk(0x10, result), ACCESS_FLAG_FAULT);
  assert.equal(result.ap, 'rw/rw');

  const long = setUp({ format: 'long', ttbr0: TABLES });
  write64(long.ram, TABLES, encodeLongTable(TABLES + 0x1000));
  write64(long.ram, TABLES + 0x1000, encodeLongTable(TABLES + 0x2000));
  assert.equal(long.walker.walk(0, result), TRANSLATION_FAULT_L3);
  write64(long.ram, TABLES + 0x2000, encodeLongPage(0, { af: 0 }));
  assert.equal(long.walker.walk(0, result), ACCESS_FLAG_FAULT);
});

test('a first-level entry of type 3 is a section only where PXN exists', () => {
  const { ram, walker } = setUp({}, TABLES, createRegisters(7));
  ram.write32(L1, short.encodeSection(0, { pxn: 1 }));
  assert.equal(walker.walk(0, result), TRANSLATION_FAULT_L1);
});

test('domain access comes from DACR', () => {
  const registers = createRegisters(7).with({ dacr: 0x55 | (3 << 30) });
  assert.deepEqual(
    [0, 3, 4, 15].map(domain => domainAccess(registers, domain)),
    [1, 1, 0, 3],
  );
});
