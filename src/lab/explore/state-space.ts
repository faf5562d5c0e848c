// SPDX-License-Identifier: GPL-2.0-only
/**
 * The states of one machine's caches and buffers around a few lines, as numbers, and what leads from one to
 * another. Each state is saved once; each transition is computed once and remembered, since the same few states
 * come back at every point of a program and in every program of a cache kind.
 * The caches have one set (two where page colours exist) with room for every watched line, so that nothing is
 * ever replaced by chance: lines go when the explorer says so.
 * Model: TLB walks and instruction fetches do not go through these caches.
 */

import type { CacheShape, Geometry } from '../../hw/cache/geometry.js';
import { geometryOf } from '../../hw/cache/geometry.js';
import { LiveCaches, type Saved } from '../../hw/cache/live-caches.js';
import type { Candidate } from '../../hw/cache/live-options.js';
import type { MachineFacts } from '../../hw/facts.js';
import { DEVICE, type MemoryType, MT_CACHEABLE } from '../../hw/mmu/memory-type.js';
import { Ram } from '../../hw/ram.js';
import { DOORBELL, DOORBELL_VADDR, linePaddr, lineVaddr, type Operation, type Program } from './program.js';
import type { Usable } from './translation.js';

/** Most lines that a program may watch. */
export const MAX_LINES = 3;
const WAYS = 8;
/** What memory holds before a program defines it: no value that a program uses. */
const UNDEFINED = 0xdeadbeef;

/** One thing that the hardware may do, and the state after it. */
export interface Transition {
  readonly to: number;
  readonly text: string;
}

/** What an operation came to. `value`: what was read; -1 where nothing was. */
export interface Outcome {
  readonly to: number;
  readonly value: number;
}

function tiny(shape: CacheShape | null, sets: number): CacheShape | null {
  return shape && { ...shape, sets, ways: WAYS };
}

function tinyGeometry(facts: MachineFacts): Geometry {
  const { data, l2, outer } = geometryOf(facts);
  const coloured = facts.core.cache === 'VIPT-aliasing' || facts.core.cache === 'VIVT';
  return {
    data: tiny(data, coloured ? 2 : 1),
    instruction: null,
    l2: tiny(l2, 1),
    outer: tiny(outer, 1),
  };
}

export class StateSpace {
  readonly facts: MachineFacts;
  /** CPUs that speculate; all others do nothing by themselves. */
  readonly cpus: readonly number[];
  private readonly live: LiveCaches;
  private readonly lineBytes: number;
  private readonly ids = new Map<string, number>();
  private readonly saved: Saved[] = [];
  private readonly transitions = new Map<string, (readonly Transition[])[]>();
  private readonly outcomes = new Map<string, Outcome[]>();
  /** The state before anything happened: caches and buffers empty. */
  readonly start: number;

  constructor(facts: MachineFacts, lineBytes: number, cpus: readonly number[] = [0]) {
    this.facts = facts;
    this.cpus = cpus;
    this.lineBytes = lineBytes;
    const end = linePaddr({ lineBytes }, MAX_LINES);
    const ram = new Ram([{ start: 0, end: 0x10000 }]);
    const watched = [];
    for (let line = 0; line < MAX_LINES; line++) {
      const start = linePaddr({ lineBytes }, line);
      watched.push({ start, end: start + lineBytes });
    }
    for (let at = linePaddr({ lineBytes }, 0); at < end; at += 4) ram.write32(at, UNDEFINED);
    this.live = new LiveCaches(facts, ram, {
      seed: 1,
      automatic: false,
      speculation: 0,
      geometry: tinyGeometry(facts),
      watched,
    });
    this.start = this.intern();
  }

  /** States known so far. */
  get size(): number {
    return this.saved.length;
  }

  /** Everything that the hardware may do by itself in a state; steps that change nothing are left out. */
  stepsFrom(state: number, candidates: readonly Candidate[], key: string): readonly Transition[] {
    let known = this.transitions.get(key);
    if (known === undefined) {
      known = [];
      this.transitions.set(key, known);
    }
    const seen = known[state];
    if (seen !== undefined) return seen;
    const steps = this.computeSteps(state, candidates);
    known[state] = steps;
    return steps;
  }

  private computeSteps(state: number, candidates: readonly Candidate[]): Transition[] {
    this.restore(state);
    const found: Transition[] = [];
    for (const step of this.live.possibleSteps(candidates)) {
      this.restore(state);
      this.live.apply(step);
      const to = this.intern();
      if (to !== state && !found.some(other => other.to === to)) found.push({ to, text: step.text });
    }
    return found;
  }

  /** What an operation does in a state, through a mapping of type `type` where it uses one. */
  run(state: number, program: Program, operation: Operation, type: MemoryType | null, key: string): Outcome {
    if (operation.kind === 'mark' || operation.kind === 'map' || operation.kind === 'tlb') {
      return { to: state, value: -1 };
    }
    let known = this.outcomes.get(key);
    if (known === undefined) {
      known = [];
      this.outcomes.set(key, known);
    }
    const seen = known[state];
    if (seen !== undefined) return seen;
    this.restore(state);
    const value = this.perform(program, operation, type);
    const outcome = { to: this.intern(), value };
    known[state] = outcome;
    return outcome;
  }

  private restore(state: number): void {
    this.live.restore(this.saved[state]!);
  }

  private intern(): number {
    const text = this.live.snapshot();
    const known = this.ids.get(text);
    if (known !== undefined) return known;
    const id = this.saved.length;
    this.ids.set(text, id);
    this.saved.push(this.live.save());
    return id;
  }

  /** What was read, unsigned; -1 where nothing was. */
  private perform(program: Program, operation: Operation, type: MemoryType | null): number {
    const { live, lineBytes } = this;
    const paddrOf = (word: number): number => {
      const { line, offset } = program.words[word]!;
      return linePaddr(program, line) + offset;
    };
    const vaddrOf = (mapping: number, word: number): number => {
      const { line, offset } = program.words[word]!;
      return lineVaddr(program, mapping, line) + offset;
    };
    switch (operation.kind) {
      case 'store': {
        const { cpu, mapping, word, value } = operation;
        live.store(cpu, vaddrOf(mapping, word), paddrOf(word), 4, value, type!);
        return -1;
      }
      case 'load': {
        const { cpu, mapping, word } = operation;
        return live.load(cpu, vaddrOf(mapping, word), paddrOf(word), 4, type!) >>> 0;
      }
      case 'device-read':
        return word32(live.deviceRead(operation.port, paddrOf(operation.word), 4));
      case 'device-poll': {
        const flag = word32(live.deviceRead(operation.port, paddrOf(operation.flag), 4));
        if (flag !== operation.set) return -1;
        return word32(live.deviceRead(operation.port, paddrOf(operation.word), 4));
      }
      case 'device-write':
        live.deviceWrite(operation.port, paddrOf(operation.word), bytesOf(operation.value));
        return -1;
      case 'inner':
        for (const line of operation.lines) {
          const vaddr = lineVaddr(program, operation.mapping, line);
          live.innerMaintain(operation.cpu, operation.operation, vaddr, linePaddr(program, line), lineBytes);
        }
        return -1;
      case 'inner-all':
        live.innerMaintainAll(operation.cpu, operation.operation);
        return -1;
      case 'outer':
        for (const line of operation.lines) {
          live.outerMaintain(operation.operation, linePaddr(program, line), lineBytes);
        }
        return -1;
      case 'outer-all':
        live.outerMaintainAll(operation.operation);
        return -1;
      case 'barrier':
        live.barrier(operation.cpu, operation.barrier);
        return -1;
      case 'doorbell':
        live.store(operation.cpu, DOORBELL_VADDR, DOORBELL, 4, 1, DEVICE);
        return -1;
      default:
        return -1;
    }
  }
}

/** Mappings that a core may use on its own: those that are cacheable, of every CPU that speculates. */
export function candidatesOf(space: StateSpace, program: Program, usable: Usable): Candidate[] {
  if (!space.facts.core.speculates) return [];
  const found: Candidate[] = [];
  for (const [m, types] of usable.entries()) {
    const { cpu: only } = program.mappings[m]!;
    for (const type of types.filter(({ bits }) => (bits & MT_CACHEABLE) !== 0)) {
      for (const line of program.mappings[m]!.lines) {
        for (const cpu of only === undefined ? space.cpus : [only]) {
          found.push({ cpu, vaddr: lineVaddr(program, m, line), paddr: linePaddr(program, line), type });
        }
      }
    }
  }
  return found;
}

function bytesOf(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

function word32(bytes: Uint8Array): number {
  return (bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24)) >>> 0;
}
