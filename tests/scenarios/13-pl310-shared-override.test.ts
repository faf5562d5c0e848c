// SPDX-License-Identifier: GPL-2.0-only
/** P1: a PL310 that answers non-cacheable accesses, on one board and over a fleet. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bundledJobs } from '../../src/lab/bundled.js';
import type { BoardJob } from '../../src/lab/job.js';
import { scenarioByName } from '../../src/lab/scenarios/index.js';
import { judgeSharedOverride } from '../../src/lab/scenarios/p1-board.js';
import type { ScenarioResult } from '../../src/lab/scenarios/result.js';
import { cellOf, errorsIn, findingsIn, runScenario, tableOf } from '../support/scenario.js';
import { sharedPath, skipWithout } from '../support/shared.js';

const ID = 'p1-pl310-shared-override';

test('step1: a standing stale read; legacy and step2 in place: the fill window only', async () => {
  const result = await runScenario(ID);
  assert.deepEqual(errorsIn(result, 'legacy'), []);
  for (const size of ['4 KiB', '64 KiB'])
    assert.deepEqual(errorsIn(result, `step1, ${size}`), ['stale-read']);
  assert.deepEqual(errorsIn(result, 'step2, 64 KiB'), []);
  for (const run of ['legacy, 4 KiB', 'legacy, 64 KiB', 'step2, 64 KiB']) {
    const windows = findingsIn(result, run).filter(({ severity }) => severity === 'window');
    assert.deepEqual(
      windows.map(({ rule }) => rule),
      ['stale-read'],
      run,
    );
  }
});

test('a single page of step2 does not come from contiguous memory: its alias stays, and bites', async () => {
  const table = tableOf(await runScenario(ID), 'radxa-rock');
  assert.equal(cellOf(table, 'step2', '4 KiB').text, 'stale-read');
});

test('bundled boards: dangerous is the one without the bit, and others say why they are not', () => {
  const verdicts = new Map(
    bundledJobs([]).map(job => [job.path.replace(/^.*\/|\.dts$/g, ''), judgeSharedOverride(job)]),
  );
  assert.equal(verdicts.get('radxa-rock')?.outcome, 'dangerous');
  assert.equal(verdicts.get('sabre-sd')?.reason, 'bit 22 set by the tree');
  assert.equal(verdicts.get('clearfog')?.reason, 'coherent fabric');
  assert.equal(verdicts.get('beaglebone-black')?.outcome, 'no PL310');
});

function jobsOf(folder: string): BoardJob[] {
  const trees = readdirSync(folder)
    .filter(name => name.endsWith('.dtb'))
    .sort();
  return trees.map(name => ({
    path: join(folder, name),
    assumedMemory: [{ sizeBytes: 512 * 2 ** 20 }],
    designs: [],
  }));
}

function counts(result: ScenarioResult): Record<string, number> {
  const rows = tableOf(result, 'under step1').rows;
  return Object.fromEntries(rows.map(({ name, cells }) => [name.trim(), Number(cells[0]!.text)]));
}

test('a fleet: every board with a PL310 is dangerous or excluded for a reason', {
  skip: skipWithout('boards'),
}, async () => {
  const jobs = jobsOf(sharedPath('boards')!);
  const result = await scenarioByName(ID).run({ seed: 1, jobs, threads: 2 });
  const {
    boards,
    'with a PL310': with310,
    'step1 is dangerous': dangerous,
    'not judged': _,
    ...excluded
  } = counts(result);
  assert.equal(boards, jobs.length);
  assert.equal(with310, 24);
  assert.equal(dangerous, 4);
  assert.deepEqual(excluded, {
    'not: bit 22 set by the tree': 11,
    'not: bit 22 set by the machine descriptor': 5,
    'not: one core: mappings are not shareable': 3,
    'not: coherent fabric': 1,
  });
  assert.match(result.notes.join(), /firmware may have set bit 22/);
});
