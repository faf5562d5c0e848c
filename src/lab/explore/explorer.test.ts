// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coreByName } from '../../hw/cores.js';
import type { MachineFacts, OuterCacheFacts } from '../../hw/facts.js';
import {
  type MemoryType,
  NORMAL_NC,
  NORMAL_NC_SHARED,
  NORMAL_WBWA,
  NORMAL_WBWA_SHARED,
} from '../../hw/mmu/memory-type.js';
import { explore } from './explorer.js';
import { judge, shortestOf } from './necessity.js';
import type { Mapping, Operation, Program } from './program.js';
import { scheduleLines } from './schedule.js';
import { StateSpace } from './state-space.js';

type Plain = Operation extends infer T ? (T extends Operation ? Omit<T, 'by'> : never) : never;

const PL310: OuterCacheFacts = {
  model: 'PL310',
  compatible: 'arm,pl310-cache',
  lineBytes: 32,
  needsMaintenance: true,
  writeThrough: false,
  sharedOverride: true,
  ioCoherent: false,
  syncDisabled: false,
};

function machine(core: string, outerCache: OuterCacheFacts | null = null): MachineFacts {
  return {
    core: coreByName(core),
    coreCount: 1,
    outerCache,
    coherentFabric: 'unknown',
    physicalAddressBits: 32,
  };
}

function spaceOf(facts: MachineFacts): StateSpace {
  return new StateSpace(facts, 32);
}

const CACHED: Mapping = { name: 'cached', lines: [0, 1, 2], colour: 0, type: NORMAL_WBWA };
const UNCACHED: Mapping = { name: 'uncached', lines: [0, 1, 2], colour: 0, type: NORMAL_NC };
const WORDS = [0, 1, 2].map(line => ({ name: `word ${line}`, line, offset: 0 }));

function program(operations: readonly Plain[], mappings: readonly Mapping[] = [CACHED, UNCACHED]): Program {
  return {
    lineBytes: 32,
    lines: 3,
    words: WORDS,
    mappings,
    operations: operations.map(operation => ({ by: 'kernel', ...operation }) as Operation),
  };
}

const store = (value: number, mapping = 0, word = 0): Plain => ({
  kind: 'store',
  cpu: 0,
  mapping,
  word,
  value,
});
const load = (expected: number, mapping = 0, word = 0): Plain => ({
  kind: 'load',
  cpu: 0,
  mapping,
  word,
  expected,
});
const deviceRead = (expected: number, word = 0): Plain => ({
  kind: 'device-read',
  port: 'none',
  word,
  expected,
});
const deviceWrite = (value: number, word = 0): Plain => ({ kind: 'device-write', port: 'none', word, value });
const inner = (operation: 'clean' | 'invalidate' | 'clean-invalidate', lines = [0]): Plain => ({
  kind: 'inner',
  cpu: 0,
  operation,
  mapping: 0,
  lines,
});
const outer = (operation: 'clean' | 'invalidate' | 'clean-invalidate'): Plain => ({
  kind: 'outer',
  operation,
  lines: [0],
});
const barrier = (kind: 'dsb' | 'dmb' | 'outer-sync'): Plain => ({ kind: 'barrier', cpu: 0, barrier: kind });
const map = (mapping: number, type: MemoryType | null): Plain => ({ kind: 'map', mapping, type });
const tlb: Plain = { kind: 'tlb', cpu: 0, mappings: [0] };

function shortest(facts: MachineFacts, made: Program): string[] {
  const violation = shortestOf(explore(spaceOf(facts), made).violations);
  return violation === null ? [] : scheduleLines(made, violation);
}

const A9 = machine('Cortex-A9');
const ARM926 = machine('ARM926EJ-S');

test('a store that nobody cleans stays in the cache', () => {
  const lines = shortest(A9, program([store(1), deviceRead(1)]));
  assert.deepEqual(lines, [
    'CPU0 stores 0x1 to word 0, cached',
    'the device reads word 0: gets 0xdeadbeef instead of 0x1',
  ]);
});

test('a clean and a DSB bring it to the device, and both are needed', () => {
  const made = program([store(1), inner('clean'), barrier('dsb'), deviceRead(1)]);
  const verdict = judge(spaceOf(A9), made);
  assert.equal(verdict.shortest, null);
  assert.deepEqual(
    verdict.necessities.map(({ point, violation }) => [point, violation !== null]),
    [
      [1, true],
      [2, true],
    ],
  );
  assert.ok(verdict.result.states > 4);
});

test('with an outer cache the inner clean alone does not reach memory', () => {
  const facts = machine('Cortex-A9', PL310);
  const half = program([store(1), inner('clean'), barrier('dsb'), deviceRead(1)]);
  assert.ok(shortest(facts, half).length > 0);
  const whole = program([
    store(1),
    inner('clean'),
    barrier('dsb'),
    outer('clean'),
    barrier('outer-sync'),
    deviceRead(1),
  ]);
  const verdict = judge(spaceOf(facts), whole);
  assert.equal(verdict.shortest, null);
  assert.ok(verdict.necessities.every(({ violation }) => violation !== null));
});

test('cleaning the outer cache before the inner one is the wrong order', () => {
  const made = program([
    store(1),
    outer('clean'),
    barrier('outer-sync'),
    inner('clean'),
    barrier('dsb'),
    deviceRead(1),
  ]);
  assert.ok(shortest(machine('Cortex-A9', PL310), made).length > 0);
});

test('a non-cacheable store waits in the write buffer until a DSB', () => {
  const uncached = program(
    [store(1, 1), { kind: 'doorbell', cpu: 0 }, deviceRead(1)],
    [{ ...CACHED, type: null }, UNCACHED],
  );
  assert.deepEqual(shortest(A9, uncached), [
    'CPU0 stores 0x1 to word 0, uncached',
    'CPU0 rings the doorbell',
    'the device reads word 0: gets 0xdeadbeef instead of 0x1',
  ]);
  const fixed = program([store(1, 1), barrier('dsb'), { kind: 'doorbell', cpu: 0 }, deviceRead(1)]);
  assert.deepEqual(shortest(A9, fixed), []);
});

test('a line that is filled speculatively while the device writes is stale', () => {
  const made = program([inner('invalidate'), barrier('dsb'), deviceWrite(2), load(2)]);
  const lines = shortest(A9, made);
  assert.equal(lines.length, 5);
  assert.equal(lines.filter(line => line.startsWith('hw: ')).length, 1);
  assert.deepEqual(shortest(ARM926, made), [], 'no ARM926 fills a line by itself');
});

test('invalidating once more afterwards helps, and makes the first one redundant if the line is clean', () => {
  const once = [inner('invalidate'), barrier('dsb')];
  const made = program([...once, deviceWrite(2), ...once, load(2)]);
  const verdict = judge(spaceOf(A9), made);
  assert.equal(verdict.shortest, null);
  const needed = new Map(verdict.necessities.map(({ point, violation }) => [point, violation !== null]));
  assert.deepEqual(
    [...needed],
    [
      [0, false],
      [1, false],
      [3, true],
      [4, false],
    ],
  );
});

test('the first invalidation is needed where the line may be dirty', () => {
  const once = [inner('invalidate'), barrier('dsb')];
  const made = program([store(1), ...once, deviceWrite(2), ...once, load(2)]);
  const verdict = judge(spaceOf(A9), made);
  assert.equal(verdict.shortest, null);
  const first = verdict.necessities[0]!;
  assert.ok(first.violation);
  const lines = scheduleLines(made, first.violation);
  assert.match(lines.at(-1)!, /gets 0x1 instead of 0x2/);
});

test('an old TLB entry makes an uncached mapping cacheable until it is flushed', () => {
  const remap = [map(0, NORMAL_NC), barrier('dsb'), tlb, barrier('dsb')];
  const use = [store(1), barrier('dsb'), deviceRead(1)];
  const facts = machine('Cortex-A7');
  const whole = program([...remap, ...use], [CACHED]);
  const verdict = judge(spaceOf(facts), whole);
  assert.equal(verdict.shortest, null);
  const needed = verdict.necessities.filter(({ violation }) => violation !== null).map(({ point }) => point);
  // The DSB behind the TLB maintenance is followed by another one before the device looks.
  assert.deepEqual(needed, [1, 2, 3, 5]);
});

test('a PL310 that looks up non-cacheable accesses answers from a stale line', () => {
  const alias: Mapping[] = [
    { ...CACHED, type: NORMAL_WBWA_SHARED },
    { ...UNCACHED, type: NORMAL_NC_SHARED },
  ];
  const made = program([deviceWrite(1), load(1, 1), deviceWrite(2), load(2, 1)], alias);
  assert.deepEqual(shortest(machine('Cortex-A9', PL310), made), []);
  const looking = machine('Cortex-A9', { ...PL310, sharedOverride: false });
  assert.ok(shortest(looking, made).length > 0);
  const notShared = program(made.operations, [CACHED, UNCACHED]);
  assert.deepEqual(shortest(looking, notShared), []);
});

test('three lines with stores and cleans in between have no wrong byte, and all states are counted', () => {
  const lines = [0, 1, 2];
  const made = program([
    ...lines.map(line => store(line + 1, 0, line)),
    inner('clean', lines),
    barrier('dsb'),
    ...lines.map(line => deviceRead(line + 1, line)),
  ]);
  const result = explore(spaceOf(A9), made);
  assert.deepEqual(result.violations, []);
  assert.ok(result.complete);
  assert.ok(result.states > 100, `${result.states}`);
  const again = explore(spaceOf(A9), made);
  assert.equal(again.states, result.states);
});

test('a bound that is too small proves nothing', () => {
  const made = program([store(1), inner('clean'), barrier('dsb'), deviceRead(1)]);
  const result = explore(spaceOf(A9), made, { bound: 3 });
  assert.equal(result.complete, false);
  assert.deepEqual(judge(spaceOf(A9), made, { bound: 3 }).necessities, []);
});
