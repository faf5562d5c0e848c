// SPDX-License-Identifier: GPL-2.0-only
/**
 * How faithful the modelled kernel is: every recording of a real kernel against the model. Of boots, prints how many
 * agree in each field. Of probe runs, a row for each and the matrix: a row for each operation and field, a column for
 * each run, percent of agreement.
 * Needs the recordings (a folder named by ARMORY_SHARED, or `shared` beside the checkout).
 * Arguments: parts of run names; `--details N` shows up to N disagreements of each cell.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Cell, type CheckedProbe, totals } from '../src/lab/check-probe/result.js';
import { Paint, table } from '../src/report/table.js';
import { sharedPath } from '../tests/support/shared.js';
import { checkRecordedProbe } from '../tests/truth/recorded-probe.js';
import { checkRecordedRuns } from './recorded-runs.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { details: { type: 'string', default: '0' } },
});

/** Rounded down, so that 100 means all. */
function percent(agreed: number, compared: number): string {
  if (compared === 0) return '';
  return agreed === compared ? '100' : (Math.floor((1000 * agreed) / compared) / 10).toFixed(1);
}

function recordedRuns(): Map<string, CheckedProbe> {
  const paths = ['truth/probe', 'truth/probe-dtb', 'truth/configs', 'kernels'].map(sharedPath);
  const [folder, trees, configs, kernels] = paths;
  if (!folder || !trees || !configs || !kernels) {
    process.stderr.write('the recordings are not here: set ARMORY_SHARED\n');
    process.exit(3);
  }
  const names = readdirSync(folder).filter(
    name => positionals.length === 0 || positionals.some(part => name.includes(part)),
  );
  const check = (name: string) => checkRecordedProbe(join(folder, name), { trees, configs, kernels });
  return new Map(names.sort().map(name => [name, check(name)]));
}

const paint = new Paint(process.stdout.isTTY === true && !process.env['NO_COLOR']);
const runs = recordedRuns();
const columns = [...runs.keys()].map((_, index) => String(index + 1));

function runRows(): string[][] {
  const rows = [...runs].map(([name, { cells, records }], index) => {
    const sum = totals(cells);
    const place = totals(cells.filter(({ byPlace }) => byPlace));
    const [agreed, compared] = [sum.agreed - place.agreed, sum.compared - place.compared];
    return [
      `${index + 1} ${name}`,
      String(records),
      `${agreed} of ${compared}`,
      percent(agreed, compared),
      place.compared > 0 ? `${place.agreed} of ${place.compared}` : '',
      percent(place.agreed, place.compared),
      String(sum.nulls),
    ];
  });
  return rows;
}

const keyOf = ({ op, field, byPlace }: Cell): string => `${op} ${field}${byPlace ? ', by place' : ''}`;

function matrixRows(): string[][] {
  const keys = new Set([...runs.values()].flatMap(({ cells }) => cells.map(keyOf)));
  const order = [...keys].sort((a, b) => Number(a.endsWith('place')) - Number(b.endsWith('place')));
  return order.map(key => [
    key,
    ...[...runs.values()].map(({ cells }) => {
      const cell = cells.find(candidate => keyOf(candidate) === key);
      return cell ? percent(cell.agreed, cell.compared) : '';
    }),
  ]);
}

function details(most: number): string[] {
  return [...runs].flatMap(([name, { cells }]) =>
    cells
      .filter(({ agreed, compared }) => agreed < compared)
      .flatMap(cell => [
        `${name}: ${keyOf(cell)}: ${cell.agreed} of ${cell.compared} (${cell.lookAt})`,
        ...cell.disagreements
          .slice(0, most)
          .map(({ call, recorded, modelled }) => `  ${call}: recorded ${recorded}, modelled ${modelled}`),
      ]),
  );
}

/** By field: boots that agree, of those whose recording has it; lines likewise. */
function bootRows(): string[][] {
  const [folder, configs] = ['truth/boot', 'truth/configs'].map(sharedPath);
  if (!folder || !configs || positionals.length > 0) return [];
  const checks = [...checkRecordedRuns(folder, configs)];
  return checks[0]!.check.fields.map(({ field, decidedBy }, index) => {
    const results = checks
      .map(({ check }) => check.fields[index]!)
      .filter(({ outcome }) => outcome !== 'absent');
    const agreed = results.filter(({ outcome }) => outcome !== 'differs').length;
    const sum = (read: (result: (typeof results)[number]) => number): number =>
      results.reduce((total, result) => total + read(result), 0);
    const lines = `${sum(({ agreeing }) => agreeing)} of ${sum(({ lines: count }) => count)}`;
    return [field, `${agreed} of ${results.length}`, lines, decidedBy];
  });
}

const all = totals([...runs.values()].flatMap(({ cells }) => cells));
const cells = [...runs.values()].flatMap(run => run.cells).filter(({ compared }) => compared > 0);
const poor = (byPlace: boolean): number =>
  cells.filter(cell => cell.byPlace === byPlace && cell.agreed < 0.99 * cell.compared).length;
const boots = bootRows();
const lines = [
  ...(boots.length > 0 ? [table(paint, ['boot field', 'runs', 'lines', 'decided by'], boots), ''] : []),
  table(paint, ['run', 'records', 'values', '%', 'by place', '%', 'null'], runRows()),
  '',
  table(paint, ['operation and field, % by run', ...columns], matrixRows()),
  ...(Number(values.details) > 0 ? ['', ...details(Number(values.details))] : []),
  '',
  `${all.agreed} of ${all.compared} values agree (${((100 * all.agreed) / all.compared).toFixed(3)} %), ${all.nulls} null`,
  `${poor(false)} of ${cells.filter(cell => !cell.byPlace).length} cells are below 99 %; by place ${poor(true)} of ${
    cells.filter(cell => cell.byPlace).length
  }`,
];
process.stdout.write(`${lines.join('\n')}\n`);
