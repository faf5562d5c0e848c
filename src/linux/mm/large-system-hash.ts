// SPDX-License-Identifier: GPL-2.0-only
/**
 * The hash tables of dentries and inodes, which are so large that they come from memblock. Linux: mm/mm_init.c (6.1:
 * mm/page_alloc.c), alloc_large_system_hash(), nr_kernel_pages, nr_all_pages; fs/dcache.c, dcache_init_early();
 * fs/inode.c, inode_init_early() (v6.12). Tables that are made later come from the page allocator: they are not
 * modelled, as nothing that allocates at run time is.
 */
import { alignUp, ilog2, low32, MiB, roundUpPowerOfTwo } from '../../base/address.js';
import { inputError } from '../../base/diagnostics.js';
import { SMP_CACHE_BYTES } from '../include/linux/cache.js';
import { structPageBytes } from '../include/linux/mm_types.js';
import { PAGE_ALIGN, PAGE_SHIFT, PAGE_SIZE, PFN_DOWN, PFN_UP } from '../include/linux/pfn.js';
import type { Kernel } from '../kernel.js';
import { simple_strtoull } from '../lib/cmdline.js';

/** sizeof(struct hlist_head) and of its sibling with a lock bit. */
const BUCKET_BYTES = 4;

export interface HashPages {
  /** Lowmem, as it counts for the size of tables. */
  readonly kernel: number;
  readonly all: number;
}

/** Linux: mm/mm_init.c, calc_nr_kernel_pages() (v6.12): what memblock has left once the zones are there. */
function freePages(k: Kernel): HashPages {
  const highLow = k.config.isEnabled('HIGHMEM') ? k.memory.max_low_pfn : Number.MAX_SAFE_INTEGER;
  const pages = { kernel: 0, all: 0 };
  for (const range of k.memblock.for_each_free_mem_range()) {
    const [start, end] = [PFN_UP(range.start), PFN_DOWN(range.end)];
    if (start >= end) continue;
    pages.all += end - start;
    pages.kernel += Math.min(end, highLow) - Math.min(start, highLow);
  }
  return pages;
}

/**
 * Pages of the zones less their part of the page map. Linux: mm/page_alloc.c, free_area_init_core() (v6.1). There
 * ZONE_MOVABLE counts as highmem where it was taken from that.
 */
function presentPages(k: Kernel): HashPages {
  const pages = { kernel: 0, all: 0 };
  const hasHigh = k.pages.zone('HighMem') !== undefined;
  for (const zone of k.pages.zones) {
    const { spanned_pages: spanned, present_pages: present } = zone;
    const sparse = k.config.isEnabled('SPARSEMEM') && spanned > present + Math.floor(present / 16);
    const map = PAGE_ALIGN((sparse ? present : spanned) * structPageBytes(k)) / PAGE_SIZE;
    const isHigh = zone.name === 'HighMem' || (zone.name === 'Movable' && hasHigh);
    let free = present;
    if (!isHigh) {
      if (free >= map) free -= map;
      pages.kernel += free;
    } else if (pages.kernel > map * 2) pages.kernel -= map;
    pages.all += free;
  }
  return pages;
}

/** What the tables' sizes follow from; to be called when the zones have been made. */
export function countHashPages(k: Kernel): HashPages {
  return k.config.atLeast('6.12') ? freePages(k) : presentPages(k);
}

/**
 * Takes a table from memblock. `entries` 0: one bucket for 2^scale bytes of lowmem. Linux: alloc_large_system_hash()
 * with HASH_EARLY.
 */
function alloc_large_system_hash(k: Kernel, name: string, asked: number, scale: number, low: number): void {
  const { kernel, all } = k.pages.hashPages;
  let entries = asked;
  if (entries === 0) {
    const rounded = alignUp(kernel, MiB / PAGE_SIZE);
    entries = Math.floor(rounded / 2 ** (scale - PAGE_SHIFT));
    if (entries * BUCKET_BYTES < PAGE_SIZE) entries = PAGE_SIZE / BUCKET_BYTES;
  }
  const most = Math.min(Math.floor((all * PAGE_SIZE) / 16 / BUCKET_BYTES), 0x80000000);
  entries = Math.min(Math.max(roundUpPowerOfTwo(entries), low), most);
  for (let bits = ilog2(entries); ; bits--) {
    const bytes = BUCKET_BYTES * 2 ** bits;
    if (k.memblock.memblock_alloc(bytes, SMP_CACHE_BYTES(k)) !== 0) {
      const order = Math.max(0, Math.ceil(Math.log2(bytes / PAGE_SIZE)));
      k.log.pr_info(`${name} hash table entries: ${2 ** bits} (order: ${order}, ${bytes} bytes, linear)`);
      return;
    }
    if (bytes <= PAGE_SIZE)
      inputError('kernel-panic', `the kernel panics: failed to allocate ${name} hash table`);
  }
}

/** Linux: fs/dcache.c, vfs_caches_init_early(). */
export function vfs_caches_init_early(k: Kernel): void {
  // simple_strtoul(): what follows the number, a K or M as well, has no effect.
  const asked = (name: string): number => low32(simple_strtoull(k.cmdline.last(name) ?? '').value);
  alloc_large_system_hash(k, 'Dentry cache', asked('dhash_entries'), 13, 2);
  alloc_large_system_hash(k, 'Inode-cache', asked('ihash_entries'), 14, 0);
}
