// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GiB, MiB } from '../../../../base/address.js';
import { type DiscoveryOptions, discoveryKernel } from '../kernel/discovery-fixture.js';
import { phys_offset } from './compressed.js';

function offset(options: DiscoveryOptions): number {
  return phys_offset(discoveryKernel(options));
}

test('the load address rounded down to 128 MiB, if memory is there', () => {
  const memory = [[0x80000000, GiB]] as const;
  assert.equal(offset({ memory, bootLoader: { imageAddress: 0x82000000 } }), 0x80000000);
  assert.equal(offset({ memory, bootLoader: { imageAddress: 0x8a000000 } }), 0x88000000);
  assert.equal(offset({ memory }), 0x80000000);
});

test('otherwise the lowest memory below 4 GiB, rounded up to 2 MiB', () => {
  const bootLoader = { imageAddress: 0x41000000 };
  assert.equal(offset({ memory: [[0x40100000, 64 * MiB]], bootLoader }), 0x40200000);
  const high = [
    [0x200000000, GiB],
    [0x60000000, 64 * MiB],
    [0x50000000, 64 * MiB],
  ] as const;
  assert.equal(offset({ memory: high, bootLoader }), 0x50000000);
  assert.equal(offset({ memory: [[0x200000000, GiB]], bootLoader }), 0x40000000);
});

test('a crash kernel’s range wins', () => {
  const dts = 'chosen { linux,usable-memory-range = <0 0x48000000 0 0x4000000>; };';
  assert.equal(offset({ memory: [[0x40000000, GiB]], dts }), 0x48000000);
});

test('a kernel with a fixed offset states it', () => {
  assert.equal(offset({ symbols: { PHYS_OFFSET: 0x60000000 } }), 0x60000000);
  assert.equal(offset({ symbols: { PHYS_OFFSET: 0, ARM_PATCH_PHYS_VIRT: true } }), 0x40000000);
});
