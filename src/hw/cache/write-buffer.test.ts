// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which waiting stores may leave, and what must leave with them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BufferedStore, WriteBuffer } from './write-buffer.js';

function entry(paddr: number, epoch = 0, cpu = 0): BufferedStore {
  return { cpu, paddr, bytes: Uint8Array.of(paddr, paddr, paddr, paddr), bits: 0, epoch };
}

function bufferOf(...entries: BufferedStore[]): WriteBuffer {
  const buffer = new WriteBuffer(8);
  for (const one of entries) buffer.push(one);
  return buffer;
}

function addresses(entries: readonly BufferedStore[]): number[] {
  return entries.map(({ paddr }) => paddr);
}

test('an entry waits for older ones that it overlaps or that a DMB of its CPU separates', () => {
  const buffer = bufferOf(entry(0), entry(2), entry(8, 1), entry(16, 1, 1));
  assert.deepEqual(
    buffer.entries.map((_, index) => buffer.mayDrain(index)),
    [true, false, false, true],
  );
  buffer.remove(0);
  assert.deepEqual(
    buffer.entries.map((_, index) => buffer.mayDrain(index)),
    [true, false, true],
  );
});

test('what is wanted out takes along what must go first, oldest first', () => {
  const buffer = bufferOf(entry(0), entry(100), entry(2), entry(200));
  const gone: BufferedStore[] = [];
  buffer.drainOverlapping(4, 1, one => gone.push(one));
  assert.deepEqual(addresses(gone), [0, 2]);
  assert.deepEqual(addresses(buffer.entries), [100, 200]);
  buffer.push(entry(300, 1));
  buffer.drainOverlapping(303, 1, one => gone.push(one));
  assert.deepEqual(addresses(gone), [0, 2, 100, 200, 300]);
});

test('the youngest entry with a byte is what a reader sees', () => {
  const buffer = bufferOf(entry(4), entry(6));
  const into = new Uint8Array(10).fill(255);
  buffer.overlay(3, 8, into, 1);
  assert.deepEqual([...into], [255, 255, 4, 4, 6, 6, 6, 6, 255, 255]);
  assert.equal(buffer.holds(10, 4), false);
  assert.equal(buffer.holds(9, 1), true);
});
