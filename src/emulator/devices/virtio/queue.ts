// SPDX-License-Identifier: GPL-2.0-only
/**
 * A split virtqueue, the device's side. Virtual I/O Device (VIRTIO) 1.2, section 2.7. All of it lies in the guest's
 * memory, and every byte is read and written through the device's bus, as a piece of hardware would: whoever
 * watches the machine sees each transfer.
 *
 *   descriptor   16 bytes: address u64, length u32, flags u16 (NEXT, WRITE, INDIRECT), next u16
 *   available    flags u16, index u16, ring of u16, used_event u16
 *   used         flags u16, index u16, ring of (id u32, length u32), avail_event u16
 *
 * The guest may be hostile: what breaks a rule breaks the queue, and the device says that it needs a reset.
 * Model: `avail_event` is written once for each time the ring was seen empty.
 */
import type { DmaAddr } from '../../../base/address.js';
import type { DmaMaster } from '../../../hw/dma/master.js';

const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;
/** Of the available ring's flags. */
const NO_INTERRUPT = 1;
const DESCRIPTOR_BYTES = 16;
/** Addresses from here on are not exact in a number; no bus of a 32-bit ARM gets so far. */
const ADDRESS_LIMIT = 2 ** 53;

export interface Segment {
  readonly address: DmaAddr;
  readonly size: number;
}

/** One buffer that the driver has made available: first what the device reads, then what it writes. */
export interface Chain {
  readonly head: number;
  readonly readable: readonly Segment[];
  readonly writable: readonly Segment[];
}

export interface QueueState {
  readonly numbers: Float64Array;
}

export class Virtqueue {
  /** Most entries that this queue can have, a power of two. */
  readonly maximum: number;
  size: number;
  ready = false;
  descriptors: DmaAddr = 0;
  available: DmaAddr = 0;
  used: DmaAddr = 0;
  /** A rule was broken; nothing more is taken. */
  broken = false;
  /** VIRTIO_F_EVENT_IDX and VIRTIO_F_INDIRECT_DESC were negotiated. */
  eventIndex = false;
  indirect = false;
  private readonly master: DmaMaster;
  /** Entries of the available ring that were taken, modulo 2^16. */
  private taken = 0;
  /** The used ring's index as last written, and as it was at the last interrupt. */
  private returned = 0;
  private signalled = 0;

  constructor(master: DmaMaster, maximum: number) {
    this.master = master;
    this.maximum = maximum;
    this.size = maximum;
  }

  reset(): void {
    this.restore({ numbers: new Float64Array(11).fill(this.maximum, 0, 1) });
  }

  /** The next buffer; null: none, or the queue is broken. */
  take(): Chain | null {
    if (!this.ready || this.broken) return null;
    const index = this.read16(this.available + 2);
    if (this.broken || index === this.taken) return null;
    if (((index - this.taken) & 0xffff) > this.size) return this.fail();
    const head = this.read16(this.available + 4 + 2 * (this.taken % this.size));
    if (this.broken) return null;
    this.taken = (this.taken + 1) & 0xffff;
    const chain = this.follow(head);
    if (this.eventIndex) this.write16(this.used + 4 + 8 * this.size, this.taken);
    return chain;
  }

  /** Gives a buffer back with `written` bytes in it. */
  give(chain: Chain, written: number): void {
    if (this.broken) return;
    const element = new Uint8Array(8);
    const view = new DataView(element.buffer);
    view.setUint32(0, chain.head, true);
    view.setUint32(4, written, true);
    const done = this.master.write(this.used + 4 + 8 * (this.returned % this.size), element);
    this.returned = (this.returned + 1) & 0xffff;
    if (!done || !this.write16(this.used + 2, this.returned)) this.broken = true;
  }

  /** Whether the driver wants an interrupt for what was given back since the last one. VIRTIO 1.2, 2.7.7.2. */
  wantsInterrupt(): boolean {
    const before = this.signalled;
    if (before === this.returned || this.broken) return false;
    this.signalled = this.returned;
    if (!this.eventIndex) return (this.read16(this.available) & NO_INTERRUPT) === 0;
    const event = this.read16(this.available + 4 + 2 * this.size);
    return ((this.returned - event - 1) & 0xffff) < ((this.returned - before) & 0xffff);
  }

  private follow(head: number): Chain | null {
    const readable: Segment[] = [];
    const writable: Segment[] = [];
    let table = this.descriptors;
    let entries = this.size;
    let index = head;
    for (let seen = 0; ; seen++) {
      if (index >= entries || seen >= entries) return this.fail();
      const bytes = this.master.read(table + DESCRIPTOR_BYTES * index, DESCRIPTOR_BYTES);
      if (bytes === null) return this.fail();
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const address = view.getUint32(0, true) + 2 ** 32 * view.getUint32(4, true);
      const size = view.getUint32(8, true);
      const flags = view.getUint16(12, true);
      const next = view.getUint16(14, true);
      if (address + size >= ADDRESS_LIMIT) return this.fail();
      if ((flags & INDIRECT) !== 0) {
        const inTable = table !== this.descriptors;
        const fits = size > 0 && size % DESCRIPTOR_BYTES === 0 && size / DESCRIPTOR_BYTES <= 0x10000;
        if (!this.indirect || inTable || (flags & NEXT) !== 0 || !fits) return this.fail();
        table = address;
        entries = size / DESCRIPTOR_BYTES;
        index = 0;
        seen = -1;
        continue;
      }
      // What the device may write comes after what it may only read.
      if ((flags & WRITE) !== 0) writable.push({ address, size });
      else if (writable.length > 0) return this.fail();
      else readable.push({ address, size });
      if ((flags & NEXT) === 0) return { head, readable, writable };
      index = next;
    }
  }

  private fail(): null {
    this.broken = true;
    return null;
  }

  private read16(address: DmaAddr): number {
    const bytes = this.master.read(address, 2);
    if (bytes === null) this.broken = true;
    return bytes === null ? 0 : bytes[0]! | (bytes[1]! << 8);
  }

  private write16(address: DmaAddr, value: number): boolean {
    const done = this.master.write(address, Uint8Array.of(value, value >>> 8));
    if (!done) this.broken = true;
    return done;
  }

  save(): QueueState {
    const flags = [this.ready, this.broken, this.eventIndex, this.indirect].map(Number);
    const { size, descriptors, available, used, taken, returned, signalled } = this;
    return {
      numbers: Float64Array.of(size, ...flags, descriptors, available, used, taken, returned, signalled),
    };
  }

  restore({ numbers }: QueueState): void {
    const at = (index: number): number => numbers[index] ?? 0;
    this.size = at(0);
    this.ready = at(1) !== 0;
    this.broken = at(2) !== 0;
    this.eventIndex = at(3) !== 0;
    this.indirect = at(4) !== 0;
    this.descriptors = at(5);
    this.available = at(6);
    this.used = at(7);
    this.taken = at(8);
    this.returned = at(9);
    this.signalled = at(10);
  }
}

/** Bytes in all segments. */
export function sizeOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { size }) => sum + size, 0);
}

/** `size` bytes from `offset` into the segments on; null where they are too short or lead nowhere. */
export function gather(
  master: DmaMaster,
  segments: readonly Segment[],
  offset: number,
  size: number,
): Uint8Array | null {
  const bytes = new Uint8Array(size);
  let done = 0;
  for (const piece of pieces(segments, offset, size)) {
    const part = master.read(piece.address, piece.size);
    if (part === null) return null;
    bytes.set(part, done);
    done += piece.size;
  }
  return done === size ? bytes : null;
}

/** Writes `bytes` from `offset` into the segments on. False where they are too short or lead nowhere. */
export function scatter(
  master: DmaMaster,
  segments: readonly Segment[],
  offset: number,
  bytes: Uint8Array,
): boolean {
  let done = 0;
  for (const piece of pieces(segments, offset, bytes.length)) {
    if (!master.write(piece.address, bytes.subarray(done, done + piece.size))) return false;
    done += piece.size;
  }
  return done === bytes.length;
}

/** The parts of the segments that [offset, offset + size) covers. */
function* pieces(segments: readonly Segment[], offset: number, size: number): Generator<Segment> {
  let skip = offset;
  let rest = size;
  for (const segment of segments) {
    if (rest === 0) return;
    const taken = Math.min(segment.size - Math.min(skip, segment.size), rest);
    if (taken > 0) yield { address: segment.address + skip, size: taken };
    skip = Math.max(0, skip - segment.size);
    rest -= taken;
  }
}
