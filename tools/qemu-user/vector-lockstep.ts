// SPDX-License-Identifier: GPL-2.0-only
/**
 * Lock step of VFP and Advanced SIMD instructions with qemu-arm: for each row of the tables random instructions, with
 * random registers and memory, one at a time. Prints per class what was compared and what differs. On Cortex-A8 and A9
 * qemu-arm 7.2 executes VFMA and VFMS of Advanced SIMD, which those do not have (DDI 0406C, A8.8.317: Advanced SIMDv2).
 *
 *   node dist/tools/qemu-user/vector-lockstep.js [INSTRUCTIONS PER ROW [SEED [PART OF A NAME [CORE]]]]
 */
import { pathToFileURL } from 'node:url';
import { Random } from '../../src/base/random.js';
import type { Decoder, Row } from '../../src/emulator/isa/decoder.js';
import { type EncodingClass, UNDEFINED, UNPREDICTABLE } from '../../src/emulator/isa/encoding.js';
import { a32, t32 } from '../../src/emulator/isa/index.js';
import { Op } from '../../src/emulator/isa/op.js';
import { nop } from '../../src/emulator/isa/operands.js';
import { doubleOperand, fpscrOperand, singleOperand, sparse } from './operands.js';
import {
  APSR,
  D,
  EXTRA,
  EXTRA_CODE,
  FPSCR,
  MEMORY,
  MEMORY_ADDRESS,
  MEMORY_WORDS,
  QemuUser,
  R,
  RECORD_WORDS,
  SIGILL,
  SIGNAL,
  THUMB,
  WORD,
} from './qemu-user.js';
import { UserCore } from './user-core.js';

const CLASSES: readonly EncodingClass[] = ['vfp', 'vfp-load-store', 'neon', 'neon-load-store'];
/** The longest transfer: 32 words, and one that FLDMX skips. */
const LONGEST = 33;
const BATCH = 20_000;
const DEFAULT_CORE = 'Cortex-A15';

export interface Target {
  readonly row: Row;
  readonly decoder: Decoder;
  readonly thumb: 0 | 1;
}

export interface Outcome {
  readonly target: Target;
  compared: number;
  /** How many of those were undefined, on both sides. */
  undefined: number;
  readonly differences: string[];
  differing: number;
}

/** Every row of the vector tables that can be tried: not those that use the stack pointer. */
export function vectorTargets(part = ''): Target[] {
  const targets: Target[] = [];
  for (const [decoder, thumb] of [
    [a32, 0],
    [t32, 1],
  ] as const) {
    for (const row of decoder.rows) {
      const { name } = row.encoding;
      if (!CLASSES.includes(row.encoding.class) || name === 'VPUSH' || name === 'VPOP') continue;
      if (name.includes(part)) targets.push({ row, decoder, thumb });
    }
  }
  return targets;
}

function field(row: Row, word: number, name: string): number | undefined {
  if (!row.pattern.widths.has(name)) return undefined;
  let value = 0;
  for (const piece of row.pattern.pieces) {
    if (piece.name === name) value |= ((word >>> piece.shift) & ((1 << piece.width) - 1)) << piece.into;
  }
  return value;
}

function withField(row: Row, word: number, name: string, value: number): number {
  let result = word;
  for (const piece of row.pattern.pieces) {
    if (piece.name !== name) continue;
    const mask = (1 << piece.width) - 1;
    result = (result & ~(mask << piece.shift)) | (((value >>> piece.into) & mask) << piece.shift);
  }
  return result >>> 0;
}

/** A random instruction of a row that the record can carry: core registers r0 to r12, an address in its memory. */
function instruction(target: Target, random: Random, record: Uint32Array): number {
  const { row, thumb } = target;
  const { pattern } = row;
  let word = ((random.next() & ~pattern.mask & ~pattern.shouldMask) | pattern.value | pattern.shouldBe) >>> 0;
  if (pattern.widths.has('cond'))
    word = withField(row, word, 'cond', random.chance(0.9) ? 14 : random.below(14));
  for (const name of ['rt', 'rt2', 'rn']) {
    if (pattern.widths.has(name)) word = withField(row, word, name, random.below(13));
  }
  if (row.encoding.name === 'VMRS' && random.chance(0.3)) word = withField(row, word, 'rt', 15);
  if (isMultiple(row)) {
    // The low byte is the number of words.
    const words = (word & ~0xff) | random.below(LONGEST + 1);
    word = ((words & ~pattern.mask) | pattern.value) >>> 0;
  }
  if (row.encoding.class === 'neon-load-store') {
    word = withField(row, word, 'rm', random.pick([13, 15, random.below(13)]));
  } else if (random.chance(0.6)) {
    // Quadword registers are even.
    for (const name of ['vd', 'vn', 'vm'])
      word = withField(row, word, name, (field(row, word, name) ?? 0) & ~1);
  }
  record[WORD] = word;
  record[THUMB] = thumb;
  aim(row, word, random, record);
  return word;
}

/** Puts a T32 instruction into an IT block of its own: IT, the two halves, NOP. */
function makeConditional(record: Uint32Array, cond: number): void {
  const word = record[WORD]!;
  record[WORD] = ((0xbf08 | (cond << 4)) * 65536 + (word >>> 16)) >>> 0;
  record[EXTRA] = 1;
  record[EXTRA_CODE] = ((word << 16) | 0xbf00) >>> 0;
}

/** VLDM, VSTM. */
function isMultiple(row: Row): boolean {
  return row.encoding.class === 'vfp-load-store' && row.encoding.name.endsWith('M');
}

/** Points the base register into the record's memory. */
function aim(row: Row, word: number, random: Random, record: Uint32Array): void {
  const rn = field(row, word, 'rn');
  if (rn === undefined) return;
  const bytes = 4 * MEMORY_WORDS;
  let offset = random.below(bytes - 4 * LONGEST) & random.pick([~0, ~1, ~3, ~3, ~3, ~7, ~15, ~31]);
  // qemu checks an alignment of 32 bytes as one of 16 (mop_align in its target/arm/translate.c).
  if (row.encoding.name.includes('multiple') && field(row, word, 'imm') === 3) offset &= ~16;
  const imm = 4 * (word & 0xff);
  let base = MEMORY_ADDRESS + offset;
  if (row.encoding.class === 'vfp-load-store') {
    if (!isMultiple(row)) base += field(row, word, 'u') === 1 ? -imm : imm;
    else if (row.encoding.syntax.includes('db')) base += imm;
  }
  record[R + rn] = base;
}

function fill(target: Target, random: Random, record: Uint32Array): void {
  for (let i = 0; i < 13; i++) record[R + i] = sparse(random);
  for (let d = 0; d < 32; d++) {
    const at = D + 2 * d;
    switch (random.below(4)) {
      case 0:
        doubleOperand(random, record, at);
        break;
      case 1:
        record[at] = sparse(random);
        record[at + 1] = sparse(random);
        break;
      case 2:
        // Small bytes: shift amounts and indices.
        record[at] = (random.next() & 0x3f3f3f3f) | (random.chance(0.3) ? 0xc0c0c0c0 : 0);
        record[at + 1] = (random.next() & 0x1f1f1f1f) | (random.chance(0.3) ? 0xe0e0e0e0 : 0);
        break;
      default:
        record[at] = singleOperand(random);
        record[at + 1] = singleOperand(random);
    }
  }
  for (let i = 0; i < MEMORY_WORDS; i++) record[MEMORY + i] = random.next();
  record[FPSCR] = fpscrOperand(random);
  if (random.chance(0.02)) record[FPSCR] = record[FPSCR]! | (random.next() & 0x00370000);
  record[APSR] = random.next() & 0xf80f0000;
  instruction(target, random, record);
}

/** What the tables make of a record's word; undefined where the manual leaves it open. */
function isDefined(target: Target, word: number): boolean {
  const op = new Op(nop);
  const row = target.decoder.find(word, op);
  if (row === null) return true;
  if (row.encoding.decode(op) === UNPREDICTABLE) return false;
  // Exchanging the elements of a register with its own leaves it UNKNOWN.
  return !['VTRN', 'VUZP', 'VZIP'].includes(row.encoding.name) || op.vd !== op.vm;
}

interface Trial {
  readonly outcome: Outcome;
  readonly record: Uint32Array;
}

/** `count` instructions of each target, in random order of batches. */
export function compareTargets(
  qemu: QemuUser,
  targets: readonly Target[],
  count: number,
  seed: number,
  coreName: string = DEFAULT_CORE,
): Outcome[] {
  const core = new UserCore(coreName);
  const outcomes: Outcome[] = [];
  let trials: Trial[] = [];
  targets.forEach((target, t) => {
    const random = new Random(seed + t);
    const outcome: Outcome = { target, compared: 0, undefined: 0, differences: [], differing: 0 };
    outcomes.push(outcome);
    // Rows of which little is predictable get fewer.
    for (let i = 0; i < 4 * count && outcome.compared < count; i++) {
      const record = new Uint32Array(RECORD_WORDS);
      fill(target, random, record);
      // qemu's older cores have short vectors in hardware, which Cortex-A9 has not, and Armory on no core.
      if (coreName !== DEFAULT_CORE) record[FPSCR] = (record[FPSCR]! & ~0x00370000) >>> 0;
      if (!isDefined(target, record[WORD]!)) continue;
      if (target.thumb === 1 && random.chance(0.1)) makeConditional(record, random.below(14));
      outcome.compared++;
      trials.push({ outcome, record });
      if (trials.length < BATCH) continue;
      compareTrials(qemu, core, coreName, trials);
      trials = [];
    }
  });
  compareTrials(qemu, core, coreName, trials);
  return outcomes;
}

function compareTrials(qemu: QemuUser, core: UserCore, coreName: string, trials: readonly Trial[]): void {
  if (trials.length === 0) return;
  const all = new Uint32Array(trials.length * RECORD_WORDS);
  trials.forEach(({ record }, i) => {
    all.set(record, i * RECORD_WORDS);
  });
  const answers = qemu.run(all, coreName.toLowerCase());
  trials.forEach(({ outcome, record }, i) => {
    const theirs = answers.subarray(i * RECORD_WORDS, (i + 1) * RECORD_WORDS);
    const ours = record.slice();
    core.run(ours);
    if (theirs[SIGNAL] !== 0) outcome.undefined++;
    const text = difference(record, ours, theirs);
    if (text === undefined) return;
    outcome.differing++;
    if (outcome.differences.length < 3) outcome.differences.push(text);
  });
}

const hex = (value: number | undefined): string => (value ?? 0).toString(16).padStart(8, '0');

function difference(given: Uint32Array, ours: Uint32Array, theirs: Uint32Array): string | undefined {
  const found: string[] = [];
  const differ = (name: string, at: number): void => {
    if (ours[at] === theirs[at]) return;
    found.push(`${name} ${hex(given[at])} -> ${hex(ours[at])}, qemu ${hex(theirs[at])}`);
  };
  differ('signal', SIGNAL);
  // After a signal nothing else is comparable: qemu may have stored in part.
  if (ours[SIGNAL] === 0 && theirs[SIGNAL] === 0) {
    theirs[APSR] = (theirs[APSR]! & 0xf80f0000) >>> 0;
    differ('fpscr', FPSCR);
    differ('apsr', APSR);
    for (let i = 0; i < 13; i++) differ(`r${i}`, R + i);
    for (let i = 0; i < 64; i++) differ(`s${i} (d${i >> 1})`, D + i);
    for (let i = 0; i < MEMORY_WORDS; i++) differ(`memory+${4 * i}`, MEMORY + i);
  }
  if (found.length === 0) return undefined;
  return `${given[THUMB] === 0 ? 'A32' : 'T32'} ${hex(given[WORD])} fpscr ${hex(given[FPSCR])}: ${found.slice(0, 4).join('; ')}`;
}

/** Where VFP and Advanced SIMD instructions can be: bits that are fixed, and their values. */
const SPACES: readonly [thumb: 0 | 1, mask: number, value: number][] = [
  [0, 0xfe000e00, 0xec000a00],
  [0, 0xff000e00, 0xee000a00],
  [0, 0xfe000000, 0xf2000000],
  [0, 0xff100000, 0xf4000000],
  [0, 0xfe000e00, 0xfc000a00],
  [0, 0xff000e00, 0xfe000a00],
  [1, 0xfe000e00, 0xec000a00],
  [1, 0xff000e00, 0xee000a00],
  [1, 0xef000000, 0xef000000],
  [1, 0xff100000, 0xf9000000],
  [1, 0xfe000e00, 0xfc000a00],
  [1, 0xff000e00, 0xfe000a00],
];

/**
 * Random words from the space of these instructions that the tables leave undefined: both sides must refuse them. What
 * differs, as text.
 */
export function compareUndefined(
  qemu: QemuUser,
  count: number,
  seed: number,
): { compared: number; differences: string[] } {
  const random = new Random(seed);
  const core = new UserCore();
  const records: Uint32Array[] = [];
  for (const [thumb, mask, value] of SPACES) {
    const decoder = thumb === 1 ? t32 : a32;
    for (let i = 0; i < count; i++) {
      const record = new Uint32Array(RECORD_WORDS);
      const word = ((random.next() & ~mask) | value) >>> 0;
      const op = new Op(nop);
      const row = decoder.find(word, op);
      if (row !== null && CLASSES.includes(row.encoding.class) && row.encoding.decode(op) !== UNDEFINED)
        continue;
      record[WORD] = word;
      record[THUMB] = thumb;
      records.push(record);
    }
  }
  const all = new Uint32Array(records.length * RECORD_WORDS);
  records.forEach((record, i) => {
    all.set(record, i * RECORD_WORDS);
  });
  const answers = qemu.run(all);
  const differences: string[] = [];
  records.forEach((record, i) => {
    const text = hex(record[WORD]);
    core.run(record);
    const theirs = answers[i * RECORD_WORDS + SIGNAL];
    if (record[SIGNAL] !== SIGILL || theirs !== SIGILL) {
      differences.push(`${text}: signal ${record[SIGNAL]}, qemu ${theirs}`);
    }
  });
  return { compared: records.length, differences };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const qemu = new QemuUser();
  const [count = '1000', seed = '1', part = '', core = DEFAULT_CORE] = process.argv.slice(2);
  const outcomes = compareTargets(qemu, vectorTargets(part), Number(count), Number(seed), core);
  const refused = compareUndefined(qemu, Number(count), Number(seed));
  qemu.close();
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  for (const text of refused.differences.slice(0, 10)) print(text);
  print(`undefined: ${refused.compared} words, ${refused.differences.length} differ`);
  for (const { target, compared, differing, differences } of outcomes) {
    const { encoding, pattern } = target.row;
    if (differing > 0)
      print(`${encoding.name} ${encoding.encoding} "${encoding.pattern}": ${differing} of ${compared}`);
    for (const text of differences) print(`    ${text}`);
    if (compared === 0) print(`${encoding.name} ${encoding.encoding} ${pattern.bits}: nothing to compare`);
  }
  for (const kind of CLASSES) {
    const mine = outcomes.filter(({ target }) => target.row.encoding.class === kind);
    const sum = (of: (outcome: Outcome) => number): number => mine.reduce((total, one) => total + of(one), 0);
    const counts = `${sum(o => o.compared)} instructions, ${sum(o => o.undefined)} of them undefined`;
    print(`${kind}: ${mine.length} rows, ${counts}, ${sum(o => o.differing)} differ`);
  }
}
