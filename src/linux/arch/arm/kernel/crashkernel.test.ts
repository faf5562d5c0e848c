// SPDX-License-Identifier: GPL-2.0-only
/** Memory that the command line keeps for a crash kernel and for the log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiB } from '../../../../base/address.js';
import { setup_log_buf } from '../../../kernel/printk/printk.js';
import { reserve_crashkernel } from './crashkernel.js';
import { type DiscoveryOptions, discovered, logText } from './discovery-fixture.js';
import { bootmem_init } from './setup.js';

/** 512 MiB at 0x40000000; MiB that `step` reserves, by where they start. */
function taken(step: typeof reserve_crashkernel, options: DiscoveryOptions): Map<number, number> {
  const k = discovered({
    memory: [[0x40000000, 512 * MiB]],
    symbols: { CRASH_RESERVE: true, DMA_CMA: false },
    ...options,
  });
  k.memblock.memblock_set_current_limit(k.memory.arm_lowmem_limit);
  bootmem_init(k);
  const before = k.memblock.reserved.reduce((sum, { start, end }) => sum + end - start, 0);
  step(k);
  const after = k.memblock.reserved.reduce((sum, { start, end }) => sum + end - start, 0);
  const place = /memory at (\d+)MB/.exec(logText(k));
  return new Map(after > before ? [[Number(place?.[1] ?? 0), (after - before) / MiB]] : []);
}

test('a crash kernel gets its size, at a multiple of 128 MiB or where it is told', () => {
  const crash = (cmdline: string): Map<number, number> => taken(reserve_crashkernel, { cmdline });
  assert.deepEqual(crash('crashkernel=64M'), new Map([[1024 + 384, 64]]));
  assert.deepEqual(crash('crashkernel=64M@0x50000000'), new Map([[1280, 64]]));
  assert.deepEqual(crash('crashkernel=64M@0x40300000'), new Map());
  assert.deepEqual(crash('crashkernel=0-256M:16M,256M-1G:32M'), new Map([[1024 + 384, 32]]));
  assert.deepEqual(crash('crashkernel=1G-2G:32M'), new Map());
  assert.deepEqual(crash(''), new Map());
  const without = { cmdline: 'crashkernel=64M', symbols: {} };
  assert.deepEqual(taken(reserve_crashkernel, without), new Map());
});

test('a log buffer larger than the one in the image, with room for its records', () => {
  const log = (cmdline: string): number => [...taken(setup_log_buf, { cmdline }).values()][0] ?? 0;
  assert.equal(log('log_buf_len=1M'), 1 + (12 + 88) / 32);
  assert.equal(log('log_buf_len=600K'), log('log_buf_len=1M'));
  assert.equal(log('log_buf_len=128K'), 0);
  assert.equal(log(''), 0);
});
