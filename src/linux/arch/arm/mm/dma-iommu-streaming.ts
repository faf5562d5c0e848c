// SPDX-License-Identifier: GPL-2.0-only
/**
 * Memory that drivers map for devices behind an IOMMU. Linux: arch/arm/mm/dma-mapping.c, arm_iommu_map_page() and
 * what follows it (v6.12; 6.1 and 5.15 alike). Caches are maintained as for everybody (dma-sync.ts); nothing bounces
 * and no mask is asked.
 *
 * What is wrong in Linux and so here: a page whose address for the device is 0 is taken for none when it is unmapped
 * or synchronized. Its addresses are lost, the device keeps reaching it, and the CPU's caches are not maintained.
 * The first mapping of a device without 'dma-ranges' is one.
 * Model: an address that leads to no page makes Linux read a struct page that is not there; that oops is reported.
 */
import { type DmaAddr, hex, type Paddr, type Pfn } from '../../../../base/address.js';
import { IOMMU_MMIO, iommu_iova_to_phys, iommu_map, iommu_unmap } from '../../../drivers/iommu/iommu.js';
import type { device } from '../../../include/linux/device.js';
import { DMA_ATTR_SKIP_CPU_SYNC, DMA_MAPPING_ERROR } from '../../../include/linux/dma-mapping.js';
import { EINVAL, ENOMEM } from '../../../include/linux/errno.js';
import { PAGE_ALIGN, PAGE_SIZE, PFN_DOWN, PFN_PHYS } from '../../../include/linux/pfn.js';
import { type scatterlist, sg_phys } from '../../../include/linux/scatterlist.js';
import type { Kernel } from '../../../kernel.js';
import { zone_of_pfn } from '../../../mm/page_alloc.js';
import { __dma_info_to_prot, __iommu_remove_mapping } from './dma-iommu-alloc.js';
import { __alloc_iova, __free_iova, mappingOf } from './dma-iommu-mapping.js';
import { arch_sync_dma_for_cpu, arch_sync_dma_for_device } from './dma-sync.js';

function maintains(dev: device, attrs: number): boolean {
  return !dev.dma_coherent && (attrs & DMA_ATTR_SKIP_CPU_SYNC) === 0;
}

/** Addresses for whole pages from `paddr` on, entered; DMA_MAPPING_ERROR where that fails. */
function mapRange(k: Kernel, dev: device, paddr: Paddr, len: number, prot: number): DmaAddr {
  const mapping = mappingOf(dev);
  const dma_addr = __alloc_iova(k, mapping, len);
  if (dma_addr === DMA_MAPPING_ERROR(k)) return dma_addr;
  if (iommu_map(k, mapping.domain, dma_addr, paddr, len, prot) >= 0) return dma_addr;
  __free_iova(k, mapping, dma_addr, len);
  return DMA_MAPPING_ERROR(k);
}

/** Linux: arm_iommu_map_page() (v6.12). */
export function arm_iommu_map_page(
  k: Kernel,
  dev: device,
  pfn: Pfn,
  offset: number,
  size: number,
  dir: number,
  attrs: number,
): DmaAddr {
  const paddr = PFN_PHYS(pfn);
  if (maintains(dev, attrs)) arch_sync_dma_for_device(k, paddr + offset, size, dir);
  const dma_addr = mapRange(k, dev, paddr, PAGE_ALIGN(size + offset), __dma_info_to_prot(dir, attrs));
  return dma_addr === DMA_MAPPING_ERROR(k) ? dma_addr : dma_addr + offset;
}

/** Where `addr` leads, for maintenance; null, and the oops reported, where it leads to no page. */
function pageOf(k: Kernel, dev: device, addr: DmaAddr, caller: string): Paddr | null {
  const paddr = iommu_iova_to_phys(mappingOf(dev).domain, addr);
  if (zone_of_pfn(k, PFN_DOWN(paddr)) !== undefined) return paddr;
  k.log.WARN(`Oops: ${caller}: ${dev.name}: ${hex(addr)} leads to no page`);
  return null;
}

/** Linux: arm_iommu_unmap_page() (v6.12). */
export function arm_iommu_unmap_page(
  k: Kernel,
  dev: device,
  addr: DmaAddr,
  size: number,
  dir: number,
  attrs: number,
): void {
  if (addr < PAGE_SIZE) return;
  if (maintains(dev, attrs)) {
    const paddr = pageOf(k, dev, addr, 'arm_iommu_unmap_page');
    if (paddr === null) return;
    arch_sync_dma_for_cpu(k, paddr, size, dir);
  }
  __iommu_remove_mapping(k, dev, addr, size);
}

/** Linux: arm_iommu_map_resource() (v6.12). */
export function arm_iommu_map_resource(
  k: Kernel,
  dev: device,
  paddr: Paddr,
  size: number,
  dir: number,
  attrs: number,
): DmaAddr {
  const offset = paddr % PAGE_SIZE;
  const prot = __dma_info_to_prot(dir, attrs) | IOMMU_MMIO;
  const dma_addr = mapRange(k, dev, paddr - offset, PAGE_ALIGN(size + offset), prot);
  return dma_addr === DMA_MAPPING_ERROR(k) ? dma_addr : dma_addr + offset;
}

/** Linux: arm_iommu_unmap_resource() (v6.12). */
export function arm_iommu_unmap_resource(
  k: Kernel,
  dev: device,
  addr: DmaAddr,
  size: number,
  _dir: number,
  _attrs: number,
): void {
  if (addr >= PAGE_SIZE) __iommu_remove_mapping(k, dev, addr, size);
}

/** Linux: arm_iommu_sync_single_for_cpu() (v6.12). */
export function arm_iommu_sync_single_for_cpu(
  k: Kernel,
  dev: device,
  addr: DmaAddr,
  size: number,
  dir: number,
): void {
  if (dev.dma_coherent || addr < PAGE_SIZE) return;
  const paddr = pageOf(k, dev, addr, 'arm_iommu_sync_single_for_cpu');
  if (paddr !== null) arch_sync_dma_for_cpu(k, paddr, size, dir);
}

/** Linux: arm_iommu_sync_single_for_device() (v6.12). */
export function arm_iommu_sync_single_for_device(
  k: Kernel,
  dev: device,
  addr: DmaAddr,
  size: number,
  dir: number,
): void {
  if (dev.dma_coherent || addr < PAGE_SIZE) return;
  const paddr = pageOf(k, dev, addr, 'arm_iommu_sync_single_for_device');
  if (paddr !== null) arch_sync_dma_for_device(k, paddr, size, dir);
}

/**
 * Entries `sgl` in one range of addresses, from the page of the first one on: that address, or -errno.
 * Linux: __map_sg_chunk() (v6.12). What was cleaned before an error stays clean.
 */
function __map_sg_chunk(
  k: Kernel,
  dev: device,
  sgl: readonly scatterlist[],
  size: number,
  dir: number,
  attrs: number,
): DmaAddr | number {
  const mapping = mappingOf(dev);
  const bytes = PAGE_ALIGN(size);
  const base = __alloc_iova(k, mapping, bytes);
  if (base === DMA_MAPPING_ERROR(k)) return -ENOMEM;
  let done = 0;
  for (let i = 0; done < bytes; i++) {
    const sg = sgl[i]!;
    const len = PAGE_ALIGN(sg.offset + sg.length);
    if (maintains(dev, attrs)) arch_sync_dma_for_device(k, sg_phys(sg), sg.length, dir);
    const prot = __dma_info_to_prot(dir, attrs);
    const ret = iommu_map(k, mapping.domain, base + done, PFN_PHYS(sg.pfn), len, prot);
    if (ret < 0) {
      iommu_unmap(mapping.domain, base, done);
      __free_iova(k, mapping, base, bytes);
      return ret;
    }
    done += len;
  }
  return base;
}

/**
 * Entries that meet at a page boundary become one segment for the device, up to its largest segment. The segments
 * stand in `dma_address` and `dma_length` of the first entries; their number, or -errno.
 * Linux: arm_iommu_map_sg() (v6.12; 6.1 alike).
 */
export function arm_iommu_map_sg(
  k: Kernel,
  dev: device,
  sgl: readonly scatterlist[],
  dir: number,
  attrs: number,
): number {
  let start = 0;
  let count = 0;
  let { offset } = sgl[0]!;
  let size = offset + sgl[0]!.length;
  /** Maps entries from `start` on as segment `count`. */
  const finish = (): number => {
    const base = __map_sg_chunk(k, dev, sgl.slice(start), size, dir, attrs);
    if (base < 0) {
      sgl[count]!.dma_address = DMA_MAPPING_ERROR(k);
      return base;
    }
    sgl[count]!.dma_address = base + offset;
    sgl[count]!.dma_length = size - offset;
    count++;
    return 0;
  };
  const undo = (error: number): number => {
    for (const sg of sgl.slice(0, count)) __iommu_remove_mapping(k, dev, sg.dma_address, sg.dma_length);
    return error === -ENOMEM ? error : -EINVAL;
  };
  for (let i = 1; i < sgl.length; i++) {
    const sg = sgl[i]!;
    sg.dma_length = 0;
    if (sg.offset !== 0 || size % PAGE_SIZE !== 0 || size + sg.length > dev.max_segment_size) {
      const ret = finish();
      if (ret < 0) return undo(ret);
      ({ offset } = sg);
      size = offset;
      start = i;
    }
    size += sg.length;
  }
  const ret = finish();
  return ret < 0 ? undo(ret) : count;
}

/** Unlike a single page, address 0 is unmapped like any other. Linux: arm_iommu_unmap_sg() (v6.12). */
export function arm_iommu_unmap_sg(
  k: Kernel,
  dev: device,
  sgl: readonly scatterlist[],
  dir: number,
  attrs: number,
): void {
  for (const sg of sgl) {
    if (sg.dma_length > 0) __iommu_remove_mapping(k, dev, sg.dma_address, sg.dma_length);
    if (maintains(dev, attrs)) arch_sync_dma_for_cpu(k, sg_phys(sg), sg.length, dir);
  }
}

/** By the entries' memory, not by addresses. Linux: arm_iommu_sync_sg_for_cpu() (v6.12). */
export function arm_iommu_sync_sg_for_cpu(
  k: Kernel,
  dev: device,
  sgl: readonly scatterlist[],
  dir: number,
): void {
  if (dev.dma_coherent) return;
  for (const sg of sgl) arch_sync_dma_for_cpu(k, sg_phys(sg), sg.length, dir);
}

/** Linux: arm_iommu_sync_sg_for_device() (v6.12). */
export function arm_iommu_sync_sg_for_device(
  k: Kernel,
  dev: device,
  sgl: readonly scatterlist[],
  dir: number,
): void {
  if (dev.dma_coherent) return;
  for (const sg of sgl) arch_sync_dma_for_device(k, sg_phys(sg), sg.length, dir);
}
