// SPDX-License-Identifier: GPL-2.0-only
/**
 * Doubly linked lists of pages: the free lists of a zone, and the lists that a CPU keeps of it. A page is on one
 * list at most, so that all lists share the links of the page map. Linux: include/linux/list.h; struct page,
 * buddy_list, pcp_list (v6.12).
 */
import type { PageMap } from './page-map.js';

/** No page. */
export const NONE = -1;

/** Lists by number. Pages are indices of the page map. */
export class PageLists {
  readonly length: number;
  private readonly map: PageMap;
  private readonly first: Int32Array;
  private readonly last: Int32Array;

  constructor(map: PageMap, length: number) {
    this.map = map;
    this.length = length;
    this.first = new Int32Array(length).fill(NONE);
    this.last = new Int32Array(length).fill(NONE);
  }

  /** First page of a list, or NONE. */
  head(list: number): number {
    return this.first[list]!;
  }

  /** Last page of a list, or NONE. */
  tail(list: number): number {
    return this.last[list]!;
  }

  /** The page behind `page` on its list, or NONE. */
  next(page: number): number {
    return this.map.next[this.map.link(page)]!;
  }

  add(list: number, page: number, toTail: boolean): void {
    const { next, prev } = this.map;
    const neighbour = toTail ? this.last[list]! : this.first[list]!;
    const link = this.map.link(page);
    prev[link] = toTail ? neighbour : NONE;
    next[link] = toTail ? NONE : neighbour;
    if (neighbour !== NONE) (toTail ? next : prev)[this.map.link(neighbour)] = page;
    if (!toTail || neighbour === NONE) this.first[list] = page;
    if (toTail || neighbour === NONE) this.last[list] = page;
  }

  remove(list: number, page: number): void {
    const { next, prev } = this.map;
    const link = this.map.link(page);
    const before = prev[link]!;
    const after = next[link]!;
    if (before === NONE) this.first[list] = after;
    else next[this.map.link(before)] = after;
    if (after === NONE) this.last[list] = before;
    else prev[this.map.link(after)] = before;
  }
}
