// SPDX-License-Identifier: GPL-2.0-only
/** R3: the video decoder of i.MX6, and the fix that reaches lowmem only. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellOf, errorsIn, runScenario, tableOf } from '../support/scenario.js';

const LOWMEM = 'CMA in lowmem';
const HIGHMEM = 'CMA in highmem';
const ID = 'r3-no-kernel-mapping';

test('legacy: old dirty lines are written over the frame', async () => {
  const result = await runScenario(ID);
  for (const place of [LOWMEM, HIGHMEM]) {
    assert.deepEqual(errorsIn(result, `legacy, ${place}`), ['eviction-will-overwrite']);
    const { text, reason } = cellOf(tableOf(result, 'sabre-sd'), 'legacy', place);
    assert.match(text, / of 131072 bytes wrong$/);
    assert.match(reason ?? '', /^at offset 0x[0-9a-f]+ the decoder reads ([0-9a-f]{2} ?){8}; it wrote /);
  }
});

test('the posted fix: silent in lowmem, the same as before in highmem', async () => {
  const result = await runScenario(ID);
  assert.equal(cellOf(tableOf(result, 'sabre-sd'), 'prep-fix', LOWMEM).text, 'silent; frame intact');
  assert.deepEqual(errorsIn(result, `prep-fix, ${HIGHMEM}`), ['eviction-will-overwrite']);
  assert.match(cellOf(tableOf(result, 'sabre-sd'), 'prep-fix', HIGHMEM).text, /bytes wrong$/);
});

test('step1 and step2 clean lowmem, too', async () => {
  const result = await runScenario(ID);
  for (const design of ['step1', 'step2']) {
    assert.deepEqual(errorsIn(result, `${design}, ${LOWMEM}`), []);
    assert.deepEqual(errorsIn(result, `${design}, ${HIGHMEM}`), ['eviction-will-overwrite']);
  }
});
