// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BugError } from '../../base/diagnostics.js';
import { matches, parsePattern, specificity } from './pattern.js';

test('a pattern of 32 bits: fixed bits, fields, bits that should be so', () => {
  const pattern = parsePattern('cond:4 0010 100 s:1 rn:4 (0000) imm:12');
  assert.equal(pattern.bits, 32);
  assert.equal(pattern.mask, 0x0fe00000);
  assert.equal(pattern.value, 0x02800000);
  assert.equal(pattern.shouldMask, 0x0000f000);
  assert.equal(pattern.shouldBe, 0);
  assert.equal(specificity(pattern), 7);
  assert.equal(matches(pattern, 0xe2812003), true);
  assert.equal(matches(pattern, 0xe2412003), false);
});

test('pieces of one name are joined, the first on top', () => {
  const pattern = parsePattern('imm:8 0000 imm:4');
  const pieces = pattern.pieces.map(({ shift, width, into }) => ({ shift, width, into }));
  assert.deepEqual(pieces, [
    { shift: 0, width: 4, into: 0 },
    { shift: 8, width: 8, into: 4 },
  ]);
  assert.equal(pattern.widths.get('imm'), 12);
});

test('a pattern that is wrong is refused', () => {
  for (const text of ['0101', 'x:3 2', 'cond:4 0010 100 s:1 rn:4 rd:4 imm:11']) {
    assert.throws(() => parsePattern(text), BugError);
  }
});
