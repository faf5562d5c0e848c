// SPDX-License-Identifier: GPL-2.0-only
/**
 * Streaming mappings: a driver fills a page, gives it or a part of it to its device, takes it back, with syncs in
 * between or without. With a restricted pool everything bounces, and the bounce buffer's line is watched.
 */
import type { Paddr, Vaddr } from '../../base/address.js';
import { PageHighMem, page_address } from '../../linux/arch/arm/include/asm/memory.js';
import type { device } from '../../linux/include/linux/device.js';
import { dma_to_phys } from '../../linux/include/linux/dma-direct.js';
import {
  DMA_BIDIRECTIONAL,
  DMA_FROM_DEVICE,
  DMA_MAPPING_ERROR,
  DMA_TO_DEVICE,
} from '../../linux/include/linux/dma-mapping.js';
import { __GFP_HIGHMEM, GFP_KERNEL } from '../../linux/include/linux/gfp.js';
import { PFN_PHYS } from '../../linux/include/linux/pfn.js';
import {
  dma_map_page_attrs,
  dma_sync_single_for_cpu,
  dma_sync_single_for_device,
  dma_unmap_page_attrs,
} from '../../linux/kernel/dma/streaming.js';
import { __free_pages, alloc_pages } from '../../linux/mm/page_alloc.js';
import type { Contiguous } from './kinds.js';
import { OURS, type Sequence, THEIRS } from './sequence.js';
import type { Stage } from './stage.js';

type Way = 'to-device' | 'from-device' | 'bidirectional';

const DIRECTIONS: Readonly<Record<Way, number>> = {
  'to-device': DMA_TO_DEVICE,
  'from-device': DMA_FROM_DEVICE,
  bidirectional: DMA_BIDIRECTIONAL,
};

/** A page that a driver maps for its device, or part of it. */
class StreamingPage {
  readonly stage: Stage;
  readonly dev: device;
  readonly paddr: Paddr;
  /** Of the page; a highmem page has none, and a process has it mapped. */
  readonly vaddr: Vaddr | null;
  readonly offset: number;
  readonly size: number;
  readonly direction: number;
  private readonly bounces: boolean;
  private readonly pfn: number;
  private addr = 0;

  constructor(
    stage: Stage,
    dev: device,
    pfn: number,
    { way, restricted = false }: StreamingOptions,
    offset: number,
    size: number,
  ) {
    this.bounces = restricted;
    this.stage = stage;
    this.dev = dev;
    this.pfn = pfn;
    this.paddr = PFN_PHYS(pfn);
    this.vaddr = page_address(stage.k, pfn);
    this.offset = offset;
    this.size = size;
    this.direction = DIRECTIONS[way];
  }

  /** Null, or what the kernel said. */
  map(): string | null {
    const { stage, dev, offset, size, direction } = this;
    this.addr = dma_map_page_attrs(stage.k, dev, this.pfn, offset, size, direction, 0);
    return this.addr === DMA_MAPPING_ERROR(stage.k) ? 'DMA_MAPPING_ERROR' : null;
  }

  unmap(): void {
    dma_unmap_page_attrs(this.stage.k, this.dev, this.addr, this.size, this.direction, 0);
  }

  forCpu(): void {
    dma_sync_single_for_cpu(this.stage.k, this.dev, this.addr, this.size, this.direction);
  }

  forDevice(): void {
    dma_sync_single_for_device(this.stage.k, this.dev, this.addr, this.size, this.direction);
  }

  /** What the device reaches. */
  get devicePaddr(): Paddr {
    return dma_to_phys(this.stage.k, this.dev, this.addr);
  }

  /** With a bounce buffer its line is watched, and the driver's own memory just holds values. */
  store(word: number): void {
    const { stage, vaddr, bounces, paddr } = this;
    if (bounces) stage.storeUnwatched(paddr + (word * stage.lineBytes) / 2);
    else if (vaddr !== null) stage.store(vaddr, word);
    else stage.storeByProcess(paddr, word);
  }

  load(word: number): void {
    const { stage, vaddr, bounces, paddr } = this;
    if (bounces) return;
    if (vaddr !== null) stage.load(vaddr, word);
    else stage.loadByProcess(paddr, word);
  }

  free(): void {
    __free_pages(this.stage.k, this.pfn, 0);
  }
}

export interface StreamingOptions {
  readonly way: Way;
  readonly contiguous?: Contiguous;
  readonly restricted?: boolean;
  readonly highmem?: boolean;
  /** Bytes of the line before the buffer; they belong to somebody else. */
  readonly neighbour?: boolean;
  /** Between map and unmap: with syncs, or just the device. */
  readonly syncs?: boolean;
}

/** The device's part, between two calls of the driver. */
function transfer({ stage }: StreamingPage, { way, neighbour = false }: StreamingOptions): void {
  stage.doorbell();
  if (way !== 'from-device') stage.deviceReads(neighbour ? THEIRS : OURS);
  if (way !== 'to-device') stage.deviceWrites(THEIRS);
  if (way === 'from-device' && !neighbour) stage.deviceWrites(OURS);
}

export function streaming(id: string, title: string, options: StreamingOptions): Sequence {
  const { way, contiguous = 'lowmem', restricted = false, neighbour = false, highmem = false } = options;
  return {
    id,
    title,
    contiguous,
    restricted,
    fromBoot: false,
    twoLines: false,
    run(stage, dev) {
      const { k } = stage;
      const pfn = alloc_pages(k, highmem ? GFP_KERNEL | __GFP_HIGHMEM : GFP_KERNEL, 0);
      if (pfn === null || PageHighMem(k, pfn) !== highmem) return 'no such page';
      stage.previousOwner();
      const lineBytes = stage.lineBytes;
      const offset = neighbour ? lineBytes / 2 : 0;
      const page = new StreamingPage(stage, dev, pfn, options, offset, 4 * lineBytes - offset);
      const names = neighbour ? (['the neighbour', 'the buffer'] as const) : (['word 0', 'word 1'] as const);
      if (!restricted) stage.watch(page.paddr, names);
      if (neighbour) page.store(OURS);
      if (way !== 'from-device') for (const word of neighbour ? [THEIRS] : [OURS, THEIRS]) page.store(word);
      const error = page.map();
      if (error !== null) return error;
      if (restricted) stage.watch(page.devicePaddr - offset, ['bounced word 0', 'bounced word 1']);
      transfer(page, options);
      if (options.syncs === true) {
        for (let round = 0; round < 2; round++) {
          page.forCpu();
          page.load(THEIRS);
          if (way !== 'from-device') page.store(OURS);
          page.forDevice();
          transfer(page, options);
        }
      }
      page.unmap();
      for (const word of [THEIRS, OURS]) page.load(word);
      page.free();
      stage.nextOwner();
      return null;
    },
  };
}
