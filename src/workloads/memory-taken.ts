// SPDX-License-Identifier: GPL-2.0-only
/**
 * What users other than the atomic pools hold of a kernel's memory. A workload that has freed all its buffers
 * leaves these numbers as it found them, whatever it allocated and in whichever order it freed: anything else is
 * a leak. Pools and page tables are left out, since both grow on demand and never shrink.
 */
import { overlapBytes } from '../base/address.js';
import type { device } from '../linux/include/linux/device.js';
import { PAGE_SIZE } from '../linux/include/linux/pfn.js';
import type { Kernel } from '../linux/kernel.js';
import type { GenPool, GenPoolChunk } from '../linux/lib/genalloc.js';
import { cma_used_pages } from '../linux/mm/cma.js';
import { is_vmalloc_addr, vmalloc_used } from '../linux/mm/vmalloc.js';

export interface MemoryTaken {
  /** Pages of all zones that are neither free nor a page table's. */
  readonly pages: number;
  readonly cmaPages: number;
  /** Guard pages included. */
  readonly vmallocBytes: number;
  /** Bytes of atomic pools that somebody holds. */
  readonly poolBytes: number;
  /** Pages of the device's own pool, slots of its bounce buffers. */
  readonly ownPages: number;
  readonly bounceSlots: number;
  /** Pages of addresses that the device has behind an IOMMU. */
  readonly iovaPages: number;
  /** Buffers that ARM's allocator keeps a record of. */
  readonly armBuffers: number;
}

/** The pools for atomic allocations that the kernel has. */
export function atomicPools(k: Kernel): GenPool[] {
  return [k.dma.atomic_pool, k.dma.atomic_pool_kernel, k.dma.atomic_pool_dma].filter(pool => pool !== null);
}

/** Pages that lie in contiguous areas and are in use. */
export function cmaPagesUsed(k: Kernel): number {
  return k.cma.areas.reduce((sum, area) => sum + cma_used_pages(area), 0);
}

function chunkPages(chunk: GenPoolChunk): number {
  return (chunk.end_addr - chunk.start_addr) / PAGE_SIZE;
}

function cmaPagesOf(k: Kernel, chunk: GenPoolChunk): number {
  const range = { start: chunk.phys_addr, end: chunk.phys_addr + chunkPages(chunk) * PAGE_SIZE };
  const bytes = k.cma.areas.map(({ base, size }) => overlapBytes(range, { start: base, end: base + size }));
  return bytes.reduce((sum, part) => sum + part, 0) / PAGE_SIZE;
}

export function memoryTaken(k: Kernel, dev: device): MemoryTaken {
  const pools = atomicPools(k);
  const chunks = pools.flatMap(pool => pool.chunks);
  const sum = (count: (chunk: GenPoolChunk) => number): number =>
    chunks.reduce((total, chunk) => total + count(chunk), 0);
  const zonePages = k.pages.zones.reduce(
    (total, { managed_pages, free_pages, pcp }) => total + managed_pages - free_pages - pcp.count,
    0,
  );
  return {
    pages: zonePages - k.mmu.tablePages - sum(chunkPages),
    cmaPages: cmaPagesUsed(k) - sum(chunk => cmaPagesOf(k, chunk)),
    vmallocBytes:
      vmalloc_used(k) -
      sum(chunk => (is_vmalloc_addr(k, chunk.start_addr) ? (chunkPages(chunk) + 1) * PAGE_SIZE : 0)),
    poolBytes: pools.reduce((total, pool) => total + pool.gen_pool_size() - pool.gen_pool_avail(), 0),
    ownPages: dev.dma_mem?.bitmap.bitmap_weight() ?? 0,
    bounceSlots: dev.dma_io_tlb_mem?.used ?? 0,
    iovaPages: dev.mapping?.used ?? 0,
    armBuffers: k.dma.arm_dma_bufs.size,
  };
}

/**
 * What is held that was not before, in words; null where nothing is. The kernel has such paths: an oops loses the
 * buffer that was being freed, and a pool that cannot be mapped leaves its contiguous pages marked as used.
 */
export function lostMemory(k: Kernel, dev: device, before: MemoryTaken): string | null {
  const after = memoryTaken(k, dev);
  const lost = Object.keys(before)
    .map(key => key as keyof MemoryTaken)
    .filter(key => before[key] !== after[key])
    .map(key => `${key} ${before[key]} -> ${after[key]}`);
  return lost.length === 0 ? null : `${dev.name}: ${lost.join(', ')}`;
}
