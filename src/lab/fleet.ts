// SPDX-License-Identifier: GPL-2.0-only
/**
 * Many boards on several threads. The result does not depend on how many: each board is run alone, and
 * results stand in the order of the jobs.
 */
import { Tinypool } from 'tinypool';
import { tryCompareBoard } from './compare.js';
import type { BoardJob } from './job.js';
import type { BoardResult } from './results.js';

/** Runs `jobs` on `threads` worker threads; `onDone` is told how many boards are done. */
export async function compareFleet(
  jobs: readonly BoardJob[],
  threads: number,
  onDone: (done: number) => void = () => {},
): Promise<BoardResult[]> {
  let done = 0;
  const count = (result: BoardResult): BoardResult => {
    onDone(++done);
    return result;
  };
  if (threads <= 1 || jobs.length < 4) return jobs.map(job => count(tryCompareBoard(job)));
  const pool = new Tinypool({
    filename: new URL('./fleet-worker.js', import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
  });
  try {
    return await Promise.all(jobs.map(async job => count(await pool.run(job))));
  } finally {
    await pool.destroy();
  }
}
