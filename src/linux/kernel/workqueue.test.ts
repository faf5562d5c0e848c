// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Workqueue } from './workqueue.js';

test('work that is waiting is queued once, and may queue itself again when it runs', () => {
  const queue = new Workqueue();
  let runs = 0;
  const work = () => {
    runs++;
    if (runs === 1) queue.schedule_work('grow', work);
  };
  queue.schedule_work('grow', work);
  queue.schedule_work('grow', work);
  assert.equal(queue.run(), 2);
  assert.equal(runs, 2);
  assert.equal(queue.run(), 0);
});
