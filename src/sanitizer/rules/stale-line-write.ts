// SPDX-License-Identifier: GPL-2.0-only
/** Rule `stale-line-write`: a line becomes dirty that is stale elsewhere: writing it back will overwrite newer data. */
import type { Cell } from '../cell.js';
import type { Rule } from './rule.js';

export const staleLineWrite: Rule = {
  id: 'stale-line-write',
  severity: 'error',
  summary: 'a line becomes dirty that is stale elsewhere: writing it back will overwrite newer data',
  explanation: [
    'A line is written back whole. If a cache holds some bytes of it older than memory, a store to any other byte makes the line dirty, and its eviction puts the old bytes over what a device wrote there. Nobody reads anything wrong at that moment; the data is lost later.',
    'It is what happens when a DMA buffer and something the CPU writes share a line: a flag or a reference count beside a buffer, or a buffer that is smaller than a line. kmalloc() keeps its objects apart for this reason (ARCH_DMA_MINALIGN). An outer line may be longer than an inner one and widen the danger zone.',
    "On a board: the device's data is right when it is looked at first and wrong later, or a few bytes at the edge of a buffer are old. Reported is the store that makes the line dirty; marked are the old bytes beside it.",
  ],
  missing:
    "Invalidate the line between the device's write and the store, or give the buffer lines of its own.",
  references: [
    'ARM DDI 0406C, A3.9 (caches and memory hierarchy)',
    'Documentation/core-api/dma-api-howto.rst, "What memory is DMA\'able?"',
    'arch/arm/include/asm/cache.h, ARCH_DMA_MINALIGN (v6.12)',
  ],
};

/** Stale bytes of a line that a cached store makes dirty, without those that the store itself renews. */
export function staleRest(cell: Cell, mask: number): number {
  return cell.staleForLoads & ~mask;
}

/** The same for a store that goes on to the outer cache at once. */
export function staleRestOuter(cell: Cell, mask: number): number {
  return cell.mayHoldOuter ? cell.staleOuter & ~mask : 0;
}
