// SPDX-License-Identifier: GPL-2.0-only
/**
 * The Generic Timer of one machine: a system counter that all cores see, and in each core a physical and a
 * virtual timer. ARM DDI 0406C, B8.1. The coprocessor's decode of CP15 c14 is the core's; this is what the
 * registers hold and do. Each timer's output is a level: it stays until software moves the comparison or masks it.
 * Model: without virtualization: CNTVOFF is a field of the machine, 0 after reset; the hypervisor's timer and the
 * secure physical timer are left out.
 */
import { high32, low32 } from '../../base/address.js';
import type { Clock, Timer } from '../clock.js';
import type { InterruptLine, Stateful } from './device.js';
import { Rate } from './rate.js';

/** CNTP_CTL and CNTV_CTL: [31:3] reserved, [2] ISTATUS, read-only, [1] IMASK, [0] ENABLE. DDI 0406C, B4.1.26 and B4.1.34. */
export const CTL_ENABLE = 1;
export const CTL_IMASK = 2;
export const CTL_ISTATUS = 4;

/** CNTKCTL, the event stream: [7:4] EVNTI, [3] EVNTDIR, [2] EVNTEN. B4.1.22. */
const EVNTEN: number = 1 << 2;
const EVNTDIR: number = 1 << 3;

export interface TimerState {
  readonly control: number;
  readonly compareHigh: number;
  readonly compareLow: number;
}

/** One timer of one core. */
export class TimerChannel implements Stateful<TimerState> {
  private readonly clock: Clock;
  private readonly counter: GenericTimer;
  private readonly virtual: boolean;
  private readonly irq: InterruptLine;
  private readonly timer: Timer;
  private enableAndMask = 0;
  private compareHigh = 0;
  private compareLow = 0;

  constructor(clock: Clock, counter: GenericTimer, virtual: boolean, irq: InterruptLine) {
    this.clock = clock;
    this.counter = counter;
    this.virtual = virtual;
    this.irq = irq;
    this.timer = clock.timer(() => this.update());
  }

  /** CNTP_CTL, CNTV_CTL. */
  get control(): number {
    const enabled = (this.enableAndMask & CTL_ENABLE) !== 0;
    return this.enableAndMask | (enabled && this.isMet() ? CTL_ISTATUS : 0);
  }

  set control(value: number) {
    this.enableAndMask = value & (CTL_ENABLE | CTL_IMASK);
    this.update();
  }

  /** CNTP_CVAL, CNTV_CVAL: 64 bits as two words. */
  get compare(): { readonly high: number; readonly low: number } {
    return { high: this.compareHigh, low: this.compareLow };
  }

  setCompare(high: number, low: number): void {
    this.compareHigh = high >>> 0;
    this.compareLow = low >>> 0;
    this.update();
  }

  /** CNTP_TVAL, CNTV_TVAL: the comparison less the count, 32 bits, signed when written. DDI 0406C, B8.1.5. */
  get value(): number {
    return (this.compareLow - low32(this.count())) >>> 0;
  }

  set value(value: number) {
    // 64-bit wrap-around: the high word takes the carry or the borrow.
    const sum = this.count() + (value | 0);
    this.setCompare(sum < 0 ? 0xffff_ffff : high32(sum), sum);
  }

  private count(): number {
    return this.virtual ? this.counter.virtualCount : this.counter.count;
  }

  /** The comparison as a number: exact as far as a counter gets in any run. */
  private get target(): number {
    return this.compareHigh * 2 ** 32 + this.compareLow;
  }

  private isMet(): boolean {
    return this.count() >= this.target;
  }

  private update(): void {
    const enabled = (this.enableAndMask & CTL_ENABLE) !== 0;
    const met = enabled && this.isMet();
    this.irq.set(met && (this.enableAndMask & CTL_IMASK) === 0);
    const offset = this.virtual ? this.counter.virtualOffset : 0;
    // Never now: a counter so far on that rounding matters must not ask again and again.
    const time = Math.max(this.counter.timeOf(this.target + offset), this.clock.now + 1);
    this.clock.set(this.timer, enabled && !met ? time : Number.POSITIVE_INFINITY);
  }

  save(): TimerState {
    return { control: this.enableAndMask, compareHigh: this.compareHigh, compareLow: this.compareLow };
  }

  restore(state: TimerState): void {
    this.enableAndMask = state.control;
    this.setCompare(state.compareHigh, state.compareLow);
  }
}

/** The lines of one core's timers into the interrupt controller. */
export interface TimerLines {
  readonly physical: InterruptLine;
  readonly virtual: InterruptLine;
}

export interface GenericTimerState {
  readonly virtualOffset: number;
  readonly physical: readonly TimerState[];
  readonly virtual: readonly TimerState[];
}

export class GenericTimer implements Stateful<GenericTimerState> {
  /** CNTFRQ: counts in a second. */
  readonly frequency: number;
  /** CNTVOFF: what the virtual count is behind. */
  virtualOffset = 0;
  /** One for each core. */
  readonly physical: readonly TimerChannel[];
  readonly virtual: readonly TimerChannel[];
  private readonly clock: Clock;
  private readonly rate: Rate;

  constructor(clock: Clock, frequency: number, lines: readonly TimerLines[]) {
    this.clock = clock;
    this.frequency = frequency;
    this.rate = new Rate(frequency);
    this.physical = lines.map(({ physical }) => new TimerChannel(clock, this, false, physical));
    this.virtual = lines.map(({ virtual }) => new TimerChannel(clock, this, true, virtual));
  }

  /** CNTPCT. */
  get count(): number {
    return this.rate.countAt(this.clock.now);
  }

  /** CNTVCT. */
  get virtualCount(): number {
    return this.count - this.virtualOffset;
  }

  /** The first tick of the machine's clock at which the counter has reached `count`. */
  timeOf(count: number): number {
    return this.rate.timeOf(count);
  }

  /**
   * When the event stream that CNTKCTL asks for comes next: bit EVNTI of CNTVCT becomes 1, or 0 with EVNTDIR. Infinity: there
   * is none. B8.1.4.
   */
  nextEvent(cntkctl: number): number {
    if ((cntkctl & EVNTEN) === 0) return Number.POSITIVE_INFINITY;
    const half = 2 ** ((cntkctl >>> 4) & 15);
    const phase = (cntkctl & EVNTDIR) !== 0 ? 0 : half;
    const periods = Math.floor((this.virtualCount - phase) / (2 * half)) + 1;
    return this.timeOf(periods * 2 * half + phase + this.virtualOffset);
  }

  save(): GenericTimerState {
    return {
      virtualOffset: this.virtualOffset,
      physical: this.physical.map(timer => timer.save()),
      virtual: this.virtual.map(timer => timer.save()),
    };
  }

  restore(state: GenericTimerState): void {
    this.virtualOffset = state.virtualOffset;
    for (const [cpu, timer] of this.physical.entries()) timer.restore(state.physical[cpu]!);
    for (const [cpu, timer] of this.virtual.entries()) timer.restore(state.virtual[cpu]!);
  }
}
