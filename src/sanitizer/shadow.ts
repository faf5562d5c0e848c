// SPDX-License-Identifier: GPL-2.0-only
/**
 * State of all memory: sixteen bits for each cell, exact masks beside them where a cell is not all one way.
 *
 * A cell is the smallest line of the machine, 32 bytes at most. Cells are numbered through all banks;
 * 4096 / cell size of them are a page. `flags`, one entry a cell (a board's memory takes a sixteenth of its
 * size in address space, and host memory only where the flags are not 0):
 *
 *   bit  0  CLEAN_INNER   no inner cache holds stores of the line that memory lacks
 *   bit  1  CLEAN_OUTER
 *   bit  2  NEW_INNER     some byte's newest value is only in the inner caches
 *   bit  3  NEW_OUTER
 *   bit  4  STALE_INNER   some byte may be older there than the newest
 *   bit  5  STALE_OUTER
 *   bit  6  LOST          some byte's newest value was thrown away
 *   bit  7  PENDING       some byte may be on the way to memory
 *   bit  8  HELD_INNER    the line may be there though no mapping could fill it now
 *   bit  9  HELD_OUTER
 *   bit 10  BYTES         of bits 2 to 7 those that are set hold for the bytes in `masks`, else for all
 *   bit 11  ALIASED       other addresses of the page have inner lines of their own (aliases.ts)
 *   bit 12  UNFINISHED    maintenance not yet waited for
 *   bit 13  OWNED         mapped for a device
 *   bit 14  FETCHED       the instruction side may hold the line
 *   bit 15  FETCHED_OLD   and it may be older there
 *
 * 0 is the state of memory that nobody has looked at: it may be dirty all over, with contents that matter to
 * nobody. So power-on costs nothing.
 * A page whose cells are all alike, without BYTES, is called uniform: events that cover it are worked out once.
 */
import type { Paddr } from '../base/address.js';
import { alignDown, alignUp, FOUR_GiB } from '../base/address.js';
import type { Ram } from '../hw/ram.js';
import type { Cell } from './cell.js';

export const CLEAN_INNER = 1;
export const CLEAN_OUTER = 2;
export const NEW_INNER = 4;
export const NEW_OUTER = 8;
export const STALE_INNER = 16;
export const STALE_OUTER = 32;
export const LOST = 64;
export const PENDING = 128;
export const HELD_INNER = 256;
export const HELD_OUTER = 512;
export const BYTES = 1024;
export const ALIASED = 2048;
export const UNFINISHED = 4096;
export const OWNED = 8192;
export const FETCHED = 16384;
export const FETCHED_OLD = 32768;

const PAGE_BYTES = 4096;

/** Masks of a page: six for each cell, in the order of bits 2 to 7. */
type Masks = Int32Array;

export interface Extent {
  readonly start: number;
  readonly end: number;
  /** `start` rounded down to a page. */
  readonly base: number;
  /** From `base` on, 4 GiB at most: offsets of 32 bits. */
  readonly bytes: number;
  /** Number of the cell at `base`. */
  readonly firstCell: number;
}

export class Shadow {
  readonly cellBytes: number;
  readonly cellsPerPage: number;
  /** A mask with a bit for each byte of a cell. */
  readonly full: number;
  readonly flags: Uint16Array;
  /** By page: all cells alike, without BYTES. */
  readonly uniform: Uint8Array;
  private readonly masks = new Map<number, Masks>();
  /** The page whose masks were used last, and they. */
  private lastPage = -1;
  private lastMasks: Masks = new Int32Array(0);
  /** Binary logarithms of the sizes. */
  private readonly cellShift: number;
  private readonly pageShift: number;
  /** Runs of memory without holes, in whole pages. */
  readonly extents: Extent[] = [];
  private recent: Extent;

  /** `cellBytes`: a power of two, 32 at most. `ram` must have memory. */
  constructor(ram: Ram, cellBytes: number) {
    this.cellBytes = cellBytes;
    this.cellsPerPage = PAGE_BYTES / cellBytes;
    this.cellShift = 31 - Math.clz32(cellBytes);
    this.pageShift = 12 - this.cellShift;
    this.full = cellBytes === 32 ? -1 : 2 ** cellBytes - 1;
    let cells = 0;
    for (const { start, end } of joinPages(ram.banks)) {
      const base = alignDown(start, PAGE_BYTES);
      this.extents.push({ start: base, end, base, bytes: Math.min(end - base, FOUR_GiB), firstCell: cells });
      cells += (end - base) / cellBytes;
    }
    this.flags = new Uint16Array(cells);
    this.uniform = new Uint8Array(cells / this.cellsPerPage).fill(1);
    this.recent = this.extents[0]!;
  }

  /** Number of the cell of `paddr`; -1 where there is no memory. */
  cellOf(paddr: Paddr): number {
    const extent = this.recent;
    if (paddr >= extent.start && paddr < extent.end) {
      const offset = paddr - extent.base;
      // Shifting is quicker, where it can be done.
      if (offset < FOUR_GiB) return extent.firstCell + (offset >>> this.cellShift);
      return extent.firstCell + Math.floor(offset / this.cellBytes);
    }
    return this.cellElsewhere(paddr);
  }

  /** The run of memory in which cellOf() found the last cell. */
  get near(): Extent {
    return this.recent;
  }

  private cellElsewhere(paddr: number): number {
    for (const extent of this.extents) {
      if (paddr >= extent.start && paddr < extent.end) {
        this.recent = extent;
        return extent.firstCell + Math.floor((paddr - extent.base) / this.cellBytes);
      }
    }
    return -1;
  }

  /** Physical address of a cell's first byte. */
  paddrOf(cell: number): Paddr {
    for (let i = this.extents.length - 1; i >= 0; i--) {
      const extent = this.extents[i]!;
      if (cell >= extent.firstCell) return extent.base + (cell - extent.firstCell) * this.cellBytes;
    }
    return 0;
  }

  /** Number of pages before that of the cell, over all banks. */
  pageOf(cell: number): number {
    return cell >>> this.pageShift;
  }

  /** Unpacks a cell. `mayFill` is left alone: it is not kept here. */
  read(index: number, cell: Cell): void {
    const flags = this.flags[index]!;
    cell.dirtyInner = (flags & CLEAN_INNER) === 0;
    cell.dirtyOuter = (flags & CLEAN_OUTER) === 0;
    cell.heldInner = (flags & HELD_INNER) !== 0;
    cell.heldOuter = (flags & HELD_OUTER) !== 0;
    cell.unfinished = (flags & UNFINISHED) !== 0;
    cell.owned = (flags & OWNED) !== 0;
    cell.fetched = (flags & FETCHED) !== 0;
    cell.fetchedOld = (flags & FETCHED_OLD) !== 0;
    cell.aliased = (flags & ALIASED) !== 0;
    if ((flags & BYTES) === 0) {
      cell.newInner = (flags & NEW_INNER) !== 0 ? this.full : 0;
      cell.newOuter = (flags & NEW_OUTER) !== 0 ? this.full : 0;
      cell.staleInner = (flags & STALE_INNER) !== 0 ? this.full : 0;
      cell.staleOuter = (flags & STALE_OUTER) !== 0 ? this.full : 0;
      cell.lost = (flags & LOST) !== 0 ? this.full : 0;
      cell.pending = (flags & PENDING) !== 0 ? this.full : 0;
      return;
    }
    const masks = this.masksOf(this.pageOf(index));
    const at = (index & (this.cellsPerPage - 1)) * 6;
    cell.newInner = masks[at]!;
    cell.newOuter = masks[at + 1]!;
    cell.staleInner = masks[at + 2]!;
    cell.staleOuter = masks[at + 3]!;
    cell.lost = masks[at + 4]!;
    cell.pending = masks[at + 5]!;
  }

  /** Packs a cell. Its page counts as not uniform from now on. */
  write(index: number, cell: Cell): void {
    const flags = this.pack(cell);
    this.flags[index] = flags;
    const page = this.pageOf(index);
    this.uniform[page] = 0;
    if ((flags & BYTES) === 0) return;
    const masks = this.masksOf(page);
    const at = (index & (this.cellsPerPage - 1)) * 6;
    masks[at] = cell.newInner;
    masks[at + 1] = cell.newOuter;
    masks[at + 2] = cell.staleInner;
    masks[at + 3] = cell.staleOuter;
    masks[at + 4] = cell.lost;
    masks[at + 5] = cell.pending;
  }

  /** Flags of a cell, BYTES among them where a mask is neither empty nor full. */
  pack(cell: Cell): number {
    const { full } = this;
    let flags =
      (cell.dirtyInner ? 0 : CLEAN_INNER) |
      (cell.dirtyOuter ? 0 : CLEAN_OUTER) |
      (cell.heldInner ? HELD_INNER : 0) |
      (cell.heldOuter ? HELD_OUTER : 0) |
      (cell.unfinished ? UNFINISHED : 0) |
      (cell.owned ? OWNED : 0) |
      (cell.fetched ? FETCHED : 0) |
      (cell.fetchedOld ? FETCHED_OLD : 0) |
      (cell.aliased ? ALIASED : 0);
    const { newInner, newOuter, staleInner, staleOuter, lost, pending } = cell;
    if (newInner !== 0) flags |= NEW_INNER;
    if (newOuter !== 0) flags |= NEW_OUTER;
    if (staleInner !== 0) flags |= STALE_INNER;
    if (staleOuter !== 0) flags |= STALE_OUTER;
    if (lost !== 0) flags |= LOST;
    if (pending !== 0) flags |= PENDING;
    const exact =
      (newInner === 0 || newInner === full) &&
      (newOuter === 0 || newOuter === full) &&
      (staleInner === 0 || staleInner === full) &&
      (staleOuter === 0 || staleOuter === full) &&
      (lost === 0 || lost === full) &&
      (pending === 0 || pending === full);
    return exact ? flags : flags | BYTES;
  }

  private masksOf(page: number): Masks {
    if (page === this.lastPage) return this.lastMasks;
    let masks = this.masks.get(page);
    if (masks === undefined) {
      masks = new Int32Array(6 * this.cellsPerPage);
      this.masks.set(page, masks);
    }
    this.lastPage = page;
    this.lastMasks = masks;
    return masks;
  }

  /**
   * A cached store to a cell with BYTES of which nothing but what is new is noted: all that it changes. Once all
   * bytes are new the masks are not needed any more.
   */
  addNewBytes(index: number, mask: number, outer: boolean): void {
    const masks = this.masksOf(this.pageOf(index));
    const at = (index & (this.cellsPerPage - 1)) * 6;
    masks[at] = masks[at]! | mask;
    if (outer) masks[at + 1] = masks[at + 1]! | mask;
    if (masks[at] === this.full && (!outer || masks[at + 1] === this.full)) {
      this.flags[index] = this.flags[index]! & ~BYTES;
    }
  }

  /** Are some of the bytes on their way to memory? */
  isPending(index: number, mask: number): boolean {
    const flags = this.flags[index]!;
    if ((flags & PENDING) === 0) return false;
    if ((flags & BYTES) === 0) return true;
    const at = (index & (this.cellsPerPage - 1)) * 6;
    return (this.masksOf(this.pageOf(index))[at + 5]! & mask) !== 0;
  }

  /** An uncached store to a cell of which nothing but bytes on their way is noted: all that it changes. */
  addPendingBytes(index: number, mask: number): void {
    const page = this.pageOf(index);
    const masks = this.masksOf(page);
    const at = (index & (this.cellsPerPage - 1)) * 6;
    const flags = this.flags[index]!;
    if ((flags & BYTES) === 0) {
      masks.fill(0, at, at + 5);
      masks[at + 5] = (flags & PENDING) === 0 ? mask : this.full;
    } else {
      masks[at + 5] = masks[at + 5]! | mask;
    }
    const all = masks[at + 5] === this.full;
    this.flags[index] = all ? (flags | PENDING) & ~BYTES : flags | PENDING | BYTES;
    this.uniform[page] = 0;
  }

  /** Gives a whole page one state, which must not need BYTES. */
  fillPage(page: number, flags: number): void {
    this.flags.fill(flags, page * this.cellsPerPage, (page + 1) * this.cellsPerPage);
    this.uniform[page] = 1;
  }

  /** Pages of all banks. */
  get pages(): number {
    return this.uniform.length;
  }
}

/** Banks as runs of whole pages. */
function joinPages(banks: Ram['banks']): { start: number; end: number }[] {
  const runs: { start: number; end: number }[] = [];
  for (const bank of banks) {
    const start = alignDown(bank.start, PAGE_BYTES);
    const end = alignUp(bank.end, PAGE_BYTES);
    const last = runs.at(-1);
    if (last !== undefined && last.end >= start) last.end = Math.max(last.end, end);
    else runs.push({ start, end });
  }
  return runs;
}
