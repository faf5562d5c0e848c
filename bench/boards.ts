// SPDX-License-Identifier: GPL-2.0-only
/**
 * Boards per second of `armory compare`, on one thread and on two, over the bundled boards.
 * Run: `node dist/bench/boards.js`. The ratio is the speed-up of the second thread in this run.
 */
import { bundledJobs } from '../src/lab/bundled.js';
import { compareFleet } from '../src/lab/fleet.js';

const REPEATS = 6;
const jobs = Array.from({ length: REPEATS }, () => bundledJobs(['v1', 'step1', 'step2'])).flat();

async function boardsPerSecond(threads: number): Promise<number> {
  const start = process.hrtime.bigint();
  await compareFleet(jobs, threads);
  return jobs.length / (Number(process.hrtime.bigint() - start) / 1e9);
}

const one = await boardsPerSecond(1);
const two = await boardsPerSecond(2);
process.stdout.write(`${jobs.length} boards under four designs\n`);
process.stdout.write(`one thread   ${one.toFixed(1)} boards/s  ${(1000 / one).toFixed(0)} ms a board\n`);
process.stdout.write(`two threads  ${two.toFixed(1)} boards/s  ${(two / one).toFixed(2)} × one thread\n`);
