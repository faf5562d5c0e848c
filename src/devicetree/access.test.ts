// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as access from './access.js';
import { parseDtb, parseDts, writeDtb } from './load.js';
import { errorIds, inputErrorOf, SMALL_SOURCE } from './test-support.js';
import type { DeviceTree, DtNode } from './tree.js';

function nodeWith(properties: string): [DeviceTree, DtNode] {
  const tree = parseDts(`/dts-v1/; / { n { ${properties} }; };`, 'n.dts');
  return [tree, tree.root.child('n')!];
}

test('nodes are found by path, alias, label and phandle', () => {
  const tree = parseDts(SMALL_SOURCE, 'small.dts');
  const uart = tree.nodeByPath('/soc/serial@1000')!;
  assert.equal(uart.path, '/soc/serial@1000');
  assert.equal(tree.nodeByPath('/soc/serial'), uart);
  assert.equal(tree.nodeByPath('serial0'), uart);
  assert.equal(tree.nodeByPath('serial1'), undefined);
  assert.equal(tree.nodeByPath('/soc/serial@2000'), undefined);
  assert.equal(tree.nodeByPath('/'), tree.root);
  assert.equal(tree.nodeByLabel('uart0'), uart);
  const pool = tree.nodeByLabel('pool')!;
  assert.equal(tree.nodeByPhandle(pool.phandle!), pool);
});

test('a name without unit address finds nothing where two children fit', () => {
  const tree = parseDts('/dts-v1/; / { a@1 {}; a@2 {}; b@1 {}; b {}; };', 'n.dts');
  assert.equal(tree.root.child('a'), undefined);
  assert.equal(tree.root.child('b')?.name, 'b');
});

test('look-ups follow changes of the tree', () => {
  const tree = parseDts(SMALL_SOURCE, 'small.dts');
  const pool = tree.nodeByLabel('pool')!;
  const phandle = pool.phandle!;
  assert.equal(tree.nodeByPhandle(phandle), pool);
  pool.parent!.removeChild(pool);
  assert.equal(tree.nodeByPhandle(phandle), undefined);
  assert.equal(tree.nodeByLabel('pool'), undefined);
  tree.root.addChild(pool);
  assert.equal(tree.nodeByPhandle(phandle), pool);
});

test("'reg' is read by the parent's cell counts, which are inherited as in Linux", () => {
  const tree = parseDts(SMALL_SOURCE, 'small.dts');
  const pool = tree.nodeByLabel('pool')!;
  assert.deepEqual(access.regOf(tree, pool), [{ address: 0x4a000000n, size: 0x100000n }]);
  const soc = tree.nodeByPath('/soc')!;
  assert.deepEqual([access.addressCells(soc), access.sizeCells(soc)], [1, 1]);
  const bare = parseDts('/dts-v1/; / { };', 'bare.dts').root;
  assert.deepEqual([access.addressCells(bare), access.sizeCells(bare)], [1, 1]);
});

test('rows of cells keep numbers of more than 53 bits', () => {
  const [tree, node] = nodeWith('ranges = <0x2000000 0xffffffff 0xfffffff1 0x10 0 0x1000>;');
  assert.deepEqual(access.readCells(tree, node, 'ranges', [3, 2, 1]), [
    [0x2000000fffffffffffffff1n, 0x1000000000n, 0x1000n],
  ]);
  assert.deepEqual(access.readCells(tree, node, 'absent', [1]), []);
});

test('a length that is no multiple of a row names file, node, property, value and rule', () => {
  const [tree, node] = nodeWith('reg = <1 2 3>;');
  const error = inputErrorOf(() => access.regOf(tree, node));
  assert.equal(
    error?.message,
    'n.dts:1:19: error (length-not-a-multiple): /n:reg: the length must be a multiple of 8 bytes (1+1 cells); ' +
      'it is [00 00 00 01 00 00 00 02 00 00 00 03] (12 bytes)',
  );
});

test('strings: the first, all, and those that are not strings', () => {
  const [tree, node] = nodeWith('s = "a", "b"; e; u = [61]; z = "";');
  assert.equal(access.stringOf(tree, node, 's'), 'a');
  assert.deepEqual(access.stringsOf(tree, node, 's'), ['a', 'b']);
  assert.deepEqual(access.stringsOf(tree, node, 'e'), []);
  assert.equal(access.stringOf(tree, node, 'z'), '');
  assert.equal(access.stringOf(tree, node, 'absent'), undefined);
  assert.deepEqual(
    errorIds(() => access.stringOf(tree, node, 'e')),
    ['string-empty'],
  );
  assert.deepEqual(
    errorIds(() => access.stringsOf(tree, node, 'u')),
    ['string-not-terminated'],
  );
});

test('cells: unsigned, the first of several, too short', () => {
  const [tree, node] = nodeWith('c = <0xfffffffe 2>; h = /bits/ 16 <1>;');
  assert.equal(access.u32Of(tree, node, 'c'), 0xfffffffe);
  assert.deepEqual(access.u32sOf(tree, node, 'c'), [0xfffffffe, 2]);
  assert.equal(access.u32Of(tree, node, 'absent'), undefined);
  assert.deepEqual(
    errorIds(() => access.u32Of(tree, node, 'h')),
    ['cell-too-short'],
  );
});

test('compatible ignores case and status knows ok and okay, as in Linux', () => {
  const tree = parseDts(
    '/dts-v1/; / { a { compatible = "ARM,PL310-cache", "x"; status = "ok"; }; b { status = "disabled"; };' +
      ' c { status = "fail"; }; d { status; }; };',
    'n.dts',
  );
  const [a, ...others] = tree.root.children;
  assert.equal(access.isCompatible(a!, 'arm,pl310-cache'), true);
  assert.equal(access.isCompatible(a!, 'arm,pl310'), false);
  assert.equal(access.isAvailable(a!), true);
  assert.deepEqual(others.map(access.isAvailable), [false, false, false]);
});

test('phandle lists resolve, and a phandle that no node has is an error with its place in the binary', () => {
  const source = parseDts(SMALL_SOURCE, 'small.dts');
  const uart = source.nodeByLabel('uart0')!;
  assert.deepEqual(access.phandlesOf(source, uart, 'memory-region'), [source.nodeByLabel('pool')]);
  assert.equal(access.phandleOf(source, uart, 'memory-region'), source.nodeByLabel('pool'));
  assert.equal(access.phandleOf(source, uart, 'absent'), undefined);
  uart.setProperty('memory-region', new Uint8Array([0, 0, 0, 99]));
  const tree = parseDtb(writeDtb(source), 'small.dtb');
  const error = inputErrorOf(() => access.phandlesOf(tree, tree.nodeByPath('serial0')!, 'memory-region'));
  assert.match(error?.message ?? '', /^small\.dtb:\+0x[0-9a-f]+: error \(phandle-dangling\): .*0x63/);
});

test('cell counts above four are refused', () => {
  const [tree, node] = nodeWith('#address-cells = <5>; c { reg = <1>; };');
  assert.deepEqual(
    errorIds(() => access.regOf(tree, node.child('c')!)),
    ['cells-out-of-range'],
  );
});
