// SPDX-License-Identifier: GPL-2.0-only
/**
 * A machine that executes: the modelled hardware with cores that run, a bus, a clock. What is on the bus is the
 * board's. Cores take turns in one thread, each for a number of instructions, so that the same inputs give the same
 * run; the clock counts the instructions of all of them.
 * Model: of two busy cores each is half as fast as one alone. A turn ends a core's exclusive access (A3.4 permits
 * that at any time), so that between LDREX and a STREX that succeeds no other core has run.
 */
import type { Range } from '../base/address.js';
import type { MachineFacts, OuterCacheFacts } from '../hw/facts.js';
import { Machine } from '../hw/machine.js';
import { createRegisters } from '../hw/mmu/registers.js';
import { Clock } from './clock.js';
import { CodeCache } from './code/code-cache.js';
import { Translations } from './code/translations.js';
import { CORE_BYTES } from './cpu/core-area.js';
import { Cpu, POWERED_OFF, RUNNING } from './cpu/cpu.js';
import { coreIds } from './cpu/ids.js';
import { type CpuState, restoreCpu, saveCpu } from './cpu/state.js';
import { Bus } from './devices/bus.js';
import { type MemoryImage, putMemory, takeMemory } from './memory-image.js';

/** Instructions that a core executes while others wait. */
const TURN = 4096;
/** Of a core that runs alone. What is left of a turn is an int32 (`cpu/core-area.ts`). */
const LONGEST_TURN = 0x40000000;

/** Everything but devices, between two runs. */
export interface SystemState {
  readonly now: number;
  readonly turn: number;
  readonly left: number;
  readonly cpus: readonly CpuState[];
  readonly memory: MemoryImage;
  readonly outerInUse: boolean;
  readonly outerCache: OuterCacheFacts | null;
}

/** Why run() returned. */
export type Stop = 'ticks' | 'stopped' | 'asleep';

export class System {
  readonly machine: Machine;
  readonly bus: Bus = new Bus();
  readonly clock: Clock = new Clock();
  readonly code: CodeCache;
  readonly cpus: readonly Cpu[];
  private stopped = false;
  private readonly cores: Cpu[] = [];
  private turn = 0;
  /** Instructions that the core has left of its turn. */
  private left = 0;

  constructor(facts: MachineFacts, banks: readonly Range[]) {
    this.machine = new Machine(facts, banks);
    // One WebAssembly memory, so that translated code reaches it.
    const { machine, bus, clock, cores } = this;
    const translations = new Translations(cores);
    const flat = machine.ram.flatten(facts.coreCount * CORE_BYTES, bytes => translations.allocate(bytes));
    const code = new CodeCache(machine.ram, flat, translations);
    this.code = code;
    const ids = coreIds(facts.core.name);
    const woken = (): void => this.someoneWoke();
    for (let index = 0; index < facts.coreCount; index++) {
      const registers =
        index === 0
          ? machine.registers
          : createRegisters(facts.core.architecture, facts.core.longDescriptors, machine.registers);
      const cpu = new Cpu(index, { machine, registers, bus, code, clock, ids, cores, woken });
      if (index > 0) machine.walkers.push(cpu.mem.translator.walker);
      cpu.cp15.reset();
      if (index > 0) cpu.state = POWERED_OFF;
      cores.push(cpu);
    }
    this.cpus = cores;
    clock.moved = () => this.running?.yield();
    machine.writeListener = {
      written: (paddr, size) => {
        const ofCode = code.writtenBehind(paddr, size);
        for (const cpu of cores) {
          // The global monitor sees a store of another master (A3.4.2). It may also fail where the store was elsewhere.
          cpu.exclusive = -1;
          if (ofCode) cpu.attention = 1;
        }
      },
    };
  }

  private running: Cpu | null = null;

  /** Makes run() return: from a device, after the instruction that wrote to it. */
  stop(): void {
    this.stopped = true;
    this.running?.yield();
  }

  /** Runs for `ticks` of the clock, or until stop(), or until nobody can ever wake up. */
  run(ticks: number): Stop {
    const { clock, machine } = this;
    const end = clock.now + ticks;
    this.stopped = false;
    while (!this.stopped) {
      if (clock.next <= clock.now) clock.expire();
      if (clock.now >= end) return 'ticks';
      const cpu = this.whoseTurn();
      if (cpu === null) {
        // Everybody sleeps: nothing happens until the next timer.
        if (clock.next === Number.POSITIVE_INFINITY) return 'asleep';
        clock.now = Math.min(Math.max(clock.next, clock.now), end);
        continue;
      }
      machine.cpu = cpu.index;
      this.running = cpu;
      const turn = Math.min(this.left, clock.next - clock.now);
      const most = Math.min(turn, end - clock.now);
      const done = cpu.run(most);
      this.running = null;
      // A turn that only the end of run() has cut goes on in the next one.
      if (done === most && most < turn) this.left -= done;
      else this.endTurn(cpu);
    }
    return 'stopped';
  }

  /** The core whose turn it is: the one that has some left, or the next. Null: all sleep. */
  private whoseTurn(): Cpu | null {
    const current = this.cores[this.turn]!;
    if (this.left > 0) {
      if (current.state === RUNNING) return current;
      this.endTurn(current);
    }
    const next = this.nextAwake();
    if (next !== null) this.left = this.isAlone(next) ? LONGEST_TURN : TURN;
    return next;
  }

  /** A turn may have been a long one, of a core alone. */
  private someoneWoke(): void {
    if (this.running !== null) this.running.yield();
    else if (this.left > 0) this.endTurn(this.cores[this.turn]!);
  }

  private endTurn(cpu: Cpu): void {
    this.left = 0;
    if (this.cores.length > 1) cpu.exclusive = -1;
  }

  /** Nobody else runs; who begins to ends the turn. */
  private isAlone(cpu: Cpu): boolean {
    for (const other of this.cores) if (other !== cpu && other.state === RUNNING) return false;
    return true;
  }

  /** The next core in turn that is not asleep. */
  private nextAwake(): Cpu | null {
    const { cores } = this;
    for (let i = 0; i < cores.length; i++) {
      this.turn = (this.turn + 1) % cores.length;
      const cpu = cores[this.turn]!;
      if (cpu.state === RUNNING) return cpu;
    }
    return null;
  }

  /** Must not be called while it runs. Devices save themselves. */
  save(): SystemState {
    const { clock, turn, left, cpus, machine, code } = this;
    return {
      now: clock.now,
      turn,
      left,
      cpus: cpus.map(saveCpu),
      memory: takeMemory(code.ram),
      outerInUse: machine.outerInUse,
      outerCache: machine.outerCache,
    };
  }

  /** The state of a system with the same facts and memory. Devices come after it: they look at the time. */
  restore(state: SystemState): void {
    const { clock, cpus, machine, code } = this;
    clock.now = state.now;
    this.turn = state.turn;
    this.left = state.left;
    machine.outerInUse = state.outerInUse;
    machine.outerCache = state.outerCache;
    putMemory(code.ram, state.memory);
    code.dropAll();
    for (const [index, cpu] of cpus.entries()) restoreCpu(cpu, state.cpus[index]!);
  }

  /** Instructions that all cores have executed. */
  get instructions(): number {
    let sum = 0;
    for (const cpu of this.cpus) sum += cpu.instructions;
    return sum;
  }
}
