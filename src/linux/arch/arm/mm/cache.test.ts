// SPDX-License-Identifier: GPL-2.0-only
/** What each family of cores is asked to do for a range, whole lines and parts of lines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DMA_BIDIRECTIONAL, DMA_FROM_DEVICE, DMA_TO_DEVICE } from '../../../include/linux/dma-mapping.js';
import {
  __cpuc_flush_dcache_area,
  __cpuc_flush_user_range,
  dmac_flush_range,
  dmac_map_area,
  dmac_unmap_area,
  flush_cache_all,
  flush_kernel_vmap_range,
} from './cache.js';
import { type CacheKernel, type CacheOptions, cacheKernel, VIRT } from './cache-fixture.js';

/** Bytes 0x10 to 0x50 of 32-byte lines: the second half of line 0, line 20, the first half of line 40. */
const START = VIRT + 0x10;
const SIZE = 0x40;

interface Expected {
  readonly to: readonly string[];
  readonly from: readonly string[];
  readonly both: readonly string[];
  readonly unmap: readonly string[];
  readonly flush: readonly string[];
}

function sequences({ k, done }: CacheKernel): Expected {
  const run = (call: () => void): string[] => {
    call();
    return done();
  };
  const to = run(() => dmac_map_area(k, START, SIZE, DMA_TO_DEVICE));
  const from = run(() => dmac_map_area(k, START, SIZE, DMA_FROM_DEVICE));
  const both = run(() => dmac_map_area(k, START, SIZE, DMA_BIDIRECTIONAL));
  const unmap = run(() => dmac_unmap_area(k, START, SIZE, DMA_FROM_DEVICE));
  assert.deepEqual(
    run(() => dmac_unmap_area(k, START, SIZE, DMA_BIDIRECTIONAL)),
    unmap,
  );
  assert.deepEqual(
    run(() => dmac_unmap_area(k, START, SIZE, DMA_TO_DEVICE)),
    [],
  );
  return { to, from, both, unmap, flush: run(() => dmac_flush_range(k, START, SIZE)) };
}

const CLEAN = ['clean 0+60', 'dsb'];
const FLUSH = ['clean-invalidate 0+60', 'dsb'];
/** Partial lines are cleaned, and all lines invalidated. */
const INV_CLEANED = ['clean 0+20', 'clean 40+20', 'invalidate 0+60', 'dsb'];
const INV_V7 = ['clean-invalidate 0+20', 'clean-invalidate 40+20', 'invalidate 20+20', 'dsb'];
const INV_V6 = ['clean 0+20', 'clean-invalidate 40+20', 'invalidate 0+40', 'dsb'];
const ARM9: Expected = { to: CLEAN, from: INV_CLEANED, both: FLUSH, unmap: [], flush: FLUSH };
const WRITE_THROUGH = { CPU_DCACHE_WRITETHROUGH: true };

const CASES: readonly (CacheOptions & { readonly expected: Expected })[] = [
  { core: 'Cortex-A9', expected: { to: CLEAN, from: INV_V7, both: CLEAN, unmap: INV_V7, flush: FLUSH } },
  { core: 'ARM1176JZF-S', expected: { to: CLEAN, from: INV_V6, both: CLEAN, unmap: INV_V6, flush: FLUSH } },
  {
    core: 'ARM11 MPCore',
    version: '6.1',
    symbols: { DMA_CACHE_RWFO: true },
    expected: { to: CLEAN, from: INV_V6, both: FLUSH, unmap: [], flush: FLUSH },
  },
  { core: 'ARM926EJ-S', expected: ARM9 },
  { core: 'ARM920T', expected: ARM9 },
  { core: 'ARM1022E', expected: ARM9 },
  { core: 'XScale', expected: ARM9 },
  { core: 'XScale3', expected: ARM9 },
  { core: 'Mohawk', expected: ARM9 },
  { core: 'Feroceon', midr: 0x56055310, expected: ARM9 },
  { core: 'Feroceon', expected: { ...ARM9, from: INV_CLEANED.slice(0, -1) } },
  { core: 'XScale', midr: 0x69052001, expected: { ...ARM9, from: FLUSH } },
  {
    core: 'SA-1100',
    expected: { ...ARM9, both: [FLUSH[0]!, 'icache', 'dsb'], flush: [FLUSH[0]!, 'icache', 'dsb'] },
  },
  {
    core: 'ARM926EJ-S',
    symbols: WRITE_THROUGH,
    expected: {
      to: ['dsb'],
      from: ['invalidate 0+60', 'dsb'],
      both: ['invalidate 0+60', 'dsb'],
      unmap: [],
      flush: ['invalidate 0+60', 'dsb'],
    },
  },
  {
    core: 'ARM920T',
    symbols: WRITE_THROUGH,
    expected: { to: [], from: [], both: [], unmap: ['invalidate 0+60'], flush: ['invalidate 0+60'] },
  },
  {
    core: 'ARM720T',
    expected: { to: [], from: [], both: [], unmap: ['all invalidate'], flush: ['all invalidate'] },
  },
  { core: 'Cortex-M4', expected: { to: [], from: [], both: [], unmap: [], flush: [] } },
];

test('each family does what its file in arch/arm/mm does', () => {
  for (const { expected, ...options } of CASES) {
    assert.deepEqual(sequences(cacheKernel(options)), expected, JSON.stringify(options));
  }
});

test('16-byte lines: FA526 gets the first line out before it invalidates it, ARM925 cleans it', () => {
  const { k, done } = cacheKernel({ core: 'FA526' });
  dmac_map_area(k, VIRT + 8, 0x30, DMA_FROM_DEVICE);
  assert.deepEqual(done(), ['clean-invalidate 0+10', 'clean-invalidate 30+10', 'invalidate 0+30', 'dsb']);
  const arm925 = cacheKernel({ core: 'ARM925T' });
  dmac_map_area(arm925.k, VIRT + 8, 0x30, DMA_FROM_DEVICE);
  assert.deepEqual(arm925.done(), ['clean 0+10', 'clean 30+10', 'invalidate 0+40', 'dsb']);
});

test('within one line, both ends of which are partial', () => {
  const inOneLine = (core: string): string[] => {
    const { k, done } = cacheKernel({ core });
    dmac_map_area(k, VIRT + 4, 8, DMA_FROM_DEVICE);
    return done();
  };
  assert.deepEqual(inOneLine('Cortex-A9'), ['clean-invalidate 0+20', 'clean-invalidate 0+20', 'dsb']);
  assert.deepEqual(inOneLine('ARM1136JF-S'), [
    'clean 0+20',
    'clean-invalidate 0+20',
    'invalidate 0+20',
    'dsb',
  ]);
  assert.deepEqual(inOneLine('ARM926EJ-S'), ['clean 0+20', 'clean 0+20', 'invalidate 0+20', 'dsb']);
});

test('an empty range costs a line, except where v7 invalidates', () => {
  const empty = (core: string, direction: number): string[] => {
    const { k, done } = cacheKernel({ core });
    dmac_map_area(k, VIRT, 0, direction);
    return done();
  };
  assert.deepEqual(empty('Cortex-A9', DMA_FROM_DEVICE), ['dsb']);
  assert.deepEqual(empty('Cortex-A9', DMA_TO_DEVICE), ['clean 0+20', 'dsb']);
  for (const core of ['ARM1176JZF-S', 'ARM926EJ-S']) {
    assert.deepEqual(empty(core, DMA_FROM_DEVICE), ['invalidate 0+20', 'dsb']);
  }
});

test('the line length of a v7 core is its own', () => {
  const { k, done } = cacheKernel({ core: 'Cortex-A15' });
  dmac_map_area(k, VIRT + 0x20, 0x100, DMA_FROM_DEVICE);
  assert.deepEqual(done(), ['clean-invalidate 0+40', 'clean-invalidate 100+40', 'invalidate 40+c0', 'dsb']);
});

test('erratum 764369 puts a barrier before each range, on several cores only', () => {
  const symbols = { ARM_ERRATA_764369: true };
  const { k, done } = cacheKernel({ core: 'Cortex-A9', smp: true, symbols });
  dmac_flush_range(k, VIRT, 0x20);
  dmac_map_area(k, VIRT, 0x20, DMA_FROM_DEVICE);
  assert.deepEqual(done(), ['dsb', 'clean-invalidate 0+20', 'dsb', 'dsb', 'invalidate 0+20', 'dsb']);
  const alone = cacheKernel({ core: 'Cortex-A9', symbols });
  dmac_flush_range(alone.k, VIRT, 0x20);
  assert.deepEqual(alone.done(), ['clean-invalidate 0+20', 'dsb']);
});

test('everything: v6 and Mohawk do not wait, v7 not for instructions, write-through has nothing to clean', () => {
  const all = (core: string, symbols = {}): string[] => {
    const { k, done } = cacheKernel({ core, symbols });
    flush_cache_all(k);
    return done();
  };
  assert.deepEqual(all('Cortex-A8'), ['all clean-invalidate', 'dsb', 'icache']);
  assert.deepEqual(all('ARM1176JZF-S'), ['all clean-invalidate', 'icache']);
  assert.deepEqual(all('Mohawk'), ['all clean-invalidate', 'icache']);
  assert.deepEqual(all('ARM926EJ-S'), ['all clean-invalidate', 'icache', 'dsb']);
  assert.deepEqual(all('ARM926EJ-S', WRITE_THROUGH), ['all invalidate', 'icache', 'dsb']);
});

test('a flush of the direct map: one page on Kirkwood, one line too few from the middle of a line', () => {
  const area = (core: string, start: number, size: number): string[] => {
    const { k, done } = cacheKernel({ core });
    __cpuc_flush_dcache_area(k, VIRT + start, size);
    return done();
  };
  assert.deepEqual(area('ARM926EJ-S', 0, 0x4000), ['clean-invalidate 0+4000', 'icache', 'dsb']);
  assert.deepEqual(area('Feroceon', 0, 0x4000), ['clean-invalidate 0+1000', 'icache', 'dsb']);
  assert.deepEqual(area('ARM926EJ-S', 0x10, 0x20), ['clean-invalidate 0+20', 'icache', 'dsb']);
  assert.deepEqual(area('ARM1176JZF-S', 0x10, 0x20), ['clean-invalidate 0+40', 'dsb']);
});

test('flush_kernel_vmap_range() is for caches with aliases', () => {
  const arm926 = cacheKernel({ core: 'ARM926EJ-S' });
  flush_kernel_vmap_range(arm926.k, VIRT, 0x40);
  assert.deepEqual(arm926.done(), ['clean-invalidate 0+40', 'icache', 'dsb']);
  const a9 = cacheKernel({ core: 'Cortex-A9' });
  flush_kernel_vmap_range(a9.k, VIRT, 0x40);
  assert.deepEqual(a9.done(), []);
});

test('user addresses: by line up to a limit, then everything; only code is waited for', () => {
  const user = (core: string, size: number, exec: boolean, midr?: number): string[] => {
    const { k, done } = cacheKernel({ core, ...(midr !== undefined && { midr }) });
    __cpuc_flush_user_range(k, VIRT, VIRT + size, exec);
    return done();
  };
  assert.deepEqual(user('ARM926EJ-S', 0x4000, false), ['clean-invalidate 0+4000']);
  assert.deepEqual(user('ARM926EJ-S', 0x5000, false), ['all clean-invalidate']);
  assert.deepEqual(user('ARM922T', 0x2000, false), ['all clean-invalidate']);
  assert.deepEqual(user('ARM926EJ-S', 0x1000, true), ['clean-invalidate 0+1000', 'icache', 'dsb']);
  assert.deepEqual(user('Cortex-A9', 0x1000, true), []);
  // StrongARM drains after a flush of everything, code or not.
  assert.deepEqual(user('ARM926EJ-S', 0x8000, false, 0x4401a100), ['clean-invalidate 0+8000']);
  assert.deepEqual(user('ARM926EJ-S', 0x10000, false, 0x4401a100), ['all clean-invalidate', 'dsb']);
});
