// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { counting, RAM_BASE, testBus } from './dma-fixture.js';
import { MAY_READ, MAY_WRITE, NOT_ALLOWED, NOT_MAPPED, Stream, TranslationContext } from './iommu.js';

const PAGE = 4096;
const BOTH = MAY_READ | MAY_WRITE;

test('a context answers as a table of pages does', () => {
  const page = fc.integer({ min: 1020, max: 1030 });
  const count = fc.integer({ min: 1, max: 5 });
  const step = fc.oneof(
    fc.record({ page, count, frame: fc.constantFrom(0, 0xfffffff - 5), access: fc.constantFrom(0, 1, 2, 3) }),
    fc.record({ page, count, frame: fc.constant(null), access: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(step), steps => {
      const context = new TranslationContext();
      const model = new Map<number, { frame: number; access: number }>();
      for (const { page: first, count: pages, frame, access } of steps) {
        if (frame === null) context.unmap(first * PAGE, pages * PAGE);
        else context.map(first * PAGE, frame * PAGE, pages * PAGE, access);
        for (let i = 0; i < pages; i++) {
          if (frame === null) model.delete(first + i);
          else model.set(first + i, { frame: frame + i, access });
        }
      }
      for (let at = 1019; at < 1037; at++) {
        const entry = model.get(at);
        for (const wanted of [0, MAY_READ, MAY_WRITE, BOTH]) {
          const allowed = entry !== undefined && (entry.access & wanted) === wanted;
          const expected = entry === undefined ? NOT_MAPPED : allowed ? entry.frame * PAGE + 7 : NOT_ALLOWED;
          assert.equal(context.translate(at * PAGE + 7, wanted), expected);
        }
      }
    }),
  );
});

test('a run ends where memory does not go on', () => {
  const context = new TranslationContext();
  context.map(0, 0x8000, 2 * PAGE, BOTH);
  context.map(2 * PAGE, 0x20000, PAGE, MAY_READ);
  context.map(3 * PAGE, 0x21000, PAGE, MAY_WRITE);
  assert.equal(context.runLength(16, 10 * PAGE, 0), 2 * PAGE - 16);
  assert.equal(context.runLength(16, 100, 0), 100);
  assert.equal(context.runLength(2 * PAGE, 2 * PAGE, 0), 2 * PAGE);
  assert.equal(context.runLength(2 * PAGE, 2 * PAGE, MAY_READ), PAGE);
});

test('transfers go where the tables lead, page by page, and nowhere else', () => {
  const { machine, master, heard } = testBus([], new Stream());
  const context = new TranslationContext();
  context.map(0, RAM_BASE + 0x5000, PAGE, BOTH);
  context.map(PAGE, RAM_BASE + 0x2000, PAGE, BOTH);
  context.map(2 * PAGE, RAM_BASE + 0x3000, PAGE, MAY_READ);
  context.map(3 * PAGE, 0x1000, PAGE, BOTH);
  assert.ok(master.read(0x80000000, 4), 'bypass');
  master.stream!.context = context;
  assert.equal(master.read(0x80000000, 4), null);
  assert.ok(master.write(PAGE - 2, counting(4, 1)));
  assert.deepEqual(machine.ram.readBytes(RAM_BASE + 0x5ffe, 2), counting(2, 1));
  assert.deepEqual(machine.ram.readBytes(RAM_BASE + 0x2000, 2), counting(2, 3));
  assert.deepEqual(master.read(PAGE - 2, 4), counting(4, 1));
  assert.ok(master.scan(PAGE, 2 * PAGE), 'two pages in a row of memory');
  assert.equal(master.fill(PAGE, 2 * PAGE, 9), false, 'the second is not to be written');
  assert.ok(machine.ram.isFilledWith(RAM_BASE + 0x2002, PAGE - 2, 0), 'nothing is written');
  assert.equal(master.scan(3 * PAGE, 4), false, 'no memory there');
  assert.equal(master.translate(PAGE, 2 * PAGE), RAM_BASE + 0x2000);
  assert.deepEqual(heard, [
    'read 80000000:80000000+4',
    'missed read 80000000+4 not mapped',
    'write ffe:80005ffe+2',
    'write 1000:80002000+2',
    'read ffe:80005ffe+2',
    'read 1000:80002000+2',
    'read 1000:80002000+8192',
    'missed write 2000+4096 not allowed',
    'missed read 3000+4',
  ]);
});

test('what is unmapped is gone at once', () => {
  const { master } = testBus([], new Stream());
  const context = new TranslationContext();
  master.stream!.context = context;
  context.map(0, RAM_BASE, PAGE, BOTH);
  assert.ok(master.read(0, 4));
  context.unmap(0, PAGE);
  assert.equal(master.read(0, 4), null);
});
