// SPDX-License-Identifier: GPL-2.0-only
/**
 * Caches that show aliases, and pages that both the kernel and a process have mapped. Linux: arch/arm/mm/flush.c,
 * arch/arm/include/asm/cacheflush.h (v6.12). On caches without aliases almost nothing is needed.
 * Model: the caller says what a kernel finds out from struct page: whether a page belongs to a file and where
 * processes have it mapped. Pages are taken one by one (folios of one page). No page has a persistent kmap.
 * Left out: copy_to_user_page().
 */
import { alignDown, type Pfn, type Vaddr } from '../../../../base/address.js';
import { PAGE_SIZE } from '../../../include/linux/pfn.js';
import type { Kernel } from '../../../kernel.js';
import { kmap_atomic, kunmap_atomic } from '../../../mm/highmem.js';
import { apply_to_page_range } from '../../../mm/memory.js';
import { isManagedPage } from '../../../mm/page_alloc.js';
import { page_address } from '../include/asm/memory.js';
import { PAGE_KERNEL } from '../include/asm/pgtable.js';
import { __cpuc_flush_dcache_area, __cpuc_flush_icache_all, __cpuc_flush_user_range } from './cache.js';
import { set_dcache_clean, test_dcache_clean } from './dcache-clean.js';
import { cpu_architecture } from './proc-info.js';

/** One mapping of a process. Linux: struct vm_area_struct, as far as caches look at it. */
export interface UserMapping {
  readonly start: Vaddr;
  readonly end: Vaddr;
  /** VM_EXEC. */
  readonly exec: boolean;
  /** Belongs to the process that runs on this CPU, or has run last. */
  readonly current: boolean;
}

/** Linux: arch/arm/mm/mm.h, FLUSH_ALIAS_START: one page for each colour. */
const FLUSH_ALIAS_START = 0xffff4000;
/** SHMLBA: 16 KiB of colours. Linux: arch/arm/include/asm/shmparam.h (v6.12). */
const COLOURS_BYTES: number = 4 * PAGE_SIZE;

/** __flush_icache_all(), without its shortcuts for single configurations. */
export function __flush_icache_all(k: Kernel): void {
  __cpuc_flush_icache_all(k);
  k.machine.barrier('dsb');
}

/** All of an aliasing VIPT cache (c7, c14, 0), and wait. */
function flushAliasing(k: Kernel): void {
  k.machine.innerMaintainAll('clean-invalidate');
  k.machine.barrier('dsb');
}

/**
 * Cleans and invalidates a page under the colour of `vaddr`, through a mapping made for it.
 * Linux: arch/arm/mm/flush.c, flush_pfn_alias(), set_top_pte() (v6.12).
 */
function flush_pfn_alias(k: Kernel, pfn: Pfn, vaddr: Vaddr): void {
  const to = FLUSH_ALIAS_START + alignDown(vaddr % COLOURS_BYTES, PAGE_SIZE);
  apply_to_page_range(k, to, PAGE_SIZE, pte => k.mmu.pgtable.set_pte_ext(k, pte, pfn, PAGE_KERNEL(k)));
  k.machine.tlbFlush('mva', to, PAGE_SIZE, false);
  k.machine.innerMaintain('clean-invalidate', to, PAGE_SIZE);
  k.machine.barrier('dsb');
}

/**
 * Before [start, end) of a process changes its mapping. Linux: flush_cache_range(), with
 * vivt_flush_cache_range() (v6.12).
 */
export function flush_cache_range(k: Kernel, vma: UserMapping, start: Vaddr, end: Vaddr): void {
  if (k.cpu.cacheid === 'VIVT') {
    if (!vma.current) return;
    const first = alignDown(start, PAGE_SIZE);
    __cpuc_flush_user_range(k, first, alignDown(end + PAGE_SIZE - 1, PAGE_SIZE), vma.exec);
    return;
  }
  if (k.cpu.cacheid === 'VIPT_ALIASING') flushAliasing(k);
  if (vma.exec) __flush_icache_all(k);
}

/**
 * The same for one page. Linux: flush_cache_page(), flush_cache_pages() (v6.12).
 * Model: no instruction cache is virtually tagged with ASIDs.
 */
export function flush_cache_page(k: Kernel, vma: UserMapping, vaddr: Vaddr, pfn: Pfn): void {
  if (k.cpu.cacheid === 'VIVT') {
    if (!vma.current) return;
    const page = alignDown(vaddr, PAGE_SIZE);
    __cpuc_flush_user_range(k, page, page + PAGE_SIZE, vma.exec);
  } else if (k.cpu.cacheid === 'VIPT_ALIASING') {
    flush_pfn_alias(k, pfn, vaddr);
    __flush_icache_all(k);
  }
}

/** A page of a file, which decides how aliases are found. */
export interface FilePage {
  /** Offset of the page in the file in bytes: its colour. */
  readonly position: number;
  /** Shared mappings of the page in the process that runs, with the page's address in each. */
  readonly mappings: readonly { readonly vma: UserMapping; readonly vaddr: Vaddr }[];
  /** Some process has the page mapped: folio_mapped(). */
  readonly mapped: boolean;
}

/**
 * The kernel's own mapping of a page, and the colour of a file's page. Highmem without persistent mapping has
 * nothing to flush unless the cache is indexed physically. Linux: __flush_dcache_folio() (v6.12).
 */
export function __flush_dcache_page(k: Kernel, pfn: Pfn, file: FilePage | null): void {
  const vaddr = page_address(k, pfn);
  const { cacheid } = k.cpu;
  if (vaddr !== null) __cpuc_flush_dcache_area(k, vaddr, PAGE_SIZE);
  else if (cacheid !== 'VIVT' && cacheid !== 'VIPT_ALIASING') {
    const window = kmap_atomic(k, pfn);
    __cpuc_flush_dcache_area(k, window, PAGE_SIZE);
    kunmap_atomic(k, window);
  }
  if (file !== null && cacheid === 'VIPT_ALIASING') flush_pfn_alias(k, pfn, file.position);
}

/** smp_plat.h: cores whose maintenance does not reach the others. */
function cache_ops_need_broadcast(k: Kernel): boolean {
  return k.cpu.is_smp && !k.machine.facts.core.multiprocessingExtensions;
}

/**
 * The kernel wrote to a page, or is about to read what a process wrote. `file`: null for pages that belong to
 * no file. A file's page that nobody maps is only marked: its first mapping flushes it.
 * Linux: flush_dcache_page(), flush_dcache_folio() (v6.12).
 */
export function flush_dcache_page(k: Kernel, pfn: Pfn, file: FilePage | null = null): void {
  const { cacheid } = k.cpu;
  const hasAliases = cacheid === 'VIVT' || cacheid === 'VIPT_ALIASING';
  const broadcasts = cache_ops_need_broadcast(k);
  if (!broadcasts && (!hasAliases || (file !== null && !file.mapped))) {
    set_dcache_clean(k, pfn, false);
    return;
  }
  __flush_dcache_page(k, pfn, file);
  if (file !== null && cacheid === 'VIVT') {
    for (const { vma, vaddr } of file.mappings) flush_cache_page(k, vma, vaddr, pfn);
  } else if (file !== null) __flush_icache_all(k);
  set_dcache_clean(k, pfn, true);
}

/**
 * A page gets its first entry in the tables of a process. Linux: __sync_icache_dcache() (v6.12), which kernels for
 * ARMv5 and older do not have. Model: the page belongs to no file.
 */
export function __sync_icache_dcache(k: Kernel, pfn: Pfn, exec: boolean): void {
  if (cpu_architecture(k) < 6) return;
  const { cacheid } = k.cpu;
  if (cacheid !== 'VIVT' && cacheid !== 'VIPT_ALIASING' && !exec) return;
  // Without a struct page, or reserved: set aside at boot.
  if (!isManagedPage(k, pfn)) return;
  if (!test_dcache_clean(k, pfn)) {
    set_dcache_clean(k, pfn, true);
    __flush_dcache_page(k, pfn, null);
  }
  if (exec) __flush_icache_all(k);
}

/**
 * An anonymous page of a process, before the kernel looks at it through its own mapping.
 * Linux: flush_anon_page(), __flush_anon_page() (v6.12).
 */
export function flush_anon_page(k: Kernel, vma: UserMapping, pfn: Pfn, vaddr: Vaddr): void {
  const { cacheid } = k.cpu;
  if (cacheid === 'VIVT') flush_cache_page(k, vma, vaddr, pfn);
  else if (cacheid === 'VIPT_ALIASING') {
    flush_pfn_alias(k, pfn, vaddr);
    __flush_icache_all(k);
  } else return;
  // Highmem has no address here: the kernel flushes from address 0 on.
  const kernel = page_address(k, pfn);
  if (kernel !== null) __cpuc_flush_dcache_area(k, kernel, PAGE_SIZE);
}
