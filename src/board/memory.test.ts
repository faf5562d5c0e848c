// SPDX-License-Identifier: GPL-2.0-only
/**
 * Memory of a board before and after the boot loader had its say.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GiB, MiB } from '../base/address.js';
import { type Diagnostic, InputError } from '../base/diagnostics.js';
import { readCells } from '../devicetree/access.js';
import { encodeCells, encodeStrings } from '../devicetree/bytes.js';
import { parseDts } from '../devicetree/load.js';
import { DeviceTree } from '../devicetree/tree.js';
import { applyBootLoader, memoryNodes, physicalBanks } from './memory.js';

/** A tree with one memory node for each list of cells. */
function treeWith(addressCells: number, sizeCells: number, ...regs: number[][]): DeviceTree {
  const tree = new DeviceTree('board.dtb');
  tree.root.setProperty('#address-cells', encodeCells(addressCells));
  tree.root.setProperty('#size-cells', encodeCells(sizeCells));
  for (const [index, reg] of regs.entries()) {
    const node = tree.root.addChild(`memory@${index}`);
    node.setProperty('device_type', encodeStrings('memory'));
    node.setProperty('reg', encodeCells(...reg));
  }
  return tree;
}

function idOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.diagnostics[0]?.id;
  }
  return undefined;
}

test('banks come sorted, with the cell counts of the root, empty rows left out', () => {
  const tree = treeWith(2, 1, [1, 0, 0x40000000, 0, 0x80000000, 0], [0, 0x80000000, 0x20000000]);
  assert.equal(memoryNodes(tree).length, 3);
  assert.deepEqual(physicalBanks({ tree }), [
    { start: 0x80000000, end: 0xa0000000 },
    { start: 4 * GiB, end: 5 * GiB },
  ]);
});

test('unavailable nodes and nodes of another type are no memory', () => {
  const tree = treeWith(1, 1, [0, 0x1000], [0x8000, 0x1000], [0x10000, 0x1000]);
  tree.root.children[0]!.setProperty('status', encodeStrings('disabled'));
  tree.root.children[1]!.properties.delete('device_type');
  assert.deepEqual(physicalBanks({ tree }), [{ start: 0x10000, end: 0x11000 }]);
});

test('memory without a size is an error that says how to give one', () => {
  const tree = treeWith(1, 1, [0x80000000, 0]);
  assert.throws(() => physicalBanks({ tree }), /memory-no-size.*size 0[\s\S]*--memory SIZE\[@BASE\]/);
  assert.equal(
    idOf(() => physicalBanks({ tree: treeWith(1, 1) })),
    'memory-no-size',
  );
  applyBootLoader({ tree }, { memory: [{ sizeBytes: 256 * MiB }] });
  assert.deepEqual(physicalBanks({ tree }), [{ start: 0x80000000, end: 0x90000000 }]);
});

test('overlapping and impossible banks are errors', () => {
  const overlap = treeWith(1, 1, [0, 0x2000], [0x1000, 0x1000]);
  assert.equal(
    idOf(() => physicalBanks({ tree: overlap })),
    'memory-overlap',
  );
  const high = treeWith(2, 2, [0xff, 0xf0000000, 0, 0x20000000]);
  assert.equal(
    idOf(() => physicalBanks({ tree: high })),
    'memory-too-high',
  );
  const tree = treeWith(1, 1, [0, 0x1000]);
  assert.equal(
    idOf(() => applyBootLoader({ tree }, { memory: [{ sizeBytes: 8 * GiB }] })),
    'value-too-wide',
  );
});

test('given memory replaces what the tree said', () => {
  const tree = treeWith(2, 2, [0, 0x40000000, 0, 0x1000], [1, 0, 0, 0x1000]);
  const memory = [{ sizeBytes: GiB }, { sizeBytes: GiB, base: 8 * GiB }];
  applyBootLoader({ tree }, { memory });
  assert.equal(tree.root.children.length, 1);
  assert.deepEqual(physicalBanks({ tree }), [
    { start: 0x40000000, end: 0x80000000 },
    { start: 8 * GiB, end: 9 * GiB },
  ]);
  assert.equal(
    idOf(() => applyBootLoader({ tree }, { memory: [{ sizeBytes: GiB }, { sizeBytes: GiB }] })),
    'memory-no-base',
  );
});

test('a tree without memory node needs a base; a node without its type is used', () => {
  const tree = treeWith(1, 1);
  assert.equal(
    idOf(() => applyBootLoader({ tree }, { memory: [{ sizeBytes: MiB }] })),
    'memory-no-base',
  );
  applyBootLoader({ tree }, { memory: [{ sizeBytes: MiB, base: 0x10000000 }] });
  assert.equal(tree.root.children[0]?.name, 'memory@10000000');

  const untyped = treeWith(1, 1, [0x70000000, 0]);
  untyped.root.children[0]!.properties.delete('device_type');
  applyBootLoader({ tree: untyped }, { memory: [{ sizeBytes: MiB }] });
  assert.deepEqual(physicalBanks({ tree: untyped }), [{ start: 0x70000000, end: 0x70100000 }]);
});

test('where chips are known to have their RAM, its base is taken from there, and said so', () => {
  const tree = parseDts(
    '/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; compatible = "a,b", "allwinner,sun7i-a20"; };',
    'test.dts',
  );
  const diagnostics: Diagnostic[] = [];
  applyBootLoader({ tree, diagnostics }, { memory: [{ sizeBytes: MiB }] });
  assert.deepEqual(physicalBanks({ tree }), [{ start: 0x40000000, end: 0x40100000 }]);
  assert.deepEqual(
    diagnostics.map(({ severity, id }) => `${severity} ${id}`),
    ['note memory-base-of-chip'],
  );
});

test('the initrd goes to /chosen in the cells of the root', () => {
  const tree = treeWith(2, 1, [0, 0, 0x1000000]);
  applyBootLoader({ tree }, { initrd: { address: 0x800000, size: 0x1234 } });
  const chosen = tree.root.child('chosen')!;
  assert.deepEqual(readCells(tree, chosen, 'linux,initrd-start', [2]), [[0x800000n]]);
  assert.deepEqual(readCells(tree, chosen, 'linux,initrd-end', [2]), [[0x801234n]]);
});

test('whatever memory is written is read back', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 64 * GiB }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(sizes, list => {
      const tree = treeWith(2, 2);
      const memory = list.map((sizeBytes, index) => ({ sizeBytes, base: index * 128 * GiB }));
      applyBootLoader({ tree }, { memory });
      const expected = memory.map(({ base, sizeBytes }) => ({ start: base, end: base + sizeBytes }));
      assert.deepEqual(physicalBanks({ tree }), expected);
    }),
  );
});
