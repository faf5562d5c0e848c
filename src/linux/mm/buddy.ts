// SPDX-License-Identifier: GPL-2.0-only
/**
 * The buddy system: free lists of one zone over the page map of the machine.
 * Linux: mm/page_alloc.c, __free_one_page(), expand(), __rmqueue() and what they call (v6.12);
 * include/linux/mmzone.h, struct zone, struct free_area. What a CPU keeps in front of these lists is in `pcp.ts`.
 *
 * Model: nobody allocates movable pages; no high-order atomic reserve, no boosted watermarks; pages of contiguous
 * areas (MIGRATE_CMA) are counted but stand on no list here, since only movable allocations may borrow them.
 * Differs: where less than half of a page block can be claimed, 6.1 moves its free pages to the other list all the same
 * and takes from the largest block, not the smallest; there a page block also keeps its type when it merges with one of
 * another type. Types are told apart on machines of less than six page blocks, too.
 */
import { alignDown, type Pfn } from '../../base/address.js';
import { NONE, PageLists } from './page-lists.js';
import {
  MIGRATE_CMA,
  MIGRATE_MOVABLE,
  MIGRATE_RECLAIMABLE,
  MIGRATE_UNMOVABLE,
  NOT_HEAD,
  type PageMap,
} from './page-map.js';
import { PerCpuPages } from './pcp.js';

/** Types that have free lists here. */
const TYPES: number = MIGRATE_RECLAIMABLE + 1;

/** Whose free blocks serve a type that has none. Linux: fallbacks. */
const FALLBACKS: readonly (readonly number[])[] = [
  [MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE],
  [MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE],
  [MIGRATE_UNMOVABLE, MIGRATE_MOVABLE],
];

export type ZoneName = 'DMA' | 'Normal' | 'HighMem' | 'Movable';

/** Pages to be left in a zone: _watermark. */
export interface Watermarks {
  readonly min: number;
  readonly low: number;
  readonly high: number;
}

/** struct zone. Counts are in pages. */
export class Zone {
  readonly name: ZoneName;
  /** Position in the node's zones, which is also the order of preference from the end. */
  readonly index: number;
  /** 0 where the zone is empty. */
  readonly zone_start_pfn: Pfn;
  /** From the first frame to the last, holes included. */
  readonly spanned_pages: number;
  /** Without holes; 'no-map' memory counts. */
  readonly present_pages: number;
  /** Present pages that the page allocator was given. */
  managed_pages = 0;
  /** NR_FREE_PAGES: free, contiguous areas included, without what CPUs keep. */
  free_pages = 0;
  /** NR_FREE_CMA_PAGES: the part of `free_pages` that lies in contiguous areas. */
  free_cma_pages = 0;
  /** Pages in contiguous areas, free or not. */
  cma_pages = 0;
  /** per_cpu_pageset, of the one CPU that runs the kernel. */
  readonly pcp: PerCpuPages;
  /** ZONE_BELOW_HIGH: an allocation has found the zone below its high watermark. */
  belowHigh = false;
  watermark: Watermarks = { min: 0, low: 0, high: 0 };
  /** Pages kept back from requests that a higher zone could have served, by the index of the highest such zone. */
  lowmem_reserve: readonly number[] = [];
  readonly map: PageMap;
  /** free_area: the list of type t and order o is number t * (MAX_PAGE_ORDER + 1) + o. */
  private readonly lists: PageLists;

  constructor(name: ZoneName, index: number, start: Pfn, spanned: number, present: number, map: PageMap) {
    this.name = name;
    this.index = index;
    this.zone_start_pfn = spanned === 0 ? 0 : start;
    this.spanned_pages = spanned;
    this.present_pages = present;
    this.map = map;
    this.lists = new PageLists(map, TYPES * (map.maxOrder + 1));
    this.pcp = new PerCpuPages(map);
  }

  /** zone_spans_pfn(). */
  spans(pfn: Pfn): boolean {
    return pfn >= this.zone_start_pfn && pfn < this.zone_start_pfn + this.spanned_pages;
  }

  /** Is a block of at least `order` free? */
  hasBlock(order: number): boolean {
    for (let at = order; at <= this.map.maxOrder; at++) {
      for (let type = 0; type < TYPES; type++) if (this.lists.head(this.list(type, at)) !== NONE) return true;
    }
    return false;
  }

  /** Every free block on the lists, in no particular order. */
  freeBlocks(): { readonly pfn: Pfn; readonly order: number }[] {
    const blocks: { pfn: Pfn; order: number }[] = [];
    for (let list = 0; list < this.lists.length; list++) {
      const order = list % (this.map.maxOrder + 1);
      for (let page = this.lists.head(list); page !== NONE; page = this.lists.next(page)) {
        blocks.push({ pfn: this.map.base + page, order });
      }
    }
    return blocks;
  }

  /** Free blocks of each order, as /proc/buddyinfo shows them but without contiguous areas. */
  blockCounts(): number[] {
    const counts = new Array<number>(this.map.maxOrder + 1).fill(0);
    for (const { order } of this.freeBlocks()) counts[order]!++;
    return counts;
  }

  /**
   * Gives back 2^order pages at `pfn`, merging upwards. `toTail` puts the block at the end of its list, where
   * it is used last: so does boot with low memory. Linux: split_large_buddy(), __free_one_page().
   */
  freeBlock(pfn: Pfn, order: number, toTail: boolean): void {
    const piece = Math.min(order, this.map.pageblockOrder);
    const page = pfn - this.map.base;
    for (let at = page; at < page + (1 << order); at += 1 << piece) this.freeOne(at, piece, toTail);
    this.free_pages += 1 << order;
  }

  /** Takes 2^order pages; null where no block is large enough. Linux: __rmqueue(). */
  takeBlock(order: number, type: number = MIGRATE_UNMOVABLE): Pfn | null {
    let page = this.takeSmallest(order, type);
    if (page === NONE) page = this.claim(order, type);
    if (page === NONE) page = this.steal(order, type);
    if (page === NONE) return null;
    this.free_pages -= 1 << order;
    return this.map.base + page;
  }

  private freeOne(start: number, startOrder: number, toTail: boolean): void {
    const { map } = this;
    let page = start;
    let order = startOrder;
    const type = map.blockType[page >> map.pageblockOrder]!;
    if (type === MIGRATE_CMA) {
      this.free_cma_pages += 1 << order;
      return;
    }
    while (order < map.maxOrder) {
      const buddy = page ^ (1 << order);
      if (map.order[buddy] !== order || !this.spans(map.base + buddy)) break;
      const buddyType = map.blockType[buddy >> map.pageblockOrder]!;
      this.remove(buddy, order, buddyType);
      // Only blocks of a page block or more can differ; the merged one must lie on one list.
      if (buddyType !== type) this.setBlockType(buddy, order, type);
      page &= buddy;
      order++;
    }
    const tail = toTail || this.mergeLikely(page, order);
    this.add(page, order, type, tail);
  }

  /** Will this block soon merge twice? Then it is better used last. Linux: buddy_merge_likely(). */
  private mergeLikely(page: number, order: number): boolean {
    if (order >= this.map.maxOrder - 1) return false;
    const parent = page & ~(1 << order);
    return this.map.order[parent ^ (2 << order)] === order + 1;
  }

  private takeSmallest(order: number, type: number): number {
    for (let at = order; at <= this.map.maxOrder; at++) {
      const page = this.lists.head(this.list(type, at));
      if (page !== NONE) return this.takeFrom(page, order, at, type);
    }
    return NONE;
  }

  /** Linux: page_del_and_expand(). */
  private takeFrom(page: number, order: number, from: number, type: number): number {
    this.remove(page, from, type);
    this.expand(page, order, from, type);
    return page;
  }

  /** The upper halves go back, at the head of their lists; `page` keeps the lowest 2^low pages. */
  private expand(page: number, low: number, high: number, type: number): void {
    for (let order = high - 1; order >= low; order--) this.add(page + (1 << order), order, type, false);
  }

  /** The type whose block of exactly this order serves `type`, or NONE. Linux: find_suitable_fallback(). */
  private fallback(order: number, type: number): number {
    for (const other of FALLBACKS[type]!) {
      if (this.lists.head(this.list(other, order)) !== NONE) return other;
    }
    return NONE;
  }

  /**
   * Turns page blocks of another type into such of `type`, starting from the largest free block, and allocates there.
   * Linux: __rmqueue_claim(), try_to_steal_block().
   */
  private claim(order: number, type: number): number {
    const { map } = this;
    for (let at = map.maxOrder; at >= order; at--) {
      const other = this.fallback(at, type);
      if (other === NONE) continue;
      const page = this.lists.head(this.list(other, at));
      if (at >= map.pageblockOrder) {
        this.remove(page, at, other);
        this.setBlockType(page, at, type);
        this.expand(page, order, at, type);
        return page;
      }
      if (this.moveBlock(page, other, type)) return this.takeSmallest(order, type);
    }
    return NONE;
  }

  /** Takes one block, the smallest, and leaves its page block to the other type. Linux: __rmqueue_steal(). */
  private steal(order: number, type: number): number {
    for (let at = order; at <= this.map.maxOrder; at++) {
      const other = this.fallback(at, type);
      if (other !== NONE) return this.takeFrom(this.lists.head(this.list(other, at)), order, at, other);
    }
    return NONE;
  }

  /**
   * Gives the page block around `page` another type. False where it sticks out of the zone, or where less than half of
   * it is free or alike: what is in use in a movable page block is alike, as nothing movable is in use.
   */
  private moveBlock(page: number, from: number, to: number): boolean {
    const { map } = this;
    const size = 1 << map.pageblockOrder;
    const start = alignDown(page, size);
    if (!this.spans(map.base + start) || !this.spans(map.base + start + size - 1)) return false;
    if (from !== MIGRATE_MOVABLE && this.freeIn(start, size) < size / 2) return false;
    for (let at = start; at < start + size; ) {
      const order = map.order[at]!;
      if (order >= 0) {
        this.remove(at, order, from);
        this.add(at, order, to, true);
        at += 1 << order;
      } else at++;
    }
    this.setBlockType(start, map.pageblockOrder, to);
    return true;
  }

  /** Free pages on the lists of [start, start + size). */
  private freeIn(start: number, size: number): number {
    let free = 0;
    for (let at = start; at < start + size; ) {
      const pages = this.map.order[at]! >= 0 ? 1 << this.map.order[at]! : 0;
      free += pages;
      at += Math.max(pages, 1);
    }
    return free;
  }

  /** Linux: change_pageblock_range(). `order` is at least that of a page block. */
  private setBlockType(page: number, order: number, type: number): void {
    const shift = this.map.pageblockOrder;
    this.map.blockType.fill(type, page >> shift, (page + (1 << order)) >> shift);
  }

  private list(type: number, order: number): number {
    return type * (this.map.maxOrder + 1) + order;
  }

  private add(page: number, order: number, type: number, tail: boolean): void {
    this.lists.add(this.list(type, order), page, tail);
    this.map.order[page] = order;
  }

  private remove(page: number, order: number, type: number): void {
    this.lists.remove(this.list(type, order), page);
    this.map.order[page] = NOT_HEAD;
  }
}
