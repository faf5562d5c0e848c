// SPDX-License-Identifier: GPL-2.0-only
import { step, testRule } from '../../../tests/support/rule-suite.js';
import type { CoherencyPort } from '../../hw/dma/master.js';
import { DATA, type TestMachine } from '../test-machine.js';
import { staleRead } from './stale-read.js';

const map = step('dma_map_single_attrs', m => m.toDevice(0, 64, 'clean-invalidate'), 'probe_start');
const receive = step('probe_start', m => m.device().fill(DATA, 64, 7));
const unmap = step('dma_unmap_page_attrs', m => m.fromDevice(0, 64), 'probe_irq');
const look = step('probe_irq', m => m.load('cached', 8), '__handle_irq_event_percpu', 'handle_irq_event');

/** Speculation, or an earlier load, brings the line in; what a device that does not snoop writes is behind it. */
const early = step('probe_poll', m => m.load('cached', 8));

/** The device snoops, or the driver only believes so. */
function believedCoherent(port: CoherencyPort) {
  const write = (snooping: CoherencyPort) => step('probe_start', m => m.device(snooping).fill(DATA, 64, 7));
  return { broken: [early, write('none'), look], fixed: [early, write(port), look] };
}

const lookedUp = { cpus: 2, core: 'Cortex-A9', outer: { sharedOverride: false } };
const cleanAll = step('__dma_clear_buffer', m => m.toDevice(0, 4096, 'clean-invalidate'));
const remap = step('__dma_remap', m => {
  m.map('cached', 0, 'none');
  m.tlbFlush('cached', 0);
});
const mapUncached = step('dma_common_contiguous_remap', m => m.map('uncached', 0, 'uncached'));
const readCoherent = step('probe_irq', m => m.load('uncached', 8));

testRule(staleRead, [
  {
    name: 'not invalidated after the device wrote',
    broken: [map, receive, look],
    fixed: [map, receive, unmap, look],
  },
  {
    name: 'VIVT, the line was loaded before',
    machine: { core: 'ARM926EJ-S' },
    broken: [early, receive, look],
    // Nothing is filled unasked here: maintenance before the transfer is enough.
    fixed: [early, map, receive, look],
  },
  {
    name: 'VIVT, a line of an earlier owner was cleaned and not invalidated',
    machine: { core: 'ARM926EJ-S', clean: false },
    broken: [step('dma_map_page_attrs', m => m.toDevice(0, 64)), receive, look],
    fixed: [map, receive, look],
  },
  {
    name: 'write-through',
    machine: { core: 'ARM926EJ-S', writeThrough: true },
    broken: [early, receive, look],
    fixed: [early, receive, unmap, look],
  },
  {
    name: 'outer cache left out',
    machine: { core: 'Cortex-A9', outer: {} },
    broken: [
      map,
      receive,
      step('probe_irq', m => {
        m.inner('invalidate', 0, 64);
        m.dsb();
      }),
      look,
    ],
    fixed: [map, receive, unmap, look],
  },
  {
    name: 'inner before outer cache',
    machine: { core: 'Cortex-A9', outer: {} },
    broken: [
      map,
      receive,
      step('probe_irq', m => {
        m.inner('invalidate', 0, 64);
        m.dsb();
        m.outer('invalidate', 0, 64);
        m.outerSync();
      }),
      look,
    ],
    fixed: [map, receive, unmap, look],
  },
  {
    name: 'aliasing VIPT, the other colour',
    machine: { core: 'ARM1136JF-S', dataCacheBytes: 32 * 1024 },
    broken: [step('mmap', m => m.map('user', 0, 'cached')), map, receive, unmap, userLoad()],
    fixed: [
      step('mmap', m => m.map('user', 0, 'cached')),
      map,
      receive,
      unmap,
      step('flush_dcache_page', m => m.fromDevice(0, 64, 'user')),
      userLoad(),
    ],
  },
  {
    name: 'no port, ACP believed',
    machine: { core: 'Cortex-A9', cpus: 2, outer: {} },
    ...believedCoherent('acp'),
  },
  {
    name: 'no port, ACE-Lite believed',
    machine: { core: 'Cortex-A15', cpus: 2 },
    ...believedCoherent('ace-lite'),
  },
  { name: 'no port, one into the L2 believed', machine: { core: 'Cortex-A7' }, ...believedCoherent('l2') },
  {
    name: 'PL310 looks up a non-cacheable load beside a cacheable alias',
    machine: lookedUp,
    broken: [cleanAll, mapUncached, receive, readCoherent],
    fixed: [remap, cleanAllUnmapped(), mapUncached, receive, readCoherent],
  },
  {
    name: 'the same PL310, the window between cleaning and remapping',
    machine: lookedUp,
    severity: 'window',
    broken: [cleanAll, remap, mapUncached, receive, readCoherent],
    fixed: [remap, cleanAllUnmapped(), mapUncached, receive, readCoherent],
  },
  {
    name: 'PL310 without override, mapped non-shareable, is not looked up',
    machine: { ...lookedUp, cpus: 2 },
    broken: [cleanAll, mapUncached, receive, readCoherent],
    fixed: [
      cleanAll,
      mapUncached,
      receive,
      step('outer_inv_range', outerInvalidate),
      remap,
      step('outer_inv_range', outerInvalidate),
      readCoherent,
    ],
  },
]);

function userLoad() {
  return step('read_user', m => m.load('user', 8));
}

function outerInvalidate(m: TestMachine): void {
  m.outer('invalidate', 0, 64);
  m.outerSync();
}

/** By physical address: the outer cache needs no mapping. */
function cleanAllUnmapped() {
  return step('outer_flush_range', m => {
    m.outer('clean-invalidate', 0, 4096);
    m.outerSync();
  });
}
