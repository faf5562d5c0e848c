// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ProbeRecord } from '../../workloads/probe/record.js';
import { align } from './align.js';

function records(dev: string, ops: readonly string[]): ProbeRecord[] {
  return ops.map((op, seq) => ({ dev, seq, op }));
}

const paired = (theirs: readonly string[], ours: readonly string[]): string[] =>
  align(records('a', theirs), records('a', ours)).pairs.map(
    ({ recorded, modelled }) => `${recorded.op}${recorded.seq}-${modelled ? modelled.seq : 'none'}`,
  );

test('what follows a call that failed in one recording is left out of the other', () => {
  const whole = ['alloc', 'alloc_mnt', 'free', 'alloc', 'alloc_mnt', 'free'];
  assert.deepEqual(paired(whole, ['alloc', 'alloc', 'alloc_mnt', 'free']), [
    'alloc0-0',
    'alloc_mnt1-none',
    'free2-none',
    'alloc3-1',
    'alloc_mnt4-2',
    'free5-3',
  ]);
});

test('a recording that was cut off leaves the rest of the script over', () => {
  const { pairs, extra } = align(records('a', ['alloc']), records('a', ['alloc', 'free', 'done']));
  assert.equal(pairs.length, 1);
  assert.deepEqual(
    extra.map(({ op }) => op),
    ['free', 'done'],
  );
});

test('calls are told apart by what was asked for, not by what came of it', () => {
  const theirs = [{ dev: 'a', seq: 0, op: 'alloc', size: 8192, ok: 1 }];
  const ours = [
    { dev: 'a', seq: 0, op: 'alloc', size: 4096, ok: 1 },
    { dev: 'a', seq: 1, op: 'alloc', size: 8192, ok: 0 },
  ];
  assert.equal(align(theirs, ours).pairs[0]?.modelled?.seq, 1);
});

test('devices are aligned one by one, whatever their order', () => {
  const theirs = [...records('b', ['x', 'y']), ...records('a', ['x'])];
  const ours = [...records('a', ['x']), ...records('b', ['x', 'y']), ...records('c', ['x'])];
  const { pairs, extra } = align(theirs, ours);
  assert.ok(pairs.every(({ recorded, modelled }) => modelled?.dev === recorded.dev));
  assert.deepEqual(extra, records('c', ['x']));
});

test('any two recordings: every record is used once, pairs are alike and in order', () => {
  const ops = fc.array(fc.constantFrom('p', 'q', 'r'), { maxLength: 12 });
  fc.assert(
    fc.property(ops, ops, (a, b) => {
      const { pairs, extra } = align(records('d', a), records('d', b));
      assert.equal(pairs.length, a.length);
      const matched = pairs.flatMap(({ modelled }) => (modelled ? [modelled.seq] : []));
      assert.equal(matched.length + extra.length, b.length);
      assert.deepEqual(
        matched,
        [...matched].sort((x, y) => x - y),
      );
      for (const { recorded, modelled } of pairs) if (modelled) assert.equal(modelled.op, recorded.op);
    }),
  );
});
