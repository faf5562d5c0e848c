// SPDX-License-Identifier: GPL-2.0-only
/**
 * How many pages move between a zone and the lists that a CPU keeps of it. 6.12 lets the lists grow and shrink with
 * their use: Linux commit 51a755c56dc0, "mm: tune PCP high automatically" (in v6.7); the count of pages freed in a
 * row and the larger batches are of the same series. Linux: mm/page_alloc.c, nr_pcp_alloc(), nr_pcp_high(),
 * nr_pcp_free(), free_unref_page_commit() (v6.12, v6.1).
 * The rules before it came with the lists of blocks of more than a page, in 5.14.
 *
 * Model: ZONE_RECLAIM_ACTIVE is never set, as nothing is reclaimed. PCPF_FREE_HIGH_BATCH is never set either, as on
 * ARM: drivers/base/cacheinfo.c finds no data cache where the architecture lacks init_cache_level().
 */
import type { KernelVersion } from '../config.js';
import type { PerCpuPages } from './pcp.js';

export interface PcpRules {
  /** A block is about to be taken, from the lists or from the zone. */
  allocating(pcp: PerCpuPages): void;
  /** Blocks of `order` with which an empty list is filled. */
  toAllocate(pcp: PerCpuPages, order: number, belowHigh: boolean): number;
  /** Pages that go to the zone now that a block of `order` was added to the lists. */
  toFree(pcp: PerCpuPages, order: number, belowHigh: boolean): number;
}

/** 1 to PAGE_ALLOC_COSTLY_ORDER: blocks that fragment memory while they are kept. */
function isHighOrder(order: number): boolean {
  return order > 0 && order <= 3;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Blocks that a batch of pages is: two at least, where lists keep anything at all. */
function blocksOf(batch: number, order: number): number {
  return batch > 1 ? Math.max(batch >> order, 2) : batch;
}

const tuned: PcpRules = {
  allocating(pcp) {
    pcp.free_count >>= 1;
  },

  toAllocate(pcp, order, belowHigh) {
    const { batch: base, high_min, high_max } = pcp;
    let high = clamp(pcp.high, high_min, high_max);
    pcp.high = high;
    if (high < base) return 1;
    let batch = order > 0 ? base : base << pcp.alloc_factor;
    if (high_min !== high_max && !belowHigh) {
      high = Math.min(high + batch, high_max);
      pcp.high = high;
    }
    if (order === 0) {
      const most = Math.max(high - pcp.count - base, base);
      if (batch <= most && pcp.alloc_factor < pcp.batch_scale_max) pcp.alloc_factor++;
      batch = Math.min(batch, most);
    }
    return blocksOf(batch, order);
  },

  toFree(pcp, order, belowHigh) {
    const { batch } = pcp;
    pcp.alloc_factor >>= 1;
    const freeHigh = isHighOrder(order) && pcp.free_count >= batch && pcp.prev_free_high_order;
    pcp.prev_free_high_order = isHighOrder(order);
    if (pcp.free_count < batch << pcp.batch_scale_max) pcp.free_count += 1 << order;
    const high = nr_pcp_high(pcp, freeHigh, belowHigh);
    if (pcp.count < high) return 0;
    if (freeHigh) return Math.min(pcp.count, batch << pcp.batch_scale_max);
    return high < batch ? 1 : clamp(pcp.free_count, batch, high - batch);
  },
};

/** Pages at which the lists are too long. */
function nr_pcp_high(pcp: PerCpuPages, freeHigh: boolean, belowHigh: boolean): number {
  const { batch, high_min, high_max } = pcp;
  const high = clamp(pcp.high, high_min, high_max);
  pcp.high = high;
  if (high === 0) return 0;
  if (freeHigh) {
    pcp.high = Math.max(high - (batch << pcp.batch_scale_max), high_min);
    return 0;
  }
  if (high_min === high_max) return high;
  if (belowHigh) {
    pcp.high = Math.max(high - Math.max(pcp.free_count, batch), high_min);
    return Math.max(pcp.count, high_min);
  }
  const wanted = pcp.free_count + batch;
  if (pcp.count >= high && high < wanted) pcp.high = clamp(wanted, high_min, high_max);
  return high;
}

const fixed: PcpRules = {
  allocating(pcp) {
    pcp.free_factor >>= 1;
  },

  toAllocate(pcp, order) {
    return blocksOf(pcp.batch, order);
  },

  toFree(pcp, order) {
    const { batch, high } = pcp;
    if (pcp.free_factor > 0 && isHighOrder(order)) return pcp.count;
    if (pcp.count < high) return 0;
    if (high < batch) return 1;
    const scaled = batch << pcp.free_factor;
    if (scaled < high - batch && pcp.free_factor < pcp.batch_scale_max) pcp.free_factor++;
    return clamp(scaled, batch, high - batch);
  },
};

export const rules: Readonly<Record<KernelVersion, PcpRules>> = {
  '5.15': fixed,
  '6.1': fixed,
  '6.12': tuned,
};
