// SPDX-License-Identifier: GPL-2.0-only
/** Enforces the layer table on every import of `src`, and that ARCHITECTURE.md shows that table. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { layerPicture, layers } from '../tools/layers.js';
import { repositoryRoot } from './support/shared.js';

const source = join(repositoryRoot, 'src');

function sourceFiles(): string[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => join(source, name));
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(match => match[1]!);
}

/** Breaches of the table: `file: imports what`. Tests may import test support and, beside it, everything. */
function breaches(): string[] {
  const found: string[] = [];
  for (const file of sourceFiles()) {
    if (file.endsWith('.test.ts')) continue;
    const place = relative(source, file);
    const layer = layers.find(entry => place.startsWith(`${entry.name}/`));
    if (!layer) {
      found.push(`${place}: stands in no layer`);
      continue;
    }
    for (const specifier of importsOf(file)) {
      const target = relative(source, resolve(dirname(file), specifier)).replace(/\.js$/, '');
      const allowed = [layer.name, ...layer.mayImport];
      if (!allowed.some(name => target === name || target.startsWith(`${name}/`))) {
        found.push(`${place}: imports ${target}`);
      }
    }
  }
  return found;
}

test('every import of src follows the layer table', () => {
  assert.ok(sourceFiles().length > 50, 'the walk over src found its files');
  assert.deepEqual(breaches(), []);
});

test('files of src stay within 600 lines, tables aside', () => {
  const tables = new Set(['hw/cores.ts', 'linux/arch/arm/mach-table.ts']);
  const long = sourceFiles()
    .filter(file => !tables.has(relative(source, file)))
    .map(file => ({ file: relative(source, file), lines: readFileSync(file, 'utf8').split('\n').length }))
    .filter(({ lines }) => lines > 600);
  assert.deepEqual(long, []);
});

test('ARCHITECTURE.md shows the layer table', () => {
  const text = readFileSync(join(repositoryRoot, 'ARCHITECTURE.md'), 'utf8');
  assert.ok(text.includes(layerPicture()), 'print it with `node dist/tools/layers.js`');
});
