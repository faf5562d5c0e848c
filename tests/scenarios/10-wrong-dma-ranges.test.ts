// SPDX-License-Identifier: GPL-2.0-only
/** R2: the Integrator/AP's display, and the entry of 'dma-ranges' that made it dark. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { boardsFolder } from '../../src/lab/bundled.js';
import { cellOf, errorsIn, findingsIn, runScenario, tableOf } from '../support/scenario.js';

const BROKEN = 'dma-ranges of the tree';
const FIXED = 'dma-ranges 1:1';

test('the display is told to read from nowhere', async () => {
  const result = await runScenario('r2-integrator-ap-dma-ranges');
  const table = tableOf(result, 'integrator-ap');
  assert.equal(cellOf(table, BROKEN, 'handle').text, '0xffffffff');
  assert.equal(cellOf(table, BROKEN, 'the display shows').text, 'nothing');
  assert.deepEqual(errorsIn(result, BROKEN), ['wild-dma']);
  const [finding] = findingsIn(result, BROKEN);
  assert.equal(finding?.access.who, '/bus@c0000000/bus@c0000000/display@1000000');
});

test('the offending entry is named: file, line, node and property', async () => {
  const { notes } = await runScenario('r2-integrator-ap-dma-ranges');
  const source = readFileSync(join(boardsFolder(), 'integrator-ap.dts'), 'utf8').split('\n');
  const line = source.findIndex(text => text.includes('dma-ranges = <')) + 1;
  const place = `integrator-ap.dts:${line}:4: /bus@c0000000/bus@c0000000:dma-ranges: `;
  assert.deepEqual(notes.slice(0, 2), [
    `${place}entry 1 says that bus address 0x00000000 (0x10000000 bytes) is 0x80000000; the bus leads to 0x00000000`,
    `${place}no entry reaches 0xc2000000`,
  ]);
});

test('with addresses as the bus has them the picture is there', async () => {
  const result = await runScenario('r2-integrator-ap-dma-ranges');
  const table = tableOf(result, 'integrator-ap');
  assert.equal(cellOf(table, FIXED, 'handle').text, '0xc2000000');
  assert.equal(cellOf(table, FIXED, 'the display shows').text, 'the picture');
  assert.ok(!errorsIn(result, FIXED).includes('wild-dma'));
});
