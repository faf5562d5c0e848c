// SPDX-License-Identifier: GPL-2.0-only
/**
 * Coherent memory of devices behind an IOMMU: pages from anywhere, one range of the device's addresses, one of the
 * CPU's. Linux: arch/arm/mm/dma-mapping.c, arm_iommu_alloc_attrs() (v6.12; 6.1 alike; 5.15 alike but for names).
 * The cacheable direct mapping of the pages stays in every design. `step1` and later differ from `legacy` in the
 * pool for atomic buffers, and in the order in which a buffer is taken apart.
 *
 * What is wrong in Linux and so here:
 * - An atomic buffer, and any buffer of a device that snoops, is described by one page pointer where an array of
 *   them is read: from the second page on the device gets whatever lay behind the pointer on the stack.
 * - DMA_ATTR_NO_KERNEL_MAPPING has no effect on those buffers: an address comes back, not a cookie.
 * - The pages of a buffer in ARM's pool are looked for in the pool's own `struct page`: get_sgtable() hands out
 *   garbage, mmap() dies.
 * - Where a device that snoops gets no addresses, its pages are lost (`step1` frees them).
 * Model: a page that is found by reading beyond a pointer leads to no memory; a real one may lead anywhere. The array
 * of page pointers costs neither memory nor (6.1, for buffers of more than 4 MiB) vmalloc space.
 */
import type { DmaAddr, Pfn, Vaddr } from '../../../../base/address.js';
import { IOMMU_PRIV, IOMMU_READ, IOMMU_WRITE, iommu_map, iommu_unmap } from '../../../drivers/iommu/iommu.js';
import type { device } from '../../../include/linux/device.js';
import {
  DMA_ATTR_ALLOC_SINGLE_PAGES,
  DMA_ATTR_FORCE_CONTIGUOUS,
  DMA_ATTR_NO_KERNEL_MAPPING,
  DMA_ATTR_PRIVILEGED,
  DMA_BIDIRECTIONAL,
  DMA_FROM_DEVICE,
  DMA_MAPPING_ERROR,
  DMA_TO_DEVICE,
} from '../../../include/linux/dma-mapping.js';
import { EINVAL, ENXIO } from '../../../include/linux/errno.js';
import {
  __GFP_COMP,
  __GFP_HIGHMEM,
  __GFP_NORETRY,
  __GFP_NOWARN,
  gfpflags_allow_blocking,
} from '../../../include/linux/gfp.js';
import { type vm_area_struct, vma_pages } from '../../../include/linux/mm_types.js';
import { get_order, PAGE_ALIGN, PAGE_SIZE, PFN_DOWN, PFN_PHYS } from '../../../include/linux/pfn.js';
import { type scatterlist, sg_entry } from '../../../include/linux/scatterlist.js';
import type { DmaBuffer } from '../../../kernel/dma/arch.js';
import { dma_alloc_from_contiguous, dma_release_from_contiguous } from '../../../kernel/dma/contiguous.js';
import { dma_alloc_from_pool, dma_free_from_pool } from '../../../kernel/dma/pool.js';
import {
  dma_common_find_pages,
  dma_common_free_remap,
  dma_common_pages_remap,
} from '../../../kernel/dma/remap.js';
import type { Kernel } from '../../../kernel.js';
import { __free_pages, alloc_pages, split_page } from '../../../mm/page_alloc.js';
import { vm_map_pages } from '../../../mm/remap-pfn.js';
import { contiguousPages } from '../../../mm/vmalloc.js';
import { __pa, page_address } from '../include/asm/memory.js';
import { PAGE_KERNEL } from '../include/asm/pgtable.js';
import { __alloc_iova, __free_iova, mappingOf } from './dma-iommu-mapping.js';
import {
  __alloc_from_pool,
  __dma_alloc_buffer,
  __dma_clear_buffer,
  __dma_free_buffer,
  __free_from_pool,
  __get_dma_pgprot,
} from './dma-mapping.js';

/** Sizes of chunks that are tried: 2 MiB, 1 MiB, 64 KiB, a page. */
const iommu_order_array: readonly number[] = [9, 8, 4, 0];

/** Linux: __dma_info_to_prot() (v6.12). */
export function __dma_info_to_prot(dir: number, attrs: number): number {
  const rights: Readonly<Record<number, number>> = {
    [DMA_BIDIRECTIONAL]: IOMMU_READ | IOMMU_WRITE,
    [DMA_TO_DEVICE]: IOMMU_READ,
    [DMA_FROM_DEVICE]: IOMMU_WRITE,
  };
  return ((attrs & DMA_ATTR_PRIVILEGED) !== 0 ? IOMMU_PRIV : 0) | (rights[dir] ?? 0);
}

/** What stands behind a single page pointer: a frame that is none. */
function undefinedPage(k: Kernel): Pfn {
  let pfn = 0xfffff;
  while (pfn > 0 && k.machine.ram.contains(PFN_PHYS(pfn), PAGE_SIZE)) pfn--;
  return pfn;
}

/** An array of `count` pages of which only the first is one. */
function singlePointer(k: Kernel, pfn: Pfn, count: number): Pfn[] {
  const pages = new Array<Pfn>(count).fill(undefinedPage(k));
  pages[0] = pfn;
  return pages;
}

/** Pages from anywhere, zeroed, and cleaned chunk by chunk. Null: none left. Linux: __iommu_alloc_buffer() (v6.12). */
function __iommu_alloc_buffer(
  k: Kernel,
  dev: device,
  size: number,
  gfp: number,
  attrs: number,
): Pfn[] | null {
  let count = size / PAGE_SIZE;
  if ((attrs & DMA_ATTR_FORCE_CONTIGUOUS) !== 0) {
    const no_warn = (gfp & __GFP_NOWARN) !== 0;
    const pfn = dma_alloc_from_contiguous(k, dev, count, get_order(size), no_warn);
    if (pfn === null) return null;
    __dma_clear_buffer(k, pfn, size, false);
    return Array.from({ length: count }, (_, i) => pfn + i);
  }
  let index = (attrs & DMA_ATTR_ALLOC_SINGLE_PAGES) !== 0 ? iommu_order_array.length - 1 : 0;
  const flags = gfp | __GFP_NOWARN | __GFP_HIGHMEM;
  const pages: Pfn[] = [];
  while (count > 0) {
    const order = iommu_order_array[index]!;
    const pfn = count < 2 ** order ? null : alloc_pages(k, order > 0 ? flags | __GFP_NORETRY : flags, order);
    if (pfn === null && order === 0) {
      for (const page of pages.reverse()) __free_pages(k, page, 0);
      return null;
    }
    if (pfn === null) {
      index++;
      continue;
    }
    if (order > 0) split_page(k, pfn, order);
    __dma_clear_buffer(k, pfn, PAGE_SIZE * 2 ** order, false);
    for (let i = 0; i < 2 ** order; i++) pages.push(pfn + i);
    count -= 2 ** order;
  }
  return pages;
}

/** Linux: __iommu_free_buffer() (v6.12). */
function __iommu_free_buffer(
  k: Kernel,
  dev: device,
  pages: readonly Pfn[],
  size: number,
  attrs: number,
): void {
  if ((attrs & DMA_ATTR_FORCE_CONTIGUOUS) !== 0) {
    dma_release_from_contiguous(k, dev, pages[0]!, size / PAGE_SIZE);
  } else for (const page of pages) __free_pages(k, page, 0);
}

/** The device's addresses for the pages, or DMA_MAPPING_ERROR. Linux: __iommu_create_mapping() (v6.12). */
function __iommu_create_mapping(k: Kernel, dev: device, pages: readonly Pfn[], attrs: number): DmaAddr {
  const mapping = mappingOf(dev);
  const size = pages.length * PAGE_SIZE;
  const dma_addr = __alloc_iova(k, mapping, size);
  if (dma_addr === DMA_MAPPING_ERROR(k)) return dma_addr;
  const prot = __dma_info_to_prot(DMA_BIDIRECTIONAL, attrs);
  for (let i = 0; i < pages.length; ) {
    const count = contiguousPages(pages, i);
    const iova = dma_addr + i * PAGE_SIZE;
    if (iommu_map(k, mapping.domain, iova, PFN_PHYS(pages[i]!), count * PAGE_SIZE, prot) < 0) {
      iommu_unmap(mapping.domain, dma_addr, iova - dma_addr);
      __free_iova(k, mapping, dma_addr, size);
      return DMA_MAPPING_ERROR(k);
    }
    i += count;
  }
  return dma_addr;
}

/** Linux: __iommu_remove_mapping() (v6.12). */
export function __iommu_remove_mapping(k: Kernel, dev: device, addr: DmaAddr, size: number): void {
  const mapping = mappingOf(dev);
  const offset = addr % PAGE_SIZE;
  const bytes = PAGE_ALIGN(offset + size);
  iommu_unmap(mapping.domain, addr - offset, bytes);
  __free_iova(k, mapping, addr - offset, bytes);
}

/** Gives memory of the pool back; false: it is none. */
function free_from_pool(k: Kernel, vaddr: Vaddr, size: number): boolean {
  if (k.arch.iommuTakesGenericPool === true) return dma_free_from_pool(k, vaddr, size);
  return __free_from_pool(k, vaddr, size);
}

/** One contiguous piece of memory. Linux: __iommu_alloc_simple() (v6.12). */
function __iommu_alloc_simple(
  k: Kernel,
  dev: device,
  size: number,
  gfp: number,
  attrs: number,
): DmaBuffer | null {
  let pfn: Pfn | null = null;
  let cpu_addr: Vaddr | null = null;
  if (dev.dma_coherent) {
    pfn = __dma_alloc_buffer(k, size, gfp, true);
    if (pfn !== null) cpu_addr = page_address(k, pfn);
  } else {
    const generic = k.arch.iommuTakesGenericPool === true;
    const memory = generic ? dma_alloc_from_pool(k, dev, size, gfp, null) : __alloc_from_pool(k, size);
    if (memory !== null) ({ pfn, cpu_addr } = memory);
  }
  if (pfn === null || cpu_addr === null) return null;
  const dma_handle = __iommu_create_mapping(k, dev, singlePointer(k, pfn, size / PAGE_SIZE), attrs);
  if (dma_handle !== DMA_MAPPING_ERROR(k)) return { cpu_addr, dma_handle, cookie: false };
  if (!free_from_pool(k, cpu_addr, size) && k.arch.iommuTakesGenericPool === true) {
    __dma_free_buffer(k, pfn, size);
  }
  return null;
}

/** Linux: arch/arm/mm/dma-mapping.c, arm_iommu_alloc_attrs() (v6.12). 6.1 and older drop __GFP_COMP. */
export function arm_iommu_alloc_attrs(
  k: Kernel,
  dev: device,
  size: number,
  gfp: number,
  attrs: number,
): DmaBuffer | null {
  const bytes = PAGE_ALIGN(size);
  const flags = k.config.atLeast('6.12') ? gfp : gfp & ~__GFP_COMP;
  if (dev.dma_coherent || !gfpflags_allow_blocking(flags)) {
    return __iommu_alloc_simple(k, dev, bytes, flags, attrs);
  }
  const pages = __iommu_alloc_buffer(k, dev, bytes, flags, attrs);
  if (pages === null) return null;
  const dma_handle = __iommu_create_mapping(k, dev, pages, attrs);
  if (dma_handle === DMA_MAPPING_ERROR(k)) {
    __iommu_free_buffer(k, dev, pages, bytes, attrs);
    return null;
  }
  if ((attrs & DMA_ATTR_NO_KERNEL_MAPPING) !== 0) {
    return { cpu_addr: pages[0]!, dma_handle, cookie: true, pages };
  }
  const prot = __get_dma_pgprot(k, attrs, PAGE_KERNEL(k));
  const cpu_addr = dma_common_pages_remap(k, pages, prot, 'arm_iommu_alloc_attrs');
  if (cpu_addr !== null) return { cpu_addr, dma_handle, cookie: false };
  __iommu_remove_mapping(k, dev, dma_handle, bytes);
  __iommu_free_buffer(k, dev, pages, bytes, attrs);
  return null;
}

/**
 * The pages of a buffer: 'garbage' where Linux takes something else for an array of them, null where it finds none.
 * Linux: __iommu_get_pages() (v6.12).
 */
function __iommu_get_pages(k: Kernel, buffer: DmaBuffer, attrs: number): readonly Pfn[] | 'garbage' | null {
  const { cpu_addr, cookie } = buffer;
  const ownPool = k.arch.iommuTakesGenericPool !== true;
  if (ownPool && !cookie && k.dma.atomic_pool?.gen_pool_has_addr(cpu_addr, PAGE_SIZE)) return 'garbage';
  if ((attrs & DMA_ATTR_NO_KERNEL_MAPPING) !== 0) return buffer.pages ?? 'garbage';
  return dma_common_find_pages(k, cpu_addr);
}

/**
 * Linux: arch/arm/mm/dma-mapping.c, arm_iommu_free_attrs() (v6.12). From `step1` on the device's addresses go first,
 * before anybody can get the memory, and the pools are asked before anything is taken for an array of pages.
 */
export function arm_iommu_free_attrs(
  k: Kernel,
  dev: device,
  size: number,
  buffer: DmaBuffer,
  attrs: number,
): void {
  const bytes = PAGE_ALIGN(size);
  const { cpu_addr, dma_handle, cookie } = buffer;
  const isSimple = dev.dma_coherent || (!cookie && k.dma.atomic_pool?.gen_pool_has_addr(cpu_addr, bytes));
  const addressesFirst = isSimple || k.arch.iommuTakesGenericPool === true;
  if (addressesFirst) __iommu_remove_mapping(k, dev, dma_handle, bytes);
  if (dev.dma_coherent) {
    __dma_free_buffer(k, PFN_DOWN(__pa(k, cpu_addr)), bytes);
    return;
  }
  if (!cookie && free_from_pool(k, cpu_addr, bytes)) return;
  const pages = __iommu_get_pages(k, buffer, attrs);
  if (pages === null || pages === 'garbage') {
    k.log.WARN(`trying to free invalid coherent area: ${cpu_addr.toString(16).padStart(8, '0')}`);
    return;
  }
  if ((attrs & DMA_ATTR_NO_KERNEL_MAPPING) === 0) dma_common_free_remap(k, cpu_addr);
  if (!addressesFirst) __iommu_remove_mapping(k, dev, dma_handle, bytes);
  __iommu_free_buffer(k, dev, pages, bytes, attrs);
}

/**
 * Linux: arch/arm/mm/dma-mapping.c, arm_iommu_mmap_attrs() (v6.12). A device that snoops has no page array, and so
 * cannot. Model: the oops at the first garbage pointer is reported.
 */
export function arm_iommu_mmap_attrs(
  k: Kernel,
  dev: device,
  vma: vm_area_struct,
  buffer: DmaBuffer,
  size: number,
  attrs: number,
): number {
  const pages = __iommu_get_pages(k, buffer, attrs);
  const nr_pages = PAGE_ALIGN(size) / PAGE_SIZE;
  if (pages === null || vma.vm_pgoff >= nr_pages) return -ENXIO;
  if (!dev.dma_coherent) vma.vm_page_prot = __get_dma_pgprot(k, attrs, vma.vm_page_prot);
  if (pages === 'garbage' && vma_pages(vma) <= nr_pages - vma.vm_pgoff) {
    k.log.WARN(`Oops: vm_map_pages: ${dev.name}: no array of pages`);
    return -EINVAL;
  }
  const err = vm_map_pages(k, vma, pages === 'garbage' ? [] : pages, nr_pages);
  if (err !== 0) k.log.pr_err(`Remapping memory failed: ${err}`);
  return err;
}

/**
 * Linux: arch/arm/mm/dma-mapping.c, arm_iommu_get_sgtable() (v6.12). Of garbage there is an entry for each page.
 * Model: none of them happens to follow the one before.
 */
export function arm_iommu_get_sgtable(
  k: Kernel,
  _dev: device,
  buffer: DmaBuffer,
  size: number,
  attrs: number,
): scatterlist[] | number {
  const found = __iommu_get_pages(k, buffer, attrs);
  if (found === null) return -ENXIO;
  const count = PAGE_ALIGN(size) / PAGE_SIZE;
  const pages = found === 'garbage' ? new Array<Pfn>(count).fill(undefinedPage(k)) : found.slice(0, count);
  const entries: scatterlist[] = [];
  for (let i = 0; i < count; ) {
    const run = contiguousPages(pages, i);
    entries.push(sg_entry(pages[i]!, Math.min(run * PAGE_SIZE, size - i * PAGE_SIZE)));
    i += run;
  }
  return entries;
}
