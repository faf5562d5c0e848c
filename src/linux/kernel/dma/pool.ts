// SPDX-License-Identifier: GPL-2.0-only
/**
 * Generic pools for allocations that may not sleep. Linux: kernel/dma/pool.c (v6.12), built with
 * DMA_COHERENT_POOL, which DMA_DIRECT_REMAP selects: on ARM only in designs other than `legacy`.
 * A pool that runs low is enlarged by a worker, which runs when `k.workqueue.run()` is called, and never
 * shrinks. ARM's older, fixed pool stands in arch/arm/mm/dma-mapping.ts.
 */
import { MiB, type Paddr, type Pfn, type Vaddr } from '../../../base/address.js';
import { invariant } from '../../../base/diagnostics.js';
import { PageHighMem, page_address } from '../../arch/arm/include/asm/memory.js';
import { PAGE_KERNEL, pgprot_dmacoherent } from '../../arch/arm/include/asm/pgtable.js';
import type { device } from '../../include/linux/device.js';
import { zone_dma_limit } from '../../include/linux/dma-direct.js';
import { ENOMEM } from '../../include/linux/errno.js';
import { __GFP_NOWARN, GFP_DMA, GFP_KERNEL } from '../../include/linux/gfp.js';
import { MAX_PAGE_ORDER } from '../../include/linux/pageblock-flags.js';
import { get_order, PAGE_SHIFT, PAGE_SIZE, PFN_DOWN, PFN_PHYS } from '../../include/linux/pfn.js';
import type { Kernel } from '../../kernel.js';
import { GenPool } from '../../lib/genalloc.js';
import { __free_pages, alloc_pages } from '../../mm/page_alloc.js';
import { is_vmalloc_addr } from '../../mm/vmalloc.js';
import { arch_dma_can_set_uncached, arch_dma_prep_coherent } from './arch.js';
import { dev_get_cma_area, dma_alloc_from_contiguous } from './contiguous.js';
import { dma_common_contiguous_remap, dma_common_free_remap } from './remap.js';

/** Is the whole default CMA area where `gfp` wants it? On ARM practically never for GFP_DMA. */
function cma_in_zone(k: Kernel, gfp: number): boolean {
  const area = dev_get_cma_area(k, null);
  if (!area || area.size === 0) return false;
  if (k.config.isEnabled('ZONE_DMA') && (gfp & GFP_DMA) !== 0) {
    return area.base + area.size - 1 <= zone_dma_limit;
  }
  return true;
}

/** The address of new pool pages, uncached; null when it cannot be made. */
function mapPool(k: Kernel, pfn: Pfn, size: number): Vaddr | null {
  const vaddr = page_address(k, pfn);
  if (!k.config.isEnabled('DMA_DIRECT_REMAP')) return vaddr;
  const inPlace =
    k.arch.poolsInPlace === true && !PageHighMem(k, pfn) && arch_dma_can_set_uncached(k, pfn, size);
  if (!inPlace) {
    const prot = pgprot_dmacoherent(k, PAGE_KERNEL(k));
    return dma_common_contiguous_remap(k, pfn, size, prot, 'atomic_pool_expand');
  }
  invariant(
    k.arch.arch_dma_set_uncached && vaddr !== null,
    `design ${k.arch.name} cannot set pools uncached`,
  );
  const result = k.arch.arch_dma_set_uncached(k, vaddr, size);
  return result < 0 ? null : result;
}

function unmapPool(k: Kernel, vaddr: Vaddr, size: number): void {
  if (!k.config.isEnabled('DMA_DIRECT_REMAP')) return;
  if (is_vmalloc_addr(k, vaddr)) dma_common_free_remap(k, vaddr);
  else k.arch.arch_dma_clear_uncached?.(k, vaddr, size);
}

/**
 * Adds a chunk to `pool`: `wanted` bytes rounded up to a power of two, less where that much cannot be had.
 * 0 or -errno. Linux: kernel/dma/pool.c, atomic_pool_expand() (v6.12).
 */
function atomic_pool_expand(k: Kernel, pool: GenPool, wanted: number, gfp: number): number {
  let order = Math.min(get_order(wanted), MAX_PAGE_ORDER(k));
  let pfn: Pfn | null = null;
  for (; order >= 0; order--) {
    if (cma_in_zone(k, gfp)) pfn = dma_alloc_from_contiguous(k, null, 2 ** order, order, false);
    pfn ??= alloc_pages(k, gfp | __GFP_NOWARN, order);
    if (pfn !== null) break;
  }
  if (pfn === null) return -ENOMEM;
  const size = PAGE_SIZE * 2 ** order;

  arch_dma_prep_coherent(k, pfn, size);
  const vaddr = mapPool(k, pfn, size);
  if (vaddr === null) {
    __free_pages(k, pfn, order);
    return -ENOMEM;
  }
  const ret = pool.gen_pool_add_virt(vaddr, PFN_PHYS(pfn), size);
  if (ret !== 0) {
    unmapPool(k, vaddr, size);
    __free_pages(k, pfn, order);
    return ret;
  }
  if ((gfp & GFP_DMA) !== 0) k.dma.pool_size_dma += size;
  else k.dma.pool_size_kernel += size;
  return 0;
}

function atomic_pool_resize(k: Kernel, pool: GenPool | null, gfp: number): void {
  if (!pool || pool.gen_pool_avail() >= k.dma.atomic_pool_size) return;
  atomic_pool_expand(k, pool, pool.gen_pool_size(), gfp);
}

function atomic_pool_work_fn(k: Kernel): void {
  if (k.config.isEnabled('ZONE_DMA')) atomic_pool_resize(k, k.dma.atomic_pool_dma, GFP_KERNEL | GFP_DMA);
  atomic_pool_resize(k, k.dma.atomic_pool_kernel, GFP_KERNEL);
}

function __dma_atomic_pool_init(k: Kernel, size: number, gfp: number): GenPool | null {
  const flags = (gfp & GFP_DMA) !== 0 ? 'GFP_KERNEL|GFP_DMA' : 'GFP_KERNEL';
  const pool = new GenPool(PAGE_SHIFT);
  if (atomic_pool_expand(k, pool, size, gfp) !== 0) {
    const kib = Math.floor(size / 1024);
    k.log.pr_err(`DMA: failed to allocate ${kib} KiB ${flags} pool for atomic allocation`);
    return null;
  }
  const kib = Math.floor(pool.gen_pool_size() / 1024);
  k.log.pr_info(`DMA: preallocated ${kib} KiB ${flags} pool for atomic allocations`);
  return pool;
}

/**
 * Makes the pools: 128 KiB for each GiB of memory unless `coherent_pool=` says otherwise.
 * Linux: kernel/dma/pool.c, dma_atomic_pool_init() (v6.12), a postcore_initcall.
 */
export function dma_atomic_pool_init(k: Kernel): void {
  let size = k.cmdline.coherent_pool ?? 0;
  if (size === 0) {
    const managed = k.pages.zones.reduce((sum, zone) => sum + zone.managed_pages, 0);
    const pages = Math.min(Math.floor(managed / 8192), 2 ** MAX_PAGE_ORDER(k));
    size = Math.max(pages * PAGE_SIZE, MiB / 8);
  }
  k.dma.atomic_pool_size = size;
  k.dma.atomic_pool_kernel = __dma_atomic_pool_init(k, size, GFP_KERNEL);
  const dmaZone = k.pages.zones.find(zone => zone.name === 'DMA');
  if (k.config.isEnabled('ZONE_DMA') && dmaZone && dmaZone.managed_pages > 0) {
    k.dma.atomic_pool_dma = __dma_atomic_pool_init(k, size, GFP_KERNEL | GFP_DMA);
  }
}

/** The pool to try after `prev`. Linux: kernel/dma/pool.c, dma_guess_pool() (v6.12). */
function dma_guess_pool(k: Kernel, prev: GenPool | null, gfp: number): GenPool | null {
  const { atomic_pool_dma, atomic_pool_kernel } = k.dma;
  if (prev === null) return atomic_pool_dma && (gfp & GFP_DMA) !== 0 ? atomic_pool_dma : atomic_pool_kernel;
  return prev === atomic_pool_kernel ? atomic_pool_dma : null;
}

type PhysAddrOk = (k: Kernel, dev: device, paddr: Paddr, size: number) => boolean;

/** Memory of a pool. The generic ones zero it. */
export interface PoolMemory {
  readonly cpu_addr: Vaddr;
  readonly pfn: Pfn;
}

function __dma_alloc_from_pool(
  k: Kernel,
  dev: device,
  size: number,
  pool: GenPool,
  ok: PhysAddrOk | null,
): PoolMemory | null {
  const cpu_addr = pool.gen_pool_alloc(size);
  if (cpu_addr === 0) return null;
  const paddr = pool.gen_pool_virt_to_phys(cpu_addr);
  if (ok !== null && !ok(k, dev, paddr, size)) {
    pool.gen_pool_free(cpu_addr, size);
    return null;
  }
  if (pool.gen_pool_avail() < k.dma.atomic_pool_size) {
    k.workqueue.schedule_work('atomic_pool_work', () => atomic_pool_work_fn(k));
  }
  k.machine.observer?.pagesAllocated(paddr, size);
  k.machine.fill(cpu_addr, paddr, size, 0);
  return { cpu_addr, pfn: PFN_DOWN(paddr) };
}

/** Linux: kernel/dma/pool.c, dma_alloc_from_pool() (v6.12). `size` is page aligned; `phys_addr_ok` null: any memory. */
export function dma_alloc_from_pool(
  k: Kernel,
  dev: device,
  size: number,
  gfp: number,
  phys_addr_ok: PhysAddrOk | null,
): PoolMemory | null {
  let found = false;
  for (let pool = dma_guess_pool(k, null, gfp); pool; pool = dma_guess_pool(k, pool, gfp)) {
    found = true;
    const memory = __dma_alloc_from_pool(k, dev, size, pool, phys_addr_ok);
    if (memory) return memory;
  }
  if (!found) k.log.WARN(`Failed to get suitable pool for ${dev.name}`);
  else if ((gfp & __GFP_NOWARN) === 0) k.log.WARN(`DMA pool exhausted for ${dev.name}`);
  return null;
}

/** True: the address was a pool's and has gone back to it. */
export function dma_free_from_pool(k: Kernel, vaddr: Vaddr, size: number): boolean {
  for (let pool = dma_guess_pool(k, null, 0); pool; pool = dma_guess_pool(k, pool, 0)) {
    if (!pool.gen_pool_has_addr(vaddr, size)) continue;
    pool.gen_pool_free(vaddr, size);
    k.machine.observer?.pagesFreed(pool.gen_pool_virt_to_phys(vaddr), size);
    return true;
  }
  return false;
}
