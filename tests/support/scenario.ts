// SPDX-License-Identifier: GPL-2.0-only
/** Runs scenarios for tests, each with a seed once, and looks into their tables. */
import assert from 'node:assert/strict';
import { scenarioByName } from '../../src/lab/scenarios/index.js';
import type { Cell, ResultTable, ScenarioResult } from '../../src/lab/scenarios/result.js';
import type { Finding } from '../../src/sanitizer/finding.js';

const done = new Map<string, ScenarioResult>();

export async function runScenario(id: string, seed = 1): Promise<ScenarioResult> {
  const key = `${id} ${seed}`;
  const result = done.get(key) ?? (await scenarioByName(id).run({ seed }));
  done.set(key, result);
  return result;
}

/** The table whose title has `text` in it. */
export function tableOf(result: ScenarioResult, text: string): ResultTable {
  const found = result.tables.find(({ title }) => title.includes(text));
  assert.ok(found, `no table ${text}`);
  return found;
}

export function cellOf(table: ResultTable, row: string, column: string): Cell {
  const cells = table.rows.find(({ name }) => name === row)?.cells;
  const cell = cells?.[table.columns.indexOf(column)];
  assert.ok(cell, `no cell ${row}, ${column}`);
  return cell;
}

/** Rules that found errors in runs whose name begins with `run`, sorted. */
export function errorsIn(result: ScenarioResult, run: string): string[] {
  const errors = findingsIn(result, run).filter(({ severity }) => severity === 'error');
  return [...new Set(errors.map(({ rule }) => rule))].sort();
}

export function findingsIn(result: ScenarioResult, run: string): Finding[] {
  return result.findings.filter(entry => entry.run.startsWith(run)).map(({ finding }) => finding);
}
