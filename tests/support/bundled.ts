// SPDX-License-Identifier: GPL-2.0-only
/** Runs bundled boards for tests, each board and override once. */
import assert from 'node:assert/strict';
import { bundledJobs } from '../../src/lab/bundled.js';
import { compareBoard } from '../../src/lab/compare.js';
import type { BoardJob } from '../../src/lab/job.js';
import type { AllocationOutcome, BoardComparison, DesignVerdict } from '../../src/lab/results.js';

const done = new Map<string, BoardComparison>();

/** The comparison of a bundled board, by file name without `.dts`. */
export function compareBundled(name: string, overrides: Partial<BoardJob> = {}): BoardComparison {
  const key = `${name} ${JSON.stringify(overrides)}`;
  const known = done.get(key);
  if (known) return known;
  const job = bundledJobs(['v1', 'step1', 'step2']).find(({ path }) => path.endsWith(`/${name}.dts`));
  assert.ok(job, `no bundled board ${name}`);
  const comparison = compareBoard({ ...job, ...overrides });
  done.set(key, comparison);
  return comparison;
}

export function verdictOf(comparison: BoardComparison, design: string): DesignVerdict {
  const found = comparison.verdicts.find(entry => entry.design === design);
  assert.ok(found, `${design} was not run`);
  return found;
}

/** What became of one kind of allocation: on `device`, or on the first device that was run. */
export function allocationOf(
  comparison: BoardComparison,
  design: string,
  kind: string,
  device?: string,
): AllocationOutcome {
  const { devices } = verdictOf(comparison, design).run;
  const group = device === undefined ? devices[0] : devices.find(({ alike }) => alike.includes(device));
  const found = group?.allocations.find(outcome => outcome.kind === kind);
  assert.ok(found, `${design}: no ${kind} on ${device ?? 'the first device'}`);
  return found;
}
