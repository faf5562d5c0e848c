// SPDX-License-Identifier: GPL-2.0-only
/** T1: the posted patch's table of three devices, with the reason of each cell. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellOf, errorsIn, runScenario, tableOf } from '../support/scenario.js';

const POOL = 'ARM + restricted pool';
const REMAP = 'ARM + restricted pool + remap';
const devices = [1, 2, 3];

test('ARM passes, ARM with a restricted pool fails, with remapping it passes again', async () => {
  const table = tableOf(await runScenario('t1-restricted-pool-table'), '0x4a000000');
  for (const version of ['5.15', '6.1']) {
    for (const device of devices) {
      const row = `${version}, device ${device}`;
      assert.equal(cellOf(table, row, 'ARM').text, 'pass', row);
      assert.equal(cellOf(table, row, POOL).text, 'fail', row);
      assert.match(cellOf(table, row, REMAP).text, /^pass/, row);
    }
  }
});

test('5.15 with LPAE hands out cached memory of the pool, 6.1 hands out none', async () => {
  const table = tableOf(await runScenario('t1-restricted-pool-table'), '0x4a000000');
  for (const device of devices) {
    const cached = cellOf(table, `5.15, device ${device}`, POOL).reason ?? '';
    assert.match(cached, /restricted pool, in the direct map, normal inner=WBWA/);
    assert.match(cached, /device gets old data.*device-reads-old-data/);
    assert.match(cellOf(table, `6.1, device ${device}`, POOL).reason ?? '', /returns NULL/);
    assert.match(
      cellOf(table, `6.1, device ${device}`, REMAP).reason ?? '',
      /pool, mapped again, normal inner=NC/,
    );
  }
});

test('5.15 without LPAE ignores the pool', async () => {
  const table = tableOf(await runScenario('t1-restricted-pool-table'), '0x4a000000');
  for (const device of devices) {
    const { text, reason } = cellOf(table, `5.15 without LPAE, device ${device}`, POOL);
    assert.equal(text, 'pass');
    assert.match(reason ?? '', /^CMA, /);
  }
});

test('the patch passes, but nobody cleaned the pages: the rules say so, and of the kernel without pool nothing', async () => {
  const result = await runScenario('t1-restricted-pool-table');
  const table = tableOf(result, '0x4a000000');
  assert.equal(cellOf(table, '6.1, device 1', REMAP).text, 'pass*');
  assert.deepEqual(errorsIn(result, `6.1, ${REMAP}, `), ['eviction-will-overwrite']);
  assert.deepEqual(errorsIn(result, '6.1, ARM, '), []);
});

test('the upstream kernel of that week is told as posted, and not explained', async () => {
  const upstream = tableOf(await runScenario('t1-restricted-pool-table'), 'upstream');
  assert.match(upstream.posted ?? '', /not explained/);
  assert.ok(upstream.rows.every(({ cells }) => cells.every(({ text }) => text === 'fail')));
});
