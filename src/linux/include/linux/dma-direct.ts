// SPDX-License-Identifier: GPL-2.0-only
/**
 * Between CPU physical and bus addresses. Linux: include/linux/dma-direct.h (v6.12).
 * A missing translation is DMA_MAPPING_ERROR one way and (phys_addr_t)-1 the other.
 * Model: bits above 2^53 are lost in a number; a mask or address up there means "everything".
 */
import type { DmaAddr, Paddr } from '../../../base/address.js';
import type { Kernel } from '../../kernel.js';
import type { BusDmaRegion, device } from './device.js';
import { DMA_MAPPING_ERROR, dmaAddrBits } from './dma-mapping.js';

/** End of ZONE_DMA as generic code believes it; ARM does not tell it better. Linux: kernel/dma/direct.c. */
export const zone_dma_limit: number = 2 ** 24 - 1;

/** The low `bits` bits of a number; values above 2^53 count as all ones. */
function truncateTo(bits: 32 | 64, value: number): number {
  if (bits === 64) return value;
  return value >= 2 ** 53 ? 2 ** 32 - 1 : value % 2 ** 32;
}

/** (dma_addr_t)value. */
export function toDmaAddr(k: Kernel, value: number): DmaAddr {
  return truncateTo(dmaAddrBits(k), value);
}

/** (phys_addr_t)value. */
export function toPhysAddr(k: Kernel, value: number): Paddr {
  return truncateTo(k.config.phys64 ? 64 : 32, value);
}

/** Linux: include/linux/minmax.h, min_not_zero() (v6.12). */
export function min_not_zero(a: number, b: number): number {
  if (a === 0) return b;
  return b === 0 ? a : Math.min(a, b);
}

export function phys_to_dma(k: Kernel, dev: device, paddr: Paddr): DmaAddr {
  if (!dev.dma_range_map) return toDmaAddr(k, paddr);
  for (const region of dev.dma_range_map) {
    const offset = paddr - region.cpu_start;
    if (offset >= 0 && offset < region.size) return toDmaAddr(k, region.dma_start + offset);
  }
  return DMA_MAPPING_ERROR(k);
}

export function dma_to_phys(k: Kernel, dev: device, dmaAddr: DmaAddr): Paddr {
  if (!dev.dma_range_map) return toPhysAddr(k, dmaAddr);
  for (const region of dev.dma_range_map) {
    const offset = dmaAddr - region.dma_start;
    if (offset >= 0 && offset < region.size) return toPhysAddr(k, region.cpu_start + offset);
  }
  return toPhysAddr(k, 2 ** 64 - 1);
}

/** Highest bus address of the ranges, inclusive; 0 without any. */
export function dma_range_map_max(k: Kernel, map: readonly BusDmaRegion[]): number {
  return Math.max(0, ...map.map(region => toDmaAddr(k, region.dma_start + region.size - 1)));
}
