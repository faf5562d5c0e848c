// SPDX-License-Identifier: GPL-2.0-only
/** Pools of blocks: geometry, order, the lists inside the blocks, and a model of both kinds of list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bootTestKernel, logTexts, probeDevice } from '../../../tests/support/test-kernel.js';
import type { KernelVersion } from '../config.js';
import { GFP_ATOMIC, GFP_KERNEL } from '../include/linux/gfp.js';
import type { Kernel } from '../kernel.js';
import {
  type DmaPoolBlock,
  type dma_pool,
  dma_pool_alloc,
  dma_pool_create,
  dma_pool_destroy,
  dma_pool_free,
  dma_pool_zalloc,
} from './dmapool.js';

function boot(version: KernelVersion = '6.12', symbols: Record<string, boolean> = {}): Kernel {
  return bootTestKernel({ design: 'legacy', version, symbols });
}

function pool(k: Kernel, size: number, align = 0, boundary = 0): dma_pool | null {
  return dma_pool_create(k, 'test', probeDevice(k, '/plain'), size, align, boundary);
}

/** Offsets into the first page of blocks, taken until the pool needs a second page. */
function offsets(k: Kernel, from: dma_pool): number[] {
  const first = dma_pool_alloc(k, from, GFP_KERNEL)!;
  const found = [0];
  for (;;) {
    const next = dma_pool_alloc(k, from, GFP_KERNEL)!;
    if (from.nr_pages > 1) return found;
    assert.equal(next.dma - first.dma, next.vaddr - first.vaddr);
    found.push(next.vaddr - first.vaddr);
  }
}

test('geometry: a block holds the list, is aligned, and stays within the boundary', () => {
  const k = boot();
  const sizes = (size: number, align: number, boundary: number) => {
    const found = pool(k, size, align, boundary);
    return found && [found.size, found.allocation, found.boundary];
  };
  assert.deepEqual(sizes(1, 0, 0), [8, 4096, 4096]);
  assert.deepEqual(sizes(20, 16, 0), [32, 4096, 4096]);
  assert.deepEqual(sizes(20, 4, 64), [20, 4096, 64]);
  assert.deepEqual(sizes(5000, 0, 8192), [5000, 5000, 5000]);
  assert.deepEqual(sizes(64, 0, 65536), [64, 4096, 4096]);
  for (const [size, align, boundary] of [
    [0, 0, 0],
    [64, 3, 0],
    [64, 0, 32],
    [64, 0, 96],
    [2 ** 31, 0, 0],
  ] as const) {
    assert.equal(sizes(size, align, boundary), null, `${size} ${align} ${boundary}`);
  }
  // With a bus address of 64 bits behind the pointer.
  assert.equal(pool(boot('6.12', { ARCH_DMA_ADDR_T_64BIT: true }), 1)!.size, 16);
  assert.equal(pool(boot('6.1'), 1)!.size, 4);
});

test('6.12 fills a page in ascending order up to the boundary, 6.1 leaves the last block of each boundary', () => {
  const k = boot();
  const count = (of: number[]) => [of.length, of[1], of.at(-1)];
  assert.deepEqual(count(offsets(k, pool(k, 64)!)), [64, 64, 4032]);
  assert.deepEqual(count(offsets(k, pool(k, 2048)!)), [2, 2048, 2048]);
  assert.deepEqual(offsets(k, pool(k, 384, 0, 1024)!), [0, 384, 1024, 1408, 2048, 2432, 3072, 3456]);
  const old = boot('6.1');
  assert.deepEqual(count(offsets(old, pool(old, 64)!)), [63, 64, 3968]);
  assert.deepEqual(offsets(old, pool(old, 2048)!), [0]);
  assert.deepEqual(offsets(old, pool(old, 384, 0, 1024)!), [0, 384, 1024, 1408, 2048, 2432, 3072, 3456]);
  assert.deepEqual(offsets(old, pool(old, 4096)!), [0]);
});

test('a block is not zeroed, but holds what the list left in it; zalloc zeroes all of it', () => {
  const k = boot();
  const from = pool(k, 64)!;
  const block = dma_pool_alloc(k, from, GFP_KERNEL)!;
  assert.equal(k.machine.access.load32(block.vaddr), block.vaddr + 64);
  assert.equal(k.machine.access.load32(block.vaddr + 4), block.dma);
  dma_pool_free(k, from, block);
  const zeroed = dma_pool_zalloc(k, from, GFP_ATOMIC)!;
  assert.equal(zeroed.vaddr, block.vaddr);
  assert.deepEqual([...k.machine.access.read(zeroed.vaddr, 64)], new Array(64).fill(0));
  const old = boot('6.1');
  const first = dma_pool_alloc(old, pool(old, 64)!, GFP_KERNEL)!;
  assert.equal(old.machine.access.load32(first.vaddr), 64);
});

test('a store to a freed block breaks the list of 6.12', () => {
  const k = boot();
  const from = pool(k, 64)!;
  const block = dma_pool_alloc(k, from, GFP_KERNEL)!;
  dma_pool_free(k, from, block);
  k.machine.access.store32(block.vaddr, 0xdeadbeef);
  assert.equal(dma_pool_alloc(k, from, GFP_KERNEL)!.vaddr, block.vaddr);
  assert.equal(dma_pool_alloc(k, from, GFP_KERNEL), null);
  assert.match(logTexts(k).at(-1)!, /Oops: dma_pool_alloc: test: 0xdeadbeef/);
});

test('a busy pool keeps its pages: 6.12 all of them, 6.1 those in use', () => {
  for (const [version, lost] of [
    ['6.12', 2],
    ['6.1', 1],
  ] as const) {
    const k = boot(version, { CMA: false, DMA_CMA: false });
    const free = k.pages.free_pages;
    const from = pool(k, 4096)!;
    const [one] = [dma_pool_alloc(k, from, GFP_KERNEL)!, dma_pool_alloc(k, from, GFP_KERNEL)];
    dma_pool_free(k, from, one);
    dma_pool_destroy(k, from);
    assert.match(logTexts(k).at(-1)!, /dma_pool_destroy test.* busy/);
    assert.equal(free - k.pages.free_pages, lost, version);
  }
});

test('6.1 finds the page by the bus address, and complains where there is none', () => {
  const k = boot('6.1');
  const from = pool(k, 64)!;
  const block = dma_pool_alloc(k, from, GFP_KERNEL)!;
  dma_pool_free(k, from, { vaddr: block.vaddr, dma: 0 });
  assert.match(logTexts(k).at(-1)!, /dma_pool_free test, .* \(bad dma\)/);
});

/** Free blocks in the order in which they will be taken. 6.12: one list; 6.1: a list for each page. */
class NaivePool {
  private readonly pages: number[][] = [];
  private readonly pageOf = new Map<number, number[]>();
  private readonly single: boolean;

  constructor(version: KernelVersion) {
    this.single = version === '6.12';
  }

  /** Undefined: a new page is needed. */
  take(): number | undefined {
    return this.pages.find(list => list.length > 0)?.shift();
  }

  addPage(blocks: number[]): void {
    if (this.single && this.pages[0]) this.pages[0].unshift(...blocks);
    else this.pages.unshift([...blocks]);
    for (const block of blocks) this.pageOf.set(block, this.pages[0]!);
  }

  give(block: number): void {
    this.pageOf.get(block)!.unshift(block);
  }
}

for (const version of ['6.12', '6.1'] as const) {
  test(`${version}: blocks come in the order of the lists, apart, and all pages go back`, () => {
    const k = boot(version);
    const step = fc.oneof(fc.constant(-1), fc.nat(200));
    fc.assert(
      fc.property(
        fc.constantFrom(192, 1000, 2048, 4096),
        fc.array(step, { maxLength: 60 }),
        (size, steps) => {
          const used = k.cma.dma_contiguous_default_area!.bitmap!.bitmap_weight();
          const from = pool(k, size)!;
          const naive = new NaivePool(version);
          const live: DmaPoolBlock[] = [];
          for (const pick of steps) {
            if (pick >= 0 && live.length > 0) {
              const [block] = live.splice(pick % live.length, 1);
              dma_pool_free(k, from, block!);
              naive.give(block!.vaddr);
              continue;
            }
            const expected = naive.take();
            const block = dma_pool_alloc(k, from, GFP_KERNEL)!;
            if (expected === undefined) {
              assert.equal(block.vaddr % 4096, 0, 'the first block of a new page');
              // The last block that ends at the page's end is lost to 6.1.
              const perPage = Math.floor(4096 / size);
              const lost = version === '6.1' && 4096 % size === 0 && perPage > 1 ? 1 : 0;
              const blocks = Array.from({ length: perPage - lost }, (_, i) => block.vaddr + i * size);
              naive.addPage(blocks);
              assert.equal(naive.take(), block.vaddr);
            } else assert.equal(block.vaddr, expected);
            const overlaps = live.some(({ vaddr }) => Math.abs(vaddr - block.vaddr) < size);
            assert.equal(overlaps, false);
            live.push(block);
          }
          for (const block of live) dma_pool_free(k, from, block);
          dma_pool_destroy(k, from);
          assert.equal(k.cma.dma_contiguous_default_area!.bitmap!.bitmap_weight(), used);
        },
      ),
      { numRuns: 60, seed: 5 },
    );
  });
}
