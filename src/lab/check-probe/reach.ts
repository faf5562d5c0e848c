// SPDX-License-Identifier: GPL-2.0-only
/**
 * Calls whose outcome hangs on where the page allocator happened to find memory: those of a device that does not reach
 * all memory, about pages that the page allocator chose. Real kernels answer two such calls in a row differently. They
 * are compared like all others, but counted by themselves.
 */
import type { Kernel } from '../../linux/kernel.js';
import type { ProbeRecord } from '../../workloads/probe/record.js';
import type { Pair } from './align.js';
import type { Places } from './places.js';

function numberOf(text: unknown): number {
  return Number.parseInt(String(text), 16);
}

/** By what the record `device` says of masks, limit and range: does every page of memory have a usable handle? */
function reachesAllMemory(k: Kernel, { cmask, bus_limit, range }: ProbeRecord): boolean {
  const limits = [cmask, bus_limit].map(numberOf).filter(limit => limit > 0);
  const highest = Math.min(...limits);
  const [cpuStart = 0, dmaStart = 0, size = Number.POSITIVE_INFINITY] = ((range ?? []) as string[]).map(
    numberOf,
  );
  return k.memblock.for_each_mem_range().every(({ start, end }) => {
    const isInRange = start >= cpuStart && end <= cpuStart + size;
    return isInRange && end - 1 - cpuStart + dmaStart <= highest;
  });
}

/** The records that tell of what a call before them did. */
const FOLLOWERS: ReadonlySet<string> = new Set([
  ...['alloc_mnt', 'free', 'free_pages', 'free_noncoherent'],
  ...['sync_cpu', 'sync_dev', 'unmap_single', 'unmap_page', 'sync_sg_cpu', 'unmap_sg'],
]);

/** Calls that map memory which the script itself got from the page allocator. */
const STREAMING: ReadonlySet<string> = new Set(['map_single', 'map_page', 'map_sg']);

export class Reach {
  private readonly places: Places;
  private readonly short: ReadonlySet<string>;
  private readonly bouncing: ReadonlySet<string>;
  private readonly last: Map<string, boolean> = new Map();

  constructor(k: Kernel, places: Places, recorded: readonly ProbeRecord[]) {
    this.places = places;
    const devices = recorded.filter(({ op }) => op === 'device');
    const direct = devices.filter(({ ops }) => ops !== 'iommu_ops');
    this.short = new Set(direct.filter(record => !reachesAllMemory(k, record)).map(({ dev }) => dev));
    const bounces = ({ io_tlb }: ProbeRecord) => ((io_tlb ?? []) as unknown[])[2] === 1;
    this.bouncing = new Set(devices.filter(bounces).map(({ dev }) => dev));
  }

  /** Does the pair's outcome hang on a place? To be asked of all pairs, in order. */
  hangsOnPlace({ recorded, modelled }: Pair): boolean {
    const { dev, op } = recorded;
    if (!this.short.has(dev)) return false;
    if (FOLLOWERS.has(op)) return this.last.get(dev) ?? false;
    const hangs = STREAMING.has(op)
      ? !this.bouncing.has(dev)
      : this.isChosen(recorded) || (modelled !== null && this.isChosen(modelled));
    this.last.set(dev, hangs);
    return hangs;
  }

  /** Did the page allocator choose the memory of this call? */
  private isChosen({ src, phys, sgphys }: ProbeRecord): boolean {
    if (src !== undefined && src !== null) return src === 'buddy' || src === 'badphys';
    const place = phys ?? sgphys;
    return place !== undefined && place !== null && !this.places.isReserved(numberOf(place));
  }
}
