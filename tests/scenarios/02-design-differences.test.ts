// SPDX-License-Identifier: GPL-2.0-only
/**
 * How the designs differ: each row of the table in docs/designs.md, on the bundled board that shows it.
 * A row says where a class of allocations lives under `legacy`, `v1`, `step1` and `step2`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { designByName } from '../../src/designs/index.js';
import { bootDesign } from '../../src/lab/boot.js';
import { bundledJobs } from '../../src/lab/bundled.js';
import { prepare } from '../../src/lab/job.js';
import { type AllocationOutcome, placeOf } from '../../src/lab/results.js';
import { runDesign } from '../../src/lab/run-design.js';
import { judge } from '../../src/lab/verdict.js';
import { allocationOf, compareBundled, verdictOf } from '../support/bundled.js';

const designs = ['legacy', 'v1', 'step1', 'step2'] as const;

/** Place, and `alias` where a cacheable one stays. */
function cell(outcome: AllocationOutcome): string {
  if (outcome.result !== 'ok') return outcome.result;
  return outcome.alias?.cacheable ? `${placeOf(outcome)}, alias` : placeOf(outcome);
}

/** One row: the cells of all designs for one kind on one board. */
function row(board: string, kind: string, device?: string): string[] {
  const comparison = compareBundled(board);
  return designs.map(design => cell(allocationOf(comparison, design, kind, device)));
}

test('blocking, CMA in lowmem: in place, except that step1 maps it a second time', () => {
  for (const kind of ['ring', '64K', '1M', '8M', 'framebuffer', 'write-combine']) {
    assert.deepEqual(
      row('beaglebone-black', kind),
      ['CMA in place', 'CMA in place', 'CMA in vmalloc, alias', 'CMA in place'],
      kind,
    );
  }
});

test('a buffer in place is uncached, and nothing else maps it', () => {
  const { mapping, alias } = allocationOf(compareBundled('beaglebone-black'), 'step2', '1M');
  assert.deepEqual(mapping, { place: 'direct map', type: 'normal inner=NC outer=NC', cacheable: false });
  assert.equal(alias, undefined);
});

test('blocking, CMA in highmem: vmap in every design, and no alias', () => {
  assert.deepEqual(row('sabre-sd', '1M'), Array(4).fill('CMA (highmem) in vmalloc'));
});

test('blocking, no CMA: buddy and vmap in every design, the alias stays', () => {
  assert.deepEqual(row('versatile-pb', '1M'), Array(4).fill('buddy in vmalloc, alias'));
});

test('atomic: one fixed pool of ARM, or the generic pools', () => {
  assert.deepEqual(row('beaglebone-black', 'atomic'), [
    'ARM pool in place',
    'ARM pool in place',
    'generic pool in vmalloc, alias',
    'generic pool in vmalloc, alias',
  ]);
  const comparison = compareBundled('beaglebone-black');
  const seen = designs.map(design => {
    const { zeroed, cleaned } = allocationOf(comparison, design, 'atomic');
    return { zeroed, cleaned };
  });
  const arm = { zeroed: false, cleaned: true };
  const generic = { zeroed: true, cleaned: true };
  assert.deepEqual(seen, [arm, arm, generic, generic], 'cleaned when the pool was made');
});

test('restricted pool, device that does not snoop: fails in legacy, remapped in the others', () => {
  const pool = 'restricted pool in vmalloc, alias';
  assert.deepEqual(row('restricted-vm', '64K', '/virtio_mmio@a000000'), ['NULL', pool, pool, pool]);
  const comparison = compareBundled('restricted-vm');
  const cleaned = designs.map(
    design => allocationOf(comparison, design, '64K', '/virtio_mmio@a000000').cleaned,
  );
  assert.deepEqual(cleaned, [undefined, false, true, true], 'v1 does not clean');
});

test('restricted pool: 6.12 warns once that legacy cannot, 6.1 is silent', () => {
  const text = 'coherent DMA allocations not supported on this platform.';
  const messages = (baseline: '6.12' | '6.1'): string[] =>
    verdictOf(compareBundled('restricted-vm', { baseline }), 'legacy').run.devices.flatMap(
      ({ allocations }) => allocations.flatMap(({ log }) => log.filter(line => line === text)),
    );
  assert.deepEqual(messages('6.12'), [text]);
  assert.deepEqual(messages('6.1'), []);
});

test('restricted pool: 5.15 with LPAE hands out cacheable memory, and remapping it is no regression', () => {
  const comparison = compareBundled('restricted-vm', { baseline: '5.15' });
  const { mapping } = allocationOf(comparison, 'legacy', '64K', '/virtio_mmio@a000000');
  assert.equal(mapping?.cacheable, true);
  const { reasons } = verdictOf(comparison, 'step1');
  const types = reasons.filter(({ id }) => id === 'memory-type').map(({ verdict }) => verdict);
  assert.deepEqual(types, ['improvement']);
});

test('one page, blocking, default CMA: CMA in legacy, the page allocator in step1 and step2', () => {
  assert.deepEqual(row('beaglebone-black', 'descriptor-pool'), [
    'CMA in place',
    'CMA in place',
    'buddy in vmalloc, alias',
    'buddy in vmalloc, alias',
  ]);
});

test('NO_KERNEL_MAPPING: never zeroed or cleaned in legacy, lowmem cleaned in step1 and step2', () => {
  const state = (board: string): unknown[] =>
    designs.map(design => {
      const { zeroed, cleaned } = allocationOf(compareBundled(board), design, 'no-kernel-mapping');
      return { zeroed, cleaned };
    });
  const untouched = { zeroed: false, cleaned: false };
  const prepared = { zeroed: true, cleaned: true };
  assert.deepEqual(state('beaglebone-black'), [untouched, untouched, prepared, prepared]);
  assert.deepEqual(state('sabre-sd'), Array(4).fill(untouched), 'highmem never');
});

test('v1 on the kernels it was posted for: every device is remapped, and nothing is cleaned', () => {
  const comparison = compareBundled('raspberry-pi');
  assert.equal(comparison.facts.baseline, '6.1');
  const outcome = allocationOf(comparison, 'v1', '1M');
  assert.equal(cell(outcome), 'CMA in vmalloc, alias');
  assert.equal(outcome.cleaned, false);
  assert.equal(allocationOf(comparison, 'v1', 'atomic').cleaned, false, 'the generic pool neither');
  const { verdict, reasons } = verdictOf(comparison, 'v1');
  assert.equal(verdict, 'regression');
  assert.ok(reasons.some(reason => reason.id === 'eviction-will-overwrite'));
});

test('ARMv5: what is made uncached in place cannot be write-combined', () => {
  const board = compareBundled('versatile-pb', { preset: 'multi_v5' });
  const types = designs.map(design => allocationOf(board, design, 'write-combine').mapping?.type);
  assert.deepEqual(types, [
    'uncached buffered',
    'uncached buffered',
    'uncached buffered',
    'uncached unbuffered',
  ]);
});

test('a device that the fabric snoops gets cacheable memory in place in every design', () => {
  const comparison = compareBundled('clearfog');
  for (const design of designs) {
    const { mapping } = allocationOf(comparison, design, '1M');
    assert.equal(mapping?.place, 'direct map', design);
    assert.equal(mapping?.cacheable, true, design);
  }
});

test('CMA above 4 GiB: legacy hands out what the device cannot reach, generic code does not', () => {
  // Without ZONE_DMA nothing keeps CMA below 4 GiB on a board that has memory there.
  const job = bundledJobs([]).find(({ path }) => path.endsWith('/restricted-vm.dts'))!;
  const prepared = prepare(job);
  const config = prepared.config.with({ ZONE_DMA: undefined });
  const runs = ['legacy', 'step1'].map(name =>
    runDesign(bootDesign({ ...prepared, config }, designByName(name)), name),
  );
  const [legacy, step1] = runs.map(run => {
    const device = run.devices.find(({ alike }) => alike.includes('/virtio_mmio@a000400'))!;
    return device.allocations.find(({ kind }) => kind === '64K')!;
  });
  assert.equal(legacy?.unreachable, true);
  assert.match(legacy?.dmaHandle ?? '', /^0x01/);
  assert.equal(cell(step1!), 'buddy in vmalloc, alias');
  assert.equal(step1?.unreachable, false);
  assert.ok(judge(runs[0]!, runs[1]!).reasons.some(reason => reason.verdict === 'improvement'));
});
