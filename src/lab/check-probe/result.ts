// SPDX-License-Identifier: GPL-2.0-only
/** What a comparison of two probe recordings found: plain data, the same in memory and in JSON. */

export interface Disagreement {
  /** The call in words. */
  readonly call: string;
  readonly dev: string;
  readonly seq: number;
  readonly op: string;
  readonly field: string;
  /** Both values, as they were compared: undetermined addresses as zone and alignment. */
  readonly recorded: string;
  readonly modelled: string;
}

/** All records of one operation, one field; those by place by themselves. */
export interface Cell {
  readonly op: string;
  readonly field: string;
  /** The outcome hangs on where the page allocator found memory, since the device does not reach all of it. */
  readonly byPlace: boolean;
  compared: number;
  agreed: number;
  /** Not compared, since one side could not obtain the value. */
  nulls: number;
  /** Where Linux decides it. */
  readonly lookAt: string;
  readonly disagreements: Disagreement[];
}

export interface ProbeAgreement {
  /** Records of the recording. */
  readonly records: number;
  readonly cells: readonly Cell[];
  /** Operations of the recording that no version of the probe has: not compared. */
  readonly unknown: readonly string[];
  /** Calls of the recording that the modelled probe did not make. */
  readonly unmatched: readonly string[];
  /** Calls of the modelled probe that the recording does not have. */
  readonly extra: readonly string[];
}

/**
 * `agrees`: the recording is whole, and all values and calls agree. `differs`: a value does not, or the modelled probe
 * lacks a call or does not know the operation. `incomplete`: what there is agrees, but the recording lacks records.
 */
export type ProbeVerdict = 'agrees' | 'differs' | 'incomplete';

/** Designs that set the recorded symbols, where that leaves a choice. */
export interface OpenDesigns {
  readonly designs: readonly string[];
  readonly taken: string;
}

/** The comparison of a recording with the modelled kernel of a board. */
export interface CheckedProbe extends ProbeAgreement {
  /** The tree's file name without folder and ending. */
  readonly board: string;
  /** 'model' of the tree. */
  readonly model: string;
  readonly design: string;
  readonly open: OpenDesigns | null;
  /** Name of the modelled kernel's config, and its version. */
  readonly kernel: string;
  readonly baseline: string;
  /** `uname -r` of the recorded kernel; null where the recording does not say. */
  readonly release: string | null;
  readonly verdict: ProbeVerdict;
  readonly totals: Totals;
  /** What the recording has lost, as far as it tells by itself. */
  readonly missing: readonly string[];
  /** Where the modelled kernel is another than the recorded one. */
  readonly differences: readonly string[];
  /** What was taken from the recording as given, beside the calls. */
  readonly assumed: readonly string[];
}

export interface Totals {
  readonly compared: number;
  readonly agreed: number;
  readonly nulls: number;
}

/** Values compared, and how many of them agreed. */
export function totals(cells: readonly Cell[]): Totals {
  return cells.reduce<Totals>(
    (sum, { compared, agreed, nulls }) => ({
      compared: sum.compared + compared,
      agreed: sum.agreed + agreed,
      nulls: sum.nulls + nulls,
    }),
    { compared: 0, agreed: 0, nulls: 0 },
  );
}

/** `missing`: what the recording has lost. */
export function verdictOf(
  { cells, unknown, unmatched, extra }: ProbeAgreement,
  missing: readonly string[],
): Pick<CheckedProbe, 'verdict' | 'totals'> {
  const sum = totals(cells);
  const agrees = sum.agreed === sum.compared && unmatched.length === 0 && unknown.length === 0;
  const isWhole = missing.length === 0 && extra.length === 0;
  return { verdict: !agrees ? 'differs' : isWhole ? 'agrees' : 'incomplete', totals: sum };
}
