// SPDX-License-Identifier: GPL-2.0-only
/** After all commands: everything is freed, and the kernel must have what it had before, but for what pools keep. */
import assert from 'node:assert/strict';
import { cma_used_pages } from '../../src/linux/mm/cma.js';
import { is_vmalloc_addr, vmalloc_used } from '../../src/linux/mm/vmalloc.js';
import { checkFindings } from './checks.js';
import { freeCoherent } from './coherent-commands.js';
import { destroy } from './pool-commands.js';
import { PAGE, type Reference } from './reference.js';
import { freeStream } from './stream-commands.js';
import type { System } from './system.js';

/** What a kernel has. */
interface Belongings {
  readonly free: number;
  readonly contiguous: number;
  readonly ownArea: number;
  readonly vmalloc: number;
  readonly ownPool: number;
  readonly slots: number;
  readonly armBuffers: number;
}

export function belongingsOf(r: System): Belongings {
  const { k } = r;
  // Pools grow and keep what they have; tables of the kernel's own addresses stay.
  let buddy = k.mmu.tablePages;
  let contiguous = 0;
  let vmalloc = 0;
  const area = k.cma.dma_contiguous_default_area!;
  const { atomic_pool, atomic_pool_kernel, atomic_pool_dma } = k.dma;
  for (const pool of [atomic_pool, atomic_pool_kernel, atomic_pool_dma]) {
    for (const { phys_addr, start_addr, end_addr } of pool?.chunks ?? []) {
      const pages = (end_addr - start_addr) / PAGE;
      if (phys_addr >= area.base && phys_addr < area.base + area.size) contiguous += pages;
      else buddy += pages;
      if (is_vmalloc_addr(k, start_addr)) vmalloc += (pages + 1) * PAGE;
    }
  }
  return {
    free: k.pages.free_pages + buddy,
    contiguous: cma_used_pages(area) - contiguous,
    ownArea: cma_used_pages(r.dev('area').cma_area!),
    vmalloc: vmalloc_used(k) - vmalloc,
    ownPool: r.dev('pool').dma_mem!.bitmap.bitmap_weight(),
    slots: r.restrictedPool?.used ?? 0,
    armBuffers: k.dma.arm_dma_bufs.size,
  };
}

export function finish(m: Reference, r: System, before: Belongings): void {
  while (m.coherent.length > 0) freeCoherent(m, r, m.coherent[0]!);
  while (m.streams.length > 0) freeStream(m, r, m.streams[0]!);
  while (m.small.length > 0) destroy(m, r, m.small[0]!);
  r.k.workqueue.run();
  m.learnPools(r);
  checkFindings(m, r);
  assert.deepEqual(belongingsOf(r), before, 'not everything came back');
  assert.equal(m.slots?.inUse ?? 0, 0);
  assert.equal(m.ownPool.inUse, 0);
  assert.equal(m.contiguous.inUse, cma_used_pages(r.k.cma.dma_contiguous_default_area!), 'contiguous pages');
  assert.equal(m.poolsInUse, 0);
  for (const pool of [r.k.dma.atomic_pool, r.k.dma.atomic_pool_kernel, r.k.dma.atomic_pool_dma]) {
    if (pool === null) continue;
    assert.equal(pool.gen_pool_avail(), pool.gen_pool_size());
    for (const { bits } of pool.chunks) assert.equal(bits.bitmap_weight(), 0, 'pages of a pool');
  }
  // Each slot sees free ones up to the end of its segment.
  const list = r.restrictedPool?.list ?? [];
  for (const [slot, free] of list.entries()) assert.equal(free, 128 - (slot % 128), `slot ${slot}`);
}
