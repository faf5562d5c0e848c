// SPDX-License-Identifier: GPL-2.0-only
/**
 * The reference half: which memory is whose, what it must hold, and what the kernel must answer next. It learns
 * addresses from the kernel only where a page allocator with history chose them.
 */

import { PageHighMem } from '../../src/linux/arch/arm/include/asm/memory.js';
import type { vm_area_struct } from '../../src/linux/include/linux/mm_types.js';
import type { DmaBuffer } from '../../src/linux/kernel/dma/mapping.js';
import type { GenPool, GenPoolChunk } from '../../src/linux/lib/genalloc.js';
import type { CmaArea } from '../../src/linux/mm/cma.js';
import type { DmaPoolBlock, dma_pool } from '../../src/linux/mm/dmapool.js';
import { Pages, Ranges, Slots } from './allocators.js';
import type { Bytes } from './bytes.js';
import { type DeviceName, LIMIT_BYTES, OFFSET_START, RAM } from './machines.js';
import {
  type Ask,
  BOUNCED_AND_INVALIDATED,
  type KnownFact,
  knownFact,
  type Origin,
  originOf,
  type Place,
  type Setup,
} from './rules.js';
import type { Stream } from './stream.js';
import type { System } from './system.js';

export const PAGE = 4096;

/** Where memory was taken from, so that it can be given back. */
export interface Taken {
  readonly paddr: number;
  readonly pages: number;
  /** Null: the page allocator, or slots. */
  readonly from: Pages | null;
  readonly slots: boolean;
  readonly origin: Origin;
}

/** What the kernel must answer. `paddr` null: the page allocator's choice. */
export type Expected =
  | { readonly fails: true }
  | ({ readonly fails: false } & Omit<Taken, 'paddr' | 'pages'> & {
        readonly paddr: number | null;
        /** The page allocator may have nothing that the device reaches. */
        readonly mayFail: boolean;
      });

export interface Coherent {
  readonly ask: Ask;
  readonly size: number;
  readonly attrs: number;
  readonly buffer: DmaBuffer;
  readonly taken: Taken;
  readonly fact: KnownFact | null;
  readonly bytes: Bytes;
  /** False: a known fact may change what it holds. */
  readonly trusted: boolean;
  user: vm_area_struct | null;
}

/** What all sequences of a kind came to. */
export interface Tally {
  sequences: number;
  live: number;
  commands: number;
  /** Findings that a known fact explains. */
  readonly facts: Map<string, number>;
}

export interface Block {
  readonly block: DmaPoolBlock;
  readonly bytes: Bytes;
}

export interface SmallPool {
  readonly ask: Ask;
  readonly pool: dma_pool;
  readonly blocks: Block[];
  /** Pages that it has, with what is known of each. */
  readonly pages: { readonly taken: Taken; readonly fact: KnownFact | null }[];
}

const bit = (area: CmaArea) => (page: number) => area.bitmap!.test_bit(page);

export class Reference {
  readonly setup: Setup;
  readonly contiguous: Pages;
  readonly ownArea: Pages;
  readonly ownPool: Pages;
  readonly slots: Slots | null;
  /** Physical memory of owners, and addresses of coherent buffers. */
  readonly ranges: Ranges = new Ranges();
  readonly addresses: Ranges = new Ranges();
  readonly coherent: Coherent[] = [];
  readonly streams: Stream[] = [];
  readonly small: SmallPool[] = [];
  /** Memory that was freed by this command, and chunks of pools: with what is known of them. */
  private readonly loose: { start: number; end: number; fact: KnownFact | null }[] = [];
  private readonly ofPools: { start: number; end: number; fact: KnownFact | null }[] = [];
  /** Chunks of pools in the order in which they serve: of the kernel's pool, then of the one for small masks. */
  private pools: Pages[][] = [];
  private armPool: Pages[][] = [];
  private readonly known = new Map<unknown, Pages>();
  readonly tally: Tally;

  constructor(setup: Setup, system: System, tally: Tally) {
    this.setup = setup;
    this.tally = tally;
    const area = system.k.cma.dma_contiguous_default_area!;
    const own = system.dev('area').cma_area!;
    this.contiguous = new Pages(area.base_pfn, area.count, bit(area));
    this.ownArea = new Pages(own.base_pfn, own.count, bit(own));
    const pool = system.dev('pool').dma_mem!;
    this.ownPool = new Pages(pool.pfn_base, pool.size);
    const slots = setup.kind.restricted ? system.dev('restricted').dma_io_tlb_mem! : null;
    this.slots = slots && new Slots(slots.start, slots.nslabs * 2048, setup.version === '6.12');
    this.learnPools(system, true);
  }

  /** Does the device reach [paddr, paddr + size)? */
  reaches(dev: DeviceName, paddr: number, size: number): boolean {
    return dev !== 'limit' || (paddr >= RAM && paddr + size <= RAM + LIMIT_BYTES);
  }

  handleOf(dev: DeviceName, paddr: number): number {
    return dev === 'offset' ? paddr - RAM + OFFSET_START : paddr;
  }

  /**
   * What an allocation of `pages` pages must come to. `lowmem`: of cached memory, for which all designs go the same way
   * and highmem will not do. Slots are taken at once.
   */
  expect(system: System, ask: Ask, pages: number, lowmem = false): Expected {
    const cached: Origin = ask.dev === 'restricted' ? 'slots' : 'generic';
    const origin = lowmem ? cached : originOf(this.setup, ask);
    if (origin === 'nowhere') return { fails: true };
    if (origin === 'slots') return this.expectSlots(pages);
    if (origin === 'own pool') return this.fromPages(origin, this.ownPool, this.ownPool.findBlock(pages));
    const area = ask.dev === 'area' ? this.ownArea : this.contiguous;
    if (origin === 'contiguous') return this.fromPages(origin, area, area.findContiguous(pages));
    if (origin === 'arm pool' || origin === 'generic pools') return this.expectPool(origin, ask.dev, pages);
    if (ask.blocking && (pages > 1 || ask.dev === 'area')) {
      const pfn = area.findContiguous(pages);
      const usable =
        pfn !== null &&
        this.reaches(ask.dev, pfn * PAGE, pages * PAGE) &&
        !(lowmem && PageHighMem(system.k, pfn));
      if (usable) return this.fromPages(origin, area, pfn);
    }
    return { fails: false, origin, from: null, slots: false, paddr: null, mayFail: ask.dev === 'limit' };
  }

  private fromPages(origin: Origin, from: Pages, pfn: number | null): Expected {
    if (pfn === null) return { fails: true };
    return { fails: false, origin, from, slots: false, paddr: pfn * PAGE, mayFail: false };
  }

  private expectSlots(pages: number): Expected {
    const paddr = this.slots!.takePages(pages * PAGE);
    if (paddr === null) return { fails: true };
    return { fails: false, origin: 'slots', from: null, slots: true, paddr, mayFail: false };
  }

  private expectPool(origin: Origin, dev: DeviceName, pages: number): Expected {
    for (const chunks of origin === 'arm pool' ? this.armPool : this.pools) {
      for (const chunk of chunks) {
        const pfn = chunk.findInPool(pages);
        if (pfn === null) continue;
        if (origin === 'arm pool' || this.reaches(dev, pfn * PAGE, pages * PAGE)) {
          return this.fromPages(origin, chunk, pfn);
        }
        break;
      }
    }
    return { fails: true };
  }

  /** Notes what was allocated. */
  take(expected: Expected & { fails: false }, paddr: number, pages: number): Taken {
    const { from, slots, origin } = expected;
    if (from !== null) from.take(paddr / PAGE, pages);
    if (origin === 'own pool')
      this.roundUp(pages, (more, count) => this.ownPool.take(paddr / PAGE + more, count));
    if (this.isOwner(origin)) this.ranges.add(paddr, paddr + pages * PAGE);
    return { paddr, pages, from, slots, origin };
  }

  give({ paddr, pages, from, slots, origin }: Taken): void {
    from?.give(paddr / PAGE, pages);
    if (origin === 'own pool')
      this.roundUp(pages, (more, count) => this.ownPool.give(paddr / PAGE + more, count));
    if (slots) this.slots!.give(paddr, pages * PAGE);
    if (this.isOwner(origin)) this.ranges.remove(paddr);
  }

  /** A device's own pool keeps whole powers of two. */
  private roundUp(pages: number, use: (from: number, count: number) => void): void {
    let power = 1;
    while (power < pages) power *= 2;
    if (power > pages) use(pages, power - pages);
  }

  /** Memory inside a pool is told apart by the pool. */
  private isOwner(origin: Origin): boolean {
    return origin !== 'arm pool' && origin !== 'generic pools';
  }

  placeOf(system: System, ask: Ask, taken: Taken, vaddr: number | null): Place {
    const { k } = system;
    const highmem = PageHighMem(k, taken.paddr / PAGE);
    const direct = taken.paddr - RAM + k.memory.PAGE_OFFSET;
    const contiguous = taken.from !== null;
    return { origin: taken.origin, ask, contiguous, highmem, inPlace: vaddr === direct && !highmem };
  }

  /** Could memory that is asked for so be subject to a known fact, wherever it comes from? */
  mayHaveFact(ask: Ask): boolean {
    const origin = originOf(this.setup, ask);
    return [true, false].some(
      inPlace => knownFact(this.setup, { origin, ask, contiguous: true, highmem: false, inPlace }) !== null,
    );
  }

  factOf(system: System, ask: Ask, taken: Taken, vaddr: number | null): KnownFact | null {
    return knownFact(this.setup, this.placeOf(system, ask, taken, vaddr));
  }

  /** Reads which memory the kernel's pools have by now. New chunks must not be anybody's. */
  learnPools({ k }: System, atBoot = false): void {
    const { atomic_pool, atomic_pool_kernel, atomic_pool_dma } = k.dma;
    const chunksOf = (origin: Origin, pool: GenPool | null): Pages[] =>
      (pool?.chunks ?? []).map(chunk => this.known.get(chunk) ?? this.learnChunk(origin, chunk, atBoot));
    this.armPool = [chunksOf('arm pool', atomic_pool)];
    this.pools = [atomic_pool_kernel, atomic_pool_dma].map(pool => chunksOf('generic pools', pool));
  }

  private learnChunk(origin: Origin, chunk: GenPoolChunk, atBoot: boolean): Pages {
    const start = chunk.phys_addr;
    const pages = (chunk.end_addr - chunk.start_addr) / PAGE;
    // The bitmap as boot left it has the first chunks in it.
    if (!atBoot && this.contiguous.holds(start / PAGE)) this.contiguous.take(start / PAGE, pages);
    this.ranges.add(start, start + pages * PAGE);
    const added = new Pages(start / PAGE, pages);
    this.known.set(chunk, added);
    const ask: Ask = { dev: 'plain', blocking: false, unmapped: false };
    const fact = knownFact(this.setup, { origin, ask, contiguous: true, highmem: false, inPlace: false });
    this.ofPools.push({ start, end: start + pages * PAGE, fact });
    return added;
  }

  /** Pages of pools that somebody has. */
  get poolsInUse(): number {
    return [...this.armPool, ...this.pools].flat().reduce((sum, chunk) => sum + chunk.inUse, 0);
  }

  /** Memory that is on its way out: findings of this command about it may still be known facts. */
  leaving({ taken, fact }: { readonly taken: Taken; readonly fact: KnownFact | null }): void {
    const { paddr, pages } = taken;
    this.loose.push({ start: paddr, end: paddr + pages * PAGE, fact });
  }

  commandDone(): void {
    this.loose.length = 0;
  }

  /** The known facts about the memory at `paddr`. */
  *factsAt(paddr: number): Generator<KnownFact> {
    const holds = ({ paddr: start, pages }: Taken): boolean => paddr >= start && paddr < start + pages * PAGE;
    for (const { taken, fact } of this.coherent) if (fact !== null && holds(taken)) yield fact;
    for (const { pages } of this.small) {
      for (const { taken, fact } of pages) if (fact !== null && holds(taken)) yield fact;
    }
    if (this.slots?.holds(paddr)) yield BOUNCED_AND_INVALIDATED;
    for (const { start, end, fact } of [...this.loose, ...this.ofPools]) {
      if (fact !== null && paddr >= start && paddr < end) yield fact;
    }
  }
}
