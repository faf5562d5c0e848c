// SPDX-License-Identifier: GPL-2.0-only
/**
 * Writes down what each maintenance operation and barrier is for: `docs/exhaustive-operations.md`. For each sequence
 * and each way in which designs do it, a table of operations and cache kinds.
 */
import { table } from './document.js';
import type { Violation } from './explorer.js';
import type { CacheKind } from './kinds.js';
import type { Necessity } from './necessity.js';
import type { Program } from './program.js';
import { lineText, locatedText } from './schedule.js';
import type { Cell, Survey } from './survey.js';

/** One operation of a sequence, as all kinds that have it see it. */
interface Row {
  /** In words, with a number where the same words come again. */
  readonly text: string;
  readonly judged: Map<CacheKind, { program: Program; necessity: Necessity }>;
}

/** Designs whose programs are the same on every kind. */
interface Variant {
  readonly designs: string[];
  readonly cells: readonly Cell[];
}

function variantsOf(cells: readonly Cell[]): Variant[] {
  const variants: Variant[] = [];
  for (const design of new Set(cells.map(cell => cell.design))) {
    const own = cells.filter(cell => cell.design === design);
    const same = variants.find(variant =>
      variant.cells.every((cell, index) => cell.explored === own[index]!.explored),
    );
    if (same === undefined) variants.push({ designs: [design.name], cells: own });
    else same.designs.push(design.name);
  }
  return variants.filter(variant => variant.cells.some(({ explored }) => explored !== null));
}

/** Rows of all kinds, merged so that each kind's operations stand in their order. */
function rowsOf({ cells }: Variant): Row[] {
  const rows: Row[] = [];
  for (const { kind, explored } of cells) {
    if (explored === null) continue;
    const seen = new Map<string, number>();
    let last = -1;
    for (const necessity of explored.verdict.necessities) {
      const words = textInContext(explored.program, necessity.point);
      const time = (seen.get(words) ?? 0) + 1;
      seen.set(words, time);
      const text = time === 1 ? words : `${words} (${time})`;
      let index = rows.findIndex(row => row.text === text);
      if (index < 0) {
        index = last + 1;
        rows.splice(index, 0, { text, judged: new Map() });
      }
      rows[index]!.judged.set(kind, { program: explored.program, necessity });
      last = Math.max(last, index);
    }
  }
  return rows;
}

/** A barrier is named after what comes before it, so that the same one is found on every kind. */
function textInContext(program: Program, point: number): string {
  const text = locatedText(program, point);
  if (program.operations[point]!.kind !== 'barrier') return text;
  for (let at = point - 1; at >= 0; at--) {
    const before = program.operations[at]!;
    if (before.kind === 'barrier' || before.kind === 'mark') continue;
    return `${text} (after ${shortText(program, at)})`;
  }
  return text;
}

function shortText(program: Program, point: number): string {
  const operation = program.operations[point]!;
  switch (operation.kind) {
    case 'inner':
    case 'inner-all':
    case 'outer':
    case 'outer-all':
      return `${operation.operation} ${operation.kind.replace('-all', ', all')}`;
    case 'tlb':
      return 'TLB maintenance';
    case 'map':
      return 'table change';
    default:
      return operation.kind;
  }
}

/** `●` necessary, `○` redundant, `?` unknown, empty: not part of the sequence there. */
function markOf(row: Row, kind: CacheKind): string {
  const judged = row.judged.get(kind);
  if (judged === undefined) return '';
  if (judged.necessity.violation !== null) return '●';
  return judged.necessity.complete ? `○ ${judged.necessity.states}` : '?';
}

/** What goes wrong without an operation, in one line: the hardware's steps and the wrong read. */
export function shortSchedule(program: Program, violation: Violation): string {
  const steps: string[] = [];
  let after = -1;
  for (const line of violation.schedule) {
    if (line.who === 'program') {
      after = line.point;
      if (line.oldType !== null) steps.push(lineText(program, line));
      continue;
    }
    const place = after < 0 ? 'at the start' : `after “${locatedText(program, after)}”`;
    steps.push(`${line.text === null ? '' : lineText(program, line)} (${place})`);
  }
  const last = locatedText(program, violation.point);
  const read = `0x${violation.read.toString(16)}`;
  const expected = `0x${violation.expected.toString(16)}`;
  return [...steps, `${last} gets ${read} instead of ${expected}`].join('; ');
}

function variantSection(variant: Variant): string[] {
  const rows = rowsOf(variant);
  const kinds = variant.cells.filter(({ explored }) => explored !== null).map(({ kind }) => kind);
  const lines = [`Designs: ${variant.designs.join(', ')}.`, ''];
  if (rows.length === 0) return [...lines, 'No maintenance and no barrier.', ''];
  const marks = rows.map((row, index) => [`${index + 1}`, row.text, ...kinds.map(kind => markOf(row, kind))]);
  lines.push(...table(['', '', ...kinds.map(({ id }) => id)], marks), '');
  for (const [index, row] of rows.entries()) {
    for (const [kind, { program, necessity }] of row.judged) {
      if (necessity.violation === null) continue;
      lines.push(`${index + 1}. ${kind.id}: ${shortSchedule(program, necessity.violation)}`);
      break;
    }
  }
  return [...lines, ''];
}

const INTRODUCTION = `<!-- Written by \`node dist/tools/exhaustive.js\`; do not edit. -->

# What each maintenance operation and barrier is for

Each sequence of [exhaustive.md](exhaustive.md) once more, with one operation left out at a time.

- \`●\`: necessary. A byte goes wrong that is right with it; the numbered line below the table is a shortest schedule
  (what the hardware does by itself, and the wrong read), on the first kind that needs it.
- \`○ 12\`: redundant in this scenario. Without it no further byte goes wrong; the proof had to visit 12 states that
  the whole sequence does not visit. \`○ 0\`: it changes nothing at all.
- Empty: the kernel does not do it there.

A barrier is named after what comes before it. What a missing barrier makes fault is not seen here, only wrong bytes:
a new mapping that the table walk does not see yet is taken to be seen.

Redundant is meant one at a time: two redundant operations may be redundant only because of each other. Where a
sequence is wrong as it is, only bytes that are right with all operations count.
`;

/** Operations of the kernel that nothing needs in any sequence of any kind, without their numbers. */
function neverNeeded(survey: Survey): string[] {
  const needed = new Map<string, boolean>();
  for (const { explored } of survey.cells) {
    if (explored === null) continue;
    for (const { point, violation } of explored.verdict.necessities) {
      if (explored.program.operations[point]!.by !== 'kernel') continue;
      const text = textInContext(explored.program, point);
      needed.set(text, (needed.get(text) ?? false) || violation !== null);
    }
  }
  return [...needed].filter(([, necessary]) => !necessary).map(([text]) => text);
}

export function operationsText(survey: Survey): string {
  const lines = [INTRODUCTION];
  lines.push('## Redundant wherever they occur', '');
  lines.push(...neverNeeded(survey).map(text => `- ${text}`), '');
  for (const sequence of new Set(survey.cells.map(cell => cell.sequence))) {
    lines.push(`## ${sequence.title}`, '');
    for (const variant of variantsOf(survey.cells.filter(cell => cell.sequence === sequence))) {
      lines.push(...variantSection(variant));
    }
  }
  return lines.join('\n');
}
