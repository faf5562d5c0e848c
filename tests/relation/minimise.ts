// SPDX-License-Identifier: GPL-2.0-only
/**
 * Shortens a failing program by leaving steps out: runs of them first, then single ones, until none can go
 * (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002, without its complements).
 */
import type { Program } from './program.js';

export function minimise(program: Program, fails: (program: Program) => boolean): Program {
  let best = program;
  for (let size = Math.ceil(best.length / 2); size >= 1; ) {
    const shorter = withoutSome(best, size, fails);
    if (shorter !== null) best = shorter;
    else if (size === 1) break;
    else size = Math.ceil(size / 2);
  }
  return best;
}

function withoutSome(program: Program, size: number, fails: (program: Program) => boolean): Program | null {
  for (let start = program.length - size; start > -size; start -= size) {
    const from = Math.max(start, 0);
    const shorter = [...program.slice(0, from), ...program.slice(from + size)];
    if (shorter.length < program.length && fails(shorter)) return shorter;
  }
  return null;
}
