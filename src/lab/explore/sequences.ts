// SPDX-License-Identifier: GPL-2.0-only
/**
 * The sequences of Linux that are explored: for each, the calls of the DMA API, what a correct driver and its
 * device do in between, and the memory's owners before and after. `Stage` says what each of those words means.
 * Two words of one line are watched: the driver's CPU writes the first and its device the second, or one of
 * them is a neighbour that has nothing to do with the device.
 */
import type { Vaddr } from '../../base/address.js';
import { dma_to_phys } from '../../linux/include/linux/dma-direct.js';
import { DMA_ATTR_NO_KERNEL_MAPPING } from '../../linux/include/linux/dma-mapping.js';
import { GFP_ATOMIC, GFP_KERNEL } from '../../linux/include/linux/gfp.js';
import { PAGE_SIZE } from '../../linux/include/linux/pfn.js';
import { dma_alloc_attrs, dma_free_attrs } from '../../linux/kernel/dma/mapping.js';
import type { Contiguous } from './kinds.js';
import { OURS, type Sequence, THEIRS } from './sequence.js';
import type { Stage } from './stage.js';
import { streaming } from './streaming-sequences.js';

/** A driver and its device exchange data through a coherent buffer, twice. */
function exchange(stage: Stage, vaddr: Vaddr): void {
  stage.load(vaddr, OURS);
  stage.wmb();
  stage.doorbell();
  stage.deviceReads(OURS);
  for (let round = 0; round < 2; round++) {
    stage.store(vaddr, OURS);
    stage.wmb();
    stage.doorbell();
    stage.deviceReads(OURS);
    stage.deviceWrites(THEIRS);
    stage.load(vaddr, THEIRS);
    stage.load(vaddr, OURS);
  }
}

const EXCHANGE_NAMES = ["the CPU's word", "the device's word"] as const;
const RING_NAMES = ['the descriptor', 'the flag'] as const;

/** A ring: the driver hands descriptors over by a flag in the same memory, and the device polls it. */
function handOver(stage: Stage, vaddr: Vaddr): void {
  for (let round = 0; round < 2; round++) {
    stage.store(vaddr, OURS);
    stage.dmaWmb();
    stage.store(vaddr, THEIRS);
    stage.devicePolls(THEIRS, OURS);
    // By now it has seen it, and gives it back.
    stage.wmb();
    stage.deviceReads(OURS);
    stage.deviceWrites(THEIRS);
    stage.load(vaddr, THEIRS);
  }
}

interface CoherentOptions {
  readonly size?: number;
  readonly gfp?: number;
  readonly contiguous: Contiguous;
  readonly restricted?: boolean;
  readonly fromBoot?: boolean;
  readonly use?: (stage: Stage, vaddr: Vaddr) => void;
  /** The two words lie in lines of their own. */
  readonly twoLines?: boolean;
}

function coherent(id: string, title: string, options: CoherentOptions): Sequence {
  const { size = 2 * PAGE_SIZE, gfp = GFP_KERNEL, use = exchange } = options;
  const names = use === exchange ? EXCHANGE_NAMES : RING_NAMES;
  const { contiguous, restricted = false, fromBoot = false } = options;
  return {
    id,
    title,
    contiguous,
    restricted,
    fromBoot,
    twoLines: options.twoLines === true,
    run(stage, dev) {
      const { k } = stage;
      if (!fromBoot) stage.previousOwner();
      const buffer = dma_alloc_attrs(k, dev, size, gfp, 0);
      if (buffer === null) return 'NULL';
      const paddr = dma_to_phys(k, dev, buffer.dma_handle);
      if (options.twoLines === true) {
        stage.watch(paddr, ['the descriptor']);
        stage.watch(paddr + stage.lineBytes, ['the flag']);
      } else stage.watch(paddr, names);
      use(stage, buffer.cpu_addr);
      dma_free_attrs(k, dev, size, buffer, 0);
      if (!fromBoot) {
        stage.nextOwner();
        return null;
      }
      // A pool keeps its mappings: the next owner is another driver.
      const again = dma_alloc_attrs(k, dev, size, gfp, 0);
      if (again === null) return 'NULL, the second time';
      stage.store(again.cpu_addr, OURS);
      stage.wmb();
      stage.doorbell();
      stage.deviceReads(OURS);
      stage.load(again.cpu_addr, OURS);
      dma_free_attrs(k, dev, size, again, 0);
      return null;
    },
  };
}

/** The device works on the memory alone, as a video decoder on its reference frames; what it held before is nothing. */
function withoutMapping(id: string, title: string, contiguous: Contiguous): Sequence {
  const attrs = DMA_ATTR_NO_KERNEL_MAPPING;
  return {
    id,
    title,
    contiguous,
    restricted: false,
    fromBoot: false,
    twoLines: false,
    run(stage, dev) {
      const { k } = stage;
      stage.previousOwner();
      const buffer = dma_alloc_attrs(k, dev, 2 * PAGE_SIZE, GFP_KERNEL, attrs);
      if (buffer === null) return 'NULL';
      stage.watch(dma_to_phys(k, dev, buffer.dma_handle), [
        "the device's first word",
        "the device's second word",
      ]);
      for (const word of [OURS, THEIRS]) stage.deviceWrites(word);
      for (const word of [OURS, THEIRS]) stage.deviceReads(word);
      dma_free_attrs(k, dev, 2 * PAGE_SIZE, buffer, attrs);
      stage.nextOwner();
      return null;
    },
  };
}

export const sequences: readonly Sequence[] = [
  coherent('coherent-cma', 'coherent, CMA in lowmem', { contiguous: 'lowmem' }),
  coherent('coherent-cma-high', 'coherent, CMA in highmem', { contiguous: 'highmem' }),
  coherent('coherent-buddy', 'coherent, page allocator', { contiguous: 'none' }),
  coherent('coherent-atomic', 'coherent, atomic pool', {
    contiguous: 'lowmem',
    size: PAGE_SIZE,
    gfp: GFP_ATOMIC,
    fromBoot: true,
  }),
  coherent('coherent-restricted', 'coherent, restricted pool', {
    contiguous: 'lowmem',
    size: PAGE_SIZE,
    restricted: true,
  }),
  coherent('coherent-ring', 'coherent, descriptor ring in CMA in lowmem', {
    contiguous: 'lowmem',
    use: handOver,
  }),
  coherent('coherent-ring-lines', 'coherent, descriptor ring over two lines', {
    contiguous: 'lowmem',
    use: handOver,
    twoLines: true,
  }),
  withoutMapping('no-mapping', 'NO_KERNEL_MAPPING, lowmem', 'lowmem'),
  withoutMapping('no-mapping-high', 'NO_KERNEL_MAPPING, highmem', 'highmem'),
  streaming('to-device', 'map TO_DEVICE', { way: 'to-device' }),
  streaming('from-device', 'map FROM_DEVICE', { way: 'from-device' }),
  streaming('bidirectional', 'map BIDIRECTIONAL', { way: 'bidirectional' }),
  streaming('to-device-sync', 'map TO_DEVICE, sync', { way: 'to-device', syncs: true }),
  streaming('from-device-sync', 'map FROM_DEVICE, sync', { way: 'from-device', syncs: true }),
  streaming('bidirectional-sync', 'map BIDIRECTIONAL, sync', { way: 'bidirectional', syncs: true }),
  streaming('to-device-part', 'map TO_DEVICE, shared line', { way: 'to-device', neighbour: true }),
  streaming('from-device-part', 'map FROM_DEVICE, shared line', { way: 'from-device', neighbour: true }),
  streaming('bidirectional-part', 'map BIDIRECTIONAL, shared line', {
    way: 'bidirectional',
    neighbour: true,
  }),
  streaming('to-device-high', 'map TO_DEVICE, highmem', {
    way: 'to-device',
    highmem: true,
  }),
  streaming('from-device-high', 'map FROM_DEVICE, highmem', {
    way: 'from-device',
    highmem: true,
  }),
  streaming('to-device-bounce', 'map TO_DEVICE, restricted pool', { way: 'to-device', restricted: true }),
  streaming('from-device-bounce', 'map FROM_DEVICE, restricted pool', {
    way: 'from-device',
    restricted: true,
  }),
  streaming('bidirectional-bounce', 'map BIDIRECTIONAL, restricted pool', {
    way: 'bidirectional',
    restricted: true,
  }),
];
