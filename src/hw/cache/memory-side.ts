// SPDX-License-Identifier: GPL-2.0-only
/**
 * What lies below the inner caches: the outer cache that is maintained by physical address, if there is one,
 * its store buffer, and memory. Everything that a core reads or writes beyond its own caches comes through here.
 *
 *   inner caches, write buffers ──► outer cache ──► store buffer ──► memory ◄── devices that do not snoop
 *
 * The store buffer lies over memory for all who come from above; devices do not see it. Whatever else goes to
 * memory from above lets older stores to the same bytes pass first.
 * Non-cacheable accesses pass an outer cache by, but a PL310 without Shared Attribute Override looks shareable
 * ones up: a read that hits takes the line's data, a write that hits changes both line and memory, and nothing
 * is allocated (DDI 0246, 2.3.2).
 * Model: DMB orders entries of the store buffer too. The outer cache is always switched on.
 */
import type { Paddr } from '../../base/address.js';
import { MT_DEVICE, MT_OUTER, MT_OUTER_WA, MT_OUTER_WT, MT_SHAREABLE } from '../mmu/memory-type.js';
import type { Ram } from '../ram.js';
import { MaintenanceQueue, type QueuedMaintenance } from './maintenance-queue.js';
import type { Allocation } from './replacement.js';
import { CLEAN, DIRTY, INVALID, type SetAssociative } from './set-associative.js';
import { type BufferedStore, WriteBuffer } from './write-buffer.js';

/** DDI 0246, ch. 2: three slots. Model: one more, and the same for every outer cache. */
const STORE_BUFFER_ENTRIES = 4;
const QUEUED_OPERATIONS = 32;

export class MemorySide {
  readonly cache: SetAssociative | null;
  readonly storeBuffer: WriteBuffer = new WriteBuffer(STORE_BUFFER_ENTRIES);
  readonly queue: MaintenanceQueue;
  /** Normal non-cacheable shareable accesses are looked up. */
  readonly lookupNonCacheable: boolean;
  private readonly ram: Ram;
  private readonly allocation: Allocation;
  private readonly toMemory = (entry: BufferedStore): void =>
    this.poke(entry.paddr, entry.bytes, 0, entry.bytes.length);

  constructor(ram: Ram, cache: SetAssociative | null, lookupNonCacheable: boolean, allocation: Allocation) {
    this.ram = ram;
    this.cache = cache;
    this.lookupNonCacheable = cache !== null && lookupNonCacheable;
    this.allocation = allocation;
    this.queue = new MaintenanceQueue(QUEUED_OPERATIONS, entry => this.perform(entry));
  }

  /** Reads for a core or an inner cache, through a mapping with `bits`; may allocate. */
  read(paddr: Paddr, size: number, bits: number, into: Uint8Array, offset: number): void {
    const cache = this.cache;
    const allocates = (bits & MT_OUTER) !== 0;
    if (cache === null || !(allocates || this.looksUp(bits))) this.readMemory(paddr, size, into, offset);
    else this.readThrough(cache, paddr, size, allocates, into, offset);
  }

  /** What a master that snoops finds here. Allocates nothing. */
  readSnooped(paddr: Paddr, size: number, into: Uint8Array, offset: number): void {
    if (this.cache === null) this.readMemory(paddr, size, into, offset);
    else this.readThrough(this.cache, paddr, size, false, into, offset);
  }

  /** Writes what an inner cache or a core hands down through a mapping with `bits`; may allocate. */
  write(paddr: Paddr, bytes: Uint8Array, offset: number, size: number, bits: number): void {
    const cache = this.cache;
    if (cache === null || (bits & MT_OUTER) === 0) {
      this.writeMemory(paddr, bytes, offset, size);
      return;
    }
    const writeThrough = cache.writeThrough || (bits & MT_OUTER_WT) !== 0;
    for (let done = 0; done < size; ) {
      const at = paddr + done;
      const piece = Math.min(size - done, cache.lineBytes - (at % cache.lineBytes));
      const found = cache.find(0, at);
      const slot =
        found < 0 && this.allocation.inOuter((bits & MT_OUTER_WA) !== 0)
          ? this.fill(cache, at, piece)
          : found;
      if (slot >= 0) {
        copyIntoLine(cache, slot, at, bytes, offset + done, piece);
        if (!writeThrough) cache.states[slot] = DIRTY;
      }
      if (slot < 0 || writeThrough) this.writeMemory(at, bytes, offset + done, piece);
      done += piece;
    }
  }

  /** A Normal non-cacheable store leaves a core. */
  writeUncached(entry: BufferedStore): void {
    if ((entry.bits & MT_OUTER) !== 0) {
      this.write(entry.paddr, entry.bytes, 0, entry.bytes.length, entry.bits);
      return;
    }
    const cache = this.cache;
    if (cache === null) {
      this.toMemory(entry);
      return;
    }
    if (this.looksUp(entry.bits)) {
      const slot = cache.find(0, entry.paddr);
      if (slot >= 0) copyIntoLine(cache, slot, entry.paddr, entry.bytes, 0, entry.bytes.length);
    }
    if (this.storeBuffer.full) this.drain(0);
    this.storeBuffer.push(entry);
  }

  /** Memory as it is seen from above, past the outer cache. */
  readMemory(paddr: Paddr, size: number, into: Uint8Array, offset: number): void {
    this.peek(paddr, size, into, offset);
    if (this.storeBuffer.entries.length > 0) this.storeBuffer.overlay(paddr, size, into, offset);
  }

  /** Writes past the outer cache, behind older stores to the same bytes. */
  writeMemory(paddr: Paddr, bytes: Uint8Array, offset: number, size: number): void {
    if (this.storeBuffer.entries.length > 0) {
      this.storeBuffer.drainOverlapping(paddr, size, this.toMemory);
    }
    this.poke(paddr, bytes, offset, size);
  }

  /** The entry of the store buffer at `index`, which may leave, goes to memory. */
  drain(index: number): void {
    this.toMemory(this.storeBuffer.remove(index));
  }

  /** Cache Sync: operations are complete and the store buffer is empty. */
  sync(): void {
    this.queue.completeAll();
    this.storeBuffer.drainAll(this.toMemory);
  }

  /** The line of that slot goes: written to memory if it is dirty. */
  evict(slot: number): void {
    const cache = this.cache!;
    if (cache.states[slot] === DIRTY) this.clean(cache, slot);
    cache.drop(slot);
  }

  /** Cleans and invalidates what the cache has of [paddr, paddr + size). */
  flush(paddr: Paddr, size: number): void {
    const cache = this.cache;
    if (cache === null) return;
    for (let at = paddr - (paddr % cache.lineBytes); at < paddr + size; at += cache.lineBytes) {
      const slot = cache.find(0, at);
      if (slot >= 0) this.evict(slot);
    }
  }

  /** Whether a line handed down now would miss, so that the outer cache has a choice. */
  wouldMiss(paddr: Paddr, bits: number): boolean {
    return this.cache !== null && (bits & MT_OUTER) !== 0 && this.cache.find(0, paddr) < 0;
  }

  private looksUp(bits: number): boolean {
    return this.lookupNonCacheable && (bits & (MT_SHAREABLE | MT_DEVICE)) === MT_SHAREABLE;
  }

  private readThrough(
    cache: SetAssociative,
    paddr: Paddr,
    size: number,
    allocates: boolean,
    into: Uint8Array,
    offset: number,
  ): void {
    for (let done = 0; done < size; ) {
      const at = paddr + done;
      const piece = Math.min(size - done, cache.lineBytes - (at % cache.lineBytes));
      const found = cache.find(0, at);
      const slot = found < 0 && allocates ? this.fill(cache, at, 0) : found;
      if (slot < 0) this.readMemory(at, piece, into, offset + done);
      else copyFromLine(cache, slot, at, piece, into, offset + done);
      done += piece;
    }
  }

  /** Brings the line of `paddr` in. `overwritten`: so many bytes from there on need no reading. */
  private fill(cache: SetAssociative, paddr: Paddr, overwritten: number): number {
    const slot = cache.victim(0, paddr);
    if (cache.states[slot] !== INVALID) this.evict(slot);
    cache.take(slot, 0, paddr, 0);
    if (overwritten < cache.lineBytes) {
      this.readMemory(cache.paddrs[slot]!, cache.lineBytes, cache.bytes, slot * cache.lineBytes);
    }
    return slot;
  }

  private clean(cache: SetAssociative, slot: number): void {
    this.writeMemory(cache.paddrs[slot]!, cache.bytes, slot * cache.lineBytes, cache.lineBytes);
    cache.states[slot] = CLEAN;
  }

  private perform({ operation, all, paddr }: QueuedMaintenance): void {
    const cache = this.cache!;
    const only = all ? -1 : cache.find(0, paddr);
    if (!all && only < 0) return;
    for (let slot = all ? 0 : only; slot < (all ? cache.slots : only + 1); slot++) {
      if (cache.states[slot] === DIRTY && operation !== 'invalidate') this.clean(cache, slot);
      if (cache.states[slot] !== INVALID && operation !== 'clean') cache.drop(slot);
    }
  }

  /** Copies out of banks; zeroes where a line sticks out of them. */
  private peek(paddr: Paddr, size: number, into: Uint8Array, offset: number): void {
    const ram = this.ram;
    let done = 0;
    if (paddr % 4 === 0) {
      for (; done + 4 <= size; done += 4) {
        const word = ram.read32(paddr + done);
        if (word < 0) break;
        into[offset + done] = word;
        into[offset + done + 1] = word >>> 8;
        into[offset + done + 2] = word >>> 16;
        into[offset + done + 3] = word >>> 24;
      }
    }
    for (; done < size; done++) into[offset + done] = Math.max(0, ram.read8(paddr + done));
  }

  /** Copies into banks; what sticks out of them is lost. */
  private poke(paddr: Paddr, bytes: Uint8Array, offset: number, size: number): void {
    const ram = this.ram;
    let done = 0;
    if (paddr % 4 === 0) {
      for (; done + 4 <= size; done += 4) {
        const at = offset + done;
        const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
        if (!ram.write32(paddr + done, word >>> 0)) break;
      }
    }
    for (; done < size; done++) ram.write8(paddr + done, bytes[offset + done]!);
  }
}

/** Bytes for `paddr` into the line of `slot`, which has them all. */
export function copyIntoLine(
  cache: SetAssociative,
  slot: number,
  paddr: Paddr,
  bytes: Uint8Array,
  offset: number,
  size: number,
): void {
  const at = slot * cache.lineBytes + (paddr % cache.lineBytes);
  for (let i = 0; i < size; i++) cache.bytes[at + i] = bytes[offset + i]!;
}

/** Bytes at `paddr` out of the line of `slot`, which has them all. */
export function copyFromLine(
  cache: SetAssociative,
  slot: number,
  paddr: Paddr,
  size: number,
  into: Uint8Array,
  offset: number,
): void {
  const at = slot * cache.lineBytes + (paddr % cache.lineBytes);
  for (let i = 0; i < size; i++) into[offset + i] = cache.bytes[at + i]!;
}
