// SPDX-License-Identifier: GPL-2.0-only
/**
 * `armory check-boot` as a user runs it. The recording is the model's own map with a few DMA calls, so that what is
 * shown is the command, not the model: tests/truth holds it against real kernels.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkBootJsonSchema, checkBootSchema } from '../../src/report/check-boot-schema.js';
import { armory } from '../support/cli.js';
import { repositoryRoot } from '../support/shared.js';

const BOARD = 'beaglebone-black';
const folder = mkdtempSync(join(tmpdir(), 'armory-check-boot-'));

/** The default area is 64 MiB at 0x9b800000; the atomic pool has its first 256 KiB. */
const dma_api = [
  'va what=kernel-text va=c0300000 pa=80300000 l1=8030840e task_pgd=same',
  'device dev=plat.0 node=(null) dma_mask=ffffffff coherent_mask=ffffffff bus_limit=0 required=ffffffff max_map=ffffffff coherent=0 addressing_limited=0',
  'alloc dev=plat.0 tag=4k size=4096 attrs=0 -> va=db840000 in=lowmem dma=9b840000 pa=9b840000 l1=9fdf7801 l2=9b840017 linux=9b840247 contiguous=1 freed=1',
  'alloc dev=plat.0 tag=atomic4k size=4096 attrs=0 -> va=db800000 in=lowmem dma=9b800000 pa=9b800000 l1=9fdf7801 l2=9b800017 linux=9b800247 contiguous=1',
  'alloc dev=plat.0 tag=128m size=134217728 attrs=0 -> FAIL',
  'atomiccount dev=plat.0 pages=63 then all freed',
  'map dev=plat.0 tag=low pa=81ddc123 size=200 -> dma=81ddc123 highmem=0 same=1',
];

function facts(change: Record<string, unknown> = {}): string {
  const { stdout } = armory('inspect', BOARD, '--json');
  const path = join(folder, 'facts.json');
  writeFileSync(path, JSON.stringify({ ...JSON.parse(stdout), dma_api, ...change }));
  return path;
}

/** How many fields the last line says to differ. */
function differing(stdout: string): number {
  const [, agree, compared] = /(\d+) of (\d+) fields agree\n$/.exec(stdout) ?? [];
  return Number(compared) - Number(agree);
}

function check(path: string, ...args: string[]): ReturnType<typeof armory> {
  return armory('check-boot', path, '--board', BOARD, ...args);
}

test('what agrees ends with 0, what is not recorded is absent', () => {
  const { code, stdout, stderr } = check(facts({ mem_types_raw: undefined }));
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^ {2}zones +agrees +1 of 1$/m);
  assert.match(stdout, /^ {2}mem_types_raw +absent +not in the recording$/m);
  assert.match(stdout, /^ {2}dma_api allocations +agrees +3 of 3$/m);
  assert.equal(differing(stdout), 0);
});

test('what differs ends with 1, with both values and the kernel function', () => {
  const path = facts({ lowmem_limit_pa: '0x9f000000', protection_map: undefined });
  const { code, stdout } = check(path);
  assert.deepEqual([code, differing(stdout)], [1, 1]);
  assert.match(
    stdout,
    / lowmem_limit_pa\n {4}recorded: 0x9f000000\n {4}modelled: 0x9fe00000\n {4}see .*adjust_lowmem_bounds\(\)/,
  );
});

test('a DMA call that came out otherwise differs', () => {
  const other = dma_api.map(line => line.replace('l2=9b840017 linux=9b840247', 'l2=9b84005f linux=9b84025f'));
  const { code, stdout } = check(facts({ dma_api: other }));
  assert.deepEqual([code, differing(stdout)], [1, 1]);
  assert.match(stdout, /recorded: plat\.0 4k .*l2 0x9b84005f linux 0x9b84025f/);
  assert.match(stdout, /modelled: plat\.0 4k .*l2 0x9b840017 linux 0x9b840247/);
});

test('memory that nobody states is taken from the recording', () => {
  const tree = join(folder, 'board.dts');
  writeFileSync(tree, '/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; compatible = "test"; };');
  const path = join(folder, 'small.json');
  writeFileSync(path, JSON.stringify({ memblock_memory: [{ start: '0x80000000', end: '0x8fffffff' }] }));
  const { code, stdout } = armory('check-boot', path, '--board', tree);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^ {2}from the recording: memblock_memory$/m);
  assert.match(stdout, /^ {2}memblock_memory +input +taken from the recording$/m);
});

test('run.json gives memory and command line when asked, options go first', () => {
  const path = facts();
  writeFileSync(join(folder, 'run.json'), JSON.stringify({ mem: '256M', cmdline: 'cma=16M' }));
  const { code, stdout } = check(path, '--run');
  assert.equal(code, 1);
  assert.match(stdout, /cmdline "cma=16M"/);
  assert.match(
    stdout,
    / memblock_memory\n {4}recorded: 0x80000000-0x9fdfffff\n {4}modelled: 0x80000000-0x8fdfffff/,
  );
  const over = check(path, '--run', '--memory', '512M', '--cmdline', 'console=ttyS0');
  assert.equal(over.code, 0, over.stdout);
});

test('a file that is no recording, or tells nothing of a start, ends with 2', () => {
  const file = (name: string, content: object): string => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  };
  const start = file('start.json', { name: 'a', mem: '512M', smp: 1 });
  for (const path of [start, file('empty.json', {})]) {
    const { code, stdout, stderr } = check(path);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /error \(facts-empty\): this holds no field of a recorded boot\n.*fields: .*zones/);
  }
  const layout = check(file('layout.json', { layout: {} }));
  assert.equal(layout.code, 2);
  assert.match(layout.stderr, /error \(facts-empty\): nothing of this recording can be compared/);
  const recording = check(facts(), '--run', facts());
  assert.equal(recording.code, 2);
  assert.match(recording.stderr, /error \(run-is-recording\)/);
  const nothing = check(facts(), '--run', file('nothing-said.json', { name: 'a' }));
  assert.equal(nothing.code, 2);
  assert.match(nothing.stderr, /error \(run-empty\): .*\n.*fields: machine, mem/);
});

test('the tree is where as many bytes are reserved as it has; --tree-size says how many', () => {
  const place = (...args: string[]): string => check(facts({ memblock_reserved }), ...args).stdout;
  const memblock_reserved = [{ start: '0x88000000', end: '0x88012344' }];
  assert.doesNotMatch(place(), /from the recording: .*address of the device tree/);
  const stdout = place('--tree-size', '0x12345');
  assert.match(stdout, /from the recording: .*address of the device tree/);
  assert.doesNotMatch(stdout, /recorded: 0x88000000-0x88012344/);
  assert.match(place('--tree-size', '0x12345', '--tree-at', '0x8a000000'), /modelled: 0x8a000000-0x8a012344/);
});

test('--json follows its schema, which is the one in docs/schema', () => {
  const { code, stdout } = check(facts({ high_memory_va: '0xdf000000' }), '--json');
  assert.equal(code, 1);
  const document = checkBootSchema.parse(JSON.parse(stdout));
  assert.equal(document.agrees, false);
  const field = document.fields.find(({ outcome }) => outcome === 'differs');
  assert.deepEqual(
    [field?.field, field?.recorded, field?.modelled],
    ['high_memory_va', ['0xdf000000'], ['0xdfe00000']],
  );
  const file = join(repositoryRoot, 'docs', 'schema', 'check-boot-1.schema.json');
  assert.equal(readFileSync(file, 'utf8'), checkBootJsonSchema());
});

test('wrong input ends with 2, a missing file with 3', () => {
  const malformed = check(facts({ zones: [{ name: 'Normal', start: 5 }] }));
  assert.equal(malformed.code, 2);
  assert.match(malformed.stderr, /facts\.json: error \(facts-json\): zones\[0\]\.start is 5: /);
  const path = join(folder, 'text.json');
  writeFileSync(path, '{');
  assert.match(check(path).stderr, /error \(facts-json\): is not JSON/);
  assert.equal(check(join(folder, 'nothing.json')).code, 3);
  writeFileSync(join(folder, 'run.json'), JSON.stringify({ mem: 'much' }));
  const run = check(facts(), '--run');
  assert.equal(run.code, 2);
  assert.match(run.stderr, /error \(run-json\): mem is "much": must be a size such as 512M/);
  assert.match(armory('check-boot', path).stderr, /required option '--board/);
});

test('lines that cannot be read are not absent', () => {
  const { code, stdout } = check(facts({ dma_api: ['alloc of 4096 bytes: ok', 'done'] }));
  assert.equal(code, 1);
  assert.match(stdout, /^ {2}dma_api allocations +not understood +the recording has other lines$/m);
  assert.match(stdout, /^ {2}warning: a line of dma_api is not understood: 'alloc of 4096 bytes: ok'$/m);
  // Among others that can be, it is told and no more.
  const some = check(facts({ dma_api: [...dma_api, 'alloc dev=plat.0 size=4096'] }));
  assert.equal(some.code, 0, some.stdout);
  assert.match(some.stdout, /warning: a line of dma_api is not understood/);
  assert.doesNotMatch(check(facts()).stdout, /warning/);
});

test('a run.json of another run is noticed', () => {
  const run = (content: object): string => {
    const path = join(folder, 'other-run.json');
    writeFileSync(path, JSON.stringify({ mem: '512M', smp: 1, ...content }));
    const recording = facts({ name: 'this-one', cpu_lines: ['smp: Brought up 1 node, 1 CPU'] });
    return check(recording, '--run', path).stdout;
  };
  assert.doesNotMatch(run({ name: 'this-one' }), /warning/);
  assert.match(run({ name: 'another' }), /warning: run\.json is of 'another', the recording of 'this-one'/);
  assert.match(run({ smp: 2 }), /warning: run\.json has 2 cores, and the recorded kernel brought up 1/);
  assert.doesNotMatch(run({ smp: 2, cmdline: 'console=ttyS0 nosmp' }), /warning/);
  assert.match(
    run({ machine: 'nobody-knows' }),
    /warning: run\.json names a machine 'nobody-knows' of which/,
  );
});
