// SPDX-License-Identifier: GPL-2.0-only
/**
 * The operations of a device whose DMA is not direct. Linux: include/linux/dma-map-ops.h, struct dma_map_ops
 * (v6.12). ARM has one set of them, for devices behind an IOMMU (arch/arm/mm/dma-iommu.ts); members that it leaves
 * empty are not here: alloc_pages_op, dma_supported, get_required_mask, max_mapping_size, get_merge_boundary.
 */
import type { DmaAddr, Paddr, Pfn } from '../../../base/address.js';
import type { DmaBuffer } from '../../kernel/dma/arch.js';
import type { Kernel } from '../../kernel.js';
import type { device } from './device.js';
import type { vm_area_struct } from './mm_types.js';
import type { scatterlist } from './scatterlist.js';

type Sync = (k: Kernel, dev: device, addr: DmaAddr, size: number, dir: number) => void;
type SyncSg = (k: Kernel, dev: device, sgl: readonly scatterlist[], dir: number) => void;
type Unmap = (k: Kernel, dev: device, addr: DmaAddr, size: number, dir: number, attrs: number) => void;

export interface dma_map_ops {
  readonly name: string;
  alloc(k: Kernel, dev: device, size: number, gfp: number, attrs: number): DmaBuffer | null;
  free(k: Kernel, dev: device, size: number, buffer: DmaBuffer, attrs: number): void;
  /** Maps the buffer, or a part of it, into a process. 0 or -errno. */
  mmap(k: Kernel, dev: device, vma: vm_area_struct, buffer: DmaBuffer, size: number, attrs: number): number;
  /** The buffer's memory as entries, or -errno. */
  get_sgtable(k: Kernel, dev: device, buffer: DmaBuffer, size: number, attrs: number): scatterlist[] | number;
  map_page(
    k: Kernel,
    dev: device,
    pfn: Pfn,
    offset: number,
    size: number,
    dir: number,
    attrs: number,
  ): DmaAddr;
  readonly unmap_page: Unmap;
  /** Segments that the device has to know, in the first entries; or -errno. */
  map_sg(k: Kernel, dev: device, sgl: readonly scatterlist[], dir: number, attrs: number): number;
  unmap_sg(k: Kernel, dev: device, sgl: readonly scatterlist[], dir: number, attrs: number): void;
  map_resource(k: Kernel, dev: device, paddr: Paddr, size: number, dir: number, attrs: number): DmaAddr;
  readonly unmap_resource: Unmap;
  readonly sync_single_for_cpu: Sync;
  readonly sync_single_for_device: Sync;
  readonly sync_sg_for_cpu: SyncSg;
  readonly sync_sg_for_device: SyncSg;
  /** Where an address of the device leads, 0: nowhere. Not in Linux. */
  physOf(dev: device, addr: DmaAddr): Paddr;
}
