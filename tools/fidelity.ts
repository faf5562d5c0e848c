// SPDX-License-Identifier: GPL-2.0-only
/**
 * How faithful the modelled kernel is: every recording of a real kernel against the model. Prints a row for each probe
 * run, the worst cells (operation, field, run), and the sums last. With `--details` also a row for each field of boots,
 * the matrix of all cells, and what differs.
 * Needs the recordings (a folder named by ARMORY_SHARED, or `shared` beside the checkout).
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Cell, type CheckedProbe, totals } from '../src/lab/check-probe/result.js';
import { Paint, table } from '../src/report/table.js';
import { sharedPath } from '../tests/support/shared.js';
import { checkRecordedProbe } from '../tests/truth/recorded-probe.js';
import { checkRecordedRuns, type RecordedCheck } from './recorded-runs.js';

const USAGE = `usage: node dist/tools/fidelity.js [--details] [NAME…]   (npm run fidelity: with --details)
  NAME       runs whose names contain it, of boots and probe runs; without, all
  --details  also each field of boots, each cell of probe runs, and what differs
`;
/** Rows of the list of worst cells. */
const WORST_CELLS = 10;
/** Disagreements of a cell that are shown. */
const MOST_DISAGREEMENTS = 5;

function stop(code: number, text: string): never {
  (code === 0 ? process.stdout : process.stderr).write(text);
  process.exit(code);
}

function readArguments(): { readonly names: readonly string[]; readonly details: boolean } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { details: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help) stop(0, USAGE);
    return { names: positionals, details: values.details };
  } catch (error) {
    return stop(2, `${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

interface Recorded {
  readonly boots: readonly RecordedCheck[];
  readonly probes: ReadonlyMap<string, CheckedProbe>;
}

function compareRuns(names: readonly string[]): Recorded {
  const paths = ['truth/boot', 'truth/probe', 'truth/probe-dtb', 'truth/configs', 'kernels'].map(sharedPath);
  const [bootFolder, folder, trees, configs, kernels] = paths;
  if (!bootFolder || !folder || !trees || !configs || !kernels) {
    return stop(3, 'the recordings are not here: set ARMORY_SHARED\n');
  }
  const [boots, probes] = [readdirSync(bootFolder).sort(), readdirSync(folder).sort()];
  const unknown = names.find(part => ![...boots, ...probes].some(name => name.includes(part)));
  if (unknown !== undefined) stop(2, `no recorded run has '${unknown}' in its name\n`);
  const isWanted = (name: string): boolean => names.length === 0 || names.some(part => name.includes(part));
  const check = (name: string) => checkRecordedProbe(join(folder, name), { trees, configs, kernels });
  return {
    boots: checkRecordedRuns(bootFolder, configs, boots.filter(isWanted)),
    probes: new Map(probes.filter(isWanted).map(name => [name, check(name)])),
  };
}

const { names, details } = readArguments();
const { boots, probes: runs } = compareRuns(names);
const paint = new Paint(process.stdout.isTTY === true && !process.env['NO_COLOR']);

/** Rounded down, so that 100 means all. */
function percent(agreed: number, compared: number): string {
  if (compared === 0) return '';
  return agreed === compared ? '100' : (Math.floor((1000 * agreed) / compared) / 10).toFixed(1);
}

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

function differences(): string[] {
  return [...runs].flatMap(([name, { cells }]) =>
    cells
      .filter(({ agreed, compared }) => agreed < compared)
      .flatMap(cell => [
        `${name}: ${keyOf(cell)}: ${cell.agreed} of ${cell.compared} (${cell.lookAt})`,
        ...cell.disagreements
          .slice(0, MOST_DISAGREEMENTS)
          .map(({ call, recorded, modelled }) => `  ${call}: recorded ${recorded}, modelled ${modelled}`),
      ]),
  );
}

/** Those with the smallest share first, of these the largest. */
function worstCells(): string[][] {
  return [...runs]
    .flatMap(([name, { cells }]) => cells.map(cell => ({ name, cell })))
    .filter(({ cell: { agreed, compared } }) => agreed < compared)
    .sort(
      ({ cell: a }, { cell: b }) => a.agreed / a.compared - b.agreed / b.compared || b.compared - a.compared,
    )
    .slice(0, WORST_CELLS)
    .map(({ name, cell }) => [name, keyOf(cell), `${cell.agreed} of ${cell.compared}`]);
}

/** By field: boots that agree, of those whose recording has it; lines likewise. */
function bootRows(): string[][] {
  return boots[0]!.check.fields.map(({ field, decidedBy }, index) => {
    const results = boots
      .map(({ check }) => check.fields[index]!)
      .filter(({ outcome }) => outcome !== 'absent');
    const agreed = results.filter(({ outcome }) => outcome !== 'differs').length;
    const sum = (read: (result: (typeof results)[number]) => number): number =>
      results.reduce((total, result) => total + read(result), 0);
    const lines = `${sum(({ agreeing }) => agreeing)} of ${sum(({ lines: count }) => count)}`;
    return [field, `${agreed} of ${results.length}`, lines, decidedBy];
  });
}

/** What boots differ in, and how many agree whole. */
function bootSum(): string[] {
  const differing = boots.flatMap(({ run, check }) => {
    const fields = check.fields.filter(({ outcome }) => outcome === 'differs').map(({ field }) => field);
    return fields.length > 0 ? [`${run} differs in ${fields.join(', ')}`] : [];
  });
  return [...differing, `${boots.length - differing.length} of ${boots.length} boots agree in every field`];
}

function probeSum(): string[] {
  const cells = [...runs.values()].flatMap(run => run.cells).filter(({ compared }) => compared > 0);
  const part = (what: string, byPlace: boolean): string => {
    const chosen = cells.filter(cell => cell.byPlace === byPlace);
    const { agreed, compared } = totals(chosen);
    const poor = chosen.filter(cell => cell.agreed < 0.99 * cell.compared).length;
    const share = compared === 0 ? '' : ` (${percent(agreed, compared)} %)`;
    return `${agreed} of ${compared} ${what}${share}; ${poor} of ${chosen.length} cells are below 99 %`;
  };
  return [part('determined values agree', false), part('values by place agree', true)];
}

const columns = [...runs.keys()].map((_, index) => String(index + 1));
const worst = worstCells();
const lines = [
  ...(details && boots.length > 0
    ? [table(paint, ['boot field', 'runs', 'lines', 'decided by'], bootRows()), '']
    : []),
  ...(runs.size > 0
    ? [table(paint, ['run', 'records', 'values', '%', 'by place', '%', 'null'], runRows()), '']
    : []),
  ...(details && runs.size > 0
    ? [table(paint, ['operation and field, % by run', ...columns], matrixRows()), '', ...differences(), '']
    : []),
  ...(worst.length > 0 ? [table(paint, ['worst cells', 'operation and field', 'agree'], worst), ''] : []),
  ...(boots.length > 0 ? bootSum() : []),
  ...(runs.size > 0 ? probeSum() : []),
];
process.stdout.write(`${lines.join('\n')}\n`);
