// SPDX-License-Identifier: GPL-2.0-only
/**
 * The page allocator: which zone serves a request, and how boot hands memory over.
 * Linux: mm/page_alloc.c; mm/memblock.c, memblock_free_all(); arch/arm/mm/init.c, free_highpages() (v6.12).
 * Zones are made by `mm_init.ts`; the free lists of one are in `buddy.ts`, read it next.
 *
 * Model: no reclaim, compaction or OOM killer: where those would act, a request fails. Nothing but DMA and page
 * tables allocates, so that more memory is free, and at lower addresses, than on a board that runs programs.
 */
import { hex, ilog2, type Pfn, type Range } from '../../base/address.js';
import { invariant } from '../../base/diagnostics.js';
import { page_address } from '../arch/arm/include/asm/memory.js';
import {
  __GFP_DMA,
  __GFP_HIGH,
  __GFP_HIGHMEM,
  __GFP_NOWARN,
  __GFP_ZERO,
  gfpflags_allow_blocking,
} from '../include/linux/gfp.js';
import { PAGE_SIZE, PFN_DOWN, PFN_PHYS, PFN_UP } from '../include/linux/pfn.js';
import type { Kernel } from '../kernel.js';
import { MIGRATE_CMA, NOT_HEAD, type PageMap, RESERVED, type Zone, type ZoneName } from './buddy.js';
import { kmap_atomic, kunmap_atomic } from './highmem.js';
import type { HashPages } from './large-system-hash.js';

import { free_unused_memmap } from './mm_init.js';

export { free_area_init, type MaxZonePfn } from './mm_init.js';

export class PageAllocator {
  /** From the lowest to the highest; zones that Kconfig selects but that are empty are here, too. */
  zones: readonly Zone[] = [];
  map: PageMap | null = null;
  /** Where the array of `struct page` was placed (physical). */
  mem_map: Range | null = null;
  /** nr_kernel_pages, nr_all_pages. */
  hashPages: HashPages = { kernel: 0, all: 0 };

  /** totalram_pages(): pages ever handed over, contiguous areas included. */
  get totalram_pages(): number {
    return this.zones.reduce((sum, zone) => sum + zone.managed_pages, 0);
  }

  /** Free pages outside contiguous areas. */
  get free_pages(): number {
    return this.zones.reduce((sum, zone) => sum + zone.free_pages - zone.free_cma_pages, 0);
  }

  zone(name: ZoneName): Zone | undefined {
    return this.zones.find(zone => zone.name === name);
  }
}

/**
 * Hands all memory that memblock has left to the page allocator: low memory from the bottom, each block put
 * at the tail of its list; then high memory page by page, so that its highest blocks are used first.
 * Linux: mm/memblock.c, memblock_free_all(); arch/arm/mm/init.c, free_highpages() (v6.12).
 */
export function memblock_free_all(k: Kernel): void {
  free_unused_memmap(k);
  const maxLow = k.memory.max_low_pfn;
  const free = k.memblock.for_each_free_mem_range().map(range => ({
    start: PFN_UP(range.start),
    end: PFN_DOWN(range.end),
  }));
  for (const { start, end } of free) releasePages(k, start, Math.min(end, maxLow), true);
  if (!k.config.isEnabled('HIGHMEM')) return;
  for (const { start, end } of free) releasePages(k, Math.max(start, maxLow), end, false);
}

/**
 * Reserved pages become free ones: the kernel's init sections, the initrd, a contiguous area that could not
 * be activated. Linux: mm/page_alloc.c, free_reserved_area() (v6.12).
 */
export function free_reserved_pages(k: Kernel, start: Pfn, end: Pfn): void {
  releasePages(k, start, end, false);
}

/** Are all of [start, end) present pages that the page allocator never had? */
export function areReservedPages(k: Kernel, start: Pfn, end: Pfn): boolean {
  const map = pageMap(k);
  // The map goes on to the end of a largest block, memory may not.
  if (start >= end || !zone_of_pfn(k, start) || !zone_of_pfn(k, end - 1)) return false;
  return map.order.subarray(start - map.base, end - map.base).every(order => order === RESERVED);
}

/** Frees [start, end) in the largest blocks that alignment allows. Linux: __free_pages_memory(). */
function releasePages(k: Kernel, start: Pfn, end: Pfn, toTail: boolean): void {
  if (start >= end) return;
  const map = pageMap(k);
  map.clearReserved(start, end);
  for (let pfn = start; pfn < end; ) {
    const alignment = pfn === 0 ? map.maxOrder : ilog2(pfn & -pfn);
    let order = Math.min(alignment, map.maxOrder);
    while (pfn + (1 << order) > end) order--;
    // The zone of the first page takes the block, even where its last page belongs to the next zone.
    const zone = zoneOf(k, pfn);
    zone.managed_pages += 1 << order;
    zone.freeBlock(pfn, order, toTail);
    pfn += 1 << order;
  }
  k.machine.observer?.pagesFreed(PFN_PHYS(start), PFN_PHYS(end - start));
}

/**
 * 2^order physically contiguous pages, aligned to their size; null where there are none. Zones are tried from
 * the one that `gfp` names downwards: HighMem (only with __GFP_HIGHMEM), Normal, DMA (alone with __GFP_DMA,
 * which without CONFIG_ZONE_DMA means nothing). Linux: mm/page_alloc.c, __alloc_pages_noprof() (v6.12).
 */
export function alloc_pages(k: Kernel, gfp: number, order: number): Pfn | null {
  const { maxOrder } = pageMap(k);
  if (order > maxOrder) {
    const limit = k.config.atLeast('6.12') ? 'order > MAX_PAGE_ORDER' : 'order >= MAX_ORDER';
    if (!(gfp & __GFP_NOWARN))
      k.log.WARN_ONCE('alloc_pages', `${limit} (order ${order}, ${maxOrder} at most)`);
    return null;
  }
  const highest = gfp_zoneidx(k, gfp);
  const pfn = takeFrom(k, highest, order, 'low', gfp) ?? takeFrom(k, highest, order, 'min', gfp);
  if (pfn === null) {
    warn_alloc(k, gfp, order);
    return null;
  }
  k.machine.observer?.pagesAllocated(PFN_PHYS(pfn), PAGE_SIZE * 2 ** order);
  if (gfp & __GFP_ZERO || zeroesAlways(k)) clearPages(k, pfn, 2 ** order);
  return pfn;
}

/** Index of the highest zone that may serve `gfp`. Linux: include/linux/gfp.h, gfp_zone(). */
function gfp_zoneidx(k: Kernel, gfp: number): number {
  const dma = k.pages.zone('DMA');
  if (gfp & __GFP_DMA && dma !== undefined) return dma.index;
  const highMem = k.pages.zone('HighMem');
  if (gfp & __GFP_HIGHMEM && highMem !== undefined) return highMem.index;
  const normal = k.pages.zone('Normal');
  invariant(normal !== undefined, 'there is no ZONE_NORMAL');
  return normal.index;
}

/** One pass over the zones, down to a watermark. Linux: get_page_from_freelist(). */
function takeFrom(k: Kernel, highest: number, order: number, mark: 'low' | 'min', gfp: number): Pfn | null {
  for (let index = highest; index >= 0; index--) {
    const zone = k.pages.zones[index]!;
    if (zone.managed_pages === 0) continue;
    const available = zone.free_pages - zone.free_cma_pages - (2 ** order - 1);
    const keep = reservePages(k, zone, mark, gfp) + lowmemReserve(k, zone, highest);
    if (available <= keep || !zone.hasBlock(order)) continue;
    const pfn = zone.takeBlock(order);
    if (pfn !== null) return pfn;
  }
  return null;
}

/**
 * Pages that a request must leave in a zone. Atomic requests may go deeper, but only in the second pass.
 * Linux: __setup_per_zone_wmarks(), calculate_min_free_kbytes(), __zone_watermark_ok() (v6.12; the factors of
 * 6.1 are the same). Model: watermarks follow the managed pages at once; huge pages do not raise them.
 */
function reservePages(k: Kernel, zone: Zone, mark: 'low' | 'min', gfp: number): number {
  const lowmem = lowmemPages(k);
  const minFreeKbytes = Math.min(Math.max(Math.floor(Math.sqrt(lowmem * 4 * 16)), 128), 262144);
  const share = Math.floor((Math.floor(minFreeKbytes / 4) * zone.managed_pages) / Math.max(lowmem, 1));
  const isLow = zone.name !== 'HighMem' && zone.name !== 'Movable';
  const min = isLow ? share : Math.min(Math.max(Math.floor(zone.managed_pages / 1024), 32), 128);
  if (mark === 'low') {
    return min + Math.max(Math.floor(share / 4), Math.floor((zone.managed_pages * 10) / 10000));
  }
  if (!(gfp & __GFP_HIGH)) return min;
  const half = min - Math.floor(min / 2);
  return gfpflags_allow_blocking(gfp) ? half : half - Math.floor(half / 4);
}

function lowmemPages(k: Kernel): number {
  let pages = 0;
  for (const zone of k.pages.zones) {
    if (zone.name === 'DMA' || zone.name === 'Normal') pages += zone.managed_pages;
  }
  return pages;
}

/**
 * Pages kept back from requests that could have been served by a higher zone.
 * Linux: setup_per_zone_lowmem_reserve(), sysctl_lowmem_reserve_ratio (v6.12).
 */
function lowmemReserve(k: Kernel, zone: Zone, highest: number): number {
  const ratio = zone.name === 'DMA' ? 256 : zone.name === 'Normal' ? 32 : 0;
  if (ratio === 0) return 0;
  let above = 0;
  for (let index = zone.index + 1; index <= highest; index++) above += k.pages.zones[index]!.managed_pages;
  return Math.floor(above / ratio);
}

/** Linux: warn_alloc(). Differs: one line, without process, stack and memory report; not rate limited. */
function warn_alloc(k: Kernel, gfp: number, order: number): void {
  if (gfp & __GFP_NOWARN) return;
  if (gfp & __GFP_DMA && (k.pages.zone('DMA')?.managed_pages ?? 0) === 0) return;
  k.log.pr_warn(`page allocation failure: order:${order}, mode:${hex(gfp)}`);
}

/** Linux: include/linux/mm.h, want_init_on_alloc() (v6.12). */
function zeroesAlways(k: Kernel): boolean {
  return k.config.isEnabled('INIT_ON_ALLOC_DEFAULT_ON');
}

/** Zeroes through the direct map, a high page through a window. Linux: mm/page_alloc.c, kernel_init_pages(). */
function clearPages(k: Kernel, pfn: Pfn, count: number): void {
  const vaddr = page_address(k, pfn);
  if (vaddr !== null) {
    k.machine.fill(vaddr, PFN_PHYS(pfn), PAGE_SIZE * count, 0);
    return;
  }
  for (let page = pfn; page < pfn + count; page++) {
    const window = kmap_atomic(k, page);
    k.machine.fill(window, PFN_PHYS(page), PAGE_SIZE, 0);
    kunmap_atomic(k, window);
  }
}

/**
 * Gives 2^order pages back; any part of an allocation whose reference the caller holds (see split_page()).
 * Pages that are free already, or that the allocator never had, are reported and left alone.
 * Differs: Linux notices a double free at the next allocation of the page, by its reference count.
 */
export function __free_pages(k: Kernel, pfn: Pfn, order: number): void {
  const map = pageMap(k);
  const bad = firstBadPage(map, pfn, 2 ** order);
  if (bad !== null) {
    k.log.pr_err(`BUG: Bad page state in process swapper  pfn:${bad.toString(16).padStart(5, '0')}`);
    return;
  }
  const zone = zoneOf(k, pfn);
  if (isCmaPage(map, pfn)) {
    zone.free_pages += 2 ** order;
    zone.free_cma_pages += 2 ** order;
  } else zone.freeBlock(pfn, order, false);
  k.machine.observer?.pagesFreed(PFN_PHYS(pfn), PAGE_SIZE * 2 ** order);
}

/** First page of the range that is not in use, or null. */
function firstBadPage(map: PageMap, pfn: Pfn, count: number): Pfn | null {
  if (!map.contains(pfn) || !map.contains(pfn + count - 1)) return pfn;
  if (map.isFree(pfn)) return pfn;
  for (let at = pfn; at < pfn + count; at++) if (map.order[at - map.base] !== NOT_HEAD) return at;
  return null;
}

/**
 * From now on each of the 2^order pages is freed by itself. Pages carry no reference counts here, so that
 * only the caller's claim to the pages is checked. Linux: mm/page_alloc.c, split_page() (v6.12).
 */
export function split_page(k: Kernel, pfn: Pfn, order: number): void {
  invariant(
    firstBadPage(pageMap(k), pfn, 2 ** order) === null,
    `split_page(${hex(pfn)}) of pages not in use`,
  );
}

/** The zone whose span holds `pfn`. Linux: page_zone(). */
export function zone_of_pfn(k: Kernel, pfn: Pfn): Zone | undefined {
  return k.pages.zones.find(zone => zone.spans(pfn));
}

/** One page block of a contiguous area starts to count as free memory. Linux: mm/mm_init.c (v6.12). */
export function init_cma_reserved_pageblock(k: Kernel, pfn: Pfn): void {
  const map = pageMap(k);
  const pages = 2 ** map.pageblockOrder;
  invariant(pfn % pages === 0, () => `contiguous area at pfn ${hex(pfn)} is not a page block`);
  map.clearReserved(pfn, pfn + pages);
  map.blockType[(pfn - map.base) / pages] = MIGRATE_CMA;
  const zone = zoneOf(k, pfn);
  zone.managed_pages += pages;
  zone.cma_pages += pages;
  zone.free_pages += pages;
  zone.free_cma_pages += pages;
}

/**
 * Takes [start, end) out of a contiguous area; 0. The area's bitmap says what is free. Like all pages these are
 * zeroed with INIT_ON_ALLOC_DEFAULT_ON: cached, which leaves dirty lines.
 * Linux: mm/page_alloc.c, alloc_contig_range(), with split_free_pages() (6.1: split_map_pages()) and
 * post_alloc_hook() (v6.12).
 * Model: never -EBUSY, as nobody borrows pages of contiguous areas. Linux takes whole free blocks, zeroes them, and
 * gives back what is too much; that is left alone here.
 */
export function alloc_contig_range(k: Kernel, start: Pfn, end: Pfn): number {
  countCma(k, start, start - end);
  k.machine.observer?.pagesAllocated(PFN_PHYS(start), PFN_PHYS(end - start));
  if (zeroesAlways(k)) clearPages(k, start, end - start);
  return 0;
}

/** Gives pages of a contiguous area back. */
export function free_contig_range(k: Kernel, pfn: Pfn, count: number): void {
  countCma(k, pfn, count);
}

function countCma(k: Kernel, pfn: Pfn, change: number): void {
  invariant(isCmaPage(pageMap(k), pfn), () => `pfn ${hex(pfn)} is not in an active contiguous area`);
  const zone = zoneOf(k, pfn);
  zone.free_pages += change;
  zone.free_cma_pages += change;
  invariant(zone.free_cma_pages >= 0 && zone.free_cma_pages <= zone.cma_pages, 'contiguous pages miscounted');
}

function isCmaPage(map: PageMap, pfn: Pfn): boolean {
  return map.blockType[(pfn - map.base) >> map.pageblockOrder] === MIGRATE_CMA;
}

function pageMap(k: Kernel): PageMap {
  invariant(k.pages.map !== null, 'the page allocator is used before free_area_init()');
  return k.pages.map;
}

function zoneOf(k: Kernel, pfn: Pfn): Zone {
  const zone = zone_of_pfn(k, pfn);
  invariant(zone !== undefined, () => `pfn ${hex(pfn)} is in no zone`);
  return zone;
}
