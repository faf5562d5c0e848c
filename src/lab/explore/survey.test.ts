// SPDX-License-Identifier: GPL-2.0-only
/** The document's tables must be what a survey of some of the kinds and designs finds now. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../../../tests/support/shared.js';
import { designByName } from '../../designs/index.js';
import { allCauses, causeOf } from './causes.js';
import { operationsText } from './details.js';
import { cellText } from './document.js';
import { cacheKinds } from './kinds.js';
import { sequences } from './sequences.js';
import { type Cell, type Survey, survey } from './survey.js';

const KINDS = ['vivt', 'vivt-l2', 'vipt-aliasing', 'a9', 'a15-ace'];
/** All but what takes longest. */
const IDS = sequences.filter(({ twoLines }) => !twoLines).map(({ id }) => id);

function run(kinds: readonly string[], designs: readonly string[], ids?: readonly string[]): Survey {
  return survey({
    kinds: cacheKinds.filter(({ id }) => kinds.includes(id)),
    designs: designs.map(designByName),
    sequences: sequences.filter(({ id }) => ids === undefined || ids.includes(id)),
  });
}

/** Cells of all tables of a Markdown text: `row|column` and, before it, the heading. */
function tableCells(text: string): Map<string, string> {
  const cells = new Map<string, string>();
  let heading = '';
  let head: string[] | null = null;
  for (const line of text.split('\n')) {
    if (line.startsWith('### ')) heading = line.slice(4);
    if (!line.startsWith('| ')) {
      head = null;
      continue;
    }
    const [, ...fields] = line.split('|').map(field => field.trim());
    if (head === null) head = fields;
    else
      for (const [index, column] of head.entries()) {
        cells.set(`${heading}|${fields[0]}|${column}`, fields[index] ?? '');
        cells.set(`|${fields[0]}|${column}`, fields[index] ?? '');
      }
  }
  return cells;
}

const documented = tableCells(readFileSync(join(repositoryRoot, 'docs', 'exhaustive.md'), 'utf8'));

/** As the document has it: in the sequence's own table, or in one of all sequences. */
function documentedText({ kind, design, sequence }: Cell): string | undefined {
  return (
    documented.get(`${sequence.title}|${kind.title}|${design.name}`) ??
    documented.get(`|${kind.title}|${sequence.title.replace(/^map /, '')}`)
  );
}

const some = [
  ...run(KINDS, ['legacy', 'v1-66', 'step2'], IDS).cells,
  ...run(['vipt'], ['legacy'], ['coherent-ring-lines']).cells,
  ...run(['pj4b-aurora-wb'], ['legacy'], ['from-device-part']).cells,
];

test('the tables of docs/exhaustive.md are what is found now', () => {
  assert.ok(some.length > 250);
  for (const cell of some) {
    const where = `${cell.kind.id} ${cell.design.name} ${cell.sequence.id}: run node dist/tools/exhaustive.js`;
    assert.equal(documentedText(cell), cellText(cell), where);
  }
});

test('every wrong byte has a known cause', () => {
  const letters = new Set<string>();
  for (const cell of some) {
    const shortest = cell.explored?.verdict.shortest;
    if (shortest) letters.add(causeOf(cell, shortest).letter);
  }
  assert.deepEqual([...letters].sort(), ['A', 'B', 'C', 'G']);
  assert.ok(allCauses.length > letters.size);
});

/** The letter of the one cell, or its mark. */
function found(kind: string, design: string, sequence: string): string {
  return cellText(run([kind], [design], [sequence]).cells[0]!)
    .split(' ')
    .slice(0, 2)
    .join(' ');
}

test('an outer cache that looks up non-cacheable accesses: a window in place, an alias with a second mapping', () => {
  assert.equal(found('a9-lookup', 'legacy', 'coherent-cma'), '✗ D');
  assert.equal(found('a9-lookup', 'step2', 'coherent-cma'), '✗ D');
  assert.equal(found('a9-lookup', 'step1', 'coherent-cma'), '✗ E');
  assert.match(found('a9-single', 'step1', 'coherent-cma'), /✓/);
  assert.match(found('a9-lookup', 'legacy', 'coherent-cma-high'), /✓/);
});

test('memory without a kernel mapping: the posted fix cleans lowmem and not highmem', () => {
  assert.equal(found('a9-override', 'legacy', 'no-mapping'), '✗ A');
  assert.match(found('a9-override', 'prep-fix', 'no-mapping'), /✓/);
  assert.equal(found('a9-override', 'prep-fix', 'no-mapping-high'), '✗ B');
});

test('a device that snoops without the kernel knowing loses what it wrote', () => {
  assert.equal(found('a9-acp-untold', 'legacy', 'from-device'), '✗ F');
  assert.match(found('a9-acp', 'legacy', 'from-device'), /✓/);
});

test('on a plain multiprocessor each cache operation of a streaming mapping is necessary', () => {
  const [cell] = run(['a9-override'], ['legacy'], ['bidirectional']).cells;
  const { program, verdict } = cell!.explored!;
  assert.equal(verdict.shortest, null);
  const cached = verdict.necessities.filter(({ point }) =>
    ['inner', 'outer'].includes(program.operations[point]!.kind),
  );
  assert.equal(cached.length, 4);
  assert.ok(cached.every(({ violation }) => violation !== null));
});

test('the details list every maintenance operation with a verdict', () => {
  const text = operationsText(run(['a9'], ['legacy'], ['to-device']));
  assert.match(text, /clean inner, direct map \| ● \|/);
  assert.match(text, /dsb \(after clean inner\) \| ● \|/);
});
