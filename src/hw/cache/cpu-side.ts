// SPDX-License-Identifier: GPL-2.0-only
/**
 * What becomes of one core's accesses that are more than a hit in its data cache: misses, stores to clean or
 * write-through lines, and everything that is not cacheable. Each call stays inside one line.
 * What a core did itself it sees itself: before an access through a cacheable mapping its own stores to the line
 * that still wait, and maintenance of the line that it asked for, come first; but a line that is there is
 * not checked against the write buffer when it is read.
 * Device and Strongly-ordered accesses go straight to memory. A store to either lets go what a DMB ordered
 * before it. Model: as far as the write buffer reaches; an outer cache's store buffer is not emptied.
 */
import type { Paddr, Vaddr } from '../../base/address.js';
import { type MemoryType, MT_BUFFERABLE, MT_CACHEABLE, MT_DEVICE } from '../mmu/memory-type.js';
import type { CoreCaches } from './core-caches.js';
import type { InnerCaches } from './inner-caches.js';
import { copyFromLine } from './memory-side.js';
import type { RecentLines } from './recent-lines.js';
import { type BufferedStore, GRANULE_BYTES } from './write-buffer.js';

export class CpuSide {
  private readonly inner: InnerCaches;
  private readonly recent: RecentLines;
  private readonly lineBytes: number;
  private readonly inOrder: boolean;
  private readonly scalar: Uint8Array = new Uint8Array(4);
  private readonly toBelow = (entry: BufferedStore): void => this.inner.below.writeUncached(entry);

  /**
   * `lineBytes`: of the data caches. `inOrder`: stores reach memory in their order, so that an unbuffered one
   * waits for those in the buffer. Model: all cores before ARMv6 (ARM720T: DDI 0192, 5.2.2).
   */
  constructor(inner: InnerCaches, recent: RecentLines, lineBytes: number, inOrder: boolean) {
    this.inOrder = inOrder;
    this.inner = inner;
    this.recent = recent;
    this.lineBytes = lineBytes;
  }

  /** A cacheable load that misses: the slot of the line, now present. */
  miss(core: CoreCaches, vaddr: Vaddr, paddr: Paddr, type: MemoryType): number {
    this.drainLine(core, paddr);
    this.recent.add(core.cpu, vaddr, paddr, type);
    return this.inner.fill(core, vaddr, paddr, type.bits);
  }

  /** 1, 2 or 4 bytes past the data cache, as an unsigned number. */
  loadUncached(core: CoreCaches, paddr: Paddr, size: number, type: MemoryType): number {
    const bytes = this.scalar;
    this.readUncached(core, paddr, bytes, 0, size, type);
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + bytes[i]!;
    return value;
  }

  storeScalar(
    core: CoreCaches,
    vaddr: Vaddr,
    paddr: Paddr,
    size: number,
    value: number,
    type: MemoryType,
  ): void {
    for (let i = 0; i < size; i++) this.scalar[i] = value >>> (8 * i);
    this.store(core, vaddr, paddr, this.scalar, 0, size, type);
  }

  load(
    core: CoreCaches,
    vaddr: Vaddr,
    paddr: Paddr,
    into: Uint8Array,
    offset: number,
    size: number,
    type: MemoryType,
  ): void {
    const cache = core.data;
    if (cache === null || (type.bits & MT_CACHEABLE) === 0) {
      this.readUncached(core, paddr, into, offset, size, type);
      return;
    }
    if (core.queue.entries.length > 0) this.completeLine(core, vaddr, paddr);
    const found = cache.find(vaddr, paddr);
    const slot = found < 0 ? this.miss(core, vaddr, paddr, type) : found;
    copyFromLine(cache, slot, paddr, size, into, offset);
  }

  store(
    core: CoreCaches,
    vaddr: Vaddr,
    paddr: Paddr,
    bytes: Uint8Array,
    offset: number,
    size: number,
    type: MemoryType,
  ): void {
    const { bits } = type;
    if ((bits & MT_BUFFERABLE) !== 0) {
      this.buffer(core, paddr, bytes.slice(offset, offset + size), bits);
      return;
    }
    this.drainLine(core, paddr);
    if ((bits & MT_CACHEABLE) !== 0 && core.data !== null) {
      if (core.queue.entries.length > 0) this.completeLine(core, vaddr, paddr);
      if (core.data.find(vaddr, paddr) < 0) this.recent.add(core.cpu, vaddr, paddr, type);
      this.inner.store(core, vaddr, paddr, bytes, offset, size, bits);
    } else if ((bits & MT_DEVICE) !== 0) {
      if (this.inOrder) core.buffer.drainAll(this.toBelow);
      else core.buffer.drainWanted(({ epoch }) => epoch < core.epoch, this.toBelow);
      this.inner.below.writeMemory(paddr, bytes, offset, size);
    } else if ((bits & MT_CACHEABLE) !== 0) {
      this.inner.write(paddr, bytes, offset, size, bits, false);
    } else {
      this.inner.below.write(paddr, bytes, offset, size, bits);
    }
  }

  /** Everything that the core has waiting goes. */
  synchronize(core: CoreCaches): void {
    core.buffer.drainAll(this.toBelow);
    core.queue.completeAll();
  }

  /** Maintenance of the line that the core waits for is done now. */
  completeLine(core: CoreCaches, vaddr: Vaddr, paddr: Paddr): void {
    const within = paddr % this.lineBytes;
    core.queue.completeLine(vaddr - within, paddr - within);
  }

  private readUncached(
    core: CoreCaches,
    paddr: Paddr,
    into: Uint8Array,
    offset: number,
    size: number,
    type: MemoryType,
  ): void {
    if ((type.bits & MT_CACHEABLE) !== 0) this.inner.read(paddr, size, type.bits, into, offset);
    else this.inner.below.read(paddr, size, type.bits, into, offset);
    if (core.buffer.entries.length > 0) core.buffer.overlay(paddr, size, into, offset);
  }

  /** A Normal non-cacheable store. `bytes` is the buffer's to keep. */
  private buffer(core: CoreCaches, paddr: Paddr, bytes: Uint8Array, bits: number): void {
    for (let done = 0; done < bytes.length; ) {
      const at = paddr + done;
      const piece = Math.min(bytes.length - done, GRANULE_BYTES - (at % GRANULE_BYTES));
      const part = bytes.subarray(done, done + piece);
      core.buffered({ cpu: core.cpu, paddr: at, bytes: part, bits, epoch: core.epoch }, this.toBelow);
      done += piece;
    }
  }

  private drainLine(core: CoreCaches, paddr: Paddr): void {
    if (core.buffer.entries.length === 0) return;
    core.buffer.drainOverlapping(paddr - (paddr % this.lineBytes), this.lineBytes, this.toBelow);
  }
}
