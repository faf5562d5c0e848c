// SPDX-License-Identifier: GPL-2.0-only
/**
 * A second mapping of a buffer, in vmalloc space. Linux: kernel/dma/remap.c (v6.12).
 */
import { hex, type Pfn, type Vaddr } from '../../../base/address.js';
import type { pgprot_t } from '../../arch/arm/include/asm/pgtable.js';
import { PAGE_ALIGN, PAGE_SIZE } from '../../include/linux/pfn.js';
import type { Kernel } from '../../kernel.js';
import { find_vm_area, VM_DMA_COHERENT, vmap, vmap_contiguous, vunmap } from '../../mm/vmalloc.js';

/**
 * Maps `size` bytes of physically contiguous pages; null when vmalloc space is exhausted. May sleep.
 * Linux: kernel/dma/remap.c, dma_common_contiguous_remap() (v6.12).
 * Model: the temporary array of page pointers is not allocated. The complaint about sleeping is made whether
 * or not DEBUG_ATOMIC_SLEEP is set, and only for interrupts that are off (not for held spinlocks).
 */
export function dma_common_contiguous_remap(
  k: Kernel,
  pfn: Pfn,
  size: number,
  prot: pgprot_t,
  caller: string,
): Vaddr | null {
  if (k.dma.irqs_disabled) {
    k.log.WARN(
      `BUG: sleeping function called from invalid context in dma_common_contiguous_remap (${caller})`,
    );
  }
  return vmap_contiguous(k, pfn, PAGE_ALIGN(size) / PAGE_SIZE, prot, caller);
}

/**
 * Maps pages from anywhere, and remembers them. Null when vmalloc space is exhausted.
 * Linux: kernel/dma/remap.c, dma_common_pages_remap() (v6.12).
 */
export function dma_common_pages_remap(
  k: Kernel,
  pages: readonly Pfn[],
  prot: pgprot_t,
  caller: string,
): Vaddr | null {
  const vaddr = vmap(k, pages, prot, caller);
  if (vaddr !== null) find_vm_area(k, vaddr)!.pages = pages;
  return vaddr;
}

/** What dma_common_pages_remap() mapped at `vaddr`; null otherwise. Linux: dma_common_find_pages() (v6.12). */
export function dma_common_find_pages(k: Kernel, vaddr: Vaddr): readonly Pfn[] | null {
  const area = find_vm_area(k, vaddr);
  return area !== undefined && (area.flags & VM_DMA_COHERENT) !== 0 ? area.pages : null;
}

/** Linux: kernel/dma/remap.c, dma_common_free_remap() (v6.12). */
export function dma_common_free_remap(k: Kernel, vaddr: Vaddr): void {
  if (((find_vm_area(k, vaddr)?.flags ?? 0) & VM_DMA_COHERENT) === 0) {
    k.log.WARN(`trying to free invalid coherent area: ${hex(vaddr)}`);
    return;
  }
  vunmap(k, vaddr);
}
