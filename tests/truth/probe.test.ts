// SPDX-License-Identifier: GPL-2.0-only
/**
 * The modelled kernel against every recorded probe run of a real one, call by call. Agreement is counted by cell:
 * operation and field of one run. What hangs on where the page allocator found memory is
 * counted by itself.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { totals } from '../../src/lab/check-probe/result.js';
import { sharedPath, skipWithout } from '../support/shared.js';
import { checkRecordedProbe } from './recorded-probe.js';

/** Of each cell, and of all values of all runs, where the kernel's choice of memory is determined. */
const CELL_SHARE = 0.99;
const SHARE = 0.998;
/** Of the values that hang on where the page allocator found memory; measured: 0.976. */
const SHARE_BY_PLACE = 0.96;

test('the modelled kernel does what recorded kernels did', { skip: skipWithout('truth/probe') }, t => {
  const folder = sharedPath('truth/probe')!;
  const folders = {
    trees: sharedPath('truth/probe-dtb')!,
    configs: sharedPath('truth/configs')!,
    kernels: sharedPath('kernels')!,
  };
  const sum = { compared: 0, agreed: 0 };
  const sumByPlace = { compared: 0, agreed: 0 };
  const poor: string[] = [];
  for (const run of readdirSync(folder).sort()) {
    const checked = checkRecordedProbe(join(folder, run), folders);
    const { compared, agreed, nulls } = totals(checked.cells);
    const place = totals(checked.cells.filter(({ byPlace }) => byPlace));
    t.diagnostic(
      `${run}: ${agreed} of ${compared} values agree (by place ${place.agreed} of ${place.compared}), ${nulls} null`,
    );
    sum.compared += compared - place.compared;
    sum.agreed += agreed - place.agreed;
    sumByPlace.compared += place.compared;
    sumByPlace.agreed += place.agreed;
    for (const { op, field, byPlace, compared: all, agreed: good } of checked.cells) {
      if (!byPlace && good < CELL_SHARE * all) poor.push(`${run}: ${op} ${field}: ${good} of ${all}`);
    }
  }
  t.diagnostic(`all: ${sum.agreed} of ${sum.compared} values agree`);
  t.diagnostic(`by place: ${sumByPlace.agreed} of ${sumByPlace.compared}`);
  assert.ok(sum.compared > 0);
  assert.deepEqual(poor, [], 'cells below 99 %');
  assert.ok(sum.agreed >= SHARE * sum.compared, `${sum.agreed} of ${sum.compared} values agree`);
  assert.ok(sumByPlace.agreed >= SHARE_BY_PLACE * sumByPlace.compared, 'by place');
});
