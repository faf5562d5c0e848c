// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GenPool } from '../../lib/genalloc.js';
import { DmaState } from './state.js';

test('an address is told to be that of a pool', () => {
  const dma = new DmaState();
  dma.atomic_pool_kernel = new GenPool(12);
  dma.atomic_pool_kernel.gen_pool_add_virt(0xd0800000, 0x4f000000, 0x20000);
  assert.equal(dma.poolOf(0xd081ffff), 'atomic_pool_kernel');
  assert.equal(dma.poolOf(0xd0820000), undefined);
});
