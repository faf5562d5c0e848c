// SPDX-License-Identifier: GPL-2.0-only
/**
 * One line of bits for each encoding, as the manual draws it, most significant bit first:
 *
 *   cond:4 0010 100 s:1 rn:4 rd:4 imm:12         ADD (immediate), encoding A1
 *   cond:4 0000 000 s:1 (0000) rd:4 ...          bits in brackets should be as written; a processor ignores them
 *
 * Spaces only group. `name:width` is a field; a name that comes twice is one field, its pieces joined, the first
 * one on top (`imm:12 0111 imm:4` is imm16 = imm12:imm4). A pattern has 16 or 32 bits.
 */
import { invariant } from '../../base/diagnostics.js';

/** `width` bits from bit `shift` on, put into the field at bit `into`. */
export interface FieldPiece {
  readonly name: string;
  readonly shift: number;
  readonly width: number;
  readonly into: number;
}

export interface Pattern {
  readonly bits: 16 | 32;
  /** Bits that must be as in `value`. Unsigned. */
  readonly mask: number;
  readonly value: number;
  /** Bits that should be as in `shouldBe`, and are ignored. Unsigned. */
  readonly shouldMask: number;
  readonly shouldBe: number;
  readonly pieces: readonly FieldPiece[];
  /** Width of each field. */
  readonly widths: ReadonlyMap<string, number>;
}

const TOKEN = /\(([01]+)\)|([01]+)|([a-z][a-zA-Z0-9]*):(\d+)/y;

export function parsePattern(text: string): Pattern {
  const compact = text.replaceAll(/\s+/g, ' ').trim();
  let mask = '';
  let value = '';
  let shouldMask = '';
  let shouldBe = '';
  const found: { name: string; end: number; width: number }[] = [];
  let at = 0;
  while (at < compact.length) {
    if (compact[at] === ' ') {
      at++;
      continue;
    }
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(compact);
    invariant(token !== null, () => `pattern "${text}" is wrong at column ${at + 1}`);
    at = TOKEN.lastIndex;
    const [, should, fixed, name, digits] = token;
    const width = name === undefined ? (should ?? fixed)!.length : Number(digits);
    mask += (fixed === undefined ? '0' : '1').repeat(width);
    value += fixed ?? '0'.repeat(width);
    shouldMask += (should === undefined ? '0' : '1').repeat(width);
    shouldBe += should ?? '0'.repeat(width);
    if (name !== undefined) found.push({ name, end: mask.length, width });
  }
  const bits = mask.length;
  invariant(bits === 16 || bits === 32, () => `pattern "${text}" has ${bits} bits`);
  const widths = new Map<string, number>();
  const pieces: FieldPiece[] = [];
  for (const { name, end, width } of found.reverse()) {
    const into = widths.get(name) ?? 0;
    pieces.push({ name, shift: bits - end, width, into });
    widths.set(name, into + width);
  }
  const number = (digits: string): number => Number.parseInt(digits, 2);
  return {
    bits,
    mask: number(mask),
    value: number(value),
    shouldMask: number(shouldMask),
    shouldBe: number(shouldBe),
    pieces,
    widths,
  };
}

/** Whether `word` (unsigned) is of this pattern. */
export function matches(pattern: Pattern, word: number): boolean {
  return ((word ^ pattern.value) & pattern.mask) === 0;
}

/** How many bits are fixed: of two encodings that match, the one with more counts. */
export function specificity(pattern: Pattern): number {
  let count = 0;
  for (let bits = pattern.mask; bits !== 0; bits = (bits & (bits - 1)) >>> 0) count++;
  return count;
}
