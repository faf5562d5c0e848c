// SPDX-License-Identifier: GPL-2.0-only
/**
 * Every core of the table has caches that fit its facts; what a board states wins.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KiB } from '../../base/address.js';
import { knownCores } from '../cores.js';
import { factsOf, PL310 } from './cache-fixture.js';
import { type CacheShape, divide, geometryOf, geometrySources } from './geometry.js';

function bytesOf(shape: CacheShape | null): number {
  return shape === null ? 0 : shape.sets * shape.ways * shape.lineBytes;
}

test('every known core has the caches that its facts tell of', () => {
  for (const { facts } of knownCores()) {
    const { data, l2, outer } = geometryOf(factsOf({ core: facts.name }));
    assert.equal(data === null, facts.cache === 'none', facts.name);
    assert.equal(l2 !== null, facts.integratedL2, facts.name);
    assert.equal(outer, null);
    if (data === null) continue;
    assert.equal(data.lineBytes, facts.lineBytes, facts.name);
    assert.ok(Number.isInteger(Math.log2(data.sets)), facts.name);
    assert.ok(l2 === null || l2.lineBytes >= data.lineBytes, facts.name);
  }
  for (const { name, sources } of geometrySources())
    assert.match(sources, /DDI|Arm|Intel|proc-|cache-|Model/, name);
});

test('some cores as their manuals have them', () => {
  const a9 = geometryOf(factsOf({ core: 'Cortex-A9', outer: PL310 }));
  assert.deepEqual(a9.data, {
    sets: 256,
    ways: 4,
    lineBytes: 32,
    replacement: 'pseudo-random',
    writeThrough: false,
  });
  assert.deepEqual(a9.outer, {
    sets: 2048,
    ways: 8,
    lineBytes: 32,
    replacement: 'round-robin',
    writeThrough: false,
  });
  const a72 = geometryOf(factsOf({ core: 'Cortex-A72' }));
  assert.deepEqual(
    [a72.instruction!.ways, a72.instruction!.sets, bytesOf(a72.instruction)],
    [3, 256, 48 * KiB],
  );
  const arm920 = geometryOf(factsOf({ core: 'ARM920T' }));
  assert.deepEqual([arm920.data!.sets, arm920.data!.ways], [8, 64]);
  const arm720 = geometryOf(factsOf({ core: 'ARM720T' }));
  assert.equal(arm720.instruction, null);
  assert.equal(arm720.data!.writeThrough, true);
});

test('stated sizes win where a cache can have them', () => {
  const facts = factsOf({ core: 'Cortex-A7' });
  const stated = geometryOf({
    ...facts,
    dataCacheBytes: 16 * KiB,
    instructionCacheBytes: 8 * KiB,
    l2Bytes: 128 * KiB,
  });
  assert.equal(bytesOf(stated.data), 16 * KiB);
  assert.equal(bytesOf(stated.instruction), 8 * KiB);
  assert.equal(bytesOf(stated.l2), 128 * KiB);
  assert.equal(geometryOf({ ...facts, dataCacheWays: 8 }).data!.ways, 8);
  assert.deepEqual(geometryOf({ ...facts, dataCacheBytes: 12345 }).data, geometryOf(facts).data);
});

test('an ARM11 that shows aliases has ways larger than a page', () => {
  const { data } = geometryOf(factsOf({ core: 'ARM1136JF-S', indexing: 'VIPT-aliasing' }));
  assert.ok(data!.sets * data!.lineBytes > 4 * KiB);
  const plain = geometryOf(factsOf({ core: 'ARM1136JF-S' })).data!;
  assert.ok(plain.sets * plain.lineBytes <= 4 * KiB);
});

test('the size of a PL310 comes from the tree, from its control register, or from the table', () => {
  const outer = (more: object): number[] => {
    const { outer } = geometryOf(factsOf({ outer: { ...PL310, ...more } }));
    return [bytesOf(outer), outer!.ways];
  };
  assert.deepEqual(outer({}), [512 * KiB, 8]);
  assert.deepEqual(outer({ auxiliaryControl: 0x0247_0000 }), [1024 * KiB, 16]);
  assert.deepEqual(outer({ auxiliaryControl: 0x0247_0000, sizeBytes: 256 * KiB, ways: 8 }), [256 * KiB, 8]);
  const uniphier = { model: 'UniPhier', lineBytes: 128, sizeBytes: 768 * KiB, ways: 24 } as const;
  assert.deepEqual(outer(uniphier), [768 * KiB, 24]);
});

test('an outer cache that follows the cores stands in place of an L2', () => {
  const outer = { ...PL310, model: 'Aurora', needsMaintenance: false, writeThrough: true } as const;
  const geometry = geometryOf(factsOf({ core: 'PJ4B', outer }));
  assert.equal(geometry.outer, null);
  assert.equal(geometry.l2!.writeThrough, true);
});

test('a size is divided into the next number of ways that leaves a power of two of sets', () => {
  assert.deepEqual(divide(1280 * KiB, 128, 8), { sets: 1024, ways: 10 });
  assert.equal(divide(0, 32, 4), null);
  assert.equal(divide(67 * 4096, 32, 1), null);
});
