// SPDX-License-Identifier: GPL-2.0-only
/**
 * Random VFP and Advanced SIMD instructions for the lock step with qemu-arm, and registers for them.
 */
import type { Random } from '../../src/base/random.js';
import type { Row } from '../../src/emulator/isa/decoder.js';
import { doubleOperand, fpscrOperand, singleOperand, sparse } from './operands.js';
import { D, FPSCR, MEMORY_ADDRESS, MEMORY_WORDS, STORED_BYTES } from './qemu-user.js';
import { decoded, field, type Made, randomWord, type Target, withField } from './targets.js';

/** The longest transfer: 32 words, and one that FLDMX skips. */
const LONGEST = 33;

/** VLDM, VSTM, VPUSH, VPOP. */
function isMultiple({ encoding }: Row): boolean {
  return encoding.class === 'vfp-load-store' && !/^V(LDR|STR)/.test(encoding.name);
}

/** A random instruction of a row, its base register `base` if it has one. */
export function makeVector(target: Target, random: Random, it: number, base: number): Made | null {
  const { row } = target;
  const { pattern } = row;
  let word = randomWord(target, random);
  for (const name of ['rt', 'rt2']) {
    if (pattern.widths.has(name)) word = withField(row, word, name, random.below(13));
  }
  if (pattern.widths.has('rn')) word = withField(row, word, 'rn', base);
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
  const made = decoded(target, word, it);
  // Exchanging the elements of a register with its own leaves it UNKNOWN.
  if (made !== null && /^V(TRN|UZP|ZIP)/.test(row.encoding.name) && made.op.vd === made.op.vm) return null;
  return made;
}

/** A base address that leads the access into the record's memory. */
export function vectorBase({ row }: Target, word: number, random: Random): number {
  const bytes = /^V(ST|PUSH)/.test(row.encoding.name) ? STORED_BYTES : 4 * MEMORY_WORDS;
  let offset = random.below(bytes - 4 * LONGEST) & random.pick([~0, ~1, ~3, ~3, ~7, ~15, ~31, ~31, ~31, ~31]);
  // qemu checks an alignment of 32 bytes as one of 16 (mop_align in its target/arm/translate.c).
  if (row.encoding.name.includes('multiple') && field(row, word, 'imm') === 3) offset &= ~16;
  const base = MEMORY_ADDRESS + offset;
  if (row.encoding.class !== 'vfp-load-store') return base;
  const imm = 4 * (word & 0xff);
  if (!isMultiple(row)) return field(row, word, 'u') === 1 ? base - imm : base + imm;
  return row.encoding.name === 'VPUSH' || row.encoding.syntax.includes('db') ? base + imm : base;
}

/** d0 to d31 and FPSCR, with what is hard for arithmetic. */
export function fillVectorRegisters(record: Uint32Array, random: Random, shortVectors: boolean): void {
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
  record[FPSCR] = fpscrOperand(random);
  if (shortVectors && random.chance(0.02)) record[FPSCR] = record[FPSCR]! | (random.next() & 0x00370000);
}
