// SPDX-License-Identifier: GPL-2.0-only
import { step, testRule } from '../../../tests/support/rule-suite.js';
import { DATA } from '../test-machine.js';
import { staleFetch } from './stale-fetch.js';

const run = step('patched_function', m => m.fetch(0, 16), 'ftrace_graph_caller');
const patch = step('__patch_text_real', m => m.store('cached', 0), 'patch_text_stop_machine');
const flush = step('flush_icache_range', m => {
  m.machine.cleanToPou(m.vaddr('cached', 0), 32);
  m.dsb();
  m.machine.instructionInvalidate(m.vaddr('cached', 0), 32);
  m.dsb();
});
const invalidateOnly = step('flush_icache_all', m => {
  m.machine.instructionInvalidateAll(true);
  m.dsb();
});
const cleanOnly = step('probe_flush', m => {
  m.machine.cleanToPou(m.vaddr('cached', 0), 32);
  m.dsb();
});

testRule(staleFetch, [
  { name: 'code that has run is patched', broken: [run, patch, run], fixed: [run, patch, flush, run] },
  { name: 'new code, still in the data cache', broken: [patch, run], fixed: [patch, flush, run] },
  {
    name: 'only the instruction cache',
    broken: [patch, invalidateOnly, run],
    fixed: [patch, cleanOnly, invalidateOnly, run],
  },
  {
    name: 'only the data cache',
    broken: [run, patch, cleanOnly, run],
    fixed: [run, patch, cleanOnly, invalidateOnly, run],
  },
  {
    name: 'VIVT',
    machine: { core: 'ARM926EJ-S' },
    broken: [run, patch, run],
    fixed: [run, patch, flush, run],
  },
  {
    name: 'without an integrated L2',
    machine: { core: 'Cortex-A9', cpus: 2, outer: {} },
    broken: [run, patch, run],
    fixed: [run, patch, flush, run],
  },
  {
    name: 'a device wrote the code',
    broken: [
      run,
      step('probe_read', m => m.device().fill(DATA, 32, 1)),
      step('dma_unmap_page_attrs', m => m.fromDevice(0, 64)),
      run,
    ],
    fixed: [
      run,
      step('probe_read', m => m.device().fill(DATA, 32, 1)),
      step('dma_unmap_page_attrs', m => m.fromDevice(0, 64)),
      step('__sync_icache_dcache', m => m.machine.instructionInvalidateAll(true)),
      run,
    ],
  },
]);
