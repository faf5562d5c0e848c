// SPDX-License-Identifier: GPL-2.0-only
/**
 * Constants of the DMA API. Linux: include/linux/dma-mapping.h, include/linux/dma-direction.h (v6.12).
 * Attributes are bits of one number; directions have the values that the assembly of arch/arm/mm relies on.
 */
import type { Kernel } from '../../kernel.js';
import type { device } from './device.js';

export const DMA_ATTR_WEAK_ORDERING: number = 1 << 1;
export const DMA_ATTR_WRITE_COMBINE: number = 1 << 2;
export const DMA_ATTR_NO_KERNEL_MAPPING: number = 1 << 4;
export const DMA_ATTR_SKIP_CPU_SYNC: number = 1 << 5;
export const DMA_ATTR_FORCE_CONTIGUOUS: number = 1 << 6;
export const DMA_ATTR_ALLOC_SINGLE_PAGES: number = 1 << 7;
export const DMA_ATTR_NO_WARN: number = 1 << 8;
export const DMA_ATTR_PRIVILEGED: number = 1 << 9;

export const DMA_BIDIRECTIONAL = 0;
export const DMA_TO_DEVICE = 1;
export const DMA_FROM_DEVICE = 2;
export const DMA_NONE = 3;

/** Bits of dma_addr_t. Linux: kernel/dma/Kconfig, ARCH_DMA_ADDR_T_64BIT (v6.12). */
export function dmaAddrBits(k: Kernel): 32 | 64 {
  return k.config.isEnabled('ARCH_DMA_ADDR_T_64BIT') || k.config.phys64 ? 64 : 32;
}

/** All ones of dma_addr_t: 2^32 - 1, or 2^64 - 1 (which a number holds as 2^64). */
export function DMA_MAPPING_ERROR(k: Kernel): number {
  return 2 ** dmaAddrBits(k) - 1;
}

/** Address bits that a bounce buffer must have in common with the original (NVMe asks for those of a page). */
export function dma_get_min_align_mask(dev: device): number {
  return dev.dma_parms.min_align_mask;
}

export function dma_set_min_align_mask(dev: device, mask: number): void {
  dev.dma_parms.min_align_mask = mask;
}

/** No segment may cross a multiple of this plus one; all ones of an unsigned long unless a driver has said less. */
export function dma_get_seg_boundary(dev: device): number {
  return dev.dma_parms.segment_boundary_mask || 0xffffffff;
}

export function dma_set_seg_boundary(dev: device, mask: number): void {
  dev.dma_parms.segment_boundary_mask = mask;
}
