// SPDX-License-Identifier: GPL-2.0-only
/** T2: sixteen coherent regions that the device sees one at a time, out of order, as lines are evicted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResultTable } from '../../src/lab/scenarios/result.js';
import { errorsIn, runScenario, tableOf } from '../support/scenario.js';

/** Regions in the order in which the device saw them, and how many at each look that brought some. */
function arrivals(table: ResultTable): { order: number[]; groups: number[] } {
  const news = table.rows.map(({ cells }) => cells[1]!.text).filter(text => text !== '-');
  const groups = news.map(text => text.split(' ').map(Number));
  return { order: groups.flat(), groups: groups.map(group => group.length) };
}

const ALL = Array.from({ length: 16 }, (_, index) => index + 1);

test('on 5.15 the regions arrive one by one and out of order', async () => {
  for (const seed of [1, 2, 3]) {
    const table = tableOf(await runScenario('t2-sixteen-regions', seed), '5.15');
    assert.equal(table.rows[0]!.cells[0]!.text, '.'.repeat(16), 'at first the device sees none');
    const { order, groups } = arrivals(table);
    assert.deepEqual(
      [...order].sort((a, b) => a - b),
      ALL,
      'in the end all',
    );
    assert.notDeepEqual(order, ALL);
    assert.ok(groups.length > 8, `${groups.length} looks brought something new`);
  }
});

test('the same seed gives the same order, another seed another', async () => {
  const orders = [1, 1, 2].map(
    async seed => arrivals(tableOf(await runScenario('t2-sixteen-regions', seed), '5.15')).order,
  );
  const [first, again, other] = await Promise.all(orders);
  assert.deepEqual(again, first);
  assert.notDeepEqual(other, first);
});

test('the rules need no eviction to know; remapped and cleaned, all regions arrive at once', async () => {
  const result = await runScenario('t2-sixteen-regions');
  assert.deepEqual(errorsIn(result, '5.15'), ['device-reads-old-data']);
  assert.deepEqual(errorsIn(result, '6.12'), []);
  assert.deepEqual(arrivals(tableOf(result, '6.12')).groups, [16]);
});
