// SPDX-License-Identifier: GPL-2.0-only
/**
 * The DMA API that drivers call: coherent memory here; masks in masks.ts, cached memory in noncoherent.ts, streaming
 * mappings in streaming.ts, buffers for processes in user-map.ts, all of which are passed on from here.
 * Linux: kernel/dma/mapping.c (v6.12). What to read next: direct.ts, where designs part.
 * Model: ARM's own IOMMU operations are left out; a device that uses them must not be given to this file.
 */
import { Translation } from '../../../hw/mmu/translation.js';
import { WALK_OK } from '../../../hw/mmu/walker.js';
import type { CoherentBuffer } from '../../../hw/observer.js';
import { __arm_dma_free, __dma_alloc } from '../../arch/arm/mm/dma-mapping.js';
import type { device } from '../../include/linux/device.js';
import { DMA_ATTR_NO_WARN } from '../../include/linux/dma-mapping.js';
import { __GFP_COMP, __GFP_NOWARN } from '../../include/linux/gfp.js';
import { get_order, PFN_PHYS } from '../../include/linux/pfn.js';
import type { Kernel } from '../../kernel.js';
import type { DmaBuffer } from './arch.js';
import { dma_alloc_from_dev_coherent, dma_release_from_dev_coherent } from './coherent.js';
import { type DmaPages, dma_direct_alloc, dma_direct_free } from './direct.js';
import { requireDirect, uses_arm_dma_ops } from './masks.js';
import { refusesCompound, ZONE_FLAGS } from './noncoherent.js';
import { driverOf } from './streaming-events.js';

export {
  dma_addressing_limited,
  dma_get_merge_boundary,
  dma_get_required_mask,
  dma_max_mapping_size,
  dma_need_sync,
  dma_opt_mapping_size,
  dma_set_coherent_mask,
  dma_set_mask,
  dma_set_mask_and_coherent,
} from './masks.js';
export * from './noncoherent.js';
export { dma_pgprot } from './pgprot.js';
export * from './streaming.js';
export * from './user-map.js';

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
  return dma_alloc_attrs(k, dev, size, gfp, (gfp & __GFP_NOWARN) !== 0 ? DMA_ATTR_NO_WARN : 0);
}

/** Linux: include/linux/dma-mapping.h, dma_free_coherent() (v6.12). */
export function dma_free_coherent(k: Kernel, dev: device, size: number, buffer: DmaBuffer | null): void {
  dma_free_attrs(k, dev, size, buffer, 0);
}

export type { DmaBuffer, DmaPages };
