// SPDX-License-Identifier: GPL-2.0-only
/**
 * PG_dcache_clean: the kernel's own mapping of a page has no dirty lines, so that a first user mapping need not
 * flush it. Linux: arch/arm/include/asm/cacheflush.h, where it is another name of PG_arch_1 (v6.12).
 * Since 6.6 the flag of a folio stands in its first page; before, every page had its own. Freeing a page clears it.
 */
import type { Paddr, Pfn } from '../../../../base/address.js';
import { PAGE_SIZE, PFN_DOWN } from '../../../include/linux/pfn.js';
import type { Kernel } from '../../../kernel.js';
import type { PageMap } from '../../../mm/page-map.js';

/** The map, if there is a struct page for `pfn` in it. */
function mapOf(k: Kernel, pfn: Pfn): PageMap | null {
  return k.pages.map?.contains(pfn) ? k.pages.map : null;
}

function holder(k: Kernel, map: PageMap, pfn: Pfn): number {
  return (k.config.atLeast('6.12') ? map.folioOf(pfn).pfn : pfn) - map.base;
}

/** test_bit(PG_dcache_clean, &page->flags): of this very page, not of its folio. */
export function pageDcacheClean(k: Kernel, pfn: Pfn): boolean {
  const map = mapOf(k, pfn);
  return map !== null && map.dcacheClean[pfn - map.base] !== 0;
}

/** The flag of the folio (6.12) or page (6.1) that `pfn` is part of. */
export function test_dcache_clean(k: Kernel, pfn: Pfn): boolean {
  const map = mapOf(k, pfn);
  return map !== null && map.dcacheClean[holder(k, map, pfn)] !== 0;
}

export function set_dcache_clean(k: Kernel, pfn: Pfn, value: boolean): void {
  const map = mapOf(k, pfn);
  if (map !== null) map.dcacheClean[holder(k, map, pfn)] = value ? 1 : 0;
}

/**
 * [paddr, paddr + size), a page or more, has come back from a device: what is covered as a whole is clean.
 * Linux: arch/arm/mm/dma-mapping.c, the end of __dma_page_dev_to_cpu() (v6.12 by folios, v6.1 by pages).
 */
export function mark_dcache_clean(k: Kernel, paddr: Paddr, size: number): void {
  const map = mapOf(k, PFN_DOWN(paddr));
  if (map === null) return;
  const byFolio = k.config.atLeast('6.12');
  const folioOf = (pfn: Pfn) => (byFolio ? map.folioOf(pfn) : { pfn, pages: 1 });
  let folio = folioOf(PFN_DOWN(paddr));
  let offset = paddr - folio.pfn * PAGE_SIZE;
  for (let left = size; left > 0; ) {
    const bytes = folio.pages * PAGE_SIZE - offset;
    if (left < bytes) return;
    if (offset === 0) map.dcacheClean[folio.pfn - map.base] = 1;
    offset = 0;
    left -= bytes;
    folio = folioOf(folio.pfn + folio.pages);
  }
}
