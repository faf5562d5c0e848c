// SPDX-License-Identifier: GPL-2.0-only
/** Pools of small blocks, whose lists of free blocks lie in the memory that the device reaches. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  dma_pool_alloc,
  dma_pool_create,
  dma_pool_destroy,
  dma_pool_free,
  dma_pool_zalloc,
} from '../../src/linux/mm/dmapool.js';
import { Bytes, pattern } from './bytes.js';
import { compareBytes } from './checks.js';
import { cut, deviceName, gfpOf, judge, type Part, part } from './coherent-commands.js';
import { type Definition, pick, remove } from './command.js';
import { type DeviceName, devicesOf } from './machines.js';
import { PAGE, type Reference, type SmallPool } from './reference.js';
import { promisesReach } from './rules.js';
import type { System } from './system.js';

export const createPool: Definition<{ dev: DeviceName; size: number; blocking: boolean }> = {
  name: 'dma_pool_create',
  args: fc.record({
    dev: deviceName,
    size: fc.constantFrom(64, 200, 1000, 2048, 5000),
    blocking: fc.boolean(),
  }),
  check(m, { dev, blocking }) {
    const ask = { dev, blocking, unmapped: false };
    if (!devicesOf(m.setup.kind).includes(dev) || !promisesReach(m.setup, ask)) return false;
    // With wrong bytes in its lists a pool can do anything.
    return !(m.setup.live && m.mayHaveFact(ask));
  },
  act(m, r, { dev, size, blocking }) {
    const pool = dma_pool_create(r.k, 'model', r.dev(dev), size, 8, 0);
    assert.ok(pool !== null);
    m.small.push({ ask: { dev, blocking, unmapped: false }, pool, blocks: [], pages: [] });
  },
};

/** Blocks that fit: all, but for the last one of each page in kernels before 6.3, where it ends with the page. */
function blocksPerPage(m: Reference, { pool }: SmallPool): number {
  const count = Math.floor(pool.allocation / pool.size);
  const losesLast = m.setup.version !== '6.12' && pool.allocation % pool.size === 0 && count > 1;
  return losesLast ? count - 1 : count;
}

export const allocateBlocks: Definition<{ which: number; zero: boolean; count: number }> = {
  name: 'dma_pool_alloc',
  args: fc.record({ which: fc.nat(99), zero: fc.boolean(), count: fc.integer({ min: 1, max: 6 }) }),
  check: m => m.small.length > 0,
  act(m, r, { which, zero, count }) {
    for (let i = 0; i < count; i++) allocateBlock(m, r, pick(m.small, which), zero);
  },
};

function allocateBlock(m: Reference, r: System, small: SmallPool, zero: boolean): void {
  const { ask, pool, blocks, pages } = small;
  const count = Math.ceil(pool.allocation / PAGE);
  const needsPage = blocks.length === pages.length * blocksPerPage(m, small);
  const expected = needsPage ? m.expect(r, ask, count) : null;
  const block = (zero ? dma_pool_zalloc : dma_pool_alloc)(r.k, pool, gfpOf(ask.blocking));
  if (expected?.fails) {
    assert.equal(block, null, 'there should be no memory');
    return;
  }
  if (block === null && expected?.mayFail) return;
  assert.ok(block !== null, 'there should be memory');
  const { paddr } = r.lookUp(block.vaddr);
  if (expected !== null) {
    // The first block of a page is its start.
    const taken = judge(m, ask, expected, paddr, block.dma, count);
    pages.push({ taken, fact: m.factOf(r, ask, taken, block.vaddr) });
  }
  assert.equal(pool.nr_pages, pages.length);
  const inside = pages.some(
    ({ taken }) => paddr >= taken.paddr && paddr + pool.size <= taken.paddr + pool.allocation,
  );
  assert.ok(inside, 'a block outside of the pages of its pool');
  assert.equal(block.dma, m.handleOf(ask.dev, paddr));
  for (const { block: other } of blocks) {
    assert.ok(Math.abs(other.vaddr - block.vaddr) >= pool.size, 'blocks overlap');
  }
  const bytes = new Bytes(pool.size);
  if (zero) bytes.zero();
  blocks.push({ block, bytes });
}

export const freeBlock: Definition<{ which: number; block: number }> = {
  name: 'dma_pool_free',
  args: fc.record({ which: fc.nat(99), block: fc.nat(99) }),
  check: m => m.small.some(({ blocks }) => blocks.length > 0),
  act(m, r, args) {
    const { pool, blocks } = pick(
      m.small.filter(small => small.blocks.length > 0),
      args.which,
    );
    const held = pick(blocks, args.block);
    dma_pool_free(r.k, pool, held.block);
    remove(blocks, held);
  },
};

export function destroy(m: Reference, r: System, small: SmallPool): void {
  for (const { block } of small.blocks.splice(0)) dma_pool_free(r.k, small.pool, block);
  for (const page of small.pages) m.leaving(page);
  r.stopDevice();
  dma_pool_destroy(r.k, small.pool);
  for (const { taken } of small.pages) m.give(taken);
  remove(m.small, small);
}

export const destroyPool: Definition<{ which: number }> = {
  name: 'dma_pool_destroy',
  args: fc.record({ which: fc.nat(99) }),
  check: m => m.small.length > 0,
  act: (m, r, { which }) => destroy(m, r, pick(m.small, which)),
};

interface Use extends Part {
  readonly which: number;
  readonly block: number;
  readonly seed: number;
  readonly write: boolean;
  readonly byDevice: boolean;
}

export const useBlock: Definition<Use> = {
  name: 'use block',
  args: fc
    .tuple(
      part,
      fc.record({
        which: fc.nat(99),
        block: fc.nat(99),
        seed: fc.nat(255),
        write: fc.boolean(),
        byDevice: fc.boolean(),
      }),
    )
    .map(([place, rest]) => ({ ...place, ...rest })),
  check: m => m.small.some(({ blocks }) => blocks.length > 0),
  act(m, r, use) {
    const { pool, ask, blocks } = pick(
      m.small.filter(small => small.blocks.length > 0),
      use.which,
    );
    const { block, bytes } = pick(blocks, use.block);
    const { at, size } = cut(use, pool.size);
    if (use.write) {
      const data = pattern(use.seed, size);
      if (use.byDevice) r.deviceWrite(ask.dev, block.dma + at, data);
      else r.cpuWrite(block.vaddr + at, data);
      bytes.write(at, data);
      return;
    }
    compareBytes(use.byDevice ? 'device' : 'CPU', bytes, at, size, (from, count) =>
      use.byDevice ? r.deviceRead(ask.dev, block.dma + from, count) : r.cpuRead(block.vaddr + from, count),
    );
  },
};
