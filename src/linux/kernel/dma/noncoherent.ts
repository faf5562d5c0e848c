// SPDX-License-Identifier: GPL-2.0-only
/**
 * Memory that the DMA API allocates and leaves cached: the driver synchronizes it, as streaming memory.
 * Linux: kernel/dma/mapping.c, dma_alloc_pages(), dma_alloc_noncontiguous() and their kin;
 * include/linux/dma-mapping.h, dma_alloc_noncoherent() (v6.12; 6.1 where said). Without an IOMMU the pages are
 * contiguous whatever the call is named, and never highmem. To processes they go by user-map.ts.
 */
import type { DmaAddr, Pfn, Vaddr } from '../../../base/address.js';
import { invariant } from '../../../base/diagnostics.js';
import { __pa, page_address } from '../../arch/arm/include/asm/memory.js';
import type { device } from '../../include/linux/device.js';
import { DMA_ATTR_ALLOC_SINGLE_PAGES, DMA_ATTR_SKIP_CPU_SYNC } from '../../include/linux/dma-mapping.js';
import { __GFP_COMP, __GFP_DMA, __GFP_DMA32, __GFP_HIGHMEM } from '../../include/linux/gfp.js';
import { PAGE_ALIGN, PFN_DOWN, PFN_PHYS } from '../../include/linux/pfn.js';
import { sg_entry, sg_table } from '../../include/linux/scatterlist.js';
import type { Kernel } from '../../kernel.js';
import { type DmaPages, dma_direct_alloc_pages, dma_direct_free_pages } from './direct.js';

export const ZONE_FLAGS: number = __GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM;

/** Compound pages were refused from 6.12 on; before, ARM dropped the flag. */
export function refusesCompound(k: Kernel, gfp: number, caller: string): boolean {
  if ((gfp & __GFP_COMP) === 0 || !k.config.atLeast('6.12')) return false;
  return k.log.WARN_ONCE(`${caller} COMP`, `${caller}: __GFP_COMP`);
}

/** The memory, mapped in `dir`; nothing is synchronized yet. */
function __dma_alloc_pages(k: Kernel, dev: device, size: number, dir: number, gfp: number): DmaPages | null {
  if (dev.coherent_dma_mask === 0) {
    k.log.WARN_ONCE('__dma_alloc_pages mask', `__dma_alloc_pages: ${dev.name} has no coherent DMA mask`);
    return null;
  }
  if ((gfp & ZONE_FLAGS) !== 0) {
    k.log.WARN_ONCE('__dma_alloc_pages zone', '__dma_alloc_pages: zone flags');
    return null;
  }
  if (refusesCompound(k, gfp, '__dma_alloc_pages')) return null;
  // No operation for it. Linux: arch/arm/mm/dma-mapping.c, iommu_ops (v6.12).
  if (dev.dma_ops !== null) return null;
  const pages = dma_direct_alloc_pages(k, dev, PAGE_ALIGN(size), gfp);
  if (pages !== null && k.machine.observer !== null) {
    const paddr = PFN_PHYS(pages.pfn);
    const bytes = PAGE_ALIGN(size);
    k.dma.streaming.mapped(k, dev, pages.dma_handle, paddr, bytes, dir, DMA_ATTR_SKIP_CPU_SYNC);
  }
  return pages;
}

function __dma_free_pages(k: Kernel, dev: device, size: number, pages: DmaPages, dir: number): void {
  const bytes = PAGE_ALIGN(size);
  const ends = k.dma.streaming.ending(k, dev, pages.dma_handle, bytes, dir, DMA_ATTR_SKIP_CPU_SYNC);
  k.dma.streaming.ended(k, dev, ends);
  dma_direct_free_pages(k, dev, bytes, pages.pfn);
}

/** Zeroed lowmem pages that the device reaches. Linux: kernel/dma/mapping.c, dma_alloc_pages() (v6.12). */
export function dma_alloc_pages(
  k: Kernel,
  dev: device,
  size: number,
  dir: number,
  gfp: number,
): DmaPages | null {
  return __dma_alloc_pages(k, dev, size, dir, gfp);
}

/** Linux: kernel/dma/mapping.c, dma_free_pages() (v6.12). */
export function dma_free_pages(k: Kernel, dev: device, size: number, pages: DmaPages, dir: number): void {
  __dma_free_pages(k, dev, size, pages, dir);
}

/** A buffer by its address in the direct map. */
export interface NoncoherentBuffer {
  readonly cpu_addr: Vaddr;
  readonly dma_handle: DmaAddr;
}

/** Linux: include/linux/dma-mapping.h, dma_alloc_noncoherent() (v6.12). */
export function dma_alloc_noncoherent(
  k: Kernel,
  dev: device,
  size: number,
  dir: number,
  gfp: number,
): NoncoherentBuffer | null {
  const pages = dma_alloc_pages(k, dev, size, dir, gfp);
  if (pages === null) return null;
  return { cpu_addr: lowmemAddress(k, pages.pfn), dma_handle: pages.dma_handle };
}

/** Linux: include/linux/dma-mapping.h, dma_free_noncoherent() (v6.12). */
export function dma_free_noncoherent(
  k: Kernel,
  dev: device,
  size: number,
  buffer: NoncoherentBuffer,
  dir: number,
): void {
  const pages = { pfn: PFN_DOWN(__pa(k, buffer.cpu_addr)), dma_handle: buffer.dma_handle };
  dma_free_pages(k, dev, size, pages, dir);
}

function lowmemAddress(k: Kernel, pfn: Pfn): Vaddr {
  const vaddr = page_address(k, pfn);
  invariant(vaddr !== null, 'dma_alloc_pages() hands out lowmem');
  return vaddr;
}

/**
 * A table of one entry, mapped in `dir`. The only attribute allowed is DMA_ATTR_ALLOC_SINGLE_PAGES, which only
 * means something to an IOMMU. Linux: kernel/dma/mapping.c, dma_alloc_noncontiguous() (v6.12).
 */
export function dma_alloc_noncontiguous(
  k: Kernel,
  dev: device,
  size: number,
  dir: number,
  gfp: number,
  attrs: number,
): sg_table | null {
  if ((attrs & ~DMA_ATTR_ALLOC_SINGLE_PAGES) !== 0) {
    k.log.WARN_ONCE('dma_alloc_noncontiguous attrs', 'dma_alloc_noncontiguous: attributes');
    return null;
  }
  if (refusesCompound(k, gfp, 'dma_alloc_noncontiguous')) return null;
  const pages = __dma_alloc_pages(k, dev, size, dir, gfp);
  if (pages === null) return null;
  const sg = sg_entry(pages.pfn, PAGE_ALIGN(size));
  sg.dma_address = pages.dma_handle;
  sg.dma_length = sg.length;
  const sgt = new sg_table();
  sgt.sgl = [sg];
  sgt.nents = 1;
  return sgt;
}

/** Linux: kernel/dma/mapping.c, dma_free_noncontiguous(), free_single_sgt() (v6.12). */
export function dma_free_noncontiguous(
  k: Kernel,
  dev: device,
  size: number,
  sgt: sg_table,
  dir: number,
): void {
  const sg = sgt.sgl[0]!;
  __dma_free_pages(k, dev, size, { pfn: sg.pfn, dma_handle: sg.dma_address }, dir);
  sgt.sgl = [];
}

/** The pages through the direct map: nothing new is mapped. Linux: kernel/dma/mapping.c (v6.12). */
export function dma_vmap_noncontiguous(k: Kernel, _dev: device, _size: number, sgt: sg_table): Vaddr {
  return lowmemAddress(k, sgt.sgl[0]!.pfn);
}

/** Nothing to do. Linux: kernel/dma/mapping.c, dma_vunmap_noncontiguous() (v6.12). */
export function dma_vunmap_noncontiguous(_k: Kernel, _dev: device, _vaddr: Vaddr): void {}
