// SPDX-License-Identifier: GPL-2.0-only
/**
 * Several virtual places for one physical frame: a multimap from number to number. Nearly all frames have one
 * place, so the first is kept in a map of numbers and only further ones cost an array.
 * Keys are made small integers (`| 0`): a map of fractions hashes several times as long. Frames have 28 bits.
 */

const NONE: readonly number[] = [];

export class FrameIndex {
  private readonly first: Map<number, number> = new Map();
  private readonly more: Map<number, number[]> = new Map();

  add(frame: number, place: number): void {
    if (!this.first.has(frame | 0)) {
      this.first.set(frame | 0, place);
      return;
    }
    const others = this.more.get(frame | 0);
    if (others === undefined) this.more.set(frame | 0, [place]);
    else others.push(place);
  }

  /** The pair must be there. */
  remove(frame: number, place: number): void {
    const others = this.more.get(frame | 0);
    if (others === undefined) {
      this.first.delete(frame | 0);
      return;
    }
    if (this.first.get(frame | 0) === place) this.first.set(frame | 0, others.pop()!);
    else others.splice(others.indexOf(place), 1);
    if (others.length === 0) this.more.delete(frame | 0);
  }

  places(frame: number): readonly number[] {
    const first = this.first.get(frame | 0);
    if (first === undefined) return NONE;
    const others = this.more.get(frame | 0);
    return others === undefined ? [first] : [first, ...others];
  }

  clear(): void {
    this.first.clear();
    this.more.clear();
  }
}

/** Pages in a unit of PageTally. */
export const UNIT_PAGES = 256;

interface Unit {
  readonly counts: Uint16Array;
  /** Pages whose count is not 0. */
  pages: number;
}

/** How often each page frame was added, and how many of each MiB were. */
export class PageTally {
  private readonly units: Map<number, Unit> = new Map();

  add(pfn: number): void {
    const key = Math.floor(pfn / UNIT_PAGES);
    let unit = this.units.get(key);
    if (unit === undefined) {
      unit = { counts: new Uint16Array(UNIT_PAGES), pages: 0 };
      this.units.set(key, unit);
    }
    const at = pfn % UNIT_PAGES;
    if (unit.counts[at] === 0) unit.pages++;
    unit.counts[at] = unit.counts[at]! + 1;
  }

  /** True: it was the last. The frame must have been added. */
  remove(pfn: number): boolean {
    const key = Math.floor(pfn / UNIT_PAGES);
    const unit = this.units.get(key)!;
    const at = pfn % UNIT_PAGES;
    unit.counts[at] = unit.counts[at]! - 1;
    if (unit.counts[at] !== 0) return false;
    if (--unit.pages === 0) this.units.delete(key);
    return true;
  }

  has(pfn: number): boolean {
    const unit = this.units.get(Math.floor(pfn / UNIT_PAGES));
    return unit !== undefined && unit.counts[pfn % UNIT_PAGES] !== 0;
  }

  /** Pages of a MiB, by its number, that were added. */
  pagesIn(unit: number): number {
    return this.units.get(unit)?.pages ?? 0;
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
