// SPDX-License-Identifier: GPL-2.0-only
/**
 * What each design promises, as tables: where the memory of an allocation comes from, and which findings about it are
 * known facts of the design and no mistakes of the model. Written from docs/designs.md and the kernel's source, not
 * from the code that is tested.
 */
import type { KernelVersion } from '../../src/linux/config.js';
import type { Finding } from '../../src/sanitizer/finding.js';
import type { DeviceName, Kind } from './machines.js';

/** `generic`: contiguous memory where it is a page or more and reachable, else the page allocator. */
export type Origin =
  | 'contiguous'
  | 'arm pool'
  | 'generic pools'
  | 'generic'
  | 'own pool'
  | 'slots'
  | 'nowhere';

export interface Setup {
  readonly kind: Kind;
  readonly design: string;
  readonly version: KernelVersion;
  /** Caches hold data. */
  readonly live: boolean;
}

export interface Ask {
  readonly dev: DeviceName;
  readonly blocking: boolean;
  /** NO_KERNEL_MAPPING. */
  readonly unmapped: boolean;
  /** WRITE_COMBINE. */
  readonly combine?: boolean;
}

/** Non-coherent devices without restricted pool go to ARM's own allocator. */
export function usesArmAllocator({ design, version }: Setup): boolean {
  return design === 'legacy' || design === 'prep-fix' || (design === 'v1' && version === '6.12');
}

/** The kernel can map pages of its own choice uncached. */
function canRemap({ design }: Setup): boolean {
  return design !== 'legacy' && design !== 'prep-fix';
}

export function originOf(setup: Setup, { dev, blocking, unmapped }: Ask): Origin {
  if (dev === 'pool') return 'own pool';
  if (dev === 'restricted') return canRemap(setup) ? 'slots' : 'nowhere';
  if (unmapped || dev === 'snooping') return 'generic';
  if (usesArmAllocator(setup)) return blocking ? 'contiguous' : 'arm pool';
  return blocking ? 'generic' : 'generic pools';
}

/** Does the design promise that the device reaches its coherent memory? ARM's allocator looks at no address. */
export function promisesReach(setup: Setup, ask: Ask): boolean {
  return ask.dev !== 'limit' || ask.unmapped || !usesArmAllocator(setup);
}

/** What a coherent buffer turned out to be. */
export interface Place {
  readonly origin: Origin;
  readonly ask: Ask;
  /** Where the pages are: in a contiguous area, a pool, or the page allocator's. */
  readonly contiguous: boolean;
  readonly highmem: boolean;
  /** The address is the direct map's own. */
  readonly inPlace: boolean;
}

/** Why findings about a buffer are no mistake of the model, and which of them; null: none is expected. */
export interface KnownFact {
  readonly name: string;
  allows(finding: Finding): boolean;
}

/**
 * swiotlb_map() copies the driver's bytes into the bounce buffer whatever the direction, so that bytes that the device
 * does not write come back unchanged. For DMA_FROM_DEVICE, arch/arm then invalidates these very lines (v6.12,
 * kernel/dma/swiotlb.c, arch/arm/mm/dma-mapping.c): what comes back is what the slot held before.
 */
export const BOUNCED_AND_INVALIDATED: KnownFact = {
  name: 'an invalidate throws away what was copied into a bounce buffer',
  allows: ({ rule }) => rule === 'lost-write',
};

const NEVER_CLEANED: KnownFact = { name: 'memory is never cleaned', allows: () => true };
const STANDING_ALIAS: KnownFact = {
  name: 'a standing cacheable alias, and a PL310 that looks up',
  allows: ({ rule }) => rule === 'stale-read',
};
/** asm/barrier.h (v6.12): wmb() is nothing on these kernels, as what is coherent is neither cached nor buffered. */
const NO_BARRIERS: KnownFact = {
  name: 'write-combining memory, and a kernel for ARMv5 that has no barriers',
  allows: ({ rule }) => rule === 'missing-barrier',
};
const FILL_WINDOW: KnownFact = {
  name: 'a line filled between cleaning and remapping, and a PL310 that looks up',
  allows: ({ severity }) => severity === 'window',
};

/**
 * Known facts of a machine, wherever they are found. Where caches show aliases, new mappings and those of processes
 * begin with a flush of the whole cache, which nobody waits for: v6_flush_kern_cache_all(), and __flush_whole_cache of
 * proc-arm926.S unless the mapping is executable (v6.12). Lines that matter are clean by then.
 */
export function factOfKind({ kind }: Setup): KnownFact | null {
  if (kind.preset !== 'rpi-v6' && kind.preset !== 'multi_v5') return null;
  return {
    name: 'nobody waits for a flush of the whole cache',
    allows({ rule, access, events }) {
      if (rule !== 'unfinished-maintenance') return false;
      const isLast = events.at(-2)?.what.endsWith('of the whole inner cache') === true;
      return isLast || access.what.includes('inner=NC');
    },
  };
}

/** Does the design clean what it maps a second time, or hands out unmapped? */
function isCleaned(setup: Setup, { origin, ask, highmem }: Place): boolean {
  const { design, version } = setup;
  if (ask.dev === 'snooping' || origin === 'own pool') return true;
  if (origin === 'contiguous' || origin === 'arm pool') return true;
  if (ask.unmapped) {
    // step1 and later: dma_direct_alloc_no_mapping() prepares lowmem only.
    return !highmem && (design === 'prep-fix' || design.startsWith('step'));
  }
  // v1 adds no preparation to the generic paths; on 6.1 these are all paths.
  return design.startsWith('step') || (design === 'prep-fix' && version !== '6.12');
}

export function knownFact(setup: Setup, place: Place): KnownFact | null {
  if (!isCleaned(setup, place)) return NEVER_CLEANED;
  const { kind } = setup;
  const combines = place.origin === 'own pool' || place.ask.combine === true;
  if (kind.preset === 'multi_v5' && combines) return NO_BARRIERS;
  if (kind.looksUp !== true || place.ask.dev === 'snooping' || place.origin === 'own pool') return null;
  if (place.ask.unmapped) return null;
  return place.inPlace ? FILL_WINDOW : STANDING_ALIAS;
}
