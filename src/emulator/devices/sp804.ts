// SPDX-License-Identifier: GPL-2.0-only
/**
 * Dual-Timer module (SP804). Arm DDI 0271, chapter 3: two counters of 32 or 16 bits that go down, free-running,
 * periodic, or once. Linux: drivers/clocksource/timer-sp804.c.
 * Model: from zero to zero it takes as many steps as TimerXLoad says, by the formula of DDI 0271, 3.3.1.
 */
import type { Clock } from '../clock.js';
import type { InterruptLine, Stateful } from './device.js';
import { DownCounter, type DownCounterState } from './down-counter.js';
import type { Rate } from './rate.js';
import { fieldOf, primeCellId, RegisterFile, register, WordDevice } from './registers.js';

const TimerLoad = register('TimerXLoad', 0x00, 0, '31:0 Load rw');
const TimerControl = register(
  'TimerXControl',
  0x08,
  0x20,
  '31:8 -, 7 TimerEn rw, 6 TimerMode rw, 5 IntEnable rw, 4 -, 3:2 TimerPre rw, 1 TimerSize rw, 0 OneShot rw',
);
const TimerRIS = register('TimerXRIS', 0x10, 0, '31:1 -, 0 Raw ro');

/** Registers that are computed or only written. */
const TimerValue = 0x04;
const TimerIntClr = 0x0c;
const TimerMIS = 0x14;
const TimerBGLoad = 0x18;

/** TimerPeriphID0-3: part 0x804, designer 0x41, revision 1. DDI 0271, 3.3.13. */
const PERIPHID = 0x00141804;
const PRESCALE = [1, 16, 256, 256];

interface HalfState {
  readonly registers: Uint32Array;
  readonly counter: DownCounterState;
}

/** One of the two. */
class Half implements Stateful<HalfState> {
  private readonly registers = new RegisterFile([TimerLoad, TimerControl, TimerRIS]);
  private readonly counter: DownCounter;
  private readonly changed: () => void;

  constructor(clock: Clock, rate: Rate, changed: () => void) {
    this.changed = changed;
    this.counter = new DownCounter(clock, rate, () => {
      this.registers.setBits(TimerRIS, 1);
      changed();
    });
    // All ones after reset: DDI 0271, table 3-1.
    this.counter.stop(0xffff_ffff);
  }

  get masked(): boolean {
    const { registers } = this;
    return registers.get(TimerRIS) !== 0 && registers.has(TimerControl, TimerControl.bits.IntEnable);
  }

  read(offset: number): number {
    if (offset === TimerValue) return this.counter.value;
    if (offset === TimerMIS) return this.masked ? 1 : 0;
    return this.registers.load(offset === TimerBGLoad ? TimerLoad.offset : offset);
  }

  write(offset: number, value: number): void {
    const { registers } = this;
    const before = registers.get(TimerControl);
    if (offset === TimerIntClr) registers.clearBits(TimerRIS, 1);
    else if (offset === TimerBGLoad) {
      registers.set(TimerLoad, value);
      this.counter.setPeriod(this.period);
    } else if (registers.store(offset, value) === TimerLoad) this.load(value);
    else if (offset === TimerControl.offset) this.control(before);
    this.changed();
  }

  private has(mask: number): boolean {
    return this.registers.has(TimerControl, mask);
  }

  private size(value: number): number {
    return this.has(TimerControl.bits.TimerSize) ? value : value & 0xffff;
  }

  /** Steps from zero to zero. */
  private get period(): number {
    const { OneShot, TimerMode, TimerSize } = TimerControl.bits;
    if (this.has(OneShot)) return 0;
    if (this.has(TimerMode)) return this.size(this.registers.get(TimerLoad));
    return this.has(TimerSize) ? 2 ** 32 : 2 ** 16;
  }

  /** Of a timer that is off all 32 bits are kept: how many count is said when it is switched on. */
  private load(value: number): void {
    const { registers } = this;
    const divisor = PRESCALE[fieldOf(registers.get(TimerControl), TimerControl.bits.TimerPre)]!;
    if (this.has(TimerControl.bits.TimerEn)) this.counter.start(this.size(value), divisor, this.period);
    else this.counter.stop(value);
  }

  /** A halted one-shot timer starts again only when it is loaded. */
  private control(before: number): void {
    const { TimerEn, OneShot } = TimerControl.bits;
    const now = this.registers.get(TimerControl);
    const halted = (before & TimerEn) !== 0 && !this.counter.isRunning && (now & OneShot) !== 0;
    if (before !== now && !halted) this.load(this.counter.value);
  }

  save(): HalfState {
    return { registers: this.registers.save(), counter: this.counter.save() };
  }

  restore(state: HalfState): void {
    this.registers.restore(state.registers);
    this.counter.restore(state.counter);
  }
}

export interface Sp804State {
  readonly halves: readonly HalfState[];
}

export class Sp804 extends WordDevice implements Stateful<Sp804State> {
  readonly name: string;
  private readonly halves: readonly Half[];
  private readonly irq: InterruptLine;

  /** `rate`: of TIMCLK. `irq`: TIMINTC, the two outputs combined. */
  constructor(name: string, clock: Clock, rate: Rate, irq: InterruptLine) {
    super();
    this.name = name;
    this.irq = irq;
    const changed = (): void => this.update();
    this.halves = [new Half(clock, rate, changed), new Half(clock, rate, changed)];
  }

  protected override readWord(offset: number): number {
    if (offset < 0x40) return this.halves[offset >>> 5]!.read(offset & 0x1f);
    return primeCellId(offset, PERIPHID) ?? 0;
  }

  protected override writeWord(offset: number, value: number): void {
    if (offset < 0x40) this.halves[offset >>> 5]!.write(offset & 0x1f, value);
  }

  private update(): void {
    this.irq.set(this.halves.some(({ masked }) => masked));
  }

  save(): Sp804State {
    return { halves: this.halves.map(half => half.save()) };
  }

  restore({ halves }: Sp804State): void {
    for (const [index, half] of this.halves.entries()) half.restore(halves[index]!);
    this.update();
  }
}
