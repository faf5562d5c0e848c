// SPDX-License-Identifier: GPL-2.0-only
/**
 * The inner domain: the first-level caches of all cores, which hardware keeps coherent with each other, and a
 * second level that maintenance by address reaches (integrated, or an outer cache that follows the cores).
 *
 *   core 0: data, instruction   core 1: data, instruction        a line is dirty in one data cache at most
 *              └────────────┬──────────┘
 *                          L2                                     neither inclusive nor exclusive
 *                          │
 *                      memory side                                `memory-side.ts`
 *
 * A core that stores takes the line away from the others; one that loads a line which is dirty elsewhere takes
 * it over, still dirty (as the Cortex-A9's snoop control unit does, DDI 0407, ch. 2). Instruction caches take part
 * in nothing: they read below the first level, the point of unification.
 * Aliases inside one VIVT or aliasing VIPT cache are lines of their own, and nothing keeps them alike.
 * Model: instruction caches other than VIVT ones behave as physically indexed; no instruction fetch is
 * speculative; a clean line is supplied by the level below, not by another core.
 */
import type { Paddr, Vaddr } from '../../base/address.js';
import { MT_INNER_WA, MT_INNER_WT } from '../mmu/memory-type.js';
import type { CoreCaches } from './core-caches.js';
import type { QueuedMaintenance } from './maintenance-queue.js';
import { copyFromLine, copyIntoLine, type MemorySide } from './memory-side.js';
import type { Allocation } from './replacement.js';
import { CLEAN, DIRTY, INVALID, type SetAssociative } from './set-associative.js';

export class InnerCaches {
  /** Filled by whoever makes the cores. */
  readonly cores: CoreCaches[] = [];
  readonly l2: SetAssociative | null;
  readonly below: MemorySide;
  /** Maintenance by address reaches all cores. */
  private readonly broadcast: boolean;
  private readonly allocation: Allocation;

  constructor(l2: SetAssociative | null, below: MemorySide, broadcast: boolean, allocation: Allocation) {
    this.l2 = l2;
    this.below = below;
    this.broadcast = broadcast;
    this.allocation = allocation;
  }

  /** Brings a line into a core's data cache, which does not have it. Returns its slot. */
  fill(core: CoreCaches, vaddr: Vaddr, paddr: Paddr, bits: number): number {
    const cache = core.data!;
    const slot = cache.victim(vaddr, paddr);
    if (cache.states[slot] !== INVALID) this.evictData(core, slot);
    cache.take(slot, vaddr, paddr, bits);
    if (!this.takeOver(core, slot)) {
      this.read(cache.paddrs[slot]!, cache.lineBytes, bits, cache.bytes, slot * cache.lineBytes);
    }
    return slot;
  }

  /** Stores bytes of one line through a cacheable mapping. */
  store(
    core: CoreCaches,
    vaddr: Vaddr,
    paddr: Paddr,
    bytes: Uint8Array,
    offset: number,
    size: number,
    bits: number,
  ): void {
    const cache = core.data!;
    const found = cache.find(vaddr, paddr);
    const slot = found < 0 && (bits & MT_INNER_WA) !== 0 ? this.fill(core, vaddr, paddr, bits) : found;
    if (slot < 0) {
      this.withdraw(core, paddr);
      this.write(paddr, bytes, offset, size, bits, false);
      return;
    }
    if (cache.states[slot] !== DIRTY) this.withdraw(core, paddr);
    copyIntoLine(cache, slot, paddr, bytes, offset, size);
    if (cache.writeThrough || (bits & MT_INNER_WT) !== 0) this.write(paddr, bytes, offset, size, bits, false);
    else cache.states[slot] = DIRTY;
  }

  /** Reads below the first level; allocates in the L2. */
  read(paddr: Paddr, size: number, bits: number, into: Uint8Array, offset: number): void {
    const l2 = this.l2;
    if (l2 === null) {
      this.below.read(paddr, size, bits, into, offset);
      return;
    }
    for (let done = 0; done < size; ) {
      const at = paddr + done;
      const piece = Math.min(size - done, l2.lineBytes - (at % l2.lineBytes));
      const found = l2.find(0, at);
      const slot = found < 0 ? this.fillL2(l2, at, bits, 0) : found;
      copyFromLine(l2, slot, at, piece, into, offset + done);
      done += piece;
    }
  }

  /** Hands bytes down from the first level. `allocate`: the L2 takes a line that it does not have. */
  write(
    paddr: Paddr,
    bytes: Uint8Array,
    offset: number,
    size: number,
    bits: number,
    allocate: boolean,
  ): void {
    const l2 = this.l2;
    if (l2 === null) {
      this.below.write(paddr, bytes, offset, size, bits);
      return;
    }
    const writeThrough = l2.writeThrough || (bits & MT_INNER_WT) !== 0;
    for (let done = 0; done < size; ) {
      const at = paddr + done;
      const piece = Math.min(size - done, l2.lineBytes - (at % l2.lineBytes));
      const found = l2.find(0, at);
      const slot = found < 0 && allocate ? this.fillL2(l2, at, bits, piece) : found;
      if (slot >= 0) {
        copyIntoLine(l2, slot, at, bytes, offset + done, piece);
        if (!writeThrough) l2.states[slot] = DIRTY;
      }
      if (slot < 0 || writeThrough) this.below.write(at, bytes, offset + done, piece, bits);
      done += piece;
    }
  }

  /** The line of that slot of a data cache goes: written down if it is dirty. */
  evictData(core: CoreCaches, slot: number): void {
    const cache = core.data!;
    if (cache.states[slot] === DIRTY) this.cleanData(cache, slot, this.allocation.inL2());
    cache.drop(slot);
  }

  evictL2(slot: number): void {
    const l2 = this.l2!;
    if (l2.states[slot] === DIRTY) this.cleanL2(l2, slot);
    l2.drop(slot);
  }

  /** Fetches instructions of one line through a cacheable mapping. */
  fetch(core: CoreCaches, vaddr: Vaddr, paddr: Paddr, bits: number): { cache: SetAssociative; slot: number } {
    const cache = core.instruction;
    if (cache === null) {
      const found = core.data!.find(vaddr, paddr);
      return { cache: core.data!, slot: found < 0 ? this.fill(core, vaddr, paddr, bits) : found };
    }
    let slot = cache.find(vaddr, paddr);
    if (slot < 0) {
      slot = cache.victim(vaddr, paddr);
      cache.take(slot, vaddr, paddr, bits);
      this.read(cache.paddrs[slot]!, cache.lineBytes, bits, cache.bytes, slot * cache.lineBytes);
    }
    return { cache, slot };
  }

  /** Does one operation that `core` queued. */
  perform(core: CoreCaches, entry: QueuedMaintenance): void {
    if (entry.all) {
      this.performAll(core, entry);
      return;
    }
    const { operation, vaddr, paddr } = entry;
    for (const target of this.cores) {
      if (target !== core && !this.broadcast) continue;
      const cache = operation === 'instruction' ? target.instruction : target.data;
      const slot = cache === null ? -1 : cache.find(vaddr, paddr);
      if (slot < 0) continue;
      if (operation === 'instruction') cache!.drop(slot);
      else this.maintainLine(cache!, slot, operation);
    }
    const l2 = this.l2;
    if (l2 === null || operation === 'instruction' || operation === 'clean-to-pou') return;
    const slot = l2.find(0, paddr);
    if (slot >= 0) this.maintainL2(l2, slot, operation);
  }

  /** Writes back and drops a physical line in all data caches but those of `except`, whatever its alias. */
  withdraw(except: CoreCaches | null, paddr: Paddr): void {
    if (except !== null && this.cores.length === 1) return;
    for (const core of this.cores) {
      const cache = core.data;
      if (core === except || cache === null) continue;
      for (let slot = cache.findPhysical(paddr); slot >= 0; slot = cache.findPhysical(paddr, slot)) {
        this.evictData(core, slot);
      }
    }
  }

  /** By set and way: this core's data cache and the L2. */
  private performAll(core: CoreCaches, { operation }: QueuedMaintenance): void {
    const cache = core.data;
    for (let slot = 0; cache !== null && slot < cache.slots; slot++) {
      if (cache.states[slot] !== INVALID) this.maintainLine(cache, slot, operation);
    }
    const l2 = this.l2;
    for (let slot = 0; l2 !== null && slot < l2.slots; slot++) {
      if (l2.states[slot] !== INVALID) this.maintainL2(l2, slot, operation);
    }
  }

  private maintainLine(cache: SetAssociative, slot: number, operation: QueuedMaintenance['operation']): void {
    if (cache.states[slot] === DIRTY && operation !== 'invalidate') {
      this.cleanData(cache, slot, operation === 'clean-to-pou' && this.allocation.inL2());
    }
    if (operation === 'invalidate' || operation === 'clean-invalidate') cache.drop(slot);
  }

  private maintainL2(l2: SetAssociative, slot: number, operation: QueuedMaintenance['operation']): void {
    if (l2.states[slot] === DIRTY && operation !== 'invalidate') this.cleanL2(l2, slot);
    if (operation !== 'clean') l2.drop(slot);
  }

  private cleanData(cache: SetAssociative, slot: number, allocate: boolean): void {
    const at = slot * cache.lineBytes;
    this.write(cache.paddrs[slot]!, cache.bytes, at, cache.lineBytes, cache.bits[slot]!, allocate);
    cache.states[slot] = CLEAN;
  }

  private cleanL2(l2: SetAssociative, slot: number): void {
    this.below.write(l2.paddrs[slot]!, l2.bytes, slot * l2.lineBytes, l2.lineBytes, l2.bits[slot]!);
    l2.states[slot] = CLEAN;
  }

  /** `overwritten`: so many bytes of the line need no reading. */
  private fillL2(l2: SetAssociative, paddr: Paddr, bits: number, overwritten: number): number {
    const slot = l2.victim(0, paddr);
    if (l2.states[slot] !== INVALID) this.evictL2(slot);
    l2.take(slot, 0, paddr, bits);
    if (overwritten < l2.lineBytes) {
      this.below.read(l2.paddrs[slot]!, l2.lineBytes, bits, l2.bytes, slot * l2.lineBytes);
    }
    return slot;
  }

  /** Moves a line that is dirty in another core into `slot`, still dirty. False: it is dirty nowhere else. */
  private takeOver(core: CoreCaches, slot: number): boolean {
    if (this.cores.length === 1) return false;
    const cache = core.data!;
    const paddr = cache.paddrs[slot]!;
    for (const other of this.cores) {
      const theirs = other.data;
      if (other === core || theirs === null) continue;
      const from = theirs.findPhysical(paddr);
      if (from < 0 || theirs.states[from] !== DIRTY) continue;
      copyIntoLine(cache, slot, paddr, theirs.bytes, from * theirs.lineBytes, theirs.lineBytes);
      cache.states[slot] = DIRTY;
      theirs.drop(from);
      return true;
    }
    return false;
  }
}
