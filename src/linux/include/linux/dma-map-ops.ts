// SPDX-License-Identifier: GPL-2.0-only
/**
 * The operations of a device whose DMA is not direct. Linux: include/linux/dma-map-ops.h, struct dma_map_ops
 * (v6.12). ARM has one set of them, for devices behind an IOMMU (arch/arm/mm/dma-iommu.ts); members that it leaves
 * empty are not here: alloc_pages_op, dma_supported, get_required_mask, max_mapping_size, get_merge_boundary.
 */
import type { DmaAddr, Paddr, Pfn } from '../../../base/address.js';
import type { pgprot_t } from '../../arch/arm/include/asm/pgtable.js';
import type { DmaBuffer } from '../../kernel/dma/arch.js';
import type { Kernel } from '../../kernel.js';
import type { device } from './device.js';
import type { scatterlist } from './scatterlist.js';

/** What a process gets to see of a buffer. */
export interface UserPages {
  readonly pages: readonly Pfn[];
  readonly prot: pgprot_t;
}

type Sync = (k: Kernel, dev: device, addr: DmaAddr, size: number, dir: number) => void;
type SyncSg = (k: Kernel, dev: device, sgl: readonly scatterlist[], dir: number) => void;
type Unmap = (k: Kernel, dev: device, addr: DmaAddr, size: number, dir: number, attrs: number) => void;

export interface dma_map_ops {
  readonly name: string;
  alloc(k: Kernel, dev: device, size: number, gfp: number, attrs: number): DmaBuffer | null;
  free(k: Kernel, dev: device, size: number, buffer: DmaBuffer, attrs: number): void;
  /**
   * The pages, `count` of them from page `vm_pgoff` of the buffer on, that mmap() puts into a process whose mapping
   * has `prot`; or -errno. Differs: Linux maps them itself.
   */
  mmap(
    k: Kernel,
    dev: device,
    buffer: DmaBuffer,
    size: number,
    attrs: number,
    vm_pgoff: number,
    count: number,
    prot: pgprot_t,
  ): UserPages | number;
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
