// SPDX-License-Identifier: GPL-2.0-only
/**
 * Indexes by page frame, for maps that change entry by entry: the virtual places of a frame, and how often it is
 * counted. Frames are kept in units of 256, and the unit of the last access is remembered: tables are written in order.
 */

const NONE: readonly number[] = [];

/** Frames in a unit: 1 MiB of pages. */
export const UNIT_PAGES = 256;

/** Several virtual places for one physical frame. Nearly all frames have one: only further ones cost an array. */
export class FrameIndex {
  /** By unit: of each frame its first place + 1; 0: none. */
  private readonly units: Map<number, Int32Array> = new Map();
  private readonly more: Map<number, number[]> = new Map();
  private lastKey = -1;
  private lastUnit: Int32Array = new Int32Array(0);

  add(frame: number, place: number): void {
    const unit = this.unitOf(frame);
    const at = frame % UNIT_PAGES;
    if (unit[at] === 0) {
      unit[at] = place + 1;
      return;
    }
    const others = this.more.get(frame | 0);
    if (others === undefined) this.more.set(frame | 0, [place]);
    else others.push(place);
  }

  /** The pair must be there. */
  remove(frame: number, place: number): void {
    const unit = this.unitOf(frame);
    const at = frame % UNIT_PAGES;
    const others = this.more.size === 0 ? undefined : this.more.get(frame | 0);
    if (others === undefined) {
      unit[at] = 0;
      return;
    }
    if (unit[at] === place + 1) unit[at] = others.pop()! + 1;
    else others.splice(others.indexOf(place), 1);
    if (others.length === 0) this.more.delete(frame | 0);
  }

  places(frame: number): readonly number[] {
    const first = this.unitOf(frame)[frame % UNIT_PAGES]!;
    if (first === 0) return NONE;
    const others = this.more.get(frame | 0);
    return others === undefined ? [first - 1] : [first - 1, ...others];
  }

  private unitOf(frame: number): Int32Array {
    const key = Math.floor(frame / UNIT_PAGES);
    if (key === this.lastKey) return this.lastUnit;
    let unit = this.units.get(key);
    if (unit === undefined) {
      unit = new Int32Array(UNIT_PAGES);
      this.units.set(key, unit);
    }
    this.lastKey = key;
    this.lastUnit = unit;
    return unit;
  }
}

interface Unit {
  readonly counts: Uint16Array;
  /** Pages whose count is not 0. */
  pages: number;
}

/** How often each page frame was added, and how many of each MiB were. */
export class PageTally {
  private readonly units: Map<number, Unit> = new Map();
  private lastKey = -1;
  private lastUnit: Unit | undefined;

  add(pfn: number): void {
    const key = Math.floor(pfn / UNIT_PAGES);
    let unit = this.unitOf(key);
    if (unit === undefined) {
      unit = { counts: new Uint16Array(UNIT_PAGES), pages: 0 };
      this.units.set(key, unit);
      this.lastUnit = unit;
    }
    const at = pfn % UNIT_PAGES;
    if (unit.counts[at] === 0) unit.pages++;
    unit.counts[at] = unit.counts[at]! + 1;
  }

  /** True: it was the last. The frame must have been added. */
  remove(pfn: number): boolean {
    const unit = this.unitOf(Math.floor(pfn / UNIT_PAGES))!;
    const at = pfn % UNIT_PAGES;
    unit.counts[at] = unit.counts[at]! - 1;
    if (unit.counts[at] !== 0) return false;
    unit.pages--;
    return true;
  }

  has(pfn: number): boolean {
    const unit = this.unitOf(Math.floor(pfn / UNIT_PAGES));
    return unit !== undefined && unit.counts[pfn % UNIT_PAGES] !== 0;
  }

  /** Pages of a MiB, by its number, that were added. */
  pagesIn(unit: number): number {
    return this.unitOf(unit)?.pages ?? 0;
  }

  private unitOf(key: number): Unit | undefined {
    if (key !== this.lastKey) {
      this.lastKey = key;
      this.lastUnit = this.units.get(key);
    }
    return this.lastUnit;
  }
}

/** How often each number was added. */
export class Tally {
  private readonly counts: Map<number, number> = new Map();

  add(key: number): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  /** True: it was the last. */
  remove(key: number): boolean {
    const count = this.counts.get(key)! - 1;
    if (count > 0) this.counts.set(key, count);
    else this.counts.delete(key);
    return count === 0;
  }

  has(key: number): boolean {
    return this.counts.has(key);
  }
}
