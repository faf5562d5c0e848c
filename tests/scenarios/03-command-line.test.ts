// SPDX-License-Identifier: GPL-2.0-only
/** The commands as a user runs them: output, JSON, exit codes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BootFacts } from '../../src/lab/facts.js';
import { isJudged } from '../../src/lab/results.js';
import { compareJsonSchema, compareSchema } from '../../src/report/compare-schema.js';
import { inspectJsonSchema, inspectSchema } from '../../src/report/inspect-schema.js';
import { armory } from '../support/cli.js';
import { repositoryRoot } from '../support/shared.js';

test('compare without a board compares the designs on the bundled boards', () => {
  const { code, stdout, stderr } = armory('compare');
  assert.equal(stderr, '');
  for (const board of ['beaglebone-black', 'restricted-vm', 'versatile-pb'])
    assert.match(stdout, new RegExp(`^${board}$`, 'm'));
  // v1 leaves dirty lines on two of them: a finding.
  assert.equal(code, 1);
});

test('a comparison without a regression exits with 0', () => {
  const { code, stdout } = armory('compare', 'boards/beaglebone-black.dts', '--design', 'step2', '--summary');
  assert.equal(code, 0);
  assert.match(stdout, /^beaglebone-black .*improvement 1, change \d+$/m);
});

test('a bundled board can be named without its folder', () => {
  const { code, stdout } = armory('inspect', 'versatile-pb', '--json');
  assert.equal(code, 0);
  assert.equal((JSON.parse(stdout) as BootFacts).lowmem_limit_pa, '0x8000000');
});

test('compare --json follows its schema', () => {
  const { stdout } = armory('compare', 'sabre-sd', 'versatile-pb', '--json');
  const document = compareSchema.parse(JSON.parse(stdout));
  assert.deepEqual(
    document.boards.map(({ board }) => board),
    ['sabre-sd', 'versatile-pb'],
  );
  assert.ok(document.boards.every(isJudged));
});

test('inspect --json follows its schema', () => {
  const { stdout } = armory('inspect', 'lager', '--design', 'step1', '--json');
  const facts = inspectSchema.parse(JSON.parse(stdout));
  assert.equal(facts.page_table_format, 'long (LPAE)');
  assert.ok(facts.generic_pools?.['atomic_pool_kernel']);
});

test('the schemas in docs/schema are those of the program', () => {
  const file = (name: string): string => readFileSync(join(repositoryRoot, 'docs', 'schema', name), 'utf8');
  assert.equal(file('compare-1.schema.json'), compareJsonSchema());
  assert.equal(file('inspect-1.schema.json'), inspectJsonSchema());
});

test('memory of the boot loader: size, base, banks', () => {
  const facts = (memory: string): BootFacts =>
    JSON.parse(armory('inspect', 'beaglebone-black', '--memory', memory, '--json').stdout) as BootFacts;
  // OMAP's machine code takes 2 MiB off the top.
  assert.deepEqual(facts('256M').memblock_memory, [{ start: '0x80000000', end: '0x8fdfffff' }]);
  assert.deepEqual(facts('128M,128M@0xa0000000').memblock_memory, [
    { start: '0x80000000', end: '0x87ffffff' },
    { start: '0xa0000000', end: '0xa7dfffff' },
  ]);
});

test('the same board gives the same result on one thread and on several', () => {
  const boards = ['beaglebone-black', 'sabre-sd', 'versatile-pb', 'raspberry-pi', 'clearfog'];
  const alone = armory('compare', ...boards, '--json', '--jobs', '1').stdout;
  assert.equal(armory('compare', ...boards, '--json', '--jobs', '2').stdout, alone);
});

test('a design that is named twice is run once', () => {
  const { stdout } = armory('compare', 'versatile-pb', '--json', '--design', 'step1', 'step1');
  const [board] = compareSchema.parse(JSON.parse(stdout)).boards;
  assert.ok(board && isJudged(board));
  assert.deepEqual(
    board.verdicts.map(({ design }) => design),
    ['legacy', 'step1'],
  );
});
