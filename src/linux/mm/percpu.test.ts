// SPDX-License-Identifier: GPL-2.0-only
/** Per-CPU memory as a recorded kernel took it: Debian 6.1.176 armmp with two CPUs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discovered } from '../arch/arm/kernel/discovery-fixture.js';
import { type KconfigValue, KernelConfig, type KernelVersion } from '../config.js';
import type { Kernel } from '../kernel.js';
import { setup_per_cpu_areas } from './percpu.js';

const DEBIAN = { MODULES: true, MEMCG: true, MEMCG_KMEM: true, ARM_L1_CACHE_SHIFT: 6 };

/** Sizes of what is reserved at the top of memory, from the top down; what touches counts as one. */
function taken(
  version: KernelVersion,
  symbols: Record<string, KconfigValue>,
  perCpuBytes: number,
  cores = 2,
): number[] {
  const k = discovered({ version, cores, symbols: { ...DEBIAN, ...symbols, DMA_CMA: false } });
  const config = new KernelConfig({ ...k.config.parts(), image: { ...k.config.image, perCpuBytes } });
  const withImage: Kernel = Object.assign(Object.create(Object.getPrototypeOf(k)), k, { config });
  const before = new Set(k.memblock.reserved.map(({ start }) => start));
  k.memblock.memblock_set_current_limit(k.memory.arm_lowmem_limit);
  setup_per_cpu_areas(withImage);
  const ranges = k.memblock.reserved.filter(({ start }) => !before.has(start));
  return ranges.map(({ start, end }) => end - start).reverse();
}

test('two CPUs: areas, group and unit tables, slots, and the two first chunks', () => {
  assert.deepEqual(taken('6.1', {}, 0xac00), [
    2 * 18 * 4096,
    4,
    4,
    8,
    8,
    0x90,
    0x1e0,
    0x184,
    0x60,
    0x360,
    // The bitmaps of bounds and blocks of the dynamic chunk.
    0x3c4,
  ]);
});

test('6.12 begins a cache line in the chunk; each CPU has its area and its place in the tables', () => {
  const [area, , , map, offsets, , chunk] = taken('6.12', { MEMCG: false }, 14 * 1024, 4);
  assert.deepEqual([area, map, offsets], [4 * 11 * 4096, 16, 16]);
  assert.equal(chunk, 128 + 4 + 0x180);
});

test('copies of kmalloc caches and tags of allocations take more, from 6.12 on', () => {
  const area = (version: KernelVersion, symbols: Record<string, KconfigValue>) =>
    taken(version, symbols, 14 * 1024)[0];
  for (const version of ['6.1', '6.12'] as const) assert.equal(area(version, {}), 2 * 11 * 4096);
  assert.equal(area('6.12', { RANDOM_KMALLOC_CACHES: true }), 2 * 26 * 4096);
  assert.equal(area('6.12', { MEM_ALLOC_PROFILING: true }), 2 * 25 * 4096);
  assert.equal(area('6.1', { RANDOM_KMALLOC_CACHES: true, MEM_ALLOC_PROFILING: true }), 2 * 11 * 4096);
  const uniprocessor = { SMP: false, CPU_V7: false, ARM_L1_CACHE_SHIFT: 5, RANDOM_KMALLOC_CACHES: true };
  assert.equal(taken('6.12', uniprocessor, 0)[0], 128 * 1024);
});

test('without SMP there is one unit of 32 KiB and no reserved chunk', () => {
  const symbols = { SMP: false, CPU_V7: false, MEMCG: false, ARM_L1_CACHE_SHIFT: 5 };
  const sizes = taken('6.12', symbols, 0);
  assert.equal(sizes[0], 32 * 1024);
  assert.deepEqual(sizes.slice(-3), [0x88, 0x45c, 0x504]);
});

test('a kernel without room for the areas panics', () => {
  for (const SMP of [true, false]) {
    const k = discovered({ version: '6.12', symbols: { ...DEBIAN, SMP, DMA_CMA: false } });
    k.memblock.memblock_set_current_limit(k.memory.arm_lowmem_limit);
    for (let bytes = 1024 * 1024 * 1024; bytes >= 32768; bytes /= 2) {
      while (k.memblock.memblock_alloc(bytes, 4096) !== 0);
    }
    assert.throws(
      () => setup_per_cpu_areas(k),
      /the kernel panics: failed to allocate memory for percpu areas/,
    );
  }
});
