// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the transport needs to know of a virtio device, and what a device may ask of its transport.
 * Virtual I/O Device (VIRTIO) 1.2, chapter 2. Devices: `block.ts`, `net.ts`, `console.ts`, `entropy.ts`.
 * Next: `mmio.ts`, the transport.
 */
import type { DmaMaster } from '../../../hw/dma/master.js';
import type { Chain } from './queue.js';

/** Feature bits of all devices. VIRTIO 1.2, chapter 6. */
export const VIRTIO_F_ANY_LAYOUT = 27;
export const VIRTIO_F_INDIRECT_DESC = 28;
export const VIRTIO_F_EVENT_IDX = 29;
export const VIRTIO_F_VERSION_1 = 32;
export const VIRTIO_F_ACCESS_PLATFORM = 33;

/** The transport as a device sees it. */
export interface VirtioTransport {
  readonly master: DmaMaster;
  /** The driver has accepted that feature. */
  hasFeature(bit: number): boolean;
  /** The next buffer of a queue; null: none. */
  take(queue: number): Chain | null;
  /** Gives a buffer back; the interrupt comes when the device is done with what it does. */
  give(queue: number, chain: Chain, written: number): void;
  /** The device has something to do of its own accord: it is told `notified(queue)` before long. */
  wake(queue: number): void;
}

export interface VirtioDevice<State = unknown> {
  readonly name: string;
  /** VIRTIO 1.2, chapter 5. */
  readonly deviceId: number;
  /** Bits that this kind of device offers, apart from those of all devices. */
  readonly features: readonly number[];
  /** Most entries of each queue. */
  readonly queueSizes: readonly number[];
  /** The configuration space. */
  readonly config: Uint8Array;
  /** Called once, before anything else. */
  attach(transport: VirtioTransport): void;
  /** There may be buffers in that queue. */
  notified(queue: number): void;
  /** The driver has reset the device. */
  reset(): void;
  save(): State;
  restore(state: State): void;
}
