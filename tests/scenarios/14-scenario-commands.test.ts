// SPDX-License-Identifier: GPL-2.0-only
/** `armory scenario` and `armory explain` as a user runs them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { scenarios } from '../../src/lab/scenarios/index.js';
import { scenarioJsonSchema, scenarioSchema } from '../../src/report/scenario-schema.js';
import { rules } from '../../src/sanitizer/rules/index.js';
import type { Rule } from '../../src/sanitizer/rules/rule.js';
import { armory } from '../support/cli.js';
import { repositoryRoot } from '../support/shared.js';

test('scenario list names each, with what it shows', () => {
  const { code, stdout } = armory('scenario', 'list');
  assert.equal(code, 0);
  for (const { id, title } of scenarios) assert.ok(stdout.includes(`${id}: ${title}`), id);
  const json = JSON.parse(armory('scenario', 'list', '--json').stdout) as {
    id: string;
    references: string[];
  }[];
  assert.deepEqual(
    json.map(({ id }) => id),
    scenarios.map(({ id }) => id),
  );
  assert.ok(json.every(({ references }) => references.length > 0));
});

test('scenario run --json follows its schema, which is the one in docs/schema', () => {
  const { code, stdout } = armory('scenario', 'run', 'r2-integrator-ap-dma-ranges', '--json', '--seed', '7');
  assert.equal(code, 0);
  const document = scenarioSchema.parse(JSON.parse(stdout));
  assert.equal(document.seed, 7);
  assert.equal(document.findings[0]?.finding.rule, 'wild-dma');
  const file = join(repositoryRoot, 'docs', 'schema', 'scenario-1.schema.json');
  assert.equal(readFileSync(file, 'utf8'), scenarioJsonSchema());
});

test('scenario run --findings tells each finding in full', () => {
  const { stdout } = armory('scenario', 'run', 'r2-integrator-ap-dma-ranges', '--findings');
  assert.match(stdout, /BUG: armory: wild-dma/);
  assert.match(stdout, /missing: /);
});

test('an unknown scenario, boards that it does not take, and a bad seed are wrong input', () => {
  const refused = (...args: string[]): string => {
    const { code, stderr } = armory('scenario', 'run', ...args);
    assert.equal(code, 2, args.join(' '));
    return stderr;
  };
  assert.match(refused('r9'), /there is no scenario 'r9'.*\n.*r4-no-mmu/);
  assert.match(refused('r4-no-mmu', 'sabre-sd'), /brings its own boards/);
  assert.match(refused('r4-no-mmu', '--seed', '-1'), /not a number/);
});

test('explain knows every rule, alone and in the list', () => {
  const list = armory('explain').stdout;
  for (const { id, summary } of rules)
    assert.match(list, new RegExp(`^${id} .*${summary.slice(0, 20)}`, 'm'));
  const { stdout } = armory('explain', 'lost-write');
  assert.match(stdout, /^lost-write \(error\)/);
  assert.match(stdout, /Sources:/);
  const [rule] = JSON.parse(armory('explain', 'lost-write', '--json').stdout) as Rule[];
  assert.equal(rule?.id, 'lost-write');
  const unknown = armory('explain', 'no-such-rule');
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /there is no rule 'no-such-rule'.*\n.*stale-read/);
});
