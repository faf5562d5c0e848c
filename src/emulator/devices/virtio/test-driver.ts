// SPDX-License-Identifier: GPL-2.0-only
/**
 * For tests: a virtio driver over the MMIO transport, of the least kind. It writes rings and descriptors through a
 * memory that the test gives it, in the order of VIRTIO 1.2, 3.1.1 and 2.7.13.
 *
 *   ring memory of a queue: 0 descriptors, 0x400 available, 0x800 used, 0xc00 an indirect table
 */
import type { MmioDevice } from '../device.js';
import { Port } from '../test-bench.js';

/** Memory as the driver's CPU sees it, by physical address. */
export interface DriverMemory {
  load(address: number, size: number): Uint8Array;
  store(address: number, bytes: Uint8Array): void;
}

export interface Piece {
  readonly address: number;
  readonly size: number;
  readonly write: boolean;
}

export const QUEUE_ENTRIES = 16;

export class TestDriver {
  readonly port: Port;
  private readonly memory: DriverMemory;
  private readonly rings: readonly number[];
  private readonly added: number[];
  private readonly seen: number[];
  private eventIndex = false;

  /** `rings`: where each queue's memory is. */
  constructor(device: MmioDevice, memory: DriverMemory, rings: readonly number[]) {
    this.port = new Port(device);
    this.memory = memory;
    this.rings = rings;
    this.added = rings.map(() => 0);
    this.seen = rings.map(() => 0);
  }

  /** Features as words 0 and 1. */
  features(): [number, number] {
    const word = (select: number): number => {
      this.port.set(0x14, select);
      return this.port.get(0x10);
    };
    return [word(0), word(1)];
  }

  /** Reset to DRIVER_OK. The status that the device agreed to. */
  start(accept: readonly [number, number]): number {
    const { port } = this;
    for (const status of [0, 1, 3]) port.set(0x70, status);
    accept.forEach((word, select) => {
      port.set(0x24, select);
      port.set(0x20, word);
    });
    this.eventIndex = ((accept[0] >>> 29) & 1) === 1;
    port.set(0x70, 0xb);
    this.rings.forEach((ring, queue) => {
      port.set(0x30, queue);
      port.set(0x38, QUEUE_ENTRIES);
      [0x80, ring, 0x84, 0, 0x90, ring + 0x400, 0x94, 0, 0xa0, ring + 0x800, 0xa4, 0].forEach(
        (value, i, all) => {
          if (i % 2 === 0) port.set(value, all[i + 1]!);
        },
      );
      port.set(0x44, 1);
    });
    port.set(0x70, 0xf);
    return port.get(0x70);
  }

  /** Makes a buffer available and notifies. `head` is the first descriptor that it uses. */
  add(queue: number, pieces: readonly Piece[], indirect = false, head = 0): void {
    const ring = this.rings[queue]!;
    const table = indirect ? ring + 0xc00 : ring;
    const first = indirect ? 0 : head;
    pieces.forEach(({ address, size, write }, i) => {
      const more = i + 1 < pieces.length;
      const flags = (more ? 1 : 0) | (write ? 2 : 0);
      this.descriptor(table, first + i, address, size, flags, more ? first + i + 1 : 0);
    });
    if (indirect) this.descriptor(ring, head, table, 16 * pieces.length, 4, 0);
    this.offer(queue, head);
  }

  descriptor(table: number, index: number, address: number, size: number, flags: number, next: number): void {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, address, true);
    view.setUint32(4, Math.floor(address / 2 ** 32), true);
    view.setUint32(8, size, true);
    view.setUint16(12, flags, true);
    view.setUint16(14, next, true);
    this.memory.store(table + 16 * index, bytes);
  }

  offer(queue: number, head: number): void {
    const ring = this.rings[queue]!;
    const slot = this.added[queue]! % QUEUE_ENTRIES;
    this.store16(ring + 0x404 + 2 * slot, head);
    this.added[queue] = (this.added[queue]! + 1) & 0xffff;
    this.store16(ring + 0x402, this.added[queue]!);
    this.port.set(0x50, queue);
  }

  /** Asks for an interrupt at the next buffer that comes back. */
  armEvent(queue: number): void {
    if (this.eventIndex) this.store16(this.rings[queue]! + 0x404 + 2 * QUEUE_ENTRIES, this.seen[queue]!);
  }

  /** Buffers that came back since the last look: descriptor and bytes written. */
  returned(queue: number): { readonly head: number; readonly written: number }[] {
    const ring = this.rings[queue]!;
    const found: { head: number; written: number }[] = [];
    const index = this.load16(ring + 0x802);
    while (this.seen[queue] !== index) {
      const bytes = this.memory.load(ring + 0x804 + 8 * (this.seen[queue]! % QUEUE_ENTRIES), 8);
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      found.push({ head: view.getUint32(0, true), written: view.getUint32(4, true) });
      this.seen[queue] = (this.seen[queue]! + 1) & 0xffff;
    }
    return found;
  }

  private store16(address: number, value: number): void {
    this.memory.store(address, Uint8Array.of(value, value >>> 8));
  }

  private load16(address: number): number {
    const [low = 0, high = 0] = this.memory.load(address, 2);
    return low | (high << 8);
  }
}
