// SPDX-License-Identifier: GPL-2.0-only
/**
 * Memory that belongs to one device, declared by a 'shared-dma-pool' node with 'no-map'.
 * Linux: kernel/dma/coherent.c (v6.12; the same in 6.1).
 * A device that has such a pool gets coherent memory from nowhere else, also when the pool is full.
 * mmap of such memory: user-map.ts. Left out: dma_declare_coherent_memory() of board code, DMA_GLOBAL_POOL (no-MMU ARM only).
 */
import {
  type DmaAddr,
  hex,
  MiB,
  overlapBytes,
  type Paddr,
  type Pfn,
  type Vaddr,
} from '../../../base/address.js';
import { ioremap_wc } from '../../arch/arm/mm/ioremap.js';
import type { reserved_mem } from '../../drivers/of/of_reserved_mem.js';
import type { device } from '../../include/linux/device.js';
import { min_not_zero, phys_to_dma } from '../../include/linux/dma-direct.js';
import { EBUSY, EINVAL } from '../../include/linux/errno.js';
import { get_order, PAGE_SIZE, PFN_DOWN, PFN_PHYS } from '../../include/linux/pfn.js';
import { pa } from '../../include/linux/types.js';
import type { Kernel } from '../../kernel.js';
import { Bitmap } from '../../lib/bitmap.js';

/** struct dma_coherent_mem. */
export class DmaCoherentMem {
  /** Start of the write-combining mapping. */
  readonly virt_base: Vaddr;
  readonly pfn_base: Pfn;
  /** Pages. */
  readonly size: number;
  /** A bit for each page in use. */
  readonly bitmap: Bitmap;

  constructor(virt_base: Vaddr, pfn_base: Pfn, pages: number) {
    this.virt_base = virt_base;
    this.pfn_base = pfn_base;
    this.size = pages;
    this.bitmap = new Bitmap(pages);
  }

  /** First page of a free block of 2^order pages, aligned to its size within the pool; negative: none. */
  take(size: number): number {
    if (size > this.size * PAGE_SIZE) return -1;
    return this.bitmap.bitmap_find_free_region(this.size, get_order(size));
  }

  contains(vaddr: Vaddr): boolean {
    return this.holds(vaddr, 1);
  }

  /** Is all of [vaddr, vaddr + size) in the pool? */
  holds(vaddr: Vaddr, size: number): boolean {
    return vaddr >= this.virt_base && vaddr + size <= this.virt_base + this.size * PAGE_SIZE;
  }

  hasPage(pfn: Pfn): boolean {
    return pfn >= this.pfn_base && pfn < this.pfn_base + this.size;
  }

  pfnOf(vaddr: Vaddr): Pfn {
    return this.pfn_base + Math.floor((vaddr - this.virt_base) / PAGE_SIZE);
  }
}

/** What dma_alloc_from_dev_coherent() answers: `handled` false means "ask elsewhere". */
export interface DevCoherentResult {
  readonly handled: boolean;
  /** Null with `handled`: the allocation has failed. */
  readonly cpu_addr: Vaddr | null;
  readonly dma_handle: DmaAddr;
}

/** Memory out of the device's own pool, zeroed. */
export function dma_alloc_from_dev_coherent(k: Kernel, dev: device, size: number): DevCoherentResult {
  const mem = dev.dma_mem;
  if (mem === null) return { handled: false, cpu_addr: null, dma_handle: 0 };
  const page = mem.take(size);
  if (page < 0) return { handled: true, cpu_addr: null, dma_handle: 0 };
  const cpu_addr = mem.virt_base + page * PAGE_SIZE;
  const dma_handle = phys_to_dma(k, dev, PFN_PHYS(mem.pfn_base)) + page * PAGE_SIZE;
  k.machine.fill(cpu_addr, PFN_PHYS(mem.pfn_base + page), size, 0);
  return { handled: true, cpu_addr, dma_handle };
}

/** True where `vaddr` was of the device's pool and is free now. */
export function dma_release_from_dev_coherent(k: Kernel, dev: device, order: number, vaddr: Vaddr): boolean {
  const mem = dev.dma_mem;
  if (!mem?.contains(vaddr)) return false;
  const page = Math.floor((vaddr - mem.virt_base) / PAGE_SIZE);
  if (page + 2 ** order > mem.size) {
    // Linux would clear bits behind the bitmap.
    k.log.WARN(`${dev.name}: freeing ${2 ** order} pages at ${hex(vaddr)} beyond its coherent pool`);
    return true;
  }
  mem.bitmap.bitmap_release_region(page, order);
  return true;
}

/** A 'shared-dma-pool' node at boot that is not 'reusable': 0 or -EINVAL. Linux: rmem_dma_setup() (v6.12). */
export function rmem_dma_setup(k: Kernel, rmem: reserved_mem): number {
  if (rmem.node.properties.has('reusable')) return -EINVAL;
  if (!rmem.node.properties.has('no-map')) {
    k.log.pr_err('Reserved memory: regions without no-map are not yet supported');
    return -EINVAL;
  }
  const size = Math.floor(rmem.size / MiB);
  k.log.pr_info(`Reserved memory: created DMA memory pool at ${pa(k, rmem.base)}, size ${size} MiB`);
  return 0;
}

/**
 * Makes the pool at the first attach, warns where the device may not reach it, and gives it to the device.
 * 0, -EINVAL (no mapping) or -EBUSY (the device has a pool already). Linux: rmem_dma_device_init() (v6.12).
 */
export function rmem_dma_device_init(k: Kernel, rmem: reserved_mem, dev: device): number {
  rmem.coherent ??= initMemory(k, rmem.base, rmem.size);
  if (rmem.coherent === null) return -EINVAL;
  if (rmem.base + rmem.size - 1 > min_not_zero(dev.coherent_dma_mask, dev.bus_dma_limit)) {
    k.log.pr_warn(`${dev.name}: reserved memory is beyond device's set DMA address range`);
  }
  if (dev.dma_mem !== null) return -EBUSY;
  dev.dma_mem = rmem.coherent;
  return 0;
}

/** Linux: rmem_dma_device_release(). */
export function rmem_dma_device_release(dev: device): void {
  dev.dma_mem = null;
}

/** Linux: dma_init_coherent_memory(). */
function initMemory(k: Kernel, base: Paddr, size: number): DmaCoherentMem | null {
  const virt_base = size === 0 ? null : memremap_wc(k, base, size);
  if (virt_base === null) return null;
  return new DmaCoherentMem(virt_base, PFN_DOWN(base), Math.floor(size / PAGE_SIZE));
}

/** A write-combining mapping, never of System RAM. Linux: kernel/iomem.c, memremap(MEMREMAP_WC) (v6.12). */
function memremap_wc(k: Kernel, base: Paddr, size: number): Vaddr | null {
  const range = { start: base, end: base + size };
  let ram = 0;
  for (const region of k.memblock.for_each_mem_range()) ram += overlapBytes(range, region);
  if (ram === 0) return ioremap_wc(k, base, size);
  const what = ram < size ? 'mixed range' : 'ram';
  k.log.WARN_ONCE(`memremap ${what}`, `memremap attempted on ${what} ${pa(k, base)} size: ${hex(size)}`);
  return null;
}
