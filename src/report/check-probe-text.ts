// SPDX-License-Identifier: GPL-2.0-only
/** A comparison of a probe recording with the modelled kernel, for reading: a table, then call by call what differs. */
import { type Cell, type CheckedProbe, type Disagreement, totals } from '../lab/check-probe/result.js';
import { type Paint, table } from './table.js';

export interface CheckProbeTextOptions {
  /** A row for each operation and field; else one for each operation. */
  readonly cells: boolean;
  /** Calls that are shown with what differs. */
  readonly calls: number;
}

/** Fields of one call that are shown. */
const FIELDS_SHOWN = 6;

/** Rounded down, so that 100 % means all. */
function share(agreed: number, compared: number): string {
  if (compared === 0) return '-';
  return agreed === compared ? '100 %' : `${(Math.floor((1000 * agreed) / compared) / 10).toFixed(1)} %`;
}

/** Operations; what hangs on places behind everything else. */
function byOperation(cells: readonly Cell[]): Map<string, Cell[]> {
  const groups = new Map<string, Cell[]>();
  for (const cell of [...cells].sort((a, b) => Number(a.byPlace) - Number(b.byPlace))) {
    const name = cell.byPlace ? `${cell.op}, by place` : cell.op;
    groups.set(name, [...(groups.get(name) ?? []), cell]);
  }
  return groups;
}

function operationRows(cells: readonly Cell[]): string[][] {
  return [...byOperation(cells)].map(([op, group]) => {
    const sum = (read: (cell: Cell) => number): number => group.reduce((all, cell) => all + read(cell), 0);
    const [compared, agreed] = [sum(cell => cell.compared), sum(cell => cell.agreed)];
    const wrong = group.filter(cell => cell.agreed < cell.compared).map(({ field }) => field);
    const named = wrong.slice(0, FIELDS_SHOWN).join(', ');
    return [
      op,
      String(compared),
      share(agreed, compared),
      String(sum(cell => cell.nulls)),
      wrong.length > FIELDS_SHOWN ? `${named}, …` : named,
    ];
  });
}

function cellRows(cells: readonly Cell[]): string[][] {
  return [...byOperation(cells)].flatMap(([op, group]) =>
    group.map(({ field, compared, agreed, nulls }) => [
      op,
      field,
      `${agreed} of ${compared}`,
      share(agreed, compared),
      String(nulls),
    ]),
  );
}

function callText(
  paint: Paint,
  cells: readonly Cell[],
  call: string,
  wrong: readonly Disagreement[],
): string[] {
  const { op, field: first } = wrong[0]!;
  const lookAt = cells.find(cell => cell.op === op && cell.field === first)?.lookAt;
  const rest = wrong.length - FIELDS_SHOWN;
  return [
    paint.heading(call),
    ...wrong
      .slice(0, FIELDS_SHOWN)
      .map(({ field, recorded, modelled }) => `  ${field}: recorded ${recorded}, modelled ${modelled}`),
    ...(rest > 0 ? [`  and ${rest} more field${rest === 1 ? '' : 's'} of the same call`] : []),
    paint.faint(`  look at: ${lookAt}`),
  ];
}

function disagreementText(checked: CheckedProbe, paint: Paint, most: number): string[] {
  const calls = new Map<string, Disagreement[]>();
  const all = checked.cells.flatMap(({ disagreements }) => disagreements).sort((a, b) => a.seq - b.seq);
  for (const found of all) calls.set(found.call, [...(calls.get(found.call) ?? []), found]);
  if (calls.size === 0) return [];
  const shown = [...calls]
    .slice(0, most)
    .flatMap(([call, wrong]) => callText(paint, checked.cells, call, wrong));
  const left = calls.size - most;
  return ['', ...shown, ...(left > 0 ? [`and ${left} more calls (--calls ${calls.size} shows all)`] : [])];
}

export function checkProbeText(checked: CheckedProbe, paint: Paint, options: CheckProbeTextOptions): string {
  const { cells, unmatched, extra, board, design, kernel, release, records, assumed } = checked;
  const sum = totals(cells);
  const byPlace = totals(cells.filter(cell => cell.byPlace));
  const rows = options.cells ? cellRows(cells) : operationRows(cells);
  const head = options.cells
    ? ['operation', 'field', 'agree', '', 'null']
    : ['operation', 'values', 'agree', 'null', 'differs in'];
  return [
    paint.heading(`${board}: ${release ?? 'a kernel'} against the modelled ${design} (${kernel})`),
    ...assumed.map(text => `  ${text}`),
    '',
    table(paint, head, rows),
    '',
    `${records} records: ${sum.agreed} of ${sum.compared} values agree (${share(sum.agreed, sum.compared)})`,
    ...(byPlace.compared > 0
      ? [
          `${byPlace.agreed} of ${byPlace.compared} of these hang on where the page allocator found memory (by place): the`,
          'device does not reach all of it',
        ]
      : []),
    `${sum.nulls} values passed over, since one side could not obtain them`,
    ...(unmatched.length > 0 ? [`${unmatched.length} calls that the modelled probe does not make`] : []),
    ...(extra.length > 0 ? [`${extra.length} calls that the recording does not have`] : []),
    ...disagreementText(checked, paint, options.calls),
  ].join('\n');
}
