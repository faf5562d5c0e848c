// SPDX-License-Identifier: GPL-2.0-only
/**
 * The modelled boot against every recorded boot of a real kernel: agreement per field, and the disagreements
 * with both values.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { sharedPath, skipWithout } from '../support/shared.js';
import {
  ABSENT,
  type BootComparison,
  compareBoot,
  managedSurplus,
  modelBoot,
  recordedRuns,
} from './recorded-boot.js';

/** Fields that disagree in a known number of runs, with the reason. Empty: all agree everywhere. */
const knownDisagreements: Readonly<Record<string, number>> = {};

/** Pages of lowmem that Linux takes for what is not modelled: measured 47 to 310, by size of memory. */
const MAX_SURPLUS_PAGES = 320;

test('the modelled boot agrees with recorded kernels', { skip: skipWithout('truth/boot') }, t => {
  const folder = sharedPath('truth/boot')!;
  const configs = sharedPath('truth/configs')!;
  const surplus: number[] = [];
  const comparisons: BootComparison[] = recordedRuns(folder).map(name => {
    const { recording, model } = modelBoot(join(folder, name), configs);
    const managed = managedSurplus(recording, model);
    if (managed) {
      assert.equal(managed.above, 0, `${name}: managed pages above lowmem`);
      assert.ok(
        managed.lowmem >= 0 && managed.lowmem <= MAX_SURPLUS_PAGES,
        `${name}: ${managed.lowmem} pages`,
      );
      surplus.push(managed.lowmem);
    }
    return compareBoot(name, recording, model);
  });
  assert.ok(comparisons.length > 0);
  t.diagnostic(
    `managed lowmem: ${Math.min(...surplus)} to ${Math.max(...surplus)} pages more than ${surplus.length} recorded boots`,
  );
  for (const [index, { field }] of comparisons[0]!.fields.entries()) {
    const wrong = comparisons.filter(({ fields }) => !fields[index]!.agrees);
    const recorded = comparisons.filter(({ fields }) => fields[index]!.recorded !== ABSENT).length;
    t.diagnostic(`${field}: ${recorded - wrong.length} of ${recorded} boots agree`);
    for (const { run, fields } of wrong) {
      const { recorded, modelled } = fields[index]!;
      t.diagnostic(`  ${run}: recorded ${recorded.slice(0, 600)}`);
      t.diagnostic(`  ${run}: modelled ${modelled.slice(0, 600)}`);
    }
    assert.equal(wrong.length, knownDisagreements[field] ?? 0, `boots that disagree in ${field}`);
  }
});
