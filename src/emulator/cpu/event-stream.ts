// SPDX-License-Identifier: GPL-2.0-only
/**
 * The Generic Timer's event stream, as a core in WFE sees it: ARM DDI 0406C, B8.1.4. What a moment of it is,
 * `../devices/generic-timer.ts` says.
 * Model: the stream is looked at by a core that waits and by no other; it leaves no event for a WFE to come, which waits
 * for its next one.
 */
import type { Timer } from '../clock.js';
import { type Cpu, WAITING_FOR_EVENT } from './cpu.js';

export class EventStream {
  private readonly cpu: Cpu;
  private readonly timer: Timer;

  constructor(cpu: Cpu) {
    this.cpu = cpu;
    this.timer = cpu.parts.clock.timer(() => cpu.signalEvent());
  }

  /** The core begins to wait or has ceased to. The clock must be exact. */
  watch(): void {
    const { cp15, state, parts } = this.cpu;
    const { timer, cntkctl } = cp15;
    const waits = state === WAITING_FOR_EVENT && timer !== null;
    const next = waits ? timer.nextEvent(cntkctl) : Number.POSITIVE_INFINITY;
    if (this.timer.deadline !== next) parts.clock.set(this.timer, next);
  }
}
