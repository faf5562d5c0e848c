// SPDX-License-Identifier: GPL-2.0-only
/**
 * What each party sees of a word that another one wrote: cores, devices, instruction fetches, memory itself.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DEVICE,
  NORMAL_NC,
  NORMAL_NC_SHARED,
  NORMAL_WB,
  NORMAL_WBWA,
  NORMAL_WBWA_SHARED,
  NORMAL_WT,
  STRONGLY_ORDERED,
} from '../mmu/memory-type.js';
import { BASE, liveMachine, PL310, tiny, VIRTUAL } from './cache-fixture.js';
import type { LiveCaches } from './live-caches.js';
import { DIRTY } from './set-associative.js';

const NEW = 0x1234_5678;

function deviceWord(live: LiveCaches, port: 'none' | 'acp' | 'ace-lite' | 'l2' = 'none'): number {
  return new DataView(live.deviceRead(port, BASE, 4).buffer).getUint32(0, true);
}

function wordBytes(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

test('loads and stores of all sizes, also unaligned ones, inside a line', () => {
  const { live } = liveMachine();
  live.store(0, VIRTUAL, BASE, 4, 0x8899_aabb, NORMAL_WBWA);
  live.store(0, VIRTUAL + 5, BASE + 5, 2, 0xccdd, NORMAL_WBWA);
  live.store(0, VIRTUAL + 9, BASE + 9, 4, 0xffee_ddcc, NORMAL_WBWA);
  assert.equal(live.load(0, VIRTUAL, BASE, 4, NORMAL_WBWA), 0x8899_aabb);
  assert.equal(live.load(0, VIRTUAL + 2, BASE + 2, 2, NORMAL_WBWA), 0x8899);
  assert.equal(live.load(0, VIRTUAL + 5, BASE + 5, 2, NORMAL_WBWA), 0xccdd);
  assert.equal(live.load(0, VIRTUAL + 9, BASE + 9, 4, NORMAL_WBWA), 0xffee_ddcc);
  assert.equal(live.load(0, VIRTUAL + 12, BASE + 12, 1, NORMAL_WBWA), 0xff);
});

test('a dirty line hides from devices until it is cleaned', () => {
  const { live, ram } = liveMachine();
  live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_WBWA);
  assert.equal(deviceWord(live), 0);
  live.innerMaintain(0, 'clean', VIRTUAL, BASE, 4);
  assert.equal(deviceWord(live), 0, 'queued only');
  live.barrier(0, 'dsb');
  assert.equal(deviceWord(live), NEW);
  ram.write32(BASE, 7);
  assert.equal(live.load(0, VIRTUAL, BASE, 4, NORMAL_WBWA), NEW, 'a clean line stays');
  live.innerMaintain(0, 'invalidate', VIRTUAL, BASE, 4);
  assert.equal(
    live.load(0, VIRTUAL, BASE, 4, NORMAL_WBWA),
    7,
    'an access lets the line’s operations go first',
  );
});

test('an invalidate throws a dirty line away', () => {
  const { live } = liveMachine();
  live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_WBWA);
  live.innerMaintain(0, 'invalidate', VIRTUAL, BASE, 4);
  live.barrier(0, 'dsb');
  assert.equal(live.load(0, VIRTUAL, BASE, 4, NORMAL_WBWA), 0);
});

test('a store that misses allocates only where the type says so', () => {
  const { live, ram } = liveMachine();
  live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_WB);
  assert.equal(ram.read32(BASE), NEW);
  live.load(0, VIRTUAL, BASE, 4, NORMAL_WB);
  live.store(0, VIRTUAL, BASE, 4, 1, NORMAL_WB);
  assert.equal(ram.read32(BASE), NEW);
});

test('write-through lines are never dirty', () => {
  const { live, ram } = liveMachine();
  live.load(0, VIRTUAL, BASE, 4, NORMAL_WT);
  live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_WT);
  assert.equal(ram.read32(BASE), NEW);
  assert.equal(live.load(0, VIRTUAL, BASE, 4, NORMAL_WT), NEW);
  assert.ok(!live.inner.cores[0]!.data!.states.includes(DIRTY));
  const through = liveMachine({ options: { geometry: { data: tiny({ writeThrough: true }) } } });
  through.live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_WBWA);
  assert.equal(through.ram.read32(BASE), NEW);
});

test('cores are coherent: a store takes the line away, a load takes over a dirty one', () => {
  const { live, ram } = liveMachine({ coreCount: 2 });
  live.load(1, VIRTUAL, BASE, 4, NORMAL_WBWA);
  live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_WBWA);
  assert.equal(live.load(1, VIRTUAL, BASE, 4, NORMAL_WBWA), NEW);
  assert.equal(ram.read32(BASE), 0, 'the line moved, still dirty');
  assert.equal(live.inner.cores[0]!.data!.countValid(), 0);
  live.innerMaintain(0, 'clean', VIRTUAL, BASE, 4);
  live.barrier(0, 'dsb');
  assert.equal(ram.read32(BASE), NEW, 'maintenance by address reaches the other core');
});

test('set and way reach one core; ARM11 MPCore does not broadcast by address either', () => {
  const { live, ram } = liveMachine({ coreCount: 2 });
  live.store(0, VIRTUAL, BASE, 4, 1, NORMAL_WBWA);
  live.store(1, VIRTUAL + 64, BASE + 64, 4, 2, NORMAL_WBWA);
  live.innerMaintainAll(0, 'clean-invalidate');
  live.barrier(0, 'dsb');
  assert.deepEqual([ram.read32(BASE), ram.read32(BASE + 64)], [1, 0]);

  const mpcore = liveMachine({ core: 'ARM11 MPCore', coreCount: 2 });
  mpcore.live.store(1, VIRTUAL, BASE, 4, NEW, NORMAL_WBWA);
  mpcore.live.innerMaintain(0, 'clean', VIRTUAL, BASE, 4);
  mpcore.live.barrier(0, 'dsb');
  assert.equal(mpcore.ram.read32(BASE), 0);
});

test('an operation that waits comes before a later store to its line', () => {
  const { live } = liveMachine();
  for (const at of [4, 8]) {
    live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_WBWA);
    live.innerMaintain(0, 'invalidate', VIRTUAL, BASE, 4);
    if (at === 4) live.store(0, VIRTUAL + at, BASE + at, 4, at, NORMAL_WBWA);
    else live.write(0, VIRTUAL + at, BASE + at, wordBytes(at), NORMAL_WBWA);
    live.barrier(0, 'dsb');
    assert.equal(live.load(0, VIRTUAL + at, BASE + at, 4, NORMAL_WBWA), at);
    assert.equal(live.load(0, VIRTUAL, BASE, 4, NORMAL_WBWA), 0);
  }
});

test('a core sees its own waiting stores when it brings a line in or writes to one', () => {
  const { live, ram } = liveMachine();
  live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_NC);
  assert.equal(live.load(0, VIRTUAL, BASE, 4, NORMAL_WBWA), NEW);
  live.store(0, VIRTUAL, BASE, 4, 1, NORMAL_WBWA);
  for (const value of [2, 3]) {
    live.store(0, VIRTUAL, BASE, 4, value, NORMAL_NC);
    assert.notEqual(ram.read32(BASE), value);
    live.store(0, VIRTUAL, BASE, 4, 4, NORMAL_WBWA);
    assert.equal(ram.read32(BASE), value, 'the older store to the same bytes went first');
  }
});

test('two virtual addresses of one word are two words in a VIVT cache', () => {
  const other = 0xd000_0000;
  const { live, ram } = liveMachine({ core: 'ARM926EJ-S' });
  live.load(0, other, BASE, 4, NORMAL_WB);
  live.load(0, VIRTUAL, BASE, 4, NORMAL_WB);
  live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_WB);
  assert.equal(live.load(0, other, BASE, 4, NORMAL_WB), 0);
  live.innerMaintain(0, 'clean', other, BASE, 4);
  live.barrier(0, 'dsb');
  assert.equal(ram.read32(BASE), 0, 'the operation reaches only its own virtual address');
  live.innerMaintain(0, 'clean', VIRTUAL, BASE, 4);
  live.barrier(0, 'dsb');
  assert.equal(ram.read32(BASE), NEW);
});

test('an aliasing VIPT cache has a line for each colour, none of its own for each address', () => {
  const { live } = liveMachine({ core: 'ARM1136JF-S', indexing: 'VIPT-aliasing' });
  live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_WBWA);
  assert.equal(live.load(0, VIRTUAL + 0x2000, BASE, 4, NORMAL_WBWA), NEW, 'same colour');
  assert.equal(live.load(0, VIRTUAL + 0x1000, BASE, 4, NORMAL_WBWA), 0, 'other colour');
});

test('non-cacheable stores wait in the write buffer, seen by their own core only', () => {
  const { live, ram } = liveMachine({ coreCount: 2 });
  live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_NC);
  assert.equal(live.load(0, VIRTUAL, BASE, 4, NORMAL_NC), NEW);
  assert.equal(live.load(1, VIRTUAL, BASE, 4, NORMAL_NC), 0);
  assert.equal(deviceWord(live), 0);
  live.barrier(0, 'dmb');
  assert.equal(ram.read32(BASE), 0);
  live.barrier(0, 'dsb');
  assert.equal(ram.read32(BASE), NEW);
});

test('a store to Device memory lets go what a DMB ordered before it, and nothing else', () => {
  const { live, ram } = liveMachine();
  live.store(0, VIRTUAL, BASE, 4, 1, NORMAL_NC);
  live.barrier(0, 'dmb');
  live.store(0, VIRTUAL + 4, BASE + 4, 4, 2, NORMAL_NC);
  live.store(0, VIRTUAL + 0x1000, BASE + 0x1000, 4, 3, DEVICE);
  assert.deepEqual(
    [0, 4, 0x1000].map(at => ram.read32(BASE + at)),
    [1, 0, 3],
  );
});

test('strongly-ordered accesses wait nowhere and look into no cache', () => {
  const { live, ram } = liveMachine({ outer: PL310 });
  live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_WBWA);
  assert.equal(live.load(0, VIRTUAL, BASE, 4, STRONGLY_ORDERED), 0);
  live.store(0, VIRTUAL, BASE, 4, 5, STRONGLY_ORDERED);
  assert.equal(ram.read32(BASE), 5);
});

test('behind an outer cache a DSB is not enough for devices', () => {
  const { live, ram } = liveMachine({ outer: PL310, coreCount: 2 });
  live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_NC);
  live.barrier(0, 'dsb');
  assert.equal(ram.read32(BASE), 0);
  assert.equal(live.load(1, VIRTUAL, BASE, 4, NORMAL_NC), NEW, 'other cores see the store buffer');
  live.barrier(0, 'outer-sync');
  assert.equal(ram.read32(BASE), NEW);
});

test('the store buffer keeps the order of stores to one address, and its size', () => {
  const { live, ram } = liveMachine({ outer: PL310 });
  live.store(0, VIRTUAL, BASE, 4, 1, NORMAL_NC);
  live.barrier(0, 'dsb');
  live.store(0, VIRTUAL, BASE, 4, 2, STRONGLY_ORDERED);
  live.barrier(0, 'outer-sync');
  assert.equal(ram.read32(BASE), 2);
  live.fill(0, VIRTUAL + 32, BASE + 32, 32 * 5, 7, NORMAL_NC);
  live.barrier(0, 'dsb');
  assert.deepEqual([ram.read8(BASE + 32), ram.read8(BASE + 64)], [7, 0]);
});

test('an outer cache whose write-through is forced is never dirty', () => {
  const outer = { ...PL310, model: 'Aurora', writeThrough: true } as const;
  const { live, ram } = liveMachine({ core: 'PJ4B', outer });
  live.load(0, VIRTUAL, BASE, 4, NORMAL_WBWA);
  live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_WBWA);
  live.innerMaintain(0, 'clean', VIRTUAL, BASE, 4);
  live.barrier(0, 'dsb');
  assert.equal(ram.read32(BASE), NEW);
  assert.equal(live.below.cache!.countValid(), 1);
  assert.ok(!live.below.cache!.states.includes(DIRTY));
});

test('inner and outer maintenance bring a dirty line to memory, in that order', () => {
  const { live, ram } = liveMachine({ outer: PL310 });
  live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_WBWA);
  live.outerMaintain('clean', BASE, 4);
  live.barrier(0, 'outer-sync');
  live.innerMaintain(0, 'clean', VIRTUAL, BASE, 4);
  live.barrier(0, 'dsb');
  assert.equal(ram.read32(BASE), 0);
  live.outerMaintainAll('clean');
  assert.equal(ram.read32(BASE), 0, 'queued only');
  live.barrier(0, 'outer-sync');
  assert.equal(ram.read32(BASE), NEW);
});

test('an outer cache that follows the cores is covered by their maintenance', () => {
  const outer = { ...PL310, model: 'Tauros3', needsMaintenance: false } as const;
  const { live, ram } = liveMachine({ core: 'PJ4B', outer });
  assert.equal(live.geometry.outer, null);
  live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_WBWA);
  live.innerMaintain(0, 'clean', VIRTUAL, BASE, 4);
  live.barrier(0, 'dsb');
  assert.equal(ram.read32(BASE), NEW);
});

test('a PL310 looks up non-cacheable shareable accesses, and only those, unless overridden', () => {
  const seen = (sharedOverride: boolean | 'unknown', type: typeof NORMAL_NC, model = PL310.model) => {
    const { live, ram } = liveMachine({ outer: { ...PL310, model, sharedOverride } });
    // A clean line in the outer cache that is older than memory.
    live.load(0, VIRTUAL, BASE, 4, NORMAL_WBWA_SHARED);
    ram.write32(BASE, NEW);
    const read = live.load(0, VIRTUAL, BASE, 4, type);
    live.store(0, VIRTUAL, BASE, 4, 9, type);
    live.barrier(0, 'dsb');
    live.barrier(0, 'outer-sync');
    const outer = live.below.cache!;
    return {
      lookedUp: live.lookupNonCacheable,
      read,
      line: outer.load(outer.find(0, BASE), 0, 4),
      memory: ram.read32(BASE),
    };
  };
  const hit = { lookedUp: true, read: 0, line: 9, memory: 9 };
  const past = { read: NEW, line: 0, memory: 9 };
  assert.deepEqual(seen('unknown', NORMAL_NC_SHARED), hit);
  assert.deepEqual(seen(false, NORMAL_NC_SHARED), hit);
  assert.deepEqual(seen(false, NORMAL_NC), { lookedUp: true, ...past });
  assert.deepEqual(seen(true, NORMAL_NC_SHARED), { lookedUp: false, ...past });
  assert.deepEqual(seen(false, NORMAL_NC_SHARED, 'L220'), { lookedUp: false, ...past });
});

test('coherent ports see dirty lines and leave no stale ones', () => {
  const parts = [
    { port: 'acp', machine: { outer: PL310, coreCount: 2 } },
    { port: 'ace-lite', machine: { core: 'Cortex-A15', coreCount: 2 } },
    { port: 'ace-lite', machine: { outer: PL310, coreCount: 2 } },
    { port: 'l2', machine: { core: 'Cortex-A15', coreCount: 2 } },
  ] as const;
  for (const { port, machine } of parts) {
    const { live, ram } = liveMachine(machine);
    live.store(1, VIRTUAL, BASE, 4, NEW, NORMAL_WBWA);
    live.store(1, VIRTUAL + 4, BASE + 4, 4, 6, NORMAL_WBWA);
    assert.equal(deviceWord(live), 0);
    assert.equal(deviceWord(live, port), NEW);
    live.deviceWrite(port, BASE, wordBytes(8));
    assert.equal(live.load(0, VIRTUAL, BASE, 4, NORMAL_WBWA), 8, port);
    assert.equal(live.load(0, VIRTUAL + 4, BASE + 4, 4, NORMAL_WBWA), 6, 'the rest of the line is kept');
    assert.equal(ram.read32(BASE), port === 'ace-lite' ? 8 : 0, port);
  }
});

test('an instruction fetch sees what was cleaned to unification, after its cache was invalidated', () => {
  for (const core of ['Cortex-A9', 'Cortex-A15', 'ARM926EJ-S']) {
    const { live } = liveMachine({ core });
    const fetched = (): number =>
      new DataView(live.fetch(0, VIRTUAL, BASE, 4, NORMAL_WBWA).buffer).getUint32(0, true);
    assert.equal(fetched(), 0);
    live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_WBWA);
    live.instructionInvalidate(0, VIRTUAL, BASE, 4);
    live.barrier(0, 'dsb');
    assert.equal(fetched(), 0, 'not cleaned');
    live.cleanToPou(0, VIRTUAL, BASE, 4);
    live.barrier(0, 'dsb');
    assert.equal(fetched(), 0, 'not invalidated');
    live.instructionInvalidateAll(0);
    assert.equal(fetched(), NEW, core);
  }
});

test('a unified cache fetches what it holds', () => {
  const { live } = liveMachine({ core: 'ARM720T' });
  live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_WB);
  assert.deepEqual(live.fetch(0, VIRTUAL, BASE, 4, NORMAL_WB), wordBytes(NEW));
});

test('without caches everything is memory', () => {
  const { live, ram } = liveMachine({ core: 'Cortex-M4' });
  live.store(0, VIRTUAL, BASE, 4, NEW, NORMAL_WBWA);
  assert.equal(ram.read32(BASE), NEW);
  assert.equal(live.load(0, VIRTUAL, BASE, 4, NORMAL_WBWA), NEW);
  live.innerMaintain(0, 'clean', VIRTUAL, BASE, 64);
  live.barrier(0, 'dsb');
});

test('bulk accesses split at lines and stop where memory does', () => {
  const { live, ram } = liveMachine({ outer: PL310 });
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
  for (const type of [NORMAL_WBWA, NORMAL_NC]) {
    live.write(0, VIRTUAL + 17, BASE + 17, bytes, type);
    assert.deepEqual(live.read(0, VIRTUAL + 17, BASE + 17, 1000, type), bytes);
  }
  const end = BASE + 0x10000;
  live.fill(0, VIRTUAL + 0xfffc, end - 4, 4, 0xa5, NORMAL_WBWA);
  live.innerMaintainAll(0, 'clean-invalidate');
  live.barrier(0, 'dsb');
  live.outerMaintainAll('clean-invalidate');
  live.barrier(0, 'outer-sync');
  assert.deepEqual(ram.readBytes(end - 5, 5), Uint8Array.of(0, 0xa5, 0xa5, 0xa5, 0xa5));
});
