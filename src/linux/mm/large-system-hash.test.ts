// SPDX-License-Identifier: GPL-2.0-only
/** Sizes of the early hash tables, as recorded kernels had them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiB } from '../../base/address.js';
import { discovered, logText } from '../arch/arm/kernel/discovery-fixture.js';
import { bootmem_init } from '../arch/arm/kernel/setup.js';
import type { KernelVersion } from '../config.js';
import { vfs_caches_init_early } from './large-system-hash.js';

function entries(memoryMiB: number, version: KernelVersion, cmdline = ''): (number | undefined)[] {
  const k = discovered({
    memory: [[0x40000000, memoryMiB * MiB]],
    version,
    cmdline,
    symbols: { MEMCG: true, FLATMEM: true, ARCH_FORCE_MAX_ORDER: version === '6.12' ? 10 : 11 },
  });
  k.memblock.memblock_set_current_limit(k.memory.arm_lowmem_limit);
  bootmem_init(k);
  vfs_caches_init_early(k);
  const text = logText(k);
  return ['Dentry cache', 'Inode-cache'].map(name => {
    const found = new RegExp(`^${name} hash table entries: (\\d+) `, 'm').exec(text);
    return found ? Number(found[1]) : undefined;
  });
}

test('one bucket for 8 KiB of lowmem in one, for 16 KiB in the other table', () => {
  for (const version of ['6.1', '6.12'] as const) {
    assert.deepEqual(entries(1024, version), [131072, 65536], version);
    assert.deepEqual(entries(512, version), [65536, 32768], version);
    assert.deepEqual(entries(128, version), [16384, 8192], version);
  }
});

test('highmem adds nothing, but takes the part of the page map that describes it from lowmem: 6.1', () => {
  // 3 GiB: 196608 pages of lowmem less 1728 and 5184 of the map are still more than 131072.
  assert.deepEqual(entries(3072, '6.1'), [131072, 65536]);
});

test('the command line has a say', () => {
  assert.deepEqual(entries(512, '6.12', 'dhash_entries=5000 ihash_entries=100'), [8192, 128]);
  assert.deepEqual(entries(512, '6.12', 'dhash_entries=64K ihash_entries=0x1000'), [64, 4096]);
});

test('a kernel without room for the smallest table panics', () => {
  const k = discovered({ memory: [[0x40000000, 64 * MiB]], version: '6.12' });
  k.memblock.memblock_set_current_limit(k.memory.arm_lowmem_limit);
  bootmem_init(k);
  for (let bytes = 32 * MiB; bytes >= 64; bytes /= 2) while (k.memblock.memblock_alloc(bytes, 64) !== 0);
  assert.throws(
    () => vfs_caches_init_early(k),
    /the kernel panics: failed to allocate Dentry cache hash table/,
  );
});
