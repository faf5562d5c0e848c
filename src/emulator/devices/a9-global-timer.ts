// SPDX-License-Identifier: GPL-2.0-only
/**
 * Global timer of a Cortex-A9 MPCore (r2p0 and later): a counter of 64 bits that goes up, and in each core a comparator
 * whose output is the private interrupt 27. Arm DDI 0407, 4.3 and 4.4. Linux: drivers/clocksource/arm_global_timer.c.
 * Model: setting the counter while it runs, which the manual forbids, sets it.
 */
import type { Clock, Timer } from '../clock.js';
import type { InterruptLine, Stateful } from './device.js';
import type { Rate } from './rate.js';
import { WordDevice } from './registers.js';

const COUNTER_LOW = 0x00;
const COUNTER_HIGH = 0x04;
/** [15:8] Prescaler, [3] Auto-increment, [2] IRQ Enable, [1] Comp Enable, [0] Timer Enable. [3:1] are banked. */
const CONTROL = 0x08;
const INTERRUPT_STATUS = 0x0c;
const COMPARATOR_LOW = 0x10;
const COMPARATOR_HIGH = 0x14;
const AUTO_INCREMENT = 0x18;

const PRESCALER = 0xff00;
const BANKED = 0x0e;
const AUTO = 8;
const IRQ_ENABLE = 4;
const COMP_ENABLE = 2;
const TIMER_ENABLE = 1;

interface Comparator {
  control: number;
  /** Exact to 2^53, which no counter reaches; written and read as two words. */
  low: number;
  high: number;
  increment: number;
  event: boolean;
  readonly timer: Timer;
  readonly irq: InterruptLine;
}

export interface A9GlobalTimerState {
  readonly numbers: Float64Array;
}

export class A9GlobalTimer extends WordDevice implements Stateful<A9GlobalTimerState> {
  readonly name = 'Cortex-A9 global timer';
  private readonly clock: Clock;
  private readonly rate: Rate;
  private readonly comparators: readonly Comparator[];
  private control = 0;
  /** The counter at `since`, in counts of the rate. */
  private from = 0;
  private since = 0;

  /** `rate`: of PERIPHCLK. */
  constructor(clock: Clock, rate: Rate, lines: readonly InterruptLine[]) {
    super();
    this.clock = clock;
    this.rate = rate;
    this.comparators = lines.map((irq, cpu) => ({
      control: 0,
      low: 0,
      high: 0,
      increment: 0,
      event: false,
      timer: clock.timer(() => this.compare(this.comparators[cpu]!)),
      irq,
    }));
  }

  protected override readWord(offset: number, cpu: number): number {
    const own = this.comparators[cpu]!;
    switch (offset) {
      case COUNTER_LOW:
        return this.counter % 2 ** 32;
      case COUNTER_HIGH:
        return Math.floor(this.counter / 2 ** 32);
      case CONTROL:
        return this.control | own.control;
      case INTERRUPT_STATUS:
        return own.event ? 1 : 0;
      case COMPARATOR_LOW:
        return own.low;
      case COMPARATOR_HIGH:
        return own.high;
      case AUTO_INCREMENT:
        return own.increment;
      default:
        return 0;
    }
  }

  protected override writeWord(offset: number, value: number, cpu: number): void {
    const own = this.comparators[cpu]!;
    if (offset === COUNTER_LOW) this.setCounter(Math.floor(this.counter / 2 ** 32) * 2 ** 32 + value);
    else if (offset === COUNTER_HIGH) this.setCounter(value * 2 ** 32 + (this.counter % 2 ** 32));
    else if (offset === CONTROL) {
      this.setCounter(this.counter);
      this.control = value & (PRESCALER | TIMER_ENABLE);
      own.control = value & BANKED;
    } else if (offset === INTERRUPT_STATUS) own.event = own.event && (value & 1) === 0;
    else if (offset === COMPARATOR_LOW) own.low = value;
    else if (offset === COMPARATOR_HIGH) own.high = value;
    else if (offset === AUTO_INCREMENT) own.increment = value;
    for (const each of this.comparators) this.compare(each);
  }

  private get divisor(): number {
    return (this.control >>> 8) + 1;
  }

  private get counter(): number {
    if ((this.control & TIMER_ENABLE) === 0) return this.from;
    return this.from + Math.floor((this.rate.countAt(this.clock.now) - this.since) / this.divisor);
  }

  private setCounter(value: number): void {
    this.from = value;
    this.since = this.rate.countAt(this.clock.now);
  }

  /** The event comes when the counter is at or past the comparator. DDI 0407, 4.4.2, from r2p0 on. */
  private compare(own: Comparator): void {
    const active = (this.control & TIMER_ENABLE) !== 0 && (own.control & COMP_ENABLE) !== 0;
    let target = own.high * 2 ** 32 + own.low;
    if (active && this.counter >= target) {
      own.event = true;
      if ((own.control & AUTO) !== 0 && own.increment > 0) {
        target += own.increment * (Math.floor((this.counter - target) / own.increment) + 1);
        own.high = Math.floor(target / 2 ** 32);
        own.low = target % 2 ** 32;
      }
    }
    const ahead = active && target > this.counter;
    const time = this.rate.timeOf(this.since + (target - this.from) * this.divisor);
    this.clock.set(own.timer, ahead ? Math.max(time, this.clock.now + 1) : Number.POSITIVE_INFINITY);
    own.irq.set(own.event && (own.control & IRQ_ENABLE) !== 0);
  }

  save(): A9GlobalTimerState {
    const each = this.comparators.flatMap(({ control, low, high, increment, event }) => [
      control,
      low,
      high,
      increment,
      Number(event),
    ]);
    return { numbers: Float64Array.of(this.control, this.from, this.since, ...each) };
  }

  restore({ numbers }: A9GlobalTimerState): void {
    const [control = 0, from = 0, since = 0, ...each] = numbers;
    this.control = control;
    this.from = from;
    this.since = since;
    for (const [cpu, own] of this.comparators.entries()) {
      const [ownControl = 0, low = 0, high = 0, increment = 0, event = 0] = each.slice(5 * cpu);
      own.control = ownControl;
      own.low = low;
      own.high = high;
      own.increment = increment;
      own.event = event !== 0;
      this.compare(own);
    }
  }
}
