// SPDX-License-Identifier: GPL-2.0-only
/** The sanitizer's rules for people: one as text for the terminal, all as a table, all as `docs/rules.md`. */
import type { Rule } from '../sanitizer/rules/rule.js';
import { wrap } from './paragraphs.js';
import { Paint, table } from './table.js';

/** Everything that is known about one rule. */
export function explainText(rule: Rule, paint: Paint = new Paint(false)): string {
  const { id, severity, summary, explanation, missing, references } = rule;
  return [
    `${paint.heading(id)} (${severity})\n${wrap(summary, '  ')}`,
    ...explanation.map(paragraph => wrap(paragraph, '  ')),
    wrap(missing, '  What is missing: ', '    '),
    ['  Sources:', ...references.map(reference => wrap(reference, '  - ', '    '))].join('\n'),
  ].join('\n\n');
}

/** One line for each. */
export function rulesTable(rules: readonly Rule[], paint: Paint = new Paint(false)): string {
  return table(
    paint,
    ['rule', 'severity', 'what goes wrong'],
    rules.map(({ id, severity, summary }) => [id, severity, summary]),
  );
}

/** `docs/rules.md`. */
export function rulesMarkdown(rules: readonly Rule[]): string {
  const rows = rules.map(({ id, severity, summary }) => `| [${id}](#${id}) | ${severity} | ${summary} |`);
  const sections = rules.map(({ id, summary, explanation, missing, references }) =>
    [
      `## ${id}`,
      `*${capital(summary)}.*`,
      ...explanation.map(paragraph => wrap(paragraph, '')),
      wrap(missing, '**What is missing.** ', ''),
      references.map(reference => wrap(reference, '- ', '  ')).join('\n'),
    ].join('\n\n'),
  );
  return `${[
    '# The rules',
    wrap(INTRODUCTION, ''),
    ['| rule | severity | what goes wrong |', '|---|---|---|', ...rows].join('\n'),
    ...sections,
  ].join('\n\n')}\n`;
}

const INTRODUCTION =
  'The sanitizer judges by what the hardware may do, not by what one run happened to do. Severities: `error`, data ' +
  'goes wrong sooner or later; `window`, only if the hardware acts between two operations; `warning`, a rule of ' +
  'the DMA API is broken and this machine forgives it; `note`, worth knowing. This page is printed from ' +
  '`src/sanitizer/rules` by `node dist/tools/write-rules.js`; `npx armory explain RULE` shows the same.';

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
