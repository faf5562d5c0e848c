// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseDtb, parseDts, printDts, writeDtb } from './load.js';
import { applyOverlay } from './overlay.js';

const BASE = `/dts-v1/; / { #address-cells = <1>; #size-cells = <1>;
  memory@0 { reg = <0 0x1000>; phandle = <7>; };
  soc { uart { status = "okay"; }; }; };`;

const OVERLAY = `/dts-v1/; / {
  fragment@0 { target-path = "/"; __overlay__ {
    a { phandle = <1>; };
    b { user = <5 1>; };
    soc { uart { status = "disabled"; }; }; }; };
  __local_fixups__ { fragment@0 { __overlay__ { b { user = <4>; }; }; }; }; };`;

function merged(): ReturnType<typeof parseDts> {
  const tree = parseDts(BASE, 'base.dts');
  applyOverlay(tree, parseDts(OVERLAY, 'overlay.dts'));
  return tree;
}

test('nodes are added first, properties replaced, own phandles renumbered', () => {
  const { root } = merged();
  assert.deepEqual(
    root.children.map(({ name }) => name),
    ['b', 'a', 'memory@0', 'soc'],
  );
  assert.equal(root.child('a')?.phandle, 8);
  assert.deepEqual([...root.child('b')!.properties.get('user')!.value], [0, 0, 0, 5, 0, 0, 0, 8]);
  assert.match(printDts(merged()), /uart \{\s*status = "disabled";/);
});

const noTool = spawnSync('fdtoverlay', ['--help']).error && 'needs fdtoverlay (Debian: device-tree-compiler)';

test('fdtoverlay makes the same tree', { skip: noTool ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'armory-overlay-'));
  try {
    const [base, overlay, out] = ['base.dtb', 'overlay.dtbo', 'out.dtb'].map(name => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(base, writeDtb(parseDts(BASE, 'base.dts')));
    writeFileSync(overlay, writeDtb(parseDts(OVERLAY, 'overlay.dts')));
    const run = spawnSync('fdtoverlay', ['-i', base, '-o', out, overlay], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    assert.equal(printDts(merged()), printDts(parseDtb(readFileSync(out), 'out.dtb')));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what cannot be merged is refused', () => {
  const apply = (content: string) =>
    applyOverlay(parseDts(BASE, 'b'), parseDts(`/dts-v1/; / { ${content} };`, 'o'));
  assert.throws(
    () => apply('fragment@0 { target-path = "/none"; __overlay__ { }; };'),
    /overlay-target.*\/none/,
  );
  assert.throws(() => apply('fragment@0 { target = <1>; __overlay__ { }; };'), /overlay-target/);
  assert.throws(() => apply('__fixups__ { };'), /overlay-fixups/);
});
