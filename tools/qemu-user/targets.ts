// SPDX-License-Identifier: GPL-2.0-only
/**
 * The rows of the instruction tables that the lock step with qemu-arm tries, class by class, and random instructions of
 * a row. What the manual calls UNPREDICTABLE is never made.
 */
import type { Random } from '../../src/base/random.js';
import type { Decoder, Row } from '../../src/emulator/isa/decoder.js';
import { type EncodingClass, UNDEFINED, UNPREDICTABLE } from '../../src/emulator/isa/encoding.js';
import { a32, t16, t32 } from '../../src/emulator/isa/index.js';
import { Op } from '../../src/emulator/isa/op.js';
import { nop } from '../../src/emulator/isa/operands.js';
import type { Code } from './code.js';

export const INTEGER_CLASSES: readonly EncodingClass[] = [
  'data-processing',
  'multiply',
  'parallel',
  'saturate',
  'load-store',
  'load-store-multiple',
  'exclusive',
  'branch',
  'status',
  'hint',
];

export const VECTOR_CLASSES: readonly EncodingClass[] = ['vfp', 'vfp-load-store', 'neon', 'neon-load-store'];

export interface Target {
  readonly row: Row;
  readonly decoder: Decoder;
  readonly thumb: 0 | 1;
}

/**
 * Left out: exceptions, what sleeps, what turns the byte order of the harness around, what only privileged code may do.
 * IT is made where blocks are.
 */
const UNFIT =
  /^(SVC|BKPT|UDF|HVC|SMC|CPS|RFE|SRS|SETEND|WFI|WFE|SUBS PC|IT$)|\((exception return|User registers)\)/;

/** Every row of the classes whose name has `part` in it. */
export function targetsOf(kinds: readonly EncodingClass[], part = ''): Target[] {
  const targets: Target[] = [];
  for (const [decoder, thumb] of [
    [a32, 0],
    [t16, 1],
    [t32, 1],
  ] as const) {
    for (const row of decoder.rows) {
      const { name, class: kind } = row.encoding;
      if (kinds.includes(kind) && !UNFIT.test(name) && name.includes(part))
        targets.push({ row, decoder, thumb });
    }
  }
  return targets;
}

/** A row, as reports name it. */
export function nameOf({ row: { encoding } }: Target): string {
  return `${encoding.name} ${encoding.encoding} "${encoding.pattern}"`;
}

export function field(row: Row, word: number, name: string): number | undefined {
  if (!row.pattern.widths.has(name)) return undefined;
  let value = 0;
  for (const piece of row.pattern.pieces) {
    if (piece.name === name) value |= ((word >>> piece.shift) & ((1 << piece.width) - 1)) << piece.into;
  }
  return value;
}

export function withField(row: Row, word: number, name: string, value: number): number {
  let result = word;
  for (const piece of row.pattern.pieces) {
    if (piece.name !== name) continue;
    const mask = (1 << piece.width) - 1;
    result = (result & ~(mask << piece.shift)) | (((value >>> piece.into) & mask) << piece.shift);
  }
  return result >>> 0;
}

/** The row's fixed bits, all others random; its condition mostly AL. */
export function randomWord({ row: { pattern }, row }: Target, random: Random): number {
  const all = pattern.bits === 32 ? 0xffffffff : 0xffff;
  const free = random.next() & all & ~pattern.mask & ~pattern.shouldMask;
  const word = (free | pattern.value | pattern.shouldBe) >>> 0;
  if (!pattern.widths.has('cond')) return word;
  return withField(row, word, 'cond', random.chance(0.8) ? 14 : random.below(14));
}

/** An instruction with its operands decoded. */
export interface Made {
  readonly code: Code;
  readonly op: Op;
  /** Both sides must refuse it. */
  readonly undefined: boolean;
}

/** Decodes a word of a row as it is under ITSTATE `it`; null where it is another row's or UNPREDICTABLE. */
export function decoded(target: Target, word: number, it: number): Made | null {
  const { row, decoder } = target;
  const op = new Op(nop);
  op.it = it;
  if (it !== 0) op.cond = it >>> 4;
  op.length = row.pattern.bits / 8;
  if (decoder.find(word, op) !== row) return null;
  const result = row.encoding.decode(op);
  if (result === UNPREDICTABLE) return null;
  op.word = word | 0;
  return { code: { word, bits: row.pattern.bits }, op, undefined: result === UNDEFINED };
}

const REGISTERS = ['rd', 'rn', 'rm', 'ra', 'rt', 'rt2'];

/** A random instruction of a row of integer instructions, some of its fields fixed; r13 to r15 are rare. */
export function makeInteger(
  target: Target,
  random: Random,
  it: number,
  fixed: Readonly<Record<string, number>> = {},
): Made | null {
  const { row } = target;
  let word = randomWord(target, random);
  for (const name of REGISTERS) {
    const width = row.pattern.widths.get(name);
    if (width === undefined) continue;
    const count = width === 4 ? (random.chance(0.1) ? 16 : 13) : 1 << width;
    word = withField(row, word, name, random.below(count));
  }
  // User mode has no SPSR; the byte order of the harness stays as it is.
  if (row.encoding.class === 'status' && random.chance(0.95)) word = withField(row, word, 'r', 0);
  if (row.encoding.class === 'status' && row.pattern.widths.has('mask'))
    word = withField(row, word, 'mask', 8 | (random.next() & 5));
  for (const [name, value] of Object.entries(fixed)) word = withField(row, word, name, value);
  return decoded(target, word, it);
}
