// SPDX-License-Identifier: GPL-2.0-only
/** Records of the probe for reading: a line for each, device by device, and what became of coherent buffers. */
import { directionText, type ProbeRecord } from '../workloads/probe/record.js';
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
    directionText(dir),
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
  if (ok === 0) return record.op.startsWith('map_') ? 'DMA_MAPPING_ERROR' : 'NULL';
  const parts = [va, src, bounced === 1 && 'bounced', ret !== undefined && `returns ${ret}`];
  if (count !== undefined) {
    parts.push(`${count} buffers${record['capped'] === 1 ? ' (capped: it asked for no more)' : ''}`);
  }
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
    // On NULL, what stands there is what the caller had put there.
    record['ok'] === 0 ? '' : String(record['dma'] ?? ''),
    mapping(record['cpu_pt'] ?? record['alias_after']),
    mapping(record['alias_pt']),
    [maintenance(record['mnt']), ...problems.filter(text => text !== false)]
      .filter(text => text !== '')
      .join('; '),
  ];
}

type Outcomes = Readonly<Record<'works' | 'NULL' | 'bad', Set<string>>>;

/**
 * Sizes of coherent buffers without attributes, by device and flags: which worked, which gave NULL, and of which the
 * handle is no good. A size may stand in several columns, since it is asked for more than once.
 */
function outcomeTable(records: readonly ProbeRecord[], paint: Paint): string {
  const rows = new Map<string, Outcomes>();
  for (const record of records) {
    const { op, dev, gfp, attrs, ok } = record;
    if (op !== 'alloc' || attrs !== undefined) continue;
    const key = `${dev}\t${gfp === 'ATOMIC' ? 'atomic' : 'blocking'}`;
    const outcomes = rows.get(key) ?? { works: new Set(), NULL: new Set(), bad: new Set() };
    rows.set(key, outcomes);
    const isBad = record['bad_handle'] === 1 || record['unreachable'] === 1;
    outcomes[ok === 0 ? 'NULL' : isBad ? 'bad' : 'works'].add(size(record['size']));
  }
  const lines = [...rows].map(([key, { works, NULL, bad }]) => [
    ...key.split('\t'),
    ...[works, NULL, bad].map(sizes => [...sizes].join(' ')),
  ]);
  return table(paint, ['coherent buffers', '', 'works', 'NULL', 'bad handle'], lines);
}

/** One table, with a heading for each device, and a short one of what became of coherent buffers. */
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
  const head = ['  call', 'asked', 'outcome', 'handle', 'mapping', 'alias', 'maintenance'];
  return [table(paint, head, rows), '', outcomeTable(records, paint)].join('\n');
}
