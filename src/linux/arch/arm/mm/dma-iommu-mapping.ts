// SPDX-License-Identifier: GPL-2.0-only
/**
 * The addresses that a device behind an IOMMU has: who holds which, and who is attached. Linux:
 * arch/arm/mm/dma-mapping.c, arm_iommu_create_mapping() and __alloc_iova() (v6.12; 6.1 and 5.15 alike).
 * Addresses are bits of bitmaps, each a page of memory at most, so 128 MiB of addresses; the next bitmap is made
 * when the ones there are have no room. No allocation crosses from one bitmap into the next.
 * Address 0 is handed out like any other, and unmapping a page there does nothing (dma-iommu-streaming.ts).
 * Model: bitmaps cost no memory; the kernel frees mappings that nobody holds, here nobody looks for them.
 */
import { type DmaAddr, hex } from '../../../../base/address.js';
import { invariant } from '../../../../base/diagnostics.js';
import {
  iommu_attach_device,
  iommu_detach_device,
  type iommu_domain,
  iommu_paging_domain_alloc,
} from '../../../drivers/iommu/iommu.js';
import type { device } from '../../../include/linux/device.js';
import { DMA_MAPPING_ERROR } from '../../../include/linux/dma-mapping.js';
import { EINVAL, ENODEV, ERANGE } from '../../../include/linux/errno.js';
import { get_order, PAGE_ALIGN, PAGE_SIZE } from '../../../include/linux/pfn.js';
import type { Kernel } from '../../../kernel.js';
import { Bitmap } from '../../../lib/bitmap.js';

const BITS_PER_LONG = 32;

/** Linux: arch/arm/include/asm/dma-iommu.h (v6.12). */
export class dma_iommu_mapping {
  readonly domain: iommu_domain;
  /** As many as have been needed so far. */
  readonly bitmaps: Bitmap[];
  /** Bitmaps there can be. */
  readonly extensions: number;
  /** Pages that one bitmap stands for. */
  readonly bits: number;
  readonly base: DmaAddr;

  constructor(domain: iommu_domain, base: DmaAddr, bits: number, extensions: number) {
    this.domain = domain;
    this.base = base;
    this.bits = bits;
    this.extensions = extensions;
    this.bitmaps = [new Bitmap(bits)];
  }

  /** Pages of addresses in use. */
  get used(): number {
    return this.bitmaps.reduce((sum, bitmap) => sum + bitmap.bitmap_weight(), 0);
  }
}

/** A mapping of the addresses [base, base + size), or -errno. Linux: arm_iommu_create_mapping() (v6.12). */
export function arm_iommu_create_mapping(
  dev: device,
  base: DmaAddr,
  size: number,
): dma_iommu_mapping | number {
  // Only 32-bit addresses are supported.
  if (size > 2 ** 32) return -ERANGE;
  const longs = Math.ceil(Math.floor(size / PAGE_SIZE) / BITS_PER_LONG);
  const bytes = (longs * BITS_PER_LONG) / 8;
  if (bytes === 0) return -EINVAL;
  const extensions = bytes > PAGE_SIZE ? Math.floor(bytes / PAGE_SIZE) : 1;
  const domain = iommu_paging_domain_alloc(dev);
  if (domain === null) return -ENODEV;
  return new dma_iommu_mapping(domain, base, Math.min(bytes, PAGE_SIZE) * 8, extensions);
}

/** False where there are as many bitmaps as there can be. */
function extend_iommu_mapping(mapping: dma_iommu_mapping): boolean {
  if (mapping.bitmaps.length >= mapping.extensions) return false;
  mapping.bitmaps.push(new Bitmap(mapping.bits));
  return true;
}

/**
 * Addresses for `size` bytes, aligned to their order up to CONFIG_ARM_DMA_IOMMU_ALIGNMENT; DMA_MAPPING_ERROR where
 * there are none. A bitmap that was made for nothing stays. Linux: __alloc_iova() (v6.12).
 */
export function __alloc_iova(k: Kernel, mapping: dma_iommu_mapping, size: number): DmaAddr {
  const { bitmaps, bits, base } = mapping;
  const order = Math.min(get_order(size), k.config.number('ARM_DMA_IOMMU_ALIGNMENT') ?? 8);
  const count = PAGE_ALIGN(size) / PAGE_SIZE;
  const find = (bitmap: Bitmap): number => bitmap.bitmap_find_next_zero_area(bits, 0, count, 2 ** order - 1);
  const take = (index: number, start: number): DmaAddr => {
    bitmaps[index]!.bitmap_set(start, count);
    return base + (index * bits + start) * PAGE_SIZE;
  };
  for (const [index, bitmap] of bitmaps.entries()) {
    const start = find(bitmap);
    if (start <= bits) return take(index, start);
  }
  if (!extend_iommu_mapping(mapping)) return DMA_MAPPING_ERROR(k);
  const last = bitmaps.length - 1;
  const start = find(bitmaps[last]!);
  return start > bits ? DMA_MAPPING_ERROR(k) : take(last, start);
}

/**
 * Linux: __free_iova() (v6.12). Model: BUG() for a range that is not inside one bitmap is logged, and nothing freed.
 */
export function __free_iova(k: Kernel, mapping: dma_iommu_mapping, addr: DmaAddr, size: number): void {
  if (size === 0) return;
  const bytes = mapping.bits * PAGE_SIZE;
  const index = Math.floor((addr - mapping.base) / bytes);
  const offset = addr - mapping.base - index * bytes;
  const bitmap = mapping.bitmaps[index];
  if (bitmap === undefined || offset + size > bytes) k.log.WARN(`kernel BUG in __free_iova: ${hex(addr)}`);
  else bitmap.bitmap_clear(Math.floor(offset / PAGE_SIZE), Math.floor(size / PAGE_SIZE));
}

/** 0 or -errno. Linux: __arm_iommu_attach_device() (v6.12). */
export function __arm_iommu_attach_device(dev: device, mapping: dma_iommu_mapping): number {
  const err = iommu_attach_device(mapping.domain, dev);
  if (err === 0) dev.mapping = mapping;
  return err;
}

/** The device is left to dma-direct. Linux: arm_iommu_detach_device() (v6.12). */
export function arm_iommu_detach_device(k: Kernel, dev: device): void {
  if (dev.mapping === null) {
    k.log.pr_warn(`${dev.name}: Not attached`);
    return;
  }
  iommu_detach_device(dev);
  dev.mapping = null;
  dev.dma_ops = null;
}

/** to_dma_iommu_mapping() of a device that has one. */
export function mappingOf(dev: device): dma_iommu_mapping {
  invariant(dev.mapping !== null, () => `${dev.name} is attached to no mapping`);
  return dev.mapping;
}
