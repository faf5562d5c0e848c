// SPDX-License-Identifier: GPL-2.0-only
/**
 * The coherent-memory workload that every device runs: the sizes and kinds that drivers ask for, all held at
 * once, then freed in another order. What each stands for:
 *
 *   ring              network or USB descriptor ring: 256 descriptors of 64 bytes
 *   descriptor-pool   one page, as dma_pool takes it for small descriptors
 *   64K, 1M, 8M       firmware images, audio and video buffers
 *   framebuffer       1920 × 1080 × 4 bytes, not a power of two
 *   atomic            from interrupt context, one page; atomic-64K the same, larger
 *   write-combine     DMA_ATTR_WRITE_COMBINE, as display drivers allocate
 *   no-kernel-mapping DMA_ATTR_NO_KERNEL_MAPPING, as video codecs allocate
 */
import { KiB, MiB } from '../base/address.js';
import { DMA_ATTR_NO_KERNEL_MAPPING, DMA_ATTR_WRITE_COMBINE } from '../linux/include/linux/dma-mapping.js';
import { GFP_ATOMIC, GFP_KERNEL } from '../linux/include/linux/gfp.js';

export interface AllocationKind {
  readonly name: string;
  readonly sizeBytes: number;
  readonly gfp: number;
  readonly attrs: number;
}

export const coherentKinds: readonly AllocationKind[] = [
  { name: 'ring', sizeBytes: 16 * KiB, gfp: GFP_KERNEL, attrs: 0 },
  { name: 'descriptor-pool', sizeBytes: 4 * KiB, gfp: GFP_KERNEL, attrs: 0 },
  { name: '64K', sizeBytes: 64 * KiB, gfp: GFP_KERNEL, attrs: 0 },
  { name: '1M', sizeBytes: MiB, gfp: GFP_KERNEL, attrs: 0 },
  { name: '8M', sizeBytes: 8 * MiB, gfp: GFP_KERNEL, attrs: 0 },
  { name: 'framebuffer', sizeBytes: 1920 * 1080 * 4, gfp: GFP_KERNEL, attrs: 0 },
  { name: 'atomic', sizeBytes: 4 * KiB, gfp: GFP_ATOMIC, attrs: 0 },
  { name: 'atomic-64K', sizeBytes: 64 * KiB, gfp: GFP_ATOMIC, attrs: 0 },
  { name: 'write-combine', sizeBytes: MiB, gfp: GFP_KERNEL, attrs: DMA_ATTR_WRITE_COMBINE },
  { name: 'no-kernel-mapping', sizeBytes: MiB, gfp: GFP_KERNEL, attrs: DMA_ATTR_NO_KERNEL_MAPPING },
];

/**
 * The order in which buffers are freed: every second one, then the rest backwards. It leaves holes, which a
 * last-in-first-out order would not.
 */
export function freeOrder(count: number): number[] {
  const indices = [...Array(count).keys()];
  return [...indices.filter(index => index % 2 === 0), ...indices.filter(index => index % 2 === 1).reverse()];
}
