// SPDX-License-Identifier: GPL-2.0-only
/**
 * What each family of cores does for the kernel's cache functions, as data. Linux: arch/arm/mm/cache-*.S and
 * proc-*.S (v6.12), struct cpu_cache_fns of arch/arm/include/asm/cacheflush.h. `cache.ts` carries it out.
 * Model: a loop that cleans and then invalidates each line (SA-11x0, XScale) counts as one clean-and-invalidate:
 * an interrupt's store between the two, which it would lose, is not shown. Draining the write buffer is the
 * `dsb` that ARMv6 made of it.
 * Left out: lockdown and mini caches; CPU_DCACHE_DISABLE; B15's read-ahead cache, which follows the core.
 */
import { KiB } from '../../../../base/address.js';
import type { InnerOperation } from '../../../../hw/observer.js';
import { PAGE_SIZE } from '../../../include/linux/pfn.js';
import type { Invalidation } from './cache-lines.js';

/** One of the functions that take a range. */
export interface RangeFunction {
  /** Null: the caches need nothing. */
  readonly operation: InnerOperation | null;
  /** Waits for its completion. */
  readonly drains: boolean;
  /** Forgets all of the instruction cache, too. `last`: after the wait, and nothing waits for it. */
  readonly icache?: boolean | 'last';
  /** Works on the whole cache, whatever the range. */
  readonly whole?: boolean;
}

/** User addresses: from `limit` bytes on the whole cache. Nothing is waited for unless code is concerned. */
export interface UserRange {
  readonly operation: InnerOperation;
  readonly limit: number;
  /** The whole cache is waited for in any case. */
  readonly wholeDrains?: boolean;
  /** For executable pages, afterwards. */
  readonly exec: { readonly icache: boolean; readonly drains: boolean };
}

export type DmaFunction = 'inv' | 'clean' | 'flush' | 'none';

export interface CacheFamily {
  /** Prefix of its functions in the kernel. */
  readonly name: string;
  /** Null: what the Cache Type Register says. */
  readonly lineBytes: number | null;
  /** flush_kern_cache_all(). */
  readonly all: RangeFunction;
  /** flush_user_cache_range(). Null: nothing. */
  readonly user: UserRange | null;
  /** flush_kern_dcache_area(). `bytes`: so many, whatever it is asked for. */
  readonly area: RangeFunction & { readonly alignsStart: boolean; readonly bytes?: number };
  readonly inv: Invalidation & { readonly drains: boolean };
  readonly clean: RangeFunction;
  readonly flush: RangeFunction;
  /** By enum dma_data_direction: bidirectional, to and from the device. */
  readonly map: readonly [DmaFunction, DmaFunction, DmaFunction];
  /** For data that comes from the device. */
  readonly unmap: DmaFunction;
}

const NOTHING: RangeFunction = { operation: null, drains: false };
const CLEAN: RangeFunction = { operation: 'clean', drains: true };
const FLUSH: RangeFunction = { operation: 'clean-invalidate', drains: true };
const CODE = { icache: true, drains: true } as const;
const FLUSH_WITH_ICACHE: RangeFunction = { ...FLUSH, icache: true };

/** Partial lines are cleaned and then invalidated with the others: neighbours' stores in between are lost. */
const CLEAN_EDGES = {
  first: 'clean',
  last: 'clean',
  skipsFirst: false,
  skipsLast: false,
  atLeastOne: true,
  drains: true,
} as const;
const NO_EDGES = { ...CLEAN_EDGES, first: null, last: null } as const;

/** Nothing fills a cache while a device owns the memory: all work is done before. */
const BEFORE = { map: ['flush', 'clean', 'inv'], unmap: 'none' } as const;
/** Lines may be filled at any time: invalidated again afterwards. */
const BEFORE_AND_AFTER = { map: ['clean', 'clean', 'inv'], unmap: 'inv' } as const;

/** cache-v7.S; cache-v7m.S alike. */
export const v7: CacheFamily = {
  name: 'v7',
  lineBytes: null,
  all: { ...FLUSH, icache: 'last' },
  user: null,
  area: { ...FLUSH, alignsStart: true },
  inv: {
    first: 'clean-invalidate',
    last: 'clean-invalidate',
    skipsFirst: true,
    skipsLast: true,
    atLeastOne: false,
    drains: true,
  },
  clean: CLEAN,
  flush: FLUSH,
  ...BEFORE_AND_AFTER,
};

/** cache-v6.S. Its flush of everything does not wait. */
export const v6: CacheFamily = {
  name: 'v6',
  lineBytes: 32,
  all: { operation: 'clean-invalidate', drains: false, icache: true },
  user: null,
  area: { ...FLUSH, alignsStart: true },
  inv: { ...CLEAN_EDGES, last: 'clean-invalidate', skipsLast: true },
  clean: CLEAN,
  flush: FLUSH,
  ...BEFORE_AND_AFTER,
};

/**
 * cache-v6.S (v6.1) with DMA_CACHE_RWFO, for ARM11 MPCore, whose maintenance is not broadcast.
 * Model: the accesses that fetch each line from the other cores first are left out.
 */
export const v6Rwfo: CacheFamily = { ...v6, ...BEFORE };

/** cache-v4wb.S: SA-110 and SA-11x0. Everything is flushed by reading other memory. */
export const v4wb: CacheFamily = {
  name: 'v4wb',
  lineBytes: 32,
  all: FLUSH_WITH_ICACHE,
  user: { operation: 'clean-invalidate', limit: 64 * KiB, wholeDrains: true, exec: CODE },
  area: { ...FLUSH_WITH_ICACHE, alignsStart: true },
  inv: CLEAN_EDGES,
  clean: CLEAN,
  flush: FLUSH_WITH_ICACHE,
  ...BEFORE,
};

/** cache-v4wt.S: ARM920 and ARM922 of a kernel with CPU_DCACHE_WRITETHROUGH. Waits for nothing. */
export const v4wt: CacheFamily = {
  name: 'v4wt',
  lineBytes: 32,
  all: { operation: 'invalidate', drains: false, icache: true },
  user: { operation: 'invalidate', limit: 16 * KiB, exec: { icache: true, drains: false } },
  area: { operation: 'invalidate', drains: false, icache: true, alignsStart: true },
  inv: { ...NO_EDGES, drains: false },
  clean: NOTHING,
  flush: { operation: 'invalidate', drains: false },
  map: ['none', 'none', 'none'],
  unmap: 'inv',
};

/** cache-v4.S: ARM720T, a unified cache that is only ever forgotten as a whole. */
export const v4: CacheFamily = {
  name: 'v4',
  lineBytes: 16,
  all: { operation: 'invalidate', drains: false },
  user: { operation: 'invalidate', limit: 0, exec: { icache: false, drains: false } },
  area: { operation: 'invalidate', drains: false, whole: true, alignsStart: true },
  inv: { ...NO_EDGES, drains: false },
  clean: NOTHING,
  flush: { operation: 'invalidate', drains: false, whole: true },
  map: ['none', 'none', 'none'],
  unmap: 'flush',
};

/** cache-fa.S: FA526. Model: 16 KiB of cache; a kernel for Gemini assumes 8. */
export const fa: CacheFamily = {
  name: 'fa',
  lineBytes: 16,
  all: FLUSH_WITH_ICACHE,
  user: { operation: 'clean-invalidate', limit: 32 * KiB, exec: CODE },
  area: { ...FLUSH_WITH_ICACHE, alignsStart: false },
  inv: {
    ...CLEAN_EDGES,
    first: 'clean-invalidate',
    last: 'clean-invalidate',
    skipsLast: true,
  },
  clean: CLEAN,
  flush: FLUSH,
  ...BEFORE,
};

/** proc-arm920.S, proc-arm922.S, and with other limits most of the rest. */
function arm9(name: string, lineBytes: number, limit: number): CacheFamily {
  return {
    name,
    lineBytes,
    all: FLUSH_WITH_ICACHE,
    user: { operation: 'clean-invalidate', limit, exec: CODE },
    area: { ...FLUSH_WITH_ICACHE, alignsStart: false },
    inv: CLEAN_EDGES,
    clean: CLEAN,
    flush: FLUSH,
    ...BEFORE,
  };
}

/** proc-arm925.S and proc-arm926.S with CPU_DCACHE_WRITETHROUGH. Only a page's own flush still cleans. */
function writeThrough(family: CacheFamily): CacheFamily {
  return {
    ...family,
    all: { ...family.all, operation: 'invalidate' },
    user: family.user && { ...family.user, operation: 'invalidate' },
    inv: { ...NO_EDGES, drains: true },
    clean: { operation: null, drains: true },
    flush: { operation: 'invalidate', drains: true },
  };
}

export const arm920: CacheFamily = arm9('arm920', 32, 64 * KiB);
export const arm922: CacheFamily = arm9('arm922', 32, 8 * KiB);
export const arm925: CacheFamily = arm9('arm925', 16, 8 * KiB + 1);
export const arm926: CacheFamily = arm9('arm926', 32, 16 * KiB + 1);
export const arm925wt: CacheFamily = writeThrough(arm925);
export const arm926wt: CacheFamily = writeThrough(arm926);

/** proc-arm1020.S, proc-arm1020e.S, proc-arm1022.S, proc-arm1026.S. A page's flush leaves instructions alone. */
export const arm1020: CacheFamily = {
  ...arm9('arm1020', 32, 32 * KiB),
  area: { ...FLUSH, alignsStart: false },
};

/** proc-feroceon.S, 88FR531 (Orion). */
export const feroceon: CacheFamily = arm9('feroceon', 32, 16 * KiB + 1);

/**
 * proc-feroceon.S, 88FR131 and 88FR571 (Kirkwood), which give a range to the core in two instructions. An
 * invalidation does not wait, not even for partial lines that it cleaned; and a flush of the direct map is of
 * one page, however much it is asked for.
 */
export const feroceonRange: CacheFamily = {
  ...feroceon,
  name: 'feroceon_range',
  area: { ...FLUSH_WITH_ICACHE, alignsStart: false, bytes: PAGE_SIZE },
  inv: { ...CLEAN_EDGES, drains: false },
};

/** proc-xscale.S. */
export const xscale: CacheFamily = arm9('xscale', 32, 32 * KiB);
/** proc-xscale.S, 80200 of steppings A0 and A1: data from the device is flushed, not invalidated. */
export const xscale80200: CacheFamily = {
  ...xscale,
  name: 'xscale_80200_A0_A1',
  map: ['flush', 'clean', 'flush'],
};
/** proc-xsc3.S. */
export const xsc3: CacheFamily = arm9('xsc3', 32, 32 * KiB);

/**
 * proc-mohawk.S: PJ1. What is to drain the write buffer after a flush of everything is encoded as c7, c10, 0
 * instead of c7, c10, 4 there, so that it does not wait.
 */
export const mohawk: CacheFamily = {
  ...arm9('mohawk', 32, 32 * KiB + 1),
  all: { ...FLUSH_WITH_ICACHE, drains: false },
};

/** cache-nop.S: Cortex-M without caches. */
export const nop: CacheFamily = {
  name: 'nop',
  lineBytes: null,
  all: NOTHING,
  user: null,
  area: { ...NOTHING, alignsStart: true },
  inv: { ...NO_EDGES, drains: false },
  clean: NOTHING,
  flush: NOTHING,
  map: ['none', 'none', 'none'],
  unmap: 'none',
};
