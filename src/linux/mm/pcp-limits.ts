// SPDX-License-Identifier: GPL-2.0-only
/**
 * How long the lists may grow that a CPU keeps of a zone, and how many pages it moves at once: a thousandth of the
 * zone and 1 MiB bound a batch, the low watermark bounds the lists; 6.12 lets them grow to an eighth of the zone.
 * Linux: mm/page_alloc.c, setup_per_cpu_pageset(), zone_set_pageset_high_and_batch() and what they call (v6.12, v6.1).
 * Left out: the sysctl percpu_pagelist_high_fraction, which nobody sets while a kernel boots.
 */
import { ilog2, MiB } from '../../base/address.js';
import { PAGE_SIZE } from '../include/linux/pfn.js';
import type { Kernel } from '../kernel.js';
import type { Zone } from './buddy.js';
import { rules } from './pcp-rules.js';

const MIN_PERCPU_PAGELIST_HIGH_FRACTION = 8;
/** HPAGE_PMD_ORDER: a huge page is one block of long descriptors, 2 MiB. */
const HPAGE_PMD_ORDER = 9;

/** From here on CPUs keep pages. Only the boot CPU is online. Linux: setup_per_cpu_pageset(). */
export function setup_per_cpu_pageset(k: Kernel): void {
  const thp = k.config.isEnabled('TRANSPARENT_HUGEPAGE');
  for (const zone of k.pages.zones) {
    if (zone.present_pages === 0) continue;
    const { pcp } = zone;
    pcp.rules = rules[k.config.version];
    pcp.batch_scale_max = k.config.number('PCP_BATCH_SCALE_MAX') ?? 5;
    // 6.1 calls a page block a huge page here, which with HUGETLB_PAGE it is.
    if (thp) pcp.thp_order = k.config.atLeast('6.12') ? HPAGE_PMD_ORDER : zone.map.pageblockOrder;
    zone_set_pageset_high_and_batch(k, zone, 1);
  }
}

/** Linux: zone_set_pageset_high_and_batch(). Before 6.7 there was one limit. */
export function zone_set_pageset_high_and_batch(k: Kernel, zone: Zone, cpus: number): void {
  const { pcp } = zone;
  const batch = Math.max(1, zone_batchsize(zone));
  const high = zone_highsize(zone.watermark.low, batch, cpus);
  pcp.batch = batch;
  pcp.high_min = high;
  if (k.config.atLeast('6.12')) {
    const most = Math.floor(zone.managed_pages / MIN_PERCPU_PAGELIST_HIGH_FRACTION);
    pcp.high_max = zone_highsize(most, batch, cpus);
  } else {
    pcp.high_max = high;
    pcp.high = high;
  }
}

/** One less than a power of two, so that batches do not all start with the same cache colour. */
function zone_batchsize(zone: Zone): number {
  const pages = Math.min(Math.floor(zone.managed_pages / 1024), MiB / PAGE_SIZE);
  const batch = Math.max(1, Math.floor(pages / 4));
  return (1 << ilog2(batch + (batch >> 1))) - 1;
}

/** Four batches at least. */
function zone_highsize(totalPages: number, batch: number, cpus: number): number {
  return Math.max(Math.floor(totalPages / cpus), batch * 4);
}
