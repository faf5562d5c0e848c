// SPDX-License-Identifier: GPL-2.0-only
/**
 * A sample of the floating-point library against qemu-arm, biased to special values.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareOperations } from '../../tools/qemu-user/fp-operations.js';
import { QemuUser, whyNoQemuUser } from '../../tools/qemu-user/qemu-user.js';

test('every floating-point operation gives what qemu-arm gives', t => {
  const reason = whyNoQemuUser();
  if (reason !== undefined) return t.skip(reason);
  const qemu = new QemuUser();
  t.after(() => qemu.close());
  const differences = compareOperations(qemu, 2000, 1);
  assert.deepEqual(
    differences.slice(0, 5).map(difference => difference.text),
    [],
  );
});
