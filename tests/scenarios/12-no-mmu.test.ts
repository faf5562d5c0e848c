// SPDX-License-Identifier: GPL-2.0-only
/** R4: the posted patches in kernels without MMU. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellOf, runScenario } from '../support/scenario.js';

test('both posted patches are refused without MMU, with the reason of Kconfig or of the linker', async () => {
  const { tables } = await runScenario('r4-no-mmu');
  assert.equal(tables.length, 2);
  for (const table of tables) {
    for (const design of ['v1', 'prep-fix']) assert.equal(cellOf(table, design, 'MMU').text, 'builds');
    const patch = cellOf(table, 'v1', 'no MMU');
    assert.equal(patch.text, 'refused');
    assert.match(
      patch.reason ?? '',
      /CONFIG_MMU is not set: .*DMA_GLOBAL_POOL, which depends on !DMA_DIRECT_REMAP/,
    );
    assert.match(cellOf(table, 'prep-fix', 'no MMU').reason ?? '', /CONFIG_MMU is not set/);
  }
});
