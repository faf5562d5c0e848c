// SPDX-License-Identifier: GPL-2.0-only
import { step, testRule } from '../../../tests/support/rule-suite.js';
import { DATA } from '../test-machine.js';
import { missingBarrier } from './missing-barrier.js';

const mapUncached = step('dma_alloc_attrs', m => {
  m.map('cached', 0, 'none');
  m.tlbFlush('cached', 0);
  m.map('uncached', 0, 'uncached');
});
const describe = step('probe_queue', m => m.store('uncached', 0, 16), 'probe_start_xmit');
const dmb = step('probe_queue', m => m.dmb(), 'probe_start_xmit');
const dsb = step('__wmb', m => m.dsb(), 'probe_start_xmit');
const sync = step('outer_sync', m => m.outerSync(), 'probe_start_xmit');
const ring = step('writel_relaxed', m => m.doorbell(), 'probe_start_xmit');
const readDescriptor = step('probe_start_xmit', m => m.device().scan(DATA, 16), 'dev_hard_start_xmit');
const pl310 = { core: 'Cortex-A9', cpus: 2, outer: {} };

testRule(missingBarrier, [
  {
    name: 'a doorbell without a barrier',
    barriersMend: true,
    broken: [mapUncached, describe, ring, readDescriptor],
    fixed: [mapUncached, describe, dmb, ring, readDescriptor],
  },
  {
    name: 'the barrier behind the doorbell',
    barriersMend: true,
    broken: [mapUncached, describe, ring, dmb, readDescriptor],
    fixed: [mapUncached, describe, dsb, ring, readDescriptor],
  },
  {
    name: "a DSB leaves the stores in the outer cache's buffer",
    machine: pl310,
    barriersMend: true,
    broken: [mapUncached, describe, dsb, ring, readDescriptor],
    fixed: [mapUncached, describe, dsb, sync, ring, readDescriptor],
  },
  {
    name: 'stores that another CPU does not see yet',
    machine: { core: 'Cortex-A15', cpus: 2 },
    barriersMend: true,
    broken: [
      mapUncached,
      describe,
      step('probe_poll', m => m.onCpu(1)),
      step('probe_poll', m => m.load('uncached', 0)),
    ],
    fixed: [
      mapUncached,
      describe,
      dsb,
      step('probe_poll', m => m.onCpu(1)),
      step('probe_poll', m => m.load('uncached', 0)),
    ],
  },
  {
    name: 'a device writes over stores that are still on their way',
    barriersMend: true,
    broken: [mapUncached, describe, step('probe_reset', m => m.device().fill(DATA, 16, 0))],
    fixed: [mapUncached, describe, dsb, step('probe_reset', m => m.device().fill(DATA, 16, 0))],
  },
]);
