// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a machine consists of, as plain data: the core, its caches, the outer cache, the fabric.
 * Facts are what manuals state about a part, not what a kernel makes of it. `cores.ts` has the cores;
 * a board combines them with its device tree and its hardware file into one MachineFacts.
 */

/** Version of the architecture as far as memory is concerned: table formats and memory types. */
export type Architecture = 4 | 5 | 6 | 7;

/**
 * How the first-level data cache is indexed and tagged, seen from software.
 * `VIPT` is one that never shows an alias (small ways, or hardware resolves them); `none`: no data cache.
 */
export type CacheIndexing = 'VIVT' | 'VIPT-aliasing' | 'VIPT' | 'PIPT' | 'none';

export interface CoreFacts {
  /** The vendor's name: `Cortex-A9`. */
  readonly name: string;
  readonly architecture: Architecture;
  /** False: a protection unit or nothing (Cortex-M). Such a core has no translation tables. */
  readonly mmu: boolean;
  /** Data side of the first-level cache. */
  readonly cache: CacheIndexing;
  /**
   * The largest data cache in bytes that shows no aliases. Absent: the size does not matter.
   * See withDataCache() in `cores.ts`.
   */
  readonly aliasFreeBytes?: number;
  /** Smallest data cache line that maintenance by address works on. */
  readonly lineBytes: number;
  /** The Large Physical Address Extension is implemented. */
  readonly longDescriptors: boolean;
  /** Multiprocessing Extensions: maintenance and TLB operations reach the other cores. */
  readonly multiprocessingExtensions: boolean;
  /** Lines of cacheable Normal memory may be filled without an access that the program makes. */
  readonly speculates: boolean;
  /** A second level that maintenance by address reaches; to software one cache together with the first. */
  readonly integratedL2: boolean;
  /** A typical Main ID Register value (revisions differ between chips). */
  readonly midr: number;
}

export type OuterCacheModel =
  | 'PL310'
  | 'L220'
  | 'L210'
  | 'Aurora'
  | 'Tauros2'
  | 'Tauros3'
  | 'Feroceon-L2'
  | 'XSC3-L2'
  | 'UniPhier';

export interface OuterCacheFacts {
  readonly model: OuterCacheModel;
  /** The compatible it was recognized by; decides between variants of one model. */
  readonly compatible: string;
  readonly sizeBytes?: number;
  /** Associativity, where the tree states it. Absent: see `cache/geometry.ts`. */
  readonly ways?: number;
  readonly lineBytes: number;
  /**
   * Maintenance by physical address is needed. False where the cache follows the cores' maintenance
   * (Tauros2 beside an ARMv7 core, Tauros3, Aurora as system cache).
   */
  readonly needsMaintenance: boolean;
  /** The tree has it never hold data that memory lacks ('wt-override', Aurora only). */
  readonly writeThrough: boolean;
  /**
   * PL310 auxiliary control bit 22, Shared Attribute Override Enable: set, the cache leaves
   * non-cacheable shareable accesses alone (DDI 0246, 2.3.2 and 3.3.4). `unknown`: neither the tree nor
   * the hardware file says; firmware's or the machine code's value counts.
   */
  readonly sharedOverride: boolean | 'unknown';
  /** The auxiliary control register as firmware leaves it, where known. */
  readonly auxiliaryControl?: number;
  /** Ports of I/O-coherent masters pass through the cache: no sync operation is needed. */
  readonly ioCoherent: boolean;
  /** The tree asks that the sync operation is never used ('arm,outer-sync-disable'). */
  readonly syncDisabled: boolean;
}

export interface MachineFacts {
  readonly core: CoreFacts;
  readonly coreCount: number;
  readonly outerCache: OuterCacheFacts | null;
  /** The interconnect snoops the caches for every DMA master; `unknown` where nobody says. */
  readonly coherentFabric: boolean | 'unknown';
  /** 32, or 40 with long descriptors. */
  readonly physicalAddressBits: number;
  /** Sizes of this chip's caches, where its tree states them. Absent: see `cache/geometry.ts`. */
  readonly dataCacheBytes?: number;
  readonly dataCacheWays?: number;
  readonly instructionCacheBytes?: number;
  /** Of a second level that the core itself brings. */
  readonly l2Bytes?: number;
}
