// SPDX-License-Identifier: GPL-2.0-only
/**
 * Every design on every cache kind through every sequence. Kernels that do the same have the same program, which is
 * explored once for each machine.
 * Next: `document.ts`, which writes the result down.
 */
import type { Design } from '../../designs/design.js';
import type { MachineFacts } from '../../hw/facts.js';
import { refusal } from './boot.js';
import type { CacheKind } from './kinds.js';
import { judge, type Verdict } from './necessity.js';
import { type Program, programText } from './program.js';
import { record } from './record.js';
import type { Sequence } from './sequence.js';
import { StateSpace } from './state-space.js';

/** One program on one machine, explored. */
export interface Explored {
  readonly program: Program;
  readonly verdict: Verdict;
  /** With everything that was left out, one at a time. */
  readonly states: number;
}

export interface Cell {
  readonly kind: CacheKind;
  readonly design: Design;
  readonly sequence: Sequence;
  /** Null: nothing to explore, for `reason`. */
  readonly explored: Explored | null;
  readonly reason: string | null;
}

export interface Survey {
  readonly cells: readonly Cell[];
  /** Different programs, machines told apart. */
  readonly programs: number;
  /** Explorations: a program, and each of its versions with an operation less. */
  readonly explorations: number;
  /** Pairs of point and state, of all explorations. */
  readonly states: number;
}

export interface SurveyOptions {
  readonly kinds: readonly CacheKind[];
  readonly designs: readonly Design[];
  readonly sequences: readonly Sequence[];
  readonly bound?: number;
  /** Told after each kind. */
  readonly progress?: (kind: CacheKind, states: number) => void;
}

/** Runs everything. */
export function survey(options: SurveyOptions): Survey {
  const cells: Cell[] = [];
  let programs = 0;
  let explorations = 0;
  let states = 0;
  for (const kind of options.kinds) {
    // States of one machine are of no use to another: they go with the kind.
    const machines = new Map<string, Machine>();
    for (const design of options.designs) cells.push(...surveyDesign(kind, design, machines, options));
    for (const { explored } of machines.values()) {
      programs += explored.size;
      for (const { verdict, states: visited } of explored.values()) {
        explorations += 1 + verdict.necessities.length;
        states += visited;
      }
    }
    options.progress?.(kind, states);
  }
  return { cells, programs, explorations, states };
}

interface Machine {
  readonly space: StateSpace;
  readonly explored: Map<string, Explored>;
}

function surveyDesign(
  kind: CacheKind,
  design: Design,
  machines: Map<string, Machine>,
  { sequences, bound }: SurveyOptions,
): Cell[] {
  const refused = refusal(kind, design);
  if (refused !== null) {
    return sequences.map(sequence => ({ kind, design, sequence, explored: null, reason: refused }));
  }
  return record(kind, design, sequences).map(({ sequence, facts, program, reason }) => {
    if (program === null) return { kind, design, sequence, explored: null, reason };
    const machine = machineOf(machines, facts, program.lineBytes);
    const text = programText(program);
    let explored = machine.explored.get(text);
    if (explored === undefined) {
      const verdict = judge(machine.space, program, bound === undefined ? {} : { bound });
      const more = verdict.necessities.reduce((sum, { states }) => sum + states, 0);
      explored = { program, verdict: withoutVisits(verdict), states: verdict.result.states + more };
      machine.explored.set(text, explored);
    }
    return { kind, design, sequence, explored, reason: null };
  });
}

function machineOf(machines: Map<string, Machine>, facts: MachineFacts, lineBytes: number): Machine {
  const key = JSON.stringify([facts, lineBytes]);
  let machine = machines.get(key);
  if (machine === undefined) {
    const cpus = Array.from({ length: facts.coreCount }, (_, cpu) => cpu);
    machine = { space: new StateSpace(facts, lineBytes, cpus), explored: new Map() };
    machines.set(key, machine);
  }
  return machine;
}

/** What was visited is large, and nobody asks again. */
function withoutVisits(verdict: Verdict): Verdict {
  return { ...verdict, result: { ...verdict.result, visited: [], points: [] } };
}
