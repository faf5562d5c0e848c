// SPDX-License-Identifier: GPL-2.0-only
/** The state of a cell in words: `inner: may be dirty, newest 0-3; outer: may hold it, stale all bytes`. */
import type { Range } from '../base/address.js';
import type { Cell } from './cell.js';
import type { ByteState } from './finding.js';

/** `outer`: there is an outer cache, in use. */
export function describeCell(cell: Cell, cellBytes: number, outer: boolean): string {
  const level = (dirty: boolean, held: boolean, newest: number, stale: number): string => {
    const words: string[] = [dirty ? 'may be dirty' : held ? 'may hold it' : 'not there'];
    if (newest !== 0) words.push(`newest ${bytesOf(newest, cellBytes)}`);
    if (stale !== 0) words.push(`stale ${bytesOf(stale, cellBytes)}`);
    return words.join(', ');
  };
  const parts = [`inner: ${level(cell.dirtyInner, cell.mayHoldInner, cell.newInner, cell.staleInner)}`];
  if (outer) {
    parts.push(`outer: ${level(cell.dirtyOuter, cell.mayHoldOuter, cell.newOuter, cell.staleOuter)}`);
  }
  if (cell.lost !== 0) parts.push(`thrown away ${bytesOf(cell.lost, cellBytes)}`);
  if (cell.pending !== 0) parts.push(`in a buffer ${bytesOf(cell.pending, cellBytes)}`);
  if (cell.unfinished) parts.push('maintenance not waited for');
  if (cell.fetched) parts.push(`instruction side: may hold it${cell.fetchedOld ? ' older' : ''}`);
  return parts.join('; ');
}

/** One letter for each byte. */
export function byteStates(cell: Cell, cellBytes: number): string {
  const { lost, pending, newInner, newOuter } = cell;
  const letters: ByteState[] = [];
  for (let byte = 0; byte < cellBytes; byte++) {
    const has = (mask: number): boolean => ((mask >>> byte) & 1) === 1;
    if (has(lost)) letters.push('x');
    else if (has(pending)) letters.push('b');
    else if (has(cell.staleInner | cell.staleOuter)) letters.push('s');
    else letters.push(has(newInner | newOuter) ? 'n' : '.');
  }
  return letters.join('');
}

/** Runs of bits of `mask`, counted from bit 0. */
export function runsOf(mask: number, cellBytes: number): Range[] {
  const runs: Range[] = [];
  let start = -1;
  for (let bit = 0; bit <= cellBytes; bit++) {
    const set = bit < cellBytes && ((mask >>> bit) & 1) === 1;
    if (set && start < 0) start = bit;
    if (set || start < 0) continue;
    runs.push({ start, end: bit });
    start = -1;
  }
  return runs;
}

/** `all bytes`, or runs: `0-3, 8`. */
function bytesOf(mask: number, cellBytes: number): string {
  const runs = runsOf(mask, cellBytes);
  if (runs.length === 1 && runs[0]!.end - runs[0]!.start === cellBytes) return 'all bytes';
  return runs.map(({ start, end }) => (end === start + 1 ? `${start}` : `${start}-${end - 1}`)).join(', ');
}
