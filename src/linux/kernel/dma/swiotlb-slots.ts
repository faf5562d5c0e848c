// SPDX-License-Identifier: GPL-2.0-only
/**
 * One pool of bounce buffers: 2 KiB slots in segments of 128, divided into areas that CPUs prefer.
 * Linux: kernel/dma/swiotlb.c, struct io_tlb_pool, swiotlb_search_pool_area(), swiotlb_release_slots() (v6.12);
 * swiotlb_do_find_slots() (v6.1). The kernel around it: `swiotlb.ts`.
 *
 * Left out: SWIOTLB_DYNAMIC (further pools), padding slots (only IOMMU code asks swiotlb_tbl_map_single() for more than
 * a slot's alignment). Model: 5.15 searches as 6.1 does.
 */
import { alignUp, low32, type Paddr } from '../../../base/address.js';
import { PAGE_SIZE } from '../../include/linux/pfn.js';

/** Slots of a segment; no buffer crosses one. */
export const IO_TLB_SEGSIZE = 128;
const IO_TLB_SHIFT = 11;
export const IO_TLB_SIZE = 2048;
/** `orig_addr` of a slot without an original. */
export const INVALID_PHYS_ADDR = -1;

/** Slots needed for `size` bytes. */
export function nr_slots(size: number): number {
  return Math.ceil(size / IO_TLB_SIZE);
}

/** What a search is for. Masks are 32-bit numbers. */
export interface SlotRequest {
  /** Bus address of the pool's start, cut to the segment boundary of the device. */
  readonly tableDmaAddr: number;
  /** Original buffer, 0 for an allocation. */
  readonly origAddr: Paddr;
  /** Bytes, alignment padding included. */
  readonly allocSize: number;
  /** Bits of the first slot's address that must be zero. */
  readonly allocAlignMask: number;
  /** Bits that the bounce address must share with the original: dma_get_min_align_mask(). */
  readonly minAlignMask: number;
  /** No buffer may cross a multiple of this plus one: dma_get_seg_boundary(). */
  readonly boundaryMask: number;
}

interface Area {
  /** Slots in use. */
  used: number;
  /** Where the next search starts, counted from the area's first slot. */
  index: number;
}

/** struct io_tlb_mem with its one pool. Without slots (`nslabs` 0) until init() is called. */
export class IoTlbMem {
  start: Paddr = 0;
  /** Exclusive. */
  end: Paddr = 0;
  nslabs = 0;
  nareas = 0;
  /** Slots of each area. */
  area_nslabs = 0;
  /** Every streaming mapping of the device is bounced. */
  force_bounce = false;
  /** Coherent memory comes from here, too: a restricted pool. */
  for_alloc = false;
  /** Most slots ever in use at once. */
  used_hiwater = 0;
  areas: readonly Area[] = [];
  /** For each slot: free slots from here to the end of the free run (0: in use), at most to the segment's end. */
  list: Uint8Array = new Uint8Array(0);
  /** For each slot in use: where its bytes come from. */
  orig_addr: Float64Array = new Float64Array(0);
  /** For each slot in use: bytes from here to the end of the buffer. */
  alloc_size: Int32Array = new Int32Array(0);
  /** Page-stride search of kernels before the alignment rework (in v6.9). */
  private strideSearch = false;

  /** Linux: swiotlb_init_io_tlb_pool(). `strideSearch`: search as 6.1 does. */
  init(start: Paddr, nslabs: number, nareas: number, strideSearch: boolean): void {
    this.start = start;
    this.end = start + nslabs * IO_TLB_SIZE;
    this.nslabs = nslabs;
    this.nareas = nareas;
    this.area_nslabs = Math.floor(nslabs / nareas);
    this.areas = Array.from({ length: nareas }, () => ({ used: 0, index: 0 }));
    this.list = new Uint8Array(nslabs);
    for (let slot = 0; slot < nslabs; slot++) {
      const toSegmentEnd = IO_TLB_SEGSIZE - (slot % IO_TLB_SEGSIZE);
      // Before 6.12 a last, short segment claimed slots that do not exist.
      this.list[slot] = strideSearch ? toSegmentEnd : Math.min(toSegmentEnd, nslabs - slot);
    }
    this.orig_addr = new Float64Array(nslabs).fill(INVALID_PHYS_ADDR);
    this.alloc_size = new Int32Array(nslabs);
    this.strideSearch = strideSearch;
  }

  /** Slots in use. */
  get used(): number {
    return this.areas.reduce((sum, area) => sum + area.used, 0);
  }

  contains(paddr: Paddr): boolean {
    return paddr >= this.start && paddr < this.end;
  }

  /** Address of a slot. */
  slotAddress(slot: number): Paddr {
    return this.start + slot * IO_TLB_SIZE;
  }

  /** First of the slots taken for `request`, or -1: all areas, beginning with that of `cpu`. */
  findSlots(cpu: number, request: SlotRequest): number {
    const first = cpu & (this.nareas - 1);
    for (let i = 0; i < this.nareas; i++) {
      const areaIndex = (first + i) % this.nareas;
      const slot = this.strideSearch
        ? this.searchByStride(areaIndex, request)
        : this.searchArea(areaIndex, request);
      if (slot >= 0) return slot;
    }
    return -1;
  }

  /** Linux: swiotlb_search_pool_area() (v6.12). */
  private searchArea(areaIndex: number, request: SlotRequest): number {
    const { allocSize, origAddr, minAlignMask } = request;
    const nslots = nr_slots(allocSize);
    const area = this.areas[areaIndex]!;
    let alignMask = request.allocAlignMask;
    if (alignMask === 0 && minAlignMask === 0 && allocSize >= PAGE_SIZE) alignMask = PAGE_SIZE - 1;
    alignMask |= IO_TLB_SIZE - 1;
    const shareMask = minAlignMask & ~alignMask;
    const stride = (Math.max(alignMask, shareMask) >>> IO_TLB_SHIFT) + 1;
    if (nslots > this.area_nslabs - area.used) return -1;

    let index = area.index;
    for (let checked = 0; checked < this.area_nslabs; ) {
      const slot = areaIndex * this.area_nslabs + index;
      const address = request.tableDmaAddr + slot * IO_TLB_SIZE;
      const aligned = bits(address, alignMask) === 0;
      if (!aligned || (origAddr !== 0 && bits(address, shareMask) !== bits(origAddr, shareMask))) {
        index = this.wrap(index + 1);
        checked++;
        continue;
      }
      if (this.fits(slot, nslots, request)) return this.take(area, slot, index, nslots, request);
      index = this.wrap(index + stride);
      checked += stride;
    }
    return -1;
  }

  /**
   * Linux: swiotlb_do_find_slots() (v6.1). Steps of whole pages from the next index that is a multiple of the
   * step: only a request of a page or more, and only relative to the start of the area, comes out aligned.
   */
  private searchByStride(areaIndex: number, request: SlotRequest): number {
    const { allocSize, origAddr } = request;
    const nslots = nr_slots(allocSize);
    const area = this.areas[areaIndex]!;
    const alignMask = request.allocAlignMask | (IO_TLB_SIZE - 1);
    const shareMask = request.minAlignMask & ~alignMask;
    let stride = (shareMask >>> IO_TLB_SHIFT) + 1;
    if (allocSize >= PAGE_SIZE) stride *= PAGE_SIZE / IO_TLB_SIZE;
    stride = Math.max(stride, (alignMask >>> IO_TLB_SHIFT) + 1);
    if (nslots > this.area_nslabs - area.used) return -1;

    const start = this.wrap(alignUp(area.index, stride));
    let index = start;
    do {
      const slot = areaIndex * this.area_nslabs + index;
      const address = request.tableDmaAddr + slot * IO_TLB_SIZE;
      if (origAddr !== 0 && bits(address, shareMask) !== bits(origAddr, shareMask)) {
        index = this.wrap(index + 1);
        continue;
      }
      if (this.fits(slot, nslots, request)) return this.take(area, slot, index, nslots, request);
      index = this.wrap(index + stride);
    } while (index !== start);
    return -1;
  }

  /** Free, and not across a segment boundary of the device. Linux: iommu_is_span_boundary(). */
  private fits(slot: number, nslots: number, request: SlotRequest): boolean {
    const maxSlots = Math.floor(request.boundaryMask / IO_TLB_SIZE) + 1;
    const position = (nr_slots(request.tableDmaAddr) + slot) % maxSlots;
    return position + nslots <= maxSlots && this.list[slot]! >= nslots;
  }

  private take(area: Area, slot: number, index: number, nslots: number, request: SlotRequest): number {
    const offset = alignOffset(request.origAddr, request.minAlignMask);
    for (let i = 0; i < nslots; i++) {
      this.list[slot + i] = 0;
      this.alloc_size[slot + i] = request.allocSize - offset - i * IO_TLB_SIZE;
    }
    this.recountBefore(slot, 0);
    area.index = this.wrap(index + nslots);
    area.used += nslots;
    this.used_hiwater = Math.max(this.used_hiwater, this.used);
    return slot;
  }

  /**
   * Frees the buffer whose address is `paddr`. `minAlignMask` as at the search.
   * Linux: swiotlb_release_slots(). A second release changes nothing; one from the middle frees the rest.
   */
  releaseSlots(paddr: Paddr, minAlignMask: number): void {
    const offset = alignOffset(paddr, minAlignMask);
    const slot = Math.floor((paddr - offset - this.start) / IO_TLB_SIZE);
    const nslots = nr_slots(this.alloc_size[slot]! + offset);
    if (nslots <= 0) return;
    const after = slot + nslots;
    let free = after < alignUp(slot + 1, IO_TLB_SEGSIZE) ? (this.list[after] ?? 0) : 0;
    for (let at = after - 1; at >= slot; at--) {
      this.list[at] = ++free;
      this.orig_addr[at] = INVALID_PHYS_ADDR;
      this.alloc_size[at] = 0;
    }
    this.recountBefore(slot, free);
    this.areas[Math.floor(slot / this.area_nslabs)]!.used -= nslots;
  }

  /** The free slots just before `slot`, in its segment, now see `free` free slots behind them. */
  private recountBefore(slot: number, free: number): void {
    let count = free;
    for (let at = slot - 1; at >= 0; at--) {
      if (at % IO_TLB_SEGSIZE === IO_TLB_SEGSIZE - 1 || this.list[at] === 0) break;
      this.list[at] = ++count;
    }
  }

  private wrap(index: number): number {
    return index >= this.area_nslabs ? 0 : index;
  }
}

/** `address` & `mask`, for an address of up to 40 bits and a 32-bit mask. */
export function bits(address: number, mask: number): number {
  return (low32(address) & mask) >>> 0;
}

/** Bytes into its first slot at which a buffer begins. Linux: swiotlb_align_offset() with a mask of 0 (v6.12). */
export function alignOffset(address: number, minAlignMask: number): number {
  return bits(address, minAlignMask & (IO_TLB_SIZE - 1));
}
