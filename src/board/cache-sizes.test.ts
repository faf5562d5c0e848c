// SPDX-License-Identifier: GPL-2.0-only
/**
 * Cache sizes from CPU nodes: what is taken, and what is ignored with a note.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeCells, encodeStrings } from '../devicetree/bytes.js';
import { DeviceTree } from '../devicetree/tree.js';
import { Board } from './board.js';

type Properties = Readonly<Record<string, Uint8Array>>;

function boardOf(core: string, properties: Properties, l2: Properties = {}): Board {
  const tree = new DeviceTree('x.dtb');
  const cpus = tree.root.addChild('cpus');
  const cpu = cpus.addChild('cpu@0');
  cpu.setProperty('compatible', encodeStrings(core));
  for (const [name, value] of Object.entries(properties)) cpu.setProperty(name, value);
  const cache = cpus.addChild('l2-cache');
  cache.setProperty('phandle', encodeCells(7));
  for (const [name, value] of Object.entries(l2)) cache.setProperty(name, value);
  return new Board('x', tree);
}

const A72: Properties = {
  'd-cache-size': encodeCells(0x8000),
  'd-cache-sets': encodeCells(256),
  'd-cache-line-size': encodeCells(64),
  'i-cache-size': encodeCells(0xc000),
  'next-level-cache': encodeCells(7),
};

test('sizes and ways that a CPU node states become facts', () => {
  const board = boardOf('arm,cortex-a72', A72, { 'cache-size': encodeCells(0x100000) });
  const facts = board.machineFacts();
  assert.equal(facts.dataCacheBytes, 0x8000);
  assert.equal(facts.dataCacheWays, 2);
  assert.equal(facts.instructionCacheBytes, 0xc000);
  assert.equal(facts.l2Bytes, 0x100000);
  assert.deepEqual(board.diagnostics, []);
});

test('without a statement there is no fact', () => {
  const facts = boardOf('arm,cortex-a72', {}).machineFacts();
  for (const name of ['dataCacheBytes', 'dataCacheWays', 'instructionCacheBytes', 'l2Bytes']) {
    assert.ok(!(name in facts), name);
  }
});

test('the next level of a core without one of its own is not its L2', () => {
  const next = { 'next-level-cache': encodeCells(7) };
  assert.equal(
    boardOf('arm,cortex-a9', next, { 'cache-size': encodeCells(0x80000) }).machineFacts().l2Bytes,
    undefined,
  );
});

test('a size that no cache can have is ignored with a note', () => {
  const bad: Properties[] = [
    { 'd-cache-size': encodeCells(0) },
    { 'd-cache-size': encodeCells(0x8001) },
    { 'd-cache-size': encodeCells(67 * 0x1000) },
    { 'd-cache-size': new Uint8Array(2) },
  ];
  for (const properties of bad) {
    const board = boardOf('arm,cortex-a9', properties);
    assert.equal(board.machineFacts().dataCacheBytes, undefined);
    assert.deepEqual(
      board.diagnostics.map(({ severity, id, path }) => [severity, id, path]),
      [['note', 'cache-size-ignored', '/cpus/cpu@0:d-cache-size']],
    );
  }
  const dangling = boardOf('arm,cortex-a7', { 'next-level-cache': encodeCells(99) });
  assert.equal(dangling.machineFacts().l2Bytes, undefined);
});

test('sets that do not divide the size tell no ways', () => {
  const board = boardOf('arm,cortex-a9', { ...A72, 'd-cache-sets': encodeCells(300) });
  assert.equal(board.machineFacts().dataCacheBytes, 0x8000);
  assert.equal(board.machineFacts().dataCacheWays, undefined);
});
