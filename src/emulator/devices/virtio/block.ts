// SPDX-License-Identifier: GPL-2.0-only
/**
 * Virtio block device. Virtual I/O Device (VIRTIO) 1.2, section 5.2. A request is a header of 16 bytes, data, and one
 * byte of status at the very end. Linux: drivers/block/virtio_blk.c.
 * Model: every request is done at once and in order; a flush has nothing to do.
 */
import type { VirtioDevice, VirtioTransport } from './device.js';
import type { DiskImage, DiskState } from './disk-image.js';
import { type Chain, gather, scatter, sizeOf } from './queue.js';

const VIRTIO_BLK_F_SEG_MAX = 2;
const VIRTIO_BLK_F_RO = 5;
const VIRTIO_BLK_F_BLK_SIZE = 6;
const VIRTIO_BLK_F_FLUSH = 9;

const SECTOR_BYTES = 512;
const HEADER_BYTES = 16;
const ID_BYTES = 20;
const QUEUE_SIZE = 256;

/** Types of requests. */
const VIRTIO_BLK_T_IN = 0;
const VIRTIO_BLK_T_OUT = 1;
const VIRTIO_BLK_T_FLUSH = 4;
const VIRTIO_BLK_T_GET_ID = 8;
/** Their status. */
const VIRTIO_BLK_S_OK = 0;
const VIRTIO_BLK_S_IOERR = 1;
const VIRTIO_BLK_S_UNSUPP = 2;

export interface BlockOptions {
  readonly readOnly?: boolean;
  /** Up to 20 characters. */
  readonly serial?: string;
}

export class VirtioBlock implements VirtioDevice<DiskState> {
  readonly name = 'block';
  readonly deviceId = 2;
  readonly features: readonly number[];
  readonly queueSizes: readonly number[] = [QUEUE_SIZE];
  readonly config: Uint8Array;
  private readonly disk: DiskImage;
  private readonly readOnly: boolean;
  private readonly serial: Uint8Array;
  private transport!: VirtioTransport;

  constructor(disk: DiskImage, options: BlockOptions = {}) {
    this.disk = disk;
    this.readOnly = options.readOnly ?? false;
    this.serial = new Uint8Array(ID_BYTES);
    this.serial.set(Buffer.from(options.serial ?? '', 'latin1').subarray(0, ID_BYTES));
    this.features = [
      VIRTIO_BLK_F_SEG_MAX,
      VIRTIO_BLK_F_BLK_SIZE,
      VIRTIO_BLK_F_FLUSH,
      ...(this.readOnly ? [VIRTIO_BLK_F_RO] : []),
    ];
    // capacity u64 at 0, seg_max u32 at 12, blk_size u32 at 20.
    this.config = new Uint8Array(24);
    const view = new DataView(this.config.buffer);
    view.setBigUint64(0, BigInt(this.sectors), true);
    view.setUint32(12, QUEUE_SIZE - 2, true);
    view.setUint32(20, SECTOR_BYTES, true);
  }

  attach(transport: VirtioTransport): void {
    this.transport = transport;
  }

  notified(queue: number): void {
    for (let chain = this.transport.take(queue); chain !== null; chain = this.transport.take(queue)) {
      this.transport.give(queue, chain, this.perform(chain));
    }
  }

  reset(): void {}

  private get sectors(): number {
    return Math.ceil(this.disk.size / SECTOR_BYTES);
  }

  /** Bytes written into the buffer, the status included. */
  private perform(chain: Chain): number {
    const { master } = this.transport;
    const room = sizeOf(chain.writable);
    if (room === 0) return 0;
    const header = gather(master, chain.readable, 0, HEADER_BYTES);
    const [status, written] =
      header === null ? [VIRTIO_BLK_S_IOERR, 0] : this.request(chain, header, room - 1);
    const told = scatter(master, chain.writable, room - 1, Uint8Array.of(status));
    // The used length counts from the start: the status belongs to it only behind data. VIRTIO 1.2, 2.7.8.2.
    if (!told) return 0;
    return written === room - 1 ? room : written;
  }

  private request(chain: Chain, header: Uint8Array, room: number): readonly [number, number] {
    const { master } = this.transport;
    const view = new DataView(header.buffer, header.byteOffset);
    const sector = view.getUint32(8, true) + 2 ** 32 * view.getUint32(12, true);
    switch (view.getUint32(0, true)) {
      case VIRTIO_BLK_T_IN: {
        if (!this.isInside(sector, room)) return [VIRTIO_BLK_S_IOERR, 0];
        const done = scatter(master, chain.writable, 0, this.disk.read(sector * SECTOR_BYTES, room));
        return done ? [VIRTIO_BLK_S_OK, room] : [VIRTIO_BLK_S_IOERR, 0];
      }
      case VIRTIO_BLK_T_OUT: {
        const size = sizeOf(chain.readable) - HEADER_BYTES;
        if (this.readOnly || !this.isInside(sector, size)) return [VIRTIO_BLK_S_IOERR, 0];
        const bytes = gather(master, chain.readable, HEADER_BYTES, size);
        if (bytes === null) return [VIRTIO_BLK_S_IOERR, 0];
        this.disk.write(sector * SECTOR_BYTES, bytes);
        return [VIRTIO_BLK_S_OK, 0];
      }
      case VIRTIO_BLK_T_FLUSH:
        return [VIRTIO_BLK_S_OK, 0];
      case VIRTIO_BLK_T_GET_ID: {
        const bytes = this.serial.subarray(0, Math.min(room, ID_BYTES));
        const done = scatter(master, chain.writable, 0, bytes);
        return done ? [VIRTIO_BLK_S_OK, bytes.length] : [VIRTIO_BLK_S_IOERR, 0];
      }
      default:
        return [VIRTIO_BLK_S_UNSUPP, 0];
    }
  }

  private isInside(sector: number, size: number): boolean {
    return size % SECTOR_BYTES === 0 && sector + size / SECTOR_BYTES <= this.sectors;
  }

  save(): DiskState {
    return this.disk.save();
  }

  restore(state: DiskState): void {
    this.disk.restore(state);
  }
}
