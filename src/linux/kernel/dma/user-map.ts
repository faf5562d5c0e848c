// SPDX-License-Identifier: GPL-2.0-only
/**
 * A buffer of the DMA API for others than its driver: for a process (mmap), or for another device, as a table of
 * pages. Linux: kernel/dma/mapping.c, kernel/dma/direct.c, dma_direct_mmap(), dma_direct_get_sgtable(),
 * kernel/dma/coherent.c, dma_mmap_from_dev_coherent() (v6.12; 6.1 alike; 5.15 where said).
 * The pages are those that the bus address leads to, which in `legacy` need not be those of the buffer.
 */
import type { DmaAddr, Pfn } from '../../../base/address.js';
import type { device } from '../../include/linux/device.js';
import { dma_to_phys } from '../../include/linux/dma-direct.js';
import { ENXIO } from '../../include/linux/errno.js';
import { type vm_area_struct, vma_pages } from '../../include/linux/mm_types.js';
import { PAGE_ALIGN, PAGE_SIZE, PFN_DOWN } from '../../include/linux/pfn.js';
import { sg_entry, type sg_table } from '../../include/linux/scatterlist.js';
import type { Kernel } from '../../kernel.js';
import { zone_of_pfn } from '../../mm/page_alloc.js';
import { remap_pfn_range } from '../../mm/remap-pfn.js';
import type { DmaBuffer } from './arch.js';
import { uses_arm_dma_ops } from './masks.js';
import { dma_pgprot } from './pgprot.js';

/** The page that a bus address leads to, as an unsigned long: (phys_addr_t)-1 becomes the highest one. */
function dma_direct_to_pfn(k: Kernel, dev: device, dmaAddr: DmaAddr): Pfn {
  const paddr = dma_to_phys(k, dev, dmaAddr);
  return paddr >= 2 ** 53 ? 0xffffffff : PFN_DOWN(paddr);
}

/** Do [vm_pgoff, vm_pgoff + pages of the mapping) lie in a buffer of `size` bytes? Then it is mapped. */
function mapInto(k: Kernel, vma: vm_area_struct, size: number, pfn: Pfn): number {
  const count = PAGE_ALIGN(size) / PAGE_SIZE;
  const user_count = vma_pages(vma);
  if (vma.vm_pgoff >= count || user_count > count - vma.vm_pgoff) return -ENXIO;
  return remap_pfn_range(k, vma, vma.vm_start, pfn + vma.vm_pgoff, user_count * PAGE_SIZE, vma.vm_page_prot);
}

/** Linux: kernel/dma/mapping.c, dma_can_mmap(); kernel/dma/direct.c, dma_direct_can_mmap() (v6.12). */
export function dma_can_mmap(k: Kernel, dev: device): boolean {
  return (
    dev.dma_ops !== null ||
    dev.dma_coherent ||
    uses_arm_dma_ops(k) ||
    k.config.isEnabled('DMA_NONCOHERENT_MMAP')
  );
}

/**
 * Maps a buffer of dma_alloc_attrs(), or a part of it, into a process, with the attributes that the kernel's
 * mapping has; sets `vm_page_prot`. 0 or -errno. Linux: kernel/dma/mapping.c, dma_mmap_attrs();
 * kernel/dma/direct.c, dma_direct_mmap() (v6.12); arch/arm/mm/dma-mapping.c, arm_dma_mmap() (v5.15).
 * Differs: a handle that leads nowhere maps page frame -1 there; it is refused here with -ENXIO and told in the log.
 */
export function dma_mmap_attrs(
  k: Kernel,
  dev: device,
  vma: vm_area_struct,
  buffer: DmaBuffer,
  size: number,
  attrs: number,
): number {
  if (dev.dma_ops !== null) return dev.dma_ops.mmap(k, dev, vma, buffer, size, attrs);
  vma.vm_page_prot = dma_pgprot(k, dev, vma.vm_page_prot, attrs);
  const own = dev.dma_mem;
  if (own?.holds(buffer.cpu_addr, size)) return mapInto(k, vma, size, own.pfnOf(buffer.cpu_addr));
  const pfn = dma_direct_to_pfn(k, dev, buffer.dma_handle);
  if (zone_of_pfn(k, pfn) === undefined) {
    k.log.WARN(`dma_mmap_attrs: ${dev.name}: the handle leads to no page`);
    return -ENXIO;
  }
  return mapInto(k, vma, size, pfn);
}

/** Linux: include/linux/dma-mapping.h, dma_mmap_coherent() (v6.12). */
export function dma_mmap_coherent(
  k: Kernel,
  dev: device,
  vma: vm_area_struct,
  buffer: DmaBuffer,
  size: number,
): number {
  return dma_mmap_attrs(k, dev, vma, buffer, size, 0);
}

/** Pages of dma_alloc_pages(), with the protection that the mapping has. Linux: dma_mmap_pages() (v6.12). */
export function dma_mmap_pages(k: Kernel, _dev: device, vma: vm_area_struct, size: number, pfn: Pfn): number {
  return mapInto(k, vma, size, pfn);
}

/** Linux: kernel/dma/mapping.c, dma_mmap_noncontiguous() (v6.12). */
export function dma_mmap_noncontiguous(
  k: Kernel,
  dev: device,
  vma: vm_area_struct,
  size: number,
  sgt: sg_table,
): number {
  return dma_mmap_pages(k, dev, vma, size, sgt.sgl[0]!.pfn);
}

/**
 * Makes `sgt` a table of the buffer's pages, not mapped for any device. 0 or -errno.
 * Linux: kernel/dma/mapping.c, dma_get_sgtable_attrs(); kernel/dma/direct.c, dma_direct_get_sgtable() (v6.12);
 * arch/arm/mm/dma-mapping.c, arm_dma_get_sgtable() (v5.15), which refuses memory without pages.
 * A handle that leads nowhere gives a page that does not exist.
 */
export function dma_get_sgtable_attrs(
  k: Kernel,
  dev: device,
  sgt: sg_table,
  buffer: DmaBuffer,
  size: number,
  attrs: number,
): number {
  if (dev.dma_ops !== null) {
    const entries = dev.dma_ops.get_sgtable(k, dev, buffer, size, attrs);
    if (typeof entries === 'number') return entries;
    sgt.sgl = entries;
    sgt.nents = entries.length;
    return 0;
  }
  const pfn = dma_direct_to_pfn(k, dev, buffer.dma_handle);
  if (uses_arm_dma_ops(k) && zone_of_pfn(k, pfn) === undefined) return -ENXIO;
  sgt.sgl = [sg_entry(pfn, PAGE_ALIGN(size))];
  sgt.nents = 1;
  return 0;
}

/** Linux: include/linux/dma-mapping.h, dma_get_sgtable() (v6.12). */
export function dma_get_sgtable(
  k: Kernel,
  dev: device,
  sgt: sg_table,
  buffer: DmaBuffer,
  size: number,
): number {
  return dma_get_sgtable_attrs(k, dev, sgt, buffer, size, 0);
}
