// SPDX-License-Identifier: GPL-2.0-only
/**
 * Exhaustive search: at every point of a program the hardware may do any number of things by itself, in any
 * order. All states that can be reached are visited, point by point and with the fewest hardware steps first, so
 * that the schedule found for a wrong byte is a shortest one.
 * A byte is wrong when a CPU or a device reads something else than flat memory would hold.
 * Next: `necessity.ts` (the same search with one operation left out).
 */
import type { Candidate } from '../../hw/cache/live-options.js';
import type { MemoryType } from '../../hw/mmu/memory-type.js';
import type { Operation, Program } from './program.js';
import { candidatesOf, type StateSpace } from './state-space.js';
import { sameUsable, translations, type Usable } from './translation.js';

/** States of one program, over all its points, after which the search gives up. */
export const DEFAULT_BOUND = 200_000;

/** A state at a point of the program, and how it was reached. */
interface Visit {
  readonly point: number;
  readonly state: number;
  /** Hardware steps so far. */
  readonly steps: number;
  readonly before: Visit | null;
  /** The hardware step that led here; null: the operation of the point before. */
  readonly step: string | null;
  /** The type that the operation before used, where the tables say another. */
  readonly oldType: MemoryType | null;
}

export interface ScheduleLine {
  readonly who: 'program' | 'hardware';
  /** Index of the operation; that of the next one for hardware steps. */
  readonly point: number;
  readonly text: string | null;
  readonly oldType: MemoryType | null;
}

/** One wrong byte, with a shortest way to it. */
export interface Violation {
  /** The operation that read it. */
  readonly point: number;
  readonly read: number;
  readonly expected: number;
  /** Hardware steps and operations, `point` included. */
  readonly length: number;
  readonly schedule: readonly ScheduleLine[];
}

export interface SearchResult {
  /** Pairs of point and state. */
  readonly states: number;
  /** False: the bound was reached, and nothing is proved. */
  readonly complete: boolean;
  /** One for each reading operation that can go wrong, in the program's order. */
  readonly violations: readonly Violation[];
  /** What was visited at each point. */
  readonly visited: readonly (readonly Visit[])[];
  readonly points: readonly Usable[];
}

export interface SearchOptions {
  readonly bound?: number;
  /** Begin behind `skip.point` with what `skip.base` visited at it, as if the operation there were not. */
  readonly skip?: { readonly base: SearchResult; readonly point: number };
}

/** Explores all of `program`. The search goes on behind a wrong byte, as software does. */
export function explore(space: StateSpace, program: Program, options: SearchOptions = {}): SearchResult {
  const { skip } = options;
  const points = translations(program);
  const bound = options.bound ?? DEFAULT_BOUND;
  const { operations } = program;
  const violations: Violation[] = [];
  const visited: Visit[][] = [];
  const first = skip === undefined ? 0 : skip.point + 1;
  let entering: Visit[] = [entry(0, space.start, 0, null, null, null)];
  if (skip !== undefined) {
    entering = skip.base.visited[skip.point]!.map(visit => entry(first, visit.state, visit.steps, visit));
  }
  const equalFrom = skip === undefined ? operations.length + 1 : equalBehind(points, skip.base.points);
  let states = 0;
  for (let point = first; point <= operations.length; point++) {
    const known = new Set<number>();
    if (skip !== undefined && point >= equalFrom) {
      for (const { state } of skip.base.visited[point]!) known.add(state);
    }
    const reached = closure(space, program, points[point]!, entering, known);
    visited[point] = reached;
    states += reached.length;
    if (states > bound) return { states, complete: false, violations, visited, points };
    if (point === operations.length) break;
    const operation = operations[point]!;
    const next = advance(space, program, operation, points[point]!, reached);
    entering = next.entering;
    if (next.violation !== null) violations.push(next.violation);
  }
  return { states, complete: true, violations, visited, points };
}

function entry(
  point: number,
  state: number,
  steps: number,
  before: Visit | null,
  step: string | null = null,
  oldType: MemoryType | null = null,
): Visit {
  return { point, state, steps, before, step, oldType };
}

/** The first point from which on both programs can use the same translations. */
function equalBehind(a: readonly Usable[], b: readonly Usable[]): number {
  let point = a.length;
  while (point > 0 && sameUsable(a[point - 1]!, b[point - 1]!)) point--;
  return point;
}

/** Everything that the hardware can make of the entering states without the program going on. */
function closure(
  space: StateSpace,
  program: Program,
  usable: Usable,
  entering: readonly Visit[],
  known: Set<number>,
): Visit[] {
  const candidates = candidatesOf(space, program, usable);
  const key = candidateKey(candidates);
  const reached: Visit[] = [];
  const buckets: Visit[][] = [];
  for (const visit of entering) put(buckets, visit);
  for (let steps = 0; steps < buckets.length; steps++) {
    for (const visit of buckets[steps] ?? []) {
      if (known.has(visit.state)) continue;
      known.add(visit.state);
      reached.push(visit);
      for (const { to, text } of space.stepsFrom(visit.state, candidates, key)) {
        if (!known.has(to)) put(buckets, entry(visit.point, to, steps + 1, visit, text));
      }
    }
  }
  return reached;
}

/** Into the bucket of its number of steps. */
function put(buckets: Visit[][], visit: Visit): void {
  const bucket = buckets[visit.steps];
  if (bucket === undefined) buckets[visit.steps] = [visit];
  else bucket.push(visit);
}

function candidateKey(candidates: readonly Candidate[]): string {
  return candidates.map(({ cpu, vaddr, paddr, type }) => `${cpu}/${vaddr}/${paddr}/${type.bits}`).join(' ');
}

/** Does the program's next operation in each state. */
function advance(
  space: StateSpace,
  program: Program,
  operation: Operation,
  usable: Usable,
  reached: readonly Visit[],
): { entering: Visit[]; violation: Violation | null } {
  const types =
    'mapping' in operation && operation.kind !== 'map' && operation.kind !== 'inner'
      ? usable[operation.mapping]!
      : [null];
  const entering = new Map<number, Visit>();
  let wrong: { visit: Visit; read: number; type: MemoryType | null } | null = null;
  for (const [i, type] of types.entries()) {
    const oldType = i > 0 ? type : null;
    const key = operationKey(program, operation, type);
    for (const visit of reached) {
      const { to, value } = space.run(visit.state, program, operation, type, key);
      if (
        'expected' in operation &&
        operation.expected !== null &&
        value >= 0 &&
        value !== operation.expected
      ) {
        if (wrong === null || visit.steps < wrong.visit.steps) wrong = { visit, read: value, type: oldType };
      }
      const seen = entering.get(to);
      if (seen !== undefined && seen.steps <= visit.steps) continue;
      entering.set(to, entry(visit.point + 1, to, visit.steps, visit, null, oldType));
    }
  }
  const violation = wrong && violationOf(wrong.visit, operation, wrong.read, wrong.type);
  return { entering: [...entering.values()], violation };
}

/** Equal keys: equal effect on every state. */
function operationKey(program: Program, operation: Operation, type: MemoryType | null): string {
  const { by: _by, where: _where, ...effect } = operation;
  const colours = program.mappings.map(({ colour }) => colour).join('');
  const used = [];
  if ('word' in operation) used.push(program.words[operation.word]);
  if ('flag' in operation) used.push(program.words[operation.flag]);
  const words = JSON.stringify(used);
  return `${JSON.stringify(effect)} ${type?.bits ?? ''} ${type?.text ?? ''} ${colours} ${words}`;
}

function violationOf(
  visit: Visit,
  operation: Operation,
  read: number,
  oldType: MemoryType | null,
): Violation {
  const schedule: ScheduleLine[] = [];
  for (let at: Visit | null = visit; at !== null; at = at.before) {
    if (at.before === null) break;
    if (at.step !== null) {
      schedule.push({ who: 'hardware', point: at.point, text: at.step, oldType: null });
      continue;
    }
    for (let point = at.point - 1; point >= at.before.point; point--) {
      schedule.push({ who: 'program', point, text: null, oldType: at.oldType });
    }
  }
  schedule.reverse();
  schedule.push({ who: 'program', point: visit.point, text: null, oldType });
  const expected = 'expected' in operation ? operation.expected! : 0;
  return { point: visit.point, read, expected, length: visit.point + 1 + visit.steps, schedule };
}
