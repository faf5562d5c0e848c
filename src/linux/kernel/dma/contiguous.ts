// SPDX-License-Identifier: GPL-2.0-only
/**
 * Contiguous memory for DMA: the default area, areas that a device tree sets aside for a device, and the
 * two ways to allocate from them. Linux: kernel/dma/contiguous.c (v6.12; 6.1 where marked).
 * NUMA areas are left out: ARM has one node.
 */
import { isAligned, low32, MiB, type Paddr, type Pfn } from '../../../base/address.js';
import type { reserved_mem } from '../../drivers/of/of_reserved_mem.js';
import type { device } from '../../include/linux/device.js';
import { EBUSY, EINVAL } from '../../include/linux/errno.js';
import { __GFP_NOWARN, gfpflags_allow_blocking } from '../../include/linux/gfp.js';
import { CMA_MIN_ALIGNMENT_BYTES } from '../../include/linux/pageblock-flags.js';
import { get_order, PAGE_ALIGN, PAGE_SIZE, PFN_DOWN } from '../../include/linux/pfn.js';
import { pa, phys_addr_t, U32_MAX } from '../../include/linux/types.js';
import type { Kernel } from '../../kernel.js';
import {
  type CmaArea,
  cma_alloc,
  cma_declare_contiguous,
  cma_init_reserved_mem,
  cma_release,
} from '../../mm/cma.js';
import { __free_pages } from '../../mm/page_alloc.js';

/** `cma=` as the kernel's variables of type phys_addr_t hold it; undefined where it was not given. */
function cmdlineArea(k: Kernel): { size: number; base: Paddr; limit: Paddr } | undefined {
  const given = k.cmdline.cma;
  if (!given) return undefined;
  const size = phys_addr_t(k, given.size);
  // All ones is how the kernel says "not given".
  if (!k.config.phys64 && size === U32_MAX) return undefined;
  return { size, base: phys_addr_t(k, given.base), limit: phys_addr_t(k, given.limit) };
}

/** Bytes that Kconfig asks for. Linux: kernel/dma/contiguous.c, CMA_SIZE_SEL_*. */
function kconfigSize(k: Kernel): number {
  const { config } = k;
  const mbytes = (config.number('CMA_SIZE_MBYTES') ?? 0) * MiB;
  const percentage = config.number('CMA_SIZE_PERCENTAGE') ?? 0;
  const pages = Math.floor((PFN_DOWN(k.memblock.memblock_phys_mem_size()) * percentage) / 100);
  // Shifted as an unsigned long: 32 bits, even with LPAE.
  const share = low32(pages * PAGE_SIZE);
  if (config.isEnabled('CMA_SIZE_SEL_PERCENTAGE')) return share;
  if (config.isEnabled('CMA_SIZE_SEL_MIN')) return Math.min(mbytes, share);
  if (config.isEnabled('CMA_SIZE_SEL_MAX')) return Math.max(mbytes, share);
  return mbytes;
}

/** Reserves the default area, unless a device tree has set one. `limit`: arm_dma_limit. */
export function dma_contiguous_reserve(k: Kernel, limit: Paddr): void {
  if (!k.config.isEnabled('DMA_CMA')) return;
  const given = cmdlineArea(k);
  const size = given ? given.size : kconfigSize(k);
  const base = given?.base ?? 0;
  const end = given ? minNotZero(given.limit, limit) : limit;
  const fixed = given !== undefined && phys_addr_t(k, given.base + given.size) === given.limit;
  if (size === 0 || k.cma.dma_contiguous_default_area) return;
  k.cma.dma_contiguous_default_area = dma_contiguous_reserve_area(k, size, base, end, fixed);
}

function minNotZero(a: number, b: number): number {
  return a === 0 ? b : b === 0 ? a : Math.min(a, b);
}

/** Declares an area for DMA and notes it for dma_contiguous_remap(). Null where that fails. */
export function dma_contiguous_reserve_area(
  k: Kernel,
  size: number,
  base: Paddr,
  limit: Paddr,
  fixed: boolean,
): CmaArea | null {
  const area = cma_declare_contiguous(k, base, size, limit, 0, 0, fixed, 'reserved');
  if (typeof area === 'number') return null;
  dma_contiguous_early_fixup(k, area.base, area.size);
  return area;
}

/**
 * Linux: arch/arm/mm/dma-mapping.c: the direct map of this region is to be made of 4 KiB pages.
 * Differs: Linux has room for MAX_CMA_AREAS regions and does not check; 6.12 notes every 'reusable' region
 * here, also those that get no area, and with more of them overwrites other data.
 */
export function dma_contiguous_early_fixup(k: Kernel, base: Paddr, size: number): void {
  if (k.config.isEnabled('DMA_CMA')) k.cma.early.push({ base, size });
}

/** The device's own area or the default one. Linux: include/linux/dma-map-ops.h. */
export function dev_get_cma_area(k: Kernel, dev: device | null): CmaArea | null {
  return dev?.cma_area ?? k.cma.dma_contiguous_default_area;
}

/** Linux: Kconfig default of CMA_ALIGNMENT, an order of pages. */
function cmaAlignment(k: Kernel): number {
  return k.config.number('CMA_ALIGNMENT') ?? 8;
}

/** `count` pages from the device's area, aligned to 2^`order` pages at most. Null where that fails. */
export function dma_alloc_from_contiguous(
  k: Kernel,
  dev: device | null,
  count: number,
  order: number,
  no_warn: boolean,
): Pfn | null {
  if (!k.config.isEnabled('DMA_CMA')) return null;
  return cma_alloc(k, dev_get_cma_area(k, dev), count, Math.min(order, cmaAlignment(k)), no_warn);
}

/** False where the pages are not of the device's area. */
export function dma_release_from_contiguous(k: Kernel, dev: device | null, pfn: Pfn, count: number): boolean {
  return cma_release(k, dev_get_cma_area(k, dev), pfn, count);
}

function cma_alloc_aligned(k: Kernel, area: CmaArea, size: number, gfp: number): Pfn | null {
  const align = Math.min(get_order(size), cmaAlignment(k));
  return cma_alloc(k, area, Math.floor(size / PAGE_SIZE), align, (gfp & __GFP_NOWARN) !== 0);
}

/**
 * Pages for a blocking caller: from the device's own area, or, for more than a page, from the default one.
 * `size` in bytes, whole pages. Null where that fails.
 */
export function dma_alloc_contiguous(k: Kernel, dev: device, size: number, gfp: number): Pfn | null {
  if (!k.config.isEnabled('DMA_CMA') || !gfpflags_allow_blocking(gfp)) return null;
  if (dev.cma_area) return cma_alloc_aligned(k, dev.cma_area, size, gfp);
  if (size <= PAGE_SIZE || !k.cma.dma_contiguous_default_area) return null;
  return cma_alloc_aligned(k, k.cma.dma_contiguous_default_area, size, gfp);
}

/** Gives pages back to the area that they are from, or to the page allocator. */
export function dma_free_contiguous(k: Kernel, dev: device, pfn: Pfn, size: number): void {
  if (
    k.config.isEnabled('DMA_CMA') &&
    cma_release(k, dev_get_cma_area(k, dev), pfn, PFN_DOWN(PAGE_ALIGN(size)))
  ) {
    return;
  }
  __free_pages(k, pfn, get_order(size));
}

/** A node compatible with 'shared-dma-pool' becomes an area if it is 'reusable'. 0 or -errno. */
export function rmem_cma_setup(k: Kernel, rmem: reserved_mem): number {
  const { properties } = rmem.node;
  const isDefault = properties.has('linux,cma-default');
  if (cmdlineArea(k) && isDefault) {
    k.log.pr_info(`Reserved memory: bypass ${rmem.name} node, using cmdline CMA params instead`);
    return -EBUSY;
  }
  if (!properties.has('reusable') || properties.has('no-map')) return -EINVAL;

  const alignment = CMA_MIN_ALIGNMENT_BYTES(k);
  if (!isAligned(rmem.base, alignment) || !isAligned(rmem.size, alignment)) {
    k.log.pr_err('Reserved memory: incorrect alignment of CMA region');
    return -EINVAL;
  }
  const area = cma_init_reserved_mem(k, rmem.base, rmem.size, 0, rmem.name);
  if (typeof area === 'number') {
    k.log.pr_err('Reserved memory: unable to setup CMA region');
    return area;
  }
  // 6.12 does this for every tuple of 'reg' while it reserves them, 6.1 once, here.
  if (!k.config.atLeast('6.12')) dma_contiguous_early_fixup(k, rmem.base, rmem.size);
  if (isDefault) k.cma.dma_contiguous_default_area = area;

  rmem.cma = area;
  const size = Math.floor(rmem.size / MiB);
  k.log.pr_info(`Reserved memory: created CMA memory pool at ${pa(k, rmem.base)}, size ${size} MiB`);
  return 0;
}

/** The device's contiguous allocations come from this area from now on. Always 0. */
export function rmem_cma_device_init(_k: Kernel, rmem: reserved_mem, dev: device): number {
  dev.cma_area = rmem.cma;
  return 0;
}
