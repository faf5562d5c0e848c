// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where the kernel's choice of memory is determined and where it is not. Contiguous areas, restricted pools and
 * memory of a device's own are served first-fit, so that the same calls get the same addresses. What the page
 * allocator gives depends on everything that ran before: of such an address only its alignment and its zone count.
 * Vmalloc addresses count by their offset in the page.
 */
import { alignDown, FOUR_GiB, type Paddr, type Vaddr } from '../../base/address.js';
import { __pa } from '../../linux/arch/arm/include/asm/memory.js';
import type { reserved_mem } from '../../linux/drivers/of/of_reserved_mem.js';
import { PAGE_SIZE, PFN_DOWN } from '../../linux/include/linux/pfn.js';
import type { Kernel } from '../../linux/kernel.js';
import { cma_area_at } from '../../linux/mm/cma.js';
import { zone_of_pfn } from '../../linux/mm/page_alloc.js';

/** Linux: arch/arm/include/asm/fixmap.h, FIXADDR_START (v6.12). */
const FIXADDR_START = 0xffc80000;

export class Places {
  private readonly k: Kernel;

  constructor(k: Kernel) {
    this.k = k;
  }

  /** Memory that is served first-fit: a contiguous area, or a reserved region. */
  isReserved(paddr: Paddr): boolean {
    const isIn = ({ base, size }: reserved_mem): boolean => paddr >= base && paddr < base + size;
    return cma_area_at(this.k, paddr) !== undefined || this.k.reserved.regions.some(isIn);
  }

  /** Does the kernel's own order of calls determine that `paddr` was chosen? Where there is no memory it does, too. */
  isDetermined(paddr: Paddr): boolean {
    const isMemory = this.k.memblock.memory.some(({ start, end }) => paddr >= start && paddr < end);
    return !isMemory || this.isReserved(paddr);
  }

  /** An address of memory, or where the page allocator chose it, its zone and its alignment up to `alignment`. */
  paddr(value: Paddr, alignment: number = PAGE_SIZE): string {
    if (this.isDetermined(value)) return value.toString(16);
    const zone = zone_of_pfn(this.k, PFN_DOWN(value))?.name ?? 'no zone';
    return `${zone} +${(value % alignment).toString(16)}`;
  }

  /** An address of the kernel: of lowmem as the memory it maps, elsewhere as kind and offset in the page. */
  vaddr(value: Vaddr, alignment: number = PAGE_SIZE): string {
    const { PAGE_OFFSET, high_memory } = this.k.memory;
    if (value >= PAGE_OFFSET && value < high_memory) {
      const paddr = __pa(this.k, value);
      return this.isDetermined(paddr) ? value.toString(16) : `lowmem ${this.paddr(paddr, alignment)}`;
    }
    const kind = value >= FIXADDR_START ? 'window' : value < PAGE_OFFSET ? 'low' : 'vmalloc';
    return `${kind} +${(value % PAGE_SIZE).toString(16)}`;
  }

  /**
   * A table entry whose frame is at `paddr`, as attribute bits and, where the frame was determined, its address.
   * `frameBytes`: what the entry maps.
   */
  entry(text: string, frameBytes: number): string {
    const value = BigInt(`0x${text}`);
    const addressBits = this.k.config.phys64 ? 40n : 32n;
    const low = BigInt.asUintN(Number(addressBits), value);
    const frame = alignDown(Number(low), frameBytes);
    const attributes = ((value >> addressBits) << addressBits) | (low - BigInt(frame));
    const place = this.isDetermined(frame) && frame < 256 * FOUR_GiB ? `${frame.toString(16)} ` : '';
    return `${place}${attributes.toString(16)}`;
  }
}
