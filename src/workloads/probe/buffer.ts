// SPDX-License-Identifier: GPL-2.0-only
/**
 * A live buffer as the probe describes it:
 *   cpu dma phys   where the CPU reaches it, the device's handle, and the memory, by the CPU's mapping
 *   bad_handle     1: the handle leads elsewhere       unreachable   1: outside the device's mask or bus limit
 *   va             `vmalloc`, `lowmem`, or `cookie` (NO_KERNEL_MAPPING)
 *   src            whose memory it is                  hm            1: high memory
 *   zero           1: reads as zero
 *   cpu_pt         the mapping                         alias_pt      the direct map of the same pages, if another
 * Behind an IOMMU, instead of whether the handle leads there:
 *   iova_phys      where the handle leads              iova_bad      pages of the buffer that it misses
 *   frag           breaks between its physical pieces
 */
import { alignDown, type DmaAddr, type Paddr, type Pfn, type Vaddr } from '../../base/address.js';
import { PageHighMem, page_address } from '../../linux/arch/arm/include/asm/memory.js';
import type { device } from '../../linux/include/linux/device.js';
import { dma_to_phys } from '../../linux/include/linux/dma-direct.js';
import { DMA_ATTR_NO_KERNEL_MAPPING } from '../../linux/include/linux/dma-mapping.js';
import { CMA_MIN_ALIGNMENT_BYTES } from '../../linux/include/linux/pageblock-flags.js';
import { PAGE_ALIGN, PAGE_SIZE, PFN_DOWN, PFN_PHYS } from '../../linux/include/linux/pfn.js';
import { dma_coherent_ok } from '../../linux/kernel/dma/direct.js';
import { type DmaBuffer, dma_free_attrs } from '../../linux/kernel/dma/mapping.js';
import { is_swiotlb_buffer, is_swiotlb_for_alloc } from '../../linux/kernel/dma/swiotlb.js';
import type { Kernel } from '../../linux/kernel.js';
import { cma_area_at } from '../../linux/mm/cma.js';
import { is_vmalloc_addr } from '../../linux/mm/vmalloc.js';
import { runsOf } from '../buffer-facts.js';
import { pageTableFields } from './page-tables.js';
import type { Probe } from './probe.js';
import { bare, type Fields } from './record.js';

/** Does a `struct page` exist? Linux: arch/arm/mm/init.c, pfn_valid() (v6.12). */
function pfn_valid(k: Kernel, pfn: Pfn): boolean {
  const block = CMA_MIN_ALIGNMENT_BYTES(k);
  const start = alignDown(PFN_PHYS(pfn), block);
  return k.memblock.memory.some(region => region.start < start + block && region.end > start);
}

/** Whose memory the page at `paddr` is; `cpu_addr` null: of a buffer that is not mapped. */
export function sourceName(k: Kernel, dev: device, cpu_addr: Vaddr | null, paddr: Paddr): string {
  const pool = cpu_addr === null ? undefined : k.dma.poolOf(cpu_addr);
  if (pool) return pool;
  if (is_swiotlb_for_alloc(dev) && is_swiotlb_buffer(dev, paddr)) return 'restricted';
  const area = cma_area_at(k, paddr);
  if (area) {
    if (area === dev.cma_area) return 'cma-dev';
    return area === k.cma.dma_contiguous_default_area ? 'cma-default' : 'cma-other';
  }
  if (!pfn_valid(k, PFN_DOWN(paddr))) return 'badphys';
  const isMapped = k.memblock.for_each_mem_range().some(({ start, end }) => paddr >= start && paddr < end);
  return isMapped ? 'buddy' : 'declared';
}

/** Physical address through the CPU's mapping: the handle is no guide where it lies outside 'dma-ranges'. */
export function physicalOf(k: Kernel, { cookie, cpu_addr }: DmaBuffer): Paddr {
  return cookie ? PFN_PHYS(cpu_addr) : k.mmu.pgtable.mappingAt(k, cpu_addr).paddr;
}

/** The direct map's address of the page, where the page has a `struct page` and is not high memory. */
export function aliasOf(k: Kernel, paddr: Paddr): Vaddr | null {
  return pfn_valid(k, PFN_DOWN(paddr)) ? page_address(k, PFN_DOWN(paddr)) : null;
}

function readsAsZero(k: Kernel, buffer: DmaBuffer, size: number): boolean {
  return runsOf(k, buffer, size).every(run => k.machine.ram.isFilledWith(run.paddr, run.size, 0));
}

/**
 * The module takes all that it gets without a kernel mapping for a cookie. Behind an IOMMU it can be an address all
 * the same, and what the module then says of the memory is wrong.
 */
export function isMisread(dev: device, { cookie }: DmaBuffer, attrs: number): boolean {
  return dev.dma_ops !== null && !cookie && (attrs & DMA_ATTR_NO_KERNEL_MAPPING) !== 0;
}

function misreadFields({ dev }: Probe, { cpu_addr, dma_handle }: DmaBuffer): Fields {
  const iova_phys = bare(dev.dma_ops!.physOf(dev, dma_handle));
  const unknown = { phys: null, iova_bad: null, frag: null, src: null, hm: null, alias_pt: null };
  return { cpu: bare(cpu_addr), dma: bare(dma_handle), va: 'cookie', iova_phys, ...unknown };
}

function translationFields({ k, dev }: Probe, buffer: DmaBuffer, size: number): Fields {
  const { dma_ops } = dev;
  if (dma_ops === null) return {};
  const runs = runsOf(k, buffer, PAGE_ALIGN(size));
  let missed = 0;
  for (const { offset, paddr, size: bytes } of runs) {
    for (let at = 0; at < bytes; at += PAGE_SIZE) {
      if (dma_ops.physOf(dev, buffer.dma_handle + offset + at) !== paddr + at) missed++;
    }
  }
  const iova_phys = bare(dma_ops.physOf(dev, buffer.dma_handle));
  return { iova_phys, iova_bad: missed, frag: runs.length - 1 };
}

function reachFields({ k, dev }: Probe, dma_handle: DmaAddr, paddr: Paddr, size: number): Fields {
  if (dev.dma_ops !== null) return {};
  return {
    bad_handle: dma_to_phys(k, dev, dma_handle) === paddr ? undefined : 1,
    unreachable: dma_coherent_ok(k, dev, paddr, size) ? undefined : 1,
  };
}

/** `attrs`: as it was asked for. */
export function bufferFields(probe: Probe, buffer: DmaBuffer, size: number, attrs = 0): Fields {
  const { k, dev } = probe;
  const { cookie, cpu_addr, dma_handle } = buffer;
  const paddr = physicalOf(k, buffer);
  if (isMisread(dev, buffer, attrs)) return misreadFields(probe, buffer);
  const hasPage = pfn_valid(k, PFN_DOWN(paddr));
  const alias = aliasOf(k, paddr);
  return {
    // A cookie is the address of a `struct page`, of which there are none here.
    cpu: cookie ? null : bare(cpu_addr),
    dma: bare(dma_handle),
    phys: bare(paddr),
    ...translationFields(probe, buffer, size),
    ...reachFields(probe, dma_handle, paddr, size),
    va: cookie ? 'cookie' : is_vmalloc_addr(k, cpu_addr) ? 'vmalloc' : 'lowmem',
    src: sourceName(k, dev, cookie ? null : cpu_addr, paddr),
    hm: hasPage ? Number(PageHighMem(k, PFN_DOWN(paddr))) : undefined,
    ...(!cookie && {
      zero: Number(readsAsZero(k, buffer, size)),
      cpu_pt: pageTableFields(k, cpu_addr, PAGE_ALIGN(size)),
    }),
    ...(alias !== null &&
      (cookie || alias !== cpu_addr) && { alias_pt: pageTableFields(k, alias, PAGE_ALIGN(size)) }),
  };
}

/** The direct map of a buffer that is no more. */
export function aliasAfterFields({ k }: Probe, paddr: Paddr, size: number): Fields {
  const alias = aliasOf(k, paddr);
  return { alias_after: alias === null ? undefined : pageTableFields(k, alias, PAGE_ALIGN(size)) };
}

/**
 * Frees a buffer. A handle that leads elsewhere would make ARM's allocator free other memory, or oops: such a
 * buffer is freed by its physical address. False: that was needed.
 */
export function releaseBuffer({ k, dev }: Probe, buffer: DmaBuffer, size: number, attrs: number): boolean {
  const paddr = physicalOf(k, buffer);
  if (dev.dma_ops !== null || dma_to_phys(k, dev, buffer.dma_handle) === paddr) {
    dma_free_attrs(k, dev, size, buffer, attrs);
    return true;
  }
  const ranges = dev.dma_range_map;
  dev.dma_range_map = null;
  dma_free_attrs(k, dev, size, { ...buffer, dma_handle: paddr as number }, attrs);
  dev.dma_range_map = ranges;
  return false;
}
