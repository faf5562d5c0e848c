// SPDX-License-Identifier: GPL-2.0-only
/**
 * Time. It is counted in instructions, so that the same inputs give the same run: every core executes as many as
 * the clock advances, or sleeps for so long. Timers ask to be called at a time; calls with the same time come in the
 * order in which they were asked for.
 * Model: each instruction takes the same time.
 */

/** Ticks of the clock in a second of the guest's time. A tick is an instruction. */
export const TICKS_PER_SECOND = 250_000_000;

export interface Timer {
  /** Absolute time in ticks; Infinity: not running. */
  readonly deadline: number;
}

class QueuedTimer implements Timer {
  deadline = Number.POSITIVE_INFINITY;
  order = 0;
  readonly expired: () => void;

  constructor(expired: () => void) {
    this.expired = expired;
  }
}

export class Clock {
  /** Now, exact to the instruction that executes. */
  now = 0;
  /** The earliest deadline. Whoever makes it earlier must be heard by the run loop: `moved`. */
  next: number = Number.POSITIVE_INFINITY;
  /** Called when `next` became earlier; set by whoever runs the cores. */
  moved: () => void = () => {};
  private readonly timers: QueuedTimer[] = [];
  private orders = 0;

  /** A timer that does not run yet. */
  timer(expired: () => void): Timer {
    const timer = new QueuedTimer(expired);
    this.timers.push(timer);
    return timer;
  }

  /** Starts or restarts a timer. A deadline that is past expires at the next look; Infinity stops it. */
  set(timer: Timer, deadline: number): void {
    const own = timer as QueuedTimer;
    own.deadline = deadline;
    own.order = this.orders++;
    const before = this.next;
    this.findNext();
    if (this.next < before) this.moved();
  }

  stop(timer: Timer): void {
    this.set(timer, Number.POSITIVE_INFINITY);
  }

  /** Calls every timer whose time has come. */
  expire(): void {
    while (this.next <= this.now) {
      let first: QueuedTimer | undefined;
      for (const timer of this.timers) {
        if (timer.deadline > this.now) continue;
        if (first === undefined || timer.deadline < first.deadline) first = timer;
        else if (timer.deadline === first.deadline && timer.order < first.order) first = timer;
      }
      first!.deadline = Number.POSITIVE_INFINITY;
      this.findNext();
      first!.expired();
    }
  }

  private findNext(): void {
    let next = Number.POSITIVE_INFINITY;
    for (const timer of this.timers) if (timer.deadline < next) next = timer.deadline;
    this.next = next;
  }
}
