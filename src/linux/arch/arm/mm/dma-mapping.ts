// SPDX-License-Identifier: GPL-2.0-only
/**
 * ARM's own allocator of coherent memory, which the designs replace step by step.
 * Linux: arch/arm/mm/dma-mapping.c (v6.12; 6.1 alike; 5.15 where said). Four ways to a buffer, chosen by who
 * asks: contiguous memory changed in place, buddy pages mapped a second time, one fixed pool for callers that
 * may not sleep, and (5.15 only) plain cached pages. The hooks of `step1` and later stand in
 * dma-uncached.ts, cache maintenance of streaming mappings in dma-sync.ts, IOMMU operations in dma-iommu.ts.
 * Nothing here looks at where the memory lies: the device's mask only adds GFP_DMA for small masks.
 */
import { hex, KiB, type Pfn, type Vaddr } from '../../../../base/address.js';
import { invariant } from '../../../../base/diagnostics.js';
import type { device } from '../../../include/linux/device.js';
import { dma_to_phys, min_not_zero, phys_to_dma } from '../../../include/linux/dma-direct.js';
import {
  DMA_ATTR_NO_KERNEL_MAPPING,
  DMA_ATTR_WRITE_COMBINE,
  DMA_MAPPING_ERROR,
} from '../../../include/linux/dma-mapping.js';
import { __GFP_NOWARN, GFP_DMA, GFP_KERNEL, gfpflags_allow_blocking } from '../../../include/linux/gfp.js';
import {
  get_order,
  PAGE_ALIGN,
  PAGE_SHIFT,
  PAGE_SIZE,
  PFN_DOWN,
  PFN_PHYS,
} from '../../../include/linux/pfn.js';
import type { DmaBuffer } from '../../../kernel/dma/arch.js';
import {
  dev_get_cma_area,
  dma_alloc_from_contiguous,
  dma_release_from_contiguous,
} from '../../../kernel/dma/contiguous.js';
import type { PoolMemory } from '../../../kernel/dma/pool.js';
import { dma_common_contiguous_remap, dma_common_free_remap } from '../../../kernel/dma/remap.js';
import type { ArmAllocator } from '../../../kernel/dma/state.js';
import type { Kernel } from '../../../kernel.js';
import { GenPool } from '../../../lib/genalloc.js';
import { kmap_atomic, kunmap_atomic } from '../../../mm/highmem.js';
import { apply_to_page_range } from '../../../mm/memory.js';
import { __free_pages, alloc_pages, split_page, zone_of_pfn } from '../../../mm/page_alloc.js';
import { PageHighMem, page_address } from '../include/asm/memory.js';
import {
  PAGE_KERNEL,
  pgprot_dmacoherent,
  type pgprot_t,
  pgprot_writecombine,
} from '../include/asm/pgtable.js';
import { flush_tlb_kernel_range } from '../include/asm/tlbflush.js';
import { dmac_flush_range, outer_flush_range } from './cache.js';

const DEFAULT_DMA_COHERENT_POOL_SIZE = 256 * KiB;

/** A buffer before it has a handle. `cpu_addr` is null where no address was wanted. */
interface Pages {
  readonly pfn: Pfn;
  readonly cpu_addr: Vaddr | null;
}

interface Request {
  readonly dev: device | null;
  /** Whole pages. */
  readonly size: number;
  readonly gfp: number;
  readonly prot: pgprot_t;
  readonly want_vaddr: boolean;
  readonly coherent: boolean;
}

/**
 * Zeroes pages and, for a device that does not snoop, gets every line of them out of the caches.
 * Linux: arch/arm/mm/dma-mapping.c, __dma_clear_buffer() (v6.12).
 */
export function __dma_clear_buffer(k: Kernel, pfn: Pfn, size: number, coherent: boolean): void {
  const vaddr = page_address(k, pfn);
  if (vaddr !== null) {
    k.machine.fill(vaddr, PFN_PHYS(pfn), size, 0);
    if (!coherent) dmac_flush_range(k, vaddr, size);
  } else {
    for (let offset = 0; offset < size; offset += PAGE_SIZE) {
      const page = pfn + offset / PAGE_SIZE;
      const window = kmap_atomic(k, page);
      k.machine.fill(window, PFN_PHYS(page), PAGE_SIZE, 0);
      if (!coherent) dmac_flush_range(k, window, PAGE_SIZE);
      kunmap_atomic(k, window);
    }
  }
  if (!coherent) outer_flush_range(k, PFN_PHYS(pfn), size);
}

/** Linux: arch/arm/mm/dma-mapping.c, __dma_remap() (v6.12). For lowmem that is mapped by pages. */
function __dma_remap(k: Kernel, pfn: Pfn, size: number, prot: pgprot_t): void {
  const start = page_address(k, pfn);
  invariant(start !== null, '__dma_remap() of highmem');
  let page = pfn;
  apply_to_page_range(k, start, size, pte => k.mmu.pgtable.set_pte_ext(k, pte, page++, prot));
  flush_tlb_kernel_range(k, start, start + size);
}

/** Attributes of a buffer's mapping. Linux: arch/arm/mm/dma-mapping.c, __get_dma_pgprot() (v6.12). */
export function __get_dma_pgprot(k: Kernel, attrs: number, prot: pgprot_t): pgprot_t {
  return (attrs & DMA_ATTR_WRITE_COMBINE) !== 0 ? pgprot_writecombine(k, prot) : pgprot_dmacoherent(k, prot);
}

/** Buddy pages of exactly `size`: the rest of the power of two goes back at once. Cleared. */
export function __dma_alloc_buffer(k: Kernel, size: number, gfp: number, coherent: boolean): Pfn | null {
  const order = get_order(size);
  const pfn = alloc_pages(k, gfp, order);
  if (pfn === null) return null;
  split_page(k, pfn, order);
  for (let page = pfn + size / PAGE_SIZE; page < pfn + 2 ** order; page++) __free_pages(k, page, 0);
  __dma_clear_buffer(k, pfn, size, coherent);
  return pfn;
}

export function __dma_free_buffer(k: Kernel, pfn: Pfn, size: number): void {
  for (let page = pfn; page < pfn + size / PAGE_SIZE; page++) __free_pages(k, page, 0);
}

/** Linux: arch/arm/mm/dma-mapping.c, __alloc_from_contiguous() (v6.12). No second try elsewhere. */
function __alloc_from_contiguous(k: Kernel, request: Request): Pages | null {
  const { dev, size, prot } = request;
  const count = size / PAGE_SIZE;
  const no_warn = (request.gfp & __GFP_NOWARN) !== 0;
  const pfn = dma_alloc_from_contiguous(k, dev, count, get_order(size), no_warn);
  if (pfn === null) return null;
  __dma_clear_buffer(k, pfn, size, request.coherent);
  if (!request.want_vaddr) return { pfn, cpu_addr: null };
  if (!PageHighMem(k, pfn)) {
    __dma_remap(k, pfn, size, prot);
    return { pfn, cpu_addr: page_address(k, pfn) };
  }
  const cpu_addr = dma_common_contiguous_remap(k, pfn, size, prot, 'arch_dma_alloc');
  if (cpu_addr !== null) return { pfn, cpu_addr };
  dma_release_from_contiguous(k, dev, pfn, count);
  return null;
}

/** Linux: arch/arm/mm/dma-mapping.c, __alloc_remap_buffer() (v6.12). */
function __alloc_remap_buffer(k: Kernel, request: Request): Pages | null {
  const pfn = __dma_alloc_buffer(k, request.size, request.gfp, request.coherent);
  if (pfn === null) return null;
  if (!request.want_vaddr) return { pfn, cpu_addr: null };
  const cpu_addr = dma_common_contiguous_remap(k, pfn, request.size, request.prot, 'arch_dma_alloc');
  if (cpu_addr !== null) return { pfn, cpu_addr };
  __dma_free_buffer(k, pfn, request.size);
  return null;
}

/** Linux: arch/arm/mm/dma-mapping.c, __alloc_from_pool() (v6.12). Neither zeroed nor checked. */
export function __alloc_from_pool(k: Kernel, size: number): PoolMemory | null {
  const pool = k.dma.atomic_pool;
  if (!pool) {
    k.log.WARN('coherent pool not initialised!');
    return null;
  }
  const cpu_addr = pool.gen_pool_alloc(size);
  if (cpu_addr === 0) return null;
  const paddr = pool.gen_pool_virt_to_phys(cpu_addr);
  k.machine.observer?.pagesAllocated(paddr, size);
  return { pfn: PFN_DOWN(paddr), cpu_addr };
}

/** True: the address was the pool's and has gone back to it. Linux: __free_from_pool() (v6.12). */
export function __free_from_pool(k: Kernel, vaddr: Vaddr, size: number): boolean {
  const pool = k.dma.atomic_pool;
  if (!pool?.gen_pool_has_addr(vaddr, size)) return false;
  pool.gen_pool_free(vaddr, size);
  k.machine.observer?.pagesFreed(pool.gen_pool_virt_to_phys(vaddr), size);
  return true;
}

/**
 * The fixed pool: 256 KiB or `coherent_pool=`, from contiguous memory where there is a default area.
 * Linux: arch/arm/mm/dma-mapping.c, atomic_pool_init() (v6.12), a postcore_initcall.
 * Model: a size that is not in whole pages is rounded down.
 */
export function atomic_pool_init(k: Kernel): void {
  const wanted = k.cmdline.coherent_pool ?? DEFAULT_DMA_COHERENT_POOL_SIZE;
  const size = wanted - (wanted % PAGE_SIZE);
  const kib = Math.floor(wanted / KiB);
  const cma = dev_get_cma_area(k, null) !== null;
  const request: Request = {
    dev: null,
    size,
    gfp: cma ? GFP_KERNEL : GFP_KERNEL | GFP_DMA,
    prot: pgprot_dmacoherent(k, PAGE_KERNEL(k)),
    want_vaddr: true,
    coherent: false,
  };
  let pages: Pages | null = null;
  if (size > 0) pages = cma ? __alloc_from_contiguous(k, request) : __alloc_remap_buffer(k, request);
  if (pages === null || pages.cpu_addr === null) {
    k.log.pr_err(`DMA: failed to allocate ${kib} KiB pool for atomic coherent allocation`);
    return;
  }
  const pool = new GenPool(PAGE_SHIFT);
  pool.gen_pool_add_virt(pages.cpu_addr, PFN_PHYS(pages.pfn), size);
  k.dma.atomic_pool = pool;
  k.log.pr_info(`DMA: preallocated ${kib} KiB pool for atomic coherent allocations`);
}

function chooseAllocator(k: Kernel, request: Request): ArmAllocator {
  const blocking = gfpflags_allow_blocking(request.gfp);
  if (blocking && dev_get_cma_area(k, request.dev) !== null) return 'cma';
  if (request.coherent) return 'simple';
  return blocking ? 'remap' : 'pool';
}

function allocate(k: Kernel, allocator: ArmAllocator, request: Request): Pages | null {
  if (allocator === 'cma') return __alloc_from_contiguous(k, request);
  if (allocator === 'remap') return __alloc_remap_buffer(k, request);
  if (allocator === 'pool') return __alloc_from_pool(k, request.size);
  const pfn = __dma_alloc_buffer(k, request.size, request.gfp, request.coherent);
  return pfn === null ? null : { pfn, cpu_addr: page_address(k, pfn) };
}

/** With DMA_API_DEBUG only: is the request larger than what the mask spans? */
function tooBig(k: Kernel, dev: device, size: number, mask: number): boolean {
  if (!k.config.isEnabled('DMA_API_DEBUG') || mask >= 2 ** 53) return false;
  const limit = Number((BigInt(mask) + 1n) & ~BigInt(mask));
  if (size < limit) return false;
  k.log.pr_warn(`${dev.name}: coherent allocation too big (requested ${hex(size)} mask ${hex(mask)})`);
  return true;
}

/**
 * Linux: arch/arm/mm/dma-mapping.c, __dma_alloc() (v6.12, v5.15). The handle is not checked against the mask
 * and is DMA_MAPPING_ERROR where the bus does not reach the memory. `coherent` is true in 5.15 only.
 */
export function __dma_alloc(
  k: Kernel,
  dev: device,
  size: number,
  gfp: number,
  attrs: number,
  coherent: boolean,
): DmaBuffer | null {
  const mask = min_not_zero(dev.coherent_dma_mask, dev.bus_dma_limit);
  if (tooBig(k, dev, size, mask)) return null;
  const want_vaddr = (attrs & DMA_ATTR_NO_KERNEL_MAPPING) === 0;
  const request: Request = {
    dev,
    size: PAGE_ALIGN(size),
    gfp: mask < 0xffffffff ? gfp | GFP_DMA : gfp,
    prot: coherent ? PAGE_KERNEL(k) : __get_dma_pgprot(k, attrs, PAGE_KERNEL(k)),
    want_vaddr,
    coherent,
  };
  const allocator = chooseAllocator(k, request);
  const pages = allocate(k, allocator, request);
  if (pages === null) {
    k.dma.failed_handle = DMA_MAPPING_ERROR(k);
    return null;
  }
  const virt = want_vaddr ? pages.cpu_addr : pages.pfn;
  invariant(virt !== null, 'an address was wanted and none was made');
  k.dma.arm_dma_bufs.set(virt, allocator);
  return { cpu_addr: virt, dma_handle: phys_to_dma(k, dev, PFN_PHYS(pages.pfn)), cookie: !want_vaddr };
}

function __free_from_contiguous(k: Kernel, dev: device, pfn: Pfn, size: number, vaddr: Vaddr | null): void {
  if (vaddr !== null) {
    if (PageHighMem(k, pfn)) dma_common_free_remap(k, vaddr);
    else __dma_remap(k, pfn, size, PAGE_KERNEL(k));
  }
  dma_release_from_contiguous(k, dev, pfn, size / PAGE_SIZE);
}

/**
 * Linux: arch/arm/mm/dma-mapping.c, __arm_dma_free() (v6.12, v5.15). The pages are those of the handle.
 * Model: a handle that leads nowhere, which makes Linux read a struct page that is not there and oops, is
 * reported as that oops; the buffer is lost.
 */
export function __arm_dma_free(k: Kernel, dev: device, size: number, buffer: DmaBuffer, attrs: number): void {
  const { cpu_addr } = buffer;
  const allocator = k.dma.arm_dma_bufs.get(cpu_addr);
  if (allocator === undefined) {
    k.log.WARN(`Freeing invalid buffer ${cpu_addr.toString(16).padStart(8, '0')}`);
    return;
  }
  k.dma.arm_dma_bufs.delete(cpu_addr);
  const bytes = PAGE_ALIGN(size);
  if (allocator === 'pool') {
    __free_from_pool(k, cpu_addr, bytes);
    return;
  }
  const pfn = PFN_DOWN(dma_to_phys(k, dev, buffer.dma_handle));
  if (zone_of_pfn(k, pfn) === undefined) {
    const handle = hex(buffer.dma_handle);
    k.log.WARN(`Oops: __arm_dma_free: ${dev.name}: handle ${handle} leads to no page`);
    return;
  }
  const vaddr = (attrs & DMA_ATTR_NO_KERNEL_MAPPING) === 0 ? cpu_addr : null;
  if (allocator === 'cma') {
    __free_from_contiguous(k, dev, pfn, bytes, vaddr);
    return;
  }
  if (allocator === 'remap' && vaddr !== null) dma_common_free_remap(k, vaddr);
  __dma_free_buffer(k, pfn, bytes);
}

/** Linux: arch/arm/mm/dma-mapping.c, arch_dma_alloc() (v6.12). */
export function arch_dma_alloc(
  k: Kernel,
  dev: device,
  size: number,
  gfp: number,
  attrs: number,
): DmaBuffer | null {
  return __dma_alloc(k, dev, size, gfp, attrs, false);
}

/** Linux: arch/arm/mm/dma-mapping.c, arch_dma_free() (v6.12). */
export function arch_dma_free(k: Kernel, dev: device, size: number, buffer: DmaBuffer, attrs: number): void {
  __arm_dma_free(k, dev, size, buffer, attrs);
}

export { arch_sync_dma_for_cpu, arch_sync_dma_for_device } from './dma-sync.js';
