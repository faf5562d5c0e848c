// SPDX-License-Identifier: GPL-2.0-only
import { step, testRule } from '../../../tests/support/rule-suite.js';
import { DATA } from '../test-machine.js';
import { evictionWillOverwrite } from './eviction-will-overwrite.js';

const store = step('memset', m => m.store('cached', 0, 64), 'probe_alloc');
const receive = step('probe_start', m => m.device().fill(DATA, 64, 7));
const map = step('dma_map_page_attrs', m => m.toDevice(0, 64, 'clean-invalidate'), 'probe_start');
const mapUncached = step('dma_common_contiguous_remap', m => m.map('uncached', 0, 'uncached'));
const mapUser = step('mmap', m => m.map('user', 0, 'cached'));
const allocate = step('dma_direct_alloc_no_mapping', m => m.machine.observer?.pagesAllocated(DATA, 4096));
const storeUncached = step('probe_fill', m => m.store('uncached', 0));

testRule(evictionWillOverwrite, [
  {
    name: 'pages that an earlier owner left dirty, without a kernel mapping',
    machine: { clean: false },
    broken: [allocate, receive],
    fixed: [allocate, step('arch_dma_prep_coherent', m => m.toDevice(0, 4096, 'clean-invalidate')), receive],
  },
  { name: 'not cleaned before the transfer', broken: [store, receive], fixed: [store, map, receive] },
  {
    name: 'the pages were freed meanwhile: still dirty',
    broken: [store, step('__free_pages', m => m.machine.observer?.pagesFreed(DATA, 4096)), receive],
    fixed: [store, step('__free_pages', m => m.machine.observer?.pagesFreed(DATA, 4096)), map, receive],
  },
  {
    name: 'a non-cacheable store',
    broken: [mapUncached, store, storeUncached],
    fixed: [mapUncached, store, map, storeUncached],
  },
  {
    name: 'VIVT, dirty under another address',
    machine: { core: 'ARM926EJ-S' },
    broken: [mapUser, step('user_fill', m => m.store('user', 0)), map, receive],
    fixed: [
      mapUser,
      step('user_fill', m => m.store('user', 0)),
      step('flush_cache_page', m => m.toDevice(0, 64, 'clean-invalidate', 'user')),
      receive,
    ],
  },
  {
    name: 'VIVT write-through is never dirty, write-back is',
    machine: { core: 'ARM926EJ-S' },
    broken: [store, receive],
    fixed: [store, map, receive],
  },
  {
    name: 'the outer cache is still dirty',
    machine: { core: 'Cortex-A9', cpus: 2, outer: {} },
    broken: [
      store,
      step('probe_start', m => {
        m.inner('clean-invalidate', 0, 64);
        m.dsb();
      }),
      receive,
    ],
    fixed: [store, map, receive],
  },
  {
    name: 'a device without a port where one through ACE-Lite does no harm',
    machine: { core: 'Cortex-A15', cpus: 2 },
    broken: [store, receive],
    fixed: [store, step('probe_start', m => m.device('ace-lite').fill(DATA, 64, 7))],
  },
]);
