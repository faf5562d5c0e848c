// SPDX-License-Identifier: GPL-2.0-only
/**
 * The tests that every rule of the sanitizer ships, from short stories: each kind of machine on which the rule
 * behaves in its own way has a broken story and its fixed twin. Checked are
 *
 *   - the broken one gives exactly one finding, of this rule, and the fixed one none;
 *   - the report of the first story is `tests/golden/sanitizer/RULE.txt`. To write it anew:
 *     `ARMORY_GOLDEN=write npm test -- sanitizer/rules`, and read the diff;
 *   - both stay so whatever else the machine does to other memory between the steps (`rule-noise.ts`).
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { findingText } from '../../src/report/finding-text.js';
import type { Severity } from '../../src/sanitizer/finding.js';
import type { Rule } from '../../src/sanitizer/rules/rule.js';
import { TestMachine, type TestMachineOptions } from '../../src/sanitizer/test-machine.js';
import { makeNoise, type Noise, noiseOf, prepareNoise } from './rule-noise.js';
import { repositoryRoot } from './shared.js';

/** What one function of a story does. */
export interface Step {
  readonly stack: readonly string[];
  readonly run: (machine: TestMachine) => void;
}

/** A step in function `name`; `callers`: innermost first. */
export function step(name: string, run: (machine: TestMachine) => void, ...callers: string[]): Step {
  return { stack: [name, ...callers], run };
}

export interface Story {
  readonly name: string;
  readonly machine?: TestMachineOptions;
  readonly broken: readonly Step[];
  readonly fixed: readonly Step[];
  /** What the finding's severity is, where it is not the rule's. */
  readonly severity?: Severity;
  /** A barrier of somebody else would mend it: noise makes none. */
  readonly barriersMend?: boolean;
  /** The story tells who owns which memory. */
  readonly tellsOwners?: boolean;
}

const SEED = 20261122;

export function testRule(rule: Rule, stories: readonly Story[]): void {
  for (const story of stories) {
    test(`${rule.id}: ${story.name}`, () => {
      const [only, ...more] = play(story, story.broken).findings;
      assert.ok(only !== undefined, 'the broken story gives a finding');
      assert.deepEqual([only.rule, ...more.map(finding => finding.rule)], [rule.id]);
      assert.equal(only.severity, story.severity ?? rule.severity);
      assert.deepEqual(ids(play(story, story.fixed)), [], 'the fixed story gives none');
    });
    test(`${rule.id}: ${story.name}, whatever else goes on`, () => {
      for (const [steps, expected] of [
        [story.broken, [rule.id]],
        [story.fixed, []],
      ] as const) {
        const noise = fc.array(fc.array(noiseOf(story), { maxLength: 6 }), {
          minLength: steps.length,
          maxLength: steps.length,
        });
        fc.assert(
          fc.property(noise, before => assert.deepEqual(ids(play(story, steps, before)), expected)),
          { seed: SEED, numRuns: 30 },
        );
      }
    });
  }
  test(`${rule.id}: its report`, () => {
    const first = stories[0]!;
    const [finding] = play(first, first.broken).findings;
    const text = `${findingText(finding!, { replay: 'armory … --seed 1' })}\n`;
    const file = join(repositoryRoot, 'tests', 'golden', 'sanitizer', `${rule.id}.txt`);
    if (process.env['ARMORY_GOLDEN'] === 'write') writeFileSync(file, text);
    assert.equal(text, readFileSync(file, 'utf8'));
    assert.deepEqual(
      text.split('\n').filter(line => line.length > 110),
      [],
      'a report fits into 110 columns',
    );
  });
}

function play(story: Story, steps: readonly Step[], noise: readonly (readonly Noise[])[] = []): TestMachine {
  const machine = new TestMachine(story.machine);
  if (noise.length > 0) prepareNoise(machine, story);
  for (const [index, { stack, run }] of steps.entries()) {
    for (const one of noise[index] ?? []) makeNoise(machine, one);
    machine.stack = stack;
    run(machine);
  }
  return machine;
}

function ids(machine: TestMachine): string[] {
  return machine.findings.map(finding => finding.rule);
}
