// SPDX-License-Identifier: GPL-2.0-only
/**
 * The exact state of one cell: the bytes of one line, or of a part of it where lines are longer than 32 bytes.
 * Bit n of each mask stands for byte n. "Inner" is all that maintenance by virtual address reaches, "outer"
 * the cache behind it; without an outer cache its fields stay as they are at the start.
 *
 * What *may* be, not what is: a dirty line may have been evicted already, a line may have been filled already.
 * A check asks whether one of these may be harmful now.
 */
export class Cell {
  /** The inner caches may hold stores of this line that memory lacks: it may be written back, all of it. */
  dirtyInner = true;
  dirtyOuter = true;
  /** The line may be in the cache though no mapping could fill it now. */
  heldInner = false;
  heldOuter = false;
  /** Bytes whose newest value is in the cache (or evicted from it downwards) and not yet known to be below. */
  newInner = 0;
  newOuter = 0;
  /** Bytes of which the cache may hold an older value than the newest. */
  staleInner = 0;
  staleOuter = 0;
  /** Bytes whose newest value an invalidate may have thrown away. */
  lost = 0;
  /** Bytes stored without cache that may still be in a buffer on the way to memory. */
  pending = 0;
  /** Maintenance of this line has been asked for and not waited for. */
  unfinished = false;
  /** Some of the bytes are mapped for a device. */
  owned = false;
  /** The instruction side may hold the line, and may hold it older than the data side. */
  fetched = false;
  fetchedOld = false;
  /** Virtually indexed caches: other addresses of the page have lines of their own. */
  aliased = false;
  /** A cacheable mapping is there through which hardware may fill the line at any time. */
  mayFillInner = false;
  mayFillOuter = false;

  get mayHoldInner(): boolean {
    return this.heldInner || this.mayFillInner || this.dirtyInner;
  }

  get mayHoldOuter(): boolean {
    return this.heldOuter || this.mayFillOuter || this.dirtyOuter;
  }

  /** Bytes that a load through the caches may see too old. */
  get staleForLoads(): number {
    return (this.mayHoldInner ? this.staleInner : 0) | this.staleBelow;
  }

  /** Bytes that a fill of the inner caches may bring in too old: from the outer cache, or ahead of a buffer. */
  get staleBelow(): number {
    return (this.mayHoldOuter ? this.staleOuter : 0) | this.pending;
  }
}
