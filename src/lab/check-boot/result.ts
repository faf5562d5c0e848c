// SPDX-License-Identifier: GPL-2.0-only
/**
 * What comes of a comparison of a recorded boot with the modelled one: plain data, the same in memory and in
 * JSON. A value is a list of lines, so that one way of comparing and of printing serves all fields.
 */

/**
 * `input`: the field was taken from the recording, so that comparing it says nothing. `absent`: the recording
 * does not have it. `not-understood`: the recording has nothing that could be read as the field, and lines that could not
 * be read.
 */
export type Outcome = 'agrees' | 'differs' | 'absent' | 'input' | 'not-understood';

export interface FieldResult {
  readonly field: string;
  readonly outcome: Outcome;
  /** The kernel function that decides the value: `arch/arm/mm/mmu.c, adjust_lowmem_bounds()`. */
  readonly decidedBy: string;
  /** Lines that were compared: `agreeing` of `lines` are the same in both. */
  readonly lines: number;
  readonly agreeing: number;
  /** Lines in which the two differ, in the order of the recording; empty unless `differs`. */
  readonly recorded: readonly string[];
  readonly modelled: readonly string[];
}

export interface BootCheck {
  readonly board: string;
  readonly kernel: string;
  readonly baseline: string;
  readonly cmdline: string;
  /** What the recording gave because nobody can derive it. */
  readonly inputs: readonly string[];
  /** What speaks against the comparison: a run.json that is of another run, lines that could not be read. */
  readonly doubts: readonly string[];
  readonly fields: readonly FieldResult[];
}

/** Does the model agree in everything that the recording has? */
export function agreesWhole(check: BootCheck): boolean {
  return check.fields.every(({ outcome }) => outcome !== 'differs' && outcome !== 'not-understood');
}

/** Compares two lists as they are, without `absent`; equal lines are matched in order. */
export function compareLines(
  field: string,
  decidedBy: string,
  recorded: readonly string[],
  modelled: readonly string[],
): FieldResult {
  const common = commonLines(recorded, modelled);
  const lines = Math.max(recorded.length, modelled.length);
  const agrees = common.recorded.size === recorded.length && recorded.length === modelled.length;
  return {
    field,
    outcome: agrees ? 'agrees' : 'differs',
    decidedBy,
    lines,
    agreeing: common.recorded.size,
    recorded: agrees ? [] : recorded.filter((_, index) => !common.recorded.has(index)),
    modelled: agrees ? [] : modelled.filter((_, index) => !common.modelled.has(index)),
  };
}

/** Indices of the lines of a longest common subsequence, in both lists. */
function commonLines(
  a: readonly string[],
  b: readonly string[],
): { readonly recorded: ReadonlySet<number>; readonly modelled: ReadonlySet<number> } {
  const width = b.length + 1;
  // length[i * width + j]: of the longest common subsequence of a[i..] and b[j..].
  const length = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const skip = Math.max(length[(i + 1) * width + j]!, length[i * width + j + 1]!);
      length[i * width + j] = a[i] === b[j] ? length[(i + 1) * width + j + 1]! + 1 : skip;
    }
  }
  const found = { recorded: new Set<number>(), modelled: new Set<number>() };
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      found.recorded.add(i++);
      found.modelled.add(j++);
    } else if (length[(i + 1) * width + j]! >= length[i * width + j + 1]!) i++;
    else j++;
  }
  return found;
}
