// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the translation tables give now, kept up to date by being told of each write to an entry.
 *
 *   4 GiB of addresses   slots of 1 MiB (short descriptors) or 2 MiB (long ones), each of them
 *     nothing            frames[slot] = NONE
 *     section            frames[slot] = frame of its start, attributes[slot]; a supersection or a block of
 *                        1 GiB is as many slots
 *     table              pages[slot], the same two arrays for its 256 or 512 pages; a large page is 16 of them
 *
 *   attributes           type << 6 | log2(size of the entry's mapping) << 1 | nG, type an index into `types`
 *
 * Each change is told to a listener: first what is new, then what is gone. Every table that takes part in a
 * translation is watched under the 1 KiB pieces of memory that it lies in.
 * How entries are read is the walker's business alone.
 */
import type { Paddr, Pfn, Vaddr } from '../../base/address.js';
import type { Ram } from '../ram.js';
import type { MemoryType } from './memory-type.js';
import type { MmuRegisters } from './registers.js';
import { nextTable, type Table, type TableRoot, tableRoots } from './table-roots.js';
import { Translation } from './translation.js';
import { type TableWalker, WALK_OK } from './walker.js';

const NONE = -1;
const UNKNOWN = -2;
const WATCH_BYTES = 1024;
const PAGE = 4096;

export interface MapListener {
  /** `size`: of a page or a slot. */
  mapped(vaddr: Vaddr, size: number, frame: Pfn, attributes: number): void;
  /** `stale`: the address now leads elsewhere, nowhere, or is of another type. */
  unmapped(vaddr: Vaddr, size: number, frame: Pfn, attributes: number, stale: boolean): void;
}

/** Whether two attributes differ in nothing but how large the entry is. */
function sameAttributes(a: number, b: number): boolean {
  return ((a ^ b) & ~0x3e) === 0;
}

export function isNonGlobal(attributes: number): boolean {
  return (attributes & 1) === 1;
}

export function entrySizeOf(attributes: number): number {
  return 2 ** ((attributes >>> 1) & 31);
}

/** The pages below one slot. */
class Pages {
  readonly table: Table;
  readonly frames: Int32Array;
  readonly attributes: Uint16Array;

  constructor(table: Table) {
    this.table = table;
    this.frames = new Int32Array(table.entries).fill(NONE);
    this.attributes = new Uint16Array(table.entries);
  }
}

export class LiveMap {
  private readonly ram: Ram;
  private readonly registers: MmuRegisters;
  private readonly walker: TableWalker;
  private readonly listener: MapListener;
  private readonly found = new Translation();
  private readonly types: MemoryType[] = [];
  /** Of each type, and of its text: types are decoded anew when a register changes. */
  private readonly typeIndex: Map<MemoryType | string, number> = new Map();
  /** What the last lookPage() found. */
  private pageAttributes = 0;
  /** Attributes of a single page by the low bits of its entry: NONE for those that fault. */
  private readonly attributesOfBits: Int32Array = new Int32Array(4096).fill(UNKNOWN);
  /** Registers' generation at the last look at them. */
  private generation = -1;
  private isLong = false;
  private roots: TableRoot[] = [];
  private slotBytes = 0x100000;
  private readonly frames: Int32Array = new Int32Array(4096).fill(NONE);
  private readonly attributes: Uint16Array = new Uint16Array(4096);
  private readonly pages: (Pages | null)[] = new Array<Pages | null>(4096).fill(null);
  /** Tables between a root and the slots (long descriptors), by root and address. */
  private readonly middle: Map<string, Table> = new Map();
  private readonly watched: Map<number, Table[]> = new Map();

  constructor(ram: Ram, registers: MmuRegisters, walker: TableWalker, listener: MapListener) {
    this.ram = ram;
    this.registers = registers;
    this.walker = walker;
    this.listener = listener;
  }

  /** Looks at everything again if a register has changed. */
  followRegisters(): void {
    const { registers } = this;
    if (this.generation === registers.generation) return;
    this.generation = registers.generation;
    this.attributesOfBits.fill(UNKNOWN);
    const isLong = registers.format === 'long';
    if (isLong !== this.isLong) {
      this.roots = [];
      this.scan();
      this.isLong = isLong;
      this.slotBytes = isLong ? 0x200000 : 0x100000;
    }
    this.roots = tableRoots(registers);
    this.scan();
  }

  /** The piece of memory that has `paddr` has entries. */
  watches(paddr: Paddr): boolean {
    return this.watched.has(Math.floor(paddr / WATCH_BYTES));
  }

  /** The entry at `paddr` was written. */
  entryWritten(paddr: Paddr): void {
    const tables = this.watched.get(Math.floor(paddr / WATCH_BYTES));
    if (tables === undefined) return;
    for (const table of [...tables]) {
      const offset = paddr - table.base;
      if (offset < 0 || offset >= table.entries * table.entryBytes) continue;
      const vaddr = table.vaddr + Math.floor(offset / table.entryBytes) * table.span;
      if (table.span === PAGE) this.updatePage(vaddr);
      else this.updateEntry(table, vaddr);
    }
  }

  /** Bytes of [paddr, paddr + size) were written; they may contain entries. */
  bytesWritten(paddr: Paddr, size: number): void {
    const step = this.isLong ? 8 : 4;
    for (let at = paddr - (paddr % WATCH_BYTES); at < paddr + size; at += WATCH_BYTES) {
      if (!this.watched.has(at / WATCH_BYTES)) continue;
      const end = Math.min(at + WATCH_BYTES, paddr + size);
      for (let entry = Math.max(at, paddr - (paddr % step)); entry < end; entry += step) {
        this.entryWritten(entry);
      }
    }
  }

  typeOf(attributes: number): MemoryType {
    return this.types[attributes >>> 6]!;
  }

  /** Calls back with what translates the page or slot at `vaddr`, each mapping of [0, 4 GiB) once. */
  forEach(visit: (vaddr: Vaddr, size: number, frame: Pfn, attributes: number) => void): void {
    for (let slot = 0; slot * this.slotBytes < 2 ** 32; slot++) {
      const vaddr = slot * this.slotBytes;
      const pages = this.pages[slot]!;
      if (this.frames[slot] !== NONE)
        visit(vaddr, this.slotBytes, this.frames[slot]!, this.attributes[slot]!);
      if (pages === null) continue;
      for (const [i, frame] of pages.frames.entries()) {
        if (frame !== NONE) visit(vaddr + i * PAGE, PAGE, frame, pages.attributes[i]!);
      }
    }
  }

  /** Attributes of what is at `vaddr`, a place that the listener was told. */
  attributesAt(vaddr: Vaddr): number {
    const slot = Math.floor(vaddr / this.slotBytes);
    const pages = this.pages[slot]!;
    return pages === null ? this.attributes[slot]! : pages.attributes[(vaddr % this.slotBytes) / PAGE]!;
  }

  /** Do the tables map some of a page or slot, which starts at `vaddr`? */
  mapsAny(vaddr: Vaddr, size: number): boolean {
    const slot = Math.floor(vaddr / this.slotBytes);
    const pages = this.pages[slot]!;
    if (pages === null) return this.frames[slot] !== NONE;
    if (size === PAGE) return pages.frames[(vaddr % this.slotBytes) / PAGE] !== NONE;
    return pages.frames.some(frame => frame !== NONE);
  }

  /** Bytes of a section. */
  get sectionBytes(): number {
    return this.slotBytes;
  }

  private scan(): void {
    this.watched.clear();
    this.middle.clear();
    for (const root of this.roots) {
      this.watch(root);
      if (root.span === this.slotBytes) continue;
      for (let i = 0; i < root.entries; i++) this.linkMiddle(root, root.vaddr + i * root.span);
    }
    const slots = 2 ** 32 / this.slotBytes;
    for (let slot = 0; slot < slots; slot++) {
      const pages = this.pages[slot]!;
      if (pages !== null) this.watch(pages.table);
      this.updateSlot(slot, true);
    }
  }

  /** An entry above the pages, which translates from `vaddr`. */
  private updateEntry(table: Table, vaddr: Vaddr): void {
    if (table.span > this.slotBytes) this.linkMiddle(table, vaddr);
    const first = vaddr / this.slotBytes;
    for (let i = 0; i < table.span / this.slotBytes; i++) this.updateSlot(first + i, false);
  }

  /** Notes which table the entry of `root` for `vaddr` names. */
  private linkMiddle(root: Table, vaddr: Vaddr): void {
    const key = `${root.base} ${vaddr}`;
    const old = this.middle.get(key);
    const table = nextTable(this.ram, this.isLong, entryIn(root, vaddr), vaddr, root.span);
    if (old !== undefined) this.unwatch(old);
    this.middle.delete(key);
    if (table === null) return;
    this.middle.set(key, table);
    this.watch(table);
  }

  private updateSlot(slot: number, always: boolean): void {
    const table = this.pageTable(slot);
    const pages = this.pages[slot]!;
    if (table === null) this.putSection(slot);
    else if (pages === null || pages.table.base !== table.base) this.putPages(slot, table);
    else if (always) for (let i = 0; i < table.entries; i++) this.updatePage(table.vaddr + i * PAGE);
  }

  /** The table of pages that serves a slot; null: it is a section or nothing. */
  private pageTable(slot: number): Table | null {
    const vaddr = slot * this.slotBytes;
    const root = this.roots.find(({ start, end }) => vaddr >= start && vaddr < end);
    if (root === undefined) return null;
    let table: Table | null = root;
    if (root.span > this.slotBytes) {
      const start = vaddr - (vaddr % root.span);
      table = nextTable(this.ram, this.isLong, entryIn(root, start), start, root.span);
      if (table === null) return null;
    }
    return nextTable(this.ram, this.isLong, entryIn(table, vaddr), vaddr, this.slotBytes);
  }

  private putSection(slot: number): void {
    const { slotBytes, listener } = this;
    const vaddr = slot * slotBytes;
    const oldFrame = this.frames[slot]!;
    const oldAttributes = this.attributes[slot]!;
    const frame = this.look(vaddr);
    const attributes = frame === NONE ? 0 : this.describe();
    this.frames[slot] = frame;
    this.attributes[slot] = attributes;
    const unchanged = frame === oldFrame && sameAttributes(attributes, oldAttributes);
    if (frame !== NONE && !unchanged) listener.mapped(vaddr, slotBytes, frame, attributes);
    if (oldFrame !== NONE && !unchanged) listener.unmapped(vaddr, slotBytes, oldFrame, oldAttributes, true);
    const pages = this.pages[slot]!;
    if (pages === null) return;
    this.pages[slot] = null;
    this.unwatch(pages.table);
    for (const [i, old] of pages.frames.entries()) {
      if (old === NONE) continue;
      const stale = frame === NONE || old !== frame + i || !sameAttributes(attributes, pages.attributes[i]!);
      listener.unmapped(vaddr + i * PAGE, PAGE, old, pages.attributes[i]!, stale);
    }
  }

  private putPages(slot: number, table: Table): void {
    const { listener } = this;
    const fresh = new Pages(table);
    const old = this.pages[slot]!;
    const section = this.frames[slot]!;
    const attributes = this.attributes[slot]!;
    this.pages[slot] = fresh;
    this.frames[slot] = NONE;
    this.watch(table);
    let continued = 0;
    for (let i = 0; i < table.entries; i++) {
      // Most entries of a new table are empty: that is seen without a walk.
      const low = this.ram.read32(table.base + i * table.entryBytes);
      if ((low & (this.isLong ? 1 : 3)) === 0) continue;
      const frame = this.lookPage(table, i);
      if (frame === NONE) continue;
      const described = this.pageAttributes;
      fresh.frames[i] = frame;
      fresh.attributes[i] = described;
      if (frame === section + i && sameAttributes(described, attributes)) continued++;
      listener.mapped(table.vaddr + i * PAGE, PAGE, frame, described);
    }
    if (section !== NONE) {
      listener.unmapped(table.vaddr, this.slotBytes, section, attributes, continued < table.entries);
    }
    if (old === null) return;
    this.unwatch(old.table);
    for (const [i, frame] of old.frames.entries()) {
      if (frame === NONE) continue;
      const same = frame === fresh.frames[i] && sameAttributes(old.attributes[i]!, fresh.attributes[i]!);
      listener.unmapped(table.vaddr + i * PAGE, PAGE, frame, old.attributes[i]!, !same);
    }
  }

  private updatePage(vaddr: Vaddr): void {
    const pages = this.pages[Math.floor(vaddr / this.slotBytes)]!;
    if (pages === null) return;
    const i = (vaddr % this.slotBytes) / PAGE;
    const oldFrame = pages.frames[i]!;
    const oldAttributes = pages.attributes[i]!;
    const frame = this.lookPage(pages.table, i);
    const attributes = frame === NONE ? 0 : this.pageAttributes;
    pages.frames[i] = frame;
    pages.attributes[i] = attributes;
    if (frame === oldFrame && sameAttributes(attributes, oldAttributes)) return;
    if (frame !== NONE) this.listener.mapped(vaddr, PAGE, frame, attributes);
    if (oldFrame !== NONE) this.listener.unmapped(vaddr, PAGE, oldFrame, oldAttributes, true);
  }

  /** The frame that the tables give for `vaddr`, with the rest in `found`; NONE. */
  private look(vaddr: Vaddr): number {
    if (this.roots.length === 0 || this.walker.walk(vaddr, this.found) !== WALK_OK) return NONE;
    return Math.floor(this.found.paddr / PAGE);
  }

  /**
   * As look() for entry `i` of a table of pages, with the attributes in `pageAttributes`. All but the frame
   * follows from the low twelve bits, so that a walk is needed once for each value of them.
   */
  private lookPage(table: Table, i: number): number {
    const at = table.base + i * table.entryBytes;
    const low = this.ram.read32(at);
    const single = this.isLong ? (low & 3) === 3 : (low & 2) !== 0;
    if (low < 0 || !single) {
      const frame = low < 0 || (low & 3) === 0 ? NONE : this.look(table.vaddr + i * PAGE);
      if (frame !== NONE) this.pageAttributes = this.describe();
      return frame;
    }
    const bits = low & 0xfff;
    let attributes = this.attributesOfBits[bits]!;
    if (attributes === UNKNOWN) {
      attributes = this.look(table.vaddr + i * PAGE) === NONE ? NONE : this.describe();
      this.attributesOfBits[bits] = attributes;
    }
    if (attributes === NONE) return NONE;
    this.pageAttributes = attributes;
    const upper = this.isLong ? (this.ram.read32(at + 4) & 0xff) * 2 ** 20 : 0;
    return upper + (low >>> 12);
  }

  private describe(): number {
    const { found } = this;
    const index = this.typeIndex.get(found.memoryType) ?? this.addType(found.memoryType);
    return (index << 6) | ((31 - Math.clz32(found.size)) << 1) | found.ng;
  }

  private addType(type: MemoryType): number {
    const key = `${type.text} ${type.shareable}`;
    const index = this.typeIndex.get(key) ?? this.types.push(type) - 1;
    this.typeIndex.set(key, index);
    this.typeIndex.set(type, index);
    return index;
  }

  private watch(table: Table): void {
    for (let key = watchKey(table.base); key <= lastKey(table); key++) {
      const others = this.watched.get(key);
      if (others === undefined) this.watched.set(key, [table]);
      else others.push(table);
    }
  }

  private unwatch(table: Table): void {
    for (let key = watchKey(table.base); key <= lastKey(table); key++) {
      const others = this.watched.get(key)!;
      others.splice(others.indexOf(table), 1);
      if (others.length === 0) this.watched.delete(key);
    }
  }
}

function entryIn(table: Table, vaddr: Vaddr): Paddr {
  return table.base + Math.floor((vaddr - table.vaddr) / table.span) * table.entryBytes;
}

function watchKey(paddr: Paddr): number {
  return Math.floor(paddr / WATCH_BYTES);
}

function lastKey(table: Table): number {
  return watchKey(table.base + table.entries * table.entryBytes - 1);
}
