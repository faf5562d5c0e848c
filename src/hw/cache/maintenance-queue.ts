// SPDX-License-Identifier: GPL-2.0-only
/**
 * Maintenance that was asked for and need not have happened: until the CPU's DSB, or the outer cache's sync,
 * each operation is done at any time (ARM DDI 0406C, B2.2, ordering of cache maintenance; DDI 0246, ch. 3,
 * Cache Sync).
 * Operations on one line keep their order; an operation on the whole cache keeps its place among all.
 * Model: when `capacity` operations wait, the oldest is done before another enters. Entries never change.
 */
import type { Paddr, Vaddr } from '../../base/address.js';
import type { InnerOperation } from '../observer.js';

/** `clean-to-pou`: as far as instruction fetches look. `instruction`: invalidate in the instruction caches. */
export type QueuedOperation = InnerOperation | 'clean-to-pou' | 'instruction';

export interface QueuedMaintenance {
  readonly operation: QueuedOperation;
  /** The whole cache; the addresses mean nothing then. */
  readonly all: boolean;
  /** The line's first bytes. */
  readonly vaddr: Vaddr;
  readonly paddr: Paddr;
}

export class MaintenanceQueue {
  /** Oldest first. */
  entries: readonly QueuedMaintenance[] = [];
  private readonly capacity: number;
  private readonly perform: (entry: QueuedMaintenance) => void;

  constructor(capacity: number, perform: (entry: QueuedMaintenance) => void) {
    this.capacity = capacity;
    this.perform = perform;
  }

  push(entry: QueuedMaintenance): void {
    if (this.entries.length >= this.capacity) this.complete(0);
    this.entries = [...this.entries, entry];
  }

  /** Whether no older entry for the same line waits before the one at `index`. */
  mayComplete(index: number): boolean {
    const entry = this.entries[index]!;
    for (let i = 0; i < index; i++) if (sameLine(this.entries[i]!, entry)) return false;
    return true;
  }

  /** Does the operation at `index`, which mayComplete() allows. */
  complete(index: number): void {
    const entry = this.entries[index]!;
    this.entries = this.entries.filter((_, i) => i !== index);
    this.perform(entry);
  }

  /** Does what waits for one line, before an access to it. Instruction caches are not the access's business. */
  completeLine(vaddr: Vaddr, paddr: Paddr): void {
    const line = { operation: 'clean', all: false, vaddr, paddr } as const;
    for (let i = 0; i < this.entries.length; ) {
      const entry = this.entries[i]!;
      if (entry.operation === 'instruction' || !sameLine(entry, line)) {
        i++;
        continue;
      }
      // An operation on everything waits for all that is older.
      for (; entry.all && i > 0; i--) this.complete(0);
      this.complete(i);
    }
  }

  completeAll(): void {
    while (this.entries.length > 0) this.complete(0);
  }
}

export function sameLine(a: QueuedMaintenance, b: QueuedMaintenance): boolean {
  return a.all || b.all || a.vaddr === b.vaddr || a.paddr === b.paddr;
}
