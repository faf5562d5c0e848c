// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the kernel knows of each page frame: `struct page` and the page blocks' types, packed into arrays. The lists
 * that frames stand on are in `page-lists.ts`, who puts them there in `buddy.ts` and `pcp.ts`.
 * Linux: include/linux/mm_types.h, struct page; include/linux/mmzone.h, enum migratetype (v6.12).
 */
import { alignDown, alignUp, type Pfn } from '../../base/address.js';

export const MIGRATE_UNMOVABLE = 0;
export const MIGRATE_MOVABLE = 1;
export const MIGRATE_RECLAIMABLE = 2;
export const MIGRATE_CMA = 4;

/** `PageMap.order` of a page that the page allocator never had (PG_reserved), or where there is no memory. */
export const RESERVED = -2;
/** `PageMap.order` of a page that is allocated, or free but not the first of its block. */
export const NOT_HEAD = -1;
/** `PageMap.order` of the first page of a free block of order o on a CPU's list: PCP_HEAD - o. */
export const PCP_HEAD = -3;

/**
 * What `struct page` says, as arrays over all frames from `base` on (a multiple of the largest block, so that
 * buddies can be told by the bits of an index). Index = pfn - base.
 *
 *   order[i]        block order 0 … MAX_PAGE_ORDER for the first page of a free block, PCP_HEAD - order where a
 *                   CPU's list has it, else NOT_HEAD or RESERVED
 *   next[l] prev[l] neighbours on the list, l = link(i); meaningful for the first page of a free block only
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

  /** Is `pfn` anywhere in a free block, on a CPU's list or not? */
  isFree(pfn: Pfn): boolean {
    const page = pfn - this.base;
    for (let order = 0; order <= this.maxOrder; order++) {
      const head = this.order[(page >> order) << order]!;
      if (head >= order || PCP_HEAD - head >= order) return true;
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
