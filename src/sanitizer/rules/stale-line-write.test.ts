// SPDX-License-Identifier: GPL-2.0-only
import { step, testRule } from '../../../tests/support/rule-suite.js';
import { DATA } from '../test-machine.js';
import { staleLineWrite } from './stale-line-write.js';

const map = step('dma_map_single_attrs', m => m.toDevice(0, 128, 'clean-invalidate'), 'probe_start');
const early = step('probe_poll', m => m.load('cached', 0, 4));
const unmap = step('dma_unmap_page_attrs', m => m.fromDevice(0, 128));

/** The device writes the first bytes of a line, the CPU the ones at `at`. */
const receive = step('probe_start', m => m.device().fill(DATA, 16, 7));
const count = (at: number) => step('probe_count', m => m.store('cached', at), 'probe_irq');

testRule(staleLineWrite, [
  {
    name: 'a counter beside a DMA buffer',
    broken: [map, receive, count(16)],
    fixed: [map, receive, unmap, count(16)],
  },
  {
    name: 'lines of 64 bytes, the other half',
    broken: [map, receive, count(40)],
    fixed: [map, receive, count(64)],
  },
  {
    name: 'VIVT, the line was loaded before',
    machine: { core: 'ARM926EJ-S' },
    broken: [early, receive, count(16)],
    fixed: [early, map, receive, unmap, count(16)],
  },
  {
    name: 'the line is stale in the outer cache only',
    machine: { core: 'Cortex-A9', cpus: 2, outer: {} },
    broken: [
      map,
      receive,
      step('probe_irq', m => {
        m.inner('invalidate', 0);
        m.dsb();
      }),
      count(16),
    ],
    fixed: [map, receive, unmap, count(16)],
  },
  {
    name: 'outer lines longer than inner ones',
    machine: { core: 'Cortex-A9', cpus: 2, outer: { model: 'UniPhier', lineBytes: 128 } },
    broken: [map, receive, count(96)],
    fixed: [map, receive, unmap, count(96)],
  },
  {
    name: 'a device writes a part of a stale outer line through the ACP',
    machine: { core: 'Cortex-A9', cpus: 2, outer: {} },
    broken: [map, receive, step('probe_next', m => m.device('acp', '/soc/acp@3000').fill(DATA + 16, 8, 7))],
    fixed: [
      map,
      receive,
      unmap,
      step('probe_next', m => m.device('acp', '/soc/acp@3000').fill(DATA + 16, 8, 7)),
    ],
  },
]);
