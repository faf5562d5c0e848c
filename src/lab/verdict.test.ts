// SPDX-License-Identifier: GPL-2.0-only
/** Each kind of difference between two calls, and the verdict and reason that it gives. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AllocationOutcome, DesignRun } from './results.js';
import { judge } from './verdict.js';

const NC = { place: 'vmalloc', type: 'normal inner=NC outer=NC', cacheable: false } as const;
const WB = { place: 'vmalloc', type: 'normal inner=WB outer=WB', cacheable: true } as const;

const good: AllocationOutcome = {
  kind: 'ring',
  sizeBytes: 16384,
  result: 'ok',
  source: 'cma-default',
  mapping: NC,
  unreachable: false,
  zeroed: true,
  cleaned: true,
  log: [],
};
const failed: AllocationOutcome = { kind: 'ring', sizeBytes: 16384, result: 'NULL', log: [] };

function run(allocation: AllocationOutcome, coherent = false, changes: Partial<DesignRun> = {}): DesignRun {
  return {
    design: 'test',
    devices: [
      {
        device: '/a',
        alike: ['/a', '/b'],
        coherent,
        restrictedPool: false,
        behindIommu: false,
        allocations: [allocation],
      },
    ],
    costs: {
      cmaPeakBytes: 0,
      vmallocPeakBytes: 0,
      poolBytes: 0,
      pageTableBytes: 0,
      directMapSections: 0,
      directMapPages: 0,
      directMapTables: 0,
      vmallocPeakPages: 0,
      lazyRanges: 0,
    },
    limits: { device: '/a', atomicBurst: 64, megabyteBuffers: 63, withoutVmallocSpace: true },
    lost: [],
    bootLog: [],
    ...changes,
  };
}

/** `verdict: reasons` of a change of one call. */
function verdictOf(before: AllocationOutcome, after: AllocationOutcome, coherent = false): string {
  const { verdict, reasons } = judge(run(before, coherent), run(after, coherent));
  return `${verdict}: ${reasons.map(reason => `${reason.verdict} ${reason.id}`).join(', ')}`;
}

test('nothing differs', () => {
  for (const outcome of [good, failed]) assert.equal(verdictOf(outcome, outcome), 'same: ');
});

test('failing and working', () => {
  assert.equal(verdictOf(good, failed), 'regression: regression fails');
  assert.equal(verdictOf(failed, good), 'improvement: improvement works');
  const restricted = { ...good, source: 'restricted' } as const;
  assert.equal(verdictOf(failed, restricted), 'improvement: improvement restricted-pool-works');
});

test('memory out of reach is as good as none', () => {
  const beyond = { ...good, unreachable: true };
  assert.equal(verdictOf(good, beyond), 'regression: regression unreachable');
  assert.equal(verdictOf(beyond, good), 'improvement: improvement works');
  assert.equal(verdictOf(beyond, failed), 'change: change refused');
  assert.equal(verdictOf(failed, beyond), 'change: change unreachable');
});

test('errors that the rules find count, also where the call failed before; notes do not', () => {
  const finding = {
    rule: 'stale-read',
    severity: 'error',
    title: 'a load may see old data',
    bytes: 32,
  } as const;
  const wrong = { ...good, findings: [finding] };
  assert.equal(verdictOf(good, wrong), 'regression: regression stale-read');
  assert.equal(verdictOf(wrong, good), 'improvement: improvement stale-read');
  assert.equal(verdictOf(failed, wrong), 'regression: regression stale-read, improvement works');
  assert.equal(verdictOf(wrong, wrong), 'same: ');
  assert.equal(verdictOf(wrong, failed), 'regression: regression fails');
  const noted = { ...good, findings: [{ ...finding, severity: 'note' }] } as const;
  assert.equal(verdictOf(good, noted), 'same: ');
});

test('a short window is a change, and so is its end', () => {
  const finding = { rule: 'stale-read', severity: 'window', title: 'a line left behind', bytes: 32 } as const;
  const window = { ...good, findings: [finding] };
  assert.equal(verdictOf(good, window), 'change: change fill-window');
  assert.equal(verdictOf(window, good), 'change: change no-fill-window');
  assert.equal(verdictOf(window, window), 'same: ');
});

test('cacheability is judged by what the device needs, not by what was before', () => {
  const cached = { ...good, mapping: WB };
  assert.equal(verdictOf(good, cached), 'regression: regression memory-type');
  assert.equal(verdictOf(cached, good), 'improvement: improvement memory-type');
  assert.equal(verdictOf(failed, cached), 'regression: regression memory-type, improvement works');
  assert.equal(verdictOf(cached, good, true), 'regression: regression memory-type');
  assert.equal(verdictOf(good, cached, true), 'improvement: improvement memory-type');
  const ordered = { ...good, mapping: { ...NC, type: 'strongly-ordered' } };
  assert.equal(verdictOf(good, ordered), 'change: change memory-type');
});

test('old contents', () => {
  const old = { ...good, zeroed: false };
  assert.equal(verdictOf(good, old), 'regression: regression not-zeroed');
  assert.equal(verdictOf(old, good), 'change: change zeroed');
});

test('another place, another alias', () => {
  assert.equal(verdictOf(good, { ...good, source: 'buddy' }), 'change: change moved');
  const alias = { ...good, alias: { ...WB, place: 'direct map' } } as const;
  assert.equal(verdictOf(good, alias), 'change: change alias-left');
  assert.equal(verdictOf(alias, good), 'change: change alias-gone');
  assert.equal(verdictOf(good, { ...alias, alias: { ...NC, place: 'direct map' } }), 'same: ');
});

test('costs and limits are changes in both directions, and of the board', () => {
  const before = run(good);
  const after = run(good, false, {
    costs: { ...before.costs, vmallocPeakBytes: 4096 },
    limits: { ...before.limits, atomicBurst: 32, withoutVmallocSpace: false },
  });
  for (const { verdict, reasons } of [judge(before, after), judge(after, before)]) {
    assert.equal(verdict, 'change');
    assert.deepEqual(
      reasons.map(({ id, devices }) => ({ id, devices })),
      ['cost-vmalloc', 'limit-atomic', 'limit-vmalloc'].map(id => ({ id, devices: undefined })),
    );
  }
});

test('a reason names every device and every kind of call that it holds for', () => {
  const [reason] = judge(run(good), run(failed)).reasons;
  assert.deepEqual(reason?.devices, ['/a', '/b']);
  assert.deepEqual(reason?.kinds, ['ring']);
});

test('runs of different devices cannot be compared', () => {
  assert.throws(() => judge(run(good, false, { devices: [] }), run(good)), /same devices/);
});
