// SPDX-License-Identifier: GPL-2.0-only
/**
 * Virtio network device. Virtual I/O Device (VIRTIO) 1.2, section 5.1: queue 0 receives, queue 1 transmits; each frame
 * has a header before it, of which nothing is used without offloads. Linux: drivers/net/virtio_net.c.
 * Model: no offloads, no control queue; frames for which the driver has no buffer wait, a few of them.
 */
import type { VirtioDevice, VirtioTransport } from './device.js';
import { VIRTIO_F_VERSION_1 } from './device.js';
import { gather, scatter, sizeOf } from './queue.js';

const VIRTIO_NET_F_MAC = 5;
const VIRTIO_NET_F_STATUS = 16;
const VIRTIO_NET_S_LINK_UP = 1;

const RECEIVE = 0;
const TRANSMIT = 1;
const MOST_WAITING = 64;
/** Largest frame that is taken. */
const MOST_FRAME_BYTES = 65536;

/** What is at the other end of the cable. */
export interface NetworkPeer {
  /** A frame comes from the guest; the frames that it makes others send. */
  exchange(frame: Uint8Array): readonly Uint8Array[];
}

export interface NetState {
  readonly waiting: readonly Uint8Array[];
}

export class VirtioNet implements VirtioDevice<NetState> {
  readonly name = 'network';
  readonly deviceId = 1;
  readonly features: readonly number[] = [VIRTIO_NET_F_MAC, VIRTIO_NET_F_STATUS];
  readonly queueSizes: readonly number[] = [256, 256];
  readonly config: Uint8Array;
  private readonly peer: NetworkPeer;
  private transport!: VirtioTransport;
  private waiting: Uint8Array[] = [];

  /** `mac`: six bytes. */
  constructor(peer: NetworkPeer, mac: readonly number[]) {
    this.peer = peer;
    this.config = Uint8Array.of(...mac, VIRTIO_NET_S_LINK_UP, 0);
  }

  attach(transport: VirtioTransport): void {
    this.transport = transport;
  }

  notified(queue: number): void {
    if (queue === TRANSMIT) this.transmit();
    this.deliver();
  }

  reset(): void {
    this.waiting = [];
  }

  /** Before 1.0 the header lacks its last field, the number of buffers. VIRTIO 1.2, 5.1.6.1. */
  private get headerBytes(): number {
    return this.transport.hasFeature(VIRTIO_F_VERSION_1) ? 12 : 10;
  }

  private transmit(): void {
    const { transport, headerBytes } = this;
    for (let chain = transport.take(TRANSMIT); chain !== null; chain = transport.take(TRANSMIT)) {
      const size = sizeOf(chain.readable) - headerBytes;
      const frame =
        size > 0 && size <= MOST_FRAME_BYTES
          ? gather(transport.master, chain.readable, headerBytes, size)
          : null;
      transport.give(TRANSMIT, chain, 0);
      if (frame !== null) this.waiting.push(...this.peer.exchange(frame));
    }
    this.waiting.length = Math.min(this.waiting.length, MOST_WAITING);
  }

  private deliver(): void {
    const { transport, headerBytes } = this;
    while (this.waiting.length > 0) {
      const chain = transport.take(RECEIVE);
      if (chain === null) return;
      const frame = this.waiting.shift()!;
      const bytes = new Uint8Array(headerBytes + frame.length);
      // One buffer holds all of it.
      if (headerBytes === 12) bytes[10] = 1;
      bytes.set(frame, headerBytes);
      const done = scatter(transport.master, chain.writable, 0, bytes);
      transport.give(RECEIVE, chain, done ? bytes.length : 0);
    }
  }

  save(): NetState {
    return { waiting: this.waiting.map(frame => frame.slice()) };
  }

  restore({ waiting }: NetState): void {
    this.waiting = waiting.map(frame => frame.slice());
  }
}
