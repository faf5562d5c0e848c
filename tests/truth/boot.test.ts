// SPDX-License-Identifier: GPL-2.0-only
/**
 * The modelled boot against every recorded boot of a real kernel: agreement per field, and the disagreements
 * with both values.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BootCheck, FieldResult } from '../../src/lab/check-boot/result.js';
import { checkRecordedRuns } from '../../tools/recorded-runs.js';
import { sharedPath, skipWithout } from '../support/shared.js';

test('the modelled boot agrees with recorded kernels', { skip: skipWithout('truth/boot') }, t => {
  const folder = sharedPath('truth/boot')!;
  const configs = sharedPath('truth/configs')!;
  const checks = checkRecordedRuns(folder, configs).map(({ check }) => check);
  assert.ok(checks.length > 0);
  for (const { field } of checks[0]!.fields) {
    const results = checks.map((check): [BootCheck, FieldResult] => [
      check,
      check.fields.find(result => result.field === field)!,
    ]);
    const recorded = results.filter(([, { outcome }]) => outcome !== 'absent');
    const wrong = results.filter(([, { outcome }]) => outcome === 'differs');
    t.diagnostic(`${field}: ${recorded.length - wrong.length} of ${recorded.length} boots agree`);
    for (const [{ board }, { recorded: theirs, modelled: ours }] of wrong) {
      for (const line of theirs.slice(0, 10)) t.diagnostic(`  ${board}: recorded ${line}`);
      for (const line of ours.slice(0, 10)) t.diagnostic(`  ${board}: modelled ${line}`);
    }
    assert.deepEqual(
      wrong.map(([{ board }]) => board),
      [],
      `boots that disagree in ${field}`,
    );
  }
});
