// SPDX-License-Identifier: GPL-2.0-only
/**
 * Pools of small coherent blocks: dma_pool_create(), dma_pool_alloc() and their kin. Linux: mm/dmapool.c (v6.12;
 * 5.15 and 6.1 alike among themselves, in dmapool-6.1.ts). What is free is written in the free blocks themselves,
 * which the device reaches: a device that writes to a block after it was freed breaks the list here, too.
 * 6.12 has one list of blocks in each pool. A new page puts its blocks before all others, in ascending order; a freed
 * block comes first of all.
 * Left out: DMAPOOL_DEBUG (CONFIG_SLUB_DEBUG_ON), sysfs, managed pools. There is no slab, so that the bookkeeping
 * never fails.
 * Model: where a broken list would make a kernel oops, that is told in the log and the pool hands out nothing.
 */
import { alignUp, type DmaAddr, hex, type Vaddr } from '../../base/address.js';
import type { device } from '../include/linux/device.js';
import { dmaAddrBits } from '../include/linux/dma-mapping.js';
import { __GFP_ZERO } from '../include/linux/gfp.js';
import { want_init_on_alloc, want_init_on_free } from '../include/linux/mm.js';
import { PAGE_SIZE } from '../include/linux/pfn.js';
import type { DmaBuffer } from '../kernel/dma/arch.js';
import { dma_alloc_coherent, dma_free_coherent } from '../kernel/dma/mapping.js';
import type { Kernel } from '../kernel.js';
import { PagedDmaPool } from './dmapool-6.1.js';

const INT_MAX = 2 ** 31 - 1;

/** What dma_pool_alloc() hands out. */
export interface DmaPoolBlock {
  readonly vaddr: Vaddr;
  readonly dma: DmaAddr;
}

/** The sizes that dma_pool_create() has worked out. */
export interface DmaPoolGeometry {
  readonly name: string;
  readonly dev: device;
  /** Bytes of a block. */
  readonly size: number;
  /** Bytes that are allocated at a time. */
  readonly allocation: number;
  /** No block crosses a multiple of this. */
  readonly boundary: number;
}

/** A pool, whichever way its kernel keeps it. */
export interface dma_pool extends DmaPoolGeometry {
  /** Pages (of `allocation` bytes) that the pool has. */
  readonly nr_pages: number;
  alloc(k: Kernel, gfp: number): DmaPoolBlock | null;
  free(k: Kernel, vaddr: Vaddr, dma: DmaAddr): void;
  destroy(k: Kernel): void;
}

/**
 * sizeof(struct dma_block): a pointer and a bus address, of which a 64-bit one is aligned to 8 bytes.
 * Before 6.12 a block only had to hold an int.
 */
function smallestBlock(k: Kernel): number {
  if (!k.config.atLeast('6.12')) return 4;
  return dmaAddrBits(k) === 64 ? 16 : 8;
}

function isPowerOfTwo(value: number): boolean {
  return 2 ** Math.round(Math.log2(value)) === value;
}

/**
 * `boundary` 0: that of an allocation. Null where the arguments make no sense.
 * Linux: mm/dmapool.c, dma_pool_create() (v6.12).
 */
export function dma_pool_create(
  k: Kernel,
  name: string,
  dev: device,
  size: number,
  align: number,
  boundary: number,
): dma_pool | null {
  const isNew = k.config.atLeast('6.12');
  const alignment = align === 0 ? 1 : align;
  if (!isPowerOfTwo(alignment) || size === 0 || (isNew && size > INT_MAX)) return null;
  const block = alignUp(Math.max(size, smallestBlock(k)), alignment);
  const allocation = Math.max(block, PAGE_SIZE);
  if (boundary !== 0 && (boundary < block || !isPowerOfTwo(boundary))) return null;
  const limit = boundary === 0 ? allocation : boundary;
  const geometry = { name, dev, size: block, allocation };
  if (!isNew) return new PagedDmaPool({ ...geometry, boundary: limit });
  return new ListedDmaPool({ ...geometry, boundary: Math.min(limit, allocation) });
}

/** Linux: mm/dmapool.c, dma_pool_destroy() (v6.12). Null is no pool. */
export function dma_pool_destroy(k: Kernel, pool: dma_pool | null): void {
  pool?.destroy(k);
}

/** A block, not zeroed unless `gfp` says so. Linux: mm/dmapool.c, dma_pool_alloc() (v6.12). */
export function dma_pool_alloc(k: Kernel, pool: dma_pool, gfp: number): DmaPoolBlock | null {
  const block = pool.alloc(k, gfp);
  if (block === null) return null;
  if (want_init_on_alloc(k, gfp)) k.machine.access.fill(block.vaddr, pool.size, 0);
  return block;
}

/** Linux: include/linux/dmapool.h, dma_pool_zalloc() (v6.12). */
export function dma_pool_zalloc(k: Kernel, pool: dma_pool, gfp: number): DmaPoolBlock | null {
  return dma_pool_alloc(k, pool, gfp | __GFP_ZERO);
}

/** Linux: mm/dmapool.c, dma_pool_free() (v6.12). */
export function dma_pool_free(k: Kernel, pool: dma_pool, block: DmaPoolBlock): void {
  pool.free(k, block.vaddr, block.dma);
}

/**
 * struct dma_pool of 6.12. A free block begins with struct dma_block:
 *
 *   +0       next_block, 0 at the end
 *   +4 or 8  dma: the block's bus address, 4 or 8 bytes
 */
class ListedDmaPool implements dma_pool {
  readonly name: string;
  readonly dev: device;
  readonly size: number;
  readonly allocation: number;
  readonly boundary: number;
  nr_blocks = 0;
  nr_active = 0;
  /** The first free block, 0: none. */
  private next_block: Vaddr = 0;
  /** page_list, the newest first. */
  private readonly page_list: DmaBuffer[] = [];

  constructor({ name, dev, size, allocation, boundary }: DmaPoolGeometry) {
    this.name = name;
    this.dev = dev;
    this.size = size;
    this.allocation = allocation;
    this.boundary = boundary;
  }

  get nr_pages(): number {
    return this.page_list.length;
  }

  alloc(k: Kernel, gfp: number): DmaPoolBlock | null {
    if (this.next_block === 0) {
      const page = dma_alloc_coherent(k, this.dev, this.allocation, gfp & ~__GFP_ZERO);
      if (page === null) return null;
      this.initialisePage(k, page);
    }
    return this.pop(k);
  }

  free(k: Kernel, vaddr: Vaddr, dma: DmaAddr): void {
    if (want_init_on_free(k)) k.machine.access.fill(vaddr, this.size, 0);
    this.writeBlock(k, vaddr, dma, this.next_block);
    this.next_block = vaddr;
    this.nr_active--;
  }

  destroy(k: Kernel): void {
    const busy = this.nr_active !== 0;
    if (busy) k.log.pr_err(`${this.dev.name}: dma_pool_destroy ${this.name} busy`);
    for (const page of this.page_list.splice(0)) {
      if (!busy) dma_free_coherent(k, this.dev, this.allocation, page);
    }
    this.next_block = 0;
  }

  /** Linux: pool_initialise_page() (v6.12). */
  private initialisePage(k: Kernel, page: DmaBuffer): void {
    const offsets: number[] = [];
    let next_boundary = this.boundary;
    for (let offset = 0; offset + this.size <= this.allocation; ) {
      if (offset + this.size > next_boundary) {
        offset = next_boundary;
        next_boundary += this.boundary;
        continue;
      }
      offsets.push(offset);
      offset += this.size;
    }
    for (const [i, offset] of offsets.entries()) {
      const following = offsets[i + 1];
      const next = following === undefined ? this.next_block : page.cpu_addr + following;
      this.writeBlock(k, page.cpu_addr + offset, page.dma_handle + offset, next);
    }
    this.nr_blocks += offsets.length;
    this.next_block = page.cpu_addr;
    this.page_list.unshift(page);
  }

  /** Linux: pool_block_pop() (v6.12). */
  private pop(k: Kernel): DmaPoolBlock | null {
    const { access } = k.machine;
    const vaddr = this.next_block;
    if (!this.isBlock(vaddr)) {
      k.log.WARN(`Oops: dma_pool_alloc: ${this.name}: ${hex(vaddr, 8)} on the list of free blocks`);
      return null;
    }
    const wide = dmaAddrBits(k) === 64;
    this.next_block = access.load32(vaddr);
    this.nr_active++;
    const dma = wide
      ? access.load32(vaddr + 8) + access.load32(vaddr + 12) * 2 ** 32
      : access.load32(vaddr + 4);
    return { vaddr, dma };
  }

  private isBlock(vaddr: Vaddr): boolean {
    return this.page_list.some(
      ({ cpu_addr }) => vaddr >= cpu_addr && vaddr + this.size <= cpu_addr + this.allocation,
    );
  }

  private writeBlock(k: Kernel, vaddr: Vaddr, dma: DmaAddr, next: Vaddr): void {
    const { access } = k.machine;
    if (dmaAddrBits(k) === 64) {
      access.store32(vaddr + 8, dma % 2 ** 32);
      access.store32(vaddr + 12, Math.floor(dma / 2 ** 32));
    } else access.store32(vaddr + 4, dma);
    access.store32(vaddr, next);
  }
}
