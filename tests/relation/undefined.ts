// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a machine without caches and buffers holds while a program runs: the newest value of each byte, whether
 * it is defined (written since it was allocated), and who wrote it last. An array, and nothing that is tested.
 */
import type { Step } from './program.js';
import { DATA_BYTES, PAGE } from './world.js';

export class FlatMemory {
  readonly bytes: Uint8Array = new Uint8Array(DATA_BYTES);
  /** 1: defined. */
  readonly defined: Uint8Array = new Uint8Array(DATA_BYTES);
  /** 1: a device that writes memory itself, past every cache, wrote the byte last. */
  readonly byDevice: Uint8Array = new Uint8Array(DATA_BYTES);

  clear(): void {
    this.bytes.fill(0);
    this.defined.fill(0);
    this.byDevice.fill(0);
  }

  /** Performs a step. */
  apply(step: Step): void {
    switch (step.op) {
      case 'store':
        this.write(step.at, step.size, 0, offset => step.value >>> (8 * offset));
        break;
      case 'fill':
        this.write(step.at, step.size, 0, () => step.value);
        break;
      case 'device-write':
        this.write(step.at, step.size, step.port === 'none' ? 1 : 0, offset => step.value + offset);
        break;
      case 'free':
      case 'allocate':
        this.defined.fill(0, step.page * PAGE, (step.page + 1) * PAGE);
    }
  }

  private write(at: number, size: number, byDevice: number, valueAt: (offset: number) => number): void {
    for (let i = 0; i < size; i++) this.bytes[at + i] = valueAt(i);
    this.defined.fill(1, at, at + size);
    this.byDevice.fill(byDevice, at, at + size);
  }

  /** Offsets of the defined bytes that differ from `seen`, which was read at `at`. */
  wrong(at: number, seen: Uint8Array): number[] {
    const found: number[] = [];
    for (let i = 0; i < seen.length; i++) {
      if (seen[i] !== this.bytes[at + i] && this.defined[at + i] === 1) found.push(at + i);
    }
    return found;
  }

  /** The same for memory at the end: bytes that a device wrote there itself, and nobody since. */
  wrongFromDevices(memory: Uint8Array): number[] {
    return this.wrong(0, memory).filter(at => this.byDevice[at] === 1);
  }
}
