// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kernel module in `probe/`: it builds without a warning for Debian's armhf kernel, runs in that kernel on a
 * Cortex-A15 of QEMU, tells all of its calls, leaves nothing behind, and the modelled kernel does as it tells. The
 * recording and what it was made with stay in build/probe-recording.
 */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseDtb } from '../../src/devicetree/load.js';
import { armory } from '../support/cli.js';
import { repositoryRoot } from '../support/shared.js';
import { buildModule, debianKernel, skipBoot, skipBuild } from './debian-kernel.js';
import { type GuestRun, runGuest } from './guest.js';
import { PROBE_DEVICES, skipWithoutFdtoverlay } from './merge.js';
import { type ModuleRecord, recordsOfLog, recordsOfText } from './module-records.js';

test('the module builds without a warning', { skip: skipBuild() }, () => {
  const { status, output } = buildModule(debianKernel!);
  assert.equal(status, 0, output);
  assert.doesNotMatch(output, /warning/i);
});

const kept = (name: string): string => join(repositoryRoot, 'build/probe-recording', name);

function keep(run: GuestRun, text: string): void {
  const folder = kept('');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'probe.jsonl'), text);
  writeFileSync(join(folder, 'board.dtb'), run.board);
  copyFileSync(debianKernel!.config, join(folder, 'config'));
  const facts = { release: debianKernel!.release, dtb: 'board.dtb', config: 'config', cmdline: run.cmdline };
  writeFileSync(join(folder, 'run.json'), `${JSON.stringify(facts, null, 1)}\n`);
}

const only = (records: readonly ModuleRecord[], op: string, dev: string): ModuleRecord[] =>
  records.filter(record => record.op === op && record.dev === dev);

test('the module runs in Debian’s kernel', { skip: skipBoot() || skipWithoutFdtoverlay }, async t => {
  const { module, status, output } = buildModule(debianKernel!);
  assert.equal(status, 0, output);
  const run = runGuest(debianKernel!, module);
  const section = (name: string) => run.sections.get(name) ?? assert.fail(`the guest sent no ${name}`);
  const { text } = section('records');
  const records = recordsOfText(text);
  keep(run, text);

  await t.test('it loads, unloads, loads again, and the kernel does not complain', () => {
    for (const name of ['load', 'unload', 'load-again', 'unload-again']) {
      assert.equal(section(name).status, 0, section(name).text);
    }
    assert.doesNotMatch(section('kernel-log').text, /Oops|BUG|Unable to handle|refcount|leak/);
  });

  await t.test('every line is a record, and none is missing', () => {
    assert.deepEqual(
      records.map(({ seq }) => seq),
      records.map((_, index) => index),
    );
    assert.equal(records[0]?.op, 'module');
    const { op, records: count, lost } = records.at(-1)!;
    assert.deepEqual([op, count, lost], ['end', records.length, 0]);
    assert.deepEqual([...new Set(records.map(({ dev }) => dev))].sort(), ['sys', ...PROBE_DEVICES].sort());
  });

  await t.test('devices are probed in the order of the tree, and each script runs to its end', () => {
    assert.deepEqual(
      records.filter(({ op }) => op === 'done').map(({ dev }) => dev),
      PROBE_DEVICES,
    );
    for (const dev of PROBE_DEVICES) {
      assert.equal(only(records, 'alloc', dev).length, 21, dev);
      assert.equal(only(records, 'map_single', dev).length, 16, dev);
      assert.equal(only(records, 'hold', dev).length, 6, dev);
    }
    assert.equal(records.filter(({ op, phase }) => op.startsWith('x_') && phase === 'full').length, 35);
  });

  await t.test('it knows of this kernel what it is there to know', () => {
    const [{ knows }] = records as [ModuleRecord];
    // Debian's kernel has no KALLSYMS_ALL: variables cannot be looked up.
    assert.deepEqual(knows, {
      symbols: 1,
      data_symbols: 0,
      tables: 'ttbr1',
      cma: 1,
      cma_default: 1,
      pools: 1,
      memblock: 1,
    });
    const hooks = records.filter(({ op }) => op === 'kprobe');
    assert.deepEqual(
      hooks.map(({ kind, sym, seen }) => [kind, sym, seen]),
      [
        ['inv', 'v7_dma_inv_range', 1],
        ['clean', 'v7_dma_clean_range', 1],
        ['flush', 'v7_dma_flush_range', 1],
        // A Cortex-A15 has no outer cache.
        ['l2inv', null, 1],
        ['l2clean', null, 1],
        ['l2flush', null, 1],
        ['tlbk', 'v7wbi_flush_kern_tlb_range', 1],
      ],
    );
  });

  await t.test('a page from CMA is made uncached in place, and cached again when it is freed', () => {
    const at = records.findIndex(({ op, dev, size }) => op === 'alloc' && dev === 'plain' && size === 4096);
    const [alloc, maintenance, free] = records.slice(at) as [ModuleRecord, ModuleRecord, ModuleRecord];
    const { ok, va, src, zero, cpu, cpu_pt } = alloc;
    assert.deepEqual([ok, va, src, zero], [1, 'lowmem', 'cma-default', 1]);
    assert.match(cpu_pt!.pte!, /647$/);
    assert.match(cpu_pt!.hw!, /417$/);
    assert.deepEqual(cpu_pt!.pg, [0, 1, 0, 0]);
    const end = (Number.parseInt(cpu!, 16) + 4096).toString(16);
    assert.deepEqual(maintenance.mnt, [
      ['flush', cpu, end, 1],
      ['tlbk', cpu, end, 1],
    ]);
    assert.match(free.alias_after!.pte!, /65f$/);
    assert.match(free.alias_after!.hw!, /45f$/);
  });

  await t.test('devices have what the overlay gives them', () => {
    const fact = (dev: string) => only(records, 'device', dev)[0]!;
    assert.deepEqual(
      PROBE_DEVICES.map(dev => fact(dev).coherent),
      PROBE_DEVICES.map(dev => Number(dev.endsWith('coherent'))),
    );
    assert.equal(fact('nomap').dma_mem, 1);
    assert.deepEqual(fact('cmadev').cma_dev?.slice(2), [16 * 1024 * 1024]);
    assert.deepEqual(fact('limit').range, ['40000000', '40000000', '4000000']);
    assert.deepEqual(fact('offset').range, ['40000000', '10000000', '10000000']);
    assert.equal(fact('mask24force').mask, 'ffffff');
    assert.ok(only(records, 'alloc', 'nomap').some(({ src }) => src === 'declared'));
    assert.ok(only(records, 'alloc', 'cmadev').some(({ src }) => src === 'cma-dev'));
  });

  await t.test('what was taken is given back', () => {
    const areas = (found: readonly ModuleRecord[]) =>
      found.filter(({ op }) => op === 'cma').map(({ name, used }) => [name, used]);
    assert.deepEqual(areas(records), [
      ['armory-cma@49800000', 0],
      // The pool for atomic allocations.
      ['reserved', 64],
    ]);
    assert.deepEqual(areas(recordsOfText(section('records-again').text)), areas(records));
    for (const { dev, pools } of records.filter(({ op }) => op === 'done')) {
      assert.deepEqual(pools, { atomic_pool: [262144, 262144] }, dev);
    }
  });

  await t.test(
    'the tree that the kernel got has the probe, and a second run asks the selected device only',
    () => {
      assert.ok(parseDtb(run.board, 'fdt').nodeByPath('/armory-plain'));
      const again = recordsOfText(section('records-again').text);
      assert.deepEqual([...new Set(again.map(({ dev }) => dev))], ['sys', 'nomap']);
      assert.ok(again.every(({ op }) => !op.startsWith('x_')));
    },
  );

  await t.test('the modelled kernel does the same, call by call', () => {
    const facts = ['--board', kept('board.dtb'), '--config', kept('config'), '--cmdline', run.cmdline];
    const { code, stdout, stderr } = armory('check-probe', kept('probe.jsonl'), ...facts);
    assert.equal(code, 0, stdout + stderr);
  });

  await t.test('the kernel’s log tells the same as debugfs', () => {
    assert.deepEqual(recordsOfLog(section('log-again').text), recordsOfText(section('records-again').text));
  });
});
