// SPDX-License-Identifier: GPL-2.0-only
/**
 * Virtio console with one port. Virtual I/O Device (VIRTIO) 1.2, section 5.3: queue 0 receives, queue 1 transmits.
 * Model: no window size, no further ports. Linux: drivers/char/virtio_console.c.
 */
import type { VirtioDevice, VirtioTransport } from './device.js';
import { gather, scatter, sizeOf } from './queue.js';

const RECEIVE = 0;
const TRANSMIT = 1;

export interface ConsoleState {
  readonly arriving: Uint8Array;
}

export class VirtioConsole implements VirtioDevice<ConsoleState> {
  readonly name = 'console';
  readonly deviceId = 3;
  readonly features: readonly number[] = [];
  readonly queueSizes: readonly number[] = [64, 64];
  readonly config: Uint8Array = new Uint8Array(0);
  /** Where what the guest prints goes. */
  onOutput: (bytes: Uint8Array) => void = () => {};
  private transport!: VirtioTransport;
  private arriving: number[] = [];

  attach(transport: VirtioTransport): void {
    this.transport = transport;
  }

  /** Characters come from the other end. */
  receive(bytes: Iterable<number>): void {
    this.arriving.push(...bytes);
    this.transport.wake(RECEIVE);
  }

  notified(queue: number): void {
    if (queue === TRANSMIT) this.transmit();
    else this.deliver();
  }

  reset(): void {}

  private transmit(): void {
    const { transport } = this;
    for (let chain = transport.take(TRANSMIT); chain !== null; chain = transport.take(TRANSMIT)) {
      const bytes = gather(transport.master, chain.readable, 0, sizeOf(chain.readable));
      if (bytes !== null) this.onOutput(bytes);
      transport.give(TRANSMIT, chain, 0);
    }
  }

  private deliver(): void {
    const { transport } = this;
    while (this.arriving.length > 0) {
      const chain = transport.take(RECEIVE);
      if (chain === null) return;
      const bytes = Uint8Array.from(this.arriving.splice(0, sizeOf(chain.writable)));
      const done = scatter(transport.master, chain.writable, 0, bytes);
      transport.give(RECEIVE, chain, done ? bytes.length : 0);
    }
  }

  save(): ConsoleState {
    return { arriving: Uint8Array.from(this.arriving) };
  }

  restore({ arriving }: ConsoleState): void {
    this.arriving = [...arriving];
  }
}
