// SPDX-License-Identifier: GPL-2.0-only
/**
 * The boot-time allocator: which physical memory there is, and which of it is taken.
 * Linux: mm/memblock.c (v6.12).
 *
 * Two sorted lists of disjoint regions; neighbours with the same flags are merged. ARM allocates from the
 * top down and keeps the lists after boot (CONFIG_ARCH_KEEP_MEMBLOCK). Flags other than NOMAP, NUMA nodes
 * and the growth of the lists' own arrays (128 entries each at first) are left out.
 * Sizes and addresses in bytes; a function that may fail returns 0 or a negative error number.
 */
import { alignDown, alignUp, type Paddr, type Range } from '../../base/address.js';
import { U32_MAX } from '../include/linux/types.js';

export interface MemblockRegion extends Range {
  /** MEMBLOCK_NOMAP: not in the direct map, never handed out. Always false in `reserved`. */
  readonly nomap: boolean;
}

/** As an upper bound: `memblock.current_limit`. */
const MEMBLOCK_ALLOC_ACCESSIBLE = 0;
/** As an upper bound: none. */
export const MEMBLOCK_ALLOC_ANYWHERE: number = Number.MAX_SAFE_INTEGER;

const PAGE_SIZE = 4096;

export class Memblock {
  memory: readonly MemblockRegion[] = [];
  reserved: readonly MemblockRegion[] = [];
  /** Allocate from the bottom up; false on ARM except where a caller changes it for a moment. */
  bottom_up = false;
  current_limit: Paddr = MEMBLOCK_ALLOC_ANYWHERE;
  /** PHYS_ADDR_MAX. */
  private readonly physAddrMax: number;
  private freeCache: readonly Range[] | null = null;

  /** `phys64`: phys_addr_t has 64 bits. */
  constructor(phys64: boolean) {
    this.physAddrMax = phys64 ? Number.MAX_SAFE_INTEGER : U32_MAX;
  }

  /**
   * End of [base, base + size) after memblock_cap_size(): a range that reaches the end of the address
   * space loses its last byte, so that its end can be written down.
   */
  private capEnd(base: Paddr, size: number): Paddr {
    return base + Math.min(size, this.physAddrMax - base);
  }

  memblock_add(base: Paddr, size: number): number {
    this.memory = addRange(this.memory, base, this.capEnd(base, size));
    return this.changed();
  }

  memblock_remove(base: Paddr, size: number): number {
    this.memory = removeRange(this.memory, base, this.capEnd(base, size));
    return this.changed();
  }

  memblock_reserve(base: Paddr, size: number): number {
    this.reserved = addRange(this.reserved, base, this.capEnd(base, size));
    return this.changed();
  }

  memblock_phys_free(base: Paddr, size: number): number {
    this.reserved = removeRange(this.reserved, base, this.capEnd(base, size));
    return this.changed();
  }

  memblock_mark_nomap(base: Paddr, size: number): number {
    return this.setNomap(base, size, true);
  }

  memblock_clear_nomap(base: Paddr, size: number): number {
    return this.setNomap(base, size, false);
  }

  private setNomap(base: Paddr, size: number, nomap: boolean): number {
    const end = this.capEnd(base, size);
    const result: MemblockRegion[] = [];
    for (const region of this.memory) {
      const from = Math.max(region.start, base);
      const to = Math.min(region.end, end);
      if (from >= to) {
        push(result, region.start, region.end, region.nomap);
        continue;
      }
      push(result, region.start, from, region.nomap);
      push(result, from, to, nomap);
      push(result, to, region.end, region.nomap);
    }
    this.memory = result;
    return this.changed();
  }

  /**
   * Drops mapped memory and reservations outside [base, base + size); NOMAP memory stays.
   * Does nothing where `size` is 0 or no memory is known.
   */
  memblock_cap_memory_range(base: Paddr, size: number): void {
    if (size === 0 || this.memory.length === 0) return;
    const end = this.capEnd(base, size);
    const kept: MemblockRegion[] = [];
    for (const region of this.memory) {
      if (region.nomap) push(kept, region.start, region.end, true);
      else push(kept, Math.max(region.start, base), Math.min(region.end, end), false);
    }
    this.memory = kept;
    this.reserved = removeRange(this.reserved, 0, base);
    this.reserved = removeRange(this.reserved, end, this.physAddrMax);
    this.changed();
  }

  /** Does the range touch memory, mapped or not? */
  memblock_overlaps_memory(base: Paddr, size: number): boolean {
    return overlaps(this.memory, base, this.capEnd(base, size));
  }

  /** Does the range touch a reservation? */
  memblock_is_region_reserved(base: Paddr, size: number): boolean {
    return overlaps(this.reserved, base, this.capEnd(base, size));
  }

  /** Does the range lie within one region of memory? */
  memblock_is_region_memory(base: Paddr, size: number): boolean {
    const region = find(this.memory, base);
    return region !== undefined && region.end >= this.capEnd(base, size);
  }

  memblock_is_memory(paddr: Paddr): boolean {
    return find(this.memory, paddr) !== undefined;
  }

  memblock_is_map_memory(paddr: Paddr): boolean {
    return find(this.memory, paddr)?.nomap === false;
  }

  memblock_is_reserved(paddr: Paddr): boolean {
    return find(this.reserved, paddr) !== undefined;
  }

  /** 0 without memory. */
  memblock_start_of_DRAM(): Paddr {
    return this.memory[0]?.start ?? 0;
  }

  /** 0 without memory. */
  memblock_end_of_DRAM(): Paddr {
    return this.memory[this.memory.length - 1]?.end ?? 0;
  }

  /** All of memory, NOMAP included. */
  memblock_phys_mem_size(): number {
    return this.memory.reduce((sum, region) => sum + region.end - region.start, 0);
  }

  memblock_set_current_limit(limit: Paddr): void {
    this.current_limit = limit;
  }

  memblock_get_current_limit(): Paddr {
    return this.current_limit;
  }

  memblock_set_bottom_up(enable: boolean): void {
    this.bottom_up = enable;
  }

  /** Mapped memory, ascending. A copy: callers may change the lists while they walk. */
  for_each_mem_range(): Range[] {
    return this.memory.filter(region => !region.nomap).map(({ start, end }) => ({ start, end }));
  }

  /** Mapped memory that is not reserved, ascending, clipped to [start, end). */
  for_each_free_mem_range(start: Paddr = 0, end: Paddr = MEMBLOCK_ALLOC_ANYWHERE): Range[] {
    const result: Range[] = [];
    for (const range of this.freeRanges()) {
      const from = Math.max(range.start, start);
      const to = Math.min(range.end, end);
      if (from < to) result.push({ start: from, end: to });
    }
    return result;
  }

  /**
   * A free block in [start, end), reserved for the caller; `end` may be one of the MEMBLOCK_ALLOC_*
   * values. Returns its address, or 0: the first page of physical memory is never handed out.
   * Linux: memblock_phys_alloc_range(), memblock_alloc_range_nid().
   */
  memblock_phys_alloc_range(size: number, align: number, start: Paddr, end: Paddr): Paddr {
    const found = this.memblock_find_in_range(start, end, size, align);
    if (found !== 0) this.memblock_reserve(found, size);
    return found;
  }

  /** A block below the current limit. */
  memblock_phys_alloc(size: number, align: number): Paddr {
    return this.memblock_phys_alloc_range(size, align, 0, MEMBLOCK_ALLOC_ACCESSIBLE);
  }

  /**
   * As memblock_phys_alloc(), for memory that the kernel is going to use through the direct map. `max`
   * bounds it further (`ARCH_LOW_ADDRESS_LIMIT` for memblock_alloc_low()).
   * Differs: returns the physical address and leaves the contents alone.
   */
  memblock_alloc(size: number, align: number, max: Paddr = this.current_limit): Paddr {
    return this.memblock_phys_alloc_range(size, align, 0, Math.min(max, this.current_limit));
  }

  /** As memblock_phys_alloc_range() without the reservation. */
  memblock_find_in_range(start: Paddr, end: Paddr, size: number, align: number): Paddr {
    const low = Math.max(start, PAGE_SIZE);
    const high = Math.max(low, end === MEMBLOCK_ALLOC_ACCESSIBLE ? this.current_limit : end);
    const ranges = this.freeRanges();
    if (this.bottom_up) {
      for (const range of ranges) {
        const from = clamp(range.start, low, high);
        const to = clamp(range.end, low, high);
        const candidate = alignUp(from, align);
        if (candidate < to && to - candidate >= size) return candidate;
      }
      return 0;
    }
    for (let index = ranges.length - 1; index >= 0; index--) {
      const from = clamp(ranges[index]!.start, low, high);
      const to = clamp(ranges[index]!.end, low, high);
      if (to < size) continue;
      const candidate = alignDown(to - size, align);
      if (candidate >= from) return candidate;
    }
    return 0;
  }

  private changed(): number {
    this.freeCache = null;
    return 0;
  }

  private freeRanges(): readonly Range[] {
    if (this.freeCache) return this.freeCache;
    const result: Range[] = [];
    let next = 0;
    for (const region of this.memory) {
      if (region.nomap) continue;
      let start = region.start;
      while (next > 0 && this.reserved[next - 1]!.end > start) next--;
      for (; next < this.reserved.length && this.reserved[next]!.start < region.end; next++) {
        const taken = this.reserved[next]!;
        if (taken.end <= start) continue;
        if (taken.start > start) result.push({ start, end: taken.start });
        start = taken.end;
      }
      if (start < region.end) result.push({ start, end: region.end });
    }
    this.freeCache = result;
    return result;
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Appends a region unless it is empty, merging it with the last one where they touch and agree. */
function push(regions: MemblockRegion[], start: Paddr, end: Paddr, nomap: boolean): void {
  if (start >= end) return;
  const last = regions[regions.length - 1];
  if (last && last.end === start && last.nomap === nomap) {
    regions[regions.length - 1] = { start: last.start, end, nomap };
  } else {
    regions.push({ start, end, nomap });
  }
}

/** The union; what is there already keeps its flags. Linux: memblock_add_range(). */
function addRange(regions: readonly MemblockRegion[], base: Paddr, end: Paddr): MemblockRegion[] {
  const result: MemblockRegion[] = [];
  let start = base;
  for (const region of regions) {
    if (start < end) push(result, start, Math.min(end, region.start), false);
    push(result, region.start, region.end, region.nomap);
    start = Math.max(start, region.end);
  }
  push(result, start, end, false);
  return result;
}

function removeRange(regions: readonly MemblockRegion[], base: Paddr, end: Paddr): MemblockRegion[] {
  if (base >= end) return [...regions];
  const result: MemblockRegion[] = [];
  for (const region of regions) {
    push(result, region.start, Math.min(region.end, base), region.nomap);
    push(result, Math.max(region.start, end), region.end, region.nomap);
  }
  return result;
}

function overlaps(regions: readonly MemblockRegion[], base: Paddr, end: Paddr): boolean {
  return regions.some(region => base < region.end && region.start < end);
}

function find(regions: readonly MemblockRegion[], paddr: Paddr): MemblockRegion | undefined {
  return regions.find(region => paddr >= region.start && paddr < region.end);
}
