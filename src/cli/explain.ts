// SPDX-License-Identifier: GPL-2.0-only
/** `armory explain`: the rules by which memory is judged. */
import type { Command } from 'commander';
import { inputError } from '../base/diagnostics.js';
import { explainText, rulesTable } from '../report/explain-text.js';
import { Paint } from '../report/table.js';
import { ruleById, rules } from '../sanitizer/rules/index.js';
import type { Rule } from '../sanitizer/rules/rule.js';
import { EXIT, useColour } from './exit.js';

function ruleNamed(id: string): Rule {
  const rule = ruleById(id);
  if (rule) return rule;
  return inputError('rule-unknown', `there is no rule '${id}'`, {
    notes: [`rules: ${rules.map(known => known.id).join(', ')}`],
  });
}

function run(id: string | undefined, options: { readonly json?: true }): number {
  const asked = id === undefined ? rules : [ruleNamed(id)];
  const paint = new Paint(useColour());
  const text = id === undefined ? rulesTable(rules, paint) : explainText(ruleNamed(id), paint);
  process.stdout.write(`${options.json ? JSON.stringify(asked, null, 1) : text}\n`);
  return EXIT.good;
}

export function addExplain(program: Command, finish: (code: number) => void): void {
  program
    .command('explain')
    .description('what a finding means, and where it is written')
    .argument('[rule]', 'id of a rule; none: a list of all')
    .option('--json', 'as JSON: id, severity, summary, explanation, missing, references')
    .action((id: string | undefined, options: { json?: true }) => finish(run(id, options)));
}
