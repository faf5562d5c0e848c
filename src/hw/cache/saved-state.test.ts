// SPDX-License-Identifier: GPL-2.0-only
/**
 * States that are saved come back, and a snapshot tells states apart by what can be observed of them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NORMAL_NC_SHARED, NORMAL_WB_SHARED, NORMAL_WBWA_SHARED } from '../mmu/memory-type.js';
import { BASE, liveMachine, PL310, tiny, VIRTUAL } from './cache-fixture.js';
import type { LiveCaches } from './live-caches.js';

const SIZE = 128;

function machine(): LiveCaches {
  const geometry = { data: tiny(), instruction: tiny(), outer: tiny() };
  const watched = [{ start: BASE, end: BASE + SIZE }];
  return liveMachine({ outer: PL310, coreCount: 2, options: { geometry, watched } }).live;
}

/** Does something that depends on `choice` only, and on the state. */
function act(live: LiveCaches, choice: number): void {
  const cpu = choice & 1;
  const at = ((choice >>> 8) % SIZE) & ~3;
  const type = choice & 2 ? NORMAL_WBWA_SHARED : NORMAL_NC_SHARED;
  switch ((choice >>> 2) % 6) {
    case 0:
      live.load(cpu, VIRTUAL + at, BASE + at, 4, type);
      break;
    case 1:
      live.store(cpu, VIRTUAL + at, BASE + at, 4, choice, type);
      break;
    case 2:
      live.innerMaintain(cpu, choice & 2 ? 'clean' : 'invalidate', VIRTUAL + at, BASE + at, 4);
      break;
    case 3:
      live.outerMaintain(choice & 2 ? 'clean' : 'invalidate', BASE + at, 4);
      break;
    case 4:
      live.barrier(cpu, choice & 2 ? 'dmb' : 'dsb');
      break;
    default: {
      const candidates = [{ cpu, vaddr: VIRTUAL + at, paddr: BASE + at, type: NORMAL_WBWA_SHARED }];
      const steps = live.possibleSteps(candidates);
      const step = steps[(choice >>> 16) % Math.max(1, steps.length)];
      if (step !== undefined) live.apply(step);
    }
  }
}

const choices = fc.array(fc.nat(0xffff_ffff), { maxLength: 40 });

test('restore brings back the state, and the same events have the same effects again', () => {
  fc.assert(
    fc.property(choices, choices, (before, after) => {
      const live = machine();
      for (const choice of before) act(live, choice);
      const saved = live.save();
      const key = live.snapshot();
      const keys = after.map(choice => {
        act(live, choice);
        return live.snapshot();
      });
      live.restore(saved);
      assert.equal(live.snapshot(), key);
      const again = after.map(choice => {
        act(live, choice);
        return live.snapshot();
      });
      assert.deepEqual(again, keys);
      live.restore(saved);
      assert.equal(live.snapshot(), key, 'a saved state can be used twice');
    }),
    { numRuns: 300 },
  );
});

test('states with equal snapshots stay equal under equal events', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3), { maxLength: 8 }), fc.nat(), choices, (lines, seed, after) => {
      const [one, two] = [machine(), machine()];
      for (const line of lines) one.load(0, VIRTUAL + 32 * line, BASE + 32 * line, 4, NORMAL_WBWA_SHARED);
      const shuffled = [...lines].sort((a, b) => ((a ^ seed) % 4) - ((b ^ seed) % 4));
      for (const line of shuffled) two.load(0, VIRTUAL + 32 * line, BASE + 32 * line, 4, NORMAL_WBWA_SHARED);
      assert.equal(one.snapshot(), two.snapshot());
      // Steps are listed in another order, so only what software does is repeated.
      for (const choice of after.filter(number => (number >>> 2) % 6 !== 5)) {
        act(one, choice);
        act(two, choice);
        assert.equal(one.snapshot(), two.snapshot());
      }
    }),
    { numRuns: 300 },
  );
});

test('waiting stores that may pass each other have no order, others do', () => {
  const after = (stores: readonly (readonly [number, number] | 'dmb')[]): string => {
    const live = machine();
    for (const store of stores) {
      if (store === 'dmb') live.barrier(0, 'dmb');
      else live.store(0, VIRTUAL + store[0], BASE + store[0], 4, store[1], NORMAL_NC_SHARED);
    }
    return live.snapshot();
  };
  assert.equal(
    after([
      [0, 1],
      [8, 2],
    ]),
    after([
      [8, 2],
      [0, 1],
    ]),
  );
  assert.notEqual(
    after([
      [0, 1],
      [0, 2],
    ]),
    after([
      [0, 2],
      [0, 1],
    ]),
  );
  assert.notEqual(after([[0, 1], 'dmb', [8, 2]]), after([[8, 2], 'dmb', [0, 1]]));
  assert.notEqual(after([[0, 1], 'dmb']), after([[0, 1]]));
  assert.equal(after(['dmb', [0, 1]]), after([[0, 1]]));
});

test('each part of the state shows in the snapshot', () => {
  const keys = [
    () => {},
    (live: LiveCaches) => live.load(0, VIRTUAL, BASE, 4, NORMAL_WBWA_SHARED),
    (live: LiveCaches) => live.load(0, VIRTUAL, BASE, 4, NORMAL_WB_SHARED),
    (live: LiveCaches) => live.load(1, VIRTUAL, BASE, 4, NORMAL_WBWA_SHARED),
    (live: LiveCaches) => live.store(0, VIRTUAL, BASE, 4, 0, NORMAL_WBWA_SHARED),
    (live: LiveCaches) => live.store(0, VIRTUAL, BASE, 4, 1, NORMAL_WBWA_SHARED),
    (live: LiveCaches) => live.fetch(0, VIRTUAL, BASE, 4, NORMAL_WBWA_SHARED),
    (live: LiveCaches) => live.store(0, VIRTUAL, BASE, 4, 1, NORMAL_NC_SHARED),
    (live: LiveCaches) => {
      live.store(0, VIRTUAL, BASE, 4, 1, NORMAL_NC_SHARED);
      live.barrier(0, 'dsb');
    },
    (live: LiveCaches) => live.deviceWrite('none', BASE, Uint8Array.of(1)),
    (live: LiveCaches) => live.innerMaintain(0, 'clean', VIRTUAL, BASE, 4),
    (live: LiveCaches) => live.innerMaintain(0, 'invalidate', VIRTUAL, BASE, 4),
    (live: LiveCaches) => live.innerMaintainAll(0, 'clean'),
    (live: LiveCaches) => live.outerMaintain('clean', BASE, 4),
  ].map(prepare => {
    const live = machine();
    prepare(live);
    return live.snapshot();
  });
  assert.equal(new Set(keys).size, keys.length);
});

test('which way goes next belongs to the state of automatic caches', () => {
  const geometry = { data: tiny({ ways: 3 }) };
  const { live } = liveMachine({ options: { geometry, automatic: true, speculation: 0 } });
  const touch = (line: number): void => {
    live.load(0, VIRTUAL + 32 * line, BASE + 32 * line, 4, NORMAL_WBWA_SHARED);
  };
  for (const line of [0, 1, 2, 3]) touch(line);
  const saved = live.save();
  for (const line of [4, 5]) touch(line);
  const key = live.snapshot();
  live.restore(saved);
  for (const line of [4, 5]) touch(line);
  assert.equal(live.snapshot(), key);
});
