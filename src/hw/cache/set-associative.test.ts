// SPDX-License-Identifier: GPL-2.0-only
/**
 * One cache by itself: where lines go, how they are found, who makes room.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GiB } from '../../base/address.js';
import { Random } from '../../base/random.js';
import type { CacheIndexing } from '../facts.js';
import { tiny } from './cache-fixture.js';
import { type Replacement, Victims } from './replacement.js';
import { INVALID, SetAssociative } from './set-associative.js';

function cacheOf(
  sets: number,
  ways: number,
  indexing: CacheIndexing = 'PIPT',
  policy: Replacement = 'round-robin',
): SetAssociative {
  const victims = new Victims(policy, sets, ways, new Random(1));
  return new SetAssociative('test', tiny({ sets, ways }), indexing, victims);
}

function fill(cache: SetAssociative, vaddr: number, paddr: number): number {
  const slot = cache.victim(vaddr, paddr);
  cache.take(slot, vaddr, paddr, 0);
  return slot;
}

test('what is found is what a plain map of lines would have', () => {
  const operation = fc.tuple(fc.boolean(), fc.nat(40));
  const policy = fc.constantFrom<Replacement[]>('round-robin', 'pseudo-random', 'lowest-address');
  fc.assert(
    fc.property(
      fc.constantFrom(1, 2, 8),
      fc.integer({ min: 1, max: 5 }),
      policy,
      fc.array(operation),
      (...all) => {
        const [sets, ways, replacement, operations] = all;
        const cache = cacheOf(sets, ways, 'PIPT', replacement);
        const bySlot = new Map<number, number>();
        for (const [drop, number] of operations) {
          // Above 4 GiB, so that cutting an address to 32 bits would show.
          const paddr = 16 * GiB + 32 * number + (number % 2 ? 8 * GiB : 0);
          const slot = cache.find(0, paddr + 5);
          assert.equal(bySlot.get(slot), slot < 0 ? undefined : paddr);
          assert.equal([...bySlot.values()].includes(paddr), slot >= 0);
          if (slot >= 0 && drop) {
            cache.drop(slot);
            bySlot.delete(slot);
          } else if (slot < 0) {
            bySlot.set(fill(cache, 0, paddr + 7), paddr);
          }
          assert.equal(cache.countValid(), bySlot.size);
        }
      },
    ),
  );
});

test('round-robin takes ways in turn, only when none is free', () => {
  const cache = cacheOf(1, 3);
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6].map(line => fill(cache, 0, 32 * line)),
    [0, 1, 2, 0, 1, 2, 0],
  );
  cache.drop(2);
  assert.equal(fill(cache, 0, 0x1000), 2);
});

test('a physical line is found under every address that it was filled through', () => {
  for (const indexing of ['VIVT', 'VIPT-aliasing'] as const) {
    const cache = cacheOf(4, 2, indexing);
    const slots = [fill(cache, 0x20, 0x8000), fill(cache, 0x40, 0x8000), fill(cache, 0x60, 0x9000)];
    assert.equal(cache.find(0x20, 0x8000), slots[0]);
    assert.equal(cache.find(0x40, 0x8000), slots[1]);
    assert.equal(cache.find(0, 0x8000), -1);
    const first = cache.findPhysical(0x8004);
    const second = cache.findPhysical(0x8004, first);
    assert.deepEqual([first, second].sort(), [slots[0], slots[1]].sort());
    assert.equal(cache.findPhysical(0x8004, second), -1);
  }
  const physical = cacheOf(4, 2);
  const slot = fill(physical, 0, 0x8000);
  assert.equal(physical.findPhysical(0x8010), slot);
  assert.equal(physical.findPhysical(0x8010, slot), -1);
});

test('a virtually tagged cache does not ask where an address leads', () => {
  const cache = cacheOf(4, 2, 'VIVT');
  const slot = fill(cache, 0xc000_0000, 0x8000_0000);
  assert.equal(cache.find(0xc000_0010, 0x9000_0000), slot);
  assert.equal(cache.find(0xd000_0000, 0x8000_0000), -1);
  assert.equal(cache.paddrs[slot], 0x8000_0000);
});

test('the storage is the state: copied back, lines are there again', () => {
  const cache = cacheOf(2, 2);
  const slot = fill(cache, 0, 0x40);
  cache.store(slot, 4, 4, 0xdead_beef);
  const saved = cache.storage.slice(0);
  cache.drop(slot);
  fill(cache, 0, 0x80);
  new Uint8Array(cache.storage).set(new Uint8Array(saved));
  assert.equal(cache.load(cache.find(0, 0x40), 4, 4), 0xdead_beef);
  assert.equal(cache.find(0, 0x80), -1);
  assert.equal(cache.states.filter(state => state !== INVALID).length, 1);
});
