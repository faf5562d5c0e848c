// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a recording has lost. Both writers number their records from 0, and the module's last one, `end`, says how many
 * there are and how many were lost for want of memory (probe/main.c, probe/output.c): a recording that was cut off, or
 * that lacks lines, must not count as one that agrees. Recordings that were not made by a module have no `end`; of
 * those, only holes in the numbers tell.
 */
import type { ProbeRecord } from '../../workloads/probe/record.js';

/** Holes that are named one by one. */
const MOST_HOLES = 3;

function range(from: number, to: number): string {
  return from === to ? `seq ${from}` : `seq ${from} to ${to}`;
}

/** Numbers that are missing in front of a record, as text. Numbers go up (`read-recording.ts`). */
function holesOf(records: readonly ProbeRecord[]): string[] {
  const holes: string[] = [];
  let expected = 0;
  for (const { seq } of records) {
    if (seq > expected) holes.push(range(expected, seq - 1));
    expected = seq + 1;
  }
  const more = holes.length - MOST_HOLES;
  return more > 0 ? [...holes.slice(0, MOST_HOLES), `and ${more} more holes`] : holes;
}

function endProblems(records: readonly ProbeRecord[]): string[] {
  const at = records.findIndex(({ op }) => op === 'end');
  const last = records.at(-1)!;
  if (at < 0) return [`its last record, 'end', is missing: it was cut off behind seq ${last.seq}`];
  const { records: written, lost, seq } = records[at]!;
  const problems: string[] = [];
  if (at !== records.length - 1) problems.push(`records stand behind 'end' (seq ${seq})`);
  if (typeof lost === 'number' && lost > 0) {
    problems.push(`the module lost ${lost} record${lost === 1 ? '' : 's'} for want of memory`);
  }
  if (typeof written === 'number' && written !== records.length) {
    problems.push(`'end' counts ${written} records, ${records.length} are here`);
  }
  return problems;
}

/** Was it made by a module, which ends a recording with `end`? */
export function isModuleRecording(records: readonly ProbeRecord[]): boolean {
  return records.some(({ op }) => op === 'module' || op === 'end');
}

/** What is missing, a line each; empty: nothing that the recording itself could tell. */
export function missingRecords(records: readonly ProbeRecord[]): string[] {
  const holes = holesOf(records);
  return [
    ...(isModuleRecording(records) ? endProblems(records) : []),
    ...(holes.length > 0 ? [`records are missing: ${holes.join(', ')}`] : []),
  ];
}
