// SPDX-License-Identifier: GPL-2.0-only
/**
 * Virtio entropy device. Virtual I/O Device (VIRTIO) 1.2, section 5.4: fills every buffer with random bytes. They come
 * from a seed, so that a run can be repeated.
 */
import { Random } from '../../../base/random.js';
import type { VirtioDevice, VirtioTransport } from './device.js';
import { scatter, sizeOf } from './queue.js';

/** Most bytes for one buffer, whatever its size. */
const MOST_BYTES = 4096;

export interface EntropyState {
  readonly drawn: number;
}

export class VirtioEntropy implements VirtioDevice<EntropyState> {
  readonly name = 'entropy';
  readonly deviceId = 4;
  readonly features: readonly number[] = [];
  readonly queueSizes: readonly number[] = [8];
  readonly config: Uint8Array = new Uint8Array(0);
  private readonly seed: number;
  private random: Random;
  private drawn = 0;
  private transport!: VirtioTransport;

  constructor(seed: number) {
    this.seed = seed;
    this.random = new Random(seed);
  }

  attach(transport: VirtioTransport): void {
    this.transport = transport;
  }

  notified(queue: number): void {
    const { transport } = this;
    for (let chain = transport.take(queue); chain !== null; chain = transport.take(queue)) {
      const bytes = new Uint8Array(Math.min(sizeOf(chain.writable), MOST_BYTES));
      for (let i = 0; i < bytes.length; i++) bytes[i] = this.draw();
      transport.give(queue, chain, scatter(transport.master, chain.writable, 0, bytes) ? bytes.length : 0);
    }
  }

  private draw(): number {
    this.drawn++;
    return this.random.next() >>> 24;
  }

  reset(): void {}

  save(): EntropyState {
    return { drawn: this.drawn };
  }

  /** Draws as many again: a few thousand in a boot. */
  restore({ drawn }: EntropyState): void {
    this.random = new Random(this.seed);
    this.drawn = 0;
    while (this.drawn < drawn) this.draw();
  }
}
