// SPDX-License-Identifier: GPL-2.0-only
/** Rule `eviction-will-overwrite`: a dirty line lies over this memory: its eviction will overwrite what is written now. */
import type { Cell } from '../cell.js';
import type { Rule } from './rule.js';

export const evictionWillOverwrite: Rule = {
  id: 'eviction-will-overwrite',
  severity: 'error',
  summary: 'a dirty line lies over this memory: its eviction will overwrite what is written now',
  explanation: [
    'A dirty line lies over this memory. Hardware may write it back at any time, all of it, and what is being written to memory now is gone then. It does not matter how old the stores are that made it dirty or whether anybody still needs them: freed pages have dirty lines too, and their next owner inherits them.',
    'Linux cleans or invalidates before a device may write: when a streaming mapping is made, and when coherent memory is allocated. Since 6.0 buffers without a kernel mapping (DMA_ATTR_NO_KERNEL_MAPPING) are not cleaned when they are allocated, and video decoders have shown it. Highmem pages have no permanent address to clean by.',
    'On a board: blocks of 32 or 64 bytes in a frame or a packet that hold something unrelated, more often the busier the machine was before. Reported is the write that will be overwritten; against it stands what made the line dirty, if it is remembered.',
  ],
  missing: 'Clean and invalidate the line, at all levels, before anything writes memory behind it.',
  references: [
    'ARM DDI 0406C, A3.9 (caches and memory hierarchy)',
    'arch/arm/mm/dma-mapping.c, __dma_page_cpu_to_dev() (v6.12)',
    'kernel/dma/direct.c, dma_direct_alloc_no_mapping() (v6.12)',
    'Documentation/core-api/dma-api.rst, part Id',
  ],
};

/** May the line be written back over a write to memory that does not look into the caches? */
export function mayBeWrittenBack(cell: Cell, lookup: boolean): boolean {
  return cell.dirtyInner || (!lookup && cell.dirtyOuter);
}
