// SPDX-License-Identifier: GPL-2.0-only
/** The same input and the same seed give the same findings, on any number of threads and however often. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundledJobs } from '../../src/lab/bundled.js';
import { compareFleet } from '../../src/lab/fleet.js';
import { scenarios } from '../../src/lab/scenarios/index.js';

test('bundled boards on one thread and on two: the same results, findings included', async () => {
  const jobs = bundledJobs(['v1', 'step2']);
  assert.ok(jobs.length >= 4, 'fewer boards would run on one thread anyhow');
  const alone = await compareFleet(jobs, 1);
  const found = alone.flatMap(result =>
    'verdicts' in result
      ? result.verdicts.flatMap(({ run }) =>
          run.devices.flatMap(({ allocations }) => allocations.flatMap(({ findings }) => findings ?? [])),
        )
      : [],
  );
  assert.ok(found.length > 0, 'some board has findings');
  assert.deepEqual(await compareFleet(jobs, 2), alone);
});

for (const scenario of scenarios.filter(({ takesBoards }) => takesBoards !== true)) {
  test(`${scenario.id}: twice with one seed is the same`, async () => {
    const first = await scenario.run({ seed: 3 });
    assert.deepEqual(await scenario.run({ seed: 3 }), first);
  });
}

const ofBoards = scenarios.filter(({ takesBoards }) => takesBoards === true);
for (const scenario of ofBoards) {
  test(`${scenario.id}: the same on one thread and on two`, async () => {
    const jobs = bundledJobs([]);
    const alone = await scenario.run({ seed: 3, jobs, threads: 1 });
    assert.deepEqual(await scenario.run({ seed: 3, jobs, threads: 2 }), alone);
  });
}
