// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where a buffer lies, without what the modelled kernel cannot know. Addresses in contiguous areas, in pools and in
 * a device's own memory follow from the calls and are told. Where the page allocator chose, zone and alignment are
 * told, since the page itself depends on all that ran before.
 */
import { hex, type Paddr } from '../../base/address.js';
import type { device } from '../../linux/include/linux/device.js';
import { phys_to_dma } from '../../linux/include/linux/dma-direct.js';
import { DMA_MAPPING_ERROR } from '../../linux/include/linux/dma-mapping.js';
import { get_order, PAGE_SIZE, PFN_DOWN } from '../../linux/include/linux/pfn.js';
import { is_swiotlb_buffer, is_swiotlb_for_alloc } from '../../linux/kernel/dma/swiotlb.js';
import type { Kernel } from '../../linux/kernel.js';
import { cma_area_at } from '../../linux/mm/cma.js';
import { zone_of_pfn } from '../../linux/mm/page_alloc.js';
import type { DmaLine } from './dma-lines.js';
import { othersCmaBytes, othersPoolPages } from './drivers-share.js';
import type { Recording } from './recording.js';

/** The atomic pool of one of the two kernels. */
interface PoolPlace {
  readonly start: Paddr;
  readonly end: Paddr;
}

export interface Place {
  readonly text: string;
  /** The address is told, so that a descriptor's can be, too. */
  readonly exact: boolean;
}

export class Places {
  /** Pages of the atomic pool that drivers held. */
  readonly othersPoolPages: number;
  private readonly k: Kernel;
  /** Nobody else had taken contiguous memory. */
  private readonly trustCma: boolean;
  private readonly recordedPool: PoolPlace | undefined;
  private readonly modelledPool: PoolPlace | undefined;

  constructor(k: Kernel, recording: Recording, lines: readonly DmaLine[]) {
    this.k = k;
    this.othersPoolPages = othersPoolPages(recording, lines);
    this.trustCma = othersCmaBytes(recording) === 0;
    const pool = recording.atomic_pool;
    const start = Number(pool?.pa);
    this.recordedPool = pool && { start, end: start + Number(pool.size) };
    const chunk = k.dma.atomic_pool?.chunks[0];
    const bytes = chunk && chunk.end_addr - chunk.start_addr;
    this.modelledPool = chunk && { start: chunk.phys_addr, end: chunk.phys_addr + bytes! };
  }

  recorded(dev: device, paddr: Paddr, size: number): Place {
    return this.tell(dev, paddr, size, this.recordedPool);
  }

  modelled(dev: device, paddr: Paddr, size: number): Place {
    return this.tell(dev, paddr, size, this.modelledPool);
  }

  private tell(dev: device, paddr: Paddr, size: number, pool: PoolPlace | undefined): Place {
    const { k } = this;
    if (is_swiotlb_for_alloc(dev) && is_swiotlb_buffer(dev, paddr)) {
      return { text: `restricted pool ${hex(paddr)}`, exact: true };
    }
    const pfn = PFN_DOWN(paddr);
    if (dev.dma_mem?.hasPage(pfn)) {
      return { text: `own memory ${hex(paddr)}`, exact: true };
    }
    if (pool && paddr >= pool.start && paddr < pool.end) return this.tellPool(paddr, pool);
    const area = cma_area_at(k, paddr);
    if (area) {
      const name = area === k.cma.dma_contiguous_default_area ? 'cma' : `cma ${area.name}`;
      return this.trustCma ? { text: `${name} ${hex(paddr)}`, exact: true } : { text: name, exact: false };
    }
    const isAligned = paddr % (PAGE_SIZE * 2 ** get_order(size)) === 0;
    const zone = zone_of_pfn(k, pfn)?.name ?? 'no zone';
    return { text: `${zone} ${isAligned ? 'aligned' : 'unaligned'}`, exact: false };
  }

  private tellPool(paddr: Paddr, pool: PoolPlace): Place {
    if (this.othersPoolPages > 0) return { text: 'atomic pool', exact: false };
    if (cma_area_at(this.k, pool.start)) return { text: `atomic pool ${hex(paddr)}`, exact: true };
    return { text: `atomic pool +${hex(paddr - pool.start)}`, exact: false };
  }
}

/** Is the handle the one that leads to `paddr`? Where the bus reaches nothing that is DMA_MAPPING_ERROR. */
export function handleText(k: Kernel, dev: device, handle: number, paddr: Paddr): string {
  const expected = phys_to_dma(k, dev, paddr);
  if (handle !== expected) return `dma ${hex(handle)} instead of ${hex(expected)}`;
  return expected === DMA_MAPPING_ERROR(k) ? 'dma error' : 'dma ok';
}
