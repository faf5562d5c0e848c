// SPDX-License-Identifier: GPL-2.0-only
/**
 * The code of a record, from instructions to words in memory, and what every record's code ends with: a load of pc that
 * leads to RETURN_ADDRESS and changes no other register. Behind it lies the island, one instruction of the other
 * instruction set and the same end, for branches that change sets.
 */
import { CODE, CODE_WORDS, LENGTH, RETURN_ADDRESS, THUMB } from './qemu-user.js';

/** One instruction; a 32-bit T32 instruction with its first halfword on top. */
export interface Code {
  readonly word: number;
  readonly bits: 16 | 32;
}

export const NOP16: Code = { word: 0xbf00, bits: 16 };
export const NOP32: Code = { word: 0xf3af8000, bits: 32 };
export const NOP_A32: Code = { word: 0xe320f000, bits: 32 };

/** LDR pc, [pc, #-4] in A32, LDR.W pc, [pc, #0] in T32, as words in memory. */
const END = [0xe51ff004, 0xf000f8df] as const;
/** ADD r0, r0, #1 and, in T32, a NOP: as words in memory. */
const ISLAND = [0xe2800001, 0xbf003001] as const;

export function sizeOf(code: readonly Code[]): number {
  return code.reduce((bytes, { bits }) => bytes + bits / 8, 0);
}

/** Where the island begins, as an offset from the beginning of code of `bytes` bytes. */
export function islandOffset(bytes: number): number {
  return Math.ceil(bytes / 4) * 4 + 8;
}

/** Puts code into a record whose THUMB is set. False: there is no room. */
export function layCode(record: Uint32Array, code: readonly Code[]): boolean {
  const thumb = record[THUMB] === 1 ? 1 : 0;
  const words = thumb === 0 ? code.map(({ word }) => word) : packed(code);
  const other = (1 - thumb) as 0 | 1;
  words.push(END[thumb], RETURN_ADDRESS, ISLAND[other], END[other], RETURN_ADDRESS);
  if (words.length > CODE_WORDS) return false;
  record[LENGTH] = words.length;
  record.set(words, CODE);
  return true;
}

/** T32: two halfwords to a word, the first one in its low half. */
function packed(code: readonly Code[]): number[] {
  const halves: number[] = [];
  for (const { word, bits } of code) {
    if (bits === 32) halves.push(word >>> 16);
    halves.push(word & 0xffff);
  }
  if ((halves.length & 1) === 1) halves.push(NOP16.word);
  const words: number[] = [];
  for (let i = 0; i < halves.length; i += 2) words.push(((halves[i + 1]! << 16) | halves[i]!) >>> 0);
  return words;
}
