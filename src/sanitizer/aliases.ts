// SPDX-License-Identifier: GPL-2.0-only
/**
 * Inner caches that are indexed by virtual address: the same bytes can be in them several times, once for each
 * address (VIVT) or each colour (aliasing VIPT), and operations on one address do not reach the others.
 * A page's cells are kept for one address, its home, which is the first that touched it. Lines of other
 * addresses are kept here.
 * Model: address spaces are not told apart on a VIVT cache; Linux cleans it when it switches between them.
 * ARM DDI 0198, 4.1 (ARM926); DDI 0211, 6.11.3 (ARM1136, restrictions on page mapping).
 */
import type { Vaddr } from '../base/address.js';
import type { Cell } from './cell.js';

const NO_HOME = -1;

/** Inner state of the lines of one page under one other address. */
export interface AliasLines {
  readonly key: number;
  /** One entry a cell. */
  readonly dirty: Uint8Array;
  readonly held: Uint8Array;
  readonly newest: Int32Array;
  readonly stale: Int32Array;
}

export class InnerAliases {
  /** Which bits of the virtual page number matter. */
  readonly keyMask: number;
  private readonly cellsPerPage: number;
  /** By page: its home, or NO_HOME. */
  readonly home: Int32Array;
  private readonly others = new Map<number, AliasLines[]>();

  /** `colours`: of an aliasing VIPT cache, a power of two; 0 for VIVT. */
  constructor(pages: number, cellsPerPage: number, colours: number) {
    this.keyMask = colours === 0 ? -1 : colours - 1;
    this.cellsPerPage = cellsPerPage;
    this.home = new Int32Array(pages).fill(NO_HOME);
  }

  /** What distinguishes lines of one page: its virtual page, or the colour of that. */
  keyOf(vaddr: Vaddr): number {
    return (vaddr >>> 12) & this.keyMask;
  }

  /** Is `key` the page's home? It becomes that if there is none. */
  isHome(page: number, key: number): boolean {
    if (this.home[page] === NO_HOME) this.home[page] = key;
    return this.home[page] === key;
  }

  homeOf(page: number): number {
    return this.home[page]!;
  }

  linesOf(page: number): readonly AliasLines[] {
    return this.others.get(page) ?? [];
  }

  /** The lines of `key`, made when asked for the first time: clean and not there. */
  linesFor(page: number, key: number): AliasLines {
    let list = this.others.get(page);
    if (list === undefined) {
      list = [];
      this.others.set(page, list);
    }
    const known = list.find(lines => lines.key === key);
    if (known !== undefined) return known;
    const count = this.cellsPerPage;
    const lines: AliasLines = {
      key,
      dirty: new Uint8Array(count),
      held: new Uint8Array(count),
      newest: new Int32Array(count),
      stale: new Int32Array(count),
    };
    list.push(lines);
    return lines;
  }

  /** Pages that have lines under other addresses. */
  pagesWithOthers(): IterableIterator<number> {
    return this.others.keys();
  }
}

/** Puts the inner state of one alias in the place of the home's. */
export function loadInner(lines: AliasLines, at: number, cell: Cell): void {
  cell.dirtyInner = lines.dirty[at] !== 0;
  cell.heldInner = lines.held[at] !== 0;
  cell.newInner = lines.newest[at]!;
  cell.staleInner = lines.stale[at]!;
}

export function storeInner(lines: AliasLines, at: number, cell: Cell): void {
  lines.dirty[at] = cell.dirtyInner ? 1 : 0;
  lines.held[at] = cell.heldInner ? 1 : 0;
  lines.newest[at] = cell.newInner;
  lines.stale[at] = cell.staleInner;
}
