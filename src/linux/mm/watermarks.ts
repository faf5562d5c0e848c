// SPDX-License-Identifier: GPL-2.0-only
/**
 * Watermarks: how many pages requests must leave in a zone, by how urgent they are and by which zones could have
 * served them. They are set once, from what the zones have when initcalls run: pages that become free later (the
 * kernel's init sections) do not move them.
 * Linux: mm/page_alloc.c, init_per_zone_wmark_min(), __zone_watermark_ok() (v6.12; the factors of 6.1 are the same).
 * Model: huge pages do not raise them; no reserve for atomic requests of more than a page.
 */
import { __GFP_HIGH, gfpflags_allow_blocking } from '../include/linux/gfp.js';
import { num_online_cpus } from '../kernel/cpu.js';
import type { Kernel } from '../kernel.js';
import type { Zone } from './buddy.js';
import { zone_set_pageset_high_and_batch } from './pcp-limits.js';

/** Pages of each zone's lower zones that are kept for requests which only they can serve, as a divisor. */
const sysctl_lowmem_reserve_ratio: Readonly<Record<string, number>> = { DMA: 256, Normal: 32 };

/** A postcore initcall, after contiguous areas and ARM's atomic pool. */
export function init_per_zone_wmark_min(k: Kernel): void {
  const low = k.pages.zones.filter(isLowmem).reduce((sum, zone) => sum + zone.managed_pages, 0);
  const minFreeKbytes = Math.min(Math.max(Math.floor(Math.sqrt(low * 4 * 16)), 128), 262144);
  for (const zone of k.pages.zones) {
    const managed = zone.managed_pages;
    const share = Math.floor((Math.floor(minFreeKbytes / 4) * managed) / Math.max(low, 1));
    const min = isLowmem(zone) ? share : Math.min(Math.max(Math.floor(managed / 1024), 32), 128);
    const distance = Math.max(Math.floor(share / 4), Math.floor((managed * 10) / 10000));
    zone.watermark = { min, low: min + distance, high: min + 2 * distance };
    zone.lowmem_reserve = lowmemReserve(k, zone);
    if (zone.present_pages > 0) zone_set_pageset_high_and_batch(k, zone, num_online_cpus(k));
  }
}

function isLowmem(zone: Zone): boolean {
  return zone.name === 'DMA' || zone.name === 'Normal';
}

/** Linux: setup_per_zone_lowmem_reserve(). */
function lowmemReserve(k: Kernel, zone: Zone): number[] {
  const ratio = sysctl_lowmem_reserve_ratio[zone.name];
  let above = 0;
  return k.pages.zones.map(upper => {
    if (ratio === undefined || zone.managed_pages === 0 || upper.index <= zone.index) return 0;
    above += upper.managed_pages;
    return Math.floor(above / ratio);
  });
}

/** What may be left of the minimum by requests that cannot wait. Linux: ALLOC_MIN_RESERVE, ALLOC_NON_BLOCK. */
export function urgentMinimum(min: number, gfp: number): number {
  if (!(gfp & __GFP_HIGH)) return min;
  const half = min - Math.floor(min / 2);
  return gfpflags_allow_blocking(gfp) ? half : half - Math.floor(half / 4);
}

/**
 * Are more than `mark` pages left of a request that could have been served by zones up to `highest`, and is there a
 * block for it? Pages that CPUs keep do not count. Linux: __zone_watermark_ok().
 */
export function zone_watermark_ok(zone: Zone, order: number, mark: number, highest: number): boolean {
  const available = zone.free_pages - zone.free_cma_pages - (2 ** order - 1);
  if (available <= mark + (zone.lowmem_reserve[highest] ?? 0)) return false;
  return order === 0 || zone.hasBlock(order);
}
