// SPDX-License-Identifier: GPL-2.0-only
/**
 * Private timer and watchdog of each core of a Cortex-A9 MPCore: one block, 0x600 behind the start of the private
 * memory region, that shows each core its own. Arm DDI 0407, 4.1 and 4.2. Their outputs are the private interrupts
 * 29 and 30. Linux: arch/arm/kernel/smp_twd.c, drivers/watchdog/mpcore_wdt.c (until v5.x).
 */
import type { Clock } from '../clock.js';
import type { InterruptLine, Stateful } from './device.js';
import { DownCounter, type DownCounterState } from './down-counter.js';
import type { Rate } from './rate.js';
import { fieldOf, RegisterFile, register, WordDevice } from './registers.js';

const Load = register('Load', 0x00, 0, '31:0 Load rw');
const Control = register(
  'Control',
  0x08,
  0,
  '31:16 -, 15:8 Prescaler rw, 7:4 -, 3 WatchdogMode rw, 2 ITEnable rw, 1 AutoReload rw, 0 Enable rw',
);
const InterruptStatus = register('InterruptStatus', 0x0c, 0, '31:1 -, 0 EventFlag w1c');
const ResetStatus = register('ResetStatus', 0x10, 0, '31:1 -, 0 ResetFlag w1c');

/** Registers that are computed or only written. */
const Counter = 0x04;
/** Only of the watchdog. */
const Disable = 0x14;
/** What has to be written to Disable, one after the other, to leave watchdog mode. DDI 0407, 4.2.6. */
const DISABLE_KEYS = [0x12345678, 0x87654321];

interface UnitState {
  readonly registers: Uint32Array;
  readonly counter: DownCounterState;
  readonly keys: number;
}

/** A timer, or a watchdog, of one core. */
class Unit implements Stateful<UnitState> {
  private readonly registers = new RegisterFile([Load, Control, InterruptStatus, ResetStatus]);
  private readonly counter: DownCounter;
  private readonly irq: InterruptLine;
  /** Null: a timer, which has no watchdog mode. */
  private readonly onReset: (() => void) | null;
  /** How many of DISABLE_KEYS have been written. */
  private keys = 0;

  constructor(clock: Clock, rate: Rate, irq: InterruptLine, onReset: (() => void) | null) {
    this.irq = irq;
    this.onReset = onReset;
    this.counter = new DownCounter(clock, rate, () => this.expire());
  }

  read(offset: number): number {
    if (offset === Counter) return this.counter.value;
    return this.onReset === null && offset >= ResetStatus.offset ? 0 : this.registers.load(offset);
  }

  write(offset: number, value: number): void {
    const { registers, onReset } = this;
    if (onReset === null && offset >= ResetStatus.offset) return;
    if (offset === Counter) {
      // In watchdog mode the counter is written through the load register only. DDI 0407, 4.2.2.
      if (!this.has(Control.bits.WatchdogMode)) this.run(value);
    } else if (offset === Disable) this.disable(value);
    else {
      const mode = registers.get(Control) & Control.bits.WatchdogMode;
      const register = registers.store(offset, value);
      if (register === Control) {
        if (onReset === null) registers.clearBits(Control, Control.bits.WatchdogMode);
        // Watchdog mode cannot be left this way. DDI 0407, 4.2.3.
        else registers.setBits(Control, mode);
        this.run(this.counter.value);
      }
      if (register === Load) this.run(value);
    }
    this.update();
  }

  private has(mask: number): boolean {
    return this.registers.has(Control, mask);
  }

  private run(value: number): void {
    const { Enable, AutoReload, WatchdogMode, Prescaler } = Control.bits;
    const again = this.has(AutoReload) && !this.has(WatchdogMode);
    const period = again ? this.registers.get(Load) + 1 : 0;
    const divisor = fieldOf(this.registers.get(Control), Prescaler) + 1;
    // At zero without auto-reload it has stopped, until it is written. DDI 0407, 4.1.2.
    if (this.has(Enable) && (value > 0 || again)) this.counter.start(value, divisor, period);
    else this.counter.stop(value);
  }

  private expire(): void {
    if (this.has(Control.bits.WatchdogMode)) {
      this.registers.setBits(ResetStatus, 1);
      this.onReset?.();
      return;
    }
    this.registers.setBits(InterruptStatus, 1);
    this.update();
  }

  private disable(value: number): void {
    this.keys = value === DISABLE_KEYS[this.keys] ? this.keys + 1 : 0;
    if (this.keys < DISABLE_KEYS.length) return;
    this.keys = 0;
    this.registers.clearBits(Control, Control.bits.WatchdogMode);
    this.run(this.counter.value);
  }

  private update(): void {
    this.irq.set(this.has(Control.bits.ITEnable) && this.registers.get(InterruptStatus) !== 0);
  }

  save(): UnitState {
    return { registers: this.registers.save(), counter: this.counter.save(), keys: this.keys };
  }

  restore(state: UnitState): void {
    this.registers.restore(state.registers);
    this.counter.restore(state.counter);
    this.keys = state.keys;
    this.update();
  }
}

export interface PrivateTimerLines {
  readonly timer: InterruptLine;
  readonly watchdog: InterruptLine;
}

export interface A9PrivateTimerState {
  readonly timers: readonly UnitState[];
  readonly watchdogs: readonly UnitState[];
}

export class A9PrivateTimer extends WordDevice implements Stateful<A9PrivateTimerState> {
  readonly name = 'Cortex-A9 private timer';
  private readonly timers: readonly Unit[];
  private readonly watchdogs: readonly Unit[];

  /** `rate`: of PERIPHCLK. `onReset`: a watchdog has run out in watchdog mode. */
  constructor(clock: Clock, rate: Rate, lines: readonly PrivateTimerLines[], onReset: () => void) {
    super();
    this.timers = lines.map(({ timer }) => new Unit(clock, rate, timer, null));
    this.watchdogs = lines.map(({ watchdog }) => new Unit(clock, rate, watchdog, onReset));
  }

  protected override readWord(offset: number, cpu: number): number {
    if (offset >= 0x40) return 0;
    return (offset < 0x20 ? this.timers : this.watchdogs)[cpu]!.read(offset & 0x1f);
  }

  protected override writeWord(offset: number, value: number, cpu: number): void {
    if (offset < 0x40) (offset < 0x20 ? this.timers : this.watchdogs)[cpu]!.write(offset & 0x1f, value);
  }

  save(): A9PrivateTimerState {
    return {
      timers: this.timers.map(unit => unit.save()),
      watchdogs: this.watchdogs.map(unit => unit.save()),
    };
  }

  restore(state: A9PrivateTimerState): void {
    for (const [cpu, unit] of this.timers.entries()) unit.restore(state.timers[cpu]!);
    for (const [cpu, unit] of this.watchdogs.entries()) unit.restore(state.watchdogs[cpu]!);
  }
}
