// SPDX-License-Identifier: GPL-2.0-only
/** Records of the probe for reading: a line for each, device by device. */
import type { ProbeRecord } from '../workloads/probe/record.js';
import { type Paint, table } from './table.js';

/** Order of bytes, as in `64K`. */
function size(bytes: unknown): string {
  const value = Number(bytes);
  if (value >= 1024 * 1024 && value % (1024 * 1024) === 0) return `${value / (1024 * 1024)}M`;
  return value >= 1024 && value % 1024 === 0 ? `${value / 1024}K` : String(value);
}

function asked(record: ProbeRecord): string {
  const { phase, size: bytes, len, off, gfp, attrs, dir } = record;
  const parts = [
    phase,
    bytes !== undefined && size(bytes),
    len !== undefined && size(len),
    off ? `+${off}` : '',
    gfp,
    attrs,
    dir,
  ];
  return parts
    .filter(part => part !== undefined && part !== false && part !== '')
    .join(' ')
    .trim();
}

interface Table {
  readonly t: string;
  readonly mem?: string | null;
}

function mapping(value: unknown): string {
  if (typeof value !== 'object' || value === null) return '';
  const { t, mem } = value as Table;
  return mem ? `${t} ${mem}` : t;
}

function maintenance(value: unknown): string {
  if (!Array.isArray(value)) return '';
  const list = value as readonly (readonly [string, string, string, number])[];
  return list
    .map(([operation, start, end, count]) => {
      const bytes = Number.parseInt(end, 16) - Number.parseInt(start, 16);
      return `${operation} ${size(bytes)}${count > 1 ? ` x${count}` : ''}`;
    })
    .join(', ');
}

function outcome(record: ProbeRecord): string {
  const { ok, src, va, bounced, ret, count, n } = record;
  if (ok === 0) return 'NULL';
  const parts = [va, src, bounced === 1 && 'bounced', ret !== undefined && `returns ${ret}`];
  if (count !== undefined) parts.push(`${count} buffers`);
  if (n !== undefined) parts.push(`${n} entries`);
  return parts.filter(part => part !== undefined && part !== false).join(' ');
}

function row(record: ProbeRecord): string[] {
  const problems = [
    record['bad_handle'] === 1 && 'handle leads elsewhere',
    record['unreachable'] === 1 && 'out of reach',
  ];
  return [
    `  ${record.op}`,
    asked(record),
    outcome(record),
    String(record['dma'] ?? ''),
    mapping(record['cpu_pt'] ?? record['alias_after']),
    mapping(record['alias_pt']),
    [maintenance(record['mnt']), ...problems.filter(text => text !== false)]
      .filter(text => text !== '')
      .join('; '),
  ];
}

/** One table, with a heading for each device. */
export function probeText(records: readonly ProbeRecord[], paint: Paint): string {
  const rows: string[][] = [];
  let dev: string | undefined;
  for (const record of records) {
    if (record.dev !== dev) {
      dev = record.dev;
      rows.push([paint.heading(dev)]);
    }
    rows.push(row(record));
  }
  return table(paint, ['  call', 'asked', 'outcome', 'handle', 'mapping', 'alias', 'maintenance'], rows);
}
