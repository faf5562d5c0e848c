// SPDX-License-Identifier: GPL-2.0-only
/**
 * A driver for the ring device of hw/dma/ethernet.ts, shaped as those of drivers/net/ethernet are: both rings in one
 * coherent page, a streaming mapping for each frame that goes out, and receive buffers that stay mapped until a frame
 * has come. It sends and receives a few bursts of frames.
 * Left out: scattered frames, receive buffers that are reused or handed on, NAPI.
 */
import type { DmaAddr, Vaddr } from '../../base/address.js';
import {
  ETHERNET,
  ETHERNET_DESCRIPTOR_BYTES,
  ETHERNET_ERROR,
  ETHERNET_LENGTH,
  ETHERNET_OWN,
  ETHERNET_RX_ENABLE,
  ETHERNET_TX_ENABLE,
  EthernetController,
} from '../../hw/dma/ethernet.js';
import type { Register } from '../../hw/dma/registers.js';
import { dma_rmb, dma_wmb } from '../../linux/arch/arm/include/asm/barrier.js';
import { DMA_FROM_DEVICE, DMA_TO_DEVICE } from '../../linux/include/linux/dma-mapping.js';
import { EIO, ENOMEM } from '../../linux/include/linux/errno.js';
import { GFP_KERNEL } from '../../linux/include/linux/gfp.js';
import { PAGE_SIZE } from '../../linux/include/linux/pfn.js';
import {
  type DmaBuffer,
  dma_alloc_coherent,
  dma_free_coherent,
  dma_map_single,
  dma_mapping_error,
  dma_unmap_single,
} from '../../linux/kernel/dma/mapping.js';
import { type Driver, defineDriver, type Session } from './driver.js';
import {
  kfree,
  kmalloc,
  load,
  randomBytes,
  readBytes,
  store,
  writeBytes,
  writel,
  writel_relaxed,
} from './kernel-services.js';

interface Options {
  /** Are stores to a descriptor ordered before its OWN bit, and that before the doorbell? */
  readonly ordered: boolean;
  /** Is a received frame taken back from the device before the CPU looks at it? */
  readonly unmapBeforeRead: boolean;
  /** Is a frame complete before it is given to the device? */
  readonly headerBeforeMap: boolean;
  readonly txDirection: number;
  /** Do the driver's statistics stand in lines of their own? */
  readonly ownLines: boolean;
  /** Bytes of a receive buffer that are mapped. */
  readonly rxMapped: number;
  /** Does a frame stay mapped until the device is done with it? */
  readonly unmapWhenDone: boolean;
}

/** Entries of each ring, and where the receive ring stands in the page of both. */
const ENTRIES = 4;
const RX_RING = 0x800;
/** Bytes from one buffer to the next, and what the device may write of one. */
const BUFFER_STRIDE = 2048;
const RX_SIZE = 1536;
const BUFFERS_BYTES: number = ENTRIES * BUFFER_STRIDE;
/** Room in front of a received frame, in the frame's first cache line on every machine. */
const HEADROOM = 16;
/** Two MAC addresses and a type. */
const HEADER = 14;
const BURSTS = 3;
const FRAMES_PER_BURST = 3;

class RingDriver {
  private readonly s: Session;
  private readonly options: Options;
  private readonly nic: EthernetController;
  private ring: DmaBuffer | null = null;
  private tx: Vaddr | null = null;
  private rx: Vaddr | null = null;
  private statistics: Vaddr | null = null;
  /** Mappings by ring entry; null: none. */
  private readonly txMapped: ({ dma: DmaAddr; size: number } | null)[] = new Array(ENTRIES).fill(null);
  private readonly rxMapped: (DmaAddr | null)[] = new Array(ENTRIES).fill(null);
  private txNext = 0;
  private txDone = 0;
  private rxNext = 0;

  constructor(s: Session, options: Options) {
    this.s = s;
    this.options = options;
    this.nic = new EthernetController(s.master);
  }

  run(): number {
    const error = this.open() || this.traffic();
    for (const frame of this.nic.sent) this.s.device(frame);
    this.close();
    return error;
  }

  private open(): number {
    const { k, dev } = this.s;
    this.ring = dma_alloc_coherent(k, dev, PAGE_SIZE, GFP_KERNEL);
    this.tx = kmalloc(k, BUFFERS_BYTES);
    this.rx = kmalloc(k, BUFFERS_BYTES);
    this.statistics = kmalloc(k, PAGE_SIZE);
    if (!this.ring || this.tx === null || this.rx === null || this.statistics === null) return -ENOMEM;
    for (let i = 0; i < ENTRIES; i++) {
      const error = this.offer(i);
      if (error !== 0) return error;
      store(k, this.counterAt(i), 0);
    }
    writel_relaxed(k, this.nic, ETHERNET.TX_RING, this.ring.dma_handle);
    writel_relaxed(k, this.nic, ETHERNET.TX_COUNT, ENTRIES);
    writel_relaxed(k, this.nic, ETHERNET.RX_RING, this.ring.dma_handle + RX_RING);
    writel_relaxed(k, this.nic, ETHERNET.RX_COUNT, ENTRIES);
    this.ringBell(ETHERNET.CTRL, ETHERNET_TX_ENABLE | ETHERNET_RX_ENABLE);
    return 0;
  }

  private traffic(): number {
    const { random } = this.s;
    for (let burst = 0; burst < BURSTS; burst++) {
      for (let i = 0; i < FRAMES_PER_BURST; i++) {
        const error = this.send(randomBytes(random, 200 + random.below(1300)));
        if (error !== 0) return error;
      }
      this.nic.transmit();
      const error = this.reclaim();
      if (error !== 0) return error;
      for (let i = 0; i < FRAMES_PER_BURST; i++) {
        this.nic.receive(randomBytes(random, 200 + random.below(1300)));
        const lost = this.poll();
        if (lost !== 0) return lost;
      }
    }
    return 0;
  }

  /** Linux: as an ndo_start_xmit(). */
  private send(frame: Uint8Array): number {
    const { k, dev } = this.s;
    const { options } = this;
    const entry = this.txNext % ENTRIES;
    const buffer = this.tx! + entry * BUFFER_STRIDE;
    writeBytes(k, buffer + HEADER, frame.subarray(HEADER));
    if (options.headerBeforeMap) writeBytes(k, buffer, frame.subarray(0, HEADER));
    const dma = dma_map_single(k, dev, buffer, frame.length, options.txDirection);
    if (dma_mapping_error(k, dev, dma) !== 0) return -ENOMEM;
    if (!options.headerBeforeMap) writeBytes(k, buffer, frame.subarray(0, HEADER));
    this.txMapped[entry] = { dma, size: frame.length };
    this.txNext++;
    const descriptor = this.ring!.cpu_addr + entry * ETHERNET_DESCRIPTOR_BYTES;
    store(k, descriptor + 4, dma);
    if (options.ordered) dma_wmb(k);
    store(k, descriptor, ETHERNET_OWN + frame.length);
    this.ringBell(ETHERNET.TX_POLL, 1);
    if (!options.unmapWhenDone) this.unmapTx(entry);
    return 0;
  }

  /** Takes back what was sent; -EIO where the device did not send it. */
  private reclaim(): number {
    const { k } = this.s;
    for (; this.txDone < this.txNext; this.txDone++) {
      const entry = this.txDone % ENTRIES;
      const flags = load(k, this.ring!.cpu_addr + entry * ETHERNET_DESCRIPTOR_BYTES);
      if (flags >= ETHERNET_ERROR) return -EIO;
      this.unmapTx(entry);
    }
    return 0;
  }

  /** Takes one frame in; -EIO where there is none. Linux: as a NAPI poll function. */
  private poll(): number {
    const { k } = this.s;
    const { options } = this;
    const entry = this.rxNext % ENTRIES;
    const descriptor = this.ring!.cpu_addr + RX_RING + entry * ETHERNET_DESCRIPTOR_BYTES;
    const flags = load(k, descriptor);
    if (flags >= ETHERNET_ERROR) return -EIO;
    dma_rmb(k);
    const length = Math.min(flags & ETHERNET_LENGTH, RX_SIZE);
    if (options.unmapBeforeRead) this.unmapRx(entry);
    this.s.cpu(readBytes(k, this.rxBuffer(entry), length));
    if (!options.unmapBeforeRead) this.unmapRx(entry);
    this.rxNext++;
    const error = this.offer(entry);
    if (error !== 0) return error;
    this.ringBell(ETHERNET.RX_POLL, 1);
    const counter = this.counterAt(entry);
    store(k, counter, load(k, counter) + 1);
    return 0;
  }

  /** Gives a receive buffer to the device. */
  private offer(entry: number): number {
    const { k, dev } = this.s;
    const dma = dma_map_single(k, dev, this.rxBuffer(entry), this.options.rxMapped, DMA_FROM_DEVICE);
    if (dma_mapping_error(k, dev, dma) !== 0) return -ENOMEM;
    this.rxMapped[entry] = dma;
    const descriptor = this.ring!.cpu_addr + RX_RING + entry * ETHERNET_DESCRIPTOR_BYTES;
    store(k, descriptor + 4, dma);
    store(k, descriptor + 8, RX_SIZE);
    if (this.options.ordered) dma_wmb(k);
    store(k, descriptor, ETHERNET_OWN);
    return 0;
  }

  private rxBuffer(entry: number): Vaddr {
    return this.rx! + entry * BUFFER_STRIDE + HEADROOM;
  }

  /** Where the frames of a ring entry are counted. */
  private counterAt(entry: number): Vaddr {
    return this.options.ownLines ? this.statistics! + 4 * entry : this.rxBuffer(entry) - 8;
  }

  private ringBell(register: Register, value: number): void {
    if (this.options.ordered) writel(this.s.k, this.nic, register, value);
    else writel_relaxed(this.s.k, this.nic, register, value);
  }

  private unmapTx(entry: number): void {
    const mapped = this.txMapped[entry];
    if (!mapped) return;
    dma_unmap_single(this.s.k, this.s.dev, mapped.dma, mapped.size, this.options.txDirection);
    this.txMapped[entry] = null;
  }

  private unmapRx(entry: number): void {
    const dma = this.rxMapped[entry] ?? null;
    if (dma === null) return;
    dma_unmap_single(this.s.k, this.s.dev, dma, this.options.rxMapped, DMA_FROM_DEVICE);
    this.rxMapped[entry] = null;
  }

  private close(): void {
    const { k, dev } = this.s;
    writel(k, this.nic, ETHERNET.CTRL, 0);
    for (let i = 0; i < ENTRIES; i++) {
      this.unmapTx(i);
      this.unmapRx(i);
    }
    kfree(k, this.statistics, PAGE_SIZE);
    kfree(k, this.rx, BUFFERS_BYTES);
    kfree(k, this.tx, BUFFERS_BYTES);
    dma_free_coherent(k, dev, PAGE_SIZE, this.ring);
  }
}

export const ethernet: Driver = defineDriver<Options>({
  name: 'ethernet',
  description: 'coherent descriptor rings, streaming mappings for frames',
  correct: {
    ordered: true,
    unmapBeforeRead: true,
    headerBeforeMap: true,
    txDirection: DMA_TO_DEVICE,
    ownLines: true,
    rxMapped: RX_SIZE,
    unmapWhenDone: true,
  },
  variants: [
    {
      name: 'no-wmb',
      description: 'sets the OWN bit without dma_wmb() and rings with writel_relaxed()',
      change: { ordered: false },
    },
    {
      name: 'no-unmap-before-read',
      description: 'reads a received frame first and unmaps its buffer then',
      change: { unmapBeforeRead: false },
    },
    {
      name: 'write-after-map',
      description: 'writes the header of a frame after dma_map_single()',
      change: { headerBeforeMap: false },
    },
    {
      name: 'wrong-direction',
      description: 'maps frames that go out with DMA_FROM_DEVICE',
      change: { txDirection: DMA_FROM_DEVICE },
    },
    {
      name: 'shared-line',
      description: 'counts received frames in the cache line in which the receive buffer begins',
      change: { ownLines: false },
    },
    {
      name: 'map-too-short',
      description: 'maps 64 bytes of a receive buffer that the device may fill with 1536',
      change: { rxMapped: 64 },
    },
    {
      name: 'use-after-unmap',
      description: 'unmaps a frame that goes out as soon as the doorbell rang',
      change: { unmapWhenDone: false },
    },
  ],
  run: (session, options) => new RingDriver(session, options).run(),
});
