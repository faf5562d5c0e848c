// SPDX-License-Identifier: GPL-2.0-only
/**
 * Small machines with live caches, for tests.
 */
import { KiB, type Paddr, type Vaddr } from '../../base/address.js';
import { coreByName } from '../cores.js';
import type { CacheIndexing, MachineFacts, OuterCacheFacts } from '../facts.js';
import { Ram } from '../ram.js';
import type { CacheShape } from './geometry.js';
import { LiveCaches } from './live-caches.js';
import type { LiveOptions } from './live-options.js';

export const BASE: Paddr = 0x8000_0000;
/** Virtual address of BASE in the mapping that most tests use. */
export const VIRTUAL: Vaddr = 0xc000_0000;

export const PL310: OuterCacheFacts = {
  model: 'PL310',
  compatible: 'arm,pl310-cache',
  lineBytes: 32,
  needsMaintenance: true,
  writeThrough: false,
  sharedOverride: 'unknown',
  ioCoherent: false,
  syncDisabled: false,
};

export interface Parts {
  readonly core?: string;
  readonly coreCount?: number;
  readonly outer?: OuterCacheFacts | null;
  readonly indexing?: CacheIndexing;
  readonly options?: Partial<LiveOptions>;
}

export function factsOf({ core = 'Cortex-A9', coreCount = 1, outer = null, indexing }: Parts): MachineFacts {
  const facts = coreByName(core);
  return {
    core: indexing === undefined ? facts : { ...facts, cache: indexing },
    coreCount,
    outerCache: outer,
    coherentFabric: false,
    physicalAddressBits: 32,
  };
}

/** A set of four ways with lines of 32 bytes, unless told. */
export function tiny(shape: Partial<CacheShape> = {}): CacheShape {
  return { sets: 1, ways: 4, lineBytes: 32, replacement: 'round-robin', writeThrough: false, ...shape };
}

/** Caches that do nothing by themselves, unless told. */
export function liveMachine(parts: Parts = {}): { live: LiveCaches; ram: Ram } {
  const ram = new Ram([{ start: BASE, end: BASE + 64 * KiB }]);
  const live = new LiveCaches(factsOf(parts), ram, { seed: 1, automatic: false, ...parts.options });
  return { live, ram };
}
