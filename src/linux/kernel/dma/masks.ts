// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which addresses a device reaches. Linux: kernel/dma/direct.c and kernel/dma/mapping.c (v6.12), the part
 * about masks. ARM never sets `zone_dma_limit`, so generic code believes that ZONE_DMA ends at 16 MiB.
 */
import { type DmaAddr, FOUR_GiB, ilog2 } from '../../../base/address.js';
import { DMA_BIT_MASK, type device } from '../../include/linux/device.js';
import {
  dma_to_phys,
  min_not_zero,
  phys_to_dma,
  toDmaAddr,
  toPhysAddr,
  zone_dma_limit,
} from '../../include/linux/dma-direct.js';
import { EIO } from '../../include/linux/errno.js';
import { PAGE_SIZE, PFN_DOWN, PFN_PHYS, PFN_UP } from '../../include/linux/pfn.js';
import type { Kernel } from '../../kernel.js';
import {
  is_swiotlb_active,
  is_swiotlb_buffer,
  is_swiotlb_force_bounce,
  swiotlb_max_mapping_size,
} from './swiotlb.js';

/** size_t's largest value: "no limit". */
const SIZE_MAX: number = 2 ** 32 - 1;

/**
 * Linux: kernel/dma/direct.c, dma_direct_supported() (v6.12). The page number is shifted in 32 bits there:
 * with RAM above 4 GiB and no ZONE_DMA the comparison uses a wrapped address.
 */
function dma_direct_supported(k: Kernel, dev: device, mask: number): boolean {
  if (mask >= DMA_BIT_MASK(32)) return true;
  let min_mask = PFN_PHYS(k.memory.max_pfn - 1) % 2 ** 32;
  if (k.config.isEnabled('ZONE_DMA')) min_mask = Math.min(min_mask, zone_dma_limit);
  return mask >= phys_to_dma(k, dev, min_mask);
}

/**
 * Before 6.0 the ARM operations compared page numbers with the end of the machine's own DMA zone.
 * Linux: arch/arm/mm/dma-mapping.c, arm_dma_supported() (v5.15).
 */
function arm_dma_supported(k: Kernel, dev: device, mask: number): boolean {
  const limit = Math.min(k.memory.max_pfn - 1, k.memory.arm_dma_pfn_limit);
  return PFN_DOWN(dma_to_phys(k, dev, toDmaAddr(k, mask))) >= limit;
}

/** Are the ARM operations of kernels before 6.0 in charge of the device? With LPAE they never were. */
export function uses_arm_dma_ops(k: Kernel): boolean {
  return !k.config.atLeast('6.1') && !k.config.phys64;
}

function dma_supported(k: Kernel, dev: device, mask: number): boolean {
  // ARM's IOMMU operations have no say in it; until 5.19 they used ARM's own test.
  if (dev.dma_ops !== null && k.config.atLeast('6.1')) return true;
  return dev.dma_ops !== null || uses_arm_dma_ops(k)
    ? arm_dma_supported(k, dev, mask)
    : dma_direct_supported(k, dev, mask);
}

/**
 * CONFIG_DMA_NEED_SYNC, which ARM with an MMU always has. A coherent device need not synchronize until it bounces;
 * operations of an IOMMU decide for themselves.
 */
function dma_setup_need_sync(k: Kernel, dev: device): void {
  if (k.config.atLeast('6.12')) dev.dma_skip_sync = dev.dma_ops === null && dev.dma_coherent;
}

/** Do calls to synchronize get through? Linux: include/linux/dma-mapping.h, dma_dev_need_sync() (v6.12). */
export function dma_dev_need_sync(k: Kernel, dev: device): boolean {
  return !dev.dma_skip_sync || k.config.isEnabled('DMA_API_DEBUG');
}

/**
 * Must the driver of this mapping synchronize? Linux: include/linux/dma-mapping.h, dma_need_sync();
 * kernel/dma/direct.c, dma_direct_need_sync() (v6.12; 6.1 looks at the mapping alone, 5.15 at the operations).
 */
export function dma_need_sync(k: Kernel, dev: device, addr: DmaAddr): boolean {
  if (!dma_dev_need_sync(k, dev)) return false;
  if (dev.dma_ops !== null) return true;
  if (!dev.dma_coherent) return true;
  return !uses_arm_dma_ops(k) && is_swiotlb_buffer(dev, dma_to_phys(k, dev, addr));
}

/** 0, or -EIO. Linux: kernel/dma/mapping.c, dma_set_mask() (v6.12). */
export function dma_set_mask(k: Kernel, dev: device, mask: number): number {
  const truncated = toDmaAddr(k, mask);
  if (dev.dma_mask === null || !dma_supported(k, dev, truncated)) return -EIO;
  dev.dma_mask = truncated;
  dma_setup_need_sync(k, dev);
  return 0;
}

/** 0, or -EIO. Linux: kernel/dma/mapping.c, dma_set_coherent_mask() (v6.12). */
export function dma_set_coherent_mask(k: Kernel, dev: device, mask: number): number {
  const truncated = toDmaAddr(k, mask);
  if (!dma_supported(k, dev, truncated)) return -EIO;
  dev.coherent_dma_mask = truncated;
  return 0;
}

/** 0, or -EIO. Linux: include/linux/dma-mapping.h, dma_set_mask_and_coherent() (v6.12). */
export function dma_set_mask_and_coherent(k: Kernel, dev: device, mask: number): number {
  const ret = dma_set_mask(k, dev, mask);
  if (ret === 0) dma_set_coherent_mask(k, dev, mask);
  return ret;
}

/** The mask that reaches all memory. Linux: kernel/dma/direct.c, dma_direct_get_required_mask() (v6.12). */
export function dma_get_required_mask(k: Kernel, dev: device): number {
  if (dev.dma_ops !== null) return DMA_BIT_MASK(32);
  const highest = phys_to_dma(k, dev, toPhysAddr(k, PFN_PHYS(k.memory.max_pfn - 1)));
  return DMA_BIT_MASK(Math.min(64, ilog2(highest) + 1));
}

/**
 * Linux: kernel/dma/direct.c, dma_direct_all_ram_mapped() (v6.12), by whole pages of the memory that is System RAM. The
 * last page is computed from an unsigned long: memory above 4 GiB is not looked at. A range of less than a page hides
 * those behind it.
 */
function dma_direct_all_ram_mapped(k: Kernel, dev: device): boolean {
  const map = dev.dma_range_map;
  if (!map) return true;
  const last = map.findIndex(({ size }) => size < PAGE_SIZE);
  const regions = (last < 0 ? map : map.slice(0, last)).map(({ cpu_start, size }) => ({
    start: PFN_DOWN(cpu_start),
    end: PFN_DOWN(cpu_start) + PFN_DOWN(size),
  }));
  for (const ram of k.memblock.for_each_mem_range()) {
    const end = PFN_DOWN(Math.min(ram.end, FOUR_GiB));
    for (let pfn = PFN_UP(ram.start); pfn < end; ) {
      const region = regions.find(range => pfn >= range.start && pfn < range.end);
      if (!region) return false;
      pfn = region.end;
    }
  }
  return true;
}

/** Linux: kernel/dma/mapping.c, dma_addressing_limited() (v6.12; 6.1 does not look at the ranges). */
export function dma_addressing_limited(k: Kernel, dev: device): boolean {
  // dma_get_mask(): no mask and an empty one both count as 32 bits.
  const reach = min_not_zero(dev.dma_mask || DMA_BIT_MASK(32), dev.bus_dma_limit);
  if (reach < dma_get_required_mask(k, dev)) return true;
  if (dev.dma_ops !== null || !k.config.atLeast('6.12')) return false;
  return !dma_direct_all_ram_mapped(k, dev);
}

/** Bytes. Linux: kernel/dma/direct.c, dma_direct_max_mapping_size() (v6.12). */
export function dma_max_mapping_size(k: Kernel, dev: device): number {
  // Nobody else's operations say anything about sizes.
  if (dev.dma_ops !== null || uses_arm_dma_ops(k)) return SIZE_MAX;
  const bounces = is_swiotlb_force_bounce(dev) || dma_addressing_limited(k, dev);
  return is_swiotlb_active(dev) && bounces ? swiotlb_max_mapping_size(dev) : SIZE_MAX;
}

/** Bytes that map best: any. Linux: kernel/dma/mapping.c, dma_opt_mapping_size() (v6.12). */
export function dma_opt_mapping_size(k: Kernel, dev: device): number {
  return dma_max_mapping_size(k, dev);
}

/** 0: segments cannot be merged. Linux: kernel/dma/mapping.c, dma_get_merge_boundary() (v6.12). */
export function dma_get_merge_boundary(_k: Kernel, _dev: device): number {
  return 0;
}
