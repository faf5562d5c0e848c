// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GiB, isAligned, MiB, overlapBytes, type Range } from '../../base/address.js';
import { InputError } from '../../base/diagnostics.js';
import { parseDts } from '../../devicetree/load.js';
import type { DeviceTree } from '../../devicetree/tree.js';
import { placeRegions } from './regions.js';

function treeOf(memory: readonly Range[], rest = ''): DeviceTree {
  const rows = memory.map(({ start, end }) => `<0x${start.toString(16)} 0x${(end - start).toString(16)}>`);
  const source = `/dts-v1/; ${rest.startsWith('/memreserve/') ? rest : ''} / {
    #address-cells = <1>; #size-cells = <1>;
    memory { device_type = "memory"; reg = ${rows.join(', ')}; };
    ${rest.startsWith('/memreserve/') ? '' : rest}
  };`;
  return parseDts(source, 'board.dts');
}

const ram = (start: number, size: number): Range => ({ start, end: start + size });

function errorOf(run: () => unknown): InputError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error;
  }
  return assert.fail('no error');
}

test('256 MiB: behind 9/16 of RAM, at full size', () => {
  const { base, scale, regions } = placeRegions({ tree: treeOf([ram(0x40000000, 256 * MiB)]) });
  assert.equal(base, 0x40000000);
  assert.equal(scale, 256 * MiB);
  assert.deepEqual(regions, [
    { name: 'nomap', ...ram(0x49000000, 4 * MiB) },
    { name: 'cma', ...ram(0x49800000, 16 * MiB) },
    { name: 'restricted', ...ram(0x4a800000, 8 * MiB) },
    { name: 'restricted-coherent', ...ram(0x4b000000, 4 * MiB) },
  ]);
});

test('64 MiB: scaled down, a CMA area still fits pageblocks of 8 MiB', () => {
  const { scale, regions } = placeRegions({ tree: treeOf([ram(0, 64 * MiB)]) });
  assert.equal(scale, 64 * MiB);
  assert.deepEqual(
    regions.map(({ start, end }) => end - start),
    [2 * MiB, 8 * MiB, 2 * MiB, 2 * MiB],
  );
  assert.ok(regions.at(-1)!.end <= 64 * MiB);
});

test('banks that adjoin are one, others are not', () => {
  const halves = [ram(0x80000000, 32 * MiB), ram(0x82000000, 32 * MiB)];
  assert.equal(placeRegions({ tree: treeOf(halves) }).scale, 64 * MiB);
  const apart = [ram(0x80000000, 32 * MiB), ram(0xa0000000, 512 * MiB)];
  const error = errorOf(() => placeRegions({ tree: treeOf(apart) }));
  assert.match(
    error.message,
    /^board\.dts: error \(probe-ram-small\): \/memory: 32 MiB of RAM at 0x80000000 are too little, 64 MiB/,
  );
});

test('where there is no room, the message names what is in the way', () => {
  const rest =
    'reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges; big@1000000 { reg = <0x1000000 0x3000000>; }; };';
  const error = errorOf(() => placeRegions({ tree: treeOf([ram(0, 64 * MiB)], rest) }));
  assert.equal(error.diagnostics[0]?.id, 'probe-no-room');
  assert.deepEqual(error.diagnostics[0]?.notes, ['taken: 0x1000000 to 0x4000000']);
  const twice = rest.replace('ranges;', 'ranges; other@1000000 { reg = <0x1000000 0x3000000>; };');
  const again = errorOf(() => placeRegions({ tree: treeOf([ram(0, 64 * MiB)], twice) }));
  assert.deepEqual(again.diagnostics[0]?.notes, ['taken: 0x1000000 to 0x4000000']);
});

test('reservations and the initrd are kept clear of', () => {
  const rests = [
    '/memreserve/ 0x49000000 0x1000;',
    'chosen { linux,initrd-start = <0x49000000>; linux,initrd-end = <0x49001000>; };',
    'chosen { linux,initrd-start = <0x0 0x49000000>; linux,initrd-end = <0x0 0x49001000>; };',
  ];
  for (const rest of rests) {
    const { regions } = placeRegions({ tree: treeOf([ram(0x40000000, GiB)], rest) });
    assert.equal(regions[0]?.start, 0x49200000, rest);
  }
});

test('property: regions are apart, in lowmem, aligned, and clear of everything else', () => {
  const range = fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 24 }))
    .map(([at, size]) => ram(0x40000000 + at * 2 * MiB, size * MiB));
  fc.assert(
    fc.property(fc.integer({ min: 64, max: 1024 }), fc.array(range, { maxLength: 6 }), (sizeMiB, avoid) => {
      const bank = ram(0x40000000, sizeMiB * MiB);
      let placed: ReturnType<typeof placeRegions>;
      try {
        placed = placeRegions({ tree: treeOf([bank]) }, avoid);
      } catch (error) {
        assert.ok(error instanceof InputError && error.diagnostics[0]?.id === 'probe-no-room');
        return;
      }
      const { regions } = placed;
      assert.equal(regions.length, 4);
      for (const [index, region] of regions.entries()) {
        assert.ok(region.start >= bank.start && region.end <= Math.min(bank.end, bank.start + 512 * MiB));
        const align = region.name === 'cma' ? 8 * MiB : 2 * MiB;
        assert.ok(isAligned(region.start, align) && isAligned(region.end, align));
        for (const other of [...avoid, ...regions.slice(index + 1)]) {
          assert.equal(overlapBytes(region, other), 0);
        }
      }
    }),
  );
});
