// SPDX-License-Identifier: GPL-2.0-only
/**
 * A row of the instruction tables. Decoder, disassembler and the tests that generate instructions all come from
 * the rows, which stand in the order of the manual (ARM DDI 0406C, chapter A8, then B9).
 *
 * Which row counts: of all whose pattern matches and whose `see` does not object, the one with the most fixed bits.
 * That is how the manual's "if Rn == '1111' then SEE" is said: by a row with those bits fixed.
 */
import type { Execute, Op } from './op.js';

/** What decode() may say instead of an execute function. Model: UNPREDICTABLE behaves as UNDEFINED. */
export const UNDEFINED = 'undefined';
export const UNPREDICTABLE = 'unpredictable';

export type Decoded = Execute | typeof UNDEFINED | typeof UNPREDICTABLE;

/** Which instruction stream of the lock-step comparison an encoding belongs to. */
export type EncodingClass =
  | 'data-processing'
  | 'multiply'
  | 'parallel'
  | 'saturate'
  | 'load-store'
  | 'load-store-multiple'
  | 'exclusive'
  | 'branch'
  | 'status'
  | 'system'
  | 'coprocessor'
  | 'hint'
  | 'vfp'
  | 'vfp-load-store'
  | 'neon'
  | 'neon-load-store';

export interface Encoding {
  /** The manual's heading: `ADC (immediate)`. */
  readonly name: string;
  /** `A1`, `T3`, … */
  readonly encoding: string;
  readonly section: string;
  readonly class: EncodingClass;
  /** See `pattern.ts`. A 32-bit T32 pattern starts with the first halfword. */
  readonly pattern: string;
  /**
   * Assembler syntax for the disassembler (`disassemble.ts`), with `{field}` for what is put in.
   */
  readonly syntax: string;
  /** True: the manual sends the reader elsewhere ("SEE …"), and no other row says so by more fixed bits. */
  readonly see?: (op: Op) => boolean;
  /**
   * Is called once for each decoded instruction, with the fields filled in: works out what does not depend on the
   * processor's state (expanded immediates, joined register numbers), keeps it in `op`, and says how to execute it.
   */
  readonly decode: (op: Op) => Decoded;
  /**
   * Checked before each execution, since it depends on the state: the VFP and Advanced SIMD units may be off
   * (CPACR, FPEXC.EN; DDI 0406C, B1.11). `vfp-system`: only as far as CPACR says (VMRS and VMSR of FPEXC, …).
   */
  readonly unit?: 'vfp' | 'neon' | 'vfp-system';
}

/** A row with its members in the order in which tables state them. */
export function row(
  name: string,
  encoding: string,
  section: string,
  kind: EncodingClass,
  pattern: string,
  syntax: string,
  decode: (op: Op) => Decoded,
  more: Pick<Encoding, 'see' | 'unit'> = {},
): Encoding {
  return { name, encoding, section, class: kind, pattern, syntax, decode, ...more };
}
