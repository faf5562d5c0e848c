// SPDX-License-Identifier: GPL-2.0-only
/** For tests of devices: a wire that remembers, a clock that is pushed, registers by offset. */
import type { Clock } from '../clock.js';
import type { AccessSize, InterruptLine, MmioDevice } from './device.js';

/** A wire and how often it went up. */
export class Wire implements InterruptLine {
  level = false;
  rises = 0;

  set(level: boolean): void {
    if (level && !this.level) this.rises++;
    this.level = level;
  }
}

/** A device as software sees it, word by word. */
export class Port {
  private readonly device: MmioDevice;
  private readonly cpu: number;

  constructor(device: MmioDevice, cpu = 0) {
    this.device = device;
    this.cpu = cpu;
  }

  get(offset: number, size: AccessSize = 4): number {
    return this.device.read(offset, size, this.cpu);
  }

  set(offset: number, value: number, size: AccessSize = 4): void {
    this.device.write(offset, size, value >>> 0, this.cpu);
  }
}

/** Lets `ticks` of the clock pass, stopping wherever a timer wants to be called. */
export function pass(clock: Clock, ticks: number): void {
  const end = clock.now + ticks;
  while (clock.next <= end) {
    clock.now = Math.max(clock.now, clock.next);
    clock.expire();
  }
  clock.now = end;
}
