// SPDX-License-Identifier: GPL-2.0-only
/**
 * Many boards on several threads. The result does not depend on how many: each board is run alone, and
 * results stand in the order of the jobs.
 */
import { Tinypool } from 'tinypool';
import { tryCompareBoard } from './compare.js';
import type { BoardJob } from './job.js';
import type { BoardResult } from './results.js';

/** What is done with each board: a function, and a module beside this file whose default export it is. */
export interface FleetWork<Result> {
  readonly worker: string;
  run(job: BoardJob): Result;
}

const comparison: FleetWork<BoardResult> = { worker: './fleet-worker.js', run: tryCompareBoard };

/** Runs `jobs` on `threads` worker threads; `onDone` is told how many boards are done. */
export async function runFleet<Result>(
  work: FleetWork<Result>,
  jobs: readonly BoardJob[],
  threads: number,
  onDone: (done: number) => void = () => {},
): Promise<Result[]> {
  let done = 0;
  const count = (result: Result): Result => {
    onDone(++done);
    return result;
  };
  if (threads <= 1 || jobs.length < 4) return jobs.map(job => count(work.run(job)));
  const pool = new Tinypool({
    filename: new URL(work.worker, import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
    // Boots leave many short-lived objects: 20 boards took 9.3 s with Node's 16 MiB and 8.6 s with these.
    resourceLimits: { maxYoungGenerationSizeMb: 128 },
  });
  try {
    return await Promise.all(jobs.map(async job => count(await pool.run(job))));
  } finally {
    await pool.destroy();
  }
}

/** Compares the designs on many boards. */
export function compareFleet(
  jobs: readonly BoardJob[],
  threads: number,
  onDone: (done: number) => void = () => {},
): Promise<BoardResult[]> {
  return runFleet(comparison, jobs, threads, onDone);
}
