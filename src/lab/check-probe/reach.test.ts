// SPDX-License-Identifier: GPL-2.0-only
/** The test kernel has 256 MiB at 0x40000000, and 16 MiB of CMA at 0x4f000000. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootTestKernel } from '../../../tests/support/test-kernel.js';
import type { ProbeRecord } from '../../workloads/probe/record.js';
import { Places } from './places.js';
import { Reach } from './reach.js';

const k = bootTestKernel({ design: 'legacy' });
const device = (dev: string, fields: object): ProbeRecord => ({
  ...{ dev, seq: 0, op: 'device', cmask: 'ffffffff', bus_limit: '0', ops: '0x0' },
  ...fields,
});
const recorded = [
  device('wide', {}),
  device('narrow', { cmask: '43ffffff' }),
  device('window', { bus_limit: '1fffffff', range: ['40000000', '10000000', '10000000'] }),
  device('short-window', { bus_limit: '43ffffff', range: ['40000000', '40000000', '4000000'] }),
  device('bouncing', { cmask: '43ffffff', io_tlb: ['4c000000', 4096, 1, 1] }),
];
const hangs = (reach: Reach, dev: string, op: string, fields: object = {}): boolean => {
  const record = { dev, seq: 1, op, ...fields };
  return reach.hangsOnPlace({ recorded: record, modelled: record });
};

test('only pages of the page allocator, and only where the device does not reach all memory', () => {
  const reach = new Reach(k, new Places(k), recorded);
  const buddy = { ok: 1, src: 'buddy', phys: '42560000' };
  const cma = { ok: 1, src: 'cma-default', phys: '4f040000' };
  for (const dev of ['narrow', 'short-window']) {
    assert.equal(hangs(reach, dev, 'alloc', buddy), true, dev);
    assert.equal(hangs(reach, dev, 'free'), true, 'what follows the call goes with it');
    assert.equal(hangs(reach, dev, 'alloc', cma), false, dev);
    assert.equal(hangs(reach, dev, 'free'), false);
    assert.equal(hangs(reach, dev, 'map_single'), true);
  }
  for (const dev of ['wide', 'window']) assert.equal(hangs(reach, dev, 'alloc', buddy), false, dev);
  assert.equal(hangs(reach, 'bouncing', 'map_single'), false);
});

test('a call that failed in one kernel hangs on a place if the other found pages', () => {
  const reach = new Reach(k, new Places(k), recorded);
  const failed = { dev: 'narrow', seq: 1, op: 'alloc', ok: 0 };
  const found = { ...failed, ok: 1, src: 'buddy', phys: '42560000' };
  assert.equal(reach.hangsOnPlace({ recorded: failed, modelled: found }), true);
  assert.equal(reach.hangsOnPlace({ recorded: found, modelled: failed }), true);
  assert.equal(reach.hangsOnPlace({ recorded: failed, modelled: failed }), false);
});
