// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootTestKernel, probeDevice } from '../../tests/support/test-kernel.js';
import { MiB } from '../base/address.js';
import { directMapping, isUnreachable } from './buffer-facts.js';

test('the direct map has a view of lowmem and of nothing else', () => {
  const pool = 'pool: pool@4a000000 { reg = <0x4a000000 0x400000>; no-map; };';
  const k = bootTestKernel({ design: 'legacy', reserved: pool });
  assert.equal(directMapping(k, 0x44000000)?.place, 'direct map');
  assert.equal(directMapping(k, 0x4a000000), undefined, 'a hole');
  assert.equal(directMapping(k, 0x40000000 - MiB), undefined, 'memory below');
  assert.equal(directMapping(k, 0x40000000 + 512 * MiB), undefined, 'memory above');
});

test('without HIGHMEM, too, an address behind lowmem is not taken for one of vmalloc space', () => {
  const k = bootTestKernel({ design: 'step1', symbols: { HIGHMEM: undefined } });
  for (let paddr = 0x40000000 + 256 * MiB; paddr < 0x78000000; paddr += 64 * 1024)
    assert.equal(directMapping(k, paddr), undefined);
});

test('a handle counts as the bus sees it: offset by the ranges, limited by mask and ranges', () => {
  const nodes = `bus { #address-cells = <1>; #size-cells = <1>; ranges;
    dma-ranges = <0x0 0x40000000 0x10000000>; dev { }; };`;
  const k = bootTestKernel({ design: 'legacy', nodes });
  const dev = probeDevice(k, '/bus/dev');
  assert.equal(isUnreachable(k, dev, 0x0ffff000, [{ offset: 0, paddr: 0x4ffff000, size: 0x1000 }]), false);
  assert.equal(isUnreachable(k, dev, 0x0ffff000, [{ offset: 0, paddr: 0x4ffff000, size: 0x2000 }]), true);
  assert.equal(
    isUnreachable(k, dev, 2 ** 32 - 1, [{ offset: 0, paddr: 0x40000000, size: 0x1000 }]),
    true,
    'DMA_MAPPING_ERROR',
  );
});

test('the true bus map of the hardware file goes before what the tree says', () => {
  // The tree has an offset that the bus does not have, as Integrator/AP's display once did.
  const nodes = `bus { #address-cells = <1>; #size-cells = <1>; ranges;
    dma-ranges = <0x0 0x40000000 0x10000000>; dev { }; };`;
  const window = { node: '/bus', dmaStart: 0x40000000, cpuStart: 0x40000000, size: 0x10000000 };
  const k = bootTestKernel({ design: 'legacy', nodes });
  const board = { ...k.board, hardware: { busWindows: { value: [window], source: 'test' } } };
  const real = { ...k, board } as unknown as typeof k;
  const dev = probeDevice(k, '/bus/dev');
  assert.equal(
    isUnreachable(k, dev, 0x1000, [{ offset: 0, paddr: 0x40001000, size: 0x1000 }]),
    false,
    'as the tree says',
  );
  assert.equal(
    isUnreachable(real, dev, 0x1000, [{ offset: 0, paddr: 0x40001000, size: 0x1000 }]),
    true,
    'as it is',
  );
});
