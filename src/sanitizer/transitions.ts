// SPDX-License-Identifier: GPL-2.0-only
/**
 * What an event does to a cell: the tables of the rules, one function a row. Nothing is judged here; the rules
 * (`rules/`) have looked at the cell before.
 *
 * `mask`: the bytes of the cell that the access touches. 0 is a line-mate: a cell of the same line of which
 * the access touches nothing, but which is filled, dirtied and dropped together with it.
 * Sources: ARM DDI 0406C, B2.2 (caches and their maintenance) and A3.5 (memory types); DDI 0246 (PL310).
 */
import type { Cell } from './cell.js';

export interface CacheSetup {
  /** An outer cache that maintenance by physical address reaches is in use. */
  readonly outer: boolean;
  /** It never holds data that memory lacks. */
  readonly outerWriteThrough: boolean;
  /** Inner lines exist once for each address; their mappings come and go one by one. */
  readonly aliasing: boolean;
}

/** The line comes into the caches, with whatever lies below. */
export function fill(cell: Cell, setup: CacheSetup): void {
  cell.staleInner |= cell.staleBelow;
  if (!cell.mayFillInner) cell.heldInner = true;
  if (setup.outer && !cell.mayFillOuter) cell.heldOuter = true;
}

/** A store that stays in the cache. It may be evicted from there at once. */
export function storeWriteBack(cell: Cell, mask: number, setup: CacheSetup): void {
  fill(cell, setup);
  cell.dirtyInner = true;
  cell.newInner |= mask;
  settle(cell, mask);
  if (!setup.outer) return;
  if (!setup.outerWriteThrough) {
    cell.dirtyOuter = true;
    cell.newOuter |= mask;
  }
}

/** A store that goes through the inner caches at once, to the outer cache or memory. */
export function storeWriteThrough(cell: Cell, mask: number, setup: CacheSetup): void {
  if (setup.outer && !cell.mayFillOuter) cell.heldOuter = true;
  settle(cell, mask);
  // A line that was made dirty through another mapping stays dirty, and so do its bytes.
  cell.newInner &= ~mask;
  if (setup.outer && !setup.outerWriteThrough) {
    cell.dirtyOuter = true;
    cell.newOuter |= mask;
  }
}

/** These bytes have a newest value, and both caches have it or get it. */
function settle(cell: Cell, mask: number): void {
  cell.staleInner &= ~mask;
  cell.staleOuter &= ~mask;
  cell.lost &= ~mask;
  cell.pending &= ~mask;
}

/** Somebody wrote memory behind the caches. */
export function writeMemory(cell: Cell, mask: number): void {
  if (cell.mayHoldInner) cell.staleInner |= mask;
  if (cell.mayHoldOuter) cell.staleOuter |= mask;
  cell.newInner &= ~mask;
  cell.newOuter &= ~mask;
  cell.lost &= ~mask;
  if (cell.fetched) cell.fetchedOld = true;
}

/** A non-cacheable store. `lookup`: the outer cache is updated together with memory. */
export function storeUncached(cell: Cell, mask: number, lookup: boolean, buffered: boolean): void {
  const staleOuter = cell.staleOuter;
  writeMemory(cell, mask);
  if (lookup) cell.staleOuter = staleOuter & ~mask;
  if (buffered) cell.pending |= mask;
}

/** The inner line goes down if it is dirty, and stays. */
export function cleanInner(cell: Cell, setup: CacheSetup): void {
  if (!cell.dirtyInner) return;
  cell.dirtyInner = false;
  cell.heldInner = true;
  if (setup.outer) {
    // What the line holds replaces what the outer cache had: older bytes as well as newer ones.
    cell.staleOuter = (cell.staleOuter | cell.staleInner) & ~cell.newInner;
    if (setup.outerWriteThrough) {
      cell.newOuter &= ~cell.newInner;
    } else {
      cell.dirtyOuter = true;
      cell.newOuter |= cell.newInner;
    }
  }
  cell.newInner = 0;
}

/** The inner line is forgotten, stores and all. */
export function invalidateInner(cell: Cell, setup: CacheSetup): void {
  cell.lost |= cell.newInner;
  cell.newInner = 0;
  cell.dirtyInner = false;
  dropInner(cell, setup);
}

/** In one step: nothing is lost. */
export function cleanInvalidateInner(cell: Cell, setup: CacheSetup): void {
  cleanInner(cell, setup);
  dropInner(cell, setup);
}

/**
 * The line is not there any more, unless hardware fills it again at once. Where each address has lines of its
 * own, nobody tells when one of several mappings goes: what may be filled counts as held.
 */
function dropInner(cell: Cell, setup: CacheSetup): void {
  cell.heldInner = setup.aliasing && cell.mayFillInner;
  cell.staleInner = cell.mayFillInner ? cell.staleBelow : 0;
}

/**
 * The outer line goes to memory if it is dirty. What is still dirty inside, under any address, may be evicted to
 * it again: `newInside` are the newest bytes there.
 */
export function cleanOuter(cell: Cell, dirtyInside: boolean, newInside: number): void {
  if (cell.dirtyOuter) cell.heldOuter = true;
  cell.dirtyOuter = dirtyInside;
  cell.newOuter = newInside;
}

export function invalidateOuter(cell: Cell, dirtyInside: boolean, newInside: number): void {
  cell.lost |= cell.newOuter;
  cleanInvalidateOuter(cell, dirtyInside, newInside);
}

export function cleanInvalidateOuter(cell: Cell, dirtyInside: boolean, newInside: number): void {
  cell.dirtyOuter = dirtyInside;
  cell.newOuter = newInside;
  dropOuter(cell);
}

function dropOuter(cell: Cell): void {
  cell.heldOuter = false;
  cell.staleOuter = 0;
}

/** What the bytes hold matters to nobody any more. That a line is dirty still matters: it can be written back. */
export function forget(cell: Cell): void {
  cell.newInner = 0;
  cell.newOuter = 0;
  cell.staleInner = 0;
  cell.staleOuter = 0;
  cell.lost = 0;
}

/** The lines of a write through a snooping port, inside the outer cache or memory. See `hw/dma/master.ts`. */
export function writeThroughPort(
  cell: Cell,
  mask: number,
  port: 'acp' | 'ace-lite' | 'l2',
  setup: CacheSetup,
): void {
  if (cell.fetched && mask !== 0) cell.fetchedOld = true;
  if (port === 'l2') {
    fill(cell, setup);
    cell.heldInner = true;
    cell.dirtyInner = true;
    cell.newInner |= mask;
    settle(cell, mask);
    return;
  }
  cleanInvalidateInner(cell, setup);
  settle(cell, mask);
  if (!setup.outer) {
    cell.newOuter = 0;
    return;
  }
  if (port === 'ace-lite') {
    cleanInvalidateOuter(cell, false, 0);
    return;
  }
  cell.heldOuter = true;
  if (setup.outerWriteThrough) {
    cell.newOuter &= ~mask;
  } else {
    cell.dirtyOuter = true;
    cell.newOuter |= mask;
  }
}
