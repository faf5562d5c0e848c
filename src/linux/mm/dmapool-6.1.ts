// SPDX-License-Identifier: GPL-2.0-only
/**
 * Pools of small coherent blocks as kernels before 6.3 kept them. Linux: mm/dmapool.c (v6.1).
 * Each page has a list of its own: the offset of the next free block stands in the first word of a free block. The
 * first page with a free block serves, and new pages come first. The last block before a boundary is never used,
 * where it ends exactly there: the code that chains blocks asks for a byte of room behind it.
 * What both versions share, and what is left out: dmapool.ts.
 */
import { type DmaAddr, hex, type Vaddr } from '../../base/address.js';
import type { device } from '../include/linux/device.js';
import { __GFP_ZERO } from '../include/linux/gfp.js';
import { want_init_on_free } from '../include/linux/mm.js';
import type { DmaBuffer } from '../kernel/dma/arch.js';
import { dma_alloc_coherent, dma_free_coherent } from '../kernel/dma/mapping.js';
import type { Kernel } from '../kernel.js';
import type { DmaPoolBlock, DmaPoolGeometry, dma_pool } from './dmapool.js';

/** struct dma_page. */
interface DmaPage {
  readonly buffer: DmaBuffer;
  in_use: number;
  /** Of the first free block; `allocation` or more: there is none. */
  offset: number;
}

export class PagedDmaPool implements dma_pool {
  readonly name: string;
  readonly dev: device;
  readonly size: number;
  readonly allocation: number;
  readonly boundary: number;
  /** The newest first. */
  private readonly page_list: DmaPage[] = [];

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
    const page = this.page_list.find(({ offset }) => offset < this.allocation) ?? this.newPage(k, gfp);
    if (page === null) return null;
    const { offset } = page;
    const vaddr = page.buffer.cpu_addr + offset;
    page.in_use++;
    page.offset = k.machine.access.load32(vaddr);
    return { vaddr, dma: page.buffer.dma_handle + offset };
  }

  /** The page is found by the bus address, the place in it by the other one. */
  free(k: Kernel, vaddr: Vaddr, dma: DmaAddr): void {
    const page = this.page_list.find(
      ({ buffer }) => dma >= buffer.dma_handle && dma - buffer.dma_handle < this.allocation,
    );
    if (page === undefined) {
      k.log.pr_err(`${this.dev.name}: dma_pool_free ${this.name}, ${hex(vaddr, 8)}/${hex(dma, 8)} (bad dma)`);
      return;
    }
    if (want_init_on_free(k)) k.machine.access.fill(vaddr, this.size, 0);
    page.in_use--;
    k.machine.access.store32(vaddr, page.offset);
    page.offset = vaddr - page.buffer.cpu_addr;
  }

  /** Pages with blocks in use are lost. */
  destroy(k: Kernel): void {
    for (const { buffer, in_use } of this.page_list.splice(0)) {
      if (in_use === 0) dma_free_coherent(k, this.dev, this.allocation, buffer);
      else k.log.pr_err(`${this.dev.name}: dma_pool_destroy ${this.name}, ${hex(buffer.cpu_addr, 8)} busy`);
    }
  }

  private newPage(k: Kernel, gfp: number): DmaPage | null {
    const buffer = dma_alloc_coherent(k, this.dev, this.allocation, gfp & ~__GFP_ZERO);
    if (buffer === null) return null;
    this.initialisePage(k, buffer.cpu_addr);
    const page = { buffer, in_use: 0, offset: 0 };
    this.page_list.unshift(page);
    return page;
  }

  /** Linux: pool_initialise_page() (v6.1). */
  private initialisePage(k: Kernel, vaddr: Vaddr): void {
    let next_boundary = this.boundary;
    for (let offset = 0; offset < this.allocation; ) {
      let next = offset + this.size;
      if (next + this.size >= next_boundary) {
        next = next_boundary;
        next_boundary += this.boundary;
      }
      k.machine.access.store32(vaddr + offset, next);
      offset = next;
    }
  }
}
