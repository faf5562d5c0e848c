// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { designByName } from '../../designs/index.js';
import { cacheKinds } from './kinds.js';
import { isMaintenance, type Program } from './program.js';
import { record } from './record.js';
import { locatedText, operationText } from './schedule.js';
import { sequences } from './sequences.js';

function programOf(kindId: string, design: string, sequenceId: string): Program {
  const kind = cacheKinds.find(({ id }) => id === kindId)!;
  const wanted = sequences.filter(({ id }) => id === sequenceId);
  const [recording] = record(kind, designByName(design), wanted);
  assert.equal(recording?.reason, null);
  return recording!.program!;
}

/** What the kernel maintains and maps, in words. */
function kernelWork(program: Program): string[] {
  return program.operations
    .filter(operation => operation.by === 'kernel')
    .filter(operation => isMaintenance(operation) || operation.kind === 'map')
    .map(operation => operationText(program, operation));
}

test('legacy changes lowmem CMA in place: cleaned first, then remapped and flushed from TLBs', () => {
  const program = programOf('a9-override', 'legacy', 'coherent-cma');
  const work = kernelWork(program);
  const at = (text: string): number => work.findIndex(line => line.startsWith(text));
  const order = ['clean+invalidate inner', 'clean+invalidate outer', 'map direct map', 'TLB invalidate'].map(
    at,
  );
  assert.ok(
    order.every(index => index >= 0),
    work.join('\n'),
  );
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
  assert.equal(program.mappings.length, 1);
});

test('step1 makes a second mapping and leaves the direct map alone', () => {
  const program = programOf('a9-override', 'step1', 'coherent-cma');
  assert.deepEqual(
    program.mappings.map(({ name }) => name),
    ['direct map', 'vmalloc mapping'],
  );
  assert.ok(!program.operations.some(operation => operation.kind === 'map' && operation.mapping === 0));
});

test('operations are named after the kernel functions that ask for them', () => {
  const program = programOf('a9', 'legacy', 'to-device');
  const texts = program.operations.map((_, point) => locatedText(program, point));
  assert.ok(
    texts.includes('dma_cache_maint_page › dmac_map_area: clean inner, direct map'),
    texts.join('\n'),
  );
});

test('a highmem page is reached through kmap windows of one CPU', () => {
  const program = programOf('a9', 'legacy', 'coherent-cma-high');
  const window = program.mappings.find(({ name }) => name === 'kmap window');
  assert.equal(window?.cpu, 0);
  assert.ok(program.mappings.every(({ name }) => name !== 'direct map'));
});

test('what an allocation of an atomic pool rests on is recorded from boot on', () => {
  const program = programOf('a9', 'step1', 'coherent-atomic');
  const work = kernelWork(program);
  assert.ok(work.includes('clean+invalidate inner, direct map'));
  assert.ok(work.some(line => line.startsWith('map vmalloc mapping')));
});

test('reads expect what flat memory holds, and nothing where nobody has written', () => {
  const program = programOf('a9', 'legacy', 'from-device');
  const reads = program.operations.filter(operation => operation.kind === 'load');
  const expected = reads.map(read => [read.by, read.expected]);
  assert.deepEqual(expected.slice(0, 2), [
    ['owner', null],
    ['owner', null],
  ]);
  assert.ok(expected.slice(2).every(([, value]) => value !== null));
});
