// SPDX-License-Identifier: GPL-2.0-only
/**
 * The DMA API that drivers call for memory of their own: map, sync, unmap. Linux: kernel/dma/mapping.c and
 * include/linux/dma-mapping.h (v6.12; 6.1 alike; 5.15 where said). What happens underneath: direct-streaming.ts, or
 * the operations of the device.
 * Every change of ownership is told to the machine's observer, after all maintenance.
 * Left out: PCI peer memory, KMSAN, tracing, DMA_API_DEBUG.
 * The sync calls of a device that need not (dma_skip_sync, 6.12) do nothing, not even check their arguments.
 * Model: BUG_ON() is logged as a bug, and the function does nothing; a real kernel kills the caller.
 */
import type { DmaAddr, Paddr, Pfn, Vaddr } from '../../../base/address.js';
import { __pa } from '../../arch/arm/include/asm/memory.js';
import {
  arm_dma_map_page,
  arm_dma_map_sg,
  arm_dma_sync_for_cpu,
  arm_dma_sync_for_device,
  arm_dma_unmap_page,
} from '../../arch/arm/mm/dma-ops.js';
import type { device } from '../../include/linux/device.js';
import { DMA_BIDIRECTIONAL, DMA_FROM_DEVICE, DMA_MAPPING_ERROR } from '../../include/linux/dma-mapping.js';
import { EIO, ENOMEM } from '../../include/linux/errno.js';
import { PAGE_SIZE, PFN_DOWN, PFN_PHYS } from '../../include/linux/pfn.js';
import type { scatterlist } from '../../include/linux/scatterlist.js';
import type { Kernel } from '../../kernel.js';
import { is_vmalloc_addr } from '../../mm/vmalloc.js';
import {
  dma_direct_map_page,
  dma_direct_map_resource,
  dma_direct_map_sg,
  dma_direct_sync_single_for_cpu,
  dma_direct_sync_single_for_device,
  dma_direct_unmap_page,
  dma_direct_unmap_sg,
} from './direct-streaming.js';
import { dma_dev_need_sync, uses_arm_dma_ops } from './masks.js';

/** valid_dma_direction(): DMA_NONE is none. */
function validDirection(k: Kernel, dir: number, caller: string): boolean {
  if (dir >= DMA_BIDIRECTIONAL && dir <= DMA_FROM_DEVICE) return true;
  return !k.log.WARN(`kernel BUG in ${caller}: direction ${dir}`);
}

/** WARN_ON_ONCE(!dev->dma_mask): bus code has set no pointer to a mask. */
function hasMask(k: Kernel, dev: device, caller: string): boolean {
  if (dev.dma_mask !== null) return true;
  return !k.log.WARN_ONCE(`${caller} mask`, `${caller}: ${dev.name} has no DMA mask`);
}

/**
 * Gives `size` bytes, `offset` into page `pfn`, to the device: the address for it, or DMA_MAPPING_ERROR.
 * Linux: kernel/dma/mapping.c, dma_map_page_attrs() (v6.12).
 */
export function dma_map_page_attrs(
  k: Kernel,
  dev: device,
  pfn: Pfn,
  offset: number,
  size: number,
  dir: number,
  attrs: number,
): DmaAddr {
  if (!validDirection(k, dir, 'dma_map_page_attrs')) return DMA_MAPPING_ERROR(k);
  if (!hasMask(k, dev, 'dma_map_page_attrs')) return DMA_MAPPING_ERROR(k);
  const paddr = PFN_PHYS(pfn) + offset;
  const map = uses_arm_dma_ops(k) ? arm_dma_map_page : dma_direct_map_page;
  const addr =
    dev.dma_ops?.map_page(k, dev, pfn, offset, size, dir, attrs) ?? map(k, dev, paddr, size, dir, attrs);
  if (k.machine.observer !== null && addr !== DMA_MAPPING_ERROR(k)) {
    k.dma.streaming.mapped(k, dev, addr, paddr, size, dir, attrs);
  }
  return addr;
}

/** Takes a mapping back. Linux: kernel/dma/mapping.c, dma_unmap_page_attrs() (v6.12). */
export function dma_unmap_page_attrs(
  k: Kernel,
  dev: device,
  addr: DmaAddr,
  size: number,
  dir: number,
  attrs: number,
): void {
  if (!validDirection(k, dir, 'dma_unmap_page_attrs')) return;
  const ends = k.dma.streaming.ending(k, dev, addr, size, dir, attrs);
  const direct = uses_arm_dma_ops(k) ? arm_dma_unmap_page : dma_direct_unmap_page;
  const unmap = dev.dma_ops?.unmap_page ?? direct;
  unmap(k, dev, addr, size, dir, attrs);
  k.dma.streaming.ended(k, dev, ends);
}

/** `vaddr` must be lowmem. Linux: include/linux/dma-mapping.h, dma_map_single_attrs() (v6.12). */
export function dma_map_single_attrs(
  k: Kernel,
  dev: device,
  vaddr: Vaddr,
  size: number,
  dir: number,
  attrs: number,
): DmaAddr {
  if (is_vmalloc_addr(k, vaddr)) {
    k.log.WARN_ONCE('dma_map_single_attrs', `${dev.name}: rejecting DMA map of vmalloc memory`);
    return DMA_MAPPING_ERROR(k);
  }
  const paddr = __pa(k, vaddr);
  return dma_map_page_attrs(k, dev, PFN_DOWN(paddr), paddr % PAGE_SIZE, size, dir, attrs);
}

export const dma_unmap_single_attrs: typeof dma_unmap_page_attrs = dma_unmap_page_attrs;

export function dma_map_single(k: Kernel, dev: device, vaddr: Vaddr, size: number, dir: number): DmaAddr {
  return dma_map_single_attrs(k, dev, vaddr, size, dir, 0);
}

export function dma_unmap_single(k: Kernel, dev: device, addr: DmaAddr, size: number, dir: number): void {
  dma_unmap_page_attrs(k, dev, addr, size, dir, 0);
}

/** A run of a list's memory, and the device's address of it. */
interface MappedRun {
  readonly dmaAddr: DmaAddr;
  readonly paddr: Paddr;
  size: number;
}

/** The runs of a mapped list. One segment for the device may stand for several entries, which may follow one another. */
function mappedRuns(sgl: readonly scatterlist[]): MappedRun[] {
  const runs: MappedRun[] = [];
  let next = 0;
  for (const segment of sgl) {
    let done = 0;
    let last: MappedRun | null = null;
    while (next < sgl.length && (last === null || done < segment.dma_length)) {
      const { pfn, offset, length } = sgl[next++]!;
      const paddr = PFN_PHYS(pfn) + offset;
      if (last !== null && paddr === last.paddr + last.size) last.size += length;
      else {
        last = { dmaAddr: segment.dma_address + done, paddr, size: length };
        runs.push(last);
      }
      done += length;
    }
  }
  return runs;
}

/**
 * Maps every entry, or none. The number of segments, or -errno: an empty list is complained about.
 * Linux: kernel/dma/mapping.c, __dma_map_sg_attrs() (v6.12).
 * Model: of an empty list ARM's IOMMU operations map what stands where the first entry would; here it is as elsewhere.
 */
export function __dma_map_sg_attrs(
  k: Kernel,
  dev: device,
  sgl: readonly scatterlist[],
  dir: number,
  attrs: number,
): number {
  if (!validDirection(k, dir, '__dma_map_sg_attrs')) return -EIO;
  if (!hasMask(k, dev, '__dma_map_sg_attrs')) return 0;
  const direct = uses_arm_dma_ops(k) ? arm_dma_map_sg : dma_direct_map_sg;
  const map = dev.dma_ops?.map_sg ?? direct;
  const ents = sgl.length === 0 ? 0 : map(k, dev, sgl, dir, attrs);
  if (ents === 0) {
    k.log.WARN_ONCE('__dma_map_sg_attrs', `__dma_map_sg_attrs: ${dev.name}: no entries`);
    return -EIO;
  }
  if (k.machine.observer !== null && ents > 0) {
    for (const { dmaAddr, paddr, size } of mappedRuns(sgl)) {
      k.dma.streaming.mapped(k, dev, dmaAddr, paddr, size, dir, attrs);
    }
  }
  return ents;
}

/** Entries mapped; 0 for any error. Linux: kernel/dma/mapping.c, dma_map_sg_attrs() (v6.12). */
export function dma_map_sg_attrs(
  k: Kernel,
  dev: device,
  sgl: readonly scatterlist[],
  dir: number,
  attrs: number,
): number {
  return Math.max(0, __dma_map_sg_attrs(k, dev, sgl, dir, attrs));
}

/** Linux: kernel/dma/mapping.c, dma_unmap_sg_attrs() (v6.12). */
export function dma_unmap_sg_attrs(
  k: Kernel,
  dev: device,
  sgl: readonly scatterlist[],
  dir: number,
  attrs: number,
): void {
  if (!validDirection(k, dir, 'dma_unmap_sg_attrs')) return;
  const ends = mappedRuns(sgl).map(({ dmaAddr, size }) =>
    k.dma.streaming.ending(k, dev, dmaAddr, size, dir, attrs),
  );
  if (dev.dma_ops !== null) dev.dma_ops.unmap_sg(k, dev, sgl, dir, attrs);
  else if (uses_arm_dma_ops(k)) {
    for (const sg of sgl) arm_dma_unmap_page(k, dev, sg.dma_address, sg.dma_length, dir, attrs);
  } else dma_direct_unmap_sg(k, dev, sgl, dir, attrs);
  for (const buffer of ends) k.dma.streaming.ended(k, dev, buffer);
}

/**
 * Device memory (another device's FIFO) for a DMA engine: neither caches nor dma-ranges are looked at. There
 * is no event: nobody but devices may touch it. Linux: kernel/dma/mapping.c, dma_map_resource() (v6.12).
 */
export function dma_map_resource(
  k: Kernel,
  dev: device,
  paddr: Paddr,
  size: number,
  dir: number,
  attrs: number,
): DmaAddr {
  if (!validDirection(k, dir, 'dma_map_resource')) return DMA_MAPPING_ERROR(k);
  if (!hasMask(k, dev, 'dma_map_resource')) return DMA_MAPPING_ERROR(k);
  const map = dev.dma_ops?.map_resource ?? dma_direct_map_resource;
  return map(k, dev, paddr, size, dir, attrs);
}

/** Without an IOMMU there is nothing to do. Linux: kernel/dma/mapping.c, dma_unmap_resource() (v6.12). */
export function dma_unmap_resource(
  k: Kernel,
  dev: device,
  addr: DmaAddr,
  size: number,
  dir: number,
  attrs: number,
): void {
  if (!validDirection(k, dir, 'dma_unmap_resource')) return;
  dev.dma_ops?.unmap_resource(k, dev, addr, size, dir, attrs);
}

/** A part of a mapping, for the CPU to look at. Linux: kernel/dma/mapping.c (v6.12). */
export function dma_sync_single_for_cpu(
  k: Kernel,
  dev: device,
  addr: DmaAddr,
  size: number,
  dir: number,
): void {
  if (!dma_dev_need_sync(k, dev)) {
    k.dma.streaming.syncedForCpu(k, dev, addr, size, dir);
    return;
  }
  if (!validDirection(k, dir, 'dma_sync_single_for_cpu')) return;
  const direct = uses_arm_dma_ops(k) ? arm_dma_sync_for_cpu : dma_direct_sync_single_for_cpu;
  const sync = dev.dma_ops?.sync_single_for_cpu ?? direct;
  sync(k, dev, addr, size, dir);
  k.dma.streaming.syncedForCpu(k, dev, addr, size, dir);
}

/** A part of a mapping, back to the device. Linux: kernel/dma/mapping.c (v6.12). */
export function dma_sync_single_for_device(
  k: Kernel,
  dev: device,
  addr: DmaAddr,
  size: number,
  dir: number,
): void {
  if (!dma_dev_need_sync(k, dev)) {
    k.dma.streaming.syncedForDevice(k, dev, addr, size, dir);
    return;
  }
  if (!validDirection(k, dir, 'dma_sync_single_for_device')) return;
  const direct = uses_arm_dma_ops(k) ? arm_dma_sync_for_device : dma_direct_sync_single_for_device;
  const sync = dev.dma_ops?.sync_single_for_device ?? direct;
  sync(k, dev, addr, size, dir);
  k.dma.streaming.syncedForDevice(k, dev, addr, size, dir);
}

/** By `length`, not `dma_length`. Linux: kernel/dma/mapping.c, dma_sync_sg_for_cpu() (v6.12). */
export function dma_sync_sg_for_cpu(k: Kernel, dev: device, sgl: readonly scatterlist[], dir: number): void {
  if (dev.dma_ops !== null) {
    if (!validDirection(k, dir, 'dma_sync_sg_for_cpu')) return;
    dev.dma_ops.sync_sg_for_cpu(k, dev, sgl, dir);
    for (const { dmaAddr, size } of mappedRuns(sgl)) {
      k.dma.streaming.syncedForCpu(k, dev, dmaAddr, size, dir);
    }
    return;
  }
  for (const sg of sgl) dma_sync_single_for_cpu(k, dev, sg.dma_address, sg.length, dir);
}

/** Linux: kernel/dma/mapping.c, dma_sync_sg_for_device() (v6.12). */
export function dma_sync_sg_for_device(
  k: Kernel,
  dev: device,
  sgl: readonly scatterlist[],
  dir: number,
): void {
  if (dev.dma_ops !== null) {
    if (!validDirection(k, dir, 'dma_sync_sg_for_device')) return;
    dev.dma_ops.sync_sg_for_device(k, dev, sgl, dir);
    for (const { dmaAddr, size } of mappedRuns(sgl)) {
      k.dma.streaming.syncedForDevice(k, dev, dmaAddr, size, dir);
    }
    return;
  }
  for (const sg of sgl) dma_sync_single_for_device(k, dev, sg.dma_address, sg.length, dir);
}

/** -ENOMEM for DMA_MAPPING_ERROR, else 0. Linux: include/linux/dma-mapping.h (v6.12). */
export function dma_mapping_error(k: Kernel, _dev: device, addr: DmaAddr): number {
  return addr === DMA_MAPPING_ERROR(k) ? -ENOMEM : 0;
}
