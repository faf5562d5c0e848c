// SPDX-License-Identifier: GPL-2.0-only
/**
 * Exceptions, fault registers, status registers and both table formats against qemu-system-arm: the same bare-metal
 * program prints the same on both machines.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CORES, differences, runSystemProbe, whyNoQemuSystem } from '../../tools/system-lockstep.js';

const missing = whyNoQemuSystem();

/** QEMU 7.2 gives its Cortex-A7 the caches of a Cortex-A15; ours are those of DDI 0464F, 4.3.22. */
const KNOWN: Readonly<Record<string, RegExp>> = { 'cortex-a7': /^ccsidr/ };

for (const core of Object.keys(CORES)) {
  test(`privileged code on ${core} does what it does under QEMU`, { skip: missing ?? false }, () => {
    const { ours, theirs } = runSystemProbe(core);
    assert.equal(theirs.at(-2), 'end');
    const found = differences(ours, theirs).filter(([here]) => KNOWN[core]?.test(here) !== true);
    assert.deepEqual(found, []);
  });
}
