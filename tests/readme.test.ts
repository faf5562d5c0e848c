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

/** The README's fleet is that of one package version; Debian moves on. */
const fleetPackage = 'linux-image-6.1.0-50-armmp';

for (const { command, output } of examples) {
  const trees = join(repositoryRoot, 'build', 'debian-trees', 'root', 'usr', 'lib', fleetPackage);
  const needsTrees = command.startsWith('tools/fleet.sh') || command.includes(fleetPackage);
  const lacksTrees = needsTrees && !existsSync(trees);
  const skip = lacksTrees ? `needs ${fleetPackage}, which tools/fleet.sh fetches while it is current` : false;
  test(`README.md: ${command}`, { skip }, () => {
    assert.equal(runExample(command), output);
  });
}
