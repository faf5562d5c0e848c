// SPDX-License-Identifier: GPL-2.0-only
/** Scenarios for the terminal: their list, and what came out of one. */
import type { ResultTable, ScenarioFinding, ScenarioResult } from '../lab/scenarios/result.js';
import { findingText } from './finding-text.js';
import { wrap } from './paragraphs.js';
import { type Paint, table } from './table.js';

/** What `armory scenario list` shows of each. */
export interface ScenarioSummary {
  readonly id: string;
  readonly title: string;
  readonly shows: readonly string[];
  readonly references: readonly string[];
}

export function scenarioListText(scenarios: readonly ScenarioSummary[], paint: Paint): string {
  return scenarios
    .map(({ id, title, shows, references }) => {
      const text = shows.map(paragraph => wrap(paragraph, '  ')).join('\n');
      const sources = references.map(reference => wrap(reference, '  - ', '    ')).join('\n');
      return `${paint.heading(id)}: ${title}\n${text}\n${paint.faint(sources)}`;
    })
    .join('\n\n');
}

/** The table, and below it each reason once, by the number that stands beside the cell. */
function tableText(result: ResultTable, paint: Paint): string {
  const reasons: string[] = [];
  const number = (reason: string): number => {
    if (!reasons.includes(reason)) reasons.push(reason);
    return reasons.indexOf(reason) + 1;
  };
  const rows = result.rows.map(({ name, cells }) => [
    name,
    ...cells.map(({ text, reason }) => (reason === undefined ? text : `${text} [${number(reason)}]`)),
  ]);
  const drawn = table(paint, [result.corner, ...result.columns], rows);
  const posted = result.posted === undefined ? [] : [wrap(`as posted: ${result.posted}`, '  ')];
  const notes = reasons.map((reason, index) => wrap(reason, `  [${index + 1}] `, '      '));
  return [paint.heading(result.title), drawn, ...posted, ...notes].join('\n');
}

/** Findings by the run that they were seen in, in the order of the runs. */
function findingsText({ scenario, seed, findings }: ScenarioResult, paint: Paint): string[] {
  const replay = `armory scenario run ${scenario} --seed ${seed} --findings`;
  const runs = [...new Set(findings.map(({ run }) => run))];
  return runs.map(run => {
    const found = findings.filter(finding => finding.run === run);
    return [paint.heading(run), ...found.map(({ finding }) => findingText(finding, { paint, replay }))].join(
      '\n\n',
    );
  });
}

/** How many of which rule. */
function findingsCount(findings: readonly ScenarioFinding[]): string[] {
  if (findings.length === 0) return [];
  const kinds = findings.map(({ finding: { rule, severity } }) => `${rule} (${severity})`);
  const counted = [...new Set(kinds)].map(kind => `${kinds.filter(other => other === kind).length} ${kind}`);
  return [wrap(`findings, which --findings tells in full: ${counted.join(', ')}`, '', '  ')];
}

export interface ScenarioTextOptions {
  /** Each finding as a block of its own. */
  readonly detailed?: boolean;
}

export function scenarioText(
  result: ScenarioResult,
  paint: Paint,
  { detailed = false }: ScenarioTextOptions = {},
): string {
  const { scenario, title, tables, findings, notes } = result;
  return [
    `${paint.heading(scenario)}: ${title}`,
    ...tables.map(entry => tableText(entry, paint)),
    ...(detailed ? findingsText(result, paint) : findingsCount(findings)),
    ...notes.map(note => wrap(note, 'note: ', '      ')),
  ].join('\n\n');
}
