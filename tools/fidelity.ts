// SPDX-License-Identifier: GPL-2.0-only
/**
 * How faithful the modelled kernel is: every recorded run of a real kernel against the model, as a matrix of
 * operation and field by run. Needs the recordings (a folder named by ARMORY_SHARED, or `shared` beside the checkout).
 * Arguments: parts of run names; `--details N` shows up to N disagreements of each cell.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type ProbeAgreement, totals } from '../src/lab/check-probe/result.js';
import { sharedPath } from '../tests/support/shared.js';
import { checkRecordedProbe } from '../tests/truth/recorded-probe.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { details: { type: 'string', default: '0' } },
});
const details = Number(values.details);

function percent(agreed: number, compared: number): string {
  return compared === 0 ? '-' : `${((100 * agreed) / compared).toFixed(agreed === compared ? 0 : 1)}`;
}

const folder = sharedPath('truth/probe');
const trees = sharedPath('truth/probe-dtb');
const configs = sharedPath('truth/configs');
const kernels = sharedPath('kernels');
if (!folder || !trees || !configs || !kernels) {
  process.stderr.write('the recordings are not here: set ARMORY_SHARED\n');
  process.exit(3);
}
const names = readdirSync(folder)
  .filter(name => positionals.length === 0 || positionals.some(part => name.includes(part)))
  .sort();
const runs = new Map<string, ProbeAgreement>();
for (const name of names) runs.set(name, checkRecordedProbe(join(folder, name), { trees, configs, kernels }));

const lines: string[] = [];
let [agreed, compared, nulls, poorCells, allCells] = [0, 0, 0, 0, 0];
for (const [name, agreement] of runs) {
  const sum = totals(agreement);
  agreed += sum.agreed;
  compared += sum.compared;
  nulls += sum.nulls;
  lines.push(`${name}: ${sum.agreed} of ${sum.compared} agree (${percent(sum.agreed, sum.compared)} %)`);
  lines.push(`  ${agreement.unmatched.length} unmatched, ${agreement.extra.length} extra`);
  for (const cell of agreement.cells) {
    if (cell.compared > 0) allCells++;
    if (cell.agreed === cell.compared) continue;
    if (cell.agreed < 0.99 * cell.compared) poorCells++;
    lines.push(`  ${cell.op} ${cell.field}: ${cell.agreed} of ${cell.compared}`);
    for (const { call, recorded, modelled } of cell.disagreements.slice(0, details)) {
      lines.push(`    ${call}: recorded ${recorded.slice(0, 300)}, modelled ${modelled.slice(0, 300)}`);
    }
  }
}
lines.push(`all: ${agreed} of ${compared} (${((100 * agreed) / compared).toFixed(3)} %), ${nulls} nulls`);
lines.push(`${poorCells} of ${allCells} cells below 99 %`);
process.stdout.write(`${lines.join('\n')}\n`);
