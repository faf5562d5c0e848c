// SPDX-License-Identifier: GPL-2.0-only
/**
 * The state of all caches and buffers, and of the watched memory: copied to come back to it, and as a string
 * that equal states share. Both cost what the caches hold space for: some microseconds for a few small sets.
 * The string is canonical: it tells neither in which way of its set a line stands nor in which order stores
 * wait that may pass each other. It is a key, not text: each character is a byte.
 * Left out: the state of the random numbers, which only automatic caches draw.
 */
import { Buffer } from 'node:buffer';
import type { Range } from '../../base/address.js';
import type { Ram } from '../ram.js';
import type { CoreCaches } from './core-caches.js';
import type { InnerCaches } from './inner-caches.js';
import { type QueuedMaintenance, sameLine } from './maintenance-queue.js';
import { INVALID, type SetAssociative } from './set-associative.js';
import { type BufferedStore, mustPrecede } from './write-buffer.js';

interface SavedCache {
  readonly storage: Uint8Array;
  readonly pointers: Uint8Array;
}

interface SavedCore {
  readonly buffer: readonly BufferedStore[];
  readonly queue: readonly QueuedMaintenance[];
  readonly epoch: number;
}

/** A copy of the state. Never changes. */
export interface Saved {
  readonly caches: readonly SavedCache[];
  readonly cores: readonly SavedCore[];
  readonly storeBuffer: readonly BufferedStore[];
  readonly outerQueue: readonly QueuedMaintenance[];
  /** One for each watched range. */
  readonly memory: readonly Uint8Array[];
}

const OPERATIONS: readonly QueuedMaintenance['operation'][] = [
  'clean',
  'invalidate',
  'clean-invalidate',
  'clean-to-pou',
  'instruction',
];

export class StateKeeper {
  private readonly inner: InnerCaches;
  private readonly ram: Ram;
  private readonly watched: readonly Range[];
  private readonly caches: readonly SetAssociative[];
  private readonly storages: readonly Uint8Array[];
  /** Where a snapshot is put together; grows to what one needed. */
  private scratch: Buffer = Buffer.alloc(4096);
  private used = 0;

  constructor(inner: InnerCaches, ram: Ram, watched: readonly Range[]) {
    this.inner = inner;
    this.ram = ram;
    this.watched = watched;
    const all = [...inner.cores.flatMap(({ data, instruction }) => [data, instruction]), inner.l2];
    this.caches = [...all, inner.below.cache].filter(cache => cache !== null);
    this.storages = this.caches.map(({ storage }) => new Uint8Array(storage));
  }

  save(): Saved {
    const { cores, below } = this.inner;
    return {
      caches: this.caches.map((cache, i) => ({
        storage: this.storages[i]!.slice(),
        pointers: cache.victims.next.slice(),
      })),
      cores: cores.map(core => ({
        buffer: core.buffer.entries,
        queue: core.queue.entries,
        epoch: core.epoch,
      })),
      storeBuffer: below.storeBuffer.entries,
      outerQueue: below.queue.entries,
      memory: this.watched.map(({ start, end }) => this.ram.readBytes(start, end - start)),
    };
  }

  restore(saved: Saved): void {
    const { cores, below } = this.inner;
    for (const [i, cache] of this.caches.entries()) {
      this.storages[i]!.set(saved.caches[i]!.storage);
      cache.victims.next.set(saved.caches[i]!.pointers);
    }
    for (const [i, core] of cores.entries()) {
      const { buffer, queue, epoch } = saved.cores[i]!;
      core.buffer.entries = buffer;
      core.queue.entries = queue;
      core.epoch = epoch;
    }
    below.storeBuffer.entries = saved.storeBuffer;
    below.queue.entries = saved.outerQueue;
    for (const [i, { start }] of this.watched.entries()) this.ram.writeBytes(start, saved.memory[i]!);
  }

  snapshot(): string {
    this.used = 0;
    const { cores, below } = this.inner;
    for (const cache of this.caches) this.putCache(cache);
    const ranks = cores.map(core => epochRanks(core, below.storeBuffer.entries));
    for (const [i, core] of cores.entries()) {
      this.putStores(core.buffer.entries, ranks);
      this.putQueue(core.queue.entries);
      this.putNumber(ranks[i]!.get(core.epoch)!);
    }
    this.putStores(below.storeBuffer.entries, ranks);
    this.putQueue(below.queue.entries);
    for (const { start, end } of this.watched) this.putBytes(this.ram.readBytes(start, end - start));
    return this.scratch.toString('latin1', 0, this.used);
  }

  /** Valid lines set by set, each set's by tag, then a number that no line begins with. */
  private putCache(cache: SetAssociative): void {
    const { tags, states, ways, lineBytes } = cache;
    for (let first = 0; first < cache.slots; first += ways) {
      let after = -1;
      for (;;) {
        let lowest = -1;
        for (let slot = first; slot < first + ways; slot++) {
          if (states[slot] === INVALID || tags[slot]! <= after) continue;
          if (lowest < 0 || tags[slot]! < tags[lowest]!) lowest = slot;
        }
        if (lowest < 0) break;
        after = tags[lowest]!;
        this.room(32 + lineBytes);
        this.putNumber(states[lowest]!);
        // The set is part of the line's identity where virtual addresses select it.
        this.putNumber(first);
        this.putNumber(after);
        if (cache.virtualTags) this.putNumber(cache.paddrs[lowest]!);
        this.putNumber(cache.bits[lowest]!);
        const at = lowest * lineBytes;
        for (let i = at; i < at + lineBytes; i++) this.scratch[this.used++] = cache.bytes[i]!;
      }
    }
    this.putNumber(INVALID);
    this.putBytes(cache.victims.next);
  }

  private putStores(entries: readonly BufferedStore[], ranks: readonly Map<number, number>[]): void {
    this.putNumber(entries.length);
    for (const entry of inNormalOrder(entries, mustPrecede)) {
      this.putNumber(entry.cpu);
      this.putNumber(ranks[entry.cpu]!.get(entry.epoch)!);
      this.putNumber(entry.paddr);
      this.putNumber(entry.bits);
      this.putNumber(entry.bytes.length);
      this.putBytes(entry.bytes);
    }
  }

  private putQueue(entries: readonly QueuedMaintenance[]): void {
    this.putNumber(entries.length);
    for (const entry of inNormalOrder(entries, sameLine)) {
      this.putNumber(OPERATIONS.indexOf(entry.operation) * 2 + (entry.all ? 1 : 0));
      this.putNumber(entry.vaddr);
      this.putNumber(entry.paddr);
    }
  }

  /** Up to 48 bits. */
  private putNumber(value: number): void {
    this.room(6);
    const { scratch } = this;
    const high = Math.floor(value / 2 ** 32);
    scratch[this.used++] = value;
    scratch[this.used++] = value >>> 8;
    scratch[this.used++] = value >>> 16;
    scratch[this.used++] = value >>> 24;
    scratch[this.used++] = high;
    scratch[this.used++] = high >>> 8;
  }

  private putBytes(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.scratch.set(bytes, this.used);
    this.used += bytes.length;
  }

  private room(size: number): void {
    if (this.used + size <= this.scratch.length) return;
    const larger = Buffer.alloc(2 * (this.used + size));
    larger.set(this.scratch);
    this.scratch = larger;
  }
}

/** Numbers the DMB epochs of a core's waiting stores and its present one from 0: only their order counts. */
function epochRanks(core: CoreCaches, storeBuffer: readonly BufferedStore[]): Map<number, number> {
  const own = storeBuffer.filter(({ cpu }) => cpu === core.cpu);
  const epochs = [...own, ...core.buffer.entries].map(({ epoch }) => epoch);
  const sorted = [...new Set([...epochs, core.epoch])].sort((a, b) => a - b);
  return new Map(sorted.map((epoch, rank) => [epoch, rank]));
}

/** The entries in one of the orders that mean the same: each as early as those it must follow allow. */
function inNormalOrder<T extends { readonly paddr: number }>(
  entries: readonly T[],
  ordered: (older: T, entry: T) => boolean,
): readonly T[] {
  if (entries.length < 2) return entries;
  const result: T[] = [];
  for (const entry of entries) {
    let at = result.length;
    while (at > 0 && entry.paddr < result[at - 1]!.paddr && !ordered(result[at - 1]!, entry)) at--;
    result.splice(at, 0, entry);
  }
  return result;
}
