// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProbeRecord } from '../../workloads/probe/record.js';
import { missingRecords } from './completeness.js';

const free = (seq: number): ProbeRecord => ({ dev: 'plain', seq, op: 'free' });
const MODULE: ProbeRecord = { dev: 'sys', seq: 0, op: 'module' };
const end = (seq: number, records: number, lost = 0): ProbeRecord => ({
  ...{ dev: 'sys', seq, op: 'end' },
  ...{ records, lost },
});

test('a whole recording lacks nothing: with an end, or of a kind that has none', () => {
  assert.deepEqual(missingRecords([MODULE, free(1), end(2, 3)]), []);
  assert.deepEqual(missingRecords([free(0), free(1)]), []);
});

test('the end of a module’s recording tells what is lost', () => {
  const tells = (records: readonly ProbeRecord[], message: RegExp): void =>
    assert.match(missingRecords(records).join('\n'), message);
  tells([MODULE, free(1)], /'end', is missing: it was cut off behind seq 1/);
  tells([MODULE, free(1), end(2, 3, 1)], /the module lost 1 record for want of memory/);
  tells([MODULE, free(1), end(2, 9999)], /'end' counts 9999 records, 3 are here/);
  tells([MODULE, end(1, 2), free(2)], /records stand behind 'end' \(seq 1\)/);
});

test('holes in the numbers, whoever wrote them', () => {
  assert.deepEqual(missingRecords([free(0), free(2), free(6)]), ['records are missing: seq 1, seq 3 to 5']);
  const many = missingRecords([free(1), free(3), free(5), free(7), free(9)])[0];
  assert.equal(many, 'records are missing: seq 0, seq 2, seq 4, and 2 more holes');
});
