// SPDX-License-Identifier: GPL-2.0-only
/**
 * PrimeCell Real Time Clock (PL031). Arm DDI 0224, chapter 3: a counter of seconds, a match register, an alarm.
 * It starts at an epoch that it is given, and counts the machine's time: the host's clock has no part in it.
 * Linux: drivers/rtc/rtc-pl031.c.
 */
import { type Clock, TICKS_PER_SECOND, type Timer } from '../clock.js';
import { type InterruptLine, type Stateful, UNCONNECTED } from './device.js';
import { primeCellId, RegisterFile, register, WordDevice } from './registers.js';

const RTCMR = register('RTCMR', 0x004, 0, '31:0 RTCMR rw');
const RTCLR = register('RTCLR', 0x008, 0, '31:0 RTCLR rw');
const RTCIMSC = register('RTCIMSC', 0x010, 0, '31:1 -, 0 RTCIMSC rw');
const RTCRIS = register('RTCRIS', 0x014, 0, '31:1 -, 0 RTCRIS ro');

/** Registers that are computed or only written. */
const RTCDR = 0x000;
const RTCCR = 0x00c;
const RTCMIS = 0x018;
const RTCICR = 0x01c;

/** RTCPeriphID0-3: part 0x031, designer 0x41, revision 1. DDI 0224, 3.3.9. */
const PERIPHID = 0x00141031;

export interface Pl031State {
  readonly registers: Uint32Array;
  readonly offset: number;
  readonly alarm: number;
}

export class Pl031 extends WordDevice implements Stateful<Pl031State> {
  readonly name = 'PL031';
  private readonly clock: Clock;
  private readonly irq: InterruptLine;
  private readonly alarm: Timer;
  private readonly registers = new RegisterFile([RTCMR, RTCLR, RTCIMSC, RTCRIS]);
  /** What the counter is ahead of the machine's seconds. */
  private offset: number;

  /** `epoch`: seconds since 1970 at the moment when the machine is switched on. */
  constructor(clock: Clock, epoch: number, irq: InterruptLine = UNCONNECTED) {
    super();
    this.clock = clock;
    this.offset = epoch;
    this.irq = irq;
    this.alarm = clock.timer(() => this.match());
  }

  protected override readWord(offset: number): number {
    switch (offset) {
      case RTCDR:
        return this.seconds();
      // The counter is always enabled. Model: RTCCR reads as one from the start.
      case RTCCR:
        return 1;
      case RTCMIS:
        return this.registers.get(RTCRIS) & this.registers.get(RTCIMSC);
      default:
        return primeCellId(offset, PERIPHID) ?? this.registers.load(offset);
    }
  }

  protected override writeWord(offset: number, value: number): void {
    const { registers } = this;
    if (offset === RTCICR) registers.clearBits(RTCRIS, value & 1);
    else {
      const register = registers.store(offset, value);
      if (register === RTCLR) this.offset = value - this.machineSeconds();
      if (register === RTCLR || register === RTCMR) this.setAlarm();
    }
    this.updateInterrupt();
  }

  private machineSeconds(): number {
    return Math.floor(this.clock.now / TICKS_PER_SECOND);
  }

  private seconds(): number {
    return (((this.machineSeconds() + this.offset) % 2 ** 32) + 2 ** 32) % 2 ** 32;
  }

  /** At the next moment when the counter, which wraps, becomes what RTCMR says. */
  private setAlarm(): void {
    const ahead = (this.registers.get(RTCMR) - this.seconds() + 2 ** 32) % 2 ** 32;
    if (ahead === 0) this.match();
    else this.clock.set(this.alarm, (this.machineSeconds() + ahead) * TICKS_PER_SECOND);
  }

  private match(): void {
    this.registers.setBits(RTCRIS, 1);
    this.updateInterrupt();
  }

  private updateInterrupt(): void {
    this.irq.set((this.registers.get(RTCRIS) & this.registers.get(RTCIMSC)) !== 0);
  }

  save(): Pl031State {
    return { registers: this.registers.save(), offset: this.offset, alarm: this.alarm.deadline };
  }

  restore(state: Pl031State): void {
    this.registers.restore(state.registers);
    this.offset = state.offset;
    this.clock.set(this.alarm, state.alarm);
    this.updateInterrupt();
  }
}
