// SPDX-License-Identifier: GPL-2.0-only
/**
 * The streaming operations that ARM had of its own until 6.0 and that 5.15 uses without LPAE.
 * Linux: arch/arm/mm/dma-mapping.c, arm_dma_ops and arm_coherent_dma_ops (v5.15). They check no mask and know no
 * bounce buffers: an address that the device does not reach is handed out all the same.
 * Left out: dmabounce, which only machines without device trees use.
 */
import type { DmaAddr, Paddr } from '../../../../base/address.js';
import type { device } from '../../../include/linux/device.js';
import { dma_to_phys, phys_to_dma } from '../../../include/linux/dma-direct.js';
import { DMA_ATTR_SKIP_CPU_SYNC, DMA_MAPPING_ERROR } from '../../../include/linux/dma-mapping.js';
import { EIO } from '../../../include/linux/errno.js';
import { type scatterlist, sg_phys } from '../../../include/linux/scatterlist.js';
import { leadsToPage } from '../../../kernel/dma/direct-streaming.js';
import type { Kernel } from '../../../kernel.js';
import { arch_sync_dma_for_cpu, arch_sync_dma_for_device } from './dma-sync.js';

/** Linux: arm_dma_map_page(), arm_coherent_dma_map_page() (v5.15). */
export function arm_dma_map_page(
  k: Kernel,
  dev: device,
  paddr: Paddr,
  size: number,
  dir: number,
  attrs: number,
): DmaAddr {
  if (!dev.dma_coherent && (attrs & DMA_ATTR_SKIP_CPU_SYNC) === 0) {
    arch_sync_dma_for_device(k, paddr, size, dir);
  }
  return phys_to_dma(k, dev, paddr);
}

/** Linux: arm_dma_unmap_page() (v5.15). */
export function arm_dma_unmap_page(
  k: Kernel,
  dev: device,
  addr: DmaAddr,
  size: number,
  dir: number,
  attrs: number,
): void {
  if ((attrs & DMA_ATTR_SKIP_CPU_SYNC) === 0) arm_dma_sync_for_cpu(k, dev, addr, size, dir);
}

/** Linux: arm_dma_map_sg() (v5.15). What is undone after an error is synchronized again. */
export function arm_dma_map_sg(
  k: Kernel,
  dev: device,
  sgl: readonly scatterlist[],
  dir: number,
  attrs: number,
): number {
  for (const [i, sg] of sgl.entries()) {
    sg.dma_length = sg.length;
    sg.dma_address = arm_dma_map_page(k, dev, sg_phys(sg), sg.length, dir, attrs);
    if (sg.dma_address === DMA_MAPPING_ERROR(k)) {
      for (const done of sgl.slice(0, i)) {
        arm_dma_unmap_page(k, dev, done.dma_address, done.dma_length, dir, attrs);
      }
      return -EIO;
    }
  }
  return sgl.length;
}

/** Linux: arm_dma_sync_single_for_cpu() (v5.15). */
export function arm_dma_sync_for_cpu(k: Kernel, dev: device, addr: DmaAddr, size: number, dir: number): void {
  const paddr = dma_to_phys(k, dev, addr);
  if (dev.dma_coherent || !leadsToPage(k, dev, paddr, 'arm_dma_sync_single_for_cpu')) return;
  arch_sync_dma_for_cpu(k, paddr, size, dir);
}

/** Linux: arm_dma_sync_single_for_device() (v5.15). */
export function arm_dma_sync_for_device(
  k: Kernel,
  dev: device,
  addr: DmaAddr,
  size: number,
  dir: number,
): void {
  const paddr = dma_to_phys(k, dev, addr);
  if (dev.dma_coherent || !leadsToPage(k, dev, paddr, 'arm_dma_sync_single_for_device')) return;
  arch_sync_dma_for_device(k, paddr, size, dir);
}
