// SPDX-License-Identifier: GPL-2.0-only
/**
 * The DMA API that drivers call: coherent memory here; masks in masks.ts, cached memory in noncoherent.ts, streaming
 * mappings in streaming.ts, buffers for processes in user-map.ts, all of which are passed on from here.
 * Linux: kernel/dma/mapping.c (v6.12). A device behind an IOMMU has operations of its own (arch/arm/mm/dma-iommu.ts).
 * What to read next: direct.ts, where designs part.
 */
import type { Paddr } from '../../../base/address.js';
import type { CoherentBuffer } from '../../../hw/observer.js';
import { __arm_dma_free, __dma_alloc } from '../../arch/arm/mm/dma-mapping.js';
import type { device } from '../../include/linux/device.js';
import { DMA_ATTR_NO_WARN } from '../../include/linux/dma-mapping.js';
import { __GFP_COMP, __GFP_NOWARN } from '../../include/linux/gfp.js';
import { get_order, PAGE_SIZE, PFN_PHYS } from '../../include/linux/pfn.js';
import type { Kernel } from '../../kernel.js';
import { contiguousPages } from '../../mm/vmalloc.js';
import type { DmaBuffer } from './arch.js';
import { dma_alloc_from_dev_coherent, dma_release_from_dev_coherent } from './coherent.js';
import { type DmaPages, dma_direct_alloc, dma_direct_free } from './direct.js';
import { uses_arm_dma_ops } from './masks.js';
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
    for (const seen of describeCoherent(k, dev, size, buffer)) k.machine.observer.coherentAllocated(seen);
  }
  return buffer;
}

function allocate(k: Kernel, dev: device, size: number, gfp: number, attrs: number): DmaBuffer | null {
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
  if (dev.dma_ops !== null) return dev.dma_ops.alloc(k, dev, size, flags, attrs);
  if (uses_arm_dma_ops(k)) return __dma_alloc(k, dev, size, flags, attrs, dev.dma_coherent);
  return dma_direct_alloc(k, dev, size, flags & ~(k.config.atLeast('6.12') ? 0 : __GFP_COMP), attrs);
}

/**
 * For an observer: each contiguous run of the buffer's memory, as the CPU has it. None where the address leads
 * nowhere, since the buffer is none.
 */
function describeCoherent(k: Kernel, dev: device, size: number, buffer: DmaBuffer): CoherentBuffer[] {
  const seen: CoherentBuffer[] = [];
  const { cpu_addr, dma_handle, cookie } = buffer;
  const see = (offset: number, paddr: Paddr, bytes: number): void => {
    const vaddr = cookie ? null : cpu_addr + offset;
    const dmaAddr = dma_handle + offset;
    const { name: device, dma_coherent: coherent } = dev;
    seen.push({ device, driver: driverOf(dev), vaddr, dmaAddr, paddr, size: bytes, coherent });
  };
  const pages = buffer.pages ?? [];
  if (!cookie)
    k.machine.eachMapped(cpu_addr, size, (vaddr, paddr, bytes) => see(vaddr - cpu_addr, paddr, bytes));
  else if (pages.length === 0) see(0, PFN_PHYS(cpu_addr), size);
  for (let i = 0; i < pages.length; ) {
    const count = contiguousPages(pages, i);
    see(i * PAGE_SIZE, PFN_PHYS(pages[i]!), Math.min(count * PAGE_SIZE, size - i * PAGE_SIZE));
    i += count;
  }
  return seen;
}

/** Frees what dma_alloc_attrs() returned. Linux: kernel/dma/mapping.c, dma_free_attrs() (v6.12). */
export function dma_free_attrs(
  k: Kernel,
  dev: device,
  size: number,
  buffer: DmaBuffer | null,
  attrs: number,
): void {
  if (buffer !== null && k.machine.observer !== null) {
    for (const seen of describeCoherent(k, dev, size, buffer)) k.machine.observer.coherentFreed(seen);
  }
  if (buffer && !buffer.cookie && dma_release_from_dev_coherent(k, dev, get_order(size), buffer.cpu_addr)) {
    return;
  }
  if (k.dma.irqs_disabled) k.log.WARN('dma_free_attrs: interrupts are disabled');
  if (!buffer) return;
  if (dev.dma_ops !== null) dev.dma_ops.free(k, dev, size, buffer, attrs);
  else if (uses_arm_dma_ops(k)) __arm_dma_free(k, dev, size, buffer, attrs);
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
