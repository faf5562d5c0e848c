// SPDX-License-Identifier: GPL-2.0-only
/** A recorded boot against the modelled one, for reading: a line per field, both values where they differ. */
import { visible } from '../base/text.js';
import type { BootCheck, FieldResult } from '../lab/check-boot/result.js';
import { type Paint, table } from './table.js';

/** Differing lines of one side that are shown; the JSON has all. */
const MOST_LINES = 12;

function amount({ outcome, lines, agreeing }: FieldResult): string {
  if (outcome === 'absent') return 'not in the recording';
  if (outcome === 'not-understood') return 'the recording has other lines';
  if (outcome === 'input') return 'taken from the recording';
  return `${agreeing} of ${lines}`;
}

function side(name: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [`    ${name}: nothing`];
  const shown = lines.slice(0, MOST_LINES).map(line => `    ${name}: ${line}`);
  const rest = lines.length - shown.length;
  return rest > 0 ? [...shown, `    ${name}: and ${rest} more`] : shown;
}

function difference(result: FieldResult, paint: Paint): string[] {
  return [
    paint.heading(`  ${result.field}`),
    ...side('recorded', result.recorded),
    ...side('modelled', result.modelled),
    paint.faint(`    see ${result.decidedBy}`),
  ];
}

export function checkBootText(check: BootCheck, paint: Paint): string {
  const differing = check.fields.filter(({ outcome }) => outcome === 'differs');
  const compared = check.fields.filter(({ outcome }) => outcome === 'agrees').length + differing.length;
  const rows = check.fields.map(result => [
    `  ${result.field}`,
    result.outcome.replace('-', ' '),
    amount(result),
  ]);
  return [
    paint.heading(check.board),
    `  kernel ${check.baseline}, ${check.kernel}`,
    ...(check.cmdline ? [`  cmdline "${check.cmdline}"`] : []),
    ...(check.inputs.length > 0 ? [`  from the recording: ${check.inputs.join(', ')}`] : []),
    ...check.doubts.map(doubt => `  warning: ${visible(doubt)}`),
    '',
    table(paint, ['  field', 'outcome', 'lines that agree'], rows),
    ...(differing.length > 0 ? ['', ...differing.flatMap(result => difference(result, paint))] : []),
    '',
    `${compared - differing.length} of ${compared} fields agree`,
  ].join('\n');
}
