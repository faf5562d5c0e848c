// SPDX-License-Identifier: GPL-2.0-only
import { step, testRule } from '../../../tests/support/rule-suite.js';
import { DATA } from '../test-machine.js';
import { deviceReadsOldData } from './device-reads-old-data.js';

const store = step('skb_put_data', m => m.store('cached', 8, 16), 'probe_send');
const map = step('dma_map_page_attrs', m => m.toDevice(0, 64), 'probe_send');
const transmit = step('probe_send', m => m.device().scan(DATA, 64), 'dev_hard_start_xmit');
const mapUser = step('mmap', m => m.map('user', 0, 'cached'));
const storeUser = step('user_fill', m => m.store('user', 8));
const mapInner = step('probe_send', m => {
  m.inner('clean', 0, 64);
  m.dsb();
});
const flushUser = step('flush_cache_range', m => m.toDevice(0, 64, 'clean', 'user'));

testRule(deviceReadsOldData, [
  { name: 'not cleaned', broken: [store, transmit], fixed: [store, map, transmit] },
  { name: 'stored after it was cleaned', broken: [map, store, transmit], fixed: [map, store, map, transmit] },
  {
    name: 'VIVT, dirty under another address',
    machine: { core: 'ARM926EJ-S' },
    broken: [mapUser, storeUser, map, transmit],
    fixed: [mapUser, storeUser, flushUser, transmit],
  },
  {
    name: 'aliasing VIPT, dirty in the other colour',
    machine: { core: 'ARM1136JF-S', dataCacheBytes: 32 * 1024 },
    broken: [mapUser, storeUser, map, transmit],
    fixed: [mapUser, storeUser, flushUser, transmit],
  },
  {
    name: 'the outer cache was not cleaned',
    machine: { core: 'Cortex-A9', cpus: 2, outer: {} },
    broken: [store, mapInner, transmit],
    fixed: [store, map, transmit],
  },
  {
    name: 'a write-through outer cache needs the inner clean only',
    machine: { core: 'Cortex-A9', cpus: 2, outer: { model: 'Aurora', writeThrough: true } },
    broken: [store, transmit],
    fixed: [store, mapInner, transmit],
  },
  {
    name: 'an integrated L2 is cleaned with the L1',
    machine: { core: 'Cortex-A7', cpus: 2 },
    broken: [store, transmit],
    fixed: [store, mapInner, transmit],
  },
  {
    name: 'a snooping device hits a line that is older than memory',
    machine: { core: 'Cortex-A15', cpus: 2 },
    broken: [
      step('probe_receive', m => m.device().fill(DATA, 64, 7)),
      step('probe_forward', m => m.device('ace-lite', '/soc/coherent@3000').scan(DATA, 64)),
    ],
    fixed: [
      step('probe_receive', m => m.device().fill(DATA, 64, 7)),
      step('dma_sync_single_for_cpu', m => m.fromDevice(0, 64)),
      step('probe_forward', m => m.device('ace-lite', '/soc/coherent@3000').scan(DATA, 64)),
    ],
  },
  {
    name: 'the ACP sees the caches, other masters do not',
    machine: { core: 'Cortex-A9', cpus: 2, outer: {} },
    broken: [store, transmit],
    fixed: [store, step('probe_send', m => m.device('acp').scan(DATA, 64))],
  },
]);
