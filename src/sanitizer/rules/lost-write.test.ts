// SPDX-License-Identifier: GPL-2.0-only
import { step, testRule } from '../../../tests/support/rule-suite.js';
import { DATA } from '../test-machine.js';
import { lostWrite } from './lost-write.js';

const store = step('probe_fill', m => m.store('cached', 16));
const load = step('probe_check', m => m.load('cached', 16));
const deviceRead = step('probe_start', m => m.device().scan(DATA + 16, 4));
const pl310 = { core: 'Cortex-A9', cpus: 2, outer: {} };

testRule(lostWrite, [
  {
    name: 'a dirty line invalidated',
    broken: [store, step('v7_dma_inv_range', m => m.fromDevice(0, 64), 'dma_sync_single_for_cpu'), load],
    fixed: [store, step('v7_dma_flush_range', m => m.toDevice(0, 64, 'clean-invalidate')), load],
  },
  {
    name: 'a neighbour in the same line',
    broken: [store, step('v7_dma_inv_range', m => m.fromDevice(48, 16)), load],
    fixed: [
      store,
      step('v7_dma_clean_range', m => m.toDevice(0, 64)),
      step('v7_dma_inv_range', m => m.fromDevice(48, 16)),
      load,
    ],
  },
  {
    name: 'VIVT, by the address that is dirty',
    machine: { core: 'ARM926EJ-S' },
    broken: [store, step('arm926_dma_inv_range', m => m.fromDevice(0)), load],
    fixed: [
      store,
      step('arm926_dma_clean_range', m => m.toDevice(0)),
      step('arm926_dma_inv_range', m => m.fromDevice(0)),
      load,
    ],
  },
  {
    name: 'the outer cache invalidated',
    machine: pl310,
    broken: [
      store,
      step('probe_map', m => {
        m.inner('clean', 0);
        m.dsb();
        m.outer('invalidate', 0);
        m.outerSync();
      }),
      deviceRead,
    ],
    fixed: [store, step('probe_map', m => m.toDevice(0)), deviceRead],
  },
  {
    name: 'what a device put into the outer cache through the ACP',
    machine: pl310,
    broken: [
      step('probe_start', m => m.device('acp').fill(DATA, 32, 7)),
      step('dma_unmap_page_attrs', m => m.fromDevice(0)),
      load,
    ],
    fixed: [step('probe_start', m => m.device('acp').fill(DATA, 32, 7)), load],
  },
  {
    name: 'what a device put into an integrated L2',
    machine: { core: 'Cortex-A7' },
    broken: [
      step('probe_start', m => m.device('l2').fill(DATA, 64, 7)),
      step('dma_unmap_page_attrs', m => m.fromDevice(0, 64)),
      load,
    ],
    fixed: [step('probe_start', m => m.device('l2').fill(DATA, 64, 7)), load],
  },
]);
