// SPDX-License-Identifier: GPL-2.0-only
/** Rule `lost-write`: the newest value was thrown away by an invalidate. */
import type { Cell } from '../cell.js';
import type { Rule } from './rule.js';

export const lostWrite: Rule = {
  id: 'lost-write',
  severity: 'error',
  summary: 'the newest value was thrown away by an invalidate',
  explanation: [
    'Invalidating a line drops it, and if it is dirty the stores that made it dirty are gone: memory has what was there before. Maintenance works on whole lines, so the bytes need not belong to the buffer that was invalidated: a neighbour in the same line is lost with it.',
    'Linux invalidates only what it has cleaned or does not need any more, and cleans the partial first and last line of a range before it drops them. A fabric that snoops makes a third case: a device wrote into a cache (an ACP, a port into an L2) and the kernel, taking it for one that does not snoop, invalidates.',
    'On a board: a field that was written and is zero or old again, often right beside a DMA buffer. Reported is the access that needs the bytes, not the invalidate: if the buffer is overwritten or freed first, nobody is harmed. Against it stands the operation that threw them away.',
  ],
  missing:
    'Clean the line before it is invalidated (or do both in one step); keep what the CPU writes out of lines that a device writes.',
  references: [
    'ARM DDI 0406C, B2.2 (caches and branch predictors: maintenance operations)',
    'arch/arm/mm/cache-v7.S, v7_dma_inv_range (v6.12)',
    'arch/arm/mm/cache-l2x0.c, l2c210_inv_range() (v6.12)',
    'Documentation/core-api/dma-api-howto.rst, "What memory is DMA\'able?"',
  ],
};

/** Bytes whose newest value an invalidate may have thrown away. */
export function lostBytes(cell: Cell, mask: number): number {
  return cell.lost & mask;
}
