// SPDX-License-Identifier: GPL-2.0-only
/**
 * struct device, as far as DMA needs it. Linux: include/linux/device.h (v6.12).
 * Masks and limits are inclusive numbers up to 2^64 - 1, of which values above 2^53 are imprecise and mean
 * "everything"; 0 means "none given", as in the kernel.
 */
import type { DtNode } from '../../../devicetree/tree.js';
import type { dma_iommu_mapping } from '../../arch/arm/mm/dma-iommu-mapping.js';
import type { dev_iommu } from '../../drivers/iommu/iommu.js';
import type { DmaCoherentMem } from '../../kernel/dma/coherent.js';
import type { IoTlbMem } from '../../kernel/dma/swiotlb.js';
import type { CmaArea } from '../../mm/cma.js';
import type { dma_map_ops } from './dma-map-ops.js';

/** One entry of a bus's dma-ranges. Linux: include/linux/dma-direct.h, struct bus_dma_region. */
export interface BusDmaRegion {
  readonly cpu_start: number;
  readonly dma_start: number;
  readonly size: number;
}

/** Linux: include/linux/device.h, struct device_dma_parameters (v6.12). 0: not given. */
export interface device_dma_parameters {
  /** Address bits that a bounce buffer must share with the original. */
  min_align_mask: number;
  /** No buffer may cross a multiple of this plus one. */
  segment_boundary_mask: number;
}

/** DMA_BIT_MASK(n): the mask of n address bits. */
export function DMA_BIT_MASK(bits: number): number {
  return 2 ** bits - 1;
}

export class device {
  readonly name: string;
  readonly of_node: DtNode | null;
  /** Name of the driver that is bound to it; empty: none is known. */
  driver = '';
  /** `*dev->dma_mask`; null where the bus code has set no pointer. */
  dma_mask: number | null;
  coherent_dma_mask: number;
  bus_dma_limit = 0;
  dma_range_map: readonly BusDmaRegion[] | null = null;
  dma_coherent = false;
  /** Device-private contiguous area. */
  cma_area: CmaArea | null = null;
  /** Device-private coherent pool ('shared-dma-pool' with 'no-map'). */
  dma_mem: DmaCoherentMem | null = null;
  /** Bounce buffers in use: the default pool or a restricted one. */
  dma_io_tlb_mem: IoTlbMem | null = null;
  /** Synchronizing does nothing for this device and is skipped (6.12). Set by dma_set_mask(). */
  dma_skip_sync = false;
  /** What the driver has said about its scatter-gather engine. Buses that device trees describe have room for it. */
  readonly dma_parms: device_dma_parameters = { min_align_mask: 0, segment_boundary_mask: 0 };
  /** Behind an IOMMU that the kernel has a driver for. Linux: the member of that name, and iommu_group. */
  iommu: dev_iommu | null = null;
  /** Who does its DMA; null: dma-direct (in 5.15 without LPAE: ARM's own operations). */
  dma_ops: dma_map_ops | null = null;
  /** Its addresses, where ARM's IOMMU operations do its DMA: archdata.mapping. */
  mapping: dma_iommu_mapping | null = null;
  /** dma_get_max_seg_size(); 64 KiB where no driver has set another. */
  max_segment_size = 65536;

  /** As of_platform_device_create_pdata() leaves it: 32-bit masks, the streaming one pointing to the coherent one's kind. */
  constructor(name: string, of_node: DtNode | null) {
    this.name = name;
    this.of_node = of_node;
    this.coherent_dma_mask = DMA_BIT_MASK(32);
    this.dma_mask = DMA_BIT_MASK(32);
  }
}
