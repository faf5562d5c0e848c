// SPDX-License-Identifier: GPL-2.0-only
/** The size of the unpacked tree, counted by hand, and the records of its aliases. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDts } from '../../../devicetree/load.js';
import { discovered, discoveryKernel } from '../../arch/arm/kernel/discovery-fixture.js';
import type { KernelVersion } from '../../config.js';
import { unflatten_device_tree, unflattenedBytes } from './unflatten.js';

function bytesOf(source: string, version: KernelVersion, OF_KOBJ: boolean): number {
  const tree = parseDts(`/dts-v1/; / { ${source} };`, 'test.dts');
  return unflattenedBytes(tree, discoveryKernel({ version, symbols: { OF_KOBJ } }).config);
}

test('nodes with their names, properties, and a property for each name', () => {
  const source = 'a = <1>; n@1 { };';
  // Root 108 + 1; 'a' 48; "name" 48 + 1; child 108 + 4; "name" 48 + 2; each from a word on.
  assert.equal(bytesOf(source, '6.1', true), 376);
  // Three properties that are a word longer.
  assert.equal(bytesOf(source, '6.12', true), 376 + 3 * 4);
  // 36 bytes less for each of two nodes and 32 for each of three properties.
  assert.equal(bytesOf(source, '6.1', false), 376 - 2 * 36 - 3 * 32);
});

test('without kobjects disabled nodes are left out, with them they are there', () => {
  const [enabled, disabled] = ['x { };', 'x { }; y { status = "disabled"; };'];
  assert.equal(bytesOf(disabled, '6.12', false), bytesOf(enabled, '6.12', false));
  assert.ok(bytesOf(disabled, '6.12', true) > bytesOf(enabled, '6.12', true));
});

test('a seed is taken out of /chosen before the tree is unpacked', () => {
  const seed = 'rng-seed = <1 2>;';
  assert.equal(bytesOf(`chosen { ${seed} };`, '6.1', true), bytesOf('chosen { };', '6.1', true));
  assert.equal(bytesOf(`other { ${seed} };`, '6.1', true), bytesOf('other { };', '6.1', true) + 48);
});

test('an alias that ends in a number and leads to a node has a record', () => {
  const takenWith = (aliases: string): number => {
    const k = discovered({ dts: `uart@1 { }; aliases { ${aliases} };`, symbols: { OF_KOBJ: true } });
    const reserved = (): number => k.memblock.reserved.reduce((sum, { start, end }) => sum + end - start, 0);
    const before = reserved();
    unflatten_device_tree(k);
    return reserved() - before - unflattenedBytes(k.board.tree, k.config) - 4;
  };
  assert.equal(takenWith('serial0 = "/uart@1";'), 20 + 'serial'.length + 1);
  assert.equal(takenWith('serial = "/uart@1";'), 0);
  assert.equal(takenWith('serial1 = "/nowhere";'), 0);
  assert.equal(takenWith('serial0 = "/uart@1:115200n8";'), 20 + 'serial'.length + 1);
  // As in omap3-n900.dts of Linux; and a list, of which the first counts, and a string that nothing ends.
  assert.equal(takenWith('i2c0; i2c1 = "";'), 0);
  assert.equal(takenWith('a0 = "/nowhere", "/uart@1"; a1 = "/uart@1", "/nowhere";'), 20 + 'a'.length + 1);
  assert.equal(takenWith('a0 = [2f 75 61 72 74 40 31];'), 20 + 'a'.length + 1);
});
