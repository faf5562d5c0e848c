// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GiB, MiB } from '../../../base/address.js';
import {
  bootedWithoutPaging,
  type DiscoveryOptions,
  discovered,
  logText,
} from '../../arch/arm/kernel/discovery-fixture.js';

const ONE_GIB = [[0x40000000, GiB]] as const;

/** '/reserved-memory' with these children, on a board with 1 GiB. */
function reserved(children: string, more: DiscoveryOptions = {}): DiscoveryOptions {
  const dts = `reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; ${children} };`;
  return { memory: ONE_GIB, dts, ...more };
}

function regions(options: DiscoveryOptions): [string, number, number, string | null][] {
  return bootedWithoutPaging(options).reserved.regions.map(({ name, base, size, ops }) => [
    name,
    base,
    size,
    ops,
  ]);
}

test('a no-map region with an address leaves the map and is not reserved', () => {
  const k = discovered(reserved('dsp@58000000 { no-map; reg = <0 0x58000000 0 0x400000>; };'));
  assert.equal(k.memblock.memblock_is_map_memory(0x58000000), false);
  assert.equal(k.memblock.memblock_is_memory(0x58000000), true);
  assert.equal(k.memblock.memblock_is_reserved(0x58000000), false);
});

test('a no-map region over memory in use fails and stays mapped', () => {
  for (const version of ['6.12', '6.1'] as const) {
    const k = discovered(reserved('dsp@40400000 { no-map; reg = <0 0x40400000 0 0x400000>; };', { version }));
    assert.equal(k.memblock.memblock_is_map_memory(0x40400000), true);
    assert.match(logText(k), /failed to reserve memory for node 'dsp@40400000': base 0x40400000, size 4 MiB/);
  }
});

test('a dynamic region goes to the top of memory, highmem included', () => {
  const dts =
    'dsp { compatible = "shared-dma-pool"; no-map; size = <0 0x400000>; alignment = <0 0x100000>; };';
  for (const version of ['6.12', '6.1'] as const) {
    const k = bootedWithoutPaging(reserved(dts, { version }));
    assert.deepEqual(regions(reserved(dts, { version })), [['dsp', 0x7fc00000, 4 * MiB, 'coherent']]);
    assert.equal(k.memblock.memblock_is_map_memory(0x7fc00000), false);
    assert.equal(k.memblock.memblock_is_reserved(0x7fc00000), true);
  }
});

test('reg beats size; a disabled node is skipped', () => {
  const k = discovered(
    reserved(`a@50000000 { reg = <0 0x50000000 0 0x100000>; size = <0 0x800000>; };
      b@51000000 { reg = <0 0x51000000 0 0x100000>; status = "disabled"; };`),
  );
  assert.ok(k.memblock.memblock_is_reserved(0x50000000));
  assert.equal(k.memblock.memblock_is_reserved(0x50100000), false);
  assert.equal(k.memblock.memblock_is_reserved(0x51000000), false);
});

test('a pool that is neither reusable nor no-map is given back', () => {
  for (const version of ['6.12', '6.1'] as const) {
    const dts = 'dsp@58000000 { compatible = "shared-dma-pool"; reg = <0 0x58000000 0 0x400000>; };';
    const k = bootedWithoutPaging(reserved(dts, { version }));
    assert.match(logText(k), /regions without no-map are not yet supported/);
    assert.match(logText(k), /node dsp@58000000 compatible matching fail/);
    assert.equal(k.memblock.memblock_is_reserved(0x58000000), false);
  }
});

test('an area that is not aligned to page blocks is given back', () => {
  const dts = 'vid@50080000 { compatible = "shared-dma-pool"; reusable; reg = <0 0x50080000 0 0x800000>; };';
  const k = bootedWithoutPaging(reserved(dts));
  assert.match(logText(k), /incorrect alignment of CMA region/);
  assert.equal(k.memblock.memblock_is_reserved(0x50080000), false);
});

test('a region that is given back together with what else lies in it is refused', () => {
  const pool = (reg: string) => `pool@0 { compatible = "shared-dma-pool"; reg = <${reg}>; };`;
  const initrd = 'chosen { linux,initrd-start = <0x48000000>; linux,initrd-end = <0x48100000>; };';
  for (const version of ['6.12', '6.1'] as const) {
    const boot = (reg: string, more: DiscoveryOptions = {}) => {
      const options = reserved(pool(reg), { version, ...more });
      return bootedWithoutPaging({ ...options, dts: `${options.dts} ${initrd}` });
    };
    // The table in front of the image, and its last page.
    for (const base of ['0x40207000', '0x41607000']) {
      assert.throws(
        () => boot(`0 ${base} 0 0x1000`),
        /test.dts:\d+:\d+: error \(kernel-panic\): \/reserved-memory\/pool@0: .*which holds the kernel itself\n/,
      );
    }
    // Beside it, and in what is free between the table and the image.
    boot('0 0x41608000 0 0x1000');
    boot('0 0x40208000 0 0xf8000');
    assert.throws(() => boot('0 0x480ff000 0 0x1000'), /kernel-panic.*holds the initrd/s);
    boot('0 0x48100000 0 0x1000');
    const tree = { bootLoader: { treeAddress: 0x4c000000 } };
    assert.throws(() => boot('0 0x4c000000 0 0x1000', tree), /kernel-panic.*holds the device tree/s);
  }
});

test('a pool whose address the kernel cuts to 32 bits is refused', () => {
  const dts =
    'vram@18000000 { compatible = "shared-dma-pool"; no-map; reg = <0x1000000 0x18000000 0 0x10000>; };';
  for (const version of ['6.12', '6.1'] as const) {
    assert.throws(
      () => bootedWithoutPaging(reserved(dts, { version })),
      /\(area-not-memory\): \/reserved-memory\/vram@18000000: the pool 0x18000000-0x18010000/,
    );
  }
});

const DEFAULT_AREA = `cma@50000000 { compatible = "shared-dma-pool"; reusable; linux,cma-default;
  reg = <0 0x50000000 0 0x2000000>; };`;

test('a default area with an address comes too late in 6.12: there are two', () => {
  const names = (version: '6.12' | '6.1') => {
    const k = bootedWithoutPaging(reserved(DEFAULT_AREA, { version }));
    return [k.cma.areas.map(area => area.name), k.cma.dma_contiguous_default_area?.name];
  };
  assert.deepEqual(names('6.12'), [['reserved', 'cma@50000000'], 'cma@50000000']);
  assert.deepEqual(names('6.1'), [['cma@50000000'], 'cma@50000000']);
});

test('a dynamic default area is the only one in both', () => {
  const dts = `linux,cma { compatible = "shared-dma-pool"; reusable; linux,cma-default;
    size = <0 0x4000000>; alignment = <0 0x400000>; };`;
  for (const version of ['6.12', '6.1'] as const) {
    const k = bootedWithoutPaging(reserved(dts, { version }));
    assert.deepEqual(
      k.cma.areas.map(area => [area.name, area.base]),
      [['linux,cma', 0x7c000000]],
    );
  }
});

test('cma=0 makes the tree’s default area be bypassed', () => {
  for (const version of ['6.12', '6.1'] as const) {
    const k = bootedWithoutPaging(reserved(DEFAULT_AREA, { version, cmdline: 'cma=0' }));
    assert.equal(k.cma.dma_contiguous_default_area, null);
    assert.match(logText(k), /bypass cma@50000000 node, using cmdline CMA params instead/);
    assert.equal(k.memblock.memblock_is_reserved(0x50000000), false);
  }
});

test('the direct map of reusable pools is noted for remapping, for every tuple in 6.12', () => {
  const dts = `vid@50000000 { compatible = "shared-dma-pool"; reusable;
    reg = <0 0x50000000 0 0x800000>, <0 0x52000000 0 0x400000>; };`;
  const early = (version: '6.12' | '6.1') =>
    discovered(reserved(dts, { version, symbols: { CMA_SIZE_MBYTES: 0 } })).cma.early.map(({ base }) => base);
  assert.deepEqual(early('6.12'), [0x50000000, 0x52000000]);
  assert.deepEqual(early('6.1'), [0x50000000]);
});

test('overlapping regions are reported and nothing more', () => {
  const dts = `a@50000000 { reg = <0 0x50000000 0 0x200000>; };
    b@50100000 { reg = <0 0x50100000 0 0x200000>; };`;
  const k = bootedWithoutPaging(reserved(dts));
  assert.match(
    logText(k),
    /OVERLAP DETECTED!\na@50000000 \(0x50000000--0x50200000\) overlaps with b@50100000 \(0x50100000--0x50300000\)/,
  );
  assert.equal(k.reserved.regions.length, 2);
});

test('6.12 continues where a known dynamic region ends, 6.1 starts from the top', () => {
  const dts = `a { size = <0 0x100000>; alloc-ranges = <0 0x50000000 0 0x100000>; };
    b { size = <0 0x100000>; alloc-ranges = <0 0x50100000 0 0x1000000>; };`;
  const bases = (version: '6.12' | '6.1') =>
    regions(reserved(dts, { version }))
      .map(([name, base]) => ({ name, base }))
      .sort((a, b) => a.name.localeCompare(b.name));
  assert.deepEqual(bases('6.12'), [
    { name: 'a', base: 0x50000000 },
    { name: 'b', base: 0x50100000 },
  ]);
  assert.deepEqual(bases('6.1'), [
    { name: 'a', base: 0x50000000 },
    { name: 'b', base: 0x51000000 },
  ]);
});

test('alloc-ranges are tried in order; none fits: the node is skipped', () => {
  const size = 'size = <0 0x1000000>';
  const fits = `a { ${size}; alloc-ranges = <0 0x40000000 0 0x100000>, <0 0x60000000 0 0x2000000>; };`;
  assert.deepEqual(regions(reserved(fits)), [['a', 0x61000000, 16 * MiB, null]]);
  const none = reserved(`a { ${size}; alloc-ranges = <0 0x20000000 0 0x1000000>; };`);
  assert.match(logText(discovered(none)), /failed to allocate memory for node 'a': size 16 MiB/);
});

test('a node in another format than the root’s is ignored', () => {
  const dts =
    'reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges; a@50000000 { reg = <0x50000000 0x100000>; }; };';
  const k = bootedWithoutPaging({ memory: ONE_GIB, dts });
  assert.match(logText(k), /unsupported node format, ignoring/);
  assert.equal(k.memblock.memblock_is_reserved(0x50000000), false);
});

test('the reservation block counts before /reserved-memory in 6.1 and after it in 6.12', () => {
  const options = (version: '6.12' | '6.1') =>
    reserved('dsp@58000000 { no-map; reg = <0 0x58000000 0 0x400000>; };', {
      version,
      header: '/memreserve/ 0x58000000 0x1000;',
    });
  assert.equal(discovered(options('6.1')).memblock.memblock_is_map_memory(0x58000000), true);
  assert.equal(discovered(options('6.12')).memblock.memblock_is_map_memory(0x58000000), false);
});
