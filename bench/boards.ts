// SPDX-License-Identifier: GPL-2.0-only
/**
 * What `armory compare` costs, over the bundled boards under four designs: without rules and with them on one
 * thread, each board by itself, and boards per second on one thread and on two.
 * Run: `node dist/bench/boards.js`. Machines are noisy: compare the ratios of one run. Runs with and without rules
 * alternate, and the fastest of each counts.
 */
import { bundledJobs } from '../src/lab/bundled.js';
import { compareBoard } from '../src/lab/compare.js';
import { compareFleet } from '../src/lab/fleet.js';
import type { BoardJob } from '../src/lab/job.js';

const REPEATS = 6;
const ROUNDS = 5;
const jobs = bundledJobs(['v1', 'step1', 'step2']);

/** Milliseconds of one comparison. */
function once(job: BoardJob): number {
  const start = process.hrtime.bigint();
  compareBoard(job);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function milliseconds(ms: number): string {
  return `${ms.toFixed(0)} ms`.padStart(9);
}

// The first board would pay for what the others find compiled.
for (const job of jobs) once(job);
process.stdout.write(`${'board'.padEnd(20)}${'no rules'.padStart(9)}${'rules'.padStart(9)}    ratio\n`);
const total = [0, 0];
for (const job of jobs) {
  const best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, rules] of [false, true].entries())
      best[at] = Math.min(best[at]!, once({ ...job, rules }));
  }
  const [without, withRules] = best as [number, number];
  total[0]! += without;
  total[1]! += withRules;
  const name = job.path.replace(/.*\//, '').replace(/\.dts$/, '');
  const ratio = (withRules / without).toFixed(2);
  process.stdout.write(
    `${name.padEnd(20)}${milliseconds(without)}${milliseconds(withRules)}${ratio.padStart(7)} ×\n`,
  );
}
const ratio = (total[1]! / total[0]!).toFixed(2);
process.stdout.write(
  `${'all'.padEnd(20)}${milliseconds(total[0]!)}${milliseconds(total[1]!)}${ratio.padStart(7)} ×\n\n`,
);

async function boardsPerSecond(threads: number): Promise<number> {
  const many = Array.from({ length: REPEATS }, () => jobs).flat();
  const start = process.hrtime.bigint();
  await compareFleet(many, threads);
  return many.length / (Number(process.hrtime.bigint() - start) / 1e9);
}

const one = await boardsPerSecond(1);
const two = await boardsPerSecond(2);
process.stdout.write(`one thread   ${one.toFixed(1)} boards/s  ${(1000 / one).toFixed(0)} ms a board\n`);
process.stdout.write(`two threads  ${two.toFixed(1)} boards/s  ${(two / one).toFixed(2)} × one thread\n`);
