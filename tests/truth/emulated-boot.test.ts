// SPDX-License-Identifier: GPL-2.0-only
/**
 * A real kernel in the emulator does what it was recorded to do in QEMU: zones, reservations byte by byte, contiguous
 * areas, the map, registers, the log. One boot here; `npm run boots` makes all of them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRepeatable, repeatBoot } from './emulated-boots.js';

const NAME = 'virt-lpae-1g';
const skip = isRepeatable(NAME)
  ? false
  : 'needs the shared recordings and tools/debian-kernel.sh build/debian-trees';

test(`${NAME}: the emulated boot is the recorded one`, { skip }, t => {
  const { fields, console, isSameKernel } = repeatBoot(NAME);
  if (!isSameKernel) return t.skip('the recording is of another version of the kernel');
  const differing = fields.filter(({ outcome }) => outcome === 'differs');
  assert.deepEqual(
    differing.map(({ field, recorded, modelled }) => ({ field, recorded, emulated: modelled })),
    [],
    console.slice(-2000),
  );
  const lines = fields.reduce((sum, field) => sum + field.lines, 0);
  t.diagnostic(`${fields.length} fields, ${lines} lines agree`);
  assert.ok(fields.length >= 25 && lines >= 70, 'the comparison compares');
});
