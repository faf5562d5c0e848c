// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which record of one recording belongs to which of another. Both come from the same script, but a call that
 * failed in one of them has no records of what follows it, and a recording may be cut off: so the longest common
 * sequence of calls is looked for, device by device. What the caller asked for tells calls apart; what came of them
 * does not count.
 */
import type { ProbeRecord } from '../../workloads/probe/record.js';
import { inputsOf } from './fields.js';

export interface Pair {
  readonly recorded: ProbeRecord;
  /** Null: the modelled kernel's probe had no such call. */
  readonly modelled: ProbeRecord | null;
}

export interface Alignment {
  readonly pairs: readonly Pair[];
  /** Records of the modelled probe that the recording does not have, in order. */
  readonly extra: readonly ProbeRecord[];
}

function keyOf(record: ProbeRecord): string {
  return JSON.stringify([record.op, ...inputsOf(record)]);
}

function byDevice(records: readonly ProbeRecord[]): Map<string, ProbeRecord[]> {
  const groups = new Map<string, ProbeRecord[]>();
  for (const record of records) {
    const group = groups.get(record.dev);
    if (group) group.push(record);
    else groups.set(record.dev, [record]);
  }
  return groups;
}

/** lengths[i * (n + 1) + j]: of the longest common sequence of a[i …] and b[j …], n entries in b. */
function commonLengths(a: readonly string[], b: readonly string[]): Uint16Array {
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const skip = Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
      lengths[i * width + j] = a[i] === b[j] ? lengths[(i + 1) * width + j + 1]! + 1 : skip;
    }
  }
  return lengths;
}

function alignDevice(recorded: readonly ProbeRecord[], modelled: readonly ProbeRecord[]): Alignment {
  const [a, b] = [recorded.map(keyOf), modelled.map(keyOf)];
  const lengths = commonLengths(a, b);
  const width = b.length + 1;
  const pairs: Pair[] = [];
  const extra: ProbeRecord[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      pairs.push({ recorded: recorded[i++]!, modelled: modelled[j++]! });
    } else if (
      j < b.length &&
      (i === a.length || lengths[i * width + j + 1]! >= lengths[(i + 1) * width + j]!)
    ) {
      extra.push(modelled[j++]!);
    } else pairs.push({ recorded: recorded[i++]!, modelled: null });
  }
  return { pairs, extra };
}

/** Pairs in the order of the recording. Recordings have a few hundred records a device. */
export function align(recorded: readonly ProbeRecord[], modelled: readonly ProbeRecord[]): Alignment {
  const theirs = byDevice(recorded);
  const ours = byDevice(modelled);
  const parts = [...theirs].map(([dev, records]) => alignDevice(records, ours.get(dev) ?? []));
  const unknown = [...ours].filter(([dev]) => !theirs.has(dev)).flatMap(([, records]) => records);
  return {
    pairs: parts.flatMap(({ pairs }) => pairs).sort((a, b) => a.recorded.seq - b.recorded.seq),
    extra: [...parts.flatMap(({ extra }) => extra), ...unknown].sort((a, b) => a.seq - b.seq),
  };
}
