// SPDX-License-Identifier: GPL-2.0-only
/**
 * The whole product in thirty lines: a board's device tree goes in, a verdict for each design comes out.
 * Read `src/lab/compare.ts` next, then ARCHITECTURE.md.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { boardsFolder } from '../../src/lab/bundled.js';
import { compareBoard } from '../../src/lab/compare.js';

test('a BeagleBone under four designs', () => {
  const comparison = compareBoard({
    path: join(boardsFolder(), 'beaglebone-black.dts'),
    memory: [{ sizeBytes: 512 * 1024 * 1024 }],
    cmdline: 'cma=32M',
    designs: ['v1', 'step1', 'step2'],
  });

  // The board: its cores and memory are the tree's and the boot loader's, the kernel is the preset's.
  assert.equal(comparison.facts.core, 'Cortex-A8');
  assert.deepEqual(comparison.facts.cma, { base: '0x9d800000', sizeBytes: 32 * 1024 * 1024, highmem: false });

  // Each design is judged against `legacy`, which comes first and is the same as itself.
  const verdicts = comparison.verdicts.map(({ design, verdict }) => `${design}: ${verdict}`);
  assert.deepEqual(verdicts, ['legacy: same', 'v1: change', 'step1: improvement', 'step2: improvement']);

  // Every verdict has its reasons: here, the second mapping that `step1` makes of each buffer.
  const step1 = comparison.verdicts[2]!;
  const moved = step1.reasons.find(reason => reason.id === 'moved' && reason.kinds?.includes('ring'));
  assert.equal(moved?.text, 'CMA in place -> CMA in vmalloc');
});
