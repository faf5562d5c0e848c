// SPDX-License-Identifier: GPL-2.0-only
import { step, testRule } from '../../../tests/support/rule-suite.js';
import { mismatchedAlias } from './mismatched-alias.js';

const mapUncached = step('dma_common_contiguous_remap', m => m.map('uncached', 0, 'uncached'));
const clean = step('arch_dma_prep_coherent', m => m.toDevice(0, 4096, 'clean-invalidate'));
const remap = step('__dma_remap', m => {
  m.map('cached', 0, 'none');
  m.tlbFlush('cached', 0);
});
const allocate = step('dma_alloc_attrs', m => void m.allocateCoherent('uncached', 0, 4096), 'probe_probe');

testRule(mismatchedAlias, [
  {
    name: 'the direct map still has a coherent buffer cacheable',
    tellsOwners: true,
    broken: [clean, mapUncached, allocate],
    fixed: [clean, remap, mapUncached, allocate],
  },
  {
    name: 'VIVT',
    machine: { core: 'ARM926EJ-S' },
    tellsOwners: true,
    broken: [clean, mapUncached, allocate],
    fixed: [clean, remap, mapUncached, allocate],
  },
]);
