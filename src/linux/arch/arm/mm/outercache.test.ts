// SPDX-License-Identifier: GPL-2.0-only
/** Each outer cache: whole lines, partial lines, what is waited for, and the barriers that reach it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KiB } from '../../../../base/address.js';
import type { OuterCacheFacts } from '../../../../hw/facts.js';
import type { KconfigValue } from '../../../config.js';
import { dma_rmb, dma_wmb, mb, rmb, wmb } from '../include/asm/barrier.js';
import { cacheKernel, PHYS } from './cache-fixture.js';
import { outer_clean_range, outer_flush_range, outer_inv_range } from './outercache.js';

type Call = typeof outer_inv_range;

function seen(
  outer: Partial<OuterCacheFacts>,
  call: Call,
  start: number,
  size: number,
  symbols: Record<string, KconfigValue> = {},
): string[] {
  const { k, done } = cacheKernel({ core: 'Cortex-A9', outer, symbols });
  call(k, PHYS + start, size);
  return done();
}

const SYNC = ['outer-sync'];
/** Driven by CP15: a DSB is all there is to wait for. */
const DSB = ['dsb', 'outer-sync'];

test('partial lines of an invalidation are cleaned first, or lost', () => {
  const kept = ['outer clean-invalidate 0+20', 'outer clean-invalidate 40+20', 'outer invalidate 20+20'];
  for (const model of ['PL310', 'L210', 'L220'] as const) {
    assert.deepEqual(seen({ model }, outer_inv_range, 0x10, 0x40), [...kept, ...SYNC], model);
  }
  for (const model of ['Tauros2', 'Feroceon-L2', 'XSC3-L2'] as const) {
    assert.deepEqual(seen({ model }, outer_inv_range, 0x10, 0x40), [...kept, ...DSB], model);
  }
  assert.deepEqual(seen({ model: 'Aurora' }, outer_inv_range, 0x10, 0x40), [
    'outer invalidate 0+60',
    ...SYNC,
  ]);
  const uniphier = { model: 'UniPhier', lineBytes: 128 } as const;
  assert.deepEqual(seen(uniphier, outer_inv_range, 0x10, 0x80), ['outer invalidate 0+100', ...SYNC]);
});

test('a range within one line, and an empty one', () => {
  const edge = 'outer clean-invalidate 0+20';
  assert.deepEqual(seen({}, outer_inv_range, 4, 8), [edge, edge, ...SYNC]);
  assert.deepEqual(seen({ model: 'Feroceon-L2' }, outer_inv_range, 4, 8), [edge, ...DSB]);
  assert.deepEqual(seen({}, outer_inv_range, 0, 0), SYNC);
  assert.deepEqual(seen({ model: 'Aurora' }, outer_inv_range, 0, 0), []);
});

test('cleaning and flushing take every line that the range touches', () => {
  assert.deepEqual(seen({}, outer_clean_range, 0x10, 0x40), ['outer clean 0+60', ...SYNC]);
  assert.deepEqual(seen({}, outer_flush_range, 0x10, 0x40), ['outer clean-invalidate 0+60', ...SYNC]);
});

test('a write-through cache is never cleaned', () => {
  const aurora = { model: 'Aurora', writeThrough: true } as const;
  assert.deepEqual(seen(aurora, outer_clean_range, 0, 0x40), []);
  assert.deepEqual(seen(aurora, outer_flush_range, 0, 0x40), ['outer invalidate 0+40', ...SYNC]);
  const symbols = { CACHE_FEROCEON_L2_WRITETHROUGH: true };
  assert.deepEqual(seen({ model: 'Feroceon-L2' }, outer_clean_range, 0, 0x40, symbols), DSB);
});

test('a large range goes by way on L220, and on BCM281xx, where that is a bug with interrupts on', () => {
  const sizeBytes = 128 * KiB;
  assert.deepEqual(seen({ model: 'L220', sizeBytes }, outer_clean_range, 0, sizeBytes), [
    'outer all clean',
    ...SYNC,
  ]);
  assert.deepEqual(seen({ model: 'L220', sizeBytes }, outer_clean_range, 0x10, sizeBytes - 0x10), [
    'outer all clean',
    ...SYNC,
  ]);
  assert.deepEqual(seen({ model: 'PL310', sizeBytes }, outer_clean_range, 0, sizeBytes), [
    'outer clean 0+20000',
    ...SYNC,
  ]);
  const outer = { sizeBytes, compatible: 'brcm,bcm11351-a2-pl310-cache' };
  const { k, done } = cacheKernel({ core: 'Cortex-A9', outer });
  outer_flush_range(k, PHYS, sizeBytes);
  assert.deepEqual(done(), ['outer all clean-invalidate', ...SYNC]);
  assert.equal(k.log.lines.length, 1);
});

test('a cache that the kernel has no driver for is left alone', () => {
  assert.deepEqual(seen({}, outer_flush_range, 0, 0x40, { CACHE_L2X0: false }), []);
  assert.deepEqual(seen({ needsMaintenance: false }, outer_flush_range, 0, 0x40), []);
});

test('mb() and wmb() reach the buffers of an outer cache that has a sync', () => {
  const symbols = { SMP: true, ARM_DMA_MEM_BUFFERABLE: true };
  const barrier = (outer: Partial<OuterCacheFacts>): string[] => {
    const { k, done } = cacheKernel({ core: 'Cortex-A9', outer, symbols });
    mb(k);
    wmb(k);
    return done();
  };
  assert.deepEqual(barrier({}), ['dsb', 'outer-sync', 'dsb', 'outer-sync']);
  for (const outer of [
    { ioCoherent: true },
    { syncDisabled: true },
    { model: 'Tauros3', needsMaintenance: false },
    { model: 'Feroceon-L2' },
  ] as const) {
    assert.deepEqual(barrier(outer), ['dsb', 'dsb'], JSON.stringify(outer));
  }
});

test('a kernel for one old core has no barriers', () => {
  const run = (core: string, symbols: Record<string, KconfigValue>): string[] => {
    const { k, done } = cacheKernel({ core, symbols });
    for (const call of [mb, rmb, wmb, dma_rmb, dma_wmb]) call(k);
    return done();
  };
  assert.deepEqual(run('ARM926EJ-S', {}), []);
  assert.deepEqual(run('Cortex-A8', { ARM_DMA_MEM_BUFFERABLE: true }), ['dsb', 'dsb', 'dsb', 'dmb', 'dmb']);
});
