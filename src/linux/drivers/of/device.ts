// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a device gets before its driver runs: masks, limits, coherence, reserved memory.
 * Linux: drivers/of/device.c and drivers/of/of_reserved_mem.c (v6.12; 6.1 where said),
 * drivers/base/platform.c. The walk over the tree is address.ts, IOMMUs are found by drivers/iommu/iommu.ts.
 * Left out: ACPI, MSI.
 */
import { hex, ilog2 } from '../../../base/address.js';
import { isAvailable, isCompatible, u32sOf } from '../../../devicetree/access.js';
import type { DtNode } from '../../../devicetree/tree.js';
import { arch_setup_dma_ops } from '../../arch/arm/mm/dma-iommu.js';
import { type BusDmaRegion, DMA_BIT_MASK, type device } from '../../include/linux/device.js';
import { dma_range_map_max } from '../../include/linux/dma-direct.js';
import { EINVAL, ENODEV } from '../../include/linux/errno.js';
import { rmem_dma_device_init } from '../../kernel/dma/coherent.js';
import { rmem_cma_device_init } from '../../kernel/dma/contiguous.js';
import { rmem_swiotlb_device_init, swiotlb_dev_init } from '../../kernel/dma/swiotlb.js';
import type { Kernel } from '../../kernel.js';
import { of_iommu_configure } from '../iommu/iommu.js';
import { of_dma_get_range, of_dma_is_coherent, of_find_matching_node, of_get_dma_parent } from './address.js';
import { of_reserved_mem_lookup, type reserved_mem } from './of_reserved_mem.js';

/** The lower bits of a mask that `mask`, which is all ones, leaves. */
function andMask(value: number, mask: number): number {
  if (value >= 2 ** 53) return mask;
  return mask >= 2 ** 53 ? value : value % (mask + 1);
}

/**
 * Highest bus address of the ranges, or -EINVAL. Before 6.7 it was worked out from a size; where the first range is
 * empty, so is the map, and its bounds of ~0 and 0 wrapped around to a size of 1 and an end of 0.
 */
function endOfRanges(k: Kernel, dev: device, map: readonly BusDmaRegion[]): number {
  if (k.config.atLeast('6.12')) return dma_range_map_max(k, map);
  if (map.length === 0) {
    k.log.pr_warn(`${dev.name}: Invalid size 0x1 for dma-range(s)`);
    return 0;
  }
  const start = Math.min(...map.map(region => region.dma_start));
  let size = Math.max(...map.map(region => region.dma_start + region.size)) - start;
  if (size % 2 === 1) {
    k.log.pr_warn(`${dev.name}: Invalid size ${hex(size)} for dma-range(s)`);
    size += 1;
  }
  if (size === 0) {
    k.log.pr_err(`${dev.name}: Adjusted size 0x0 invalid`);
    return -EINVAL;
  }
  return start + size - 1;
}

/**
 * Sets up DMA for `dev` as the tree describes it; 0 or -errno. `np` is the node whose bus counts: the
 * device's own, or its host bridge's for a device without one.
 * Linux: drivers/of/device.c, of_dma_configure_id() (v6.12, v6.1).
 * Differs: a missing `dma_mask` becomes a copy of the coherent mask, not a pointer to it.
 */
export function of_dma_configure(
  k: Kernel,
  dev: device,
  force_dma: boolean,
  np: DtNode | null = dev.of_node,
): number {
  const busNode = np !== null && np === dev.of_node ? of_get_dma_parent(k, np) : np;
  const ranges = of_dma_get_range(k, busNode);
  let map: readonly BusDmaRegion[] | null = null;
  let end = 0;
  if (typeof ranges === 'number') {
    if (!force_dma) return ranges === -ENODEV ? 0 : ranges;
  } else {
    map = ranges;
    end = endOfRanges(k, dev, ranges);
    if (end < 0) return end;
  }
  if (dev.dma_mask === null) {
    k.log.pr_warn(`${dev.name}: DMA mask not set`);
    dev.dma_mask = dev.coherent_dma_mask;
  }
  // 6.1 asks for the size, which is never 0 where there is a map.
  if (end === 0 && (map === null || k.config.atLeast('6.12')))
    end = dev.coherent_dma_mask === 0 ? DMA_BIT_MASK(32) : dev.coherent_dma_mask;

  const mask = DMA_BIT_MASK(Math.min(64, ilog2(end) + 1));
  dev.coherent_dma_mask = andMask(dev.coherent_dma_mask, mask);
  dev.dma_mask = andMask(dev.dma_mask, mask);
  if (map !== null) {
    dev.bus_dma_limit = end;
    dev.dma_range_map = map;
  }
  const coherent = of_dma_is_coherent(k, np);
  const ret = of_iommu_configure(k, dev, np);
  arch_setup_dma_ops(k, dev, coherent);
  if (ret !== 0) of_dma_set_restricted_buffer(k, dev, np);
  return 0;
}

/** The regions that a node names; null stands for a phandle that no node has. */
function memoryRegions(k: Kernel, node: DtNode | null): (DtNode | null)[] {
  if (node === null) return [];
  return u32sOf(k.board.tree, node, 'memory-region').map(p => k.board.tree.nodeByPhandle(p) ?? null);
}

/**
 * Gives the device the first restricted pool among its regions, if there is one.
 * Linux: drivers/of/device.c, of_dma_set_restricted_buffer() (v6.12).
 */
function of_dma_set_restricted_buffer(k: Kernel, dev: device, np: DtNode | null): void {
  if (!k.config.isEnabled('DMA_RESTRICTED_POOL')) return;
  const node = memoryRegions(k, dev.of_node).length > 0 ? dev.of_node : np;
  const index = memoryRegions(k, node).findIndex(
    region => region !== null && isCompatible(region, 'restricted-dma-pool') && isAvailable(region),
  );
  if (index < 0) return;
  if (of_reserved_mem_device_init_by_idx(k, dev, node, index) !== 0) {
    k.log.pr_warn(`${dev.name}: failed to initialise "restricted-dma-pool" memory node`);
  }
}

function deviceInit(k: Kernel, rmem: reserved_mem, dev: device): number {
  if (rmem.ops === 'cma') return rmem_cma_device_init(k, rmem, dev);
  if (rmem.ops === 'coherent') return rmem_dma_device_init(k, rmem, dev);
  return rmem.ops === 'restricted' ? rmem_swiotlb_device_init(k, rmem, dev) : -EINVAL;
}

/** 0 or -errno. Linux: drivers/of/of_reserved_mem.c, of_reserved_mem_device_init_by_idx() (v6.12). */
function of_reserved_mem_device_init_by_idx(
  k: Kernel,
  dev: device,
  np: DtNode | null,
  index: number,
): number {
  if (np === null) return -EINVAL;
  const target = memoryRegions(k, np)[index];
  if (!target) return -ENODEV;
  if (!isAvailable(target)) return 0;
  const rmem = of_reserved_mem_lookup(k, target);
  if (!rmem) return -EINVAL;
  const ret = deviceInit(k, rmem, dev);
  if (ret === 0) k.log.pr_info(`${dev.name}: assigned reserved memory node ${rmem.name}`);
  return ret;
}

/** What a driver calls to use the first of its regions. Linux: include/linux/of_reserved_mem.h (v6.12). */
export function of_reserved_mem_device_init(k: Kernel, dev: device): number {
  return of_reserved_mem_device_init_by_idx(k, dev, dev.of_node, 0);
}

/** Linux: arch/arm/mach-mvebu/coherency.c, of_coherency_table (v6.12). */
const MVEBU_FABRICS: readonly string[] = [
  'marvell,coherency-fabric',
  'marvell,armada-375-coherency-fabric',
  'marvell,armada-380-coherency-fabric',
];

/**
 * The machine code's say in whether a device snoops, when it is added to its bus. On Armada SoCs with more
 * than one core every device does. Linux: arch/arm/mach-mvebu/coherency.c, mvebu_hwcc_notifier() (v6.12).
 * Highbank's notifier goes by 'dma-coherent', too, and so changes nothing here.
 */
export function bus_notify_add_device(k: Kernel, dev: device): void {
  if (!k.config.isEnabled('MACH_MVEBU_V7') || !k.cpu.is_smp) return;
  if (of_find_matching_node(k, MVEBU_FABRICS)) dev.dma_coherent = true;
}

/**
 * All that happens to a platform device between its creation and its driver's probe; 0 or -errno.
 * Linux: drivers/base/core.c, device_initialize(); drivers/base/platform.c, platform_dma_configure() (v6.12).
 */
export function platform_dma_configure(k: Kernel, dev: device): number {
  if (dev.dma_io_tlb_mem === null) swiotlb_dev_init(k, dev);
  bus_notify_add_device(k, dev);
  return of_dma_configure(k, dev, true);
}

/**
 * All that happens to a PCI device before its driver's probe; 0 or -errno. It has no say of its own: coherence
 * and the 'dma-ranges' are those of the host bridge.
 * Linux: drivers/pci/pci-driver.c, pci_dma_configure() (v6.12). Machine code is told of PCI devices as well.
 */
export function pci_dma_configure(k: Kernel, dev: device, host: DtNode): number {
  if (dev.dma_io_tlb_mem === null) swiotlb_dev_init(k, dev);
  bus_notify_add_device(k, dev);
  return of_dma_configure(k, dev, true, host);
}
