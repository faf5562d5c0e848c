// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError } from '../../base/diagnostics.js';
import { decodeRecording, parseRecording } from './read-recording.js';

const LINE = '{"dev":"plain","seq":3,"op":"alloc","size":4096,"ok":1}';
const NEXT = '{"dev":"plain","seq":4,"op":"free"}';

test('a record a line', () => {
  const records = parseRecording(`${LINE}\n\n${NEXT}\r\n`, 'p.jsonl');
  assert.equal(records.length, 2);
  assert.equal(records[0]?.['size'], 4096);
});

test('records in a kernel log, between other lines', () => {
  const log = [
    '[    1.5] Booting Linux',
    `[    2.25] ARMORYPROBE ${LINE}`,
    `<6>[    2.3] DMAPROBE ${NEXT}`,
    'login:',
  ];
  assert.equal(parseRecording(log.join('\n'), 'log').length, 2);
});

test('records that printk() has cut', () => {
  const [head, tail] = [LINE.slice(0, 20), LINE.slice(20)];
  const log = [`[    2.2] ARMORYPROBE ${head}\\`, '[    2.3] other', `[    2.4] ARMORYPROBE ${tail}`];
  assert.deepEqual(parseRecording(log.join('\n'), 'log'), [JSON.parse(LINE)]);
});

test('bad lines are not all told', () => {
  assert.throws(
    () => parseRecording(`${LINE}\n${'a\n'.repeat(100)}`, 'p'),
    (error: unknown) => {
      assert.ok(error instanceof InputError);
      assert.equal(error.diagnostics.length, 6);
      assert.match(error.message, /and 95 more lines/);
      return true;
    },
  );
});

test('every line that is no record is named', () => {
  const text = [LINE, '{"dev":"plain"', '[1]', '{"dev":"plain","seq":-1,"op":"alloc"}'].join('\n');
  assert.throws(
    () => parseRecording(text, 'p.jsonl'),
    (error: unknown) => {
      assert.ok(error instanceof InputError);
      assert.deepEqual(
        error.diagnostics.map(({ position }) => position?.line),
        [2, 3, 4],
      );
      assert.match(error.message, /p\.jsonl:2:1: error \(recording-line\)/);
      return true;
    },
  );
});

test('lists that are taken apart have their shape', () => {
  for (const field of ['"mnt":"x"', '"mnt":[[null]]', '"sg":5', '"sg":[["1"]]']) {
    assert.throws(
      () => parseRecording(`{"dev":"a","seq":0,"op":"b",${field}}`, 'p'),
      /p:1:1.*(mnt|sg).*list/,
    );
  }
});

test('a file without records is refused', () => {
  for (const text of ['', '\n\n']) {
    assert.throws(() => parseRecording(text, 'p'), /recording-empty/);
  }
});

test('two recordings in one file, a line that stands twice, and lines out of order are refused, with the line', () => {
  const numbered = (...numbers: readonly number[]): string =>
    numbers.map(seq => JSON.stringify({ dev: 'plain', seq, op: 'free' })).join('\n');
  const refuses = (text: string, message: RegExp): void =>
    assert.throws(() => parseRecording(text, 'p'), message);
  refuses(
    numbered(0, 1, 0, 1),
    /p:3:1: error \(recording-order\): a second recording begins here: seq 0 behind/,
  );
  refuses(numbered(0, 1, 1), /p:3:1: error \(recording-order\): seq 1 stands here again: it was in line 2/);
  refuses(
    numbered(0, 3, 2),
    /p:3:1: error \(recording-order\): records are out of order: seq 2 behind seq 3/,
  );
  assert.equal(parseRecording(numbered(0, 5), 'p').length, 2);
});

test('a log without records is said to be one, once', () => {
  assert.throws(
    () => parseRecording('Booting Linux\nlogin:\n', 'log'),
    (error: unknown) => {
      assert.ok(error instanceof InputError);
      assert.deepEqual(
        error.diagnostics.map(({ id }) => id),
        ['recording-none'],
      );
      return true;
    },
  );
});

test('what is no text is refused as such, but a log with records may hold stray bytes', () => {
  const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
  assert.throws(() => decodeRecording(bytes('\x1f\x8b\x08'), 'p.gz'), /recording-binary.*compressed by gzip/);
  assert.throws(() => decodeRecording(bytes('\xd0\x0d\xfe\xed\0\0'), 'b.dtb'), /recording-binary.*binary/);
  const log = decodeRecording(bytes(`\xff\0 boot\n[ 1.0] ARMORYPROBE ${LINE}\n`), 'log');
  assert.deepEqual(parseRecording(log, 'log'), [JSON.parse(LINE)]);
});
