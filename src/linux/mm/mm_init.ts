// SPDX-License-Identifier: GPL-2.0-only
/**
 * Zones and the page map, made from what memblock knows. Linux: mm/mm_init.c, free_area_init() (v6.12; in 6.1
 * the same code stands in mm/page_alloc.c). ARM has one node.
 * Left out: kernelcore=mirror and movable_node, for which ARM has no memory.
 */
import { alignDown, alignUp, hex, low32, type Paddr, type Pfn, type Range } from '../../base/address.js';
import { inputError, invariant } from '../../base/diagnostics.js';
import { SMP_CACHE_BYTES } from '../include/linux/cache.js';
import { structPageBytes } from '../include/linux/mm_types.js';
import { MAX_PAGE_ORDER, pageblock_order } from '../include/linux/pageblock-flags.js';
import { PAGE_ALIGN, PAGE_SIZE, PFN_DOWN, PFN_PHYS, PFN_UP } from '../include/linux/pfn.js';
import type { Kernel } from '../kernel.js';
import { memparse, simple_strtoull } from '../lib/cmdline.js';
import { Zone, type ZoneName } from './buddy.js';
import { countHashPages } from './large-system-hash.js';
import { PageMap } from './page-map.js';

/** A zone and the first frame behind it, as zone_sizes_init() decides it. */
export interface MaxZonePfn {
  readonly name: ZoneName;
  readonly end_pfn: Pfn;
}

/** Frames that may belong to a zone: arch_zone_lowest_possible_pfn and arch_zone_highest_possible_pfn. */
interface ZoneRange extends Range {
  readonly name: ZoneName;
}

/**
 * Makes the zones from memblock and places the page map. `max_zone_pfn` lists the zones that Kconfig selects,
 * lowest first, without ZONE_MOVABLE.
 */
export function free_area_init(k: Kernel, max_zone_pfn: readonly MaxZonePfn[]): void {
  requireOrder(k);
  const memory = memoryPfns(k);
  const node = { start: memory[0]?.start ?? 0, end: memory.at(-1)?.end ?? 0 };
  invariant(node.end > node.start, 'free_area_init() without memory');
  const map = new PageMap(node.start, node.end, MAX_PAGE_ORDER(k), pageblock_order(k));
  let low = node.start;
  const ranges: ZoneRange[] = max_zone_pfn.map(({ name, end_pfn }) => {
    const start = low;
    low = Math.max(end_pfn, start);
    return { name, start, end: low };
  });
  // The zone whose upper part ZONE_MOVABLE takes: the highest one that has any frames.
  const donor = ranges.findLast(range => range.end > range.start);
  const movable = findMovableStart(k, memory, donor?.start ?? node.start, map.maxOrder);
  logZones(k, ranges, movable, memory);

  const clip = (pfn: Pfn): Pfn => Math.min(Math.max(pfn, node.start), node.end);
  const makeZone = (name: ZoneName, index: number, start: Pfn, end: Pfn): Zone => {
    let present = 0;
    for (const bank of memory) {
      present += Math.max(0, Math.min(bank.end, end) - Math.max(bank.start, start));
    }
    return new Zone(name, index, start, Math.max(0, end - start), present, map);
  };
  // Not trimmed to present memory: a zone may begin or end with a hole, except at the ends of the node.
  const zones = ranges.map(({ name, start, end }, index) =>
    makeZone(name, index, clip(start), Math.min(clip(end), movable ?? node.end)),
  );
  const movableEnd = movable === null ? 0 : Math.min(node.end, donor?.end ?? node.end);
  zones.push(makeZone('Movable', zones.length, movable ?? 0, movableEnd));
  k.pages.zones = zones;
  k.pages.map = map;
  allocPageMap(k, map, memory);
  k.pages.hashPages = countHashPages(k);
}

/**
 * Kconfig takes any number, but the bytes of the largest block must fit an `unsigned long`, and with SPARSEMEM a
 * section: include/linux/mmzone.h has an #error for it (v6.12).
 */
function requireOrder(k: Kernel): void {
  const order = MAX_PAGE_ORDER(k);
  const largest = (k.config.isEnabled('SPARSEMEM') ? SECTION_SIZE_BITS : 31) - Math.log2(PAGE_SIZE);
  if (order >= 0 && order <= largest) return;
  inputError(
    'max-order',
    `the largest order of the page allocator is ${order}; 0 to ${largest} can be built`,
    {
      position: { file: k.config.name },
      notes: ['CONFIG_ARCH_FORCE_MAX_ORDER says it; before 6.4 it is one more than the order'],
    },
  );
}

/** Whole pages of memory, 'no-map' ones included. Linux: for_each_mem_pfn_range(). */
function memoryPfns(k: Kernel): Range[] {
  return k.memblock.memory
    .map(region => ({ start: PFN_UP(region.start), end: PFN_DOWN(region.end) }))
    .filter(range => range.start < range.end);
}

/**
 * First frame of ZONE_MOVABLE as `kernelcore=` or `movablecore=` ask for it; null: the zone is empty.
 * `lowest` is the first frame it may have. Linux: find_zone_movable_pfns_for_nodes().
 */
function findMovableStart(k: Kernel, memory: readonly Range[], lowest: Pfn, maxOrder: number): Pfn | null {
  const total = memory.reduce((sum, { start, end }) => sum + end - start, 0);
  const block = 1 << maxOrder;
  let kernelPages = corePages(k, 'kernelcore', total);
  const movablePages = Math.min(total, alignUp(corePages(k, 'movablecore', total), block));
  if (movablePages > 0) kernelPages = Math.max(kernelPages, total - movablePages);
  if (kernelPages === 0 || kernelPages >= total) return null;

  let found = 0;
  for (const { start, end } of memory) {
    kernelPages -= Math.min(kernelPages, Math.max(0, Math.min(end, lowest) - start));
    if (end <= lowest) {
      found = end;
      continue;
    }
    const from = Math.max(start, lowest);
    const taken = Math.min(end - from, kernelPages);
    found = from + taken;
    kernelPages -= taken;
    if (kernelPages === 0) break;
  }
  const start = alignUp(found, block);
  return start >= memory.at(-1)!.end ? null : start;
}

/**
 * Pages that a parameter asks for, as a size or in percent of all; 0 without it. The percentage is multiplied in 32
 * bits, where 60% of 3 GiB are too many. Linux: cmdline_parse_core(), find_zone_movable_pfns_for_nodes().
 */
function corePages(k: Kernel, name: 'kernelcore' | 'movablecore', total: number): number {
  const text = k.cmdline.last(name);
  if (text === undefined) return 0;
  const { value, rest } = simple_strtoull(text);
  if (rest.startsWith('%')) return Math.floor(low32(total * 100 * value) / 10000);
  return Math.floor(memparse(text).value / PAGE_SIZE);
}

function logZones(
  k: Kernel,
  ranges: readonly ZoneRange[],
  movable: Pfn | null,
  memory: readonly Range[],
): void {
  const mem = ({ start, end }: Range): string => `[mem ${wide(PFN_PHYS(start))}-${wide(PFN_PHYS(end) - 1)}]`;
  k.log.pr_info('Zone ranges:');
  for (const range of ranges) {
    k.log.pr_info(`  ${range.name.padEnd(8)} ${range.start === range.end ? 'empty' : mem(range)}`);
  }
  k.log.pr_info('Movable zone start for each node');
  if (movable !== null) k.log.pr_info(`  Node 0: ${wide(PFN_PHYS(movable))}`);
  k.log.pr_info('Early memory node ranges');
  for (const bank of memory) k.log.pr_info(`  node   0: ${mem(bank)}`);
}

function wide(paddr: Paddr): string {
  return hex(paddr, 16);
}

/**
 * Takes the memory of the page map from memblock. FLATMEM: one array over everything between the first and
 * the last frame, rounded to the largest block, then 4 bits per page block of each zone. Linux: mm/mm_init.c,
 * alloc_node_mem_map(), setup_usemap().
 * Model: with SPARSEMEM one array for all 256 MiB sections that hold memory, without the section tables.
 */
function allocPageMap(k: Kernel, map: PageMap, memory: readonly Range[]): void {
  const sparse = k.config.isEnabled('SPARSEMEM');
  const bytes = sparse
    ? sectionsOf(memory) * PAGE_ALIGN(SECTION_PAGES * structPageBytes(k))
    : (map.end - map.base) * structPageBytes(k);
  const start = k.memblock.memblock_alloc(bytes, sparse ? PAGE_SIZE : SMP_CACHE_BYTES(k));
  if (start === 0) {
    inputError('kernel-panic', `the kernel panics: failed to allocate ${bytes} bytes for the memory map`);
  }
  k.pages.mem_map = { start, end: start + bytes };
  if (sparse) return;
  for (const zone of k.pages.zones) {
    if (zone.spanned_pages === 0) continue;
    const blockPages = 2 ** map.pageblockOrder;
    const from = alignDown(zone.zone_start_pfn, blockPages);
    const blocks = alignUp(zone.zone_start_pfn + zone.spanned_pages - from, blockPages) / blockPages;
    k.memblock.memblock_alloc(alignUp(blocks * 4, 32) / 8, SMP_CACHE_BYTES(k));
  }
}

/**
 * The part of the page map that describes holes between banks of memory becomes memory again, except for holes
 * within a page block. Linux: mm/memblock.c, free_unused_memmap() (v6.12).
 * Model: with SPARSEMEM the map of a section stays whole.
 */
export function free_unused_memmap(k: Kernel): void {
  const { map, mem_map } = k.pages;
  if (map === null || mem_map === null || k.config.isEnabled('SPARSEMEM')) return;
  const blockPages = 2 ** map.pageblockOrder;
  const address = (pfn: Pfn): Paddr => mem_map.start + (pfn - map.base) * structPageBytes(k);
  let previousEnd = 0;
  for (const bank of memoryPfns(k)) {
    const start = alignDown(bank.start, blockPages);
    if (previousEnd !== 0 && previousEnd < start) {
      const from = PAGE_ALIGN(address(previousEnd));
      const to = alignDown(address(start), PAGE_SIZE);
      if (from < to) k.memblock.memblock_phys_free(from, to - from);
    }
    previousEnd = alignUp(bank.end, blockPages);
  }
}

/** Linux: arch/arm/include/asm/sparsemem.h (v6.12). */
const SECTION_SIZE_BITS = 28;
const SECTION_PAGES = 2 ** SECTION_SIZE_BITS / PAGE_SIZE;

function sectionsOf(memory: readonly Range[]): number {
  const sections = new Set<number>();
  for (const { start, end } of memory) {
    for (let at = alignDown(start, SECTION_PAGES); at < end; at += SECTION_PAGES) sections.add(at);
  }
  return sections.size;
}
