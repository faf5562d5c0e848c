// SPDX-License-Identifier: GPL-2.0-only
/** Counts, field by field, how often the model and a recorded probe run agree. */
import type { ProbeRecord } from './probe-records.js';

/** How often a field agreed, and where it did not. */
export interface FieldTally {
  compared: number;
  readonly disagreements: string[];
}

/** By field, in the order of first use. */
export type ProbeComparison = ReadonlyMap<string, FieldTally>;

export class ProbeTally {
  readonly fields: Map<string, FieldTally> = new Map();

  compare(record: ProbeRecord, field: string, recorded: unknown, modelled: unknown): void {
    const tally = this.fields.get(field) ?? { compared: 0, disagreements: [] };
    this.fields.set(field, tally);
    tally.compared++;
    const [expected, actual] = [JSON.stringify(recorded), JSON.stringify(modelled)];
    if (expected === actual) return;
    const { dev, seq, op, size, gfp, attrs } = record;
    const call = [dev, `#${seq}`, op, size, gfp, attrs].filter(part => part !== undefined).join(' ');
    tally.disagreements.push(`${call}: recorded ${expected}, modelled ${actual}`);
  }
}
