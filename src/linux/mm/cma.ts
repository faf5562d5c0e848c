// SPDX-License-Identifier: GPL-2.0-only
/**
 * Contiguous memory areas: regions reserved at boot, of which drivers get physically contiguous blocks while
 * the page allocator lends the rest to movable pages. Linux: mm/cma.c (v6.12; 6.1 where marked).
 * A bit of the map stands for 2^order_per_bit pages. The default area's size and place are decided in
 * kernel/dma/contiguous.ts.
 * Model: nobody borrows pages, so alloc_contig_range() never finds one busy and nothing is migrated.
 */
import {
  alignDown,
  alignUp,
  FOUR_GiB,
  hex,
  isAligned,
  MiB,
  type Paddr,
  type Pfn,
} from '../../base/address.js';
import { inputError } from '../../base/diagnostics.js';
import { holdsKernel } from '../arch/arm/boot/image-fits.js';
import { EBUSY, EINVAL, ENOMEM, ENOSPC } from '../include/linux/errno.js';
import { CMA_MIN_ALIGNMENT_BYTES, pageblock_nr_pages } from '../include/linux/pageblock-flags.js';
import { PAGE_SIZE, PFN_DOWN, PFN_PHYS } from '../include/linux/pfn.js';
import { pa } from '../include/linux/types.js';
import type { Kernel } from '../kernel.js';
import { Bitmap } from '../lib/bitmap.js';
import {
  alloc_contig_range,
  areReservedPages,
  free_contig_range,
  free_reserved_pages,
  init_cma_reserved_pageblock,
  zone_of_pfn,
} from './page_alloc.js';

export class CmaArea {
  readonly name: string;
  readonly base_pfn: Pfn;
  /** Pages; 0 after a failed activation. */
  count: number;
  readonly order_per_bit: number;
  /** Null until cma_init_reserved_areas(). */
  bitmap: Bitmap | null = null;

  constructor(name: string, base: Paddr, size: number, order_per_bit: number) {
    this.name = name;
    this.base_pfn = PFN_DOWN(base);
    this.count = size / PAGE_SIZE;
    this.order_per_bit = order_per_bit;
  }

  get base(): Paddr {
    return PFN_PHYS(this.base_pfn);
  }

  /** Bytes. */
  get size(): number {
    return PFN_PHYS(this.count);
  }
}

export class CmaState {
  readonly areas: CmaArea[] = [];
  dma_contiguous_default_area: CmaArea | null = null;
  /** Regions whose direct map must be made of pages. Linux: arch/arm/mm/dma-mapping.c, dma_mmu_remap[]. */
  readonly early: { readonly base: Paddr; readonly size: number }[] = [];
}

/** Linux: mm/cma.h (6.1: include/linux/cma.h), MAX_CMA_AREAS. */
function MAX_CMA_AREAS(k: Kernel): number {
  return k.config.atLeast('6.12')
    ? (k.config.number('CMA_AREAS') ?? 8)
    : 1 + (k.config.number('CMA_AREAS') ?? 7);
}

/** Makes an area of memory that is reserved already. */
export function cma_init_reserved_mem(
  k: Kernel,
  base: Paddr,
  size: number,
  order_per_bit: number,
  name: string,
): CmaArea | number {
  if (k.cma.areas.length === MAX_CMA_AREAS(k)) return noSlot(k);
  if (size === 0 || !k.memblock.memblock_is_region_reserved(base, size)) return -EINVAL;
  const alignment = CMA_MIN_ALIGNMENT_BYTES(k);
  if (!isAligned(base, alignment) || !isAligned(size, alignment)) return -EINVAL;
  const area = new CmaArea(name, base, size, order_per_bit);
  k.cma.areas.push(area);
  return area;
}

function noSlot(k: Kernel): number {
  k.log.pr_err('cma: Not enough slots for CMA reserved regions!');
  return -ENOSPC;
}

/**
 * Reserves `size` bytes at `base` (`fixed`) or somewhere in [base, limit) and makes an area of it.
 * `limit` 0: the end of memory; `alignment` 0: a page block. Returns the area or -errno.
 * Linux: mm/cma.c, cma_declare_contiguous_nid() (v6.12).
 */
export function cma_declare_contiguous(
  k: Kernel,
  base: Paddr,
  size: number,
  limit: Paddr,
  alignment: number,
  order_per_bit: number,
  fixed: boolean,
  name: string,
): CmaArea | number {
  if (k.cma.areas.length === MAX_CMA_AREAS(k)) return noSlot(k);
  if (size === 0) return -EINVAL;
  if (alignment !== 0 && !Number.isInteger(Math.log2(alignment))) return -EINVAL;

  const align = Math.max(alignment, CMA_MIN_ALIGNMENT_BYTES(k));
  const sizeAligned = alignUp(size, align);
  const fail = (errno: number, message?: string): number => {
    if (message !== undefined) k.log.pr_err(`cma: ${message}`);
    const misaligned = fixed && !isAligned(base, align);
    const shown = Math.floor((misaligned ? size : sizeAligned) / MiB);
    k.log.pr_err(`cma: Failed to reserve ${shown} MiB${onNode(k)}`);
    return errno;
  };
  if (fixed && !isAligned(base, align)) {
    return fail(-EINVAL, `Region at ${pa(k, base)} must be aligned to ${pa(k, align)} bytes`);
  }
  const start = alignUp(base, align);
  const isFixed = fixed && start !== 0;
  if (!isAligned(sizeAligned / PAGE_SIZE, 2 ** order_per_bit)) return -EINVAL;

  // __pa(high_memory - 1) + 1
  const highmem_start = k.memory.arm_lowmem_limit;
  if (isFixed && start < highmem_start && start + sizeAligned > highmem_start) {
    return fail(
      -EINVAL,
      `Region at ${pa(k, start)} defined on low/high memory boundary (${pa(k, highmem_start)})`,
    );
  }
  const memoryEnd = k.memblock.memblock_end_of_DRAM();
  const limitAligned = alignDown(limit, align);
  const end = limitAligned === 0 || limitAligned > memoryEnd ? memoryEnd : limitAligned;
  if (start + sizeAligned > end) {
    return fail(
      -EINVAL,
      `Size (${pa(k, sizeAligned)}) of region at ${pa(k, start)} exceeds limit (${pa(k, end)})`,
    );
  }

  let place = start;
  if (isFixed) {
    if (k.memblock.memblock_is_region_reserved(start, sizeAligned)) return fail(-EBUSY);
    k.memblock.memblock_reserve(start, sizeAligned);
  } else {
    place = findPlace(k, start, sizeAligned, end, align, highmem_start);
    if (place === 0) return fail(-ENOMEM);
  }

  const area = cma_init_reserved_mem(k, place, sizeAligned, order_per_bit, name);
  if (typeof area === 'number') {
    k.memblock.memblock_phys_free(place, sizeAligned);
    return fail(area);
  }
  k.log.pr_info(`cma: Reserved ${Math.floor(sizeAligned / MiB)} MiB at ${pa(k, place)}${onNode(k)}`);
  return area;
}

/** NUMA_NO_NODE, which 6.12 prints and 6.1 does not. */
function onNode(k: Kernel): string {
  return k.config.atLeast('6.12') ? ' on node -1' : '';
}

/**
 * A reserved block for a floating area, 0 if there is none. Highmem comes first where the range has some,
 * and with 64-bit physical addresses the space above 4 GiB, from the bottom up.
 * 6.1 took these two steps in the other order and forgot the block that the highmem step had reserved as
 * soon as it took the second step at all (fixed later; the pages stay reserved for nothing).
 */
function findPlace(
  k: Kernel,
  base: Paddr,
  size: number,
  limit: Paddr,
  align: number,
  highmem_start: Paddr,
): Paddr {
  const { memblock } = k;
  const straddles = base < highmem_start && limit > highmem_start;
  const tryAbove4G = k.config.phys64 && memblock.memblock_end_of_DRAM() >= FOUR_GiB + size;
  const above4G = (end: Paddr): Paddr => {
    memblock.memblock_set_bottom_up(true);
    const found = memblock.memblock_phys_alloc_range(size, align, FOUR_GiB, end);
    memblock.memblock_set_bottom_up(false);
    return found;
  };
  let found = 0;
  let end = limit;
  if (k.config.atLeast('6.12')) {
    if (tryAbove4G) found = above4G(end);
    if (found === 0 && straddles) {
      found = memblock.memblock_phys_alloc_range(size, align, highmem_start, end);
      end = highmem_start;
    }
  } else {
    if (straddles) {
      found = memblock.memblock_phys_alloc_range(size, align, highmem_start, end);
      end = highmem_start;
    }
    if (tryAbove4G) found = above4G(end);
  }
  return found !== 0 ? found : memblock.memblock_phys_alloc_range(size, align, base, end);
}

/** Every declared area starts to work, or is given to the page allocator. A core_initcall. */
export function cma_init_reserved_areas(k: Kernel): void {
  for (const area of k.cma.areas) cma_activate_area(k, area);
}

/** Linux: mm/cma.c, cma_activate_area() (v6.12), which asks page by page for the zone; zones are ranges. */
function cma_activate_area(k: Kernel, area: CmaArea): void {
  requireUsable(k, area);
  const end = area.base_pfn + area.count;
  if (zone_of_pfn(k, area.base_pfn) !== zone_of_pfn(k, end - 1)) {
    for (const zone of k.pages.zones) {
      const zoneEnd = zone.zone_start_pfn + zone.spanned_pages;
      free_reserved_pages(k, Math.max(area.base_pfn, zone.zone_start_pfn), Math.min(end, zoneEnd));
    }
    area.count = 0;
    k.log.pr_err(`cma: CMA area ${area.name} could not be activated`);
    return;
  }
  for (let pfn = area.base_pfn; pfn < end; pfn += pageblock_nr_pages(k)) init_cma_reserved_pageblock(k, pfn);
  area.bitmap = new Bitmap(cma_bitmap_maxno(area));
}

/**
 * Refuses an area of which a real kernel dies, sooner or later.
 * Differs: where an area leaves memory, Linux warns once (`!pfn_valid(pfn)`) and goes on to read and write page
 * structures that do not exist: what follows depends on what lies behind the memory map. Pages that the page
 * allocator has already, because of a region over this one, go onto its lists a second time.
 */
function requireUsable(k: Kernel, area: CmaArea): void {
  const { base, size } = area;
  const range = `${hex(base)}-${hex(base + size)}`;
  const node = k.reserved.regions.find(({ cma }) => cma === area)?.node;
  const where = {
    position: node?.properties.get('reg')?.position ?? { file: k.board.tree.file },
    ...(node && { path: node.path }),
  };
  if (!hasPages(k, area)) {
    const known = k.memblock.memory.map(({ start, end }) => `${hex(start)}-${hex(end)}`).join(', ');
    const message = `the contiguous area ${range} is not all memory (memory: ${known})`;
    const advice = 'give the memory that the tree was written for (--memory, mem=), or take the region out';
    inputError('area-not-memory', message, {
      ...where,
      notes: ['Linux does not check, and works on page structures that do not exist', advice],
    });
  }
  if (holdsKernel(k, { start: base, end: base + size })) {
    inputError('kernel-panic', `the contiguous area ${range} holds the kernel itself`, where);
  }
  if (!areReservedPages(k, area.base_pfn, area.base_pfn + area.count)) {
    const message = `pages of the contiguous area ${range} are free already, or in another area`;
    inputError('kernel-panic', message, {
      ...where,
      notes: ['Linux does not check, and puts them onto its free lists twice'],
    });
  }
}

/**
 * Has every page of the area a page structure and RAM behind it? Structures exist for whole page blocks, up to the
 * end of memory. Linux: arch/arm/mm/init.c, pfn_valid(); mm/mm_init.c, memmap_init() (v6.12).
 */
function hasPages(k: Kernel, area: CmaArea): boolean {
  const { memblock, machine } = k;
  const block = PFN_PHYS(pageblock_nr_pages(k));
  const end = area.base + area.size;
  if (end > memblock.memblock_end_of_DRAM() || !machine.ram.contains(area.base, area.size)) return false;
  for (let at = area.base; at < end; at += block) {
    if (!memblock.memblock_overlaps_memory(at, block)) return false;
  }
  return true;
}

function cma_bitmap_maxno(area: CmaArea): number {
  return Math.floor(area.count / 2 ** area.order_per_bit);
}

/** Bits for `count` pages. */
function cma_bitmap_pages_to_bits(area: CmaArea, count: number): number {
  return Math.ceil(count / 2 ** area.order_per_bit);
}

/**
 * `count` pages whose first frame number is a multiple of 2^`align`: the first that fit, from the start of
 * the area. Null where there are none, silently if the area is missing, not active or smaller than that.
 * Linux: mm/cma.c, __cma_alloc() (v6.12).
 */
export function cma_alloc(
  k: Kernel,
  area: CmaArea | null,
  count: number,
  align: number,
  no_warn: boolean,
): Pfn | null {
  if (!area?.bitmap || area.count === 0 || count === 0) return null;
  const bits = cma_bitmap_pages_to_bits(area, count);
  const max = cma_bitmap_maxno(area);
  if (bits > max) return null;

  const perBit = 2 ** area.order_per_bit;
  const mask = align <= area.order_per_bit ? 0 : 2 ** (align - area.order_per_bit) - 1;
  const offset = (area.base_pfn % 2 ** align) / perBit;
  const bit = area.bitmap.bitmap_find_next_zero_area_off(max, 0, bits, mask, Math.floor(offset));
  if (bit + bits > max) {
    if (!no_warn) logFailure(k, area, area.bitmap, count);
    return null;
  }
  area.bitmap.bitmap_set(bit, bits);
  const pfn = area.base_pfn + bit * perBit;
  alloc_contig_range(k, pfn, pfn + count);
  return pfn;
}

/**
 * 6.12 prints the free parts of the area, 6.1 only with CONFIG_CMA_DEBUG.
 */
function logFailure(k: Kernel, area: CmaArea, bitmap: Bitmap, count: number): void {
  const isNew = k.config.atLeast('6.12');
  const caller = isNew ? '__cma_alloc' : 'cma_alloc';
  k.log.pr_err(`cma: ${caller}: ${area.name}: alloc failed, req-size: ${count} pages, ret: ${-ENOMEM}`);
  if (!isNew && !k.config.isEnabled('CMA_DEBUG')) return;
  const parts: string[] = [];
  const max = cma_bitmap_maxno(area);
  let total = 0;
  for (let start = 0; ; ) {
    const zero = bitmap.find_next_zero_bit(max, start);
    if (zero >= max) break;
    const set = bitmap.find_next_bit(max, zero);
    const pages = (set - zero) * 2 ** area.order_per_bit;
    parts.push(`${pages}@${zero}`);
    total += pages;
    start = set;
  }
  k.log.pr_info(
    `cma: number of available pages: ${parts.join('+')}=> ${total} free of ${area.count} total pages`,
  );
}

/** Gives pages back; false where they are not of this area. Linux: mm/cma.c, cma_release() (v6.12). */
export function cma_release(k: Kernel, area: CmaArea | null, pfn: Pfn, count: number): boolean {
  if (!area || pfn < area.base_pfn || pfn >= area.base_pfn + area.count) return false;
  free_contig_range(k, pfn, count);
  k.machine.observer?.pagesFreed(PFN_PHYS(pfn), PFN_PHYS(count));
  const bit = (pfn - area.base_pfn) / 2 ** area.order_per_bit;
  area.bitmap?.bitmap_clear(Math.floor(bit), cma_bitmap_pages_to_bits(area, count));
  return true;
}

/** The area that `paddr` lies in. */
export function cma_area_at(k: Kernel, paddr: Paddr): CmaArea | undefined {
  return k.cma.areas.find(({ base, size }) => paddr >= base && paddr < base + size);
}

/** Pages that are allocated. */
export function cma_used_pages(area: CmaArea): number {
  return (area.bitmap?.bitmap_weight() ?? 0) * 2 ** area.order_per_bit;
}
