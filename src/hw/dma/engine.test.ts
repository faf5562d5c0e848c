// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counting, program, putWords, RAM_BASE, testBus } from './dma-fixture.js';
import {
  DmaEngine,
  ENGINE,
  ENGINE_BUS_ERROR,
  ENGINE_COPY,
  ENGINE_DONE,
  ENGINE_END,
  ENGINE_ERROR,
  ENGINE_FILL,
  ENGINE_FROM_FIFO,
  ENGINE_RUN,
  ENGINE_TO_FIFO,
} from './engine.js';

const LIST = RAM_BASE + 0x1000;
const SOURCE = RAM_BASE + 0x2000;
const TARGET = RAM_BASE + 0x3000;

test('a list copies, fills, and ends', () => {
  const { machine, master } = testBus();
  machine.ram.writeBytes(SOURCE, counting(100, 1));
  putWords(machine, LIST, [ENGINE_COPY, SOURCE, TARGET, 60, 0, LIST + 0x40, 0]);
  putWords(machine, LIST + 0x40, [ENGINE_COPY, SOURCE + 60, TARGET + 60, 40, 0, LIST + 0x20, 0]);
  putWords(machine, LIST + 0x20, [ENGINE_FILL, 0, TARGET + 100, 8, 0x1aa, 0, 0]);
  const engine = new DmaEngine(master);
  program(engine, [
    [ENGINE.DESC, LIST + 0x1f],
    [ENGINE.CTRL, ENGINE_RUN],
  ]);
  assert.ok(machine.ram.isFilledWith(TARGET, 108, 0), 'nothing happens by itself');
  assert.equal(engine.advance(2), 2);
  assert.ok(machine.ram.isFilledWith(TARGET + 100, 8, 0));
  assert.equal(engine.advance(5), 1);
  assert.deepEqual(machine.ram.readBytes(TARGET, 100), counting(100, 1));
  assert.ok(machine.ram.isFilledWith(TARGET + 100, 8, 0xaa));
  assert.equal(engine.readRegister(ENGINE.STATUS.offset), ENGINE_END);
  assert.equal(engine.readRegister(ENGINE.COUNT.offset), 3);
  assert.equal(engine.running, false);
  for (const at of [LIST, LIST + 0x20, LIST + 0x40]) assert.equal(machine.ram.read32(at + 0x18), ENGINE_DONE);
});

test('a cyclic list goes round until software stops it', () => {
  const { machine, master } = testBus();
  let next = 0;
  const played: number[] = [];
  const engine = new DmaEngine(master, {
    take: size => new Uint8Array(size).fill(++next),
    put: bytes => played.push(...bytes),
  });
  putWords(machine, LIST, [ENGINE_FROM_FIFO, 0, TARGET, 2, 0, LIST + 0x20, 0]);
  putWords(machine, LIST + 0x20, [ENGINE_TO_FIFO, TARGET, 0, 1, 0, LIST, 0]);
  program(engine, [
    [ENGINE.DESC, LIST],
    [ENGINE.CTRL, ENGINE_RUN],
  ]);
  assert.equal(engine.advance(5), 5);
  assert.deepEqual(played, [1, 2]);
  assert.deepEqual(machine.ram.readBytes(TARGET, 2), Uint8Array.of(3, 3));
  program(engine, [[ENGINE.CTRL, 0]]);
  assert.equal(engine.advance(5), 0);
});

test('a bus error stops the engine and is written into the descriptor', () => {
  const { machine, master } = testBus();
  const engine = new DmaEngine(master);
  putWords(machine, LIST, [ENGINE_COPY, 0x1000, TARGET, 4, 0, LIST, 0]);
  program(engine, [
    [ENGINE.DESC, LIST],
    [ENGINE.CTRL, ENGINE_RUN],
  ]);
  assert.equal(engine.advance(3), 0);
  assert.equal(machine.ram.read32(LIST + 0x18), ENGINE_ERROR);
  assert.equal(engine.readRegister(ENGINE.STATUS.offset), ENGINE_BUS_ERROR);
  program(engine, [
    [ENGINE.STATUS, ENGINE_BUS_ERROR],
    [ENGINE.DESC, 0x1000],
    [ENGINE.CTRL, ENGINE_RUN],
  ]);
  assert.equal(engine.readRegister(ENGINE.STATUS.offset), 0);
  assert.equal(engine.advance(1), 0);
  assert.equal(engine.readRegister(ENGINE.STATUS.offset), ENGINE_BUS_ERROR, 'no descriptor there');
});
