// SPDX-License-Identifier: GPL-2.0-only
/**
 * Translations that the tables no longer give but that a TLB may still hold, because no TLB maintenance has
 * covered them since: ARM DDI 0406C, B3.10.1. Each names the cores that may hold it.
 * An operation by address takes away what any address of its section, large page or page reaches.
 * A kernel that unmaps lazily leaves thousands of single pages here, so these are kept by page number; larger
 * ones are few.
 */
import { alignDown, type Pfn, type Vaddr } from '../../base/address.js';
import type { TlbOperation } from '../observer.js';
import type { MemoryType } from './memory-type.js';

export interface LingeringMapping {
  readonly vaddr: Vaddr;
  readonly size: number;
  /** Of `vaddr`. */
  readonly frame: Pfn;
  readonly type: MemoryType;
  /** Size of the table entry's mapping, of which this may be a part: 16 MiB of a supersection. */
  readonly entrySize: number;
  /** -1: global. */
  readonly asid: number;
  /** Bit n: core n. */
  cores: number;
  /** The tables map some of the addresses again, and otherwise: to use one of them is a mistake. */
  conflicts: boolean;
}

const PAGE = 4096;
const NONE: readonly LingeringMapping[] = [];

/** Lists of mappings under a number of 31 bits at most; most have one entry. */
class Lists {
  private readonly lists: Map<number, LingeringMapping[]> = new Map();

  get size(): number {
    return this.lists.size;
  }

  of(key: number): readonly LingeringMapping[] {
    return this.lists.get(key | 0) ?? NONE;
  }

  add(key: number, mapping: LingeringMapping): void {
    const list = this.lists.get(key | 0);
    if (list === undefined) this.lists.set(key | 0, [mapping]);
    else list.push(mapping);
  }

  /** The mapping must be there. */
  remove(key: number, mapping: LingeringMapping): void {
    const list = this.lists.get(key | 0)!;
    if (list.length === 1) this.lists.delete(key | 0);
    else list.splice(list.indexOf(mapping), 1);
  }

  *all(): Generator<LingeringMapping> {
    for (const list of this.lists.values()) yield* list;
  }
}

export class Lingering {
  /** Entries of one page, by page number of the address and of the frame. */
  private readonly byPage = new Lists();
  private readonly byFrame = new Lists();
  /** All others. */
  private readonly large: Set<LingeringMapping> = new Set();
  count = 0;
  /** Those whose addresses the tables map again. */
  conflictCount = 0;

  /** False: it was there already, maybe for fewer cores. */
  add(mapping: LingeringMapping): boolean {
    const known = this.equal(mapping);
    if (known !== undefined) {
      known.cores |= mapping.cores;
      return false;
    }
    if (mapping.entrySize > PAGE) {
      this.large.add(mapping);
    } else {
      this.byPage.add(mapping.vaddr / PAGE, mapping);
      this.byFrame.add(mapping.frame, mapping);
    }
    this.count++;
    return true;
  }

  /** Takes out what equals `mapping`, which the tables give again. False: nothing does. */
  takeEqual(mapping: LingeringMapping): boolean {
    const found = this.equal(mapping);
    if (found !== undefined) this.remove(found);
    return found !== undefined;
  }

  private equal(mapping: LingeringMapping): LingeringMapping | undefined {
    if (mapping.size <= PAGE) {
      const found = this.byPage.of(mapping.vaddr / PAGE).find(other => isSame(other, mapping));
      if (found !== undefined) return found;
    }
    // A page of its own and one that is part of a large page may say the same.
    for (const other of this.large) if (isSame(other, mapping)) return other;
    return undefined;
  }

  /** The tables map [vaddr, vaddr + size) to something else. */
  remapped(vaddr: Vaddr, size: number): void {
    if (this.count === 0) return;
    if (size > PAGE) for (const mapping of this.near(vaddr, size)) this.markConflict(mapping, vaddr, size);
    else {
      for (const mapping of this.byPage.of(vaddr / PAGE)) this.markConflict(mapping, vaddr, size);
      for (const mapping of this.large) this.markConflict(mapping, vaddr, size);
    }
  }

  private markConflict(mapping: LingeringMapping, vaddr: Vaddr, size: number): void {
    const apart = mapping.vaddr >= vaddr + size || mapping.vaddr + mapping.size <= vaddr;
    if (mapping.conflicts || apart) return;
    mapping.conflicts = true;
    this.conflictCount++;
  }

  /** TLB maintenance on `cores`. Returns what no core can hold any more. */
  maintain(
    cores: number,
    operation: TlbOperation,
    vaddr: Vaddr,
    size: number,
    asid: number,
  ): LingeringMapping[] {
    if (this.count === 0) return [];
    const reached = operation === 'mva' ? this.touching(vaddr, size) : [...this.all()];
    const gone: LingeringMapping[] = [];
    for (const mapping of reached) {
      if (operation === 'asid' && mapping.asid !== asid) continue;
      if (operation === 'mva' && mapping.asid !== -1 && mapping.asid !== asid) continue;
      mapping.cores &= ~cores;
      if (mapping.cores !== 0) continue;
      this.remove(mapping);
      gone.push(mapping);
    }
    return gone;
  }

  /** One that core `cpu` may use for `vaddr` in the address space of `asid`. */
  at(vaddr: Vaddr, cpu: number, asid: number): LingeringMapping | undefined {
    for (const mapping of this.near(vaddr, 1)) {
      if ((mapping.cores & (1 << cpu)) === 0 || (mapping.asid !== -1 && mapping.asid !== asid)) continue;
      if (vaddr >= mapping.vaddr && vaddr < mapping.vaddr + mapping.size) return mapping;
    }
    return undefined;
  }

  /** Does one that leads to the page exist, or may it? */
  mayHave(pfn: Pfn): boolean {
    return this.large.size > 0 || this.byFrame.of(pfn).length > 0;
  }

  /** Those that lead to the page. */
  *ofFrame(pfn: Pfn): Generator<LingeringMapping> {
    yield* this.byFrame.of(pfn);
    for (const mapping of this.large) {
      if (pfn >= mapping.frame && pfn < mapping.frame + mapping.size / PAGE) yield mapping;
    }
  }

  private *all(): Generator<LingeringMapping> {
    yield* this.byPage.all();
    yield* this.large;
  }

  private touching(vaddr: Vaddr, size: number): LingeringMapping[] {
    const end = vaddr + size;
    const found = this.near(vaddr, size).filter(({ vaddr: at, entrySize }) => {
      const start = alignDown(at, entrySize);
      return start < end && start + entrySize > vaddr;
    });
    return found;
  }

  /** At least those that have to do with [vaddr, vaddr + size). */
  private near(vaddr: Vaddr, size: number): LingeringMapping[] {
    const first = Math.floor(vaddr / PAGE);
    const last = Math.floor((vaddr + size - 1) / PAGE);
    const found: LingeringMapping[] = [];
    if (last - first > this.byPage.size) return [...this.all()];
    for (let page = first; page <= last; page++)
      for (const mapping of this.byPage.of(page)) found.push(mapping);
    for (const mapping of this.large) found.push(mapping);
    return found;
  }

  private remove(mapping: LingeringMapping): void {
    if (!this.large.delete(mapping)) {
      this.byPage.remove(mapping.vaddr / PAGE, mapping);
      this.byFrame.remove(mapping.frame, mapping);
    }
    if (mapping.conflicts) this.conflictCount--;
    this.count--;
  }
}

function isSame(a: LingeringMapping, b: LingeringMapping): boolean {
  return (
    a.vaddr === b.vaddr && a.size === b.size && a.frame === b.frame && a.type === b.type && a.asid === b.asid
  );
}
