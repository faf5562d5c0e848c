// SPDX-License-Identifier: GPL-2.0-only
/**
 * Page blocks: the unit in which the page allocator keeps track of who may use memory, and therefore the
 * smallest unit and alignment of a contiguous area.
 * Linux: include/linux/pageblock-flags.h, include/linux/mmzone.h, include/linux/cma.h (v6.12).
 */
import type { Kernel } from '../../kernel.js';
import { PAGE_SIZE } from './pfn.js';

/** HPAGE_SHIFT - PAGE_SHIFT: a huge page is one 2 MiB block, and only long descriptors have them. */
const HUGE_PAGE_ORDER = 9;

/**
 * The largest order the page allocator hands out.
 * In 6.12 CONFIG_ARCH_FORCE_MAX_ORDER is that order itself (default 10); before 6.4 it was one more
 * (MAX_ORDER, default 11). Linux commit 23baf831a32c, "mm, treewide: redefine MAX_ORDER sanely" (in v6.4).
 */
export function MAX_PAGE_ORDER(k: Kernel): number {
  const forced = k.config.number('ARCH_FORCE_MAX_ORDER');
  if (k.config.atLeast('6.12')) return forced ?? 10;
  return (forced ?? 11) - 1;
}

/** Order of a page block. 6.12 uses the huge page size for transparent huge pages too, 6.1 did not. */
export function pageblock_order(k: Kernel): number {
  const max = MAX_PAGE_ORDER(k);
  const huge =
    k.config.isEnabled('HUGETLB_PAGE') ||
    (k.config.isEnabled('TRANSPARENT_HUGEPAGE') && k.config.atLeast('6.12'));
  return huge ? Math.min(HUGE_PAGE_ORDER, max) : max;
}

export function pageblock_nr_pages(k: Kernel): number {
  return 2 ** pageblock_order(k);
}

/** Linux: include/linux/cma.h, CMA_MIN_ALIGNMENT_BYTES. */
export function CMA_MIN_ALIGNMENT_BYTES(k: Kernel): number {
  return PAGE_SIZE * pageblock_nr_pages(k);
}
