// SPDX-License-Identifier: GPL-2.0-only
/**
 * The list of what the hardware may do next: nothing missing, nothing that may not happen.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MemoryType, NORMAL_NC, NORMAL_NC_SHARED, NORMAL_WBWA } from '../mmu/memory-type.js';
import { BASE, liveMachine, type Parts, PL310, tiny, VIRTUAL } from './cache-fixture.js';
import type { Candidate, LiveCaches } from './live-caches.js';

const geometry = { data: tiny(), instruction: tiny(), outer: tiny() };

function texts(live: LiveCaches, candidates: readonly Candidate[] = []): string[] {
  return live.possibleSteps(candidates).map(({ kind, text }) => `${kind}: ${text}`);
}

function candidate(cpu = 0, type: MemoryType = NORMAL_WBWA): Candidate {
  return { cpu, vaddr: VIRTUAL + 4, paddr: BASE + 4, type };
}

test('a clean line vanishes; a dirty one that the level below lacks goes there or past it', () => {
  const { live, ram } = liveMachine({ outer: PL310, options: { geometry } });
  live.store(0, VIRTUAL, BASE, 4, 7, NORMAL_WBWA);
  assert.deepEqual(texts(live), [
    'evict: the data cache of CPU 0 evicts the dirty line 0x80000000',
    'evict: the outer cache evicts the clean line 0x80000000',
  ]);
  live.apply(live.possibleSteps([])[1]!);
  assert.deepEqual(texts(live), [
    'evict: the data cache of CPU 0 evicts the dirty line 0x80000000, into the outer cache',
    'evict: the data cache of CPU 0 evicts the dirty line 0x80000000, into memory',
  ]);
  const saved = live.save();
  const [outer, memory] = live.possibleSteps([]);
  live.apply(memory!);
  assert.equal(ram.read32(BASE), 7);
  assert.deepEqual(texts(live), []);
  ram.write32(BASE, 0);
  live.restore(saved);
  live.apply(outer!);
  assert.equal(ram.read32(BASE), 0);
  assert.deepEqual(texts(live), ['evict: the outer cache evicts the dirty line 0x80000000']);
});

test('with an integrated L2 a line has as many ways to go as there are levels', () => {
  const parts: Parts = {
    core: 'Cortex-A15',
    options: { geometry: { ...geometry, l2: tiny({ lineBytes: 64 }) } },
  };
  const { live, ram } = liveMachine({ ...parts, outer: PL310 });
  live.store(0, VIRTUAL, BASE, 4, 7, NORMAL_WBWA);
  for (const name of ['the L2', 'the outer cache', 'the outer cache']) {
    const steps = live.possibleSteps([]);
    live.apply(steps.find(step => step.text.startsWith(`${name} evicts`))!);
  }
  assert.deepEqual(texts(live), [
    'evict: the data cache of CPU 0 evicts the dirty line 0x80000000, into the L2',
    'evict: the data cache of CPU 0 evicts the dirty line 0x80000000, into the outer cache',
    'evict: the data cache of CPU 0 evicts the dirty line 0x80000000, into memory',
  ]);
  const saved = live.save();
  const holders = [0, 1, 2].map(index => {
    live.restore(saved);
    live.apply(live.possibleSteps([])[index]!);
    return [live.inner.l2!.countValid(), live.below.cache!.countValid(), ram.read32(BASE)];
  });
  assert.deepEqual(holders[1], [0, 1, 0]);
  assert.deepEqual(holders[2], [0, 0, 7]);
  assert.equal(holders[0]![0], 1);
});

test('a core that speculates may fill what it has not, through cacheable mappings only', () => {
  const { live } = liveMachine({ coreCount: 2, options: { geometry } });
  assert.deepEqual(texts(live, [candidate(1)]), [
    'fill: the data cache of CPU 1 fills line 0x80000000 through 0xc0000004',
  ]);
  assert.deepEqual(texts(live, [candidate(1, NORMAL_NC)]), []);
  live.apply(live.possibleSteps([candidate(1)])[0]!);
  assert.deepEqual(texts(live, [candidate(1)]), [
    'evict: the data cache of CPU 1 evicts the clean line 0x80000000',
  ]);
  const old = liveMachine({ core: 'ARM926EJ-S', options: { geometry } });
  assert.deepEqual(texts(old.live, [candidate()]), []);
});

test('stores leave in any order but past a DMB or an overlapping one', () => {
  const { live, ram } = liveMachine({ outer: PL310, options: { geometry } });
  const store = (at: number): void => live.store(0, VIRTUAL + at, BASE + at, 4, at + 1, NORMAL_NC_SHARED);
  store(0);
  store(2);
  store(8);
  live.barrier(0, 'dmb');
  store(16);
  const leave = (at: string): string =>
    `drain: the write buffer of CPU 0 lets the store of 4 bytes at ${at} go`;
  assert.deepEqual(texts(live), [leave('0x80000000'), leave('0x80000008')]);
  for (let left = 4; left > 0; left--) live.apply(live.possibleSteps([])[0]!);
  assert.equal(ram.read32(BASE), 0);
  assert.deepEqual(texts(live), [
    'drain: the store buffer lets the store of 4 bytes at 0x80000000 go',
    'drain: the store buffer lets the store of 4 bytes at 0x80000008 go',
  ]);
  while (live.possibleSteps([]).length > 0) live.apply(live.possibleSteps([])[0]!);
  assert.deepEqual([ram.read16(BASE), ram.read16(BASE + 2), ram.read16(BASE + 16)], [1, 3, 17]);
});

test('queued operations are done in any order, on one line in theirs', () => {
  const { live } = liveMachine({ outer: PL310, options: { geometry } });
  live.innerMaintain(0, 'clean', VIRTUAL, BASE, 64);
  live.innerMaintain(0, 'invalidate', VIRTUAL, BASE, 4);
  live.outerMaintainAll('clean-invalidate');
  live.outerMaintain('clean', BASE, 4);
  assert.deepEqual(texts(live), [
    'maintain: clean of line 0x80000000 is done for CPU 0',
    'maintain: clean of line 0x80000020 is done for CPU 0',
    'maintain: clean-invalidate of everything is done in the outer cache',
  ]);
});

test('a clean that the outer cache misses allocates there or not', () => {
  const { live, ram } = liveMachine({ outer: PL310, options: { geometry } });
  live.store(0, VIRTUAL, BASE, 4, 7, NORMAL_WBWA);
  live.apply(live.possibleSteps([]).find(step => step.text.startsWith('the outer cache'))!);
  live.innerMaintain(0, 'clean', VIRTUAL, BASE, 4);
  const steps = live.possibleSteps([]).filter(({ kind }) => kind === 'maintain');
  assert.deepEqual(
    steps.map(({ text }) => text),
    [
      'clean of line 0x80000000 is done for CPU 0, into the outer cache',
      'clean of line 0x80000000 is done for CPU 0, into memory',
    ],
  );
  live.apply(steps[1]!);
  assert.equal(ram.read32(BASE), 7);
});

test('automatic caches show by themselves what may happen, the same for the same seed', () => {
  const seen = (seed: number): string => {
    const { live } = liveMachine({ options: { geometry, automatic: true, speculation: 0.5, seed } });
    const words: number[] = [];
    for (let i = 0; i < 200; i++) {
      const at = 4 * (i % 16);
      live.store(0, VIRTUAL + at, BASE + at, 4, i + 1, NORMAL_WBWA);
      words.push(live.deviceRead('none', BASE, 1)[0]!);
    }
    return words.join(' ');
  };
  assert.equal(seen(5), seen(5));
  assert.notEqual(seen(5), seen(6));
  assert.ok(new Set(seen(5).split(' ')).size > 2, 'lines are evicted now and then');
});

test('automatic caches refill a line that the program no longer asks for', () => {
  const { live, ram } = liveMachine({ options: { geometry, automatic: true, speculation: 0 } });
  live.load(0, VIRTUAL, BASE, 4, NORMAL_WBWA);
  live.innerMaintain(0, 'invalidate', VIRTUAL, BASE, 4);
  live.barrier(0, 'dsb');
  const cache = live.inner.cores[0]!.data!;
  assert.equal(cache.find(VIRTUAL, BASE), -1);
  for (let i = 0; i < 100 && cache.find(VIRTUAL, BASE) < 0; i++) live.step();
  ram.write32(BASE, 9);
  assert.equal(live.load(0, VIRTUAL, BASE, 4, NORMAL_WBWA), 0);
});
