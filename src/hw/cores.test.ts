// SPDX-License-Identifier: GPL-2.0-only
/**
 * The table of cores is consistent with the architecture's own rules.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coreByName, findCore, knownCores } from './cores.js';

test('no compatible names two cores, and every row has a source', () => {
  const seen = new Set<string>();
  for (const { compatible, sources } of knownCores()) {
    assert.ok(!seen.has(compatible), compatible);
    seen.add(compatible);
    assert.match(sources, /DDI|proc-|cache-|Model|Arm|Intel/);
  }
  assert.ok(seen.size > 35);
});

test('features come with the architecture that has them', () => {
  for (const { compatible, facts } of knownCores()) {
    if (facts.longDescriptors) assert.equal(facts.architecture, 7, compatible);
    if (facts.architecture < 6) assert.equal(facts.cache, 'VIVT', compatible);
    if (facts.architecture < 6) assert.equal(facts.speculates, false, compatible);
    // Virtualization needs LPAE needs the Multiprocessing Extensions.
    if (facts.longDescriptors) assert.equal(facts.multiprocessingExtensions, true, compatible);
    assert.ok([4, 16, 32, 64].includes(facts.lineBytes), compatible);
  }
});

test('the first known compatible decides', () => {
  assert.equal(findCore(['marvell,pj4a', 'marvell,sheeva-v7'])?.name, 'PJ4');
  assert.equal(findCore(['vendor,new', 'arm,cortex-a9'])?.name, 'Cortex-A9');
  assert.equal(findCore(['vendor,new']), undefined);
  assert.equal(coreByName('Cortex-A8').integratedL2, true);
  assert.throws(() => coreByName('Cortex-A99'));
});
