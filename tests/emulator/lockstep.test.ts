// SPDX-License-Identifier: GPL-2.0-only
/** A sample of the lock step with qemu-arm; `npm run lockstep` runs as much as is wanted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lockstep, MODES, STREAMS, sidesOf } from '../../tools/lockstep.js';
import { QemuUser, whyNoQemuUser } from '../../tools/qemu-user/qemu-user.js';

const missing = whyNoQemuUser();

/** Instructions of each class: several blocks for every row of the tables. */
const SAMPLE = 6000;

test('random blocks of instructions do what they do under qemu-arm', { skip: missing ?? false }, () => {
  const qemu = new QemuUser();
  try {
    const lockstep = new Lockstep(qemu, sidesOf(MODES));
    for (const stream of STREAMS) {
      const outcome = lockstep.compare(stream, SAMPLE, 11);
      assert.ok(outcome.instructions >= SAMPLE, `${stream}: ${outcome.instructions} instructions`);
      assert.deepEqual(outcome.untried, []);
      assert.deepEqual(outcome.differences, [], stream);
      // What faults compares little.
      assert.ok(outcome.signals < outcome.blocks / 2 || stream === 'undefined', stream);
    }
  } finally {
    qemu.close();
  }
});
