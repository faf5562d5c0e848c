// SPDX-License-Identifier: GPL-2.0-only
/**
 * How much maintenance software asked for, by kind. Numbers only: designs are compared by them.
 */
import type { Barrier, InnerOperation, OuterOperation, TlbOperation } from './observer.js';

/** Operations by address: how many ranges, how many cache lines in them. */
export interface RangeCounter {
  operations: number;
  lines: number;
}

function rangeCounters(): Record<InnerOperation, RangeCounter> {
  return {
    clean: { operations: 0, lines: 0 },
    invalidate: { operations: 0, lines: 0 },
    'clean-invalidate': { operations: 0, lines: 0 },
  };
}

export class Counters {
  readonly inner: Record<InnerOperation, RangeCounter> = rangeCounters();
  readonly outer: Record<OuterOperation, RangeCounter> = rangeCounters();
  readonly innerAll: Record<InnerOperation, number> = { clean: 0, invalidate: 0, 'clean-invalidate': 0 };
  readonly outerAll: Record<OuterOperation, number> = { clean: 0, invalidate: 0, 'clean-invalidate': 0 };
  readonly barriers: Record<Barrier, number> = { dsb: 0, dmb: 0, isb: 0, 'outer-sync': 0 };
  /** `mva`: pages. `asid`, `all`: operations. */
  readonly tlb: Record<TlbOperation, number> = { mva: 0, asid: 0, all: 0 };
}
