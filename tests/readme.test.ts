// SPDX-License-Identifier: GPL-2.0-only
/** The examples of README.md are run, and print what the README says. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readmeExamples, runExample } from '../tools/readme-examples.js';
import { repositoryRoot } from './support/shared.js';

const examples = readmeExamples();

test('README.md has examples', () => {
  assert.ok(examples.length >= 2);
});

for (const { command, output } of examples) {
  const needsTrees = command.startsWith('tools/fleet.sh');
  const fetched = existsSync(join(repositoryRoot, 'build', 'debian-trees', 'root'));
  const skip = needsTrees && !fetched ? 'needs the trees that tools/fleet.sh fetches' : false;
  test(`README.md: ${command}`, { skip }, () => {
    assert.equal(runExample(command), output);
  });
}
