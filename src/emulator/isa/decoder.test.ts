// SPDX-License-Identifier: GPL-2.0-only
/** The tables as a whole: no two rows claim a word, sorting changes nothing, every row is reached. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../base/random.js';
import { ALWAYS } from './conditions.js';
import type { Decoder, Row } from './decoder.js';
import { a32, t16, t32 } from './index.js';
import { Op } from './op.js';
import { nop } from './operands.js';
import { matches, specificity } from './pattern.js';

const SETS: readonly (readonly [string, Decoder])[] = [
  ['A32', a32],
  ['T32, 16 bits', t16],
  ['T32, 32 bits', t32],
];

function title({ encoding }: Row): string {
  return `${encoding.name} ${encoding.encoding} "${encoding.pattern}"`;
}

/** Whether the row would take the word, looked at by itself. */
function claims(row: Row, word: number): boolean {
  if (!matches(row.pattern, word)) return false;
  const op = new Op(nop);
  for (const piece of row.pattern.pieces) op[piece.name as 'imm'] = 0;
  for (const piece of row.pattern.pieces) {
    const value = (word >>> piece.shift) & ((1 << piece.width) - 1);
    op[piece.name as 'imm'] |= value << piece.into;
  }
  if (row.pattern.widths.has('cond') && op.cond === 15) return false;
  return row.encoding.see?.(op) !== true;
}

/** A word of the row, with a condition that is one. */
function wordOf({ pattern }: Row, random: Random): number {
  const all = pattern.bits === 32 ? 0xffffffff : 0xffff;
  let word =
    ((random.next() & all & ~pattern.mask & ~pattern.shouldMask) | pattern.value | pattern.shouldBe) >>> 0;
  if (pattern.widths.has('cond') && pattern.bits === 32 && (pattern.mask & 0xf0000000) === 0) {
    word = ((word & 0x0fffffff) | (ALWAYS << 28)) >>> 0;
  }
  return word;
}

for (const [name, decoder] of SETS) {
  test(`${name}: two rows that match one word differ in how many bits they fix`, () => {
    const { rows } = decoder;
    for (const [i, a] of rows.entries()) {
      for (const b of rows.slice(i + 1)) {
        const common = (a.pattern.mask & b.pattern.mask) >>> 0;
        if (((a.pattern.value ^ b.pattern.value) & common) !== 0) continue;
        if (specificity(a.pattern) !== specificity(b.pattern)) continue;
        // One of them says that it does not count.
        const random = new Random(1);
        for (let tries = 0; tries < 50; tries++) {
          const word = (wordOf(a, random) | b.pattern.value) >>> 0;
          const claiming = [a, b].filter(row => claims(row, word));
          assert.ok(claiming.length < 2, `${word.toString(16)}: ${claiming.map(title).join(' and ')}`);
        }
      }
    }
  });

  test(`${name}: every row is what some of its words are decoded as`, () => {
    const random = new Random(2);
    for (const row of decoder.rows) {
      const found = Array.from({ length: 300 }, () => decoder.find(wordOf(row, random), new Op(nop)));
      assert.ok(found.includes(row), title(row));
    }
  });

  test(`${name}: sorted lists find what a search of all rows finds`, () => {
    const random = new Random(3);
    const ranked = decoder.rows.toSorted((a, b) => specificity(b.pattern) - specificity(a.pattern));
    for (let i = 0; i < 20000; i++) {
      const word = random.next() >>> (name.includes('16') ? 16 : 0);
      const found = decoder.find(word, new Op(nop));
      const first = ranked.find(row => claims(row, word));
      assert.equal(found, first ?? null);
    }
  });
}
