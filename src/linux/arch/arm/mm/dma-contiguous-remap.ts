// SPDX-License-Identifier: GPL-2.0-only
/**
 * Contiguous areas in lowmem get 4 KiB pages instead of sections, so that their attributes can be changed
 * later. Linux: arch/arm/mm/dma-mapping.c, dma_contiguous_early_fixup(), dma_contiguous_remap() (v6.12).
 * Only ARM does this, and only for areas whose reservation went through dma_contiguous_early_fixup().
 */
import { PFN_DOWN } from '../../../include/linux/pfn.js';
import type { Kernel } from '../../../kernel.js';
import { __va } from '../include/asm/memory.js';
import { flush_tlb_kernel_range } from '../include/asm/tlbflush.js';
import { iotable_init } from './ioremap.js';
import { clearKernelEntries } from './mmu.js';

export function dma_contiguous_remap(k: Kernel): void {
  for (const area of k.cma.early) {
    const end = Math.min(area.base + area.size, k.memory.arm_lowmem_limit);
    if (area.base >= end) continue;
    const virtual = __va(k, area.base);
    // The old entries must be gone from memory and from every TLB before the new ones appear.
    clearKernelEntries(k, virtual, __va(k, end));
    flush_tlb_kernel_range(k, virtual, __va(k, end));
    iotable_init(k, {
      pfn: PFN_DOWN(area.base),
      virtual,
      length: end - area.base,
      type: 'MT_MEMORY_DMA_READY',
    });
  }
}
