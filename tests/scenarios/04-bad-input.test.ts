// SPDX-License-Identifier: GPL-2.0-only
/** Wrong input gets an error that names the place and the rule, and exit code 2; a missing file gets 3. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseDts, writeDtb } from '../../src/devicetree/load.js';
import { armory, armoryTo } from '../support/cli.js';
import { repositoryRoot } from '../support/shared.js';

let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'armory-'));
});

after(() => rmSync(folder, { recursive: true }));

/** A small board with `extra` in its root node. */
function board(extra: string): string {
  return `/dts-v1/;
/ {
	#address-cells = <1>;
	#size-cells = <1>;
	compatible = "test,board";
	cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { device_type = "cpu"; compatible = "arm,cortex-a8"; reg = <0>; }; };
	${extra}
};
`;
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const memory = 'memory@80000000 { device_type = "memory"; reg = <0x80000000 0x10000000>; };';

function refused(args: readonly string[], ...patterns: RegExp[]): void {
  const { code, stderr } = armory(...args);
  for (const pattern of patterns) assert.match(stderr, pattern);
  assert.equal(code, 2, stderr);
}

test('no memory node: the message says what --memory would supply', () => {
  const path = file('no-memory.dts', board(''));
  refused(['compare', path], /memory-no-size/, /--memory SIZE\[@BASE\]/);
  refused(['compare', path, '--memory', '256M'], /memory-no-base/, /--memory SIZE@BASE/);
  assert.equal(armory('compare', path, '--memory', '256M@0x80000000', '--summary').code, 0);
});

test('a memory node of size 0 takes its base from the tree', () => {
  const path = file(
    'size-0.dts',
    board('memory@80000000 { device_type = "memory"; reg = <0x80000000 0>; };'),
  );
  refused(['inspect', path], /size-0\.dts:\d+:\d+: error \(memory-no-size\): \/memory@80000000:reg/);
  assert.equal(armory('inspect', path, '--memory', '64M').code, 0);
});

test('banks that overlap', () => {
  const banks =
    'memory@80000000 { device_type = "memory"; reg = <0x80000000 0x10000000 0x88000000 0x10000000>; };';
  refused(['compare', file('overlap.dts', board(banks))], /memory-overlap/, /0x88000000/);
  refused(['compare', 'beaglebone-black', '--memory', '256M@0x80000000,256M@0x88000000'], /memory-overlap/);
});

test('a truncated .dtb, and one that lies about its size', () => {
  const bytes = writeDtb(parseDts(board(memory), 'good.dts'));
  refused(['compare', file('truncated.dtb', bytes.subarray(0, bytes.length - 40))], /truncated\.dtb/);
  const lying = bytes.slice();
  new DataView(lying.buffer).setUint32(4, 0x7fffffff);
  refused(['compare', file('lying.dtb', lying)], /lying\.dtb/);
  refused(['compare', file('empty.dtb', new Uint8Array())], /empty\.dtb/);
});

test('a property of the wrong length names node, property and value', () => {
  const path = file('bad-reg.dts', board('memory@0 { device_type = "memory"; reg = <0x80000000>; };'));
  refused(['compare', path], /bad-reg\.dts:\d+:\d+: error/, /\/memory@0:reg/, /80 00 00 00/);
});

test('a config without MMU, of another architecture, or not a config at all', () => {
  const config = (text: string): string[] => [
    'compare',
    'beaglebone-black',
    '--config',
    file('config', text),
  ];
  refused(config('CONFIG_ARM=y\n# CONFIG_MMU is not set\n'), /config-no-mmu/, /CONFIG_MMU/);
  refused(config('CONFIG_X86=y\n'), /config-not-arm/);
  refused(config('hello\n'), /config:1/);
});

test('a core without MMU', () => {
  const tree = board(memory).replace('arm,cortex-a8', 'arm,cortex-m7');
  refused(['compare', file('m7.dts', tree)], /core-no-mmu/, /Cortex-M7/);
});

test('an LPAE kernel on a core that has no long descriptors', () => {
  refused(['compare', 'beaglebone-black', '--preset', 'multi_v7-lpae'], /core-no-lpae/);
});

test('a kernel for another version of the architecture', () => {
  refused(['compare', 'versatile-pb', '--preset', 'multi_v7'], /core-not-built-in/, /ARM926EJ-S/);
});

test('unknown commands, options and values come with a suggestion or the choices', () => {
  refused(['compair'], /Did you mean compare\?/);
  refused(['compare', '--desing', 'v1'], /Did you mean --design\?/);
  refused(['compare', '--design', 'step3'], /legacy, .*v1, .*step2/);
  refused(['compare', '--preset', 'multi_v8'], /multi_v7/);
  refused(['compare', '--memory', '12Q'], /12Q/);
  refused(['compare', '--memory', '0'], /size of 0/);
  refused(['compare', '--initrd', '4M'], /SIZE@ADDRESS/);
  refused(['compare', '--jobs', 'many'], /many/);
});

test('names, combinations and values that mean nothing', () => {
  refused(['inspect', 'beaglebone'], /board-unknown/, /beaglebone-black/);
  refused(['compare', 'beaglebone-black', '--system-map', 'x'], /system-map-alone/);
  refused(['compare', '--memory', '64M@0x80000000@1'], /more than one @/);
  refused(['compare', '--memory', '64M@0x80000001'], /multiple of 4096/);
  refused(['compare', '--tree-at', '5T'], /not below 4 GiB/);
  refused(['compare', '--json', '--summary'], /cannot be used with/);
  refused(['compare', 'beaglebone-black', '--config', file('binary', '\0\0')], /config-not-text/);
});

test('a design that does not exist for the kernel is refused with the reason', () => {
  refused(['compare', 'beaglebone-black', '--baseline', '5.15'], /design-refused/, /before 6\.0/);
  assert.equal(
    armory('compare', 'beaglebone-black', '--baseline', '5.15', '--design', 'v1', '--summary').code,
    0,
  );
});

test('a hardware file names nodes of the tree', () => {
  const window = { node: '/nope', dmaStart: 0, cpuStart: 0, size: 4096 };
  const text = JSON.stringify({ busWindows: { value: [window], source: 'test' } });
  const hardware = file('board.hardware.json', text);
  refused(['compare', 'beaglebone-black', '--hardware', hardware], /hardware-no-node/, /\/nope/);
});

test('output that cannot be written is not a regression', {
  skip: !existsSync('/dev/full') && 'needs /dev/full',
}, () => {
  const full = openSync('/dev/full', 'w');
  const { code, stderr } = armoryTo(full, 'inspect', 'beaglebone-black');
  closeSync(full);
  assert.match(stderr, /cannot write standard output/);
  assert.equal(code, 3);
});

test('a reader that has seen enough is no error, also of a pipe that --output names', {
  skip: !existsSync('/dev/stdout') && 'needs /dev/stdout',
}, () => {
  const program = join(repositoryRoot, 'dist', 'src', 'cli', 'main.js');
  // The code of the program comes last; `head` has the records.
  const script = '{ "$0" "$1" probe beaglebone-black $2; echo $? >&2; } | head -n 1 > /dev/null';
  for (const output of ['', '--output /dev/stdout']) {
    const { stderr } = spawnSync('sh', ['-c', script, process.execPath, program, output], {
      encoding: 'utf8',
    });
    assert.equal(stderr, '0\n');
  }
});

test('C preprocessor in a .dts: says what to run', () => {
  const path = file('macro.dts', '#include "board.dtsi"\n/dts-v1/;\n');
  refused(['compare', path], /macro\.dts:1/, /cpp -nostdinc/);
});

test("a file that is not there is not the input's fault", () => {
  for (const args of [
    ['compare', 'no-such.dtb'],
    ['inspect', 'no-such.dtb'],
    ['compare', 'beaglebone-black', '--config', 'no-such-config'],
    ['compare', 'beaglebone-black', '--hardware', 'no-such.json'],
  ]) {
    const { code, stderr } = armory(...args);
    assert.equal(code, 3, stderr);
    assert.match(stderr, /no-such/);
  }
});
