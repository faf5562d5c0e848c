// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where cores stop for a debugger: before the instruction at a virtual address, whatever the process. The guest's memory
 * stays as it is. A core asks once for each block that it is about to execute; a block with a breakpoint is interpreted
 * up to it, any other one runs as it would.
 */
import type { Block } from '../code/block.js';

export class Breakpoints {
  /** The core that is stopped at one; -1: none is. */
  stoppedCore = -1;
  /** This core stops before its next instruction wherever that is; -1: none does. */
  held = -1;
  private readonly addresses: Set<number> = new Set();
  /** Breakpoints in each page that has some, by page number. */
  private readonly pages: Map<number, number> = new Map();
  private readonly stop: (core: number) => void;

  /** `stop` is called when a core stops. */
  constructor(stop: (core: number) => void) {
    this.stop = stop;
  }

  add(vaddr: number): void {
    if (this.addresses.has(vaddr)) return;
    this.addresses.add(vaddr);
    const page = vaddr >>> 12;
    this.pages.set(page, (this.pages.get(page) ?? 0) + 1);
  }

  remove(vaddr: number): void {
    if (!this.addresses.delete(vaddr)) return;
    const page = vaddr >>> 12;
    const left = this.pages.get(page)! - 1;
    if (left === 0) this.pages.delete(page);
    else this.pages.set(page, left);
  }

  /** No core can stop at one. */
  get none(): boolean {
    return this.addresses.size === 0 && this.held < 0;
  }

  clear(): void {
    this.addresses.clear();
    this.pages.clear();
  }

  /** How many of the first `count` instructions of a block at `pageAddress` come before a breakpoint; 0: `core` stops. */
  reach(core: number, block: Block, pageAddress: number, count: number): number {
    if (core === this.held) return this.stopAt(core);
    if (!this.pages.has(pageAddress >>> 12)) return count;
    const { ops } = block;
    for (let i = 0; i < count; i++) {
      if (this.addresses.has((pageAddress + ops[i]!.offset) >>> 0)) return i === 0 ? this.stopAt(core) : i;
    }
    return count;
  }

  private stopAt(core: number): number {
    this.stoppedCore = core;
    this.stop(core);
    return 0;
  }
}
