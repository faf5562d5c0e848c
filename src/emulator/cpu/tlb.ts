// SPDX-License-Identifier: GPL-2.0-only
/**
 * The TLB of an emulated core: what `hw/mmu/tlb.ts` is, with permissions, which a real kernel lives by. An entry
 * stays until TLB maintenance reaches it or another one takes its place, as in hardware (ARM DDI 0406C, B3.9).
 *
 * Direct-mapped by the low bits of the page number, one slot for each 4 KiB:
 *
 *   tags      page number (20 bits), plus (ASID + 1) << 20 where the mapping is not global; -1: empty
 *   frames    physical page number (28 bits)
 *   rights    what may be done, R_… below
 *   types     memory type
 *   shifts    log2 of the size of the mapping that the page is a part of
 *
 * Model: a mapping larger than a page is held page by page; maintenance by address drops all of them.
 */
import { type MemoryType, STRONGLY_ORDERED } from '../../hw/mmu/memory-type.js';

export const SLOTS = 1024;
const EMPTY = -1;

/** Rights: privileged read, write, execute; user read, write, execute. */
export const R_PRIVILEGED_READ = 1;
export const R_PRIVILEGED_WRITE = 2;
export const R_PRIVILEGED_EXECUTE = 4;
export const R_USER_READ = 8;
export const R_USER_WRITE = 16;
export const R_USER_EXECUTE = 32;

export class Tlb {
  readonly tags: Int32Array = new Int32Array(SLOTS).fill(EMPTY);
  readonly frames: Int32Array = new Int32Array(SLOTS);
  readonly rights: Uint8Array = new Uint8Array(SLOTS);
  readonly shifts: Uint8Array = new Uint8Array(SLOTS);
  /** Domain and level of the entry, for the fault status of a permission fault: domain << 4 | level. */
  readonly places: Uint8Array = new Uint8Array(SLOTS);
  /**
   * 1 for each MiB of which something was translated by an entry larger than a page since the TLB was last flushed whole;
   * entries elsewhere are pages. And log2 of the largest of them.
   */
  private readonly large: Uint8Array = new Uint8Array(4096);
  private largestShift = 0;
  readonly types: MemoryType[] = new Array<MemoryType>(SLOTS).fill(STRONGLY_ORDERED);

  /** The slot that translates `vaddr` under `asid`; -1: none. */
  lookup(vaddr: number, asid: number): number {
    const page = vaddr >>> 12;
    const slot = page & (SLOTS - 1);
    const tag = this.tags[slot]!;
    return tag === page || tag === (page | ((asid + 1) << 20)) ? slot : -1;
  }

  insert(
    vaddr: number,
    nonGlobalAsid: number,
    frame: number,
    shift: number,
    rights: number,
    place: number,
    type: MemoryType,
  ): number {
    const page = vaddr >>> 12;
    const slot = page & (SLOTS - 1);
    this.tags[slot] = page | ((nonGlobalAsid + 1) << 20);
    if (shift !== 12) {
      this.large[page >>> 8] = 1;
      if (shift > this.largestShift) this.largestShift = shift;
    }
    this.frames[slot] = frame;
    this.shifts[slot] = shift;
    this.rights[slot] = rights;
    this.places[slot] = place;
    this.types[slot] = type;
    return slot;
  }

  flushAll(): void {
    this.tags.fill(EMPTY);
    this.large.fill(0);
    this.largestShift = 0;
  }

  flushAsid(asid: number): void {
    const { tags } = this;
    for (let slot = 0; slot < SLOTS; slot++) if (tags[slot]! >>> 20 === asid + 1) tags[slot] = EMPTY;
  }

  /**
   * Entries of the mapping that has `vaddr`: global ones, those of `asid`, or (`anyAsid`) all. False: nothing beyond the
   * page of `vaddr` itself was translated by that mapping.
   */
  flushPage(vaddr: number, asid: number, anyAsid: boolean): boolean {
    const { tags, shifts } = this;
    const page = vaddr >>> 12;
    const own = page & (SLOTS - 1);
    if (tags[own] !== EMPTY && (tags[own]! & 0xfffff) === page && this.reaches(own, asid, anyAsid))
      tags[own] = EMPTY;
    if (!this.mayBeLarge(page >>> 8)) return false;
    for (let slot = 0; slot < SLOTS; slot++) {
      const shift = shifts[slot]!;
      if (tags[slot] === EMPTY || shift === 12) continue;
      if ((tags[slot]! & 0xfffff) >>> (shift - 12) !== page >>> (shift - 12)) continue;
      if (this.reaches(slot, asid, anyAsid)) tags[slot] = EMPTY;
    }
    return true;
  }

  /** An entry larger than a page may translate something of this MiB. */
  private mayBeLarge(mib: number): boolean {
    const { large, largestShift } = this;
    const count = largestShift > 20 ? 2 ** (largestShift - 20) : 1;
    const first = mib - (mib % count);
    for (let i = first; i < first + count; i++) if (large[i] === 1) return true;
    return false;
  }

  private reaches(slot: number, asid: number, anyAsid: boolean): boolean {
    const tagged = this.tags[slot]! >>> 20;
    return anyAsid || tagged === 0 || tagged === asid + 1;
  }
}
