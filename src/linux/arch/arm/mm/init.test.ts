// SPDX-License-Identifier: GPL-2.0-only
/** What boot gives back: the page map of holes, the initrd, the init sections. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiB } from '../../../../base/address.js';
import type { Kernel } from '../../../kernel.js';
import { bootedWithoutPaging, type DiscoveryOptions } from '../kernel/discovery-fixture.js';
import { free_initmem, free_initrd_mem } from './init.js';

const INITRD = 'chosen { linux,initrd-start = <0 0x44000800>; linux,initrd-end = <0 0x44101801>; };';

/** Pages that `step` adds to those that the page allocator manages, all of them free. */
function gained(options: DiscoveryOptions, step: (k: Kernel) => void): number {
  const k = bootedWithoutPaging(options);
  const before = { total: k.pages.totalram_pages, free: k.pages.free_pages };
  step(k);
  const pages = k.pages.totalram_pages - before.total;
  assert.equal(k.pages.free_pages - before.free, pages);
  return pages;
}

test('the init sections become free memory, once', () => {
  // 0x1200000 to 0x1400000 of the image.
  assert.equal(gained({}, free_initmem), 512);
  const twice = (k: Kernel) => {
    free_initmem(k);
    free_initmem(k);
  };
  assert.equal(gained({}, twice), 512);
});

test('the initrd becomes free memory by whole pages, unless it is to be kept', () => {
  assert.equal(gained({ dts: INITRD }, free_initrd_mem), 0x102);
  assert.equal(gained({}, free_initrd_mem), 0);
  assert.equal(gained({ dts: INITRD, cmdline: 'keepinitrd' }, free_initrd_mem), 0);
  assert.equal(gained({ dts: INITRD, cmdline: 'retain_initrd' }, free_initrd_mem), 0);
});

test('a contiguous area that was laid over the initrd keeps its pages', () => {
  const area = 'pool { compatible = "shared-dma-pool"; reusable; reg = <0 0x44000000 0 0x800000>; };';
  const dts = `${INITRD} reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; ${area} };`;
  assert.equal(gained({ dts }, free_initrd_mem), 0);
});

test('the page map of a hole between banks is memory again', () => {
  const managed = (memory: DiscoveryOptions['memory']) =>
    bootedWithoutPaging({ ...(memory && { memory }) }).pages.totalram_pages;
  const whole = managed([[0x40000000, 512 * MiB]]);
  const split = managed([
    [0x40000000, 256 * MiB],
    [0x60000000, 256 * MiB],
  ]);
  // The 65536 entries of the hole are 512 pages: all are given back.
  assert.equal(whole - split, 0);
  const close = managed([
    [0x40000000, 256 * MiB],
    [0x50200000, 256 * MiB],
  ]);
  // The map is longer by a page block, and a hole within a page block keeps its part of it.
  assert.equal(whole - close, 8);
});
