// SPDX-License-Identifier: GPL-2.0-only
/**
 * Instruction words as text, from the rows that decode them: the `syntax` of a row, with what stands in braces put
 * in by `disassemble-integer.ts` and `disassemble-vector.ts`. Unified assembler syntax (ARM DDI 0406C, A8.2) with
 * numbers, register names and aliases as GNU objdump prints them; MCR and its kin are written as a kernel's sources
 * write them: `mcr p15, 0, r0, c1, c0, 0`.
 */
import { aliasOf } from './aliases.js';
import { integerField } from './disassemble-integer.js';
import { vectorField } from './disassemble-vector.js';
import { type Encoding, UNDEFINED, UNPREDICTABLE } from './encoding.js';
import { a32, t16, t32 } from './index.js';
import { Op } from './op.js';
import { nop } from './operands.js';

/** `t32`: 32 bits, the first halfword on top. */
export type InstructionSet = 'a32' | 't16' | 't32';

const DECODERS = { a32, t16, t32 };

/**
 * `word` is unsigned, `address` its own, which a branch's target needs; `it`: ITSTATE with which it executes.
 * What the core takes as undefined is told as such: `<undefined>`, `<unpredictable>`.
 */
export function disassemble(word: number, set: InstructionSet, address = 0, it = 0): string {
  const op = new Op(nop);
  op.word = word | 0;
  op.it = it;
  op.length = set === 't16' ? 2 : 4;
  if (it !== 0) op.cond = it >>> 4;
  const row = DECODERS[set].find(word, op);
  if (row === null) return '<undefined>';
  const { encoding, pattern } = row;
  if (!isVector(encoding)) {
    // An address is the base and something added to it, where the encoding does not say otherwise.
    if (!pattern.widths.has('p')) op.p = 1;
    if (!pattern.widths.has('u')) op.u = 1;
  }
  const decoded = encoding.decode(op);
  // UDF is undefined for ever, and has a name.
  if (decoded === UNDEFINED && encoding.name !== 'UDF') return '<undefined>';
  if (decoded === UNPREDICTABLE) return '<unpredictable>';
  const { syntax } = aliasOf(encoding, op, set) ?? encoding;
  return syntax.replaceAll(/\{(\w+)\}/g, (_, name: string) => field(encoding, op, name, set, address));
}

function isVector(encoding: Encoding): boolean {
  return encoding.unit !== undefined;
}

function field(encoding: Encoding, op: Op, name: string, set: InstructionSet, address: number): string {
  const own = isVector(encoding) ? vectorField(op, name) : undefined;
  return own ?? integerField(op, name, set, address);
}
