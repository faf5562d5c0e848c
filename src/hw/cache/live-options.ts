// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the live caches are told when they are made, and the values that they hand to an explorer: mappings
 * that a core may use on its own, single things that the hardware may do, saved states.
 */
import type { Paddr, Range, Vaddr } from '../../base/address.js';
import type { Random } from '../../base/random.js';
import type { MemoryType } from '../mmu/memory-type.js';
import type { Geometry } from './geometry.js';
import type { LiveCaches } from './live-caches.js';

/** A cacheable mapping of one line that a core can use: any address inside the line. */
export interface Candidate {
  readonly cpu: number;
  readonly vaddr: Vaddr;
  readonly paddr: Paddr;
  readonly type: MemoryType;
}

export interface SpeculationSource {
  /** A cacheable mapping that a core may use speculatively; null: none now. */
  pick(random: Random, live: LiveCaches): Candidate | null;
}

export interface LiveOptions {
  readonly seed: number;
  /** Other shapes for caches that the machine has; null takes one away. */
  readonly geometry?: Partial<Geometry>;
  /** Chance from 0 to 1 that the hardware does something by itself at an access. */
  readonly speculation?: number;
  /** False: the hardware does nothing by itself, and all of its choices are fixed ones. Default true. */
  readonly automatic?: boolean;
  /** Absent: lines that were missed recently, through the mapping that missed them. */
  readonly candidates?: SpeculationSource;
  /** Memory that belongs to saved states and snapshots, all of it in banks. */
  readonly watched?: readonly Range[];
}

export type StepKind = 'evict' | 'fill' | 'drain' | 'maintain';

/** One thing that the hardware could do in the state it was listed for. */
export interface Step {
  readonly kind: StepKind;
  /** What happens, in words. */
  readonly text: string;
}
