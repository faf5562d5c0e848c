// SPDX-License-Identifier: GPL-2.0-only
/** Rule `missing-barrier`: a buffered store may not have reached memory yet. */
import type { Cell } from '../cell.js';
import type { Rule } from './rule.js';

export const missingBarrier: Rule = {
  id: 'missing-barrier',
  severity: 'error',
  summary: 'a buffered store may not have reached memory yet',
  explanation: [
    'A store to Normal non-cacheable memory waits in a write buffer, and behind it in the buffer of an outer cache. Nothing but a barrier makes it leave: not time, not a later store to another address, and not a doorbell (a store to Device memory) unless a DMB or DSB stands between them. A device that reads the descriptor may find the old one.',
    "Linux has it in writel(), which is wmb() and then the store, and wmb() is a DSB and, where an outer cache asks for it, that cache's sync. writel_relaxed() has neither. DMB orders stores before the doorbell as far as the CPU goes, but does not empty an outer cache's buffer.",
    "On a board: a descriptor ring that stalls once in a million packets, a command that is executed twice. Reported is the access that may come too early: the device's read, a write that the late store would overwrite, or a load of another CPU.",
  ],
  missing:
    'wmb() or writel() between the stores and the doorbell; dma_wmb() where only the order of two stores to memory matters.',
  references: [
    'ARM DDI 0406C, A3.8.3 (memory barriers)',
    'Documentation/memory-barriers.txt, "Kernel I/O barrier effects"',
    'arch/arm/mm/flush.c, arm_heavy_mb() (v6.12)',
    'arch/arm/include/asm/barrier.h, wmb() (v6.12)',
  ],
};

/** Bytes that may still be on their way. */
export function pendingBytes(cell: Cell, mask: number): number {
  return cell.pending & mask;
}
