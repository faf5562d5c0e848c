// SPDX-License-Identifier: GPL-2.0-only
import { step, testRule } from '../../../tests/support/rule-suite.js';
import { staleTlbEntry } from './stale-tlb-entry.js';

const use = step('probe_poll', m => m.load('cached', 8));
const remap = step('__dma_remap', m => m.map('cached', 0, 'uncached'));
const unmap = step('__dma_remap', m => m.map('cached', 0, 'none'));
const flush = step('flush_tlb_kernel_range', m => m.tlbFlush('cached', 0));
const flushHere = step('local_flush_tlb_kernel_page', m => m.tlbFlush('cached', 0, false));
const mapUncached = step('dma_common_contiguous_remap', m => m.map('uncached', 0, 'uncached'));
const clean = step('__dma_clear_buffer', m => m.toDevice(0, 4096, 'clean-invalidate'));
const allocate = step('dma_alloc_attrs', m => void m.allocateCoherent('uncached', 0, 4096), 'probe_probe');

testRule(staleTlbEntry, [
  { name: 'used after its type changed', broken: [use, remap, use], fixed: [use, remap, flush, use] },
  {
    name: 'VIVT',
    machine: { core: 'ARM926EJ-S' },
    broken: [use, remap, use],
    fixed: [use, remap, flush, use],
  },
  {
    name: 'a coherent buffer that a TLB may still have cacheable',
    tellsOwners: true,
    broken: [clean, unmap, mapUncached, allocate],
    fixed: [clean, unmap, flush, mapUncached, allocate],
  },
  {
    name: 'flushed on one of two cores that have used it',
    machine: { core: 'Cortex-A15', cpus: 2 },
    tellsOwners: true,
    broken: [use, step('probe_other', m => m.onCpu(1)), use, clean, unmap, flushHere, mapUncached, allocate],
    fixed: [use, step('probe_other', m => m.onCpu(1)), use, clean, unmap, flush, mapUncached, allocate],
  },
]);
