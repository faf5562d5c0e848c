// SPDX-License-Identifier: GPL-2.0-only
/** The kernel's map as lines: a range, where it leads, of which kind, and every attribute bit. */
import type { Range } from '../../base/address.js';
import type { MapEntry } from '../facts.js';

const attributes: readonly (keyof MapEntry)[] = [
  'ap',
  'xn',
  'pxn',
  'ng',
  'domain',
  'tex',
  'c',
  'b',
  's',
  'attrindx',
  'mair',
  'sh',
  'af',
  'contiguous',
  'linux_mt',
];

function line(entry: MapEntry): string {
  const bits = attributes.flatMap(name =>
    entry[name] === undefined ? [] : [`${name} ${String(entry[name])}`],
  );
  return `${entry.va}-${entry.va_end} ${entry.pa} ${entry.kind} ${entry.type} ${bits.join(' ')}`;
}

/** Pages of `vague` memory are told as such, without attributes, which change while drivers run. */
export function mapLines(map: readonly MapEntry[], vague: readonly Range[] = []): string[] {
  const lines: string[] = [];
  let run: { start: string; end: string } | null = null;
  const flush = (): void => {
    if (run) lines.push(`${run.start}-${run.end} pages`);
    run = null;
  };
  for (const entry of map) {
    const pa = Number(entry.pa);
    const isVague = entry.kind === 'page' && vague.some(({ start, end }) => pa >= start && pa < end);
    if (!isVague) {
      flush();
      lines.push(line(entry));
    } else if (run && Number(run.end) + 1 === Number(entry.va)) run.end = entry.va_end;
    else {
      flush();
      run = { start: entry.va, end: entry.va_end };
    }
  }
  flush();
  return lines;
}
