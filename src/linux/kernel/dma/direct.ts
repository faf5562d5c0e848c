// SPDX-License-Identifier: GPL-2.0-only
/**
 * DMA without an IOMMU: coherent and non-coherent allocations. Linux: kernel/dma/direct.c (v6.12; 6.1 and
 * 5.15 where said). Every design runs through these functions; what differs is which Kconfig symbols are set
 * and what the hooks of arch.ts do. Read mapping.ts first (it calls this), arch.ts next.
 * Streaming mappings stand elsewhere. Left out: memory encryption, which no ARM32 machine has;
 * DMA_GLOBAL_POOL, which only kernels without MMU select.
 */
import type { DmaAddr, Paddr, Pfn } from '../../../base/address.js';
import { invariant } from '../../../base/diagnostics.js';
import { PageHighMem, page_address } from '../../arch/arm/include/asm/memory.js';
import { PAGE_KERNEL } from '../../arch/arm/include/asm/pgtable.js';
import type { device } from '../../include/linux/device.js';
import {
  dma_to_phys,
  min_not_zero,
  phys_to_dma,
  toDmaAddr,
  zone_dma_limit,
} from '../../include/linux/dma-direct.js';
import {
  DMA_ATTR_NO_KERNEL_MAPPING,
  DMA_ATTR_NO_WARN,
  DMA_MAPPING_ERROR,
} from '../../include/linux/dma-mapping.js';
import {
  __GFP_NOWARN,
  __GFP_ZERO,
  GFP_DMA,
  GFP_DMA32,
  gfpflags_allow_blocking,
} from '../../include/linux/gfp.js';
import { get_order, PAGE_ALIGN, PAGE_SIZE, PFN_DOWN, PFN_PHYS } from '../../include/linux/pfn.js';
import type { Kernel } from '../../kernel.js';
import { __free_pages, alloc_pages } from '../../mm/page_alloc.js';
import { is_vmalloc_addr, vunmap } from '../../mm/vmalloc.js';
import { arch_dma_can_set_uncached, arch_dma_prep_coherent, type DmaBuffer } from './arch.js';
import { dma_alloc_contiguous, dma_free_contiguous } from './contiguous.js';
import { dma_pgprot } from './pgprot.js';
import { dma_alloc_from_pool, dma_free_from_pool } from './pool.js';
import { dma_common_contiguous_remap } from './remap.js';
import { is_swiotlb_for_alloc, swiotlb_alloc, swiotlb_free } from './swiotlb.js';

/** Zone flags for a first try, and the highest physical address that the device reaches. */
function dma_direct_optimal_gfp_mask(k: Kernel, dev: device): { gfp: number; phys_limit: Paddr } {
  const phys_limit = dma_to_phys(
    k,
    dev,
    toDmaAddr(k, min_not_zero(dev.coherent_dma_mask, dev.bus_dma_limit)),
  );
  if (phys_limit <= zone_dma_limit) return { gfp: GFP_DMA, phys_limit };
  return { gfp: phys_limit <= 2 ** 32 - 1 ? GFP_DMA32 : 0, phys_limit };
}

/** Linux: kernel/dma/direct.c, dma_coherent_ok() (v6.12). */
export function dma_coherent_ok(k: Kernel, dev: device, paddr: Paddr, size: number): boolean {
  const dmaAddr = phys_to_dma(k, dev, paddr);
  if (dmaAddr === DMA_MAPPING_ERROR(k)) return false;
  return toDmaAddr(k, dmaAddr + size - 1) <= min_not_zero(dev.coherent_dma_mask, dev.bus_dma_limit);
}

function __dma_direct_free_pages(k: Kernel, dev: device, pfn: Pfn, size: number): void {
  if (swiotlb_free(k, dev, pfn, size)) return;
  dma_free_contiguous(k, dev, pfn, size);
}

function dma_direct_alloc_swiotlb(k: Kernel, dev: device, size: number): Pfn | null {
  const pfn = swiotlb_alloc(k, dev, size);
  if (pfn !== null && !dma_coherent_ok(k, dev, PFN_PHYS(pfn), size)) {
    swiotlb_free(k, dev, pfn, size);
    return null;
  }
  return pfn;
}

/**
 * Pages that the device reaches: its restricted pool, else contiguous memory, else the buddy allocator with
 * one more try in ZONE_DMA. Whole powers of two are kept.
 * Linux: kernel/dma/direct.c, __dma_direct_alloc_pages() (v6.12).
 * Differs: the step to ZONE_DMA32 is left out; ARM has no such zone.
 */
function __dma_direct_alloc_pages(
  k: Kernel,
  dev: device,
  size: number,
  gfp: number,
  allow_highmem: boolean,
): Pfn | null {
  if (size % PAGE_SIZE !== 0) k.log.WARN_ONCE('__dma_direct_alloc_pages', `size ${size} is not page aligned`);
  if (is_swiotlb_for_alloc(dev)) return dma_direct_alloc_swiotlb(k, dev, size);

  const order = get_order(size);
  let flags = gfp | dma_direct_optimal_gfp_mask(k, dev).gfp;
  const contiguous = dma_alloc_contiguous(k, dev, size, flags);
  if (contiguous !== null) {
    const usable = dma_coherent_ok(k, dev, PFN_PHYS(contiguous), size);
    if (usable && (allow_highmem || !PageHighMem(k, contiguous))) return contiguous;
    dma_free_contiguous(k, dev, contiguous, size);
  }
  for (;;) {
    const pfn = alloc_pages(k, flags, order);
    if (pfn === null || dma_coherent_ok(k, dev, PFN_PHYS(pfn), size)) return pfn;
    __free_pages(k, pfn, order);
    if (!k.config.isEnabled('ZONE_DMA') || (flags & GFP_DMA) !== 0) return null;
    flags = (flags & ~GFP_DMA32) | GFP_DMA;
  }
}

function dma_direct_alloc_from_pool(k: Kernel, dev: device, size: number, gfp: number): DmaBuffer | null {
  if (!k.config.isEnabled('DMA_COHERENT_POOL')) {
    k.log.WARN_ONCE('dma_direct_alloc_from_pool', 'no DMA_COHERENT_POOL in dma_direct_alloc_from_pool');
    return null;
  }
  const flags = gfp | dma_direct_optimal_gfp_mask(k, dev).gfp;
  const found = dma_alloc_from_pool(k, dev, size, flags, dma_coherent_ok);
  return found && bufferAt(k, dev, found.pfn, found.cpu_addr);
}

function bufferAt(k: Kernel, dev: device, pfn: Pfn, cpu_addr: number, cookie = false): DmaBuffer {
  return { cpu_addr, dma_handle: phys_to_dma(k, dev, PFN_PHYS(pfn)), cookie };
}

/** Linux: kernel/dma/direct.c, dma_direct_alloc_no_mapping() (v6.12). Not zeroed by generic code. */
function dma_direct_alloc_no_mapping(k: Kernel, dev: device, size: number, gfp: number): DmaBuffer | null {
  const pfn = __dma_direct_alloc_pages(k, dev, size, gfp & ~__GFP_ZERO, true);
  if (pfn === null) return null;
  if (!PageHighMem(k, pfn)) arch_dma_prep_coherent(k, pfn, size);
  return bufferAt(k, dev, pfn, pfn, true);
}

/**
 * Does a non-coherent device without restricted pool go to arch_dma_alloc()?
 * Linux: kernel/dma/direct.c, dma_direct_alloc(): ARCH_HAS_DMA_ALLOC (v6.12); none of SET_UNCACHED,
 * DIRECT_REMAP and GLOBAL_POOL (v6.1), so that selecting one of these makes the hook dead code.
 */
function uses_arch_dma_alloc(k: Kernel, dev: device): boolean {
  if (dev.dma_coherent || is_swiotlb_for_alloc(dev)) return false;
  const isRemapped = k.config.isEnabled('DMA_DIRECT_REMAP');
  if (k.config.atLeast('6.12')) {
    return k.config.isEnabled('ARCH_HAS_DMA_ALLOC') && !(k.arch.remapGoesFirst && isRemapped);
  }
  return !k.config.isEnabled('ARCH_HAS_DMA_SET_UNCACHED') && !isRemapped;
}

/**
 * A coherent buffer of PAGE_ALIGN(size) bytes, or null.
 * Linux: kernel/dma/direct.c, dma_direct_alloc() (v6.12, v6.1). With ARCH_HAS_DMA_CAN_SET_UNCACHED also the
 * decision per allocation that `step2` adds: pages that can be changed in place are, others are remapped.
 */
export function dma_direct_alloc(
  k: Kernel,
  dev: device,
  byteSize: number,
  gfpFlags: number,
  attrs: number,
): DmaBuffer | null {
  const size = PAGE_ALIGN(byteSize);
  const gfp = (attrs & DMA_ATTR_NO_WARN) !== 0 ? gfpFlags | __GFP_NOWARN : gfpFlags;
  const restricted = is_swiotlb_for_alloc(dev);
  if ((attrs & DMA_ATTR_NO_KERNEL_MAPPING) !== 0 && !restricted) {
    return dma_direct_alloc_no_mapping(k, dev, size, gfp);
  }

  let remap = false;
  let set_uncached = false;
  if (!dev.dma_coherent) {
    if (uses_arch_dma_alloc(k, dev)) {
      invariant(k.arch.arch_dma_alloc, () => `design ${k.arch.name} has no arch_dma_alloc`);
      return k.arch.arch_dma_alloc(k, dev, size, gfp, attrs);
    }
    set_uncached = k.config.isEnabled('ARCH_HAS_DMA_SET_UNCACHED');
    remap = k.config.isEnabled('DMA_DIRECT_REMAP');
    // 5.15 had no such check: a restricted pool's pages went out through the cached direct mapping.
    if (!set_uncached && !remap && k.config.atLeast('6.1')) {
      if (k.config.atLeast('6.12')) {
        const text = 'coherent DMA allocations not supported on this platform.';
        k.log.pr_warn_once('dma_direct_alloc', text);
      }
      return null;
    }
  }
  if (remap && !gfpflags_allow_blocking(gfp) && !restricted) {
    return dma_direct_alloc_from_pool(k, dev, size, gfp);
  }

  const pfn = __dma_direct_alloc_pages(k, dev, size, gfp & ~__GFP_ZERO, true);
  if (pfn === null) return null;
  if (PageHighMem(k, pfn)) {
    remap = true;
    set_uncached = false;
  }
  if (set_uncached) {
    set_uncached = arch_dma_can_set_uncached(k, pfn, size);
    remap = !set_uncached;
  }
  const cpu_addr = mapForCpu(k, dev, pfn, size, { remap, set_uncached, attrs });
  if (cpu_addr === null) {
    __dma_direct_free_pages(k, dev, pfn, size);
    return null;
  }
  return bufferAt(k, dev, pfn, cpu_addr);
}

/** Gives new pages their address and zeroes them through it. Null: no vmalloc space, or not changeable. */
function mapForCpu(
  k: Kernel,
  dev: device,
  pfn: Pfn,
  size: number,
  how: { remap: boolean; set_uncached: boolean; attrs: number },
): number | null {
  let cpu_addr: number | null;
  if (how.remap) {
    const prot = dma_pgprot(k, dev, PAGE_KERNEL(k), how.attrs);
    arch_dma_prep_coherent(k, pfn, size);
    cpu_addr = dma_common_contiguous_remap(k, pfn, size, prot, 'dma_direct_alloc');
    if (cpu_addr === null) return null;
  } else {
    cpu_addr = page_address(k, pfn);
    invariant(cpu_addr !== null, 'a highmem page is always remapped');
  }
  k.machine.fill(cpu_addr, PFN_PHYS(pfn), size, 0);
  if (how.set_uncached) {
    arch_dma_prep_coherent(k, pfn, size);
    invariant(
      k.arch.arch_dma_set_uncached,
      () => `design ${k.arch.name} selects SET_UNCACHED without the hook`,
    );
    cpu_addr = k.arch.arch_dma_set_uncached(k, cpu_addr, size);
    if (cpu_addr < 0) return null;
  }
  return cpu_addr;
}

/**
 * Linux: kernel/dma/direct.c, dma_direct_free() (v6.12, v6.1), with `step2`'s guard for coherent devices,
 * whose direct mapping was never changed.
 */
export function dma_direct_free(
  k: Kernel,
  dev: device,
  size: number,
  buffer: DmaBuffer,
  attrs: number,
): void {
  const { cpu_addr, dma_handle } = buffer;
  if ((attrs & DMA_ATTR_NO_KERNEL_MAPPING) !== 0 && !is_swiotlb_for_alloc(dev)) {
    dma_free_contiguous(k, dev, cpu_addr, size);
    return;
  }
  if (uses_arch_dma_alloc(k, dev)) {
    invariant(k.arch.arch_dma_free, () => `design ${k.arch.name} has no arch_dma_free`);
    k.arch.arch_dma_free(k, dev, size, buffer, attrs);
    return;
  }
  if (k.config.isEnabled('DMA_COHERENT_POOL') && dma_free_from_pool(k, cpu_addr, PAGE_ALIGN(size))) return;

  if (is_vmalloc_addr(k, cpu_addr)) {
    vunmap(k, cpu_addr);
  } else if (k.config.isEnabled('ARCH_HAS_DMA_CLEAR_UNCACHED') && !dev.dma_coherent) {
    invariant(
      k.arch.arch_dma_clear_uncached,
      `design ${k.arch.name} selects CLEAR_UNCACHED without the hook`,
    );
    k.arch.arch_dma_clear_uncached(k, cpu_addr, size);
  }
  __dma_direct_free_pages(k, dev, PFN_DOWN(dma_to_phys(k, dev, dma_handle)), size);
}

/** Pages of a non-coherent allocation: never highmem, cached, zeroed. */
export interface DmaPages {
  readonly pfn: Pfn;
  readonly dma_handle: DmaAddr;
}

/** Linux: kernel/dma/direct.c, dma_direct_alloc_pages() (v6.12). `size` is page aligned. */
export function dma_direct_alloc_pages(k: Kernel, dev: device, size: number, gfp: number): DmaPages | null {
  const pfn = __dma_direct_alloc_pages(k, dev, size, gfp, false);
  if (pfn === null) return null;
  const vaddr = page_address(k, pfn);
  invariant(vaddr !== null, 'dma_direct_alloc_pages allows no highmem');
  k.machine.fill(vaddr, PFN_PHYS(pfn), size, 0);
  return { pfn, dma_handle: phys_to_dma(k, dev, PFN_PHYS(pfn)) };
}

/** Linux: kernel/dma/direct.c, dma_direct_free_pages() (v6.12). `size` is page aligned. */
export function dma_direct_free_pages(k: Kernel, dev: device, size: number, pfn: Pfn): void {
  const vaddr = page_address(k, pfn);
  const pooled = k.config.isEnabled('DMA_COHERENT_POOL') && vaddr !== null;
  if (pooled && dma_free_from_pool(k, vaddr, size)) return;
  __dma_direct_free_pages(k, dev, pfn, size);
}
