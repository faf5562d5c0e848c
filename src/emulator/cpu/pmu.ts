// SPDX-License-Identifier: GPL-2.0-only
/**
 * The performance monitors of one core: ARM DDI 0406C, chapter C12; as many event counters as the core has. A counter is
 * a value and what its source showed when it was that; so counting costs nothing between looks.
 *
 *   cycles         ticks of the clock, all of them: time goes on for a core that waits
 *   instructions   those that the core has executed (event 0x08)
 *   software       writes to PMSWINC (event 0x00)
 *
 * Model: a cycle is an instruction's time, as everywhere; other events never happen and read as 0; counters count in every
 * mode, whatever bits 31 to 26 of PMXEVTYPER say; PMCR.DP and X have no effect.
 * Registers: `cp15-pmu.ts`.
 */
import type { Timer } from '../clock.js';
import { type InterruptLine, UNCONNECTED } from '../devices/device.js';
import type { Cpu } from './cpu.js';

/** PMCR: C12.8.6 (B4.1.117). */
const PMCR_E = 1;
const PMCR_P = 2;
const PMCR_C = 4;
const PMCR_D = 8;
const PMCR_WRITABLE = 0x39;
/** The cycle counter's bit in the registers that have one for each counter, and its number in PMSELR. */
const CYCLES = 31;
const WRAP = 2 ** 32;

const EVENT_SOFTWARE = 0x00;
const EVENT_INSTRUCTIONS = 0x08;
const EVENT_CYCLES = 0x11;
/** PMCEID0: the events that are counted. */
export const COUNTED_EVENTS: number = (1 << EVENT_SOFTWARE) | (1 << EVENT_INSTRUCTIONS) | (1 << EVENT_CYCLES);

export interface PmuState {
  readonly numbers: readonly number[];
  readonly types: readonly number[];
  readonly values: readonly number[];
  readonly bases: readonly number[];
}

export class Pmu {
  /** Event counters; the cycle counter is one more. */
  readonly counters: number;
  /** Where the interrupt goes. */
  line: InterruptLine = UNCONNECTED;
  /** PMCR without what is read-only, PMCNTENSET, PMOVSR, PMINTENSET, PMSELR, PMUSERENR. */
  private control = 0;
  private enabled = 0;
  private overflowed = 0;
  private interrupts = 0;
  private selected = 0;
  private user = 0;
  /** PMXEVTYPER of each counter, PMCCFILTR last; and what they count. */
  private readonly types: number[];
  private readonly values: number[];
  private readonly bases: number[];
  private readonly cpu: Cpu;
  private readonly timer: Timer;
  /** Instructions executed, at the last settle(). */
  private retired = 0;

  constructor(cpu: Cpu) {
    this.cpu = cpu;
    this.counters = (cpu.parts.ids.pmcr >>> 11) & 31;
    const zeros = (): number[] => new Array<number>(this.counters + 1).fill(0);
    this.types = zeros();
    this.values = zeros();
    this.bases = zeros();
    this.timer = cpu.parts.clock.timer(() => {
      this.retired = cpu.instructions;
      this.settle();
      this.update();
    });
  }

  reset(): void {
    this.control = 0;
    this.enabled = 0;
    this.overflowed = 0;
    this.interrupts = 0;
    this.selected = 0;
    this.user = 0;
    this.types.fill(0);
    this.values.fill(0);
    this.update();
  }

  // Registers, for an instruction of the core itself.

  /** PMUSERENR.EN. */
  get forUser(): boolean {
    return this.user === 1;
  }

  set userEnable(value: number) {
    this.user = value & 1;
  }

  get pmcr(): number {
    return this.cpu.parts.ids.pmcr | this.control;
  }

  set pmcr(value: number) {
    this.look();
    if ((value & PMCR_P) !== 0) this.values.fill(0, 0, this.counters);
    if ((value & PMCR_C) !== 0) this.values[this.counters] = 0;
    this.control = value & PMCR_WRITABLE;
    this.rebase();
    this.update();
  }

  get pmcnten(): number {
    return this.enabled;
  }

  enable(bits: number, on: boolean): void {
    this.look();
    this.enabled = on ? this.enabled | (bits & this.mask) : this.enabled & ~bits;
    this.update();
  }

  get pminten(): number {
    return this.interrupts;
  }

  enableInterrupts(bits: number, on: boolean): void {
    this.look();
    this.interrupts = on ? this.interrupts | (bits & this.mask) : this.interrupts & ~bits;
    this.update();
  }

  get pmovsr(): number {
    this.look();
    return this.overflowed;
  }

  overflow(bits: number, on: boolean): void {
    this.look();
    this.overflowed = on ? this.overflowed | (bits & this.mask) : this.overflowed & ~bits;
    this.update();
  }

  get pmselr(): number {
    return this.selected;
  }

  set pmselr(value: number) {
    this.selected = value & 31;
  }

  /** PMXEVTYPER, PMXEVCNTR of a counter that does not exist read as 0 and ignore writes (UNPREDICTABLE). */
  get pmxevtyper(): number {
    return this.types[this.place()] ?? 0;
  }

  set pmxevtyper(value: number) {
    const i = this.place();
    if (i < 0) return;
    this.look();
    this.types[i] = value & (i === this.counters ? 0xfc000000 : 0xfc0000ff);
    this.rebase();
    this.update();
  }

  get pmxevcntr(): number {
    const i = this.selected;
    return i < this.counters ? this.count(i) : 0;
  }

  set pmxevcntr(value: number) {
    if (this.selected < this.counters) this.setCount(this.selected, value);
  }

  get pmccntr(): number {
    return this.count(this.counters);
  }

  set pmccntr(value: number) {
    this.setCount(this.counters, value);
  }

  /** PMSWINC. */
  softwareIncrement(bits: number): void {
    this.look();
    for (let i = 0; i < this.counters; i++) {
      if (((bits >>> i) & 1) === 1 && this.isCounting(i) && (this.types[i]! & 0xff) === EVENT_SOFTWARE)
        this.values[i]!++;
    }
    this.settle();
    this.update();
  }

  // State.

  save(): PmuState {
    const { control, enabled, overflowed, interrupts, selected, user } = this;
    return {
      numbers: [control, enabled, overflowed, interrupts, selected, user],
      types: [...this.types],
      values: [...this.values],
      bases: [...this.bases],
    };
  }

  /** After the clock and the core's count of instructions. */
  restore({ numbers, types, values, bases }: PmuState): void {
    [this.control, this.enabled, this.overflowed, this.interrupts, this.selected, this.user] = numbers as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    for (let i = 0; i <= this.counters; i++) {
      this.types[i] = types[i]!;
      this.values[i] = values[i]!;
      this.bases[i] = bases[i]!;
    }
    this.retired = this.cpu.instructions;
    this.settle();
    this.update();
  }

  // Counting.

  /** Bits of the counters that exist. */
  private get mask(): number {
    return (1 << CYCLES) | ((1 << this.counters) - 1);
  }

  /** Index of the counter that PMSELR names; -1: there is none. */
  private place(): number {
    if (this.selected === CYCLES) return this.counters;
    return this.selected < this.counters ? this.selected : -1;
  }

  private bitOf(i: number): number {
    return i === this.counters ? CYCLES : i;
  }

  private isCounting(i: number): boolean {
    return (this.control & PMCR_E) !== 0 && ((this.enabled >>> this.bitOf(i)) & 1) === 1;
  }

  /** Ticks of a counter's source for each count; 0: it has none. */
  private ticksPerCount(i: number): number {
    if (i === this.counters) return (this.control & PMCR_D) !== 0 ? 64 : 1;
    const event = this.types[i]! & 0xff;
    return event === EVENT_CYCLES || event === EVENT_INSTRUCTIONS ? 1 : 0;
  }

  /** What the source of a counter shows. */
  private source(i: number): number {
    const ticks = this.ticksPerCount(i);
    if (ticks === 0) return 0;
    const cycles = i === this.counters || (this.types[i]! & 0xff) === EVENT_CYCLES;
    return cycles ? Math.floor(this.cpu.parts.clock.now / ticks) : this.retired;
  }

  /** The counters as of the instruction in execution. */
  private look(): void {
    const { cpu } = this;
    cpu.syncClock();
    this.retired = cpu.instructions + cpu.done + cpu.at;
    this.settle();
  }

  private settle(): void {
    for (let i = 0; i <= this.counters; i++) {
      const source = this.source(i);
      let value = this.values[i]! + (this.isCounting(i) ? source - this.bases[i]! : 0);
      if (value >= WRAP) {
        value %= WRAP;
        this.overflowed |= 1 << this.bitOf(i);
      }
      this.values[i] = value;
      this.bases[i] = source;
    }
  }

  /** Sources have changed, the values count. */
  private rebase(): void {
    for (let i = 0; i <= this.counters; i++) this.bases[i] = this.source(i);
  }

  private count(i: number): number {
    this.look();
    return this.values[i]!;
  }

  private setCount(i: number, value: number): void {
    this.look();
    this.values[i] = value >>> 0;
    this.update();
  }

  /**
   * The interrupt's level, and a look at the time when a counter overflows. Instructions are never faster than the clock: a
   * counter of them is looked at when it may have overflowed, and again.
   */
  private update(): void {
    const { cpu, timer } = this;
    const { clock } = cpu.parts;
    this.line.set((this.control & PMCR_E) !== 0 && (this.overflowed & this.interrupts) !== 0);
    let ticks = Number.POSITIVE_INFINITY;
    for (let i = 0; i <= this.counters; i++) {
      if (!this.isCounting(i) || ((this.interrupts >>> this.bitOf(i)) & 1) === 0) continue;
      const each = this.ticksPerCount(i);
      if (each > 0) ticks = Math.min(ticks, (WRAP - this.values[i]!) * each - (clock.now % each));
    }
    const deadline = clock.now + ticks;
    if (timer.deadline !== deadline) clock.set(timer, deadline);
  }
}
