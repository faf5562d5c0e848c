// SPDX-License-Identifier: GPL-2.0-only
import { step, testRule } from '../../../tests/support/rule-suite.js';
import { DATA } from '../test-machine.js';
import { unfinishedMaintenance } from './unfinished-maintenance.js';

const store = step('probe_fill', m => m.store('cached', 0, 64));
const clean = step('v7_dma_clean_range', m => m.inner('clean', 0, 64), 'dma_map_page_attrs');
const dsb = step('v7_dma_clean_range', m => m.dsb(), 'dma_map_page_attrs');
const dsbElsewhere = step('probe_other_cpu', m => {
  m.onCpu(1);
  m.dsb();
  m.onCpu(0);
});
const transmit = step('probe_start', m => m.device().scan(DATA, 64));
const outerClean = step('l2c210_clean_range', m => m.outer('clean', 0, 64));
const sync = step('l2c210_sync', m => m.outerSync());

testRule(unfinishedMaintenance, [
  {
    name: 'no DSB before the device reads',
    barriersMend: true,
    broken: [store, clean, transmit],
    fixed: [store, clean, dsb, transmit],
  },
  {
    name: 'the DSB of another CPU',
    machine: { core: 'Cortex-A15', cpus: 2 },
    barriersMend: true,
    broken: [store, clean, dsbElsewhere, transmit],
    fixed: [store, clean, dsb, dsbElsewhere, transmit],
  },
  {
    name: 'the outer cache was not waited for',
    machine: { core: 'Cortex-A9', cpus: 2, outer: {} },
    barriersMend: true,
    broken: [store, clean, dsb, outerClean, transmit],
    fixed: [store, clean, dsb, outerClean, sync, transmit],
  },
  {
    name: 'the outer cache was cleaned before the inner clean was done',
    machine: { core: 'Cortex-A9', cpus: 2, outer: {} },
    barriersMend: true,
    broken: [store, clean, outerClean, dsb, sync, transmit],
    fixed: [store, clean, dsb, outerClean, sync, transmit],
  },
  {
    name: 'VIVT: the write buffer was not drained',
    machine: { core: 'ARM926EJ-S' },
    barriersMend: true,
    broken: [store, clean, transmit],
    fixed: [store, clean, dsb, transmit],
  },
]);
