// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a cache decides for itself: which line of a full set makes room, and whether a write that misses
 * allocates. Manuals leave much of both open, and no software may rely on either.
 * Arm's caches take victims round-robin or pseudo-randomly (a bit in SCTLR or in the outer cache's auxiliary
 * control register selects, where there is a choice). Model: caches with LRU count as round-robin.
 */
import type { Random } from '../../base/random.js';

/**
 * `lowest-address` is nobody's hardware: it needs no memory of what happened before, so that a cache's state
 * is its lines and nothing else. For exhaustive exploration, where any line may be evicted at any time anyway.
 */
export type Replacement = 'round-robin' | 'pseudo-random' | 'lowest-address';

/** Chooses a way of a set all of whose `ways` ways are valid. */
export class Victims {
  readonly policy: Replacement;
  /** Round-robin: the way that goes next, by set. */
  readonly next: Uint8Array;
  private readonly ways: number;
  private readonly random: Random;

  constructor(policy: Replacement, sets: number, ways: number, random: Random) {
    this.policy = policy;
    this.ways = ways;
    this.random = random;
    this.next = new Uint8Array(policy === 'round-robin' ? sets : 0);
  }

  /** `tags`: of the whole cache, those of the set from index `first` on. */
  choose(set: number, tags: Float64Array, first: number): number {
    switch (this.policy) {
      case 'round-robin': {
        const way = this.next[set]!;
        this.next[set] = (way + 1) % this.ways;
        return way;
      }
      case 'pseudo-random':
        return this.random.below(this.ways);
      case 'lowest-address': {
        let lowest = 0;
        for (let way = 1; way < this.ways; way++) {
          if (tags[first + way]! < tags[first + lowest]!) lowest = way;
        }
        return lowest;
      }
    }
  }
}

/** Levels below the first that a written-back line can allocate in, as bits of a set. */
export const ALLOCATE_L2 = 1;
export const ALLOCATE_OUTER = 2;

/**
 * Whether data written to a level that does not have the line allocates it there. With chance: half of the
 * time. Without: the L2 always, the outer cache where the memory type says write-allocate; an explorer
 * forces the other outcomes one by one.
 */
export class Allocation {
  /** ALLOCATE_…, or-ed; null: not forced. */
  forced: number | null = null;
  private readonly random: Random | null;

  constructor(random: Random | null) {
    this.random = random;
  }

  inL2(): boolean {
    if (this.forced !== null) return (this.forced & ALLOCATE_L2) !== 0;
    return this.random === null || this.random.chance(0.5);
  }

  inOuter(writeAllocate: boolean): boolean {
    if (this.forced !== null) return (this.forced & ALLOCATE_OUTER) !== 0;
    return this.random === null ? writeAllocate : this.random.chance(0.5);
  }
}
