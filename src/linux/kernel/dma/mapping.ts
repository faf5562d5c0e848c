// SPDX-License-Identifier: GPL-2.0-only
/**
 * The DMA API that drivers call, as far as it allocates. Linux: kernel/dma/mapping.c (v6.12). Masks stand in
 * masks.ts, streaming mappings in streaming.ts; both are passed on from here. What to read next: direct.ts, where
 * designs part.
 * Model: ARM's own IOMMU operations are left out; a device that uses them must not be given to this file.
 */
import { invariant } from '../../../base/diagnostics.js';
import { Translation } from '../../../hw/mmu/translation.js';
import { WALK_OK } from '../../../hw/mmu/walker.js';
import type { CoherentBuffer } from '../../../hw/observer.js';
import { __arm_dma_free, __dma_alloc } from '../../arch/arm/mm/dma-mapping.js';
import type { device } from '../../include/linux/device.js';
import { DMA_ATTR_SKIP_CPU_SYNC, DMA_BIDIRECTIONAL } from '../../include/linux/dma-mapping.js';
import { __GFP_COMP, __GFP_DMA, __GFP_DMA32, __GFP_HIGHMEM } from '../../include/linux/gfp.js';
import { get_order, PAGE_ALIGN, PFN_PHYS } from '../../include/linux/pfn.js';
import type { Kernel } from '../../kernel.js';
import type { DmaBuffer } from './arch.js';
import { dma_alloc_from_dev_coherent, dma_release_from_dev_coherent } from './coherent.js';
import {
  type DmaPages,
  dma_direct_alloc,
  dma_direct_alloc_pages,
  dma_direct_free,
  dma_direct_free_pages,
} from './direct.js';
import { uses_arm_dma_ops } from './masks.js';
import { driverOf } from './streaming-events.js';

export {
  dma_addressing_limited,
  dma_get_required_mask,
  dma_max_mapping_size,
  dma_set_coherent_mask,
  dma_set_mask,
  dma_set_mask_and_coherent,
} from './masks.js';
export { dma_pgprot } from './pgprot.js';
export * from './streaming.js';

const ZONE_FLAGS = __GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM;

/** Memory of dma_alloc_pages() is mapped for both directions, and nothing is synchronized yet. */
const BOTH_UNSYNCED = [DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC] as const;

function requireDirect(dev: device): void {
  invariant(!dev.iommu, () => `${dev.name} is behind an IOMMU, whose operations are not modelled`);
}

/** Compound pages were refused from 6.12 on; before, ARM dropped the flag. */
function refusesCompound(k: Kernel, gfp: number, caller: string): boolean {
  if ((gfp & __GFP_COMP) === 0 || !k.config.atLeast('6.12')) return false;
  return k.log.WARN_ONCE(`${caller} COMP`, `${caller}: __GFP_COMP`);
}

/**
 * Allocates `size` bytes (at least 1) of coherent memory; null on failure.
 * Linux: kernel/dma/mapping.c, dma_alloc_attrs() (v6.12). 5.15 without LPAE: arm_dma_alloc() and
 * arm_coherent_dma_alloc(), which know nothing of restricted pools.
 */
export function dma_alloc_attrs(
  k: Kernel,
  dev: device,
  size: number,
  gfp: number,
  attrs: number,
): DmaBuffer | null {
  const buffer = allocate(k, dev, size, gfp, attrs);
  if (buffer !== null && k.machine.observer !== null) {
    const seen = describeCoherent(k, dev, size, buffer);
    if (seen !== null) k.machine.observer.coherentAllocated(seen);
  }
  return buffer;
}

function allocate(k: Kernel, dev: device, size: number, gfp: number, attrs: number): DmaBuffer | null {
  requireDirect(dev);
  if (dev.coherent_dma_mask === 0) {
    k.log.WARN_ONCE('dma_alloc_attrs mask', `dma_alloc_attrs: ${dev.name} has no coherent DMA mask`);
  }
  if (refusesCompound(k, gfp, 'dma_alloc_attrs')) return null;
  const own = dma_alloc_from_dev_coherent(k, dev, size);
  if (own.handled) {
    if (own.cpu_addr === null) return null;
    return { cpu_addr: own.cpu_addr, dma_handle: own.dma_handle, cookie: false };
  }
  const flags = gfp & ~ZONE_FLAGS;
  if (uses_arm_dma_ops(k)) return __dma_alloc(k, dev, size, flags, attrs, dev.dma_coherent);
  return dma_direct_alloc(k, dev, size, flags & ~(k.config.atLeast('6.12') ? 0 : __GFP_COMP), attrs);
}

/** For an observer. Null: the address leads nowhere, since the buffer is none. */
function describeCoherent(k: Kernel, dev: device, size: number, buffer: DmaBuffer): CoherentBuffer | null {
  const found = new Translation();
  const mapped = !buffer.cookie && k.machine.walker.walk(buffer.cpu_addr, found) === WALK_OK;
  if (!buffer.cookie && !mapped) return null;
  return {
    device: dev.name,
    driver: driverOf(dev),
    vaddr: buffer.cookie ? null : buffer.cpu_addr,
    dmaAddr: buffer.dma_handle,
    paddr: buffer.cookie ? PFN_PHYS(buffer.cpu_addr) : found.paddr,
    size,
    coherent: dev.dma_coherent,
  };
}

/** Frees what dma_alloc_attrs() returned. Linux: kernel/dma/mapping.c, dma_free_attrs() (v6.12). */
export function dma_free_attrs(
  k: Kernel,
  dev: device,
  size: number,
  buffer: DmaBuffer | null,
  attrs: number,
): void {
  requireDirect(dev);
  if (buffer !== null && k.machine.observer !== null) {
    const seen = describeCoherent(k, dev, size, buffer);
    if (seen !== null) k.machine.observer.coherentFreed(seen);
  }
  if (buffer && !buffer.cookie && dma_release_from_dev_coherent(k, dev, get_order(size), buffer.cpu_addr)) {
    return;
  }
  if (k.dma.irqs_disabled) k.log.WARN('dma_free_attrs: interrupts are disabled');
  if (!buffer) return;
  if (uses_arm_dma_ops(k)) __arm_dma_free(k, dev, size, buffer, attrs);
  else dma_direct_free(k, dev, size, buffer, attrs);
}

/** Linux: include/linux/dma-mapping.h, dma_alloc_coherent() (v6.12). */
export function dma_alloc_coherent(k: Kernel, dev: device, size: number, gfp: number): DmaBuffer | null {
  return dma_alloc_attrs(k, dev, size, gfp, 0);
}

/** Linux: include/linux/dma-mapping.h, dma_free_coherent() (v6.12). */
export function dma_free_coherent(k: Kernel, dev: device, size: number, buffer: DmaBuffer | null): void {
  dma_free_attrs(k, dev, size, buffer, 0);
}

/**
 * Cached lowmem pages that the device reaches; the driver synchronizes them, as streaming memory. dma_alloc_noncoherent() returns their direct mapping and
 * dma_alloc_noncontiguous() one segment of them. Linux: kernel/dma/mapping.c, dma_alloc_pages() (v6.12).
 */
export function dma_alloc_pages(k: Kernel, dev: device, size: number, gfp: number): DmaPages | null {
  requireDirect(dev);
  if (dev.coherent_dma_mask === 0) {
    k.log.WARN_ONCE('dma_alloc_pages mask', `dma_alloc_pages: ${dev.name} has no coherent DMA mask`);
    return null;
  }
  if ((gfp & ZONE_FLAGS) !== 0) {
    k.log.WARN_ONCE('dma_alloc_pages zone', 'dma_alloc_pages: zone flags');
    return null;
  }
  if (refusesCompound(k, gfp, 'dma_alloc_pages')) return null;
  const pages = dma_direct_alloc_pages(k, dev, PAGE_ALIGN(size), gfp);
  if (pages !== null && k.machine.observer !== null) {
    const paddr = PFN_PHYS(pages.pfn);
    k.dma.streaming.mapped(k, dev, pages.dma_handle, paddr, PAGE_ALIGN(size), ...BOTH_UNSYNCED);
  }
  return pages;
}

/** Linux: kernel/dma/mapping.c, dma_free_pages() (v6.12). */
export function dma_free_pages(k: Kernel, dev: device, size: number, pages: DmaPages): void {
  requireDirect(dev);
  const ends = k.dma.streaming.ending(k, dev, pages.dma_handle, PAGE_ALIGN(size), ...BOTH_UNSYNCED);
  if (ends !== null) k.machine.observer?.streamingUnmapped(ends);
  dma_direct_free_pages(k, dev, PAGE_ALIGN(size), pages.pfn);
}

export type { DmaBuffer, DmaPages };
