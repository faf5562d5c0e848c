// SPDX-License-Identifier: GPL-2.0-only
/**
 * A comparison of a probe recording with the modelled kernel, for reading: the verdict and what it is worth, a table,
 * then call by call what differs.
 */
import { visible } from '../base/text.js';
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

/** `2 calls`, `1 call`. */
function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

const VERDICTS = {
  agrees: 'the recording agrees with the model in every value',
  differs: 'the recording differs from the model',
  incomplete: 'THE RECORDING IS INCOMPLETE: what there is agrees with the model',
} as const;

/** What it comes to, and what that is worth. */
function verdictText(checked: CheckedProbe, paint: Paint): string[] {
  const { verdict, totals: sum, cells, records, missing, unknown, unmatched, extra, open } = checked;
  const byPlace = totals(cells.filter(cell => cell.byPlace));
  const lines = [
    paint.heading(VERDICTS[verdict]),
    `${counted(records, 'record')}: ${sum.agreed} of ${sum.compared} values agree (${share(sum.agreed, sum.compared)})`,
  ];
  if (byPlace.compared > 0) {
    lines.push(
      `${byPlace.compared} of these hang on where the page allocator found memory (by place: the device does not reach all`,
      `of it), ${byPlace.agreed} of them agree`,
    );
  }
  lines.push(`${sum.nulls} values passed over, since one side could not obtain them`);
  if (unmatched.length > 0)
    lines.push(`${counted(unmatched.length, 'call')} that the modelled probe does not make`);
  const warnings = missing.map(text => `the recording is incomplete: ${text}`);
  if (extra.length > 0) {
    warnings.push(`${counted(extra.length, 'call')} that the recording does not have, ${extra[0]} the first`);
  }
  if (unknown.length > 0) warnings.push(`operations that no probe has, not compared: ${unknown.join(', ')}`);
  if (open) {
    const others = open.designs.filter(name => name !== open.taken).join(', ');
    warnings.push(
      `designs ${open.designs.join(', ')} set the symbols of this recording: ${open.taken} was taken, --design chooses ${others}`,
    );
  }
  warnings.push(...checked.differences);
  return [...lines, ...warnings.map(text => `warning: ${text}`)];
}

/** Text from the recording may hold anything: it is shown with its control characters written out. */
function shown(value: CheckedProbe): CheckedProbe {
  const text = JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'string' ? visible(inner) : inner,
  );
  return JSON.parse(text) as CheckedProbe;
}

export function checkProbeText(result: CheckedProbe, paint: Paint, options: CheckProbeTextOptions): string {
  const checked = shown(result);
  const { cells, board, model, design, open, kernel, baseline, release, assumed } = checked;
  const modelled = open ? `${design} (of ${open.designs.join(', ')})` : design;
  const rows = options.cells ? cellRows(cells) : operationRows(cells);
  const head = options.cells
    ? ['operation', 'field', 'agree', '', 'null']
    : ['operation', 'values', 'agree', 'null', 'differs in'];
  const name = model === board ? board : `${board} (${model})`;
  return [
    paint.heading(
      `${name}: ${release ?? 'a kernel'} against the modelled ${modelled}, ${baseline} (${kernel})`,
    ),
    ...verdictText(checked, paint),
    ...assumed.map(text => `assumed: ${text}`),
    '',
    table(paint, head, rows),
    ...disagreementText(checked, paint, options.calls),
  ].join('\n');
}
