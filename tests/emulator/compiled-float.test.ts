// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a compiler makes of floating-point and vector code, with its calls, loops and stack, writes the same bytes in
 * Armory as under qemu-arm.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAndRun, runProgram } from '../../tools/qemu-user/program.js';
import { whyNoQemuUser } from '../../tools/qemu-user/qemu-user.js';

for (const set of ['-marm', '-mthumb'] as const) {
  test(`float-program.c, ${set}`, t => {
    const reason = whyNoQemuUser();
    if (reason !== undefined) return t.skip(reason);
    const { elf, output } = buildAndRun('float-program.c', set);
    assert.ok(output.length > 12_000);
    const ours = runProgram(elf);
    assert.deepEqual(
      [...new Uint32Array(Uint8Array.from(ours.output).buffer)],
      [...new Uint32Array(Uint8Array.from(output).buffer)],
    );
  });
}
