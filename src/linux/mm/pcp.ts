// SPDX-License-Identifier: GPL-2.0-only
/**
 * The lists of free pages that a CPU keeps of each zone, so that small blocks freed last are handed out first, and
 * merge with their neighbours only when the lists grow long. Blocks up to order 3 and, with transparent huge pages,
 * of a huge page. Linux: mm/page_alloc.c, rmqueue_pcplist(), free_unref_page() and what they call;
 * include/linux/mmzone.h, struct per_cpu_pages (v6.12). How much is moved at once: `pcp-rules.ts`, read it next; the
 * limits that follow from a zone's size: `pcp-limits.ts`.
 *
 * Model: one CPU, so the lists of the others stay empty. Nobody asks for movable pages, so that those lists only
 * take: freed pages of contiguous areas, and of page blocks that no unmovable page has claimed yet. No time passes,
 * so the timer that shortens long lists never runs (mm/vmstat.c, refresh_cpu_vm_stats(), decay_pcp_high()).
 * Differs: 6.1 puts a drained page on the free list of the type that its page block had when it was freed.
 */
import type { Pfn } from '../../base/address.js';
import type { Zone } from './buddy.js';
import { NONE, PageLists } from './page-lists.js';
import { MIGRATE_CMA, MIGRATE_MOVABLE, NOT_HEAD, type PageMap, PCP_HEAD } from './page-map.js';
import { type PcpRules, rules } from './pcp-rules.js';

const PAGE_ALLOC_COSTLY_ORDER = 3;
/** Unmovable, movable, reclaimable. */
const MIGRATE_PCPTYPES = 3;
const NR_LOWORDER_PCP_LISTS: number = MIGRATE_PCPTYPES * (PAGE_ALLOC_COSTLY_ORDER + 1);
/** For movable huge pages, and for all other ones. */
const NR_PCP_THP = 2;

/** struct per_cpu_pages. New ones are as boot has them before the limits are known: they hold nothing. */
export class PerCpuPages {
  /** Pages on the lists. */
  count = 0;
  /** Pages of contiguous areas among them. */
  cma_count = 0;
  /** Pages on the lists at which some are given back; 6.12 tunes it between the other two. */
  high = 0;
  high_min = 0;
  high_max = 0;
  /** Pages that are moved at once, when nothing else counts. */
  batch = 1;
  /** CONFIG_PCP_BATCH_SCALE_MAX. */
  batch_scale_max = 5;
  /** Pages freed lately without an allocation (6.12). */
  free_count = 0;
  /** Allocations lately without a free page, and frees without an allocation (6.1): powers of two. */
  alloc_factor = 0;
  free_factor = 0;
  /** PCPF_PREV_FREE_HIGH_ORDER: the last block freed was of order 1 to 3. */
  prev_free_high_order = false;
  /** Order of a huge page; null where there are none. */
  thp_order: number | null = null;
  rules: PcpRules = rules['6.12'];
  readonly lists: PageLists;

  constructor(map: PageMap) {
    this.lists = new PageLists(map, NR_LOWORDER_PCP_LISTS + NR_PCP_THP);
  }

  /** Linux: pcp_allowed_order(). */
  allows(order: number): boolean {
    return order <= PAGE_ALLOC_COSTLY_ORDER || order === this.thp_order;
  }

  /** Number of the list for blocks of one order and type. Linux: order_to_pindex(). */
  list(order: number, type: number): number {
    if (order <= PAGE_ALLOC_COSTLY_ORDER) return MIGRATE_PCPTYPES * order + type;
    return NR_LOWORDER_PCP_LISTS + (type === MIGRATE_MOVABLE ? 1 : 0);
  }

  /** Linux: pindex_to_order(). */
  orderOf(list: number): number {
    if (list >= NR_LOWORDER_PCP_LISTS) return this.thp_order!;
    return Math.trunc(list / MIGRATE_PCPTYPES);
  }
}

/**
 * Takes 2^order pages of `type`, the block freed last; an empty list is first filled from the zone's free lists.
 * Linux: rmqueue_pcplist(), __rmqueue_pcplist(), rmqueue_bulk().
 */
export function rmqueue_pcplist(zone: Zone, order: number, type: number): Pfn | null {
  const { map, pcp } = zone;
  pcp.rules.allocating(pcp);
  const list = pcp.list(order, type);
  if (pcp.lists.head(list) === NONE) {
    for (let left = pcp.rules.toAllocate(pcp, order, zone.belowHigh); left > 0; left--) {
      const pfn = zone.takeBlock(order, type);
      if (pfn === null) break;
      pcp.lists.add(list, pfn - map.base, true);
      map.order[pfn - map.base] = PCP_HEAD - order;
      pcp.count += 1 << order;
    }
  }
  const page = pcp.lists.head(list);
  if (page === NONE) return null;
  pcp.lists.remove(list, page);
  map.order[page] = NOT_HEAD;
  pcp.count -= 1 << order;
  return map.base + page;
}

/**
 * Gives 2^order pages back to the lists, which may overflow into the zone: does it?
 * Linux: free_unref_page(), free_unref_page_commit().
 */
export function free_unref_page(zone: Zone, pfn: Pfn, order: number): boolean {
  const { map, pcp } = zone;
  const page = pfn - map.base;
  const blockType = map.blockType[page >> map.pageblockOrder]!;
  const list = pcp.list(order, blockType === MIGRATE_CMA ? MIGRATE_MOVABLE : blockType);
  pcp.lists.add(list, page, false);
  map.order[page] = PCP_HEAD - order;
  pcp.count += 1 << order;
  if (blockType === MIGRATE_CMA) pcp.cma_count += 1 << order;
  const excess = pcp.rules.toFree(pcp, order, zone.belowHigh);
  if (excess === 0) return false;
  free_pcppages_bulk(zone, excess, list);
  return true;
}

/**
 * Gives at least `wanted` pages back to the zone, the oldest of each list first. `first` is emptied before the lists
 * behind it. Linux: free_pcppages_bulk().
 */
function free_pcppages_bulk(zone: Zone, wanted: number, first: number): void {
  const { map, pcp } = zone;
  let left = Math.min(pcp.count, wanted);
  for (let list = first; left > 0; list = (list + 1) % pcp.lists.length) {
    const order = pcp.orderOf(list);
    for (let page = pcp.lists.tail(list); page !== NONE && left > 0; page = pcp.lists.tail(list)) {
      pcp.lists.remove(list, page);
      map.order[page] = NOT_HEAD;
      left -= 1 << order;
      pcp.count -= 1 << order;
      if (map.blockType[page >> map.pageblockOrder] === MIGRATE_CMA) pcp.cma_count -= 1 << order;
      zone.freeBlock(map.base + page, order, false);
    }
  }
}

/** Empties the lists. Linux: drain_pages_zone(). */
export function drain_pages_zone(zone: Zone): void {
  const { pcp } = zone;
  while (pcp.count > 0) free_pcppages_bulk(zone, pcp.batch << pcp.batch_scale_max, 0);
}
