// SPDX-License-Identifier: GPL-2.0-only
/**
 * Who gets ARM's IOMMU operations (CONFIG_ARM_DMA_USE_IOMMU): a device that an IOMMU stands in front of, before its
 * driver's probe. Linux: arch/arm/mm/dma-mapping.c, arch_setup_dma_ops() (v6.12; 6.1 and 5.15 where said).
 * The operations themselves: dma-iommu-mapping.ts, dma-iommu-alloc.ts, dma-iommu-streaming.ts.
 * Left out: Xen's operations.
 */
import type { DmaAddr } from '../../../../base/address.js';
import { iommu_iova_to_phys } from '../../../drivers/iommu/iommu.js';
import type { device } from '../../../include/linux/device.js';
import type { dma_map_ops } from '../../../include/linux/dma-map-ops.js';
import type { Kernel } from '../../../kernel.js';
import {
  arm_iommu_alloc_attrs,
  arm_iommu_free_attrs,
  arm_iommu_get_sgtable,
  arm_iommu_mmap_attrs,
} from './dma-iommu-alloc.js';
import {
  __arm_iommu_attach_device,
  arm_iommu_create_mapping,
  arm_iommu_detach_device,
  type dma_iommu_mapping,
  mappingOf,
} from './dma-iommu-mapping.js';
import {
  arm_iommu_map_page,
  arm_iommu_map_resource,
  arm_iommu_map_sg,
  arm_iommu_sync_sg_for_cpu,
  arm_iommu_sync_sg_for_device,
  arm_iommu_sync_single_for_cpu,
  arm_iommu_sync_single_for_device,
  arm_iommu_unmap_page,
  arm_iommu_unmap_resource,
  arm_iommu_unmap_sg,
} from './dma-iommu-streaming.js';

/** 5.15 has two of them, of which the one for devices that snoop maintains no caches: the same in effect. */
export const iommu_ops: dma_map_ops = {
  name: 'iommu_ops',
  alloc: arm_iommu_alloc_attrs,
  free: arm_iommu_free_attrs,
  mmap: arm_iommu_mmap_attrs,
  get_sgtable: arm_iommu_get_sgtable,
  map_page: arm_iommu_map_page,
  unmap_page: arm_iommu_unmap_page,
  map_sg: arm_iommu_map_sg,
  unmap_sg: arm_iommu_unmap_sg,
  map_resource: arm_iommu_map_resource,
  unmap_resource: arm_iommu_unmap_resource,
  sync_single_for_cpu: arm_iommu_sync_single_for_cpu,
  sync_single_for_device: arm_iommu_sync_single_for_device,
  sync_sg_for_cpu: arm_iommu_sync_sg_for_cpu,
  sync_sg_for_device: arm_iommu_sync_sg_for_device,
  physOf: (dev, addr) => iommu_iova_to_phys(mappingOf(dev).domain, addr),
};

/** 0 or -errno. Linux: arm_iommu_attach_device() (v6.12). */
export function arm_iommu_attach_device(dev: device, mapping: dma_iommu_mapping): number {
  const err = __arm_iommu_attach_device(dev, mapping);
  if (err === 0) dev.dma_ops = iommu_ops;
  return err;
}

/**
 * The addresses of a device: those of its 'dma-ranges', or 4 GiB from 0. From 6.7 on the size is one byte short, and
 * so a page where it is not rounded up to a whole bitmap. Linux: arm_setup_iommu_dma_ops() (v6.12); before, the
 * caller's arguments, drivers/of/device.c, of_dma_configure_id() (v6.1).
 */
function addressesOf(k: Kernel, dev: device): { readonly base: DmaAddr; readonly size: number } {
  const atLeast612 = k.config.atLeast('6.12');
  if (dev.dma_range_map !== null) {
    const base = Math.min(...dev.dma_range_map.map(({ dma_start }) => dma_start));
    return { base, size: dev.bus_dma_limit - base + (atLeast612 ? 0 : 1) };
  }
  const whole = atLeast612 || dev.coherent_dma_mask === 0;
  return { base: 0, size: whole ? 2 ** 32 : dev.coherent_dma_mask + 1 };
}

/** Linux: arm_setup_iommu_dma_ops() (v6.12). Where it fails the device is left to dma-direct. */
function arm_setup_iommu_dma_ops(k: Kernel, dev: device): void {
  const { base, size } = addressesOf(k, dev);
  const mapping = arm_iommu_create_mapping(dev, base, size);
  if (typeof mapping === 'number') {
    k.log.pr_warn(`Failed to create ${size}-byte IOMMU mapping for device ${dev.name}`);
  } else if (arm_iommu_attach_device(dev, mapping) !== 0) {
    k.log.pr_warn(`Failed to attached device ${dev.name} to IOMMU_mapping`);
  }
}

/**
 * What drivers with one mapping for all their devices do when they have found one.
 * Linux: drivers/iommu/ipmmu-vmsa.c, ipmmu_init_arm_mapping(); mtk_iommu_v1.c, mtk_iommu_v1_probe_finalize() (v6.12).
 */
function attachShared(k: Kernel, dev: device): void {
  const iommu = dev.iommu?.iommu_dev;
  if (iommu?.driver.sharedMapping === undefined) return;
  const { base, size } = iommu.driver.sharedMapping;
  const mapping = iommu.mapping ?? arm_iommu_create_mapping(dev, base, size);
  if (typeof mapping === 'number' || arm_iommu_attach_device(dev, mapping) !== 0) {
    k.log.pr_err(`${dev.name}: Can't create IOMMU mapping - DMA-OPS will not work`);
  } else iommu.mapping = mapping;
}

/**
 * Sets `dma_coherent`, never clears it, and chooses the operations. Linux: arch/arm/mm/dma-mapping.c,
 * arch_setup_dma_ops() (v6.12).
 */
export function arch_setup_dma_ops(k: Kernel, dev: device, coherent: boolean): void {
  if (coherent) dev.dma_coherent = true;
  if (!k.config.isEnabled('ARM_DMA_USE_IOMMU') || dev.dma_ops !== null) return;
  attachShared(k, dev);
  if (dev.dma_ops === null && dev.iommu !== null) arm_setup_iommu_dma_ops(k, dev);
}

/** Back to what it was before arch_setup_dma_ops(). Linux: arch_teardown_dma_ops() (v6.12). */
export function arch_teardown_dma_ops(k: Kernel, dev: device): void {
  if (dev.mapping !== null) arm_iommu_detach_device(k, dev);
  dev.dma_ops = null;
}
