// SPDX-License-Identifier: GPL-2.0-only
/**
 * Is each maintenance operation and each barrier of a program needed? One is left out at a time, and the rest
 * explored again: a byte that goes wrong only then shows that it is necessary; none proves it redundant, in this
 * program and on this machine, while all the others stay.
 * States that the whole program visits as well, from where on both may do the same, are not explored again.
 */
import { explore, type SearchOptions, type SearchResult, type Violation } from './explorer.js';
import { dropOperation, isMaintenance, type Program } from './program.js';
import type { StateSpace } from './state-space.js';

export interface Necessity {
  /** The operation that was left out. */
  readonly point: number;
  /** What goes wrong without it; null: nothing more than with it. */
  readonly violation: Violation | null;
  /** States that are visited without it and not with it. */
  readonly states: number;
  /** False: neither is known, as the bound was reached. */
  readonly complete: boolean;
}

export interface Verdict {
  readonly result: SearchResult;
  /** The shortest schedule to a wrong byte; null where there is none. */
  readonly shortest: Violation | null;
  readonly necessities: readonly Necessity[];
}

/** Explores a program, then each with one maintenance operation less. */
export function judge(space: StateSpace, program: Program, options: SearchOptions = {}): Verdict {
  const result = explore(space, program, options);
  const shortest = shortestOf(result.violations);
  const necessities: Necessity[] = [];
  if (result.complete) {
    const wrongAnyway = new Set(result.violations.map(({ point }) => point));
    for (const [point, operation] of program.operations.entries()) {
      if (operation.by === 'owner' || !isMaintenance(operation)) continue;
      const without = explore(space, dropOperation(program, point), {
        ...options,
        skip: { base: result, point },
      });
      const violation = shortestOf(without.violations.filter(found => !wrongAnyway.has(found.point)));
      necessities.push({ point, violation, states: without.states, complete: without.complete });
    }
  }
  return { result, shortest, necessities };
}

export function shortestOf(violations: readonly Violation[]): Violation | null {
  let best: Violation | null = null;
  for (const violation of violations) if (best === null || violation.length < best.length) best = violation;
  return best;
}
