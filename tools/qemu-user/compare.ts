// SPDX-License-Identifier: GPL-2.0-only
/**
 * Runs records under qemu-arm and on cores of ours, and tells what came out otherwise. A record that differs is made
 * smaller: each instruction that is not needed for a difference becomes a NOP.
 */
import { disassemble } from '../../src/emulator/isa/disassemble.js';
import { NOP_A32, NOP16, NOP32 } from './code.js';
import {
  APSR,
  CODE,
  codeAddress,
  D,
  FPSCR,
  LENGTH,
  MEMORY,
  MEMORY_WORDS,
  PC,
  type QemuUser,
  R,
  RECORD_WORDS,
  SIGNAL,
  SIGVTALRM,
  THUMB,
} from './qemu-user.js';
import type { UserCore } from './user-core.js';

/** A core of ours, by the way it executes. */
export interface Side {
  readonly name: string;
  readonly core: UserCore;
}

export interface Compared {
  /** By record: what differs, a line for each register, or nothing. */
  readonly differences: readonly string[][];
  readonly signals: number;
  readonly instructions: number;
}

const hex = (value: number | undefined): string => (value ?? 0).toString(16).padStart(8, '0');

/** NZCVQ and GE. */
const APSR_MASK = 0xf80f0000;

/** What one side and qemu-arm left of a record; empty where that is the same. */
function differencesOf(name: string, given: Uint32Array, ours: Uint32Array, theirs: Uint32Array): string[] {
  const found: string[] = [];
  const differ = (what: string, at: number, mask = 0xffffffff): void => {
    if (((ours[at]! ^ theirs[at]!) & mask) === 0) return;
    const told = (values: Uint32Array): string => hex((values[at]! & mask) >>> 0);
    found.push(`${what}: ${told(given)} -> ${told(ours)} (${name}), ${told(theirs)} (qemu)`);
  };
  differ('signal', SIGNAL);
  if (ours[SIGNAL] !== theirs[SIGNAL] || ours[SIGNAL] === SIGVTALRM) return found;
  if (ours[SIGNAL] !== 0) {
    // After a signal nothing else is comparable: qemu may have done a part of the instruction.
    differ('pc', PC);
    return found;
  }
  differ('apsr', APSR, APSR_MASK);
  differ('fpscr', FPSCR);
  for (let i = 0; i < 15; i++) differ(`r${i}`, R + i);
  for (let i = 0; i < 64; i++) differ(`s${i} (d${i >> 1})`, D + i);
  for (let i = 0; i < MEMORY_WORDS; i++) differ(`memory+${4 * i}`, MEMORY + i);
  return found;
}

/** Runs up to BATCH records everywhere; they stay as they are. */
export function compareRecords(
  qemu: QemuUser,
  sides: readonly Side[],
  records: readonly Uint32Array[],
  cpu: string,
): Compared {
  const all = new Uint32Array(records.length * RECORD_WORDS);
  records.forEach((record, i) => {
    all.set(record, i * RECORD_WORDS);
  });
  const answers = qemu.run(all, cpu);
  const differences: string[][] = records.map(() => []);
  let instructions = 0;
  let signals = 0;
  for (const { name, core } of sides) {
    const ours = records.map(record => record.slice());
    const executed = core.runAll(ours);
    instructions = 0;
    signals = 0;
    ours.forEach((mine, i) => {
      const theirs = answers.subarray(i * RECORD_WORDS, (i + 1) * RECORD_WORDS);
      differences[i]!.push(...differencesOf(name, records[i]!, mine, theirs));
      // Without the load of pc and the SVC that end it.
      instructions += Math.max(1, executed[i]! - 2);
      if (theirs[SIGNAL] !== 0) signals++;
    });
  }
  return { differences, signals, instructions };
}

/** The places of instructions in a record's code: offset in bytes, and size. */
function instructionsOf(record: Uint32Array): { offset: number; bytes: 2 | 4 }[] {
  const bytes = 4 * (record[LENGTH]! - 5);
  const halves = new Uint16Array(record.slice(CODE, CODE + record[LENGTH]!).buffer);
  const found: { offset: number; bytes: 2 | 4 }[] = [];
  for (let offset = 0; offset < bytes; ) {
    const size = record[THUMB] === 0 || halves[offset / 2]! >>> 11 >= 0x1d ? 4 : 2;
    found.push({ offset, bytes: size });
    offset += size;
  }
  return found;
}

function withNop(record: Uint32Array, { offset, bytes }: { offset: number; bytes: 2 | 4 }): Uint32Array {
  const copy = record.slice();
  const halves = new Uint16Array(copy.buffer, 4 * CODE + offset, bytes / 2);
  if (record[THUMB] === 0) halves.set([NOP_A32.word & 0xffff, NOP_A32.word >>> 16]);
  else if (bytes === 2) halves[0] = NOP16.word;
  else halves.set([NOP32.word >>> 16, NOP32.word & 0xffff]);
  return copy;
}

/** The record with as few instructions as still differ. */
export function shrink(
  qemu: QemuUser,
  sides: readonly Side[],
  record: Uint32Array,
  cpu: string,
): Uint32Array {
  let smallest = record;
  for (const place of instructionsOf(record)) {
    const candidate = withNop(smallest, place);
    if (compareRecords(qemu, sides, [candidate], cpu).differences[0]!.length > 0) smallest = candidate;
  }
  return smallest;
}

/** The instructions of a record without its end and without NOPs: offset, encoding, disassembly. */
export function codeText(record: Uint32Array): string[] {
  const halves = new Uint16Array(record.slice(CODE, CODE + record[LENGTH]!).buffer);
  const lines: string[] = [];
  let it = 0;
  for (const { offset, bytes } of instructionsOf(record)) {
    const first = halves[offset / 2]!;
    const second = halves[offset / 2 + 1]!;
    const arm = record[THUMB] === 0;
    const word = bytes === 2 ? first : arm ? second * 65536 + first : first * 65536 + second;
    const set = arm ? 'a32' : bytes === 2 ? 't16' : 't32';
    const digits = word.toString(16).padStart(2 * bytes, '0');
    const text = disassemble(word, set, codeAddress(0) + offset, it);
    it = set === 't16' && (word & 0xff00) === 0xbf00 && (word & 15) !== 0 ? word & 0xff : itAfter(it);
    if (![NOP_A32, NOP16, NOP32].some(nop => nop.word === word))
      lines.push(`+${offset.toString(16).padStart(2, '0')} ${digits} ${text}`);
  }
  return lines;
}

/** ITAdvance(). */
function itAfter(it: number): number {
  return (it & 7) === 0 ? 0 : (it & 0xe0) | ((it << 1) & 0x1f);
}
