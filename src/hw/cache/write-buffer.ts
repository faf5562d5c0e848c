// SPDX-License-Identifier: GPL-2.0-only
/**
 * Stores on their way: a core's write buffer for Normal non-cacheable memory, and the store buffer of an
 * outer cache. Entries leave one at a time and in any order, except that entries that overlap keep theirs, and
 * a DMB keeps a CPU's later entries behind its earlier ones (ARM DDI 0406C, A3.8.3).
 * Model: nothing is merged: each store, and of a bulk store each piece inside GRANULE_BYTES, leaves by itself.
 * Entries never change once they are in, so a copy of the list is a copy of the buffer.
 */
import type { Paddr } from '../../base/address.js';

/** No entry crosses a multiple of this. */
export const GRANULE_BYTES = 32;

export interface BufferedStore {
  readonly cpu: number;
  readonly paddr: Paddr;
  readonly bytes: Uint8Array;
  /** MT_… of the mapping. */
  readonly bits: number;
  /** How many DMBs of this CPU came before it. */
  readonly epoch: number;
}

export class WriteBuffer {
  /** Oldest first. */
  entries: readonly BufferedStore[] = [];
  private readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get full(): boolean {
    return this.entries.length >= this.capacity;
  }

  push(entry: BufferedStore): void {
    this.entries = [...this.entries, entry];
  }

  /** Takes the entry at `index` out. */
  remove(index: number): BufferedStore {
    const entry = this.entries[index]!;
    this.entries = this.entries.filter((_, i) => i !== index);
    return entry;
  }

  /** Whether no older entry must leave before the one at `index`. */
  mayDrain(index: number): boolean {
    const entry = this.entries[index]!;
    for (let i = 0; i < index; i++) if (mustPrecede(this.entries[i]!, entry)) return false;
    return true;
  }

  /** Whether an entry has bytes of [paddr, paddr + size). */
  holds(paddr: Paddr, size: number): boolean {
    return this.entries.some(entry => overlaps(entry, paddr, size));
  }

  /** Puts the entries' bytes over `into`, which was read from `paddr`, at `offset` and for `size` bytes. */
  overlay(paddr: Paddr, size: number, into: Uint8Array, offset: number): void {
    for (const entry of this.entries) {
      const start = Math.max(paddr, entry.paddr);
      const end = Math.min(paddr + size, entry.paddr + entry.bytes.length);
      for (let at = start; at < end; at++) into[offset + at - paddr] = entry.bytes[at - entry.paddr]!;
    }
  }

  /**
   * Takes out what must leave before, or is among, the entries that `wanted` names, and hands each to `drain`,
   * oldest first.
   */
  drainWanted(wanted: (entry: BufferedStore) => boolean, drain: (entry: BufferedStore) => void): void {
    const leaving: BufferedStore[] = [];
    for (const entry of this.entries.toReversed()) {
      if (wanted(entry) || leaving.some(later => mustPrecede(entry, later))) leaving.push(entry);
    }
    if (leaving.length === 0) return;
    this.entries = this.entries.filter(entry => !leaving.includes(entry));
    for (const entry of leaving.reverse()) drain(entry);
  }

  drainOverlapping(paddr: Paddr, size: number, drain: (entry: BufferedStore) => void): void {
    this.drainWanted(entry => overlaps(entry, paddr, size), drain);
  }

  drainAll(drain: (entry: BufferedStore) => void): void {
    const entries = this.entries;
    this.entries = [];
    for (const entry of entries) drain(entry);
  }
}

function overlaps(entry: BufferedStore, paddr: Paddr, size: number): boolean {
  return entry.paddr < paddr + size && paddr < entry.paddr + entry.bytes.length;
}

/** Whether two entries, the first one older, must keep their order. */
export function mustPrecede(older: BufferedStore, entry: BufferedStore): boolean {
  if (older.cpu === entry.cpu && older.epoch < entry.epoch) return true;
  return overlaps(older, entry.paddr, entry.bytes.length);
}
