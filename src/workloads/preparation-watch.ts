// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the machine was seen to do to memory before a driver got it: which bytes were cleaned and invalidated at
 * every cache level, and which were set to zero. Everything is kept by physical address, so that it does not
 * matter through which mapping it happened: the direct map, a highmem window, or an uncached mapping.
 * Pools are prepared when they are made or grow, long before a call takes a piece of them: a second watch looks
 * at that, and at nothing else.
 * Model: an operation covers all aliases of its page; on caches that index virtually, lines of other aliases
 * are taken to have gone with their mapping. Outer before inner counts the same as inner before outer.
 */
import type { Paddr, Range, Vaddr } from '../base/address.js';
import type { OuterCacheFacts } from '../hw/facts.js';
import type { Machine } from '../hw/machine.js';
import { Translation } from '../hw/mmu/translation.js';
import { WALK_OK } from '../hw/mmu/walker.js';
import { type InnerOperation, Observer, type OuterOperation } from '../hw/observer.js';
import { tee } from '../hw/tee.js';
import type { ArchDma } from '../linux/kernel/dma/arch.js';
import type { Kernel } from '../linux/kernel.js';

/** A set of bytes as ranges, in the order in which they were added. */
class Coverage {
  private ranges: { readonly start: number; end: number }[] = [];

  add(start: number, end: number): void {
    const last = this.ranges.at(-1);
    if (last?.end === start) last.end = end;
    else this.ranges.push({ start, end });
  }

  remove(start: number, end: number): void {
    this.ranges = this.ranges.flatMap(range => {
      if (range.end <= start || range.start >= end) return [range];
      const rest = [
        { start: range.start, end: Math.min(range.end, start) },
        { start: Math.max(range.start, end), end: range.end },
      ];
      return rest.filter(part => part.start < part.end);
    });
  }

  covers(start: number, end: number): boolean {
    let at = start;
    for (const range of [...this.ranges].sort((a, b) => a.start - b.start)) {
      if (range.start > at) return false;
      at = Math.max(at, range.end);
      if (at >= end) return true;
    }
    return at >= end;
  }
}

const EVERYTHING: Range = { start: 0, end: 2 ** 40 };

export class PreparationWatch extends Observer {
  private readonly machine: Machine;
  private readonly inner = new Coverage();
  private readonly outer = new Coverage();
  private readonly zeroes = new Coverage();
  private readonly found = new Translation();

  constructor(machine: Machine) {
    super();
    this.machine = machine;
  }

  /** Runs `call` and watches it, beside whoever watches already. */
  during<T>(call: () => T): T {
    const { machine } = this;
    const before = machine.observer;
    machine.observer = before === null ? this : tee(before, this);
    try {
      return call();
    } finally {
      machine.observer = before;
    }
  }

  override innerMaintenance(_cpu: number, operation: InnerOperation, vaddr: Vaddr, size: number): void {
    if (operation !== 'clean-invalidate') return;
    this.eachMapped(vaddr, size, (start, end) => this.inner.add(start, end));
  }

  override innerMaintenanceAll(_cpu: number, operation: InnerOperation): void {
    if (operation === 'clean-invalidate') this.inner.add(EVERYTHING.start, EVERYTHING.end);
  }

  override outerMaintenance(operation: OuterOperation, paddr: Paddr, size: number): void {
    // A write-through cache has nothing to clean, and its driver only invalidates.
    const writeThrough = this.machine.facts.outerCache?.writeThrough ?? false;
    if (operation === 'clean-invalidate' || writeThrough) this.outer.add(paddr, paddr + size);
  }

  override outerMaintenanceAll(operation: OuterOperation): void {
    if (operation === 'clean-invalidate') this.outer.add(EVERYTHING.start, EVERYTHING.end);
  }

  override fill(_cpu: number, vaddr: Vaddr, paddr: Paddr, size: number, byte: number): void {
    if (byte === 0) this.zeroes.add(paddr, paddr + size);
    else this.zeroes.remove(paddr, paddr + size);
    // Stores through a cacheable mapping leave dirty lines; one mapping has one type all over.
    if (this.machine.walker.walk(vaddr, this.found) !== WALK_OK) return;
    const { inner, outer } = this.found.memoryType;
    if (inner === 'NC' && outer === 'NC') return;
    this.inner.remove(paddr, paddr + size);
    this.outer.remove(paddr, paddr + size);
  }

  /** Were [paddr, paddr + size) cleaned at every level? `outer`: the outer cache that software maintains. */
  cleaned(paddr: Paddr, size: number, outer: OuterCacheFacts | null): boolean {
    const end = paddr + size;
    return this.inner.covers(paddr, end) && (outer === null || this.outer.covers(paddr, end));
  }

  /** Was each byte of [paddr, paddr + size) set to zero? */
  zeroed(paddr: Paddr, size: number): boolean {
    return this.zeroes.covers(paddr, paddr + size);
  }

  /** The physical pieces of [vaddr, vaddr + size), by the entries that map them. */
  private eachMapped(vaddr: Vaddr, size: number, use: (start: Paddr, end: Paddr) => void): void {
    const end = vaddr + size;
    for (let at = vaddr; at < end; ) {
      const { found } = this;
      const mapped = this.machine.walker.walk(at, found) === WALK_OK;
      const entryBytes = mapped ? found.size : 4096;
      const bytes = Math.min(end - at, entryBytes - (at % entryBytes));
      if (mapped) use(found.paddr, found.paddr + bytes);
      at += bytes;
    }
  }
}

const poolWatches = new WeakMap<Kernel, PreparationWatch>();

/** The hooks of a design, with a watch on how the pools for atomic allocations are made. */
export function watchingPools(hooks: ArchDma): ArchDma {
  return { ...hooks, atomic_pool_init: k => poolWatch(k).during(() => hooks.atomic_pool_init(k)) };
}

/** What was seen of the pools of a kernel while they were made and when they grew. */
export function poolWatch(k: Kernel): PreparationWatch {
  const watch = poolWatches.get(k) ?? new PreparationWatch(k.machine);
  poolWatches.set(k, watch);
  return watch;
}
