// SPDX-License-Identifier: GPL-2.0-only
/** Accesses of many pages, and those that end at the first look, are judged as each cell by itself would be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeSmallPage } from '../hw/mmu/short-descriptor.js';
import { DATA, TestMachine } from './test-machine.js';

const PAGE = 4096;

function rulesOf(t: TestMachine): string[] {
  return t.findings.map(({ rule }) => rule);
}

test('pages that look alike but wait for different CPUs are judged one by one', () => {
  const t = new TestMachine({ cpus: 2 });
  for (const cpu of [0, 1]) {
    t.onCpu(cpu);
    t.inner('invalidate', cpu * PAGE, PAGE);
  }
  t.onCpu(0);
  t.load('cached', 0, 2 * PAGE);
  assert.deepEqual(rulesOf(t), ['unfinished-maintenance']);
  assert.equal(t.findings[0]?.bytes, PAGE);
});

test('the same for stores in write buffers', () => {
  const t = new TestMachine({ cpus: 2 });
  for (const page of [0, 1]) {
    t.map('cached', page * PAGE, 'none');
    t.tlbFlush('cached', page * PAGE);
    t.inner('clean-invalidate', page * PAGE, PAGE);
    t.map('uncached', page * PAGE, 'uncached');
  }
  t.dsb();
  for (const cpu of [0, 1]) {
    t.onCpu(cpu);
    t.store('uncached', cpu * PAGE, PAGE);
  }
  t.onCpu(0);
  t.load('uncached', 0, 2 * PAGE);
  assert.deepEqual(rulesOf(t), ['missing-barrier']);
  assert.equal(t.findings[0]?.bytes, PAGE);
});

test('a page that is stored to again is as unclean in its last line as in its first', () => {
  const t = new TestMachine({ core: 'Cortex-A7' });
  t.store('cached', 0, 2 * PAGE);
  t.machine.cleanToPou(t.vaddr('cached', 0), 2 * PAGE);
  t.dsb();
  t.machine.instructionInvalidate(t.vaddr('cached', 0), 2 * PAGE);
  t.dsb();
  t.fetch(0, 2 * PAGE);
  assert.deepEqual(rulesOf(t), []);
  t.store('cached', 0, 2 * PAGE);
  t.machine.instructionInvalidate(t.vaddr('cached', 0), 2 * PAGE);
  t.dsb();
  t.fetch(PAGE + 128);
  assert.deepEqual(rulesOf(t), ['stale-fetch']);
});

test('an old translation counts on the CPU that may hold it', () => {
  const t = new TestMachine({ cpus: 2 });
  for (const cpu of [0, 1]) {
    t.onCpu(cpu);
    t.load('cached', 0);
  }
  t.map('cached', 0, 'uncached');
  t.onCpu(0);
  t.tlbFlush('cached', 0, false);
  t.load('cached', 0);
  assert.deepEqual(rulesOf(t), []);
  t.onCpu(1);
  t.load('cached', 0);
  assert.deepEqual(rulesOf(t), ['stale-tlb-entry']);
});

/** The page at `vaddr` of the user's table leads to page `to`, in one address space only. */
function mapForProcess(t: TestMachine, at: number, to: number): void {
  const entry = encodeSmallPage(DATA + to, { tex: 1, c: 1, b: 1, ap: 3, ng: 1 });
  t.machine.writeTableEntry(0x4005_1000 + 4 * ((t.vaddr('user', at) >>> 12) & 255), entry);
}

test('an old translation counts in its own address space', () => {
  const t = new TestMachine();
  t.machine.registers.asid = 1;
  mapForProcess(t, 0, 0);
  t.load('user', 0);
  mapForProcess(t, 0, PAGE);
  t.machine.registers.asid = 2;
  t.load('user', 0);
  assert.deepEqual(rulesOf(t), []);
  t.machine.registers.asid = 1;
  t.load('user', 0);
  assert.deepEqual(rulesOf(t), ['stale-tlb-entry']);
});

test('a change of tables is followed before an access is found quiet', () => {
  const t = new TestMachine({ core: 'Cortex-A8' });
  const { machine } = t;
  machine.registers.ttbr1 = 0;
  t.map('vmalloc', 0, 'cached');
  t.load('vmalloc', 0);
  t.load('vmalloc', 4);
  // Another first level, by which the address is not cacheable.
  machine.ram.copy(0x4004_4000, 0x4004_0000, 0x4000);
  machine.ram.write32(0x4004_4000 + 4 * 0xe00, DATA | 0x1c02);
  machine.registers.ttbr0 = 0x4004_4000;
  t.load('vmalloc', 8);
  assert.deepEqual(rulesOf(t), ['stale-tlb-entry']);
});

test('parts that two syncs gave to the CPU are one to an access of both', () => {
  const t = new TestMachine();
  const buffer = t.mapStreaming(0, 128, 'from-device');
  t.sanitizer.syncedForCpu(buffer, DATA, 64);
  t.sanitizer.syncedForCpu(buffer, DATA + 64, 64);
  t.load('cached', 0, 128);
  assert.deepEqual(rulesOf(t), []);
  t.sanitizer.syncedForDevice(buffer, DATA + 32, 4);
  t.load('cached', 0, 128);
  assert.deepEqual(rulesOf(t), ['ownership']);
});

test('of two mappings of the same bytes the one that ends is the one of that direction', () => {
  const t = new TestMachine();
  t.mapStreaming(0, 64, 'to-device');
  const second = t.mapStreaming(0, 64, 'from-device');
  t.sanitizer.streamingUnmapped(second);
  t.load('cached', 0);
  assert.deepEqual(rulesOf(t), []);
  t.store('cached', 0);
  assert.deepEqual(rulesOf(t), ['ownership']);
});

test('caches with aliases: each page of a long access has its own colour', () => {
  for (const options of [{ core: 'ARM1136JF-S', dataCacheBytes: 32768 }, { core: 'ARM926EJ-S' }]) {
    const t = new TestMachine(options);
    const { machine } = t;
    // Lines of the user's address of the second page are known, so that its addresses are told apart.
    t.map('user', PAGE, 'cached');
    machine.access.load32(t.vaddr('user', PAGE));
    for (let i = 0; i < 2; i++) machine.fill(t.vaddr('cached', 0), DATA, 3 * PAGE, i);
    assert.deepEqual(rulesOf(t), [], options.core);
    machine.access.store32(t.vaddr('user', PAGE), 1);
    assert.equal(rulesOf(t)[0], 'eviction-will-overwrite', options.core);
  }
});
