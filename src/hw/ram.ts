// SPDX-License-Identifier: GPL-2.0-only
/**
 * Physical memory of a board, sparse: a 4 GiB board costs the host what the run touches.
 * Memory consists of 64 KiB chunks. A chunk is uniform (every byte has the same value, no storage) or
 * live (64 KiB of storage). Everything is uniform zero at power-on.
 * Model: real DRAM holds noise at power-on; tests that care fill it with a pattern, which costs nothing.
 * Little endian, as all 32-bit ARM Linux boards in use are. Addresses outside every bank are reported
 * by a sentinel, never by an exception: that is how the bus reports them to the CPU.
 */
import { endianness } from 'node:os';
import { alignDown, alignUp, hex, type Paddr, type Range } from '../base/address.js';
import { invariant } from '../base/diagnostics.js';

/** What a read returns where no memory answers. No read value is negative. */
export const BUS_ERROR = -1;

const CHUNK_BYTES = 65536;

/** One live chunk, seen in three widths. */
interface LiveChunk {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Uint32Array;
}

/**
 * A run of memory without holes. `slots` has one entry for each 64 KiB that the extent touches:
 *
 *   slot >= 0   index into `chunks`: live
 *   slot <  0   uniform, every byte is -1 - slot
 */
interface Extent {
  readonly start: number;
  readonly end: number;
  /** `start` rounded down to a chunk: where slot 0 begins. */
  readonly base: number;
  readonly slots: Int32Array;
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
  private readonly chunks: LiveChunk[] = [];
  private readonly freeSlots: number[] = [];
  /** The extent of the last access: most accesses stay in one. */
  private recent: Extent | undefined;

  constructor(banks: readonly Range[]) {
    invariant(endianness() === 'LE', 'the host must be little endian');
    this.banks = banks;
    let end = 0;
    for (const bank of banks) {
      invariant(bank.start >= end && bank.end > bank.start, `bank ${hex(bank.start)} unsorted or empty`);
      end = bank.end;
    }
    for (const run of joinTouching(banks)) {
      const base = alignDown(run.start, CHUNK_BYTES);
      const slots = new Int32Array((alignUp(run.end, CHUNK_BYTES) - base) / CHUNK_BYTES).fill(-1);
      this.extents.push({ start: run.start, end: run.end, base, slots });
    }
    this.recent = this.extents[0];
  }

  /** Whether all of [paddr, paddr + size) is memory. */
  contains(paddr: Paddr, size = 1): boolean {
    return this.find(paddr, size) !== undefined;
  }

  read8(paddr: Paddr): number {
    const extent = this.find(paddr, 1);
    if (extent === undefined) return BUS_ERROR;
    const offset = paddr - extent.base;
    const slot = extent.slots[Math.floor(offset / CHUNK_BYTES)]!;
    return slot < 0 ? -1 - slot : this.chunks[slot]!.bytes[offset % CHUNK_BYTES]!;
  }

  read16(paddr: Paddr): number {
    const extent = this.find(paddr, 2);
    if (extent === undefined) return BUS_ERROR;
    const offset = paddr - extent.base;
    const slot = extent.slots[Math.floor(offset / CHUNK_BYTES)]!;
    return slot < 0 ? (-1 - slot) * 0x0101 : this.chunks[slot]!.halves[(offset % CHUNK_BYTES) >>> 1]!;
  }

  read32(paddr: Paddr): number {
    const extent = this.find(paddr, 4);
    if (extent === undefined) return BUS_ERROR;
    const offset = paddr - extent.base;
    const slot = extent.slots[Math.floor(offset / CHUNK_BYTES)]!;
    return slot < 0 ? repeated(-1 - slot) : this.chunks[slot]!.words[(offset % CHUNK_BYTES) >>> 2]!;
  }

  /** False: no memory there, nothing written. */
  write8(paddr: Paddr, value: number): boolean {
    const chunk = this.writable(paddr, 1);
    if (chunk === undefined) return false;
    chunk.bytes[paddr % CHUNK_BYTES] = value;
    return true;
  }

  write16(paddr: Paddr, value: number): boolean {
    const chunk = this.writable(paddr, 2);
    if (chunk === undefined) return false;
    chunk.halves[(paddr % CHUNK_BYTES) >>> 1] = value;
    return true;
  }

  write32(paddr: Paddr, value: number): boolean {
    const chunk = this.writable(paddr, 4);
    if (chunk === undefined) return false;
    chunk.words[(paddr % CHUNK_BYTES) >>> 2] = value;
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
      if (whole) {
        if (slot >= 0) this.freeSlots.push(slot);
        extent.slots[index] = uniform;
      } else if (slot !== uniform) {
        this.live(extent, index).bytes.fill(byte, at - chunkStart, stop - chunkStart);
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
        const bytes = this.chunks[slot]!.bytes;
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
      else result.set(this.chunks[slot]!.bytes.subarray(at - chunkStart, stop - chunkStart), at - paddr);
      at = stop;
    }
    return result;
  }

  writeBytes(paddr: Paddr, bytes: Uint8Array): void {
    const extent = this.require(paddr, bytes.length);
    for (let done = 0; done < bytes.length; ) {
      const offset = paddr + done - extent.base;
      const piece = Math.min(CHUNK_BYTES - (offset % CHUNK_BYTES), bytes.length - done);
      const chunk = this.live(extent, Math.floor(offset / CHUNK_BYTES));
      chunk.bytes.set(bytes.subarray(done, done + piece), offset % CHUNK_BYTES);
      done += piece;
    }
  }

  /** Bytes of host storage that hold contents now. */
  get touchedBytes(): number {
    return (this.chunks.length - this.freeSlots.length) * CHUNK_BYTES;
  }

  private copyPiece(dst: number, src: number, size: number): void {
    const extent = this.find(src, size)!;
    const slot = extent.slots[Math.floor((src - extent.base) / CHUNK_BYTES)]!;
    if (slot < 0) this.fill(dst, size, -1 - slot);
    else this.writeBytes(dst, this.chunks[slot]!.bytes.slice(src % CHUNK_BYTES, (src % CHUNK_BYTES) + size));
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
    invariant(extent !== undefined, `${hex(paddr)} + ${hex(size)} is not all memory`);
    return extent;
  }

  private writable(paddr: number, size: number): LiveChunk | undefined {
    const extent = this.find(paddr, size);
    if (extent === undefined) return undefined;
    const index = Math.floor((paddr - extent.base) / CHUNK_BYTES);
    const slot = extent.slots[index]!;
    return slot < 0 ? this.live(extent, index) : this.chunks[slot];
  }

  /** The live chunk at `index`; a uniform one gets storage first. */
  private live(extent: Extent, index: number): LiveChunk {
    const slot = extent.slots[index]!;
    if (slot >= 0) return this.chunks[slot]!;
    let fresh = this.freeSlots.pop();
    if (fresh === undefined) {
      const storage = new ArrayBuffer(CHUNK_BYTES);
      fresh = this.chunks.length;
      this.chunks.push({
        bytes: new Uint8Array(storage),
        halves: new Uint16Array(storage),
        words: new Uint32Array(storage),
      });
    }
    const chunk = this.chunks[fresh]!;
    chunk.bytes.fill(-1 - slot);
    extent.slots[index] = fresh;
    return chunk;
  }
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
