// SPDX-License-Identifier: GPL-2.0-only
/** Links in the documentation lead to files, and help texts name files that are there. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { armory } from './support/cli.js';
import { repositoryRoot } from './support/shared.js';

function markdownFiles(): string[] {
  const inFolder = (folder: string): string[] =>
    readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.md'))
      .map(name => join(folder, name));
  const atRoot = readdirSync(repositoryRoot).filter(name => name.endsWith('.md'));
  return [...atRoot, ...inFolder('docs'), ...inFolder('src'), ...inFolder('boards'), ...inFolder('probe')];
}

test('every relative link leads to a file', () => {
  const broken = markdownFiles().flatMap(file => {
    const text = readFileSync(join(repositoryRoot, file), 'utf8');
    const targets = [...text.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, target]) => target!);
    return targets
      .filter(target => !/^[a-z]+:/.test(target))
      .filter(target => !existsSync(resolve(repositoryRoot, dirname(file), target)))
      .map(target => `${file}: ${target}`);
  });
  assert.ok(markdownFiles().length > 15, 'the documentation was found');
  assert.deepEqual(broken, []);
});

test('files that --help names are there', () => {
  for (const command of ['compare', 'inspect']) {
    const { stdout } = armory(command, '--help');
    const named = stdout.match(/docs\/[\w./-]+\.md/g) ?? [];
    assert.ok(named.length > 0, command);
    for (const file of named) assert.ok(existsSync(join(repositoryRoot, file)), file);
  }
});
