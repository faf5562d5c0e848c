// SPDX-License-Identifier: GPL-2.0-only
/**
 * What became of one allocation, read from the machine and not from the allocator: the mapping is walked in
 * the real tables, and the alias is whatever the direct map says of the same page. Zeroing and cleaning are in
 * preparation-watch.ts.
 */
import { FOUR_GiB, hex, type Paddr, type Vaddr } from '../base/address.js';
import type { BusWindow } from '../board/hardware.js';
import type { Machine } from '../hw/machine.js';
import { Translation } from '../hw/mmu/translation.js';
import { WALK_OK } from '../hw/mmu/walker.js';
import { page_address } from '../linux/arch/arm/include/asm/memory.js';
import type { device } from '../linux/include/linux/device.js';
import { PAGE_SIZE, PFN_DOWN, PFN_PHYS } from '../linux/include/linux/pfn.js';
import type { DmaBuffer } from '../linux/kernel/dma/mapping.js';
import { is_swiotlb_buffer, is_swiotlb_for_alloc } from '../linux/kernel/dma/swiotlb.js';
import type { Kernel } from '../linux/kernel.js';
import { cma_area_at } from '../linux/mm/cma.js';
import { contiguousPages, is_vmalloc_addr } from '../linux/mm/vmalloc.js';
import type { MappingFacts, Source } from './outcome.js';

export const noMapping: MappingFacts = { place: 'no mapping', type: 'none', cacheable: false };

/** The mapping of `vaddr`, or `noMapping` where the tables have none. */
export function mappingAt(k: Kernel, vaddr: Vaddr): MappingFacts {
  const found = new Translation();
  if (k.machine.walker.walk(vaddr, found) !== WALK_OK) return noMapping;
  const { memoryType } = found;
  return {
    place: is_vmalloc_addr(k, vaddr) ? 'vmalloc' : 'direct map',
    type: memoryType.text,
    cacheable: memoryType.inner !== 'NC' || memoryType.outer !== 'NC',
  };
}

/** Physical address that `vaddr` leads to; undefined where it leads nowhere. */
export function physicalAddress(machine: Machine, vaddr: Vaddr): Paddr | undefined {
  const found = new Translation();
  return machine.walker.walk(vaddr, found) === WALK_OK ? found.paddr : undefined;
}

/** A contiguous run of a buffer's memory. `offset`: into the buffer. */
export interface BufferRun {
  readonly offset: number;
  readonly paddr: Paddr;
  readonly size: number;
}

/** Where the `size` bytes of a buffer lie, by the CPU's mapping of it; a cookie stands for its pages. */
export function runsOf(k: Kernel, buffer: DmaBuffer, size: number): BufferRun[] {
  const runs: BufferRun[] = [];
  const { cpu_addr, cookie } = buffer;
  if (!cookie) {
    k.machine.eachMapped(cpu_addr, size, (vaddr, paddr, bytes) =>
      runs.push({ offset: vaddr - cpu_addr, paddr, size: bytes }),
    );
    return runs;
  }
  const pages = buffer.pages ?? [];
  if (pages.length === 0) return [{ offset: 0, paddr: PFN_PHYS(cpu_addr), size }];
  for (let i = 0; i < pages.length; ) {
    const count = contiguousPages(pages, i);
    const offset = i * PAGE_SIZE;
    runs.push({ offset, paddr: PFN_PHYS(pages[i]!), size: Math.min(count * PAGE_SIZE, size - offset) });
    i += count;
  }
  return runs;
}

/**
 * The direct map's view of the page at `paddr`; undefined for high memory, for memory outside the map (a device's
 * own) and for holes in it.
 */
export function directMapping(k: Kernel, paddr: Paddr): MappingFacts | undefined {
  const vaddr = page_address(k, PFN_DOWN(paddr));
  if (vaddr === null || vaddr < k.memory.PAGE_OFFSET || vaddr >= k.memory.high_memory) return undefined;
  const mapping = mappingAt(k, vaddr);
  return mapping.place === 'no mapping' ? undefined : mapping;
}

/** Which allocator the page at `paddr` belongs to. Pools come first: they lie inside CMA or buddy memory. */
export function sourceOf(k: Kernel, dev: device, paddr: Paddr, fromPool: Source | undefined): Source {
  if (fromPool) return fromPool;
  if (is_swiotlb_for_alloc(dev) && is_swiotlb_buffer(dev, paddr)) return 'restricted';
  if (dev.dma_mem?.hasPage(PFN_DOWN(paddr))) return 'declared';
  const area = cma_area_at(k, paddr);
  if (!area) return 'buddy';
  return area === dev.cma_area ? 'cma-dev' : 'cma-default';
}

/** Does the handle lie outside of what the device can put on its bus? Limits are inclusive, 0 means none. */
function exceedsLimits(dev: device, dmaHandle: number, size: number): boolean {
  const limits = [dev.coherent_dma_mask, dev.bus_dma_limit].filter(limit => limit !== 0);
  return dmaHandle + size - 1 > Math.min(...limits);
}

/** The windows of the hardware file that hold for a device: its own or those of a bus above it. */
export function busWindowsOf(k: Kernel, dev: device): readonly BusWindow[] {
  const path = dev.of_node?.path;
  const windows = k.board.hardware.busWindows?.value ?? [];
  return windows.filter(({ node }) => path === node || path?.startsWith(`${node}/`));
}

/**
 * Does the handle, put on the device's bus, reach other memory than the buffer? Behind an IOMMU its tables say so.
 * Otherwise it is judged by the true bus map of the board's hardware file, where it has one for the device or a bus
 * above it; else the kernel's word is taken.
 */
function missesBuffer(k: Kernel, dev: device, dmaHandle: number, runs: readonly BufferRun[]): boolean {
  const context = dev.iommu?.stream.context ?? null;
  if (context !== null) {
    return !runs.every(
      ({ offset, paddr, size }) =>
        context.translate(dmaHandle + offset, 0) === paddr &&
        context.runLength(dmaHandle + offset, size, 0) === size,
    );
  }
  const { paddr, size } = runs[0]!;
  const windows = busWindowsOf(k, dev);
  if (windows.length === 0) return false;
  return !windows.some(
    ({ dmaStart, cpuStart, size: bytes }) =>
      dmaHandle >= dmaStart &&
      dmaHandle + size <= dmaStart + bytes &&
      dmaHandle - dmaStart + cpuStart === paddr,
  );
}

/** Is a part of the buffer out of the device's reach through `dmaHandle`? */
export function isUnreachable(
  k: Kernel,
  dev: device,
  dmaHandle: number,
  runs: readonly BufferRun[],
): boolean {
  const last = runs.at(-1)!;
  return exceedsLimits(dev, dmaHandle, last.offset + last.size) || missesBuffer(k, dev, dmaHandle, runs);
}

/** `0x8f000000`, eight digits up to 4 GiB. */
export function formatHandle(handle: number): string {
  return hex(handle, handle < FOUR_GiB ? 8 : 10);
}
