// SPDX-License-Identifier: GPL-2.0-only
/**
 * Bytes that wait for something: stores in a buffer, maintenance that no barrier has completed. Lists are short,
 * since every barrier empties them; neighbours join as they come.
 */
import type { Paddr } from '../base/address.js';

export interface Waiting {
  readonly cpu: number;
  readonly start: Paddr;
  end: Paddr;
  /** 0 in the CPU, 1 in the outer cache. */
  stage: number;
  /** Number of DMBs of the CPU before it. */
  readonly epoch: number;
}

export class WaitingBytes {
  private list: Waiting[] = [];

  add(cpu: number, start: Paddr, size: number, stage: number, epoch: number): void {
    if (!this.extend(cpu, start, size, stage, epoch)) {
      this.list.push({ cpu, start, end: start + size, stage, epoch });
    }
  }

  /** Lets the last entry go on to [start, start + size), if it ends there and is alike. */
  extend(cpu: number, start: Paddr, size: number, stage: number, epoch: number): boolean {
    const last = this.list.at(-1);
    if (last?.end !== start || last.cpu !== cpu || last.stage !== stage || last.epoch !== epoch) return false;
    last.end = start + size;
    return true;
  }

  /** Those that touch [start, start + size). */
  at(start: Paddr, size: number): Waiting[] {
    return this.list.filter(entry => entry.start < start + size && start < entry.end);
  }

  /** Takes out those that `done` chooses. */
  take(done: (entry: Waiting) => boolean): Waiting[] {
    if (this.list.length === 0) return [];
    const taken = this.list.filter(done);
    if (taken.length > 0) this.list = this.list.filter(entry => !done(entry));
    return taken;
  }
}
