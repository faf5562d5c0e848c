// SPDX-License-Identifier: GPL-2.0-only
/** R1: 6.0 took the devices of a snooping fabric for devices that do not snoop. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellOf, errorsIn, runScenario, tableOf } from '../support/scenario.js';

const CLEAR = '6.0: by the tree, bit 22 clear';
const SET = '6.0: by the tree, bit 22 set';

test('data that stopped in the PL310 is hidden from non-cacheable reads, unless the PL310 is looked up', async () => {
  const result = await runScenario('r1-mvebu-coherent-fabric');
  assert.ok(errorsIn(result, `${SET}, coherent buffer`).includes('hidden-by-dirty-line'));
  assert.ok(!errorsIn(result, `${CLEAR}, coherent buffer`).includes('hidden-by-dirty-line'));
});

test('an invalidate throws the received packet away', async () => {
  const result = await runScenario('r1-mvebu-coherent-fabric');
  for (const run of [CLEAR, SET]) assert.deepEqual(errorsIn(result, `${run}, packet`), ['lost-write']);
  assert.match(cellOf(tableOf(result, 'clearfog'), CLEAR, 'received packet').text, /wrong bytes seen/);
});

test('with the word of machine code everything is silent, and all bytes are right', async () => {
  const result = await runScenario('r1-mvebu-coherent-fabric');
  const table = tableOf(result, 'clearfog');
  for (const bit of ['clear', 'set']) {
    const row = `fixed: by machine code, bit 22 ${bit}`;
    assert.deepEqual(errorsIn(result, row), []);
    for (const column of table.columns) assert.equal(cellOf(table, row, column).text, 'silent');
  }
});
