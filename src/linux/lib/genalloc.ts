// SPDX-License-Identifier: GPL-2.0-only
/**
 * The allocator for special memory that the atomic pools use. Linux: lib/genalloc.c (v6.12; unchanged from
 * 6.1), with the algorithm gen_pool_first_fit_order_align(), the only one that DMA pools set.
 * A pool is a list of chunks with a bitmap each. A new chunk goes to the front of the list, so that a pool that
 * has grown serves from its newest chunk first.
 */
import { alignUp, type Paddr, roundUpPowerOfTwo, type Vaddr } from '../../base/address.js';
import { invariant } from '../../base/diagnostics.js';
import { Bitmap } from './bitmap.js';

export interface GenPoolChunk {
  readonly phys_addr: Paddr;
  readonly start_addr: Vaddr;
  /** Exclusive. Differs: inclusive in Linux. */
  readonly end_addr: Vaddr;
  readonly bits: Bitmap;
  /** Free bytes. */
  avail: number;
}

export class GenPool {
  readonly minAllocOrder: number;
  /** In search order: newest first. */
  readonly chunks: GenPoolChunk[] = [];
  private readonly granule: number;

  /** Allocations are multiples of 2^minAllocOrder bytes. */
  constructor(minAllocOrder: number) {
    this.minAllocOrder = minAllocOrder;
    this.granule = 2 ** minAllocOrder;
  }

  /** Adds `size` bytes; 0. The bitmap itself costs no modelled memory. */
  gen_pool_add_virt(virt: Vaddr, phys: Paddr, size: number): number {
    this.chunks.unshift({
      phys_addr: phys,
      start_addr: virt,
      end_addr: virt + size,
      bits: new Bitmap(Math.floor(size / this.granule)),
      avail: size,
    });
    return 0;
  }

  /**
   * Address of `size` bytes, or 0. First fit in each chunk, aligned to the size rounded up to a power of two,
   * counted from the start of the chunk: the address itself need not be aligned.
   */
  gen_pool_alloc(size: number): Vaddr {
    if (size === 0) return 0;
    const count = Math.ceil(size / this.granule);
    const alignMask = roundUpPowerOfTwo(count) - 1;
    for (const chunk of this.chunks) {
      if (size > chunk.avail) continue;
      const bits = chunk.bits.size;
      const start = chunk.bits.bitmap_find_next_zero_area(bits, 0, count, alignMask);
      if (start >= bits) continue;
      chunk.bits.bitmap_set(start, count);
      chunk.avail -= count * this.granule;
      return chunk.start_addr + start * this.granule;
    }
    return 0;
  }

  /** Linux stops with BUG() where the range is not an allocation of this pool: so do we. */
  gen_pool_free(addr: Vaddr, size: number): void {
    const chunk = this.chunkOf(addr);
    const bytes = alignUp(size, this.granule);
    invariant(chunk !== undefined && addr + size <= chunk.end_addr, 'gen_pool_free() outside the pool');
    const start = Math.floor((addr - chunk.start_addr) / this.granule);
    const end = start + bytes / this.granule;
    invariant(chunk.bits.find_next_zero_bit(end, start) === end, 'gen_pool_free() of free memory');
    chunk.bits.bitmap_clear(start, end - start);
    chunk.avail += bytes;
  }

  /** -1 where the pool does not hold `addr`. */
  gen_pool_virt_to_phys(addr: Vaddr): Paddr {
    const chunk = this.chunkOf(addr);
    return chunk === undefined ? -1 : chunk.phys_addr + (addr - chunk.start_addr);
  }

  /** Is all of [start, start + size) inside one chunk? */
  gen_pool_has_addr(start: Vaddr, size: number): boolean {
    const chunk = this.chunkOf(start);
    return chunk !== undefined && start + size <= chunk.end_addr;
  }

  /** Free bytes in all chunks. */
  gen_pool_avail(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.avail, 0);
  }

  /** Bytes in all chunks, free or not. */
  gen_pool_size(): number {
    return this.chunks.reduce((sum, chunk) => sum + (chunk.end_addr - chunk.start_addr), 0);
  }

  private chunkOf(addr: Vaddr): GenPoolChunk | undefined {
    return this.chunks.find(chunk => addr >= chunk.start_addr && addr < chunk.end_addr);
  }
}
