// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError } from '../../base/diagnostics.js';
import { parseRecording } from './read-recording.js';

const LINE = '{"dev":"plain","seq":3,"op":"alloc","size":4096,"ok":1}';

test('a record a line', () => {
  const records = parseRecording(`${LINE}\n\n${LINE}\r\n`, 'p.jsonl');
  assert.equal(records.length, 2);
  assert.equal(records[0]?.['size'], 4096);
});

test('records in a kernel log, between other lines', () => {
  const log = [
    '[    1.5] Booting Linux',
    `[    2.25] ARMORYPROBE ${LINE}`,
    `<6>[    2.3] DMAPROBE ${LINE}`,
    'login:',
  ];
  assert.equal(parseRecording(log.join('\n'), 'log').length, 2);
});

test('records that printk() has cut', () => {
  const [head, tail] = [LINE.slice(0, 20), LINE.slice(20)];
  const log = [`[    2.2] ARMORYPROBE ${head}\\`, '[    2.3] other', `[    2.4] ARMORYPROBE ${tail}`];
  assert.deepEqual(parseRecording(log.join('\n'), 'log'), [JSON.parse(LINE)]);
});

test('what is no recording at all is not told line by line', () => {
  assert.throws(
    () => parseRecording('a\n'.repeat(100), 'p'),
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

test('a file without records is refused', () => {
  for (const text of ['', '\n\n']) {
    assert.throws(() => parseRecording(text, 'p'), /recording-empty/);
  }
});
