// SPDX-License-Identifier: GPL-2.0-only
/**
 * The buddy system: free lists of one zone over the page map of the machine.
 * Linux: mm/page_alloc.c, __free_one_page(), expand(), __rmqueue() and what they call (v6.12; 6.1 chooses the
 * same blocks); include/linux/mmzone.h, struct zone, struct free_area.
 *
 * Model: no per-CPU lists, so a freed page merges at once; nobody allocates movable or reclaimable pages, so a
 * page block in use holds unmovable pages only; no high-order atomic reserve; pages of contiguous areas
 * (MIGRATE_CMA) are counted but stand on no list, since only movable allocations may borrow them.
 */
import { alignDown, alignUp, type Pfn } from '../../base/address.js';
import { invariant } from '../../base/diagnostics.js';

export const MIGRATE_UNMOVABLE = 0;
export const MIGRATE_MOVABLE = 1;
export const MIGRATE_CMA = 4;

/** `PageMap.order` of a page that the page allocator never had (PG_reserved), or where there is no memory. */
export const RESERVED = -2;
/** `PageMap.order` of a page that is allocated, or free but not the first of its block. */
export const NOT_HEAD = -1;

const NONE = -1;

/**
 * What `struct page` says, as arrays over all frames from `base` on (a multiple of the largest block, so that
 * buddies can be told by the bits of an index). Index = pfn - base.
 *
 *   order[i]        block order 0 … MAX_PAGE_ORDER for the first page of a free block, else NOT_HEAD or RESERVED
 *   next[l] prev[l] neighbours on the free list, l = link(i); meaningful for the first page of a free block only
 *   dcacheClean[i]  PG_arch_1, which is arch/arm's PG_dcache_clean: 1 where it is set
 *   blockType[b]    migrate type of page block b = i >> pageblock_order
 */
export class PageMap {
  readonly base: Pfn;
  readonly end: Pfn;
  readonly maxOrder: number;
  readonly pageblockOrder: number;
  readonly order: Int8Array;
  readonly next: Int32Array;
  readonly prev: Int32Array;
  readonly dcacheClean: Uint8Array;
  readonly blockType: Uint8Array;
  /** Compound pages in use: their orders, by their first frames. Everything else is a folio of one page. */
  readonly folioOrder: Map<Pfn, number> = new Map();
  /** Blocks of the largest order. */
  private readonly blocks: number;

  constructor(start: Pfn, end: Pfn, maxOrder: number, pageblockOrder: number) {
    this.base = alignDown(start, 1 << maxOrder);
    this.end = alignUp(end, 1 << maxOrder);
    this.maxOrder = maxOrder;
    this.pageblockOrder = pageblockOrder;
    const pages = this.end - this.base;
    this.order = new Int8Array(pages).fill(RESERVED);
    this.blocks = pages >> maxOrder;
    this.next = new Int32Array(this.blocks + pages);
    this.prev = new Int32Array(this.blocks + pages);
    this.dcacheClean = new Uint8Array(pages);
    this.blockType = new Uint8Array(pages >> pageblockOrder).fill(MIGRATE_MOVABLE);
  }

  /**
   * Where `next` and `prev` keep a page. Pages at which a largest block begins, all that boot touches, stand
   * together in front: in plain page order each would make the host supply a page of memory of its own, 5 ms
   * instead of 0.3 ms for 4 GiB.
   */
  link(page: number): number {
    const block = page >> this.maxOrder;
    return page === block << this.maxOrder ? block : this.blocks + page;
  }

  contains(pfn: Pfn): boolean {
    return pfn >= this.base && pfn < this.end;
  }

  /** Is `pfn` anywhere in a free block? */
  isFree(pfn: Pfn): boolean {
    const page = pfn - this.base;
    for (let order = 0; order <= this.maxOrder; order++) {
      const head = (page >> order) << order;
      if (this.order[head]! >= order) return true;
    }
    return false;
  }

  /** The folio that `pfn` is part of: its first frame, and its pages. Linux: page_folio(), folio_nr_pages(). */
  folioOf(pfn: Pfn): { readonly pfn: Pfn; readonly pages: number } {
    if (this.folioOrder.size === 0) return { pfn, pages: 1 };
    for (let order = 1; order <= this.maxOrder; order++) {
      const head = alignDown(pfn, 1 << order);
      const found = this.folioOrder.get(head) ?? 0;
      if (found >= order) return { pfn: head, pages: 1 << found };
    }
    return { pfn, pages: 1 };
  }

  /** The frames of [start, end) leave the reserved state: memory that is handed over for the first time. */
  clearReserved(start: Pfn, end: Pfn): void {
    this.order.fill(NOT_HEAD, start - this.base, end - this.base);
  }
}

export type ZoneName = 'DMA' | 'Normal' | 'HighMem' | 'Movable';

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
  /** NR_FREE_PAGES: free, contiguous areas included. */
  free_pages = 0;
  /** NR_FREE_CMA_PAGES: the part of `free_pages` that lies in contiguous areas. */
  free_cma_pages = 0;
  /** Pages in contiguous areas, free or not. */
  cma_pages = 0;
  private readonly map: PageMap;
  /** First and last page of each list; list of type t and order o is number t * (MAX_PAGE_ORDER + 1) + o. */
  private readonly first: Int32Array;
  private readonly last: Int32Array;

  constructor(name: ZoneName, index: number, start: Pfn, spanned: number, present: number, map: PageMap) {
    this.name = name;
    this.index = index;
    this.zone_start_pfn = spanned === 0 ? 0 : start;
    this.spanned_pages = spanned;
    this.present_pages = present;
    this.map = map;
    const lists = (MIGRATE_MOVABLE + 1) * (map.maxOrder + 1);
    this.first = new Int32Array(lists).fill(NONE);
    this.last = new Int32Array(lists).fill(NONE);
  }

  /** zone_spans_pfn(). */
  spans(pfn: Pfn): boolean {
    return pfn >= this.zone_start_pfn && pfn < this.zone_start_pfn + this.spanned_pages;
  }

  /** Is a block of at least `order` free, for unmovable use? */
  hasBlock(order: number): boolean {
    for (let at = order; at <= this.map.maxOrder; at++) {
      if (this.first[this.list(MIGRATE_UNMOVABLE, at)] !== NONE) return true;
      if (this.first[this.list(MIGRATE_MOVABLE, at)] !== NONE) return true;
    }
    return false;
  }

  /** Every free block on the lists, in no particular order. */
  freeBlocks(): { readonly pfn: Pfn; readonly order: number }[] {
    const blocks: { pfn: Pfn; order: number }[] = [];
    for (let list = 0; list < this.first.length; list++) {
      const order = list % (this.map.maxOrder + 1);
      for (let page = this.first[list]!; page !== NONE; page = this.map.next[this.map.link(page)]!) {
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

  /** Takes 2^order pages for unmovable use; null where no block is large enough. Linux: __rmqueue(). */
  takeBlock(order: number): Pfn | null {
    let page = this.takeSmallest(order, MIGRATE_UNMOVABLE);
    if (page === NONE) page = this.claim(order);
    if (page === NONE) page = this.takeSmallest(order, MIGRATE_MOVABLE);
    if (page === NONE) return null;
    this.free_pages -= 1 << order;
    return this.map.base + page;
  }

  private freeOne(start: number, startOrder: number, toTail: boolean): void {
    const { map } = this;
    let page = start;
    let order = startOrder;
    const type = map.blockType[page >> map.pageblockOrder]!;
    invariant(type !== MIGRATE_CMA, 'a page of a contiguous area must not reach the buddy lists');
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
      const page = this.first[this.list(type, at)]!;
      if (page === NONE) continue;
      this.remove(page, at, type);
      this.expand(page, order, at, type);
      return page;
    }
    return NONE;
  }

  /** The upper halves go back, at the head of their lists; `page` keeps the lowest 2^low pages. */
  private expand(page: number, low: number, high: number, type: number): void {
    for (let order = high - 1; order >= low; order--) this.add(page + (1 << order), order, type, false);
  }

  /**
   * Turns movable page blocks into unmovable ones, starting from the largest free block, and allocates there.
   * Linux: __rmqueue_claim(), try_to_steal_block(). Page blocks in use hold nothing movable here, so that the
   * rule "at least half of the block is free or alike" always holds.
   */
  private claim(order: number): number {
    const { map } = this;
    for (let at = map.maxOrder; at >= order; at--) {
      const page = this.first[this.list(MIGRATE_MOVABLE, at)]!;
      if (page === NONE) continue;
      if (at >= map.pageblockOrder) {
        this.remove(page, at, MIGRATE_MOVABLE);
        this.setBlockType(page, at, MIGRATE_UNMOVABLE);
        this.expand(page, order, at, MIGRATE_UNMOVABLE);
        return page;
      }
      if (this.moveBlock(page)) return this.takeSmallest(order, MIGRATE_UNMOVABLE);
    }
    return NONE;
  }

  /** Makes the page block around `page` unmovable. False where it sticks out of the zone. */
  private moveBlock(page: number): boolean {
    const { map } = this;
    const size = 1 << map.pageblockOrder;
    const start = alignDown(page, size);
    if (!this.spans(map.base + start) || !this.spans(map.base + start + size - 1)) return false;
    for (let at = start; at < start + size; ) {
      const order = map.order[at]!;
      if (order >= 0) {
        this.remove(at, order, MIGRATE_MOVABLE);
        this.add(at, order, MIGRATE_UNMOVABLE, true);
        at += 1 << order;
      } else at++;
    }
    this.setBlockType(start, map.pageblockOrder, MIGRATE_UNMOVABLE);
    return true;
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
    const { next, prev } = this.map;
    const list = this.list(type, order);
    const neighbour = tail ? this.last[list]! : this.first[list]!;
    const link = this.map.link(page);
    prev[link] = tail ? neighbour : NONE;
    next[link] = tail ? NONE : neighbour;
    if (neighbour !== NONE) (tail ? next : prev)[this.map.link(neighbour)] = page;
    if (!tail || neighbour === NONE) this.first[list] = page;
    if (tail || neighbour === NONE) this.last[list] = page;
    this.map.order[page] = order;
  }

  private remove(page: number, order: number, type: number): void {
    const { next, prev } = this.map;
    const list = this.list(type, order);
    const link = this.map.link(page);
    const before = prev[link]!;
    const after = next[link]!;
    if (before === NONE) this.first[list] = after;
    else next[this.map.link(before)] = after;
    if (after === NONE) this.last[list] = before;
    else prev[this.map.link(after)] = before;
    this.map.order[page] = NOT_HEAD;
  }
}
