// SPDX-License-Identifier: GPL-2.0-only
/** Page tables as lines of the kernel's kernel_page_tables, without sizes: a record's and a guest's own. */
import type { PageTables } from '../../src/lab/page-tables.js';

/** Where the listing begins anew though attributes go on: modules, direct map, fixmap, vectors. */
const REGIONS: readonly number[] = [0xbf000000, 0xc0000000, 0xffc80000, 0xffff0000];

function hex8(value: number): string {
  return `0x${(value % 2 ** 32).toString(16).padStart(8, '0')}`;
}

/** Neighbours are one line while they are listed alike, wherever they lead. */
export function listingOf({ ranges }: PageTables): string[] {
  const lines: { start: number; end: number; listed: string }[] = [];
  for (const { va, va_end, listed = '' } of ranges) {
    const [start, end] = [Number(va), Number(va_end) + 1];
    const last = lines.at(-1);
    if (last?.end === start && last.listed === listed && !REGIONS.includes(start)) last.end = end;
    else lines.push({ start, end, listed });
  }
  return lines.map(({ start, end, listed }) => `${hex8(start)}-${hex8(end)} ${listed}`.trimEnd());
}

/** What a kernel listed, in the same form. */
export function withoutSizes(lines: readonly string[]): string[] {
  return lines
    .filter(line => line.startsWith('0x'))
    .map(line => line.replace(/^(\S+) +\d+[KMGTPE] /, '$1 ').trimEnd());
}
