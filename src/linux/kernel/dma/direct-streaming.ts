// SPDX-License-Identifier: GPL-2.0-only
/**
 * Streaming mappings without an IOMMU: does the device reach the memory, must it bounce, and which caches are
 * maintained. Linux: kernel/dma/direct.h, kernel/dma/direct.c (v6.12; 6.1 alike).
 * Left out: PCI peer memory; bouncing of small kmalloc() buffers, which ARM does not select; memory encryption.
 */
import { type DmaAddr, hex, type Paddr } from '../../../base/address.js';
import { arch_sync_dma_for_cpu, arch_sync_dma_for_device } from '../../arch/arm/mm/dma-sync.js';
import type { device } from '../../include/linux/device.js';
import { dma_to_phys, min_not_zero, phys_to_dma, toDmaAddr } from '../../include/linux/dma-direct.js';
import {
  DMA_ATTR_SKIP_CPU_SYNC,
  DMA_MAPPING_ERROR,
  DMA_TO_DEVICE,
  dmaAddrBits,
} from '../../include/linux/dma-mapping.js';
import { EIO } from '../../include/linux/errno.js';
import { PFN_DOWN, PFN_PHYS } from '../../include/linux/pfn.js';
import { type scatterlist, sg_phys } from '../../include/linux/scatterlist.js';
import type { Kernel } from '../../kernel.js';
import { zone_of_pfn } from '../../mm/page_alloc.js';
import {
  is_swiotlb_active,
  is_swiotlb_buffer,
  is_swiotlb_force_bounce,
  swiotlb_sync_single_for_cpu,
  swiotlb_sync_single_for_device,
  swiotlb_tbl_map_single,
  swiotlb_tbl_unmap_single,
} from './swiotlb.js';

/**
 * Can the device send the whole range on its bus? `size` may be 0, of which the last byte lies before the first.
 * Linux: include/linux/dma-direct.h, dma_capable() (v6.12).
 */
export function dma_capable(k: Kernel, dev: device, addr: DmaAddr, size: number, is_ram: boolean): boolean {
  if (addr === DMA_MAPPING_ERROR(k)) return false;
  const last = addr + size - 1;
  const end = last < 0 ? DMA_MAPPING_ERROR(k) : toDmaAddr(k, last);
  if (is_ram && dmaAddrBits(k) === 32) {
    if (Math.min(addr, end) < phys_to_dma(k, dev, PFN_PHYS(k.memory.min_low_pfn))) return false;
  }
  return end <= min_not_zero(dev.dma_mask ?? 0, dev.bus_dma_limit);
}

/** `%pad+%zu overflow (mask %llx, bus limit %llx).` */
function overflowText(k: Kernel, dev: device, what: string, addr: DmaAddr, size: number): string {
  const digits = dmaAddrBits(k) / 4;
  const mask = (dev.dma_mask ?? 0).toString(16);
  const printed = addr === DMA_MAPPING_ERROR(k) ? `0x${'f'.repeat(digits)}` : hex(addr, digits);
  return `${what} ${printed}+${size} overflow (mask ${mask}, bus limit ${dev.bus_dma_limit.toString(16)}).`;
}

/** Linux: kernel/dma/direct.h, dma_direct_map_page() (v6.12). */
export function dma_direct_map_page(
  k: Kernel,
  dev: device,
  paddr: Paddr,
  size: number,
  dir: number,
  attrs: number,
): DmaAddr {
  if (is_swiotlb_force_bounce(dev)) return swiotlb_map(k, dev, paddr, size, dir, attrs);
  const addr = phys_to_dma(k, dev, paddr);
  if (!dma_capable(k, dev, addr, size, true)) {
    if (is_swiotlb_active(dev)) return swiotlb_map(k, dev, paddr, size, dir, attrs);
    const text = overflowText(k, dev, 'DMA addr', addr, size);
    k.log.WARN_ONCE('dma_direct_map_page', `${dev.name}: ${text}`);
    return DMA_MAPPING_ERROR(k);
  }
  if (!dev.dma_coherent && (attrs & DMA_ATTR_SKIP_CPU_SYNC) === 0) {
    arch_sync_dma_for_device(k, paddr, size, dir);
  }
  return addr;
}

/**
 * Maps a bounce buffer. The data is copied in whatever the direction and attributes say; only the caches of the
 * bounce buffer are left alone with DMA_ATTR_SKIP_CPU_SYNC. Linux: kernel/dma/swiotlb.c, swiotlb_map() (v6.12).
 */
export function swiotlb_map(
  k: Kernel,
  dev: device,
  paddr: Paddr,
  size: number,
  dir: number,
  attrs: number,
): DmaAddr {
  const bounce = swiotlb_tbl_map_single(k, dev, paddr, size, attrs);
  if (bounce === null) return DMA_MAPPING_ERROR(k);
  const addr = phys_to_dma(k, dev, bounce);
  if (!dma_capable(k, dev, addr, size, true)) {
    swiotlb_tbl_unmap_single(k, dev, bounce, size, dir, attrs | DMA_ATTR_SKIP_CPU_SYNC);
    const text = overflowText(k, dev, 'swiotlb addr', addr, size);
    k.log.WARN_ONCE('swiotlb_map', `${dev.name}: ${text}`);
    return DMA_MAPPING_ERROR(k);
  }
  if (!dev.dma_coherent && (attrs & DMA_ATTR_SKIP_CPU_SYNC) === 0) {
    arch_sync_dma_for_device(k, bounce, size, dir);
  }
  return addr;
}

/** Linux: kernel/dma/direct.h, dma_direct_unmap_page() (v6.12). */
export function dma_direct_unmap_page(
  k: Kernel,
  dev: device,
  addr: DmaAddr,
  size: number,
  dir: number,
  attrs: number,
): void {
  if ((attrs & DMA_ATTR_SKIP_CPU_SYNC) === 0) dma_direct_sync_single_for_cpu(k, dev, addr, size, dir);
  const paddr = dma_to_phys(k, dev, addr);
  swiotlb_tbl_unmap_single(k, dev, paddr, size, dir, attrs | DMA_ATTR_SKIP_CPU_SYNC);
}

/**
 * Does the address lead to memory that the kernel knows? Model: where it does not, Linux reads a struct page
 * that is not there; that oops is reported, and nothing done.
 */
export function leadsToPage(k: Kernel, dev: device, paddr: Paddr, caller: string): boolean {
  if (zone_of_pfn(k, PFN_DOWN(paddr)) !== undefined) return true;
  return !k.log.WARN(`Oops: ${caller}: ${dev.name}: ${hex(paddr)} leads to no page`);
}

/** First the bounce buffer, then the caches. Linux: dma_direct_sync_single_for_device() (v6.12). */
export function dma_direct_sync_single_for_device(
  k: Kernel,
  dev: device,
  addr: DmaAddr,
  size: number,
  dir: number,
): void {
  const paddr = dma_to_phys(k, dev, addr);
  swiotlb_sync_single_for_device(k, dev, paddr, size, dir);
  if (dev.dma_coherent || !leadsToPage(k, dev, paddr, 'arch_sync_dma_for_device')) return;
  arch_sync_dma_for_device(k, paddr, size, dir);
}

/** First the caches, then the bounce buffer. Linux: dma_direct_sync_single_for_cpu() (v6.12). */
export function dma_direct_sync_single_for_cpu(
  k: Kernel,
  dev: device,
  addr: DmaAddr,
  size: number,
  dir: number,
): void {
  const paddr = dma_to_phys(k, dev, addr);
  if (!dev.dma_coherent && leadsToPage(k, dev, paddr, 'arch_sync_dma_for_cpu')) {
    arch_sync_dma_for_cpu(k, paddr, size, dir);
  }
  // From here on the bytes are the CPU's: the copy writes to the driver's memory.
  const copies = dir !== DMA_TO_DEVICE && is_swiotlb_buffer(dev, paddr);
  if (copies) k.dma.streaming.syncedForCpu(k, dev, addr, size, dir);
  swiotlb_sync_single_for_cpu(k, dev, paddr, size, dir);
}

/** All entries, or -EIO and none. Linux: kernel/dma/direct.c, dma_direct_map_sg() (v6.12). */
export function dma_direct_map_sg(
  k: Kernel,
  dev: device,
  sgl: readonly scatterlist[],
  dir: number,
  attrs: number,
): number {
  for (const [i, sg] of sgl.entries()) {
    const paddr = sg_phys(sg);
    sg.dma_address = dma_direct_map_page(k, dev, paddr, sg.length, dir, attrs);
    if (sg.dma_address === DMA_MAPPING_ERROR(k)) {
      dma_direct_unmap_sg(k, dev, sgl.slice(0, i), dir, attrs | DMA_ATTR_SKIP_CPU_SYNC);
      return -EIO;
    }
    sg.dma_length = sg.length;
  }
  return sgl.length;
}

/** Linux: kernel/dma/direct.c, dma_direct_unmap_sg() (v6.12). */
export function dma_direct_unmap_sg(
  k: Kernel,
  dev: device,
  sgl: readonly scatterlist[],
  dir: number,
  attrs: number,
): void {
  for (const sg of sgl) dma_direct_unmap_page(k, dev, sg.dma_address, sg.dma_length, dir, attrs);
}

/** The bus address is the physical one: dma-ranges do not count. Linux: dma_direct_map_resource() (v6.12). */
export function dma_direct_map_resource(
  k: Kernel,
  dev: device,
  paddr: Paddr,
  size: number,
  _dir: number,
  _attrs: number,
): DmaAddr {
  const addr = toDmaAddr(k, paddr);
  if (dma_capable(k, dev, addr, size, false)) return addr;
  const text = overflowText(k, dev, 'DMA addr', addr, size);
  k.log.pr_err_once('dma_direct_map_resource', `${dev.name}: ${text}`);
  k.log.WARN_ONCE('dma_direct_map_resource WARN', 'dma_direct_map_resource');
  return DMA_MAPPING_ERROR(k);
}
