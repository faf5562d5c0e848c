// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inputsOf, isKnownOp, outputsOf, unseenKinds, withoutKinds } from './fields.js';

const RECORD = { dev: 'plain', seq: 1, op: 'alloc', size: 4096, gfp: 'KERNEL', ok: 1 };
const TABLE = {
  va: 'c0000000',
  t: 'sect',
  l1: '4001141e',
  mem: 'N-WBWA/WBWA',
  xn: 1,
  s: 1,
  pg: [1, 0, 0, 1],
};

test('what was asked for is no output', () => {
  assert.deepEqual(inputsOf(RECORD).slice(0, 2), [4096, 'KERNEL']);
  assert.deepEqual([...outputsOf(RECORD)], [['ok', 1]]);
});

test('page-table descriptions are compared part by part', () => {
  const outputs = outputsOf({ ...RECORD, cpu_pt: TABLE });
  assert.equal(outputs.get('cpu_pt'), 'there');
  assert.equal(outputs.get('cpu_pt.t'), 'sect');
  assert.deepEqual(outputs.get('cpu_pt.pg'), [1, 0, 0, 1]);
  assert.equal(outputs.has('cpu_pt.pte'), false);
});

test('flags that are left out count as 0, for a buffer that is there', () => {
  const outputs = outputsOf({ ...RECORD, va: 'lowmem', src: 'buddy' });
  assert.equal(outputs.get('bad_handle'), 0);
  assert.equal(outputs.get('unreachable'), 0);
  assert.equal(outputs.get('alias_pt'), 'none');
  assert.equal(outputsOf(RECORD).has('bad_handle'), false);
});

test('null stays null: nobody could obtain it', () => {
  const outputs = outputsOf({ ...RECORD, va: 'cookie', src: null, alias_pt: null });
  assert.equal(outputs.get('src'), null);
  assert.equal(outputs.get('alias_pt'), null);
});

test('sums of maintenance that nobody saw are no sums of 0', () => {
  const blind = { dev: 'plain', seq: 1, op: 'alloc_pages', ok: 0, mtot: { inv: null, clean: null } };
  const kinds = unseenKinds(blind);
  assert.equal(outputsOf(withoutKinds(blind, kinds)).get('mtot'), null);
  const failed = { dev: 'plain', seq: 1, op: 'alloc_pages', ok: 0 };
  assert.equal(outputsOf(withoutKinds(failed, kinds)).has('mtot'), false);
  const half = { ...blind, ok: 1, mtot: { inv: null, flush: [1, 4096] } };
  assert.deepEqual(outputsOf(withoutKinds(half, unseenKinds(half))).get('mtot'), { flush: [1, 4096] });
});

test('operations that no probe has are told apart', () => {
  assert.ok(isKnownOp('alloc') && isKnownOp('end'));
  assert.equal(isKnownOp('teleport'), false);
});
