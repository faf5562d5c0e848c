// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { sharedPath, skipWithout } from '../../tests/support/shared.js';
import { EnvironmentError } from '../base/diagnostics.js';
import { compareTrees } from './compare.js';
import { loadDeviceTree, parseDtb, parseDts, printDts, writeDtb } from './load.js';
import { errorIds, runDtc, SMALL_SOURCE, skipWithoutDtc } from './test-support.js';
import { DeviceTree, DtNode } from './tree.js';

function boards(): { name: string; bytes: Uint8Array }[] {
  const folder = sharedPath('boards')!;
  const names = readdirSync(folder).filter(name => name.endsWith('.dtb'));
  return names.map(name => ({ name, bytes: new Uint8Array(readFileSync(join(folder, name))) }));
}

test('real trees: what is read is written back byte by byte', { skip: skipWithout('boards') }, () => {
  const all = boards();
  assert.ok(all.length > 0);
  for (const { name, bytes } of all) {
    assert.ok(Buffer.from(writeDtb(parseDtb(bytes, name))).equals(bytes), name);
  }
});

test('real trees: printed and read again they are the same', { skip: skipWithout('boards') }, () => {
  for (const { name, bytes } of boards()) {
    const tree = parseDtb(bytes, name);
    assert.deepEqual(compareTrees(tree, parseDts(printDts(tree), `${name}.dts`)), [], name);
  }
});

test('real trees: dtc makes the same of our source as of the original binary', {
  skip: skipWithout('boards') || skipWithoutDtc,
}, () => {
  const some = boards().filter((_, index) => index % 6 === 0);
  for (const { name, bytes } of some) {
    const tree = parseDtb(bytes, name);
    const ours = runDtc(printDts(tree), '-I', 'dts', '-O', 'dtb', '-b', '0');
    assert.ok(ours?.equals(bytes), `${name}: our source does not compile to the original`);
    const sorted = runDtc(bytes, '-I', 'dtb', '-O', 'dts', '-s')?.toString();
    const written = runDtc(writeDtb(tree), '-I', 'dtb', '-O', 'dts', '-s')?.toString();
    assert.ok(sorted !== undefined && sorted === written, `${name}: sorted sources differ`);
  }
});

test('real trees: source from dtc, with its own notation, is read as dtc reads it', {
  skip: skipWithout('boards') || skipWithoutDtc,
}, () => {
  const some = boards().filter((_, index) => index % 6 === 3);
  for (const { name, bytes } of some) {
    // Not `bytes`: some versions of dtc print a NUL before a digit as an escape that reads as another byte.
    const source = runDtc(bytes, '-I', 'dtb', '-O', 'dts')!;
    const reference = runDtc(source, '-I', 'dts', '-O', 'dtb', '-b', '0')!;
    const ours = writeDtb(parseDts(source.toString('latin1'), `${name}.dts`));
    assert.ok(reference.equals(ours), name);
  }
});

const nameArbitrary = fc.stringMatching(/^[a-zA-Z0-9,._+-]{1,8}$/);
const nodeName = fc
  .tuple(nameArbitrary, fc.option(nameArbitrary))
  .map(([base, unit]) => (unit === null ? base : `${base}@${unit}`));
const propertyName = fc
  .stringMatching(/^[a-zA-Z0-9,._+*#?-]{1,10}$/)
  .filter(name => !['phandle', 'linux,phandle', 'name'].includes(name));
const valueArbitrary = fc.oneof(
  fc.uint8Array({ maxLength: 24 }),
  fc.array(fc.string({ unit: 'binary', maxLength: 6 }), { maxLength: 3 }).map(texts => {
    return new Uint8Array(Buffer.from(texts.map(text => `${text}\0`).join('')));
  }),
  fc.stringMatching(/^[ -~\t\n]{1,12}$/).map(text => new Uint8Array(Buffer.from(`${text}\0`))),
);

interface Shape {
  readonly name: string;
  readonly properties: readonly (readonly [string, Uint8Array])[];
  readonly children: readonly Shape[];
}

const shapeOf: (levels: number) => fc.Arbitrary<Shape> = fc.memo(levels =>
  fc.record({
    name: nodeName,
    properties: fc.uniqueArray(fc.tuple(propertyName, valueArbitrary), {
      selector: ([name]) => name,
      maxLength: 4,
    }),
    children:
      levels <= 1
        ? fc.constant([])
        : fc.uniqueArray(shapeOf(levels - 1), { selector: ({ name }) => name, maxLength: 3 }),
  }),
);

function grow(node: DtNode, { properties, children }: Shape): void {
  for (const [name, value] of properties) node.setProperty(name, value);
  for (const child of children) grow(node.addChild(child.name), child);
}

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const treeArbitrary: fc.Arbitrary<DeviceTree> = fc
  .tuple(
    shapeOf(4),
    fc.array(fc.record({ address: u64, size: u64.map(size => size || 1n) }), { maxLength: 3 }),
  )
  .map(([root, memreserve]) => {
    const tree = new DeviceTree('generated', new DtNode(''));
    tree.memreserve = memreserve;
    grow(tree.root, root);
    return tree;
  });

test('any tree survives being written and read', () => {
  fc.assert(
    fc.property(treeArbitrary, tree => {
      const bytes = writeDtb(tree);
      const again = parseDtb(bytes, 'x.dtb');
      assert.deepEqual(compareTrees(tree, again), []);
      assert.deepEqual(writeDtb(again), bytes);
    }),
    { numRuns: 200 },
  );
});

test('any tree survives being printed and read, and its print is stable', () => {
  fc.assert(
    fc.property(treeArbitrary, tree => {
      const text = printDts(tree);
      const again = parseDts(text, 'x.dts');
      assert.deepEqual(compareTrees(tree, again), []);
      assert.equal(printDts(again), text);
    }),
    { numRuns: 200 },
  );
});

test('dtc understands what is printed for any tree', { skip: skipWithoutDtc }, () => {
  fc.assert(
    fc.property(treeArbitrary, tree => {
      const compiled = runDtc(printDts(tree), '-f', '-O', 'dtb', '-b', '0');
      assert.ok(compiled?.equals(writeDtb(tree)));
    }),
    { numRuns: 15 },
  );
});

test('labels survive printing', () => {
  const tree = parseDts(SMALL_SOURCE, 'small.dts');
  const again = parseDts(printDts(tree), 'again.dts');
  assert.equal(again.nodeByLabel('uart0')?.path, '/soc/serial@1000');
});

test('files are told apart by content; what cannot be read or is neither says so', t => {
  const folder = mkdtempSync(join(tmpdir(), 'devicetree-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const put = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const tree = parseDts(SMALL_SOURCE, 'small.dts');
  assert.deepEqual(compareTrees(tree, loadDeviceTree(put('a.dts', writeDtb(tree)))), []);
  put('rest.dtsi', SMALL_SOURCE.replace('/dts-v1/;', ''));
  assert.deepEqual(compareTrees(tree, loadDeviceTree(put('b.dtb', '/dts-v1/; /include/ "rest.dtsi"'))), []);
  assert.deepEqual(
    errorIds(() => loadDeviceTree(put('c', '\x1f\x8b\0\0'))),
    ['not-a-device-tree'],
  );
  assert.deepEqual(
    errorIds(() => loadDeviceTree(put('d', ''))),
    ['dts-syntax'],
  );
  assert.throws(() => loadDeviceTree(join(folder, 'absent.dtb')), EnvironmentError);
  assert.throws(() => loadDeviceTree(folder), EnvironmentError);
});
