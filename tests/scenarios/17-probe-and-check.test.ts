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
    assert.match(stdout, new RegExp(`against the modelled ${design} `));
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

test('a recording that was cut off is compared as far as it goes', () => {
  const { records } = record('good3.jsonl');
  const { code, stdout } = armory('check-probe', write('cut.jsonl', records.slice(0, 200)), '--board', BOARD);
  assert.equal(code, 0);
  assert.match(stdout, /\d+ calls that the recording does not have/);
});

test('the overlay, as source and as binary', () => {
  const file = join(folder, 'probe.dtbo');
  assert.equal(armory('probe', BOARD, '--overlay', '--output', file).code, 0);
  assert.ok(loadDeviceTree(file).root.child('fragment@0'));
  const { stdout } = armory('probe', BOARD, '--overlay');
  assert.match(stdout, /compatible = "armory,dma-probe"/);
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
  fails(2, /README\.md:1:1: error \(recording-line\)/, 'check-probe', 'README.md', '--board', BOARD);
  fails(2, /does not name its design/, 'check-probe', noDesign, '--board', BOARD);
  fails(2, /no design sets SET_UNCACHED/, 'check-probe', other, '--board', BOARD);
  fails(2, /--board/, 'check-probe', noDesign);
  fails(2, /probe-ram-small/, 'probe', 'versatile-pb', '--memory', '8M');
  fails(3, /cannot write/, 'probe', BOARD, '--output', join(folder, 'no', 'such', 'folder'));
});
