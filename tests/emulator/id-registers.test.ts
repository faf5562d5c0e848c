// SPDX-License-Identifier: GPL-2.0-only
/** Identification registers and performance monitors of every core beside qemu-system-arm's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOARDS, idDifferences } from '../../tools/id-lockstep.js';
import { whyNoQemuSystem } from '../../tools/system-lockstep.js';

const missing = whyNoQemuSystem();

for (const core of Object.keys(BOARDS)) {
  test(`${core} says of itself what QEMU's says, but for what is known`, { skip: missing ?? false }, () => {
    assert.deepEqual(
      idDifferences(core).filter(({ reason }) => reason === undefined),
      [],
    );
  });
}
