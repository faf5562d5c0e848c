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
  /** Calls of the recording that the modelled probe did not make. */
  readonly unmatched: readonly string[];
  /** Calls of the modelled probe that the recording does not have. */
  readonly extra: readonly string[];
}

/** The comparison of a recording with the modelled kernel of a board. */
export interface CheckedProbe extends ProbeAgreement {
  readonly board: string;
  readonly design: string;
  /** Name of the modelled kernel's config. */
  readonly kernel: string;
  /** `uname -r` of the recorded kernel; null where the recording does not say. */
  readonly release: string | null;
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
