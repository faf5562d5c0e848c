// SPDX-License-Identifier: GPL-2.0-only
/**
 * A board's owner sends a recording of the probe. Here the recordings come from the modelled kernel itself, whole or
 * tampered with: what a real kernel would send has the same form.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadDeviceTree } from '../../src/devicetree/load.js';
import { checkProbeJsonSchema, checkProbeSchema } from '../../src/report/check-probe-schema.js';
import type { ProbeRecord } from '../../src/workloads/probe/record.js';
import { armory } from '../support/cli.js';
import { repositoryRoot } from '../support/shared.js';

const folder = mkdtempSync(join(tmpdir(), 'armory-probe-'));
after(() => rmSync(folder, { recursive: true }));

const BOARD = 'beaglebone-black';

function record(name: string, ...options: string[]): { file: string; records: ProbeRecord[] } {
  const file = join(folder, name);
  const { code, stderr } = armory('probe', BOARD, '--output', file, ...options);
  assert.equal(code, 0, stderr);
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return { file, records: lines.map(line => JSON.parse(line) as ProbeRecord) };
}

function write(name: string, records: readonly object[]): string {
  const file = join(folder, name);
  writeFileSync(file, records.map(entry => JSON.stringify(entry)).join('\n'));
  return file;
}

test('a kernel that does what the model does agrees in every value, and names its design', () => {
  for (const design of ['legacy', 'step1', 'step2']) {
    const { file } = record(`${design}.jsonl`, '--design', design, '--exhaust', '--hold');
    const { code, stdout } = armory('check-probe', file, '--board', BOARD);
    assert.equal(code, 0, stdout);
    assert.match(stdout, new RegExp(`against the modelled ${design}( \\(of .*\\))?, 6\\.12 `));
    assert.match(stdout, /^the recording agrees with the model in every value$/m);
    assert.match(stdout, /\d+ records: (\d+) of \1 values agree \(100 %\)/);
  }
});

test('one value that differs is told with both values, the call, and where to look', () => {
  const { records } = record('good.jsonl');
  const index = records.findIndex(({ op, size, dev }) => op === 'alloc' && size === 8192 && dev === 'plain');
  const wrong = records.map((entry, at) => (at === index ? { ...entry, zero: 0 } : entry));
  const { code, stdout } = armory('check-probe', write('wrong.jsonl', wrong), '--board', BOARD);
  assert.equal(code, 1);
  assert.match(stdout, new RegExp(`plain #${index} alloc 8192 KERNEL\\n {2}zero: recorded 0, modelled 1\\n`));
  assert.match(stdout, /look at: arch\/arm\/mm\/dma-mapping\.c, __dma_clear_buffer\(\)/);
});

test('what a kernel did not let the module see is counted, not compared', () => {
  const { records } = record('good2.jsonl');
  const blind = records.map(entry => {
    const { mnt, ...rest } = entry as ProbeRecord & { mnt?: readonly unknown[] };
    if (mnt === undefined) return { ...rest, ...(rest['src'] !== undefined && { src: null }) };
    const seen = mnt.filter(piece => (piece as string[])[0] !== 'flush');
    return { ...rest, mnt: [...seen, ['flush', null, null, null]] };
  });
  const { code, stdout } = armory('check-probe', write('blind.jsonl', blind), '--board', BOARD, '--json');
  assert.equal(code, 0);
  const document = checkProbeSchema.parse(JSON.parse(stdout)) as {
    cells: { op: string; field: string; nulls: number }[];
  };
  const nulls = (op: string, field: string) =>
    document.cells.find(cell => cell.op === op && cell.field === field)?.nulls;
  assert.ok(nulls('alloc', 'src')! > 100);
  assert.ok(nulls('alloc_mnt', 'mnt')! > 100);
});

test('a recording that lacks records agrees as far as it goes, and does not pass', () => {
  const { records } = record('good3.jsonl', '--hold');
  const end = records.at(-1)!;
  const cases: readonly (readonly [string, readonly object[], RegExp])[] = [
    [
      'cut',
      records.slice(0, 200),
      /'end', is missing: it was cut off behind seq 199\n.*\d+ calls that the rec/,
    ],
    ['hole', records.toSpliced(500, 100), /records are missing: seq 500 to 599/],
    ['no-end', records.slice(0, -1), /'end', is missing/],
    ['lost', [...records.slice(0, -1), { ...end, lost: 77 }], /the module lost 77 records/],
    ['count', [...records.slice(0, -1), { ...end, records: 9999 }], /'end' counts 9999 records/],
  ];
  for (const [name, parts, message] of cases) {
    const { code, stdout } = armory('check-probe', write(`${name}.jsonl`, parts), '--board', BOARD);
    assert.equal(code, 1, name);
    assert.match(stdout, /^THE RECORDING IS INCOMPLETE/m);
    assert.match(stdout, message);
  }
  assert.equal(end['records'], records.length);
});

test('of a recording that has no end, missing calls are told', () => {
  const { records } = record('built-in.jsonl', '--built-in');
  const file = write('cut2.jsonl', records.slice(0, 200));
  const { code, stdout } = armory('check-probe', file, '--board', BOARD);
  assert.equal(code, 1);
  assert.match(stdout, /warning: \d+ calls that the recording does not have, coherent #200 /);
});

test('calls of devices that the module was told to leave out are not missed', () => {
  const { records } = record('all.jsonl', '--hold');
  const [first, ...others] = records as [ProbeRecord, ...ProbeRecord[]];
  const kept = others.filter(({ dev }) => dev === 'plain' || dev === 'sys');
  const params = { exhaust: 0, devices: ['plain'] };
  const numbered = [{ ...first, params }, ...kept].map((entry, seq) => ({ ...entry, seq }));
  numbered.splice(-1, 1, { ...numbered.at(-1)!, records: numbered.length } as (typeof numbered)[number]);
  const { code, stdout } = armory('check-probe', write('plain.jsonl', numbered), '--board', BOARD);
  assert.equal(code, 0, stdout);
  const noHold = numbered.filter(({ op }) => op !== 'hold').map((entry, seq) => ({ ...entry, seq }));
  noHold.splice(-1, 1, { ...noHold.at(-1)!, records: noHold.length } as (typeof noHold)[number]);
  const { code: missed } = armory('check-probe', write('no-hold.jsonl', noHold), '--board', BOARD);
  assert.equal(missed, 1);
});

test('a kernel that is not the recorded one is told', () => {
  const { file, records } = record('other-kernel.jsonl', '--hold');
  const older = armory('check-probe', file, '--board', BOARD, '--baseline', '5.15');
  assert.match(older.stdout, /warning: the recording is of 6\.12, the modelled kernel is 5\.15/);
  const [first, ...others] = records as [ProbeRecord, ...ProbeRecord[]];
  const config = { ARM_LPAE: 1, ZONE_DMA: 0, CMA_SIZE_MBYTES: 3, PAGE_OFFSET: 'c0000000', KPROBES: 1 };
  const other = write('config.jsonl', [{ ...first, config }, ...others]);
  const { code, stdout } = armory('check-probe', other, '--board', BOARD, '--preset', 'multi_v7', '--json');
  assert.equal(code, 0);
  const { differences, totals } = JSON.parse(stdout) as {
    differences: string[];
    totals: { compared: number };
  };
  assert.ok(totals.compared > 10_000);
  assert.ok(differences.includes("the recording's kernel has ARM_LPAE=y, the modelled n"));
  assert.ok(differences.includes("the recording's kernel has CMA_SIZE_MBYTES=3, the modelled 64"));
  assert.ok(differences.every(text => !text.includes('KPROBES')));
});

test('designs that set the same symbols are told, with the one that was taken', () => {
  const { file, records } = record('v1-66.jsonl', '--design', 'v1-66');
  const sys = records.find(({ op }) => op === 'sys');
  assert.equal(sys?.['cfg'], 'ARCH_DMA_ALLOC DIRECT_REMAP COHERENT_POOL ');
  const { code, stdout } = armory('check-probe', file, '--board', BOARD);
  assert.equal(code, 1);
  const warning =
    'warning: designs v1, v1-66 set the symbols of this recording: v1 was taken, --design chooses';
  assert.ok(stdout.includes(warning), stdout);
  const chosen = armory('check-probe', file, '--board', BOARD, '--design', 'v1-66', '--json');
  assert.equal(chosen.code, 0);
  assert.equal((JSON.parse(chosen.stdout) as { open: unknown }).open, null);
});

test('an operation that no probe has is named, and not compared', () => {
  const { records } = record('good4.jsonl');
  const strange = records.map(entry =>
    entry.seq === 100 ? { dev: 'plain', seq: 100, op: 'teleport' } : entry,
  );
  const { code, stdout } = armory('check-probe', write('strange.jsonl', strange), '--board', BOARD);
  assert.equal(code, 1);
  assert.match(stdout, /warning: operations that no probe has, not compared: teleport/);
});

test('the overlay, as source and as binary', () => {
  const file = join(folder, 'probe.dtbo');
  assert.equal(armory('probe', BOARD, '--overlay', '--output', file).code, 0);
  assert.ok(loadDeviceTree(file).root.child('fragment@0'));
  const { stdout } = armory('probe', BOARD, '--overlay');
  assert.match(stdout, /compatible = "armory,dma-probe"/);
});

test('options that would do nothing, or stand twice, are refused', () => {
  const refuses = (message: RegExp, ...args: string[]): void => {
    const { code, stdout, stderr } = armory(...args);
    assert.equal(code, 2, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, message);
  };
  for (const option of ['--json', '--text', '--exhaust', '--hold', '--built-in']) {
    refuses(new RegExp(`no recording: ${option} would`), 'probe', BOARD, '--overlay', option);
  }
  refuses(/no recording: --design would/, 'probe', BOARD, '--overlay', '--design', 'step1');
  refuses(/a \.dtbo is what --overlay writes/, 'probe', BOARD, '--output', join(folder, 'x.dtbo'));
  refuses(/--output names no file/, 'probe', BOARD, '--output', '');
  refuses(/given twice: v1, step1/, 'probe', BOARD, '--design', 'v1', '--design', 'step1');
  refuses(/Allowed choices are legacy/, 'probe', BOARD, '--design', 'v2');
  refuses(/cannot be used with/, 'probe', BOARD, '--text', '--json');
  refuses(/cannot be used with/, 'check-probe', 'x', '--board', BOARD, '--json', '--cells');
  refuses(/--calls would do nothing/, 'check-probe', 'x', '--board', BOARD, '--json', '--calls', '3');
  refuses(/unknown command 'nosuch'/, 'help', 'nosuch');
  assert.match(armory('help', 'probe').stdout, /at most 2048 of 4\s+KiB\s+\(x_atomic\)/);
});

test('the text says what came of each call, and not what stood there before', () => {
  const { stdout } = armory('probe', BOARD, '--text', '--exhaust');
  assert.match(stdout, /full 1M KERNEL +.*40 buffers \(capped/);
  assert.doesNotMatch(stdout, /5a5a5a5a/);
  assert.doesNotMatch(stdout, /KERNEL [012]\b/);
  assert.match(stdout, /^coherent buffers +works +NULL +bad handle$/m);
  assert.match(stdout, /^plain +blocking +100 4K 8K .*$/m);
  assert.match(stdout, /^cmadev +blocking +100 4K [^\n]*8M +32M$/m);
  assert.match(stdout, /^limit +atomic {20,}4K 8K 64K 256K$/m);
});

test('every field that is written stands in docs/probe.md', () => {
  const page = readFileSync(join(repositoryRoot, 'docs/probe.md'), 'utf8');
  const named = new Set([...page.matchAll(/`([^`\s]+)`/g)].map(([, name]) => name!));
  const keys = new Set<string>();
  for (const design of ['legacy', 'step2']) {
    const { records } = record('keys.jsonl', '--design', design, '--exhaust', '--hold');
    for (const entry of records) {
      for (const [key, value] of Object.entries(entry)) {
        keys.add(key);
        if (/^pt$|_pt$|^alias_/.test(key)) for (const part of Object.keys(value as object)) keys.add(part);
      }
    }
  }
  const known = (key: string): boolean => named.has(key) || (key.startsWith('zone_') && named.has('zone_*'));
  assert.deepEqual(
    [...keys].filter(key => !known(key)),
    [],
  );
});

test('--json follows its schema, which is in docs/schema', () => {
  const text = readFileSync(join(repositoryRoot, 'docs/schema/check-probe-1.schema.json'), 'utf8');
  assert.equal(text, checkProbeJsonSchema());
});

test('bad input: an exit code and a message for each kind', () => {
  const fails = (code: number, message: RegExp, ...args: string[]): void => {
    const result = armory(...args);
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, message);
  };
  const noDesign = write('no-design.jsonl', [{ dev: 'sys', seq: 0, op: 'sysmem' }]);
  const other = write('other.jsonl', [{ dev: 'sys', seq: 0, op: 'sys', cfg: 'SET_UNCACHED ' }]);
  fails(3, /cannot read .*absent/, 'check-probe', join(folder, 'absent'), '--board', BOARD);
  fails(2, /recording-empty/, 'check-probe', write('empty.jsonl', []), '--board', BOARD);
  fails(2, /README\.md: error \(recording-none\)/, 'check-probe', 'README.md', '--board', BOARD);
  fails(2, /does not name its design/, 'check-probe', noDesign, '--board', BOARD);
  fails(2, /no design sets SET_UNCACHED/, 'check-probe', other, '--board', BOARD);
  fails(2, /--board/, 'check-probe', noDesign);
  fails(
    2,
    /does not fit 1 cell of .*\n.*less than 4 GiB: give less/,
    'probe',
    'versatile-pb',
    '--memory',
    '8G',
  );
  const esc = join(folder, 'esc.log');
  writeFileSync(esc, `{"dev":\x1b[2J`);
  const escaped = armory('check-probe', esc, '--board', BOARD);
  assert.equal(escaped.code, 2);
  assert.ok(!escaped.stderr.includes('\x1b') && escaped.stderr.includes('\\x1b[2J'), escaped.stderr);
  fails(2, /recording-binary/, 'check-probe', join(folder, 'probe.dtbo'), '--board', BOARD);
  fails(2, /probe-ram-small/, 'probe', 'versatile-pb', '--memory', '8M');
  fails(3, /cannot write/, 'probe', BOARD, '--output', join(folder, 'no', 'such', 'folder'));
});

test('a --config of another design is told, although the design sets its own symbols', () => {
  const { file } = record('legacy.jsonl', '--hold');
  const settings = [
    'ARM=y',
    'ARCH_HAS_DMA_ALLOC=y',
    'MMU=y',
    'CPU_V7=y',
    'DMA_DIRECT_REMAP=y',
    'DMA_COHERENT_POOL=y',
  ];
  const config = join(folder, 'config');
  writeFileSync(
    config,
    `# Linux/arm 6.12.0 Kernel Configuration\n${settings.map(line => `CONFIG_${line}\n`).join('')}`,
  );
  const told =
    /warning: the recording's kernel sets ARCH_DMA_ALLOC, .*config ARCH_DMA_ALLOC DIRECT_REMAP COHERENT_POOL: it is of another design/;
  assert.match(armory('check-probe', file, '--board', BOARD, '--config', config).stdout, told);
  assert.doesNotMatch(armory('check-probe', file, '--board', BOARD).stdout, /another design/);
});
