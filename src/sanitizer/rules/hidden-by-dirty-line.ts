// SPDX-License-Identifier: GPL-2.0-only
/** Rule `hidden-by-dirty-line`: the newest value is in a dirty line that this access does not look at. */
import type { Cell } from '../cell.js';
import type { Rule } from './rule.js';

export const hiddenByDirtyLine: Rule = {
  id: 'hidden-by-dirty-line',
  severity: 'error',
  summary: 'the newest value is in a dirty line that this access does not look at',
  explanation: [
    'The newest value of these bytes is in a dirty line, and this access does not look where the line is: it is non-cacheable, or it comes by another virtual address on a cache that keeps a line for each address (VIVT) or each colour (aliasing VIPT). It reads what memory held before.',
    "Linux cleans a page before it maps it non-cacheable, and lets nobody store through the old mapping afterwards. On caches that are indexed by virtual address it cleans user mappings by the user's address: a clean through the direct map does not reach them.",
    'A PL310 that looks non-cacheable accesses up shows what it holds itself; a line that is dirty further in is hidden all the same. With a snooping fabric the same mistake is made by treating a coherent device as one that is not: the driver reads uncached what the device wrote into the cache.',
    'On a board: zeros or old descriptors in a fresh coherent buffer. Reported is the access that misses the line.',
  ],
  missing:
    'Clean the line, at each level that the access passes by, before the memory is used past the cache or by another address.',
  references: [
    'ARM DDI 0406C, A3.5.7 (memory access restrictions: mismatched attributes)',
    'Documentation/core-api/cachetlb.rst, flush_dcache_page() and flush_kernel_vmap_range()',
    'arch/arm/mm/dma-mapping.c, __dma_clear_buffer() (v6.12)',
  ],
};

/** Bytes whose newest value an access past the inner caches misses. */
export function hiddenInner(cell: Cell, mask: number): number {
  return cell.newInner & mask;
}

/** The same for one past the outer cache. */
export function hiddenOuter(cell: Cell, mask: number): number {
  return cell.newOuter & mask;
}
