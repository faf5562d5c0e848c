// SPDX-License-Identifier: GPL-2.0-only
import { step, testRule } from '../../../tests/support/rule-suite.js';
import { DATA, type TestMachine } from '../test-machine.js';
import { ownership } from './ownership.js';

const clean = (m: TestMachine): void => m.toDevice(0, 256, 'clean-invalidate');
const map = (direction: 'to-device' | 'from-device' | 'bidirectional') =>
  step('dma_map_page_attrs', m => {
    clean(m);
    m.mapStreaming(0, 256, direction);
  });
const unmap = (direction: 'to-device' | 'from-device' | 'bidirectional') =>
  step('dma_unmap_page_attrs', m => {
    m.fromDevice(0, 256);
    m.sanitizer.streamingUnmapped(buffer(direction));
  });
const sync = step('dma_sync_single_for_cpu', m => m.sanitizer.syncedForCpu(buffer('from-device'), DATA, 128));
const load = (at: number) => step('probe_poll', m => m.load('cached', at), 'napi_poll');
const store = step('probe_fill', m => m.store('cached', 128));

function buffer(direction: 'to-device' | 'from-device' | 'bidirectional') {
  return {
    device: '/soc/dma@1000',
    driver: 'test-dma',
    dmaAddr: DATA,
    paddr: DATA,
    original: DATA,
    size: 256,
    direction,
    skipSync: false,
  };
}

testRule(ownership, [
  {
    name: 'a load before the buffer came back',
    tellsOwners: true,
    broken: [map('from-device'), load(128)],
    fixed: [map('from-device'), unmap('from-device'), load(128)],
  },
  {
    name: 'a sync gives back what it names',
    tellsOwners: true,
    broken: [map('from-device'), sync, load(128)],
    fixed: [map('from-device'), sync, load(64)],
  },
  {
    name: 'a store to a buffer that goes both ways',
    tellsOwners: true,
    broken: [map('bidirectional'), store],
    fixed: [map('bidirectional'), unmap('bidirectional'), store],
  },
  {
    name: 'a store to a buffer that the device only reads',
    tellsOwners: true,
    severity: 'warning',
    broken: [map('to-device'), store],
    fixed: [map('to-device'), load(128)],
  },
  {
    name: 'VIVT',
    machine: { core: 'ARM926EJ-S' },
    tellsOwners: true,
    broken: [map('from-device'), load(128)],
    fixed: [map('from-device'), unmap('from-device'), load(128)],
  },
]);
