// SPDX-License-Identifier: GPL-2.0-only
/**
 * A scenario: a case that happened, as kernels and machines that are run again. It says what to run and which
 * facts to read; what comes out is in no file of this folder but in the tests (`tests/scenarios`).
 * To add one, write a file like `r4-no-mmu.ts` and add a line to `index.ts`.
 */
import type { BoardJob } from '../job.js';
import type { ScenarioResult } from './result.js';

export interface ScenarioOptions {
  readonly seed: number;
  /** Boards to run on instead of the scenario's own; only where `takesBoards`. */
  readonly jobs?: readonly BoardJob[];
  readonly threads?: number;
  /** Told how many of the boards are done. */
  readonly onDone?: (done: number) => void;
}

export interface Scenario {
  /** As on the command line, kebab-case. */
  readonly id: string;
  /** One line. */
  readonly title: string;
  /** What happened, and what running it shows. Paragraphs. */
  readonly shows: readonly string[];
  /** Commits, threads, manuals. */
  readonly references: readonly string[];
  readonly takesBoards?: true;
  run(options: ScenarioOptions): ScenarioResult | Promise<ScenarioResult>;
}
