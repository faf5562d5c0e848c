// SPDX-License-Identifier: GPL-2.0-only
/**
 * What becomes of a guest, as far as its console and its exceptions tell: the text that somebody waits for, a panic and
 * where its words end, an error that the kernel survives, a core that does nothing but take one exception.
 */
import { TICKS_PER_SECOND } from '../emulator/clock.js';
import { TextWatch } from '../emulator/console/text-watch.js';
import type { Cpu, ExceptionTrace } from '../emulator/cpu/cpu.js';
import type { System } from '../emulator/system.js';
import { ExceptionLoop } from '../emulator/trace/exception-loop.js';

/** Linux: kernel/panic.c, panic() (v6.12): its first line, and its last one. */
const PANIC = 'Kernel panic - not syncing';
const END_OF_PANIC = '---[ end Kernel panic - not syncing';
/** A panic that does not get to its last line: how long it may go on, in ticks. */
const LAST_WORDS = 2 * TICKS_PER_SECOND;
/** Linux: arch/arm/kernel/traps.c, __die() (v6.12). */
const OOPS = 'Internal error: ';
/** Linux: kernel/reboot.c, kernel_halt() (v6.12). */
const HALT = 'reboot: System halted';
/** Bytes of the console that are kept. */
const KEPT = 256;
const NEWLINE = 10;

export class GuestWatch implements ExceptionTrace {
  /** The text that is waited for. */
  readonly until: TextWatch;
  readonly panic: TextWatch = new TextWatch(PANIC, KEPT);
  readonly oops: TextWatch = new TextWatch(OOPS, KEPT);
  readonly halt: TextWatch = new TextWatch(HALT, KEPT);
  readonly loop: ExceptionLoop;
  hasPrinted = false;
  private readonly system: System;
  private readonly log: ExceptionTrace | null;
  private readonly endOfPanic: TextWatch = new TextWatch(END_OF_PANIC, KEPT);
  private panicEnds: number = Number.POSITIVE_INFINITY;

  /** `log` is told of exceptions, too. */
  constructor(system: System, until: string | undefined, log: ExceptionTrace | null) {
    this.system = system;
    this.until = new TextWatch(until ?? null, KEPT);
    this.log = log;
    this.loop = new ExceptionLoop(() => system.stop());
    for (const cpu of system.cpus) cpu.trace = this;
  }

  /** The guest prints. */
  put(byte: number): void {
    this.hasPrinted = true;
    const { until, panic, endOfPanic, system } = this;
    for (const watch of [until, panic, endOfPanic, this.oops, this.halt]) watch.put(byte);
    if (until.seen) system.stop();
    if (!panic.seen) return;
    const { now } = system.clock;
    this.panicEnds = Math.min(this.panicEnds, now + LAST_WORDS);
    if (!endOfPanic.seen || byte !== NEWLINE || this.panicEnds <= now) return;
    this.panicEnds = now;
    system.stop();
  }

  /** The kernel has panicked, and has said why. */
  get hasPanicked(): boolean {
    return this.system.clock.now >= this.panicEnds;
  }

  taken(cpu: Cpu, vector: number, returnAddress: number, psr: number): void {
    this.log?.taken(cpu, vector, returnAddress, psr);
    this.loop.taken(cpu, vector, returnAddress, psr);
  }
}
