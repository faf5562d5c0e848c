// SPDX-License-Identifier: GPL-2.0-only
/**
 * From an instruction word to an Op, by the tables. Each table is sorted into lists once: all rows that can match a
 * word with given values of its deciding bits, the row with the most fixed bits first.
 */
import type { Cpu } from '../cpu/cpu.js';
import { ALWAYS, runConditional } from './conditions.js';
import { type Encoding, UNDEFINED, UNPREDICTABLE } from './encoding.js';
import { B_CONDITIONAL, b } from './execute-branch.js';
import type { FieldName, Op, Outcome } from './op.js';
import { matches, type Pattern, parsePattern, specificity } from './pattern.js';

export interface Row {
  readonly encoding: Encoding;
  readonly pattern: Pattern;
}

/** `undefined` as an execute function. */
export function executeUndefined(cpu: Cpu): Outcome {
  return cpu.undefined();
}

function guardVfp(cpu: Cpu, op: Op): Outcome {
  return cpu.cp15.vfpEnabled && cpu.fp.enabled ? op.execute(cpu, op) : cpu.undefined();
}

function guardNeon(cpu: Cpu, op: Op): Outcome {
  return cpu.cp15.neonEnabled && cpu.fp.enabled ? op.execute(cpu, op) : cpu.undefined();
}

function guardVfpSystem(cpu: Cpu, op: Op): Outcome {
  return cpu.cp15.vfpEnabled ? op.execute(cpu, op) : cpu.undefined();
}

const GUARDS = { vfp: guardVfp, neon: guardNeon, 'vfp-system': guardVfpSystem } as const;

/** The rows of one width of one instruction set. */
export class Decoder {
  readonly rows: readonly Row[];
  private readonly lists: (readonly Row[])[];
  private readonly keyBits: readonly number[];

  /** `keyBits`: bits by which rows are sorted, the lowest first. */
  constructor(encodings: readonly Encoding[], keyBits: readonly number[]) {
    this.rows = encodings.map(encoding => ({ encoding, pattern: parsePattern(encoding.pattern) }));
    this.keyBits = keyBits;
    const ranked = this.rows.toSorted((a, b) => specificity(b.pattern) - specificity(a.pattern));
    this.lists = Array.from({ length: 1 << keyBits.length }, (_, key) =>
      ranked.filter(({ pattern }) => this.possible(pattern, key)),
    );
  }

  /** The row that counts for `word` (unsigned), its fields in `op`. Null: none. */
  find(word: number, op: Op): Row | null {
    for (const row of this.lists[this.keyOf(word)]!) {
      if (!matches(row.pattern, word)) continue;
      extract(row.pattern, word, op);
      // In A32 the condition 1111 is not a condition.
      if (op.cond === 15 && row.pattern.widths.has('cond')) continue;
      if (row.encoding.see?.(op) === true) continue;
      return row;
    }
    return null;
  }

  /** Decodes `word` (unsigned) into `op`, whose `it`, `offset` and `length` are set. */
  decode(word: number, op: Op): void {
    op.word = word | 0;
    const row = this.find(word, op);
    const decoded = row === null ? UNDEFINED : row.encoding.decode(op);
    const refused = decoded === UNDEFINED || decoded === UNPREDICTABLE;
    op.execute = refused ? executeUndefined : decoded;
    if (refused) op.last = 1;
    const { unit } = row?.encoding ?? {};
    op.body = unit === undefined || refused ? op.execute : GUARDS[unit];
    const conditional = op.cond < ALWAYS;
    if (conditional) op.run = op.execute === b ? B_CONDITIONAL[op.cond]! : runConditional;
    else op.run = op.body;
    if (conditional) op.last = 0;
  }

  private keyOf(word: number): number {
    let key = 0;
    const { keyBits } = this;
    for (let i = 0; i < keyBits.length; i++) key |= ((word >>> keyBits[i]!) & 1) << i;
    return key;
  }

  private possible(pattern: Pattern, key: number): boolean {
    return this.keyBits.every((bit, i) => {
      if (((pattern.mask >>> bit) & 1) === 0) return true;
      return ((pattern.value >>> bit) & 1) === ((key >>> i) & 1);
    });
  }
}

function extract(pattern: Pattern, word: number, op: Op): void {
  for (const { name } of pattern.pieces) op[name as FieldName] = 0;
  for (const { name, shift, width, into } of pattern.pieces) {
    const value = (word >>> shift) & (width === 32 ? -1 : (1 << width) - 1);
    op[name as FieldName] |= value << into;
  }
}
