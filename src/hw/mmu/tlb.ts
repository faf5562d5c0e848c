// SPDX-License-Identifier: GPL-2.0-only
/**
 * The TLB of one core: ARM DDI 0406C, B3.9 and B3.10.
 *
 * Two uses. Without live caches it is only a faster walk: any table or register change empties it, so that
 * a translation always is what the tables say. With live caches it is the hardware's: an entry stays,
 * however wrong, until TLB maintenance reaches it or another one takes its place.
 *
 * Direct-mapped by the low bits of the page number, one slot for each 4 KiB:
 *
 *   tags      page number (20 bits), plus (ASID + 1) << 20 where the mapping is not global; -1: empty
 *   frames    physical page number (28 bits)
 *   shifts    log2 of the size of the mapping that the page is a part of
 *   types     memory type
 *
 * Mappings larger than a page are one entry in hardware, so with live caches they are kept whole in `large` as
 * well, and slots are filled from there: the rest of a stale section is as stale as the page that was used.
 * Model: 1024 pages and 16 large mappings, whatever the core. Left out: permissions and domains, which the
 * walker does not check either; faults are never cached.
 */
import type { Paddr, Vaddr } from '../../base/address.js';
import type { Machine } from '../machine.js';
import type { TlbOperation } from '../observer.js';
import { type MemoryType, STRONGLY_ORDERED } from './memory-type.js';
import { Translation } from './translation.js';
import { WALK_OK } from './walker.js';

const SLOTS = 1024;
const LARGE = 16;
const EMPTY = -1;

/** A mapping larger than a page. */
interface LargeMapping {
  readonly start: Vaddr;
  readonly shift: number;
  readonly paddr: Paddr;
  readonly type: MemoryType;
  /** The part of a tag above the page number. */
  readonly asidTag: number;
}

/** Tags of mappings that are not global. */
function asidTagOf(asid: number): number {
  return ((asid & 0xff) + 1) << 20;
}

export class Tlb {
  /** Why miss() returned -1: one of the walker's faults. */
  fault: number = WALK_OK;
  /** The core has translated something with this TLB. */
  inUse = false;
  private readonly machine: Machine;
  /** Of the registers under which the entries were made; counts without live caches only. */
  private generation = -1;
  private readonly tags: Int32Array = new Int32Array(SLOTS).fill(EMPTY);
  private readonly frames: Int32Array = new Int32Array(SLOTS);
  private readonly shifts: Uint8Array = new Uint8Array(SLOTS);
  private readonly types: MemoryType[] = new Array<MemoryType>(SLOTS).fill(STRONGLY_ORDERED);
  private large: LargeMapping[] = [];
  private nextLarge = 0;
  /** False: certainly no entry. */
  private filled = false;
  private readonly found = new Translation();

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** The slot that translates `vaddr`; -1: none does, ask miss(). */
  lookup(vaddr: Vaddr): number {
    const page = vaddr >>> 12;
    const slot = page & (SLOTS - 1);
    const tag = this.tags[slot]!;
    const { registers } = this.machine;
    if (tag !== page && tag !== (page | asidTagOf(registers.asid))) return -1;
    return this.generation === registers.generation || this.machine.live !== null ? slot : -1;
  }

  /** Walks the tables after lookup() found nothing. -1: `fault` says why. */
  miss(vaddr: Vaddr): number {
    const { machine, found } = this;
    this.inUse = true;
    if (machine.live === null && this.generation !== machine.registers.generation) {
      this.dropAll();
      this.generation = machine.registers.generation;
    }
    const held = machine.live === null ? undefined : this.findLarge(vaddr);
    if (held !== undefined) {
      const paddr = held.paddr + ((vaddr >>> 0) - held.start);
      return this.insert(vaddr, paddr, held.shift, held.type, held.asidTag);
    }
    this.fault = machine.walker.walk(vaddr, found);
    if (this.fault !== WALK_OK) return -1;
    const asidTag = found.ng === 1 ? asidTagOf(machine.registers.asid) : 0;
    const shift = 31 - Math.clz32(found.size);
    if (shift > 12 && machine.live !== null) this.insertLarge(vaddr, found, shift, asidTag);
    return this.insert(vaddr, found.paddr, shift, found.memoryType, asidTag);
  }

  /** lookup(), and miss() where that finds nothing. */
  translate(vaddr: Vaddr): number {
    const slot = this.lookup(vaddr);
    return slot >= 0 ? slot : this.miss(vaddr);
  }

  paddrOf(slot: number, vaddr: Vaddr): Paddr {
    return this.frames[slot]! * 4096 + (vaddr & 4095);
  }

  typeOf(slot: number): MemoryType {
    return this.types[slot]!;
  }

  /** Bytes from `vaddr` to the end of the mapping. */
  bytesLeft(slot: number, vaddr: Vaddr): number {
    const size = 1 << this.shifts[slot]!;
    return size - (vaddr & (size - 1));
  }

  /**
   * Maintenance of this TLB. `mva`: mappings that [vaddr, vaddr + size) touches, whole, if they are global or of
   * `asid`; `asid`: those of `asid` that are not global; `all`: everything.
   */
  maintain(operation: TlbOperation, vaddr: Vaddr, size: number, asid: number): void {
    if (!this.filled) return;
    if (operation === 'all') this.dropAll();
    else if (operation === 'asid') this.dropIf(asidTag => asidTag === asidTagOf(asid));
    else {
      const end = vaddr + size;
      this.dropIf((asidTag, start, bytes) => {
        if (start >= end || start + bytes <= vaddr) return false;
        return asidTag === 0 || asidTag === asidTagOf(asid);
      });
    }
  }

  dropAll(): void {
    if (!this.filled) return;
    this.tags.fill(EMPTY);
    this.large = [];
    this.filled = false;
  }

  private dropIf(covers: (asidTag: number, start: Vaddr, bytes: number) => boolean): void {
    const { tags, shifts } = this;
    for (let slot = 0; slot < SLOTS; slot++) {
      const tag = tags[slot]!;
      if (tag === EMPTY) continue;
      const bytes = 2 ** shifts[slot]!;
      const vaddr = (tag & 0xfffff) * 4096;
      if (covers(tag - (tag & 0xfffff), vaddr - (vaddr % bytes), bytes)) tags[slot] = EMPTY;
    }
    this.large = this.large.filter(({ asidTag, start, shift }) => !covers(asidTag, start, 2 ** shift));
  }

  private insert(vaddr: Vaddr, paddr: Paddr, shift: number, type: MemoryType, asidTag: number): number {
    const page = vaddr >>> 12;
    const slot = page & (SLOTS - 1);
    this.tags[slot] = page | asidTag;
    this.frames[slot] = Math.floor(paddr / 4096);
    this.shifts[slot] = shift;
    this.types[slot] = type;
    this.filled = true;
    return slot;
  }

  private findLarge(vaddr: Vaddr): LargeMapping | undefined {
    const address = vaddr >>> 0;
    const asidTag = asidTagOf(this.machine.registers.asid);
    for (const mapping of this.large) {
      const { start, shift } = mapping;
      if (address < start || address >= start + 2 ** shift) continue;
      if (mapping.asidTag === 0 || mapping.asidTag === asidTag) return mapping;
    }
    return undefined;
  }

  private insertLarge(vaddr: Vaddr, found: Translation, shift: number, asidTag: number): void {
    const offset = (vaddr >>> 0) % found.size;
    this.nextLarge = (this.nextLarge + 1) % LARGE;
    this.large[Math.min(this.nextLarge, this.large.length)] = {
      start: (vaddr >>> 0) - offset,
      shift,
      paddr: found.paddr - offset,
      type: found.memoryType,
      asidTag,
    };
  }
}
