// SPDX-License-Identifier: GPL-2.0-only
/**
 * Random blocks of integer instructions for the lock step with qemu-arm, made from the rows of the tables. What the
 * manual calls UNPREDICTABLE is never made; what is UNDEFINED comes alone, so that both sides must refuse it.
 *
 * Registers are r0 to r12: the harness needs the others. Instructions that access memory come alone, their base register
 * set so that they hit the record's memory, sometimes unaligned, sometimes outside.
 */
import type { Random } from '../../src/base/random.js';
import type { Cpu } from '../../src/emulator/cpu/cpu.js';
import type { Decoder, Row } from '../../src/emulator/isa/decoder.js';
import { type EncodingClass, UNDEFINED, UNPREDICTABLE } from '../../src/emulator/isa/encoding.js';
import { a32, t16, t32 } from '../../src/emulator/isa/index.js';
import { Op } from '../../src/emulator/isa/op.js';
import { nop, shiftedRm } from '../../src/emulator/isa/operands.js';
import { sparse } from './operands.js';
import {
  APSR,
  EXTRA,
  EXTRA_CODE,
  MEMORY,
  MEMORY_ADDRESS,
  MEMORY_WORDS,
  R,
  RECORD_WORDS,
  THUMB,
  WORD,
} from './qemu-user.js';

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

export interface Target {
  readonly row: Row;
  readonly decoder: Decoder;
  readonly thumb: 0 | 1;
}

/**
 * Left out: what leaves the block (indirect branches, calls, exceptions), what sleeps, what turns the byte order of the
 * harness around, and the accesses of user code, which it makes anyway.
 */
const UNFIT =
  /^(BX|BXJ|BL|BLX|TBB|SVC|BKPT|HVC|SMC|CPS|RFE|SRS|SETEND|WFI|WFE|PUSH|POP|UDF|SUBS PC|IT$|ADR|ADD \(SP|SUB \(SP)/;

export function integerTargets(kind: EncodingClass): Target[] {
  const targets: Target[] = [];
  for (const [decoder, thumb] of [
    [a32, 0],
    [t16, 1],
    [t32, 1],
  ] as const) {
    for (const row of decoder.rows) {
      if (row.encoding.class === kind && !UNFIT.test(row.encoding.name))
        targets.push({ row, decoder, thumb });
    }
  }
  return targets;
}

const REGISTERS = ['rd', 'rn', 'rm', 'ra', 'rt', 'rt2'];

function put(row: Row, word: number, name: string, value: number): number {
  let result = word;
  for (const piece of row.pattern.pieces) {
    if (piece.name !== name) continue;
    const mask = (1 << piece.width) - 1;
    result = (result & ~(mask << piece.shift)) | (((value >>> piece.into) & mask) << piece.shift);
  }
  return result >>> 0;
}

interface Made {
  readonly word: number;
  readonly op: Op;
  readonly undefined: boolean;
}

/** One instruction of a row, decoded; null where that came out as one that does not count. */
function make(target: Target, random: Random, it: number): Made | null {
  const { row, decoder } = target;
  const { pattern } = row;
  const all = pattern.bits === 32 ? 0xffffffff : 0xffff;
  let word =
    ((random.next() & all & ~pattern.mask & ~pattern.shouldMask) | pattern.value | pattern.shouldBe) >>> 0;
  if (pattern.widths.has('cond')) word = put(row, word, 'cond', random.chance(0.8) ? 14 : random.below(14));
  for (const name of REGISTERS) {
    const width = pattern.widths.get(name);
    if (width !== undefined) word = put(row, word, name, random.below(width === 4 ? 13 : 1 << width));
  }
  // The byte order of the harness stays as it is.
  if (pattern.widths.get('mask') === 4 && row.encoding.class === 'status') {
    word = put(row, word, 'mask', 8 | (random.next() & 5));
  }
  if (pattern.widths.has('list')) word = put(row, word, 'list', random.next() & 0x1fff);
  const op = new Op(nop);
  op.it = it;
  if (it !== 0) op.cond = it >>> 4;
  op.length = pattern.bits === 32 ? 4 : 2;
  const found = decoder.find(word, op);
  if (found !== row) return null;
  const decoded = row.encoding.decode(op);
  // LDRD and its kin take the register behind rt.
  if (decoded === UNPREDICTABLE || op.rt2 > 12) return null;
  op.word = word | 0;
  return { word, op, undefined: decoded === UNDEFINED };
}

/** As make(), trying again. */
function makeAny(targets: readonly Target[], random: Random, it: number): (Made & { target: Target }) | null {
  for (let tries = 0; tries < 200; tries++) {
    const target = random.pick(targets);
    const made = make(target, random, it);
    if (made !== null) return { ...made, target };
  }
  return null;
}

/** A record with one instruction of `target`, or beginning with it. Null: none could be made. */
export function integerRecord(target: Target, others: readonly Target[], random: Random): Uint32Array | null {
  const record = new Uint32Array(RECORD_WORDS);
  for (let i = 0; i < 13; i++) record[R + i] = sparse(random);
  for (let i = 0; i < MEMORY_WORDS; i++) record[MEMORY + i] = random.next();
  record[APSR] = (random.next() & 0xf80f0000) >>> 0;
  record[THUMB] = target.thumb;
  const { class: kind } = target.row.encoding;
  if (kind === 'load-store' || kind === 'load-store-multiple') return accessRecord(target, random, record);
  if (kind === 'exclusive') return exclusiveRecord(target, random, record);
  if (kind === 'branch') return branchRecord(target, random, record);
  const first = makeAny([target], random, 0);
  if (first === null) return null;
  const words = [first];
  if (!first.undefined) {
    const mine = others.filter(({ thumb }) => thumb === target.thumb);
    for (let i = random.below(6); i > 0; i--) {
      const next = makeAny(mine, random, 0);
      if (next !== null && !next.undefined) words.push(next);
    }
  }
  if (target.thumb === 1 && !first.undefined && random.chance(0.4)) {
    const inside = itBlock(first.target, others, random);
    if (inside !== null) return lay(record, inside);
  }
  return lay(
    record,
    words.map(({ word, target: { row } }) => ({ word, bits: row.pattern.bits })),
  );
}

interface Code {
  readonly word: number;
  readonly bits: 16 | 32;
}

const NOP16: Code = { word: 0xbf00, bits: 16 };

/** IT with one to four instructions, the first of them of `target`. */
function itBlock(target: Target, others: readonly Target[], random: Random): Code[] | null {
  const cond = random.below(14);
  const mask = 1 + random.below(15);
  const code: Code[] = [{ word: 0xbf00 | (cond << 4) | mask, bits: 16 }];
  const mine = others.filter(({ thumb }) => thumb === 1);
  for (let it = (cond << 4) | mask; it !== 0; ) {
    const made = makeAny(code.length === 1 ? [target] : mine, random, it);
    if (made === null || made.undefined) return null;
    code.push({ word: made.word, bits: made.target.row.pattern.bits });
    it = (it & 7) === 0 ? 0 : (it & 0xe0) | ((it << 1) & 0x1f);
  }
  return code;
}

/** Puts code into a record: A32 a word each, T32 as halfwords. Null: it does not fit. */
function lay(record: Uint32Array, code: readonly Code[]): Uint32Array | null {
  const words: number[] = [];
  if (record[THUMB] === 0) {
    for (const { word } of code) words.push(word);
  } else {
    const halves: number[] = [];
    for (const { word, bits } of code) {
      if (bits === 32) halves.push(word >>> 16);
      halves.push(word & 0xffff);
    }
    if ((halves.length & 1) === 1) halves.push(NOP16.word);
    for (let i = 0; i < halves.length; i += 2) words.push(((halves[i]! << 16) | halves[i + 1]!) >>> 0);
  }
  if (words.length > 16) return null;
  record[WORD] = words[0]!;
  record[EXTRA] = words.length - 1;
  record.set(words.slice(1), EXTRA_CODE);
  return record;
}

/** Base register so that the access begins at a random place of the memory. */
function aim(op: Op, random: Random, record: Uint32Array, bytes: number): boolean {
  const room = 4 * MEMORY_WORDS - bytes;
  const alignment = random.pick([~3, ~3, ~3, ~7, ~1, ~0]);
  let at = MEMORY_ADDRESS + (random.below(room) & alignment);
  // Sometimes nothing is there.
  if (random.chance(0.02)) at = 0x20001000 + random.below(64);
  const writesBack = op.w === 1 || op.p === 0;
  if (op.i === 0) {
    record[R + op.rn] = at - (op.p === 1 || !writesBack ? op.imm : 0);
    return true;
  }
  if (op.rm === op.rn) return false;
  record[R + op.rm] = random.chance(0.8) ? random.below(64) : sparse(random);
  const fake = { r: new Int32Array(record.subarray(R, R + 16)), cf: (record[APSR]! >>> 29) & 1 };
  const offset = shiftedRm(fake as unknown as Cpu, op);
  record[R + op.rn] = op.p === 1 ? at - (op.u === 1 ? offset : -offset) : at;
  return true;
}

function accessRecord(target: Target, random: Random, record: Uint32Array): Uint32Array | null {
  const made = makeAny([target], random, 0);
  if (made === null) return null;
  const { op, word } = made;
  const { name, class: kind } = target.row.encoding;
  if (made.undefined) return lay(record, [{ word, bits: target.row.pattern.bits }]);
  if (op.rn === 15 || op.rn === 13 || name.includes('literal')) return null;
  if (kind === 'load-store-multiple') {
    const at = MEMORY_ADDRESS + random.below(32) * 4 + (random.chance(0.05) ? random.below(4) : 0);
    record[R + op.rn] = at - op.imm;
    // A stored base that is written back and is not the lowest register is UNKNOWN.
    const lowest = op.list & -op.list;
    if (name.startsWith('STM') && op.w === 1 && ((op.list >> op.rn) & 1) === 1 && lowest !== 1 << op.rn)
      return null;
    if (name.includes('User') || name.includes('return')) return null;
  } else if (!aim(op, random, record, 8)) {
    return null;
  }
  return lay(record, [{ word, bits: target.row.pattern.bits }]);
}

const LDREX: Readonly<Record<string, number>> = {
  STREX: 0xe1900f9f,
  STREXB: 0xe1d00f9f,
  STREXH: 0xe1f00f9f,
  STREXD: 0xe1b00f9f,
};

/** CLREX in A32 and in T32. */
const CLREX = [0xf57ff01f, 0xf3bf8f2f] as const;

/** A store comes behind the load that makes it succeed, mostly. */
function exclusiveRecord(target: Target, random: Random, record: Uint32Array): Uint32Array | null {
  const made = makeAny([target], random, 0);
  if (made === null) return null;
  const { op, word } = made;
  const { name } = target.row.encoding;
  const code: Code = { word, bits: target.row.pattern.bits };
  if (name === 'CLREX') return lay(record, [code]);
  // qemu-arm looks at the monitor before the alignment, the manual (ExclusiveMonitorsPass(), B2.4.1) the other way
  // round: stores are aligned.
  const alignment = name.startsWith('STREX') ? ~7 : random.pick([~7, ~7, ~7, ~3, ~1]);
  record[R + op.rn] = MEMORY_ADDRESS + (random.below(192) & alignment) - op.imm;
  if (target.thumb === 0 && LDREX[name] !== undefined && random.chance(0.8)) {
    // The load overwrites r0 (and r1): they must be none that the store needs.
    if (op.rn < 2 || op.cond !== 14) return null;
    return lay(record, [{ word: (LDREX[name]! | (op.rn << 16)) >>> 0, bits: 32 }, code]);
  }
  // qemu-arm's monitor may still be marked by an earlier record.
  if (name.startsWith('STREX')) return lay(record, [{ word: CLREX[target.thumb], bits: 32 }, code]);
  return lay(record, [code]);
}

/** A branch forwards, over some of three additions. */
function branchRecord(target: Target, random: Random, record: Uint32Array): Uint32Array | null {
  const { row, thumb } = target;
  for (let tries = 0; tries < 50; tries++) {
    const made = makeAny([target], random, 0);
    if (made === null) return null;
    const size = thumb === 1 ? 2 : 4;
    const steps = random.below(4);
    // imm as decoded has the offset of r15 in it; find the field that gives the distance.
    const distance = row.pattern.bits / 8 + steps * size;
    const bias = thumb === 1 ? 4 : 8;
    if (distance < bias) continue;
    let { word } = made;
    for (const name of ['imm', 's', 'j', 'k'])
      if (row.pattern.widths.has(name)) word = put(row, word, name, 0);
    word = put(row, word, 'imm', (distance - bias) / size);
    // J1 and J2 are inverted in B T4.
    if (row.encoding.encoding === 'T4') word = put(row, put(row, word, 'j', 1), 'k', 1);
    const add: Code = thumb === 1 ? { word: 0x3001, bits: 16 } : { word: 0xe2800001, bits: 32 };
    return lay(record, [{ word, bits: row.pattern.bits }, add, add, add]);
  }
  return null;
}
