// SPDX-License-Identifier: GPL-2.0-only
/** Rule `device-reads-old-data`: a device reads an older value than the newest. */
import type { Cell } from '../cell.js';
import type { Rule } from './rule.js';

export const deviceReadsOldData: Rule = {
  id: 'device-reads-old-data',
  severity: 'error',
  summary: 'a device reads an older value than the newest',
  explanation: [
    'The newest value is in a cache and the device reads memory; or the device snoops, and the cache that it looks into holds an older value than memory. Either way it gets old bytes.',
    'Linux cleans when the buffer is mapped TO_DEVICE or BIDIRECTIONAL, or synced for the device: the inner caches first, then the outer one. On VIVT and aliasing VIPT caches stores through another address stay dirty after that. What is stored after the clean is not covered by it.',
    'A device that snoops needs none of this, as long as everybody keeps the caches right: after another device has written memory past the caches, the old line answers the snoop.',
    "On a board: a packet goes out with the payload of the one before, or a disk block is written with the contents it had earlier. Reported is the device's read.",
  ],
  missing:
    'Clean the lines after the last store and before the device reads (inner caches, then the outer cache): dma_map_*() or dma_sync_*_for_device().',
  references: [
    'arch/arm/mm/dma-mapping.c, __dma_page_cpu_to_dev() (v6.12)',
    'Documentation/core-api/dma-api.rst, part Id',
    'ARM DDI 0406C, A3.9 (caches and memory hierarchy)',
  ],
};

/** Bytes that memory lacks. */
export function memoryLacks(cell: Cell, mask: number): number {
  return (cell.newInner | cell.newOuter) & mask;
}

/** Bytes that a snooping device may see too old: every port that snoops looks into the outer cache as well. */
export function staleForSnoop(cell: Cell, mask: number): number {
  const inner = cell.mayHoldInner ? cell.staleInner : 0;
  const outer = cell.mayHoldOuter ? cell.staleOuter : 0;
  return (inner | outer) & mask;
}
