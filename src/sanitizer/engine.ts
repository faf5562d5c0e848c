// SPDX-License-Identifier: GPL-2.0-only
/**
 * Walks ranges of memory cell by cell for the events (`cpu-events.ts`, `maintenance-events.ts`, `device-events.ts`):
 * unpacks the state of a cell, lets an event look at it and change it, and packs it again. Pages whose cells
 * are all alike are worked out once, and runs of such pages once for all of them.
 */
import { alignDown, alignUp, type Paddr, type Vaddr } from '../base/address.js';
import { geometryOf } from '../hw/cache/geometry.js';
import type { Machine } from '../hw/machine.js';
import { MT_CACHEABLE } from '../hw/mmu/memory-type.js';
import { type AliasLines, InnerAliases, loadInner, storeInner } from './aliases.js';
import { Cell } from './cell.js';
import { ALIASED, BYTES, HELD_INNER, Shadow } from './shadow.js';
import type { CacheSetup } from './transitions.js';

const PAGE_BYTES = 4096;

/**
 * Looks at a cell and changes it. `mask`: the bytes of the event; `index`: the cell's number; `count`: how many
 * cells this one stands for.
 */
export type Visit = (cell: Cell, mask: number, index: number, count: number) => void;

export class Engine {
  readonly machine: Machine;
  readonly shadow: Shadow;
  /** Null where every address of a byte leads to the same inner line. */
  readonly aliases: InnerAliases | null;
  readonly innerLineBytes: number;
  readonly outerLineBytes: number;
  readonly speculates: boolean;
  /** Counts what was reported, and what depended on the place: while it changes, each page is worked out by itself. */
  reports = 0;
  /** What mayFill() was told last, and when. */
  private unit = -1;
  private unitVersion = -1;
  private unitFills: boolean | null = null;
  private readonly cell = new Cell();
  private readonly other = new Cell();

  constructor(machine: Machine) {
    const { core, outerCache } = machine.facts;
    this.machine = machine;
    this.innerLineBytes = core.lineBytes;
    this.outerLineBytes = outerCache?.lineBytes ?? core.lineBytes;
    this.speculates = core.speculates;
    const cellBytes = Math.min(32, this.innerLineBytes, this.outerLineBytes);
    this.shadow = new Shadow(machine.ram, cellBytes);
    this.aliases = aliasesOf(machine, this.shadow);
  }

  get setup(): CacheSetup {
    return {
      outer: this.machine.outerInUse,
      outerWriteThrough: this.machine.facts.outerCache?.writeThrough ?? false,
      aliasing: this.aliases !== null,
    };
  }

  /**
   * Visits the cells of [paddr, paddr + size) as lines of address `vaddr` (which goes on with the range); null:
   * of each page's home address. Bytes outside memory are passed over.
   */
  range(paddr: Paddr, size: number, vaddr: Vaddr | null, visit: Visit): void {
    const { shadow } = this;
    const { cellBytes, cellsPerPage } = shadow;
    const end = paddr + size;
    // Registers may have changed: what that does to mappings, and so to cells, comes first.
    this.machine.mappings.follow();
    // The last page that was worked out, what came of it, and the pages behind it that get the same.
    let knownFlags = -1;
    let knownInner = false;
    let knownOuter = false;
    let result = -1;
    let runStart = 0;
    let runEnd = 0;
    let at = alignDown(paddr, cellBytes);
    let inPage = at % PAGE_BYTES;
    while (at < end) {
      const index = shadow.cellOf(at);
      if (index < 0) {
        at += PAGE_BYTES - inPage;
        inPage = 0;
        continue;
      }
      const here = vaddr === null ? null : vaddr + (at - paddr);
      const page = inPage === 0 && at >= paddr && end - at >= PAGE_BYTES ? shadow.pageOf(index) : -1;
      if (page < 0 || shadow.uniform[page] === 0 || !this.wholePage(page, index, here)) {
        this.single(at, index, paddr, end, here, visit);
        at += cellBytes;
        inPage = (inPage + cellBytes) & (PAGE_BYTES - 1);
        continue;
      }
      const flags = shadow.flags[index]!;
      const { cell } = this;
      this.setMayFill(cell, at, here);
      at += PAGE_BYTES;
      if (flags === knownFlags && cell.mayFillInner === knownInner && cell.mayFillOuter === knownOuter) {
        if (result === flags) continue;
        if (index !== runEnd) {
          shadow.flags.fill(result, runStart, runEnd);
          runStart = index;
        }
        runEnd = index + cellsPerPage;
        continue;
      }
      shadow.flags.fill(result, runStart, runEnd);
      runStart = runEnd = 0;
      this.unpack(index, cell);
      const reports = this.reports;
      visit(cell, shadow.full, index, cellsPerPage);
      result = shadow.pack(cell);
      const needsMasks = (result & BYTES) !== 0;
      if (needsMasks) for (let i = 0; i < cellsPerPage; i++) shadow.write(index + i, cell);
      else if (result !== flags) shadow.fillPage(page, result);
      knownFlags = needsMasks || this.reports !== reports ? -1 : flags;
      knownInner = cell.mayFillInner;
      knownOuter = cell.mayFillOuter;
    }
    shadow.flags.fill(result, runStart, runEnd);
  }

  /** A visitor asks for something that the cell does not say: pages that look alike need not be. */
  seeEachPage(): void {
    this.reports++;
  }

  /** One page at once: not where lines of several addresses have to be told apart. */
  private wholePage(page: number, index: number, vaddr: Vaddr | null): boolean {
    const { aliases } = this;
    if (aliases === null) return true;
    if ((this.shadow.flags[index]! & ALIASED) !== 0) return false;
    return vaddr === null || aliases.isHome(page, aliases.keyOf(vaddr));
  }

  private single(
    at: Paddr,
    index: number,
    start: Paddr,
    end: Paddr,
    vaddr: Vaddr | null,
    visit: Visit,
  ): void {
    const { shadow, cell, aliases } = this;
    const first = Math.max(0, start - at);
    const last = Math.min(shadow.cellBytes, end - at);
    const mask = maskOf(first, last);
    this.setMayFill(cell, at, vaddr);
    this.unpack(index, cell);
    const page = shadow.pageOf(index);
    const key = aliases === null || vaddr === null ? -1 : aliases.keyOf(vaddr);
    if (aliases === null || key < 0 || aliases.isHome(page, key)) {
      visit(cell, mask, index, 1);
      shadow.write(index, cell);
      return;
    }
    this.markAliased(page);
    this.alias(index, aliases.linesFor(page, key), mask, visit);
  }

  /** Visits a cell with the inner state of `lines`, and puts the home's back. */
  private alias(index: number, lines: AliasLines, mask: number, visit: Visit): void {
    const { shadow, cell, other: home } = this;
    const cellInPage = index % shadow.cellsPerPage;
    this.unpack(index, cell);
    cell.aliased = true;
    loadInner(lines, cellInPage, cell);
    visit(cell, mask, index, 1);
    storeInner(lines, cellInPage, cell);
    // The visitor may have changed the home's lines as one of the others.
    this.unpack(index, home);
    cell.dirtyInner = home.dirtyInner;
    cell.heldInner = home.heldInner;
    cell.newInner = home.newInner;
    cell.staleInner = home.staleInner;
    shadow.write(index, cell);
  }

  /** As shadow.read(). What is not in use is not dirty, whatever was never looked at. */
  private unpack(index: number, cell: Cell): void {
    this.shadow.read(index, cell);
    if (this.machine.outerInUse) return;
    cell.dirtyOuter = false;
    cell.heldOuter = false;
  }

  /** A cell as the line of `vaddr` (null: of the page's home), for reports. */
  peek(index: number, vaddr: Vaddr | null, cell: Cell): void {
    const { shadow, aliases } = this;
    this.setMayFill(cell, shadow.paddrOf(index), vaddr);
    this.unpack(index, cell);
    if (aliases === null || vaddr === null) return;
    const key = aliases.keyOf(vaddr);
    const lines = aliases.linesOf(shadow.pageOf(index)).find(entry => entry.key === key);
    if (lines !== undefined) loadInner(lines, index % shadow.cellsPerPage, cell);
  }

  private markAliased(page: number): void {
    const { shadow } = this;
    const first = page * shadow.cellsPerPage;
    if ((shadow.flags[first]! & ALIASED) !== 0) return;
    for (let i = first; i < first + shadow.cellsPerPage; i++) shadow.flags[i] = shadow.flags[i]! | ALIASED;
  }

  /**
   * Visits the cells that share a line with [paddr, paddr + size) without belonging to it, with an empty mask.
   * Nothing to do where a line is one cell.
   */
  lineMates(paddr: Paddr, size: number, lineBytes: number, vaddr: Vaddr | null, visit: Visit): void {
    const { cellBytes } = this.shadow;
    if (lineBytes <= cellBytes || size <= 0) return;
    const start = alignDown(paddr, cellBytes);
    const end = alignUp(paddr + size, cellBytes);
    const lineStart = alignDown(start, lineBytes);
    const lineEnd = alignUp(end, lineBytes);
    const mate: Visit = (cell, _mask, index, count) => visit(cell, 0, index, count);
    const before = vaddr === null ? null : vaddr - (paddr - lineStart);
    if (lineStart < start) this.range(lineStart, start - lineStart, before, mate);
    const after = vaddr === null ? null : vaddr + (end - paddr);
    if (end < lineEnd) this.range(end, lineEnd - end, after, mate);
  }

  /** Visits the inner state of the cell under every address but its home. */
  eachOther(index: number, visit: (other: Cell) => void): void {
    const { aliases, shadow } = this;
    if (aliases !== null) this.visitOthers(aliases, index, aliases.homeOf(shadow.pageOf(index)), visit);
  }

  /** The same, of every address but that of an event which has `vaddr` where its first byte is at `paddr`. */
  eachOtherThan(index: number, vaddr: Vaddr, paddr: Paddr, visit: (other: Cell) => void): void {
    const { aliases, shadow } = this;
    if (aliases === null) return;
    this.visitOthers(aliases, index, aliases.keyOf(vaddr + (shadow.paddrOf(index) - paddr)), visit);
  }

  private visitOthers(aliases: InnerAliases, index: number, key: number, visit: (other: Cell) => void): void {
    const { shadow, other } = this;
    const page = shadow.pageOf(index);
    const lines = aliases.linesOf(page);
    const home = aliases.homeOf(page);
    const cellInPage = index % shadow.cellsPerPage;
    const paddr = shadow.paddrOf(index);
    for (const entry of lines) {
      if (entry.key === key) continue;
      loadInner(entry, cellInPage, other);
      other.mayFillInner = this.mayFillAlias(paddr, entry.key);
      other.mayFillOuter = false;
      visit(other);
      storeInner(entry, cellInPage, other);
    }
    if (key === home || home < 0) return;
    this.unpack(index, other);
    other.mayFillInner = this.mayFillAlias(paddr, home);
    other.mayFillOuter = false;
    visit(other);
    shadow.write(index, other);
  }

  private setMayFill(cell: Cell, paddr: Paddr, vaddr: Vaddr | null): void {
    if (!this.speculates) {
      cell.mayFillInner = false;
      cell.mayFillOuter = false;
      return;
    }
    const may = this.mayFill(paddr);
    cell.mayFillOuter = may && this.machine.outerInUse;
    cell.mayFillInner = may;
    const { aliases } = this;
    if (may && aliases !== null) {
      const page = this.shadow.pageOf(this.shadow.cellOf(paddr));
      const key = vaddr === null ? aliases.homeOf(page) : aliases.keyOf(vaddr);
      cell.mayFillInner = this.mayFillAlias(paddr, key);
    }
  }

  /**
   * May hardware fill lines of the page by itself, at whatever address? As the reverse map says, which is asked
   * once for each MiB.
   */
  mayFill(paddr: Paddr): boolean {
    if (!this.speculates) return false;
    const { mappings } = this.machine;
    const unit = Math.floor(paddr / 0x100000);
    if (unit !== this.unit || mappings.version !== this.unitVersion) {
      this.unitFills = mappings.mayFillUnit(unit);
      this.unit = unit;
      this.unitVersion = mappings.version;
    }
    return this.unitFills ?? mappings.mayFill(Math.floor(paddr / PAGE_BYTES));
  }

  private mayFillAlias(paddr: Paddr, key: number): boolean {
    const { aliases, machine } = this;
    if (!this.speculates || aliases === null) return false;
    const pfn = Math.floor(paddr / PAGE_BYTES);
    return machine.mappings
      .aliases(pfn)
      .some(
        ({ vaddr, memoryType }) => (memoryType.bits & MT_CACHEABLE) !== 0 && aliases.keyOf(vaddr) === key,
      );
  }

  /** Gives lines to every address through which hardware may fill the page; aliasing, speculating cores only. */
  ensureAliases(paddr: Paddr, size: number): void {
    const { aliases, shadow, machine } = this;
    if (aliases === null || !this.speculates) return;
    for (let at = alignDown(paddr, PAGE_BYTES); at < paddr + size; at += PAGE_BYTES) {
      const index = shadow.cellOf(at);
      if (index < 0) continue;
      const page = shadow.pageOf(index);
      for (const { vaddr, memoryType } of machine.mappings.aliases(at / PAGE_BYTES)) {
        if ((memoryType.bits & MT_CACHEABLE) === 0 || aliases.isHome(page, aliases.keyOf(vaddr))) continue;
        aliases.linesFor(page, aliases.keyOf(vaddr));
        this.markAliased(page);
      }
    }
  }

  /**
   * A mapping of `count` pages goes: lines that hardware filled through it may stay, under an address through which
   * nothing may fill them any more.
   */
  leaveBehind(vaddr: Vaddr, paddr: Paddr, count: number): void {
    const { aliases, shadow } = this;
    if (aliases === null) return;
    for (let i = 0; i < count; i++) {
      const first = shadow.cellOf(paddr + i * PAGE_BYTES);
      const key = aliases.keyOf(vaddr + i * PAGE_BYTES);
      if (first < 0) continue;
      const page = shadow.pageOf(first);
      if (!aliases.isHome(page, key)) {
        aliases.linesFor(page, key).held.fill(1);
        this.markAliased(page);
        continue;
      }
      for (let index = first; index < first + shadow.cellsPerPage; index++) {
        shadow.flags[index] = shadow.flags[index]! | HELD_INNER;
      }
    }
  }

  /** Visits all of memory, every address's lines. For operations on whole caches. */
  all(visit: Visit): void {
    const { shadow, aliases } = this;
    for (const { base, end } of shadow.extents) this.range(base, end - base, null, visit);
    if (aliases === null) return;
    for (const page of aliases.pagesWithOthers()) {
      for (const lines of aliases.linesOf(page)) {
        for (let i = 0; i < shadow.cellsPerPage; i++) {
          const index = page * shadow.cellsPerPage + i;
          this.cell.mayFillInner = this.mayFillAlias(shadow.paddrOf(index), lines.key);
          this.alias(index, lines, shadow.full, visit);
        }
      }
    }
  }
}

/** Bits `first` to `last` - 1; up to 32 of them. */
function maskOf(first: number, last: number): number {
  const upTo = (bits: number): number => (bits === 32 ? -1 : (1 << bits) - 1);
  return upTo(last) & ~upTo(first);
}

function aliasesOf(machine: Machine, shadow: Shadow): InnerAliases | null {
  const { cache } = machine.facts.core;
  if (cache === 'VIVT') return new InnerAliases(shadow.pages, shadow.cellsPerPage, 0);
  if (cache !== 'VIPT-aliasing') return null;
  const shape = geometryOf(machine.facts).data;
  const wayBytes = shape === null ? 2 * PAGE_BYTES : shape.sets * shape.lineBytes;
  return new InnerAliases(shadow.pages, shadow.cellsPerPage, Math.max(2, wayBytes / PAGE_BYTES));
}
