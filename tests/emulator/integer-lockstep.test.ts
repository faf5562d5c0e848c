// SPDX-License-Identifier: GPL-2.0-only
/** A sample of the lock step with qemu-arm; `tools/lockstep.ts` runs as much as is wanted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareClass } from '../../tools/lockstep.js';
import { INTEGER_CLASSES } from '../../tools/qemu-user/integer-blocks.js';
import { QemuUser, whyNoQemuUser } from '../../tools/qemu-user/qemu-user.js';
import { UserCore } from '../../tools/qemu-user/user-core.js';

const missing = whyNoQemuUser();

/** Instructions of each class. */
const SAMPLE = 2000;

test('random blocks of integer instructions do what they do under qemu-arm', {
  skip: missing ?? false,
}, () => {
  const qemu = new QemuUser();
  try {
    const core = new UserCore();
    for (const kind of INTEGER_CLASSES) {
      const outcome = compareClass(qemu, core, kind, SAMPLE, 11);
      assert.ok(outcome.instructions >= SAMPLE, `${kind}: ${outcome.instructions} instructions`);
      assert.deepEqual(outcome.differences, [], kind);
    }
  } finally {
    qemu.close();
  }
});
