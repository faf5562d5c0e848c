// SPDX-License-Identifier: GPL-2.0-only
/**
 * Physical memory of a board, sparse: a 4 GiB board costs the host what the run touches.
 * Memory consists of 4 KiB chunks. A chunk is uniform (every byte has the same value, no storage) or live
 * (4 KiB of storage, out of slabs of 1 MiB). Everything is uniform zero at power-on. Software fills and clears
 * whole pages, so that with chunks of that size most of memory stays uniform (108 boards under
 * four designs: 38 s with chunks of 64 KiB, 14 s with these and with invariants' messages built on demand).
 * Model: real DRAM holds noise at power-on; tests that care fill it with a pattern, which costs nothing.
 * Little endian, as all 32-bit ARM Linux boards in use are. Addresses outside every bank are reported
 * by a sentinel, never by an exception: that is how the bus reports them to the CPU.
 */
import { endianness } from 'node:os';
import { alignDown, alignUp, hex, type Paddr, type Range } from '../base/address.js';
import { invariant } from '../base/diagnostics.js';

/** What a read returns where no memory answers. No read value is negative. */
export const BUS_ERROR = -1;

const CHUNK_BYTES = 4096;
/** Chunks in a slab of storage. */
const SLAB_CHUNKS = 256;

/** Storage of live chunks, seen in three widths. Slot n stands in slab n / 256 at chunk n % 256. */
interface Slab {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Uint32Array;
}

/**
 * A run of memory without holes. `slots` has one entry for each 4 KiB that the extent touches:
 *
 *   slot >= 0   live, in `slabs`
 *   slot <  0   uniform, every byte is -1 - slot
 */
interface Extent {
  readonly start: number;
  readonly end: number;
  /** `start` rounded down to a chunk: where slot 0 begins. */
  readonly base: number;
  readonly slots: Int32Array;
}

/**
 * All of memory in one piece of storage, for those who make an offset of an address once and then access it often.
 * Banks follow each other in it, each rounded up to whole chunks.
 */
export interface FlatRam {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Int32Array;
  /** Where memory begins in the storage. What is before it is the caller's. */
  readonly start: number;
  /** Where the chunk of physical page `frame` begins; -1 where not all of the page is memory. */
  offsetOf(frame: number): number;
}

/** `value` in each of the four bytes of a word, unsigned. */
function repeated(value: number): number {
  return (value * 0x01010101) >>> 0;
}

/** Physical memory. Accesses are naturally aligned; the low address bits of one that is not are ignored. */
export class Ram {
  /** As given: sorted, disjoint. */
  readonly banks: readonly Range[];
  private readonly extents: Extent[] = [];
  private readonly slabs: Slab[] = [];
  /** Slots that were live and are free again. */
  private readonly freeSlots: number[] = [];
  /** Slots that were ever live. */
  private usedSlots = 0;
  /** Every chunk has its place for good; see flatten(). */
  private isFlat = false;
  /** The extent of the last access: most accesses stay in one. */
  private recent: Extent | undefined;

  constructor(banks: readonly Range[]) {
    invariant(endianness() === 'LE', 'the host must be little endian');
    this.banks = banks;
    let end = 0;
    for (const bank of banks) {
      invariant(
        bank.start >= end && bank.end > bank.start,
        () => `bank ${hex(bank.start)} unsorted or empty`,
      );
      end = bank.end;
    }
    for (const run of joinTouching(banks)) {
      const base = alignDown(run.start, CHUNK_BYTES);
      const slots = new Int32Array((alignUp(run.end, CHUNK_BYTES) - base) / CHUNK_BYTES).fill(-1);
      this.extents.push({ start: run.start, end: run.end, base, slots });
    }
    this.recent = this.extents[0];
  }

  /**
   * Gives every chunk its place in one piece of storage, of which the host commits what is touched. Must come
   * before the first write. Storage is not given back from then on. `allocate` makes it, of that many bytes or more;
   * its first `start` bytes, whole chunks, are left alone.
   */
  flatten(start: number, allocate: (bytes: number) => ArrayBuffer): FlatRam {
    invariant(this.usedSlots === 0, 'memory is flattened while it is new');
    let chunks = 0;
    for (const { slots } of this.extents) chunks += slots.length;
    const slabCount = Math.ceil(chunks / SLAB_CHUNKS);
    const slabBytes = SLAB_CHUNKS * CHUNK_BYTES;
    const storage = allocate(start + slabCount * slabBytes);
    for (let slab = 0; slab < slabCount; slab++) this.addSlab(storage, start + slab * slabBytes);
    for (const { slots } of this.extents) {
      for (let i = 0; i < slots.length; i++) {
        const byte = -1 - slots[i]!;
        slots[i] = this.usedSlots++;
        if (byte !== 0) this.bytesOf(slots[i]!).fill(byte);
      }
    }
    this.isFlat = true;
    const offsetOf = (frame: number): number => {
      const extent = this.find(frame * CHUNK_BYTES, CHUNK_BYTES);
      if (extent === undefined) return -1;
      return start + extent.slots[frame - extent.base / CHUNK_BYTES]! * CHUNK_BYTES;
    };
    const views = { bytes: new Uint8Array(storage), halves: new Uint16Array(storage) };
    return { ...views, words: new Int32Array(storage), start, offsetOf };
  }

  /** Whether all of [paddr, paddr + size) is memory. */
  contains(paddr: Paddr, size = 1): boolean {
    return this.find(paddr, size) !== undefined;
  }

  read8(paddr: Paddr): number {
    const extent = this.find(paddr, 1);
    if (extent === undefined) return BUS_ERROR;
    const offset = paddr - extent.base;
    const index = Math.floor(offset / CHUNK_BYTES);
    const slot = extent.slots[index]!;
    return slot < 0
      ? -1 - slot
      : this.slabs[slot >>> 8]!.bytes[((slot & 255) << 12) + (offset - index * CHUNK_BYTES)]!;
  }

  read16(paddr: Paddr): number {
    const extent = this.find(paddr, 2);
    if (extent === undefined) return BUS_ERROR;
    const offset = paddr - extent.base;
    const index = Math.floor(offset / CHUNK_BYTES);
    const slot = extent.slots[index]!;
    if (slot < 0) return (-1 - slot) * 0x0101;
    return this.slabs[slot >>> 8]!.halves[((slot & 255) << 11) + ((offset - index * CHUNK_BYTES) >>> 1)]!;
  }

  read32(paddr: Paddr): number {
    const extent = this.find(paddr, 4);
    if (extent === undefined) return BUS_ERROR;
    const offset = paddr - extent.base;
    const index = Math.floor(offset / CHUNK_BYTES);
    const slot = extent.slots[index]!;
    if (slot < 0) return repeated(-1 - slot);
    return this.slabs[slot >>> 8]!.words[((slot & 255) << 10) + ((offset - index * CHUNK_BYTES) >>> 2)]!;
  }

  /** False: no memory there, nothing written. */
  write8(paddr: Paddr, value: number): boolean {
    const slot = this.writable(paddr, 1);
    if (slot < 0) return false;
    this.slabs[slot >>> 8]!.bytes[((slot & 255) << 12) + inChunk(paddr)] = value;
    return true;
  }

  write16(paddr: Paddr, value: number): boolean {
    const slot = this.writable(paddr, 2);
    if (slot < 0) return false;
    this.slabs[slot >>> 8]!.halves[((slot & 255) << 11) + (inChunk(paddr) >>> 1)] = value;
    return true;
  }

  write32(paddr: Paddr, value: number): boolean {
    const slot = this.writable(paddr, 4);
    if (slot < 0) return false;
    this.slabs[slot >>> 8]!.words[((slot & 255) << 10) + (inChunk(paddr) >>> 2)] = value;
    return true;
  }

  /** Sets each byte. Chunks that are covered whole become uniform and give their storage back. */
  fill(paddr: Paddr, size: number, byte: number): void {
    const extent = this.require(paddr, size);
    const uniform = -1 - (byte & 0xff);
    for (let at = paddr; at < paddr + size; ) {
      const index = Math.floor((at - extent.base) / CHUNK_BYTES);
      const chunkStart = extent.base + index * CHUNK_BYTES;
      const stop = Math.min(chunkStart + CHUNK_BYTES, paddr + size);
      const slot = extent.slots[index]!;
      const whole =
        at === Math.max(chunkStart, extent.start) && stop === Math.min(chunkStart + CHUNK_BYTES, extent.end);
      if (whole && !this.isFlat) {
        if (slot >= 0) this.freeSlots.push(slot);
        extent.slots[index] = uniform;
      } else if (slot !== uniform) {
        const bytes = this.bytesOf(this.live(extent, index));
        bytes.fill(byte, at - chunkStart, stop - chunkStart);
      }
      at = stop;
    }
  }

  /** Whether each byte is `byte`. */
  isFilledWith(paddr: Paddr, size: number, byte: number): boolean {
    const extent = this.require(paddr, size);
    for (let at = paddr; at < paddr + size; ) {
      const index = Math.floor((at - extent.base) / CHUNK_BYTES);
      const chunkStart = extent.base + index * CHUNK_BYTES;
      const stop = Math.min(chunkStart + CHUNK_BYTES, paddr + size);
      const slot = extent.slots[index]!;
      if (slot < 0) {
        if (-1 - slot !== byte) return false;
      } else {
        const bytes = this.bytesOf(slot);
        for (let i = at - chunkStart; i < stop - chunkStart; i++) if (bytes[i] !== byte) return false;
      }
      at = stop;
    }
    return true;
  }

  /** Copies, also where source and destination overlap. Uniform memory stays uniform where it can. */
  copy(dst: Paddr, src: Paddr, size: number): void {
    this.require(dst, size);
    this.require(src, size);
    const backwards = src < dst && dst < src + size;
    for (let done = 0; done < size; ) {
      // From the end when the destination would overwrite source bytes that are still to be read.
      const edge = backwards ? src + size - done : src + done;
      const chunkEdge = backwards ? alignUp(edge, CHUNK_BYTES) - CHUNK_BYTES : alignDown(edge, CHUNK_BYTES);
      const piece = Math.min(
        size - done,
        backwards ? edge - Math.max(chunkEdge, src) : chunkEdge + CHUNK_BYTES - edge,
      );
      const from = backwards ? edge - piece : edge;
      this.copyPiece(dst + (from - src), from, piece);
      done += piece;
    }
  }

  /** `size` bytes in a new array. */
  readBytes(paddr: Paddr, size: number): Uint8Array {
    const extent = this.require(paddr, size);
    const result = new Uint8Array(size);
    for (let at = paddr; at < paddr + size; ) {
      const index = Math.floor((at - extent.base) / CHUNK_BYTES);
      const chunkStart = extent.base + index * CHUNK_BYTES;
      const stop = Math.min(chunkStart + CHUNK_BYTES, paddr + size);
      const slot = extent.slots[index]!;
      if (slot < 0) result.fill(-1 - slot, at - paddr, stop - paddr);
      else result.set(this.bytesOf(slot).subarray(at - chunkStart, stop - chunkStart), at - paddr);
      at = stop;
    }
    return result;
  }

  writeBytes(paddr: Paddr, bytes: Uint8Array): void {
    const extent = this.require(paddr, bytes.length);
    for (let done = 0; done < bytes.length; ) {
      const offset = paddr + done - extent.base;
      const piece = Math.min(CHUNK_BYTES - (offset % CHUNK_BYTES), bytes.length - done);
      const slot = this.live(extent, Math.floor(offset / CHUNK_BYTES));
      this.bytesOf(slot).set(bytes.subarray(done, done + piece), offset % CHUNK_BYTES);
      done += piece;
    }
  }

  /** Bytes of host storage that hold contents now. */
  get touchedBytes(): number {
    return (this.usedSlots - this.freeSlots.length) * CHUNK_BYTES;
  }

  private copyPiece(dst: number, src: number, size: number): void {
    const extent = this.find(src, size)!;
    const slot = extent.slots[Math.floor((src - extent.base) / CHUNK_BYTES)]!;
    if (slot < 0) this.fill(dst, size, -1 - slot);
    else this.writeBytes(dst, this.bytesOf(slot).slice(src % CHUNK_BYTES, (src % CHUNK_BYTES) + size));
  }

  private find(paddr: number, size: number): Extent | undefined {
    const recent = this.recent;
    if (recent !== undefined && paddr >= recent.start && paddr + size <= recent.end) return recent;
    return this.findElsewhere(paddr, size);
  }

  private findElsewhere(paddr: number, size: number): Extent | undefined {
    for (const extent of this.extents) {
      if (paddr >= extent.start && paddr + size <= extent.end) {
        this.recent = extent;
        return extent;
      }
    }
    return undefined;
  }

  private require(paddr: number, size: number): Extent {
    const extent = this.find(paddr, size);
    invariant(extent !== undefined, () => `${hex(paddr)} + ${hex(size)} is not all memory`);
    return extent;
  }

  /** The live slot of a chunk that is about to be written; BUS_ERROR outside memory. */
  private writable(paddr: number, size: number): number {
    const extent = this.find(paddr, size);
    if (extent === undefined) return BUS_ERROR;
    const index = Math.floor((paddr - extent.base) / CHUNK_BYTES);
    const slot = extent.slots[index]!;
    return slot < 0 ? this.live(extent, index) : slot;
  }

  /** The 4 KiB of a live slot. */
  private bytesOf(slot: number): Uint8Array {
    const start = (slot % SLAB_CHUNKS) * CHUNK_BYTES;
    return this.slabs[Math.floor(slot / SLAB_CHUNKS)]!.bytes.subarray(start, start + CHUNK_BYTES);
  }

  private addSlab(storage: ArrayBuffer, at: number): void {
    const bytes = SLAB_CHUNKS * CHUNK_BYTES;
    this.slabs.push({
      bytes: new Uint8Array(storage, at, bytes),
      halves: new Uint16Array(storage, at, bytes / 2),
      words: new Uint32Array(storage, at, bytes / 4),
    });
  }

  /** The slot of the chunk at `index`; a uniform chunk gets storage first. */
  private live(extent: Extent, index: number): number {
    const slot = extent.slots[index]!;
    if (slot >= 0) return slot;
    const fresh = this.freeSlots.pop() ?? this.usedSlots++;
    if (fresh >= this.slabs.length * SLAB_CHUNKS) {
      this.addSlab(new ArrayBuffer(SLAB_CHUNKS * CHUNK_BYTES), 0);
    }
    this.bytesOf(fresh).fill(-1 - slot);
    extent.slots[index] = fresh;
    return fresh;
  }
}

/** `paddr` % CHUNK_BYTES. The operator itself costs 9 ns above 2^31, more than the rest of an access. */
function inChunk(paddr: number): number {
  return paddr - Math.floor(paddr / CHUNK_BYTES) * CHUNK_BYTES;
}

/** Banks that touch act as one run of memory: an access may cross from one into the next. */
function joinTouching(banks: readonly Range[]): Range[] {
  const runs: { start: number; end: number }[] = [];
  for (const bank of banks) {
    const last = runs.at(-1);
    if (last !== undefined && last.end === bank.start) last.end = bank.end;
    else runs.push({ start: bank.start, end: bank.end });
  }
  return runs;
}
