// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../../tests/support/shared.js';
import { rules } from '../sanitizer/rules/index.js';
import { explainText, rulesMarkdown, rulesTable } from './explain-text.js';

test('docs/rules.md is what the rules say', () => {
  const page = readFileSync(join(repositoryRoot, 'docs', 'rules.md'), 'utf8');
  assert.equal(page, rulesMarkdown(rules), 'write it with `node dist/tools/write-rules.js`');
});

test('a rule is explained with everything that is known about it', () => {
  const unwrapped = (text: string): string => text.replaceAll(/\s+/g, ' ');
  for (const rule of rules) {
    const text = explainText(rule);
    for (const part of [rule.id, rule.summary, rule.missing, ...rule.explanation, ...rule.references]) {
      assert.ok(unwrapped(text).includes(part), `${rule.id}: ${part}`);
    }
    assert.ok(rule.explanation.length >= 2 && rule.explanation.length <= 4, `${rule.id}: 2 to 4 paragraphs`);
    assert.ok(rule.references.length >= 2, `${rule.id}: where it is from`);
    assert.deepEqual(
      text.split('\n').filter(line => line.length > 110),
      [],
    );
  }
});

test('the table has a line for each rule, and ids are unique', () => {
  const lines = rulesTable(rules).split('\n');
  assert.equal(lines.length, rules.length + 1);
  assert.equal(new Set(rules.map(rule => rule.id)).size, rules.length);
});
