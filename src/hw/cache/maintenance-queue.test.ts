// SPDX-License-Identifier: GPL-2.0-only
/**
 * The order in which queued maintenance may be done.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MaintenanceQueue, type QueuedMaintenance } from './maintenance-queue.js';

function line(at: number, operation: QueuedMaintenance['operation'] = 'clean'): QueuedMaintenance {
  return { operation, all: false, vaddr: at, paddr: at };
}

const everything: QueuedMaintenance = { ...line(0, 'clean-invalidate'), all: true };

function queueOf(...entries: QueuedMaintenance[]): { queue: MaintenanceQueue; done: QueuedMaintenance[] } {
  const done: QueuedMaintenance[] = [];
  const queue = new MaintenanceQueue(4, entry => done.push(entry));
  for (const entry of entries) queue.push(entry);
  return { queue, done };
}

test('operations on one line keep their order, one on everything keeps its place', () => {
  const { queue } = queueOf(line(0), line(32), line(0, 'invalidate'), everything);
  assert.deepEqual(
    queue.entries.map((_, index) => queue.mayComplete(index)),
    [true, true, false, false],
  );
});

test('an access lets the operations on its line go first, and with one on everything all before it', () => {
  const one = queueOf(line(0), line(32), line(0, 'invalidate'), line(0, 'instruction'));
  one.queue.completeLine(0, 0);
  assert.deepEqual(one.done, [line(0), line(0, 'invalidate')]);
  const all = queueOf(line(32), everything, line(64));
  all.queue.completeLine(0, 0);
  assert.deepEqual(all.done, [line(32), everything]);
  assert.deepEqual(all.queue.entries, [line(64)]);
});

test('a full queue does its oldest operation', () => {
  const { queue, done } = queueOf(line(0), line(32), line(64), line(96), line(128));
  assert.deepEqual(done, [line(0)]);
  queue.completeAll();
  assert.deepEqual(done, [line(0), line(32), line(64), line(96), line(128)]);
});
