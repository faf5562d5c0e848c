// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a scenario says: plain data, the same in memory and in JSON. Everything in a table is read from machines and
 * kernels that ran, except tables that say that they are `posted`. `report/scenario-schema.ts` documents the JSON.
 */
import type { Finding } from '../../sanitizer/finding.js';

export interface Cell {
  /** What stands in the table: `pass`, `hidden`, a count. */
  readonly text: string;
  /** Why, in a line. */
  readonly reason?: string;
}

export interface Row {
  readonly name: string;
  /** One for each column. */
  readonly cells: readonly Cell[];
}

export interface ResultTable {
  readonly title: string;
  /** Above the names of the rows. */
  readonly corner: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** Present: nothing of it was run; where it is from, and what is not explained. */
  readonly posted?: string;
}

export interface ScenarioFinding {
  /** Which of the scenario's runs it was seen in. */
  readonly run: string;
  readonly finding: Finding;
}

export interface ScenarioResult {
  readonly scenario: string;
  readonly title: string;
  /** Seed of everything that was left to chance. */
  readonly seed: number;
  readonly tables: readonly ResultTable[];
  readonly findings: readonly ScenarioFinding[];
  /** What has to be known to read the tables, and what they do not say. */
  readonly notes: readonly string[];
}
