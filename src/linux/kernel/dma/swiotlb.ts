// SPDX-License-Identifier: GPL-2.0-only
/**
 * Bounce buffers: the default pool, restricted pools, streaming copies and page allocation.
 * Linux: kernel/dma/swiotlb.c, include/linux/swiotlb.h (v6.12); differences of 6.1 where they are noted.
 * The slots themselves: `swiotlb-slots.ts`.
 *
 * Left out: SWIOTLB_DYNAMIC, memory encryption, debugfs, late initialisation. swiotlb_map(), which checks the
 * bounce address against the mask and does the cache maintenance, is in `direct-streaming.ts`.
 * Model: 5.15 behaves as 6.1, with areas, which it did not have.
 */
import { alignUp, MiB, type Paddr, type Pfn, roundUpPowerOfTwo } from '../../../base/address.js';
import { __va, PageHighMem } from '../../arch/arm/include/asm/memory.js';
import type { reserved_mem } from '../../drivers/of/of_reserved_mem.js';
import { SMP_CACHE_BYTES } from '../../include/linux/cache.js';
import type { device } from '../../include/linux/device.js';
import { phys_to_dma } from '../../include/linux/dma-direct.js';
import {
  DMA_ATTR_NO_WARN,
  DMA_ATTR_SKIP_CPU_SYNC,
  DMA_BIDIRECTIONAL,
  DMA_FROM_DEVICE,
  DMA_TO_DEVICE,
  dma_get_min_align_mask,
  dma_get_seg_boundary,
} from '../../include/linux/dma-mapping.js';
import { EINVAL } from '../../include/linux/errno.js';
import { get_order, PAGE_ALIGN, PAGE_SIZE, PFN_DOWN, PFN_PHYS } from '../../include/linux/pfn.js';
import { pa } from '../../include/linux/types.js';
import type { Kernel } from '../../kernel.js';
import { copyFromBounce, copyToBounce } from './swiotlb-copy.js';
import {
  alignOffset,
  bits,
  INVALID_PHYS_ADDR,
  IO_TLB_SEGSIZE,
  IO_TLB_SIZE,
  IoTlbMem,
  nr_slots,
  type SlotRequest,
} from './swiotlb-slots.js';

export { IoTlbMem } from './swiotlb-slots.js';

/** 64 MiB. */
const IO_TLB_DEFAULT_SLABS: number = (64 * MiB) / IO_TLB_SIZE;
/** 1 MiB: less is not tried. */
const IO_TLB_MIN_SLABS: number = MiB / IO_TLB_SIZE;
/** sizeof(struct io_tlb_area) without lock debugging: two words, and a lock that is empty without SMP. */
function areaBytes(k: Kernel): number {
  return k.config.isEnabled('SMP') ? 12 : 8;
}

const PREFIX = 'software IO TLB:';

/** io_tlb_default_mem of each kernel. */
const defaultMem = new WeakMap<Kernel, IoTlbMem>();

/** The default pool, which has no slots until swiotlb_init() has found memory for it. */
export function io_tlb_default_mem(k: Kernel): IoTlbMem {
  let mem = defaultMem.get(k);
  if (mem === undefined) {
    mem = new IoTlbMem();
    defaultMem.set(k, mem);
  }
  return mem;
}

/** Every new device starts with the default pool. Without CONFIG_SWIOTLB it has none. */
export function swiotlb_dev_init(k: Kernel, dev: device): void {
  if (k.config.isEnabled('SWIOTLB')) dev.dma_io_tlb_mem = io_tlb_default_mem(k);
}

export function is_swiotlb_active(dev: device): boolean {
  return dev.dma_io_tlb_mem !== null && dev.dma_io_tlb_mem.nslabs > 0;
}

export function is_swiotlb_force_bounce(dev: device): boolean {
  return dev.dma_io_tlb_mem?.force_bounce ?? false;
}

/** Has the device a restricted pool, which is its only source of memory? */
export function is_swiotlb_for_alloc(dev: device): boolean {
  return dev.dma_io_tlb_mem?.for_alloc ?? false;
}

/** Does `paddr` lie in the device's bounce buffers? 6.1 calls it is_swiotlb_buffer(). */
function swiotlb_find_pool(dev: device, paddr: Paddr): IoTlbMem | null {
  return dev.dma_io_tlb_mem?.contains(paddr) ? dev.dma_io_tlb_mem : null;
}

/** Linux: kernel/dma/swiotlb.c, is_swiotlb_buffer() (v6.1). */
export function is_swiotlb_buffer(dev: device, paddr: Paddr): boolean {
  return swiotlb_find_pool(dev, paddr) !== null;
}

/** Bytes: one segment, of which the search may have to pass over the first slots. */
export function swiotlb_max_mapping_size(dev: device): number {
  return IO_TLB_SEGSIZE * IO_TLB_SIZE - alignUp(dma_get_min_align_mask(dev), IO_TLB_SIZE);
}

/**
 * Makes the default pool. `addressing_limit`: there is RAM that 32-bit devices cannot reach (on ARM: pages
 * above arm_dma_pfn_limit). Linux: swiotlb_init_remap() (v6.12).
 * Model: areas of `swiotlb=` are counted and told here, after the last such parameter; Linux does it with each, also
 * where no pool is made.
 */
export function swiotlb_init(k: Kernel, addressing_limit: boolean): void {
  const parameter = k.cmdline.swiotlb;
  if (!k.config.isEnabled('SWIOTLB')) return;
  if ((!addressing_limit && !parameter.force) || parameter.noforce) return;
  const mem = io_tlb_default_mem(k);
  // 6.1 sets it with the pool: a device is not forced to bounce where there is no memory for one.
  if (k.config.atLeast('6.12')) mem.force_bounce = parameter.force;
  const wanted = alignUp(parameter.slabs ?? IO_TLB_DEFAULT_SLABS, IO_TLB_SEGSIZE);
  const areas = roundUpPowerOfTwo(Math.max(parameter.areas ?? k.cpu.num_possible_cpus, 1));
  k.log.pr_info(`${PREFIX} area num ${areas}.`);
  const defaultSlabs = roundUpSlabs(wanted, areas);
  if (defaultSlabs !== wanted) {
    k.log.pr_info(`${PREFIX} SWIOTLB bounce buffer size roundup to ${megabytes(defaultSlabs)}MB`);
  }

  let nslabs = defaultSlabs;
  let nareas = limitAreas(areas, nslabs);
  let start = tableMemory(k, nslabs);
  while (start === 0) {
    if (nslabs <= IO_TLB_MIN_SLABS) return;
    nslabs = alignUp(Math.floor(nslabs / 2), IO_TLB_SEGSIZE);
    nareas = limitAreas(nareas, nslabs);
    start = tableMemory(k, nslabs);
  }
  if (nslabs !== defaultSlabs) {
    k.log.pr_info(`${PREFIX} SWIOTLB bounce buffer size adjusted ${defaultSlabs} -> ${nslabs} slabs`);
  }
  // 6.1 computes the limited number of areas, but does not use it.
  if (!k.config.atLeast('6.12')) nareas = areas;
  if (!bookkeepingMemory(k, nslabs, nareas)) return;
  initPool(k, mem, start, nslabs, nareas);
  mem.force_bounce = parameter.force;
  k.log.pr_info(`${PREFIX} mapped [mem ${pa(k, mem.start)}-${pa(k, mem.end)}] (${megabytes(nslabs)}MB)`);
}

/** At least a segment for each area; otherwise a power of two. Linux: round_up_default_nslabs(). */
function roundUpSlabs(slabs: number, areas: number): number {
  return roundUpPowerOfTwo(Math.max(slabs, IO_TLB_SEGSIZE * areas));
}

/** Linux: limit_nareas(). */
function limitAreas(areas: number, slabs: number): number {
  return slabs < areas * IO_TLB_SEGSIZE ? Math.floor(slabs / IO_TLB_SEGSIZE) : areas;
}

function megabytes(slabs: number): number {
  return Math.floor((slabs * IO_TLB_SIZE) / MiB);
}

/** memblock_alloc_low(): below ARCH_LOW_ADDRESS_LIMIT. Linux: arch/arm/include/asm/dma.h (v6.12). */
function tableMemory(k: Kernel, nslabs: number): Paddr | 0 {
  const bytes = PAGE_ALIGN(nslabs * IO_TLB_SIZE);
  const limit = k.config.isEnabled('ZONE_DMA') ? k.memory.arm_dma_limit : 0xffffffff;
  const start = k.memblock.memblock_alloc(bytes, PAGE_SIZE, limit);
  if (start === 0) {
    k.log.pr_warn(`${PREFIX} swiotlb_memblock_alloc: Failed to allocate ${bytes} bytes tlb structure`);
  }
  return start;
}

/** The arrays of slots and areas. */
function bookkeepingMemory(k: Kernel, nslabs: number, nareas: number): boolean {
  const bytes = PAGE_ALIGN(nslabs * (k.config.phys64 ? 16 : 12));
  if (k.memblock.memblock_alloc(bytes, PAGE_SIZE) === 0) {
    k.log.pr_warn(`${PREFIX} swiotlb_init_remap: Failed to allocate ${bytes} bytes align=0x1000`);
    return false;
  }
  if (k.memblock.memblock_alloc(areaBytes(k) * nareas, SMP_CACHE_BYTES(k)) === 0) {
    k.log.pr_warn(`${PREFIX} swiotlb_init_remap: Failed to allocate mem->areas.`);
    return false;
  }
  return true;
}

function initPool(k: Kernel, mem: IoTlbMem, start: Paddr, nslabs: number, nareas: number): void {
  mem.init(start, nslabs, nareas, !k.config.atLeast('6.12'));
  k.machine.fill(__va(k, start), start, nslabs * IO_TLB_SIZE, 0);
}

/** First slot for a buffer, or -1. */
function findSlots(k: Kernel, dev: device, mem: IoTlbMem, request: Partial<SlotRequest>): number {
  const boundaryMask = dma_get_seg_boundary(dev);
  return mem.findSlots(k.machine.cpu, {
    tableDmaAddr: bits(phys_to_dma(k, dev, mem.start), boundaryMask),
    origAddr: 0,
    allocSize: 0,
    allocAlignMask: 0,
    minAlignMask: dma_get_min_align_mask(dev),
    boundaryMask,
    ...request,
  });
}

/**
 * A bounce buffer for `size` bytes at `orig_addr`, filled with them whatever the direction; null where there
 * is no room. Linux: swiotlb_tbl_map_single() (v6.12, v6.1) without further alignment.
 * Model: BUG_ON() for an empty buffer that needs no padding either is logged, and there is none.
 */
export function swiotlb_tbl_map_single(
  k: Kernel,
  dev: device,
  orig_addr: Paddr,
  size: number,
  attrs: number,
): Paddr | null {
  const mem = dev.dma_io_tlb_mem;
  if (mem === null || mem.nslabs === 0) {
    k.log.pr_warn(
      `${dev.name}: Can not allocate SWIOTLB buffer earlier and can't now provide you with the DMA bounce buffer`,
    );
    return null;
  }
  const offset = alignOffset(orig_addr, dma_get_min_align_mask(dev));
  const allocSize = size + offset;
  if (allocSize === 0) {
    k.log.WARN(`kernel BUG in swiotlb_tbl_map_single: ${dev.name}: no slots`);
    return null;
  }
  const slot = findSlots(k, dev, mem, { origAddr: orig_addr, allocSize });
  if (slot < 0) {
    if (!(attrs & DMA_ATTR_NO_WARN)) {
      const told = k.config.atLeast('6.12') ? allocSize : size;
      k.log.pr_warn(
        `${dev.name}: swiotlb buffer is full (sz: ${told} bytes), total ${mem.nslabs} (slots), used ${mem.used} (slots)`,
      );
    }
    return null;
  }
  // 6.12: from now on the device does not skip the synchronizing of buffers.
  dev.dma_skip_sync = false;
  for (let i = 0; i < nr_slots(allocSize); i++) mem.orig_addr[slot + i] = orig_addr + i * IO_TLB_SIZE;
  const tlb_addr = mem.slotAddress(slot) + offset;
  swiotlb_bounce(k, dev, mem, tlb_addr, size, DMA_TO_DEVICE);
  return tlb_addr;
}

/**
 * Copies between the original and the bounce buffer, from any address in the buffer on. What reaches beyond
 * the buffer is cut off with a warning. Linux: swiotlb_bounce() (v6.12).
 */
function swiotlb_bounce(
  k: Kernel,
  dev: device,
  mem: IoTlbMem,
  tlb_addr: Paddr,
  size: number,
  direction: number,
): void {
  const slot = Math.floor((tlb_addr - mem.start) / IO_TLB_SIZE);
  const slotOrigin = mem.orig_addr[slot]!;
  if (slotOrigin === INVALID_PHYS_ADDR) return;
  const isNew = k.config.atLeast('6.12');
  // Negative in the first bytes of a further slot, which 6.1 refuses to copy.
  const start = alignOffset(slotOrigin, dma_get_min_align_mask(dev));
  const offset = (tlb_addr % IO_TLB_SIZE) - start;
  // A slot that holds but padding has a negative size, and so a huge size_t, which 6.12 makes small again.
  const stored = mem.alloc_size[slot]!;
  const left = (isNew ? stored : stored >>> 0) - offset;
  if (!isNew && offset < 0) {
    const text = `Access before mapping start detected. orig offset ${start}, requested offset ${offset + start}.`;
    k.log.WARN_ONCE('swiotlb_bounce start', `${dev.name}: ${text}`);
    return;
  }
  if (!isNew && left < 0) {
    const text = `Buffer overflow detected. Allocation size: ${left + offset}. Mapping size: ${size}+${offset}.`;
    k.log.WARN_ONCE('swiotlb_bounce offset', `${dev.name}: ${text}`);
    return;
  }
  // 6.12 does not notice a start behind the buffer: the negative rest is a huge size_t.
  const overflow = left >= 0 && size > left;
  if (overflow) {
    const text = `Buffer overflow detected. Allocation size: ${left}. Mapping size: ${size}.`;
    k.log.WARN_ONCE('swiotlb_bounce size', `${dev.name}: ${text}`);
  }
  const bytes = overflow ? left : size;
  const original = slotOrigin + offset;
  // 6.1 takes the frame from the slot's original and only the place in it from the sum: a bug for highmem.
  const pfn = PFN_DOWN(isNew ? original : slotOrigin);
  if (direction === DMA_TO_DEVICE) copyToBounce(k, tlb_addr, original, bytes, pfn);
  else copyFromBounce(k, tlb_addr, original, bytes, pfn);
}

/** Ends a mapping: copies back for the CPU, then frees the slots. Nothing where `paddr` is no bounce buffer. */
export function swiotlb_tbl_unmap_single(
  k: Kernel,
  dev: device,
  paddr: Paddr,
  size: number,
  direction: number,
  attrs: number,
): void {
  const mem = swiotlb_find_pool(dev, paddr);
  if (mem === null) return;
  if (!(attrs & DMA_ATTR_SKIP_CPU_SYNC)) swiotlb_sync_single_for_cpu(k, dev, paddr, size, direction);
  mem.releaseSlots(paddr, dma_get_min_align_mask(dev));
}

export function swiotlb_sync_single_for_device(
  k: Kernel,
  dev: device,
  paddr: Paddr,
  size: number,
  direction: number,
): void {
  const mem = swiotlb_find_pool(dev, paddr);
  if (mem === null) return;
  if (direction === DMA_TO_DEVICE || direction === DMA_BIDIRECTIONAL) {
    swiotlb_bounce(k, dev, mem, paddr, size, DMA_TO_DEVICE);
  }
}

export function swiotlb_sync_single_for_cpu(
  k: Kernel,
  dev: device,
  paddr: Paddr,
  size: number,
  direction: number,
): void {
  const mem = swiotlb_find_pool(dev, paddr);
  if (mem === null) return;
  if (direction === DMA_FROM_DEVICE || direction === DMA_BIDIRECTIONAL) {
    swiotlb_bounce(k, dev, mem, paddr, size, DMA_FROM_DEVICE);
  }
}

/**
 * Pages out of the device's restricted pool, not zeroed; null where there is no room.
 * 6.12 aligns to the size rounded up to a power of two, 6.1 to a page only. Linux: swiotlb_alloc() (v6.12).
 */
export function swiotlb_alloc(k: Kernel, dev: device, size: number): Pfn | null {
  const mem = dev.dma_io_tlb_mem;
  if (mem === null) return null;
  const alignToOrder = k.config.atLeast('6.12');
  const allocAlignMask = alignToOrder ? PAGE_SIZE * 2 ** get_order(size) - 1 : 0;
  const slot = findSlots(k, dev, mem, { allocSize: size, allocAlignMask });
  if (slot < 0) return null;
  const tlb_addr = mem.slotAddress(slot);
  if (alignToOrder && tlb_addr % PAGE_SIZE !== 0) {
    const text = `Cannot allocate pages from non page-aligned swiotlb addr 0x${pa(k, tlb_addr)}.`;
    k.log.WARN_ONCE('swiotlb_alloc', `${dev.name}: ${text}`);
    mem.releaseSlots(tlb_addr, dma_get_min_align_mask(dev));
    return null;
  }
  k.machine.observer?.pagesAllocated(tlb_addr, size);
  return PFN_DOWN(tlb_addr);
}

/** False where the pages are not of the device's pool (and always without CONFIG_DMA_RESTRICTED_POOL). */
export function swiotlb_free(k: Kernel, dev: device, pfn: Pfn, size: number): boolean {
  if (!k.config.isEnabled('DMA_RESTRICTED_POOL')) return false;
  const mem = swiotlb_find_pool(dev, PFN_PHYS(pfn));
  if (mem === null) return false;
  mem.releaseSlots(PFN_PHYS(pfn), dma_get_min_align_mask(dev));
  k.machine.observer?.pagesFreed(PFN_PHYS(pfn), size);
  return true;
}

/** A 'restricted-dma-pool' node at boot: 0 or -EINVAL. Linux: rmem_swiotlb_setup() (v6.12). */
export function rmem_swiotlb_setup(k: Kernel, rmem: reserved_mem): number {
  for (const property of ['reusable', 'linux,cma-default', 'linux,dma-default', 'no-map']) {
    if (rmem.node.properties.has(property)) return -EINVAL;
  }
  const size = Math.floor(rmem.size / MiB);
  k.log.pr_info(
    `${PREFIX} Reserved memory: created restricted DMA pool at ${pa(k, rmem.base)}, size ${size} MiB`,
  );
  return 0;
}

/**
 * Ties `dev` to a restricted pool. The first device makes the pool and clears its memory; all devices that
 * name it share it. 0 or -EINVAL. Linux: rmem_swiotlb_device_init() (v6.12).
 */
export function rmem_swiotlb_device_init(k: Kernel, rmem: reserved_mem, dev: device): number {
  if (PageHighMem(k, PFN_DOWN(rmem.base))) {
    k.log.pr_err(`${dev.name}: Restricted DMA pool must be accessible within the linear mapping.`);
    return -EINVAL;
  }
  if (rmem.restricted === null) {
    const mem = new IoTlbMem();
    initPool(k, mem, rmem.base, Math.floor(rmem.size / IO_TLB_SIZE), 1);
    mem.force_bounce = true;
    mem.for_alloc = true;
    rmem.restricted = mem;
  }
  dev.dma_io_tlb_mem = rmem.restricted;
  return 0;
}

/** Back to the default pool, which is null without CONFIG_SWIOTLB. */
export function rmem_swiotlb_device_release(k: Kernel, dev: device): void {
  dev.dma_io_tlb_mem = null;
  swiotlb_dev_init(k, dev);
}
