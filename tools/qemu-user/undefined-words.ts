// SPDX-License-Identifier: GPL-2.0-only
/**
 * Random words that the tables leave undefined, from the whole of A32 and T32 and, more densely, from where VFP and
 * Advanced SIMD are: qemu-arm must refuse them too.
 */
import type { Random } from '../../src/base/random.js';
import { UNDEFINED } from '../../src/emulator/isa/encoding.js';
import { a32, t32 } from '../../src/emulator/isa/index.js';
import { Op } from '../../src/emulator/isa/op.js';
import { nop } from '../../src/emulator/isa/operands.js';
import { layCode } from './code.js';
import { APSR, R, RECORD_WORDS, THUMB } from './qemu-user.js';

/** Bits that are fixed, and their values. */
const SPACES: readonly [thumb: 0 | 1, mask: number, value: number][] = [
  [0, 0, 0],
  [1, 0xe0000000, 0xe0000000],
  [0, 0xf0000000, 0xf0000000],
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

function isUndefined(thumb: 0 | 1, word: number): boolean {
  const op = new Op(nop);
  // A 16-bit instruction on top is T16's.
  if (thumb === 1 && word >>> 27 < 0x1d) return false;
  // Linux emulates FPA, coprocessors 1 and 2, and so does qemu-arm, which takes 9 for 1.
  if (((word >>> 26) & 3) === 3 && [1, 2, 9].includes((word >>> 8) & 15)) return false;
  const row = (thumb === 1 ? t32 : a32).find(word, op);
  return row === null || row.encoding.decode(op) === UNDEFINED;
}

/** A record with one such word. */
export function undefinedRecord(random: Random): Uint32Array {
  const record = new Uint32Array(RECORD_WORDS);
  for (;;) {
    const [thumb, mask, value] = random.pick(SPACES);
    const word = ((random.next() & ~mask) | value) >>> 0;
    // Whether an instruction that is undefined and whose condition fails is refused, is the implementation's choice
    // (A5.1.2).
    const always = thumb === 1 || word >>> 28 >= 14 ? word : (word | 0xe0000000) & ~0x10000000;
    if (!isUndefined(thumb, always >>> 0)) continue;
    record[THUMB] = thumb;
    for (let i = 0; i < 15; i++) record[R + i] = random.next() & ~3;
    record[APSR] = random.next() & 0xf80f0000;
    layCode(record, [{ word: always >>> 0, bits: 32 }]);
    return record;
  }
}
