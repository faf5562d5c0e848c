// SPDX-License-Identifier: GPL-2.0-only
/** The pool allocator against a search through arrays of booleans. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GenPool } from './genalloc.js';

const PAGE = 4096;

interface NaiveChunk {
  readonly virt: number;
  readonly pages: boolean[];
}

/** First fit, aligned to the count rounded up to a power of two from the chunk's start; newest chunk first. */
function naiveAlloc(chunks: readonly NaiveChunk[], size: number): number {
  const count = Math.ceil(size / PAGE);
  let align = 1;
  while (align < count) align *= 2;
  for (const { virt, pages } of chunks) {
    for (let page = 0; page + count <= pages.length; page += align) {
      if (pages.slice(page, page + count).some(Boolean)) continue;
      pages.fill(true, page, page + count);
      return virt + page * PAGE;
    }
  }
  return 0;
}

test('allocations and frees agree with a naive search, with several chunks', () => {
  const operation = fc.oneof(
    fc.record({ op: fc.constant('alloc' as const), arg: fc.integer({ min: 1, max: 9 * PAGE }) }),
    fc.record({ op: fc.constant('free' as const), arg: fc.nat() }),
    fc.record({ op: fc.constant('grow' as const), arg: fc.integer({ min: 1, max: 40 }) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 80, size: 'max' }), operations => {
      const pool = new GenPool(12);
      const chunks: NaiveChunk[] = [];
      const live: { addr: number; size: number }[] = [];
      for (const { op, arg } of operations) {
        if (op === 'grow') {
          // Not aligned to anything but a page: alignment counts from the start of the chunk.
          const virt = 0xc0001000 + chunks.length * 0x100000;
          assert.equal(pool.gen_pool_add_virt(virt, virt - 0x80000000, arg * PAGE), 0);
          chunks.unshift({ virt, pages: new Array<boolean>(arg).fill(false) });
        } else if (op === 'alloc') {
          const expected = naiveAlloc(chunks, arg);
          const addr = pool.gen_pool_alloc(arg);
          assert.equal(addr, expected);
          if (addr === 0) continue;
          assert.equal(pool.gen_pool_virt_to_phys(addr), addr - 0x80000000);
          assert.ok(pool.gen_pool_has_addr(addr, arg));
          live.push({ addr, size: arg });
        } else if (live.length > 0) {
          const [buffer] = live.splice(arg % live.length, 1);
          pool.gen_pool_free(buffer!.addr, buffer!.size);
          const chunk = chunks.find(
            c => buffer!.addr >= c.virt && buffer!.addr < c.virt + c.pages.length * PAGE,
          )!;
          const page = (buffer!.addr - chunk.virt) / PAGE;
          chunk.pages.fill(false, page, page + Math.ceil(buffer!.size / PAGE));
        }
        const free = chunks.flatMap(chunk => chunk.pages).filter(used => !used).length;
        assert.equal(pool.gen_pool_avail(), free * PAGE);
      }
    }),
  );
});

test('a pool that has grown serves from its newest chunk first', () => {
  const pool = new GenPool(12);
  pool.gen_pool_add_virt(0xd0000000, 0x50000000, 8 * PAGE);
  assert.equal(pool.gen_pool_alloc(PAGE), 0xd0000000);
  pool.gen_pool_add_virt(0xe0000000, 0x60000000, 2 * PAGE);
  assert.equal(pool.gen_pool_alloc(PAGE), 0xe0000000);
  assert.equal(pool.gen_pool_alloc(4 * PAGE), 0xd0004000, 'too large for the new chunk');
  assert.equal(pool.gen_pool_size(), 10 * PAGE);
});

test('what a pool does not hold', () => {
  const pool = new GenPool(12);
  pool.gen_pool_add_virt(0xd0000000, 0x50000000, 2 * PAGE);
  assert.equal(pool.gen_pool_alloc(0), 0);
  assert.equal(pool.gen_pool_alloc(3 * PAGE), 0);
  assert.equal(pool.gen_pool_virt_to_phys(0xd0002000), -1);
  assert.ok(!pool.gen_pool_has_addr(0xd0001000, PAGE + 1), 'reaches over the end');
  assert.throws(() => pool.gen_pool_free(0xd0000000, PAGE), /free memory/);
  assert.throws(() => pool.gen_pool_free(0xd0002000, PAGE), /outside the pool/);
});
