// SPDX-License-Identifier: GPL-2.0-only
/**
 * A sample of every VFP and Advanced SIMD encoding in lock step with qemu-arm.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QemuUser, whyNoQemuUser } from '../../tools/qemu-user/qemu-user.js';
import { compareTargets, compareUndefined, vectorTargets } from '../../tools/qemu-user/vector-lockstep.js';

test('VFP and Advanced SIMD instructions do what qemu-arm does', t => {
  const reason = whyNoQemuUser();
  if (reason !== undefined) return t.skip(reason);
  const qemu = new QemuUser();
  t.after(() => qemu.close());
  const outcomes = compareTargets(qemu, vectorTargets(), 40, 1);
  for (const { target, compared } of outcomes) assert.ok(compared > 0, target.row.encoding.name);
  const differing = outcomes.filter(outcome => outcome.differing > 0);
  assert.deepEqual(
    differing.map(({ target, differences }) => `${target.row.encoding.name}: ${differences[0]}`),
    [],
  );
});

test('what the tables leave undefined is undefined to qemu-arm too', t => {
  const reason = whyNoQemuUser();
  if (reason !== undefined) return t.skip(reason);
  const qemu = new QemuUser();
  t.after(() => qemu.close());
  const { compared, differences } = compareUndefined(qemu, 500, 1);
  assert.ok(compared > 2000);
  assert.deepEqual(differences.slice(0, 5), []);
});
