// SPDX-License-Identifier: GPL-2.0-only
/** Writes a survey down as Markdown: `docs/exhaustive.md`. The details stand in another file, `details.ts`. */
import { allCauses, type Cause, causeOf } from './causes.js';
import { scheduleLines } from './schedule.js';
import type { Sequence } from './sequence.js';
import type { Cell, Survey } from './survey.js';

/** What stands in a table for one cell: `✓ 473`, `✗ A`, `?` or `–`. */
export function cellText(cell: Cell): string {
  if (cell.explored === null) return cell.reason === 'NULL' ? 'NULL' : '–';
  const { result, shortest } = cell.explored.verdict;
  if (shortest !== null) return `✗ ${causeOf(cell, shortest).letter}`;
  return result.complete ? `✓ ${result.states}` : '?';
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)];
}

/** Do all designs have the same program for a sequence, on every kind? */
function isIndependentOfDesign(survey: Survey, sequence: Sequence): boolean {
  const cells = survey.cells.filter(cell => cell.sequence === sequence);
  return unique(cells.map(({ kind }) => kind)).every(kind => {
    const same = cells.filter(cell => cell.kind === kind);
    return same.every(({ explored, reason }) => explored === same[0]!.explored && reason === same[0]!.reason);
  });
}

const WIDTH = 118;

/** Lines of at most WIDTH characters; all but the first begin with `indent`. */
function wrap(text: string, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Kinds down, designs across, for one sequence. */
function designTable(survey: Survey, sequence: Sequence): string[] {
  const cells = survey.cells.filter(cell => cell.sequence === sequence);
  const designs = unique(cells.map(({ design }) => design));
  const rows = unique(cells.map(({ kind }) => kind)).map(kind => [
    kind.title,
    ...designs.map(design => cellText(cells.find(cell => cell.kind === kind && cell.design === design)!)),
  ]);
  return table(['', ...designs.map(({ name }) => name)], rows);
}

/** Kinds down, sequences across, for sequences that are the same in all designs. */
function sequenceTable(survey: Survey, sequences: readonly Sequence[]): string[] {
  const rows = unique(survey.cells.map(({ kind }) => kind)).map(kind => [
    kind.title,
    ...sequences.map(sequence =>
      cellText(survey.cells.find(cell => cell.kind === kind && cell.sequence === sequence)!),
    ),
  ]);
  return table(['', ...sequences.map(({ title }) => title.replace(/^map /, ''))], rows);
}

/** The tables: what a test compares. */
export function tables(survey: Survey): string[] {
  const sequences = unique(survey.cells.map(({ sequence }) => sequence));
  const same = sequences.filter(sequence => isIndependentOfDesign(survey, sequence));
  const lines: string[] = [];
  for (const sequence of sequences.filter(candidate => !same.includes(candidate))) {
    lines.push(`### ${sequence.title}`, '', ...designTable(survey, sequence), '');
  }
  const streaming = same.filter(({ restricted, id }) => !restricted && !isEdge(id));
  const others = same.filter(sequence => !streaming.includes(sequence));
  if (streaming.length > 0) {
    lines.push(
      '### Streaming mappings, the same in all designs',
      '',
      ...sequenceTable(survey, streaming),
      '',
    );
  }
  if (others.length > 0) {
    lines.push(
      '### Shared lines, highmem and restricted pools, the same in all designs',
      '',
      ...sequenceTable(survey, others),
      '',
    );
  }
  return lines;
}

function isEdge(id: string): boolean {
  return id.endsWith('-part') || id.endsWith('-high');
}

/** Every cause that occurs, with where it occurs and the shortest schedule of all. */
function causeSections(survey: Survey): string[] {
  const found = new Map<Cause, Cell[]>();
  for (const cell of survey.cells) {
    const shortest = cell.explored?.verdict.shortest;
    if (!shortest) continue;
    const cause = causeOf(cell, shortest);
    const cells = found.get(cause);
    if (cells === undefined) found.set(cause, [cell]);
    else cells.push(cell);
  }
  return allCauses.filter(cause => found.has(cause)).flatMap(cause => causeSection(cause, found.get(cause)!));
}

function causeSection(cause: Cause, cells: readonly Cell[]): string[] {
  const example = cells.reduce((best, cell) => (lengthOf(cell) < lengthOf(best) ? cell : best));
  const { program, verdict } = example.explored!;
  const schedule = scheduleLines(program, verdict.shortest!);
  return [
    `### ${cause.letter}: ${cause.title}`,
    '',
    ...wrap(`Function: ${cause.where}.`),
    '',
    ...wrap(cause.text),
    '',
    ...affected(cells).flatMap(line => wrap(line, '  ')),
    '',
    `Shortest schedule (${example.design.name}, ${example.kind.title}, ${example.sequence.title}):`,
    '',
    '```text',
    ...schedule.map((line, index) => `${String(index + 1).padStart(2)} ${line}`),
    '```',
    '',
  ];
}

function lengthOf(cell: Cell): number {
  return cell.explored!.verdict.shortest!.length;
}

/** Sequences with the designs that they go wrong in, and on how many kinds. */
function affected(cells: readonly Cell[]): string[] {
  return unique(cells.map(({ sequence }) => sequence)).map(sequence => {
    const here = cells.filter(cell => cell.sequence === sequence);
    const designs = unique(here.map(({ design }) => design.name));
    const kinds = unique(here.map(({ kind }) => kind.id));
    return `- ${sequence.title}: ${designs.join(', ')} (${kinds.join(', ')})`;
  });
}

const INTRODUCTION = `<!-- Written by \`node dist/tools/exhaustive.js\`; do not edit. -->

# Exhaustive mode

For small scenarios Armory does not try schedules, it visits all of them. A scenario is one of Linux's sequences of
DMA calls, recorded from the modelled kernel as it handles one buffer, and projected onto one cache line of it with
two watched words. Before it, another owner has left the line dirty with dead contents; afterwards the next owner
uses the memory through a cacheable mapping. In between a correct driver and its device exchange data.

At every point of a scenario the hardware may do any number of things by itself, in any order: evict a line, fill one
speculatively through any cacheable mapping that the tables have or a TLB may still hold, let a buffered store go,
carry out queued maintenance. All states that can be reached are visited, the fewest steps first.

- \`✓ 473\`: no wrong byte in 473 states, which are all there are.
- \`✗ A\`: a wrong byte; the letter names the cause, below, with a shortest schedule.
- \`NULL\`: the call fails. \`–\`: there is no such memory or pool on that kind of board, or (two lines on several
  cores with a shared cache) more states than is worth while.
- \`?\`: more states than the bound; nothing is proved.

What the proofs rest on: \`Model:\` comments in \`src/hw/cache\` and \`src/lab/explore\`. All but one sequence watch
one line; loads are done in program order; a CPU's kmap windows are touched by that CPU only. Memory that nobody has
written yet holds 0xdeadbeef, the previous owner's dead data is 0xdd00 and 0xdd01.
`;

/** All of the document. `seconds`: how long the survey took. */
export function documentText(survey: Survey, bound: number, seconds: number): string {
  const cells = survey.cells.filter(({ explored }) => explored !== null);
  const wrong = cells.filter(({ explored }) => explored!.verdict.shortest !== null);
  const unknown = cells.filter(({ explored }) => !explored!.verdict.result.complete);
  const counts = [
    ['cells with a scenario', `${cells.length}`],
    ['of these without a wrong byte', `${cells.length - wrong.length - unknown.length}`],
    ['with a wrong byte', `${wrong.length}`],
    ['with more states than the bound', `${unknown.length}`],
    ['different programs (machines told apart)', `${survey.programs}`],
    ['explorations (each also with one operation less)', `${survey.explorations}`],
    ['states visited', `${survey.states}`],
    ['bound, states of one exploration', `${bound}`],
    ['time on one core', `about ${Math.max(1, Math.round(seconds / 60))} min`],
  ];
  return [
    INTRODUCTION,
    '## Counts',
    '',
    ...table(['', ''], counts),
    '',
    '## Sequences that are not correct',
    '',
    ...causeSections(survey),
    '## Tables',
    '',
    ...tables(survey),
    '## What each operation is for',
    '',
    'For each maintenance operation and barrier of each sequence, `docs/exhaustive-operations.md` says on which kind it',
    'is necessary, with a schedule that shows it, and where it is redundant.',
    '',
  ].join('\n');
}
