// SPDX-License-Identifier: GPL-2.0-only
/**
 * Allocators as plain arrays of what is in use, each with the rule by which its kernel original chooses a place. They
 * are what the modelled allocators are judged by, and share no code with them.
 */

/** The lowest multiple of `align` (counted from `base`) with `count` free places from it on, or -1. */
function firstFit(used: readonly boolean[], count: number, align: number, base: number): number {
  for (let at = 0; at + count <= used.length; at++) {
    if ((base + at) % align !== 0) continue;
    let free = 0;
    while (free < count && !used[at + free]) free++;
    if (free === count) return at;
  }
  return -1;
}

function powerOfTwo(count: number): number {
  let power = 1;
  while (power < count) power *= 2;
  return power;
}

/** Pages in a row: contiguous areas, chunks of pools. */
export class Pages {
  readonly first: number;
  private readonly used: boolean[];

  constructor(firstPfn: number, pages: number, inUse: (page: number) => boolean = () => false) {
    this.first = firstPfn;
    this.used = Array.from({ length: pages }, (_, page) => inUse(page));
  }

  get size(): number {
    return this.used.length;
  }

  get inUse(): number {
    return this.used.filter(Boolean).length;
  }

  holds(pfn: number): boolean {
    return pfn >= this.first && pfn < this.first + this.used.length;
  }

  /** A contiguous area: aligned by frame number to a power of two, 256 pages at most. Null: there is no room. */
  findContiguous(count: number): number | null {
    const at = firstFit(this.used, count, Math.min(powerOfTwo(count), 256), this.first);
    return at < 0 ? null : this.first + at;
  }

  /** A pool: aligned from its own start on. */
  findInPool(count: number): number | null {
    const at = firstFit(this.used, count, powerOfTwo(count), 0);
    return at < 0 ? null : this.first + at;
  }

  /** A device's own pool: whole powers of two. */
  findBlock(count: number): number | null {
    return this.findInPool(powerOfTwo(count));
  }

  take(pfn: number, count: number): void {
    this.mark(pfn, count, true);
  }

  give(pfn: number, count: number): void {
    this.mark(pfn, count, false);
  }

  private mark(pfn: number, count: number, value: boolean): void {
    for (let at = pfn - this.first; at < pfn - this.first + count; at++) {
      if (this.used[at] === undefined || this.used[at] === value) {
        throw new Error(`page ${at} of ${this.used.length} ${value ? 'taken' : 'given back'} twice`);
      }
      this.used[at] = value;
    }
  }
}

const SLOT = 2048;
const SEGMENT = 128;

/** A pool of bounce buffers with one area. */
export class Slots {
  private readonly start: number;
  private readonly used: boolean[];
  private readonly isNew: boolean;
  private index = 0;

  constructor(start: number, bytes: number, isNew: boolean) {
    this.start = start;
    this.used = new Array<boolean>(bytes / SLOT).fill(false);
    this.isNew = isNew;
  }

  get inUse(): number {
    return this.used.filter(Boolean).length;
  }

  holds(address: number): boolean {
    return address >= this.start && address < this.start + this.used.length * SLOT;
  }

  /** A mapping: from a page's worth on it is page aligned. */
  takeMapping(bytes: number): number | null {
    return this.take(bytes, bytes >= 4096 ? 2 : 1);
  }

  /** Pages: 6.12 aligns them to their number, rounded up to a power of two, 6.1 to a page. */
  takePages(bytes: number): number | null {
    return this.take(bytes, this.isNew ? 2 * powerOfTwo(bytes / 4096) : 2);
  }

  give(address: number, bytes: number): void {
    const slot = Math.floor((address - this.start) / SLOT);
    for (let at = slot; at < slot + Math.ceil(bytes / SLOT); at++) {
      if (!this.used[at]) throw new Error(`slot ${at} is given back twice`);
      this.used[at] = false;
    }
  }

  /** From behind the last one on, and around: the first aligned slots in a row, inside one segment. */
  private take(bytes: number, align: number): number | null {
    const count = Math.ceil(bytes / SLOT);
    const { length } = this.used;
    for (let step = 0; step < length; step++) {
      const slot = (this.index + step) % length;
      if (slot % align !== 0 || (slot % SEGMENT) + count > SEGMENT) continue;
      let free = 0;
      while (free < count && !this.used[slot + free]) free++;
      if (free < count) continue;
      this.used.fill(true, slot, slot + count);
      this.index = slot + count >= length ? 0 : slot + count;
      return this.start + slot * SLOT;
    }
    return null;
  }
}

/** What is allocated now, by physical address: nothing may overlap. */
export class Ranges {
  private readonly live: Map<number, number> = new Map();

  add(start: number, end: number): void {
    for (const [otherStart, otherEnd] of this.live) {
      if (start < otherEnd && otherStart < end) {
        const text = [start, end, otherStart, otherEnd].map(value => value.toString(16));
        throw new Error(`${text[0]}-${text[1]} is allocated over ${text[2]}-${text[3]}`);
      }
    }
    this.live.set(start, end);
  }

  remove(start: number): void {
    if (!this.live.delete(start)) throw new Error(`${start.toString(16)} is freed twice`);
  }

  get size(): number {
    return this.live.size;
  }
}
