// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeCells, encodeStrings, storeU32 } from './bytes.js';
import { compareTrees } from './compare.js';
import { FDT_NOP, HEADER } from './dtb-format.js';
import { parseDtb, parseDts, writeDtb } from './load.js';
import { errorIds, inputErrorOf, runDtc, SMALL_SOURCE, skipWithoutDtc } from './test-support.js';
import { DeviceTree, DtNode } from './tree.js';

const BEGIN = 1;
const END_NODE = 2;
const PROP = 3;
const END = 9;

/** A .dtb with these cells as its structure block and "a\0b\0" as its strings. */
function withStructure(cells: readonly number[]): Uint8Array {
  const head = writeDtb(new DeviceTree('', new DtNode('')));
  const structure = new Uint8Array(cells.length * 4);
  cells.forEach((cell, index) => {
    storeU32(structure, index * 4, cell);
  });
  const bytes = new Uint8Array(56 + structure.length + 4);
  bytes.set(head.subarray(0, 56));
  bytes.set(structure, 56);
  bytes.set(encodeStrings('a', 'b'), 56 + structure.length);
  storeU32(bytes, HEADER.totalsize, bytes.length);
  storeU32(bytes, HEADER.off_dt_strings, 56 + structure.length);
  storeU32(bytes, HEADER.size_dt_strings, 4);
  storeU32(bytes, HEADER.size_dt_struct, structure.length);
  return bytes;
}

function patched(field: keyof typeof HEADER, value: number): Uint8Array {
  const bytes = writeDtb(parseDts(SMALL_SOURCE, 'small.dts'));
  storeU32(bytes, HEADER[field], value);
  return bytes;
}

function idsOf(bytes: Uint8Array): string[] {
  return errorIds(() => parseDtb(bytes, 'x.dtb'));
}

test('what is written is what dtc writes, byte by byte', { skip: skipWithoutDtc }, () => {
  const reference = runDtc(SMALL_SOURCE, '-b', '0', '-O', 'dtb');
  assert.deepEqual(Buffer.from(writeDtb(parseDts(SMALL_SOURCE, 'small.dts'))), reference);
});

test('reading keeps reservations, boot CPU, size and positions, and does not alias its input', () => {
  const source = parseDts(SMALL_SOURCE, 'small.dts');
  source.bootCpuid = 3;
  const bytes = writeDtb(source, 100);
  const tree = parseDtb(bytes, 'small.dtb');
  assert.deepEqual(compareTrees(source, tree), []);
  assert.equal(tree.sourceBytes, bytes.length);
  assert.deepEqual(tree.root.position, { file: 'small.dtb', offset: 40 + 3 * 16 });
  bytes.fill(0);
  assert.deepEqual(compareTrees(source, tree), []);
});

test('version 16, NOP tokens, and bytes behind the end are fine', () => {
  const bytes = withStructure([FDT_NOP, BEGIN, 0, FDT_NOP, PROP, 0, 2, FDT_NOP, END_NODE, FDT_NOP, END]);
  storeU32(bytes, HEADER.version, 16);
  const tree = parseDtb(Buffer.concat([bytes, Buffer.from('more')]), 'x.dtb');
  assert.deepEqual([...tree.root.properties.keys()], ['b']);
});

test('what is wrong with a header is said', () => {
  assert.deepEqual(idsOf(patched('magic', 0xd00dfeee)), ['dtb-magic']);
  assert.deepEqual(idsOf(new Uint8Array(3)), ['dtb-magic']);
  assert.deepEqual(idsOf(patched('version', 3)), ['dtb-version']);
  assert.deepEqual(idsOf(patched('last_comp_version', 18)), ['dtb-version']);
  assert.deepEqual(idsOf(patched('totalsize', 0x7fffffff)), ['dtb-too-large']);
  assert.deepEqual(idsOf(patched('totalsize', 8)), ['dtb-truncated']);
  assert.deepEqual(idsOf(patched('off_dt_struct', 0xfffffff0)), ['dtb-bounds']);
  assert.deepEqual(idsOf(patched('off_dt_struct', 90)), ['dtb-alignment']);
  assert.deepEqual(idsOf(patched('off_mem_rsvmap', 44)), ['dtb-alignment']);
  assert.deepEqual(idsOf(patched('off_mem_rsvmap', 16)), ['dtb-bounds']);
  assert.deepEqual(idsOf(patched('size_dt_strings', 0xffffffff)), ['dtb-bounds']);
  assert.deepEqual(idsOf(patched('size_dt_struct', 16)), ['dtb-truncated']);
});

test('a file cut short says where it ends and where it should', () => {
  const bytes = writeDtb(parseDts(SMALL_SOURCE, 'small.dts'));
  const error = inputErrorOf(() => parseDtb(bytes.subarray(0, 200), 'cut.dtb'));
  assert.equal(
    error?.message,
    `cut.dtb:+0xc8: error (dtb-truncated): the file ends after 200 bytes, its header says ${bytes.length}`,
  );
});

test('blocks that overlap are refused', () => {
  const bytes = withStructure([BEGIN, 0, END_NODE, END]);
  storeU32(bytes, HEADER.off_dt_strings, 64);
  assert.deepEqual(idsOf(bytes), ['dtb-overlap']);
});

test('what is wrong with the structure is said', () => {
  const cases: [number[], string][] = [
    [[END], 'dtb-structure'],
    [[BEGIN, 0, END], 'dtb-structure'],
    [[BEGIN, 0, END_NODE, END_NODE, END], 'dtb-structure'],
    [[BEGIN, 0, END_NODE, BEGIN, 0, END_NODE, END], 'dtb-structure'],
    [[BEGIN, 0x61000000, END_NODE, END], 'dtb-structure'],
    [[PROP, 0, 0, END], 'dtb-structure'],
    [[BEGIN, 0, 7, END_NODE, END], 'dtb-structure'],
    [[BEGIN, 0, END_NODE], 'dtb-truncated'],
    [[BEGIN, 0x61616161], 'dtb-truncated'],
    [[BEGIN, 0, PROP, 100, 0, END_NODE, END], 'dtb-bounds'],
    [[BEGIN, 0, PROP, 0, 4, END_NODE, END], 'dtb-bounds'],
    [[BEGIN, 0, PROP, 0, 0, PROP, 0, 0, END_NODE, END], 'duplicate-property'],
    [[BEGIN, 0, BEGIN, 0x61000000, END_NODE, PROP, 0, 0, END_NODE, END], 'dtb-property-after-node'],
    [[BEGIN, 0, BEGIN, 0x61000000, END_NODE, BEGIN, 0x61000000, END_NODE, END_NODE, END], 'duplicate-node'],
    [[BEGIN, 0, BEGIN, 0x61206100, END_NODE, END_NODE, END], 'node-name'],
    [[BEGIN, 0, BEGIN, 0, END_NODE, END_NODE, END], 'node-name'],
  ];
  for (const [cells, id] of cases) assert.deepEqual(idsOf(withStructure(cells)), [id], cells.join(' '));
});

test('nesting is limited to what Linux takes, without recursion', () => {
  const nested = (levels: number) =>
    withStructure([
      ...[BEGIN, 0],
      ...Array.from({ length: levels - 1 }, () => [BEGIN, 0x61000000]).flat(),
      ...Array.from({ length: levels }, () => END_NODE),
      END,
    ]);
  assert.deepEqual(idsOf(nested(63)), []);
  assert.deepEqual(idsOf(nested(64)), ['dtb-nesting']);
  assert.deepEqual(idsOf(nested(100_000)), ['dtb-nesting']);
});

test('several mistakes are reported together', () => {
  const tree = parseDts('/dts-v1/; / { a { }; b { }; c { }; };', 'x.dts');
  for (const node of tree.root.children) node.setProperty('phandle', encodeCells(7));
  tree.root.child('c')!.setProperty('phandle', encodeCells(0));
  assert.deepEqual(idsOf(writeDtb(tree)), ['duplicate-phandle', 'bad-phandle']);
});
