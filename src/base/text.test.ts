// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDiagnostic } from './diagnostics.js';
import { visible } from './text.js';

test('control characters are written out, line feeds and tabs stay', () => {
  assert.equal(visible('a\x1b[2J\x00\x7f\x9bb\tc\nd é'), 'a\\x1b[2J\\x00\\x7f\\x9bb\tc\nd é');
});

test('no diagnostic carries them to a terminal', () => {
  const text = formatDiagnostic({
    severity: 'error',
    id: 'x',
    message: 'bad \x1b]0;title\x07',
    position: { file: '\x1b[31mred' },
    path: '/\x1b[2J',
    notes: ['\x1bc'],
  });
  assert.ok(!text.includes('\x1b') && !text.includes('\x07'));
});
