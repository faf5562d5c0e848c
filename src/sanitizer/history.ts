// SPDX-License-Identifier: GPL-2.0-only
/**
 * What happened to memory, for the story that a finding tells: the last events, each a range. Events that go on
 * where the one before ended join it. Ordinary accesses that change nothing are not kept.
 */
import type { Paddr } from '../base/address.js';
import type { LineEvent } from './finding.js';

/** Events that are kept. Older ones are forgotten: a story then begins in the middle, and the report says so. */
const CAPACITY = 4096;

/** A stack, worked out when somebody reads it. */
export interface CapturedStack {
  /** Innermost function first. */
  readonly frames: readonly string[];
}

/** Remembers the stack of the code that is running. Called often, so it should be quick. */
export type StackSource = () => CapturedStack;

interface Entry {
  readonly number: number;
  readonly who: string;
  readonly what: string;
  readonly paddr: Paddr;
  /** 0: concerns everything (a barrier, a doorbell, a whole cache). */
  size: number;
  readonly stack: CapturedStack;
}

/** Of what happened to everything between two events of a line, so many are told: those right after the first. */
const BARRIERS = 3;

const NO_STACK: CapturedStack = { frames: [] };

export class History {
  /** Null: no stacks. */
  stackOf: StackSource | null = null;
  private entries: Entry[] = [];
  private number = 0;

  /** Number of the event that is recorded next. */
  get nextNumber(): number {
    return this.number + 1;
  }

  record(who: string, what: string, paddr: Paddr, size: number): void {
    const last = this.entries.at(-1);
    if (last !== undefined && last.what === what && last.who === who) {
      if (size === 0) return;
      if (last.paddr + last.size === paddr) {
        last.size += size;
        return;
      }
    }
    if (this.entries.length >= 2 * CAPACITY) this.entries = this.entries.slice(-CAPACITY);
    const stack = this.stack();
    this.entries.push({ number: ++this.number, who, what, paddr, size, stack });
  }

  /** The last event goes on, if it ends at `paddr`. */
  extend(paddr: Paddr, size: number): void {
    const last = this.entries.at(-1);
    if (last !== undefined && last.paddr + last.size === paddr) last.size += size;
  }

  stack(): CapturedStack {
    return this.stackOf === null ? NO_STACK : this.stackOf();
  }

  /** The last `most` events that touch [paddr, paddr + size), with barriers and the like after each, oldest first. */
  of(paddr: Paddr, size: number, most: number): LineEvent[] {
    const found: LineEvent[] = [];
    let between: Entry[] = [];
    for (let i = this.entries.length - 1; i >= 0 && found.length < most; i--) {
      const entry = this.entries[i]!;
      if (entry.size === 0) {
        between.push(entry);
      } else if (entry.paddr < paddr + size && paddr < entry.paddr + entry.size) {
        for (const barrier of between.slice(-BARRIERS)) found.push(told(barrier));
        found.push(told(entry));
        between = [];
      }
    }
    found.reverse();
    return found;
  }
}

function told(entry: Entry): LineEvent {
  return { ...entry, stack: entry.stack.frames };
}
