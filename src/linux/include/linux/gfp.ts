// SPDX-License-Identifier: GPL-2.0-only
/**
 * Allocation flags. Linux: include/linux/gfp_types.h (v6.12), the bits in the order of its enum.
 * Only the flags that the modelled kernel reads are here.
 */

export const __GFP_DMA: number = 1 << 0;
export const __GFP_HIGHMEM: number = 1 << 1;
export const __GFP_DMA32: number = 1 << 2;
export const __GFP_RECLAIMABLE: number = 1 << 4;
export const __GFP_HIGH: number = 1 << 5;
export const __GFP_IO: number = 1 << 6;
export const __GFP_FS: number = 1 << 7;
export const __GFP_ZERO: number = 1 << 8;
export const __GFP_DIRECT_RECLAIM: number = 1 << 10;
export const __GFP_KSWAPD_RECLAIM: number = 1 << 11;
export const __GFP_NOWARN: number = 1 << 13;
export const __GFP_NORETRY: number = 1 << 16;
export const __GFP_COMP: number = 1 << 18;

export const GFP_ATOMIC: number = __GFP_HIGH | __GFP_KSWAPD_RECLAIM;
export const GFP_KERNEL: number = __GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM | __GFP_IO | __GFP_FS;
export const GFP_DMA: number = __GFP_DMA;
export const GFP_DMA32: number = __GFP_DMA32;

/** May the caller sleep? Linux: include/linux/gfp.h, gfpflags_allow_blocking() (v6.12). */
export function gfpflags_allow_blocking(gfp: number): boolean {
  return (gfp & __GFP_DIRECT_RECLAIM) !== 0;
}
