// SPDX-License-Identifier: GPL-2.0-only
/**
 * A frequency as devices see it: how far a counter got at a time of the machine's clock, and when it will get
 * somewhere. Exact as long as the products below stay under 2^53, which for the usual frequencies is for months.
 */
import { TICKS_PER_SECOND } from '../clock.js';

export class Rate {
  readonly hz: number;
  private readonly counts: number;
  private readonly ticks: number;

  /** `hz`: counts in a second, an integer. */
  constructor(hz: number) {
    this.hz = hz;
    const common = greatestCommonDivisor(hz, TICKS_PER_SECOND);
    this.counts = hz / common;
    this.ticks = TICKS_PER_SECOND / common;
  }

  /** Counts in the first `ticks` of the clock. */
  countAt(ticks: number): number {
    return Math.floor((ticks * this.counts) / this.ticks);
  }

  /** The first tick of the clock at which `count` is reached. */
  timeOf(count: number): number {
    return Math.ceil((count * this.ticks) / this.counts);
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
