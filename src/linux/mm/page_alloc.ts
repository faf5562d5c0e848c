// SPDX-License-Identifier: GPL-2.0-only
/**
 * The page allocator: which zone serves a request, and how boot hands memory over.
 * Linux: mm/page_alloc.c; mm/memblock.c, memblock_free_all(); arch/arm/mm/init.c, free_highpages() (v6.12).
 * Zones are made by `mm_init.ts`; the free lists of one are in `buddy.ts`, read it next; the lists that a CPU keeps
 * in front of them in `pcp.ts`; how much must be left in `watermarks.ts`.
 *
 * Model: no reclaim, compaction or OOM killer: where those would act, a request fails. Nothing but DMA and page
 * tables allocates, so that more memory is free, and at lower addresses, than on a board that runs programs.
 */
import { hex, ilog2, type Pfn, type Range } from '../../base/address.js';
import { invariant } from '../../base/diagnostics.js';
import { page_address } from '../arch/arm/include/asm/memory.js';
import {
  __GFP_COMP,
  __GFP_DMA,
  __GFP_HIGHMEM,
  __GFP_NOWARN,
  __GFP_RECLAIMABLE,
  GFP_KERNEL,
  gfpflags_allow_blocking,
} from '../include/linux/gfp.js';
import { want_init_on_alloc, want_init_on_free } from '../include/linux/mm.js';
import { PAGE_SIZE, PFN_DOWN, PFN_PHYS, PFN_UP } from '../include/linux/pfn.js';
import type { Kernel } from '../kernel.js';
import type { Zone, ZoneName } from './buddy.js';
import { kmap_atomic, kunmap_atomic } from './highmem.js';
import type { HashPages } from './large-system-hash.js';
import { free_unused_memmap } from './mm_init.js';
import {
  MIGRATE_CMA,
  MIGRATE_RECLAIMABLE,
  MIGRATE_UNMOVABLE,
  NOT_HEAD,
  type PageMap,
  RESERVED,
} from './page-map.js';
import { drain_pages_zone, free_unref_page, rmqueue_pcplist } from './pcp.js';
import { urgentMinimum, zone_watermark_ok } from './watermarks.js';

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

  /** Free pages outside contiguous areas, those included that CPUs keep. */
  get free_pages(): number {
    return this.zones.reduce((sum, { free_pages, free_cma_pages, pcp }) => {
      return sum + free_pages - free_cma_pages + pcp.count - pcp.cma_count;
    }, 0);
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
  if (start >= end) return;
  pageMap(k).clearReserved(start, end);
  for (let pfn = start; pfn < end; pfn++) {
    const zone = zoneOf(k, pfn);
    zone.managed_pages++;
    freeToZone(zone, pfn, 0);
  }
  k.machine.observer?.pagesFreed(PFN_PHYS(start), PFN_PHYS(end - start));
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
  const pfn =
    get_page_from_freelist(k, highest, order, 'low', gfp) ??
    get_page_from_freelist(k, highest, order, 'min', gfp) ??
    __alloc_pages_direct_reclaim(k, highest, order, gfp);
  if (pfn === null) {
    warn_alloc(k, gfp, order);
    return null;
  }
  if (order > 0 && (gfp & __GFP_COMP) !== 0) pageMap(k).folioOrder.set(pfn, order);
  k.machine.observer?.pagesAllocated(PFN_PHYS(pfn), PAGE_SIZE * 2 ** order);
  if (want_init_on_alloc(k, gfp)) clearPages(k, pfn, 2 ** order);
  return pfn;
}

/**
 * What CPUs keep is given back for requests that may wait, and they try again.
 * Model: nothing is reclaimed; Linux gets here where something was.
 */
function __alloc_pages_direct_reclaim(k: Kernel, highest: number, order: number, gfp: number): Pfn | null {
  if (!gfpflags_allow_blocking(gfp)) return null;
  drain_all_pages(k, null);
  return get_page_from_freelist(k, highest, order, 'min', gfp);
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

/**
 * One pass over the zones, down to a watermark. A zone below its high one is remembered as such: its CPUs keep less.
 * Linux: get_page_from_freelist(), rmqueue().
 */
function get_page_from_freelist(
  k: Kernel,
  highest: number,
  order: number,
  mark: 'low' | 'min',
  gfp: number,
): Pfn | null {
  // Linux: include/linux/gfp.h, gfp_migratetype().
  const type = gfp & __GFP_RECLAIMABLE ? MIGRATE_RECLAIMABLE : MIGRATE_UNMOVABLE;
  for (let index = highest; index >= 0; index--) {
    const zone = k.pages.zones[index]!;
    if (zone.managed_pages === 0) continue;
    const { min, low, high } = zone.watermark;
    if (zone.belowHigh || !zone_watermark_ok(zone, order, high, highest)) {
      zone.belowHigh = true;
      const keep = mark === 'low' ? low : urgentMinimum(min, gfp);
      if (!zone_watermark_ok(zone, order, keep, highest)) continue;
    }
    const pfn = zone.pcp.allows(order) ? rmqueue_pcplist(zone, order, type) : zone.takeBlock(order, type);
    if (pfn !== null) return pfn;
  }
  return null;
}

/** Gives back what CPUs keep of a zone, or of all. Linux: drain_all_pages() (v6.12). */
export function drain_all_pages(k: Kernel, zone: Zone | null): void {
  if (zone !== null) drain_pages_zone(zone);
  else for (const each of k.pages.zones) drain_pages_zone(each);
}

/** Linux: warn_alloc(). Differs: one line, without process, stack and memory report; not rate limited. */
function warn_alloc(k: Kernel, gfp: number, order: number): void {
  if (gfp & __GFP_NOWARN) return;
  if (gfp & __GFP_DMA && (k.pages.zone('DMA')?.managed_pages ?? 0) === 0) return;
  k.log.pr_warn(`page allocation failure: order:${order}, mode:${hex(gfp)}`);
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
  free_pages_prepare(k, map, pfn, 2 ** order);
  freeToZone(zoneOf(k, pfn), pfn, order);
  k.machine.observer?.pagesFreed(PFN_PHYS(pfn), PAGE_SIZE * 2 ** order);
}

/** To the CPU's lists where they take the order. Linux: free_unref_page(). */
function freeToZone(zone: Zone, pfn: Pfn, order: number): void {
  if (!zone.pcp.allows(order)) {
    zone.freeBlock(pfn, order, false);
    return;
  }
  const overflowed = free_unref_page(zone, pfn, order);
  if (!overflowed || !zone.belowHigh) return;
  // For all zones up to ZONE_MOVABLE, the last one.
  if (zone_watermark_ok(zone, 0, zone.watermark.high, zone.lowmem_reserve.length - 1)) zone.belowHigh = false;
}

/**
 * Flags of pages do not outlive their use, nor do contents with init_on_free. Linux: mm/page_alloc.c,
 * free_pages_prepare() (v6.12). Differs: what boot hands over is not zeroed by init_on_free; so pages that are asked
 * for as zeroed are zeroed when they are allocated, too.
 */
function free_pages_prepare(k: Kernel, map: PageMap, pfn: Pfn, count: number): void {
  if (want_init_on_free(k)) clearPages(k, pfn, count);
  map.dcacheClean.fill(0, pfn - map.base, pfn - map.base + count);
  map.folioOrder.delete(pfn);
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

/** Has `pfn` a struct page without PG_reserved: does the page allocator or a contiguous area own it? */
export function isManagedPage(k: Kernel, pfn: Pfn): boolean {
  const map = pageMap(k);
  return map.contains(pfn) && map.order[pfn - map.base] !== RESERVED;
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
 * zeroed with init_on_alloc: cached, which leaves dirty lines.
 * Linux: mm/page_alloc.c, alloc_contig_range(), with split_free_pages() (6.1: split_map_pages()) and
 * post_alloc_hook() (v6.12).
 * Model: never -EBUSY, as nobody borrows pages of contiguous areas. Linux takes whole free blocks, zeroes them, and
 * gives back what is too much; that is left alone here.
 */
export function alloc_contig_range(k: Kernel, start: Pfn, end: Pfn): number {
  const zone = zoneOf(k, start);
  invariant(isCmaPage(pageMap(k), start), () => `pfn ${hex(start)} is not in an active contiguous area`);
  drain_all_pages(k, zone);
  zone.free_pages -= end - start;
  zone.free_cma_pages -= end - start;
  invariant(zone.free_cma_pages >= 0, 'more contiguous pages are taken than there are');
  k.machine.observer?.pagesAllocated(PFN_PHYS(start), PFN_PHYS(end - start));
  if (want_init_on_alloc(k, GFP_KERNEL)) clearPages(k, start, end - start);
  return 0;
}

/** Gives pages of a contiguous area back, one after the other. */
export function free_contig_range(k: Kernel, pfn: Pfn, count: number): void {
  const map = pageMap(k);
  invariant(isCmaPage(map, pfn), () => `pfn ${hex(pfn)} is not in an active contiguous area`);
  free_pages_prepare(k, map, pfn, count);
  const zone = zoneOf(k, pfn);
  for (let page = pfn; page < pfn + count; page++) freeToZone(zone, page, 0);
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
