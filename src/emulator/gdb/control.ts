// SPDX-License-Identifier: GPL-2.0-only
/**
 * A machine in a debugger's hands: it is held, or it runs until a breakpoint. Time stands still while it is held. A run
 * in which no breakpoint is met is the run that it would have been without a debugger.
 *
 * A step moves one core by one instruction while the others stand still, so that a LDREX and its STREX can be
 * stepped through; an interrupt that is due is taken, and its handler's first instruction is the step. If the core
 * sleeps, the machine runs until it wakes.
 */
import { type Cpu, RUNNING } from '../cpu/cpu.js';
import type { Stop, System } from '../system.js';
import { Breakpoints } from './breakpoints.js';

/** Signals by GDB's numbers. */
export const SIGINT = 2;
export const SIGTRAP = 5;

export class Control {
  readonly system: System;
  readonly breakpoints: Breakpoints;
  isHeld = true;
  /** The core that stopped last, and why. */
  core = 0;
  signal: number = SIGTRAP;
  /** Called when the machine stops by itself. */
  onStop: () => void = () => {};
  /** The core that is to be stepped when it wakes. */
  private sleeper: Cpu | null = null;
  /** The core whose exclusive access outlived its step. */
  private stepped: Cpu | null = null;

  constructor(system: System) {
    this.system = system;
    this.breakpoints = new Breakpoints(core => {
      system.stop();
      // The core returns by itself; left set, this would take a turn from it.
      system.cpus[core]!.mustYield = false;
    });
  }

  /** A debugger is there, or is gone: cores look at breakpoints, or do not. */
  watch(on: boolean): void {
    this.breakpoints.clear();
    for (const cpu of this.system.cpus) cpu.breakpoints = on ? this.breakpoints : null;
  }

  /** Stops the machine where it is. Between two runs, as all of these. */
  hold(core: number, signal: number): void {
    this.isHeld = true;
    this.core = core;
    this.signal = signal;
    this.sleeper = null;
    this.breakpoints.held = -1;
  }

  resume(): void {
    this.isHeld = false;
  }

  /** One instruction of `cpu`. False: it sleeps, and the machine runs until it has executed one. */
  step(cpu: Cpu): boolean {
    if (cpu.state !== RUNNING) {
      this.sleeper = cpu;
      this.breakpoints.held = cpu.index;
      this.isHeld = false;
      return false;
    }
    const { clock, machine } = this.system;
    if (this.stepped !== cpu) this.endExclusive();
    this.stepped = cpu;
    cpu.breakpoints = null;
    const before = cpu.instructions;
    while (cpu.instructions === before && cpu.state === RUNNING) {
      if (clock.next <= clock.now) clock.expire();
      machine.cpu = cpu.index;
      cpu.run(1);
    }
    cpu.breakpoints = this.breakpoints;
    this.hold(cpu.index, SIGTRAP);
    return true;
  }

  /** System.run(), while the machine is not held. */
  run(ticks: number): Stop | 'held' {
    if (this.isHeld) return 'held';
    const { breakpoints, system } = this;
    this.endExclusive();
    breakpoints.stoppedCore = -1;
    const stop = system.run(ticks);
    const core = breakpoints.stoppedCore;
    if (core < 0) return stop;
    const woken = core === this.sleeper?.index ? this.sleeper : null;
    this.hold(core, SIGTRAP);
    if (woken !== null) this.step(woken);
    this.onStop();
    return 'held';
  }

  /** Before another core runs, as at the end of a turn. */
  private endExclusive(): void {
    if (this.stepped !== null && this.system.cpus.length > 1) this.stepped.exclusive = -1;
    this.stepped = null;
  }
}
