// SPDX-License-Identifier: GPL-2.0-only
import { step, testRule } from '../../../tests/support/rule-suite.js';
import { hiddenByDirtyLine } from './hidden-by-dirty-line.js';

const mapUncached = step('dma_common_contiguous_remap', m => m.map('uncached', 0, 'uncached'));
const mapUser = step('mmap', m => m.map('user', 0, 'cached'));
const store = step('probe_fill', m => m.store('cached', 4));
const storeUser = step('user_fill', m => m.store('user', 4));
const loadUncached = step('probe_check', m => m.load('uncached', 0, 16), 'probe_irq');
const load = step('probe_check', m => m.load('cached', 0, 16));
const clean = step('__dma_clear_buffer', m => m.toDevice(0, 64));
const cleanInner = step('v7_flush_kern_dcache_area', m => {
  m.inner('clean-invalidate', 0, 64);
  m.dsb();
});
const cleanUser = step('flush_cache_page', m => m.toDevice(0, 64, 'clean-invalidate', 'user'));
const arm1136 = { core: 'ARM1136JF-S', dataCacheBytes: 32 * 1024 };

testRule(hiddenByDirtyLine, [
  {
    name: 'a non-cacheable load',
    broken: [mapUncached, store, loadUncached],
    fixed: [mapUncached, store, clean, loadUncached],
  },
  {
    name: 'VIVT, another address',
    machine: { core: 'ARM926EJ-S' },
    broken: [mapUser, storeUser, load],
    fixed: [mapUser, storeUser, cleanUser, load],
  },
  {
    name: 'VIVT, a clean by the wrong address',
    machine: { core: 'ARM926EJ-S' },
    broken: [mapUncached, mapUser, storeUser, clean, loadUncached],
    fixed: [mapUncached, mapUser, storeUser, cleanUser, loadUncached],
  },
  {
    name: 'aliasing VIPT, another colour',
    machine: arm1136,
    broken: [mapUser, storeUser, load],
    fixed: [mapUser, storeUser, cleanUser, step('flush_kernel_vmap_range', m => m.fromDevice(0, 64)), load],
  },
  {
    name: 'the outer cache still has it',
    machine: { core: 'Cortex-A9', cpus: 2, outer: {} },
    broken: [mapUncached, store, cleanInner, loadUncached],
    fixed: [mapUncached, store, clean, loadUncached],
  },
  {
    name: 'a PL310 that is looked up still has it: only the inner caches hide it',
    machine: { core: 'Cortex-A9', cpus: 2, outer: { sharedOverride: false } },
    broken: [mapUncached, store, loadUncached],
    fixed: [mapUncached, store, cleanInner, loadUncached],
  },
]);
