// SPDX-License-Identifier: GPL-2.0-only
/**
 * A counter that goes down to zero and tells, as the timers of ARM's boards have: SP804, and the private timer and
 * watchdog of a Cortex-A9. What it starts from again differs, and is given as a period in counts.
 */
import type { Clock, Timer } from '../clock.js';
import type { Stateful } from './device.js';
import type { Rate } from './rate.js';

export interface DownCounterState {
  readonly running: boolean;
  readonly from: number;
  readonly since: number;
  readonly divisor: number;
  readonly period: number;
  readonly again: boolean;
}

export class DownCounter implements Stateful<DownCounterState> {
  private readonly clock: Clock;
  private readonly rate: Rate;
  private readonly onZero: () => void;
  private readonly timer: Timer;
  private running = false;
  /** The value at `since`, in counts of the rate. */
  private from = 0;
  private since = 0;
  private divisor = 1;
  /** Counts from zero to zero; 0: it stops there. */
  private period = 0;
  /** It has been at zero since it was started. */
  private again = false;

  constructor(clock: Clock, rate: Rate, onZero: () => void) {
    this.clock = clock;
    this.rate = rate;
    this.onZero = onZero;
    this.timer = clock.timer(() => this.reachZero());
  }

  get isRunning(): boolean {
    return this.running;
  }

  /** What it shows. */
  get value(): number {
    if (!this.running) return this.from;
    const elapsed = Math.floor((this.rate.countAt(this.clock.now) - this.since) / this.divisor);
    return this.again ? (this.period - elapsed) % this.period : Math.max(this.from - elapsed, 0);
  }

  /** Counts from `value` on, one step in `divisor` counts of the rate. `period`: see above. */
  start(value: number, divisor: number, period: number): void {
    this.running = true;
    this.from = value;
    this.since = this.rate.countAt(this.clock.now);
    this.divisor = divisor;
    this.period = period;
    this.again = false;
    this.setTimer();
  }

  /** From the next zero on the period is another. */
  setPeriod(period: number): void {
    this.from = this.value;
    if (this.running) this.start(this.from, this.divisor, period);
  }

  /** Stops at the value that it has, or shows `value`. */
  stop(value: number = this.value): void {
    this.from = value;
    this.running = false;
    this.clock.stop(this.timer);
  }

  private reachZero(): void {
    this.since += this.from * this.divisor;
    this.from = this.period;
    this.again = true;
    if (this.period === 0) this.running = false;
    else this.setTimer();
    this.onZero();
  }

  private setTimer(): void {
    this.clock.set(this.timer, this.rate.timeOf(this.since + this.from * this.divisor));
  }

  save(): DownCounterState {
    const { running, from, since, divisor, period, again } = this;
    return { running, from, since, divisor, period, again };
  }

  restore(state: DownCounterState): void {
    this.running = state.running;
    this.from = state.from;
    this.since = state.since;
    this.divisor = state.divisor;
    this.period = state.period;
    this.again = state.again;
    if (this.running) this.setTimer();
    else this.clock.stop(this.timer);
  }
}
