// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mistakes that random programs seldom make and that live runs seldom show: each goes wrong under some seed, and
 * is reported.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Runner } from './execute.js';
import { KINDS } from './kinds.js';
import type { Program, Step } from './program.js';

const SEEDS = 400;
const LINE = { at: 0, size: 32 };
const dsb: Step = { op: 'barrier', cpu: 0, kind: 'dsb' };
const sync: Step = { op: 'barrier', cpu: 0, kind: 'outer-sync' };
const written: Step = { op: 'device-write', port: 'none', ...LINE, value: 5 };
const loaded: Step = { op: 'load', cpu: 0, space: 'K', at: 0, size: 4 };
const inner: Step = { op: 'inner', cpu: 0, kind: 'invalidate', space: 'K', ...LINE };
const outer: Step = { op: 'outer', kind: 'invalidate', ...LINE };

function judge(kindName: string, program: Program): { wrong: number; rules: string[] } {
  const kind = KINDS.find(({ name }) => name === kindName);
  assert.ok(kind !== undefined);
  const runner = new Runner(kind);
  let wrong = 0;
  for (let seed = 0; seed < SEEDS; seed++) if (runner.live(program, seed).length > 0) wrong++;
  return { wrong, rules: runner.rules(program).map(({ finding }) => finding.rule) };
}

test('inner before outer on the way to the CPU: the old line comes back from the outer cache', () => {
  const { wrong, rules } = judge('A9 and PL310, S=0', [written, inner, dsb, outer, sync, loaded]);
  assert.ok(wrong > 0);
  assert.deepEqual(rules, ['stale-read']);
});

test('outer before inner is right', () => {
  const { wrong, rules } = judge('A9 and PL310, S=0', [written, outer, sync, inner, dsb, loaded]);
  assert.equal(wrong, 0);
  assert.deepEqual(rules, []);
});

test('outer before inner without a sync between is not', () => {
  const { wrong, rules } = judge('A9 and PL310, S=0', [written, outer, inner, dsb, sync, loaded]);
  assert.ok(wrong > 0);
  assert.deepEqual(rules, ['unfinished-maintenance']);
});

test('aliasing: an address that is invalidated before the other one is cleaned is filled again from memory', () => {
  const stored: Step = { op: 'store', cpu: 0, space: 'K', at: 0, size: 4, value: 0x01020304 };
  const mapped: Step = { op: 'map', space: 'U', page: 0, to: 'C' };
  const clean: Step = { op: 'inner', cpu: 0, kind: 'clean-invalidate', space: 'K', ...LINE };
  const user: Step = { ...clean, space: 'U' };
  const seen: Step = { ...loaded, space: 'U' };
  const late = judge('aliasing VIPT', [mapped, stored, user, dsb, clean, dsb, seen]);
  assert.ok(late.wrong > 0);
  assert.deepEqual(late.rules, ['stale-read']);
  const right = judge('aliasing VIPT', [mapped, stored, clean, dsb, user, dsb, seen]);
  assert.equal(right.wrong, 0);
  assert.deepEqual(right.rules, []);
});
