// SPDX-License-Identifier: GPL-2.0-only
/**
 * `armory check-boot --run` on recorded boots of real kernels: what docs/fidelity.md says of them a user sees, too. A
 * run of each machine and kernel, direct or with a boot loader of its own; boot.test.ts has all of them.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { armory } from '../support/cli.js';
import { sharedPath, skipWithout } from '../support/shared.js';

interface Run {
  readonly name: string;
  readonly kernel: string;
  readonly kind: string;
}

/** The first run of each kind. */
function sample(folder: string): Run[] {
  const kinds = new Map<string, Run>();
  for (const name of readdirSync(folder).sort()) {
    const { machine, kernel, cpu, memory_nodes } = JSON.parse(
      readFileSync(join(folder, name, 'run.json'), 'utf8'),
    );
    const kind = [machine, kernel, cpu, memory_nodes ? 'nodes' : 'direct'].join();
    if (!kinds.has(kind)) kinds.set(kind, { name, kernel, kind });
  }
  return [...kinds.values()];
}

test('the command agrees whole with recorded kernels', { skip: skipWithout('truth/boot') }, t => {
  const folder = sharedPath('truth/boot')!;
  const configs = sharedPath('truth/configs')!;
  const runs = sample(folder);
  assert.ok(runs.length >= 14, `${runs.length} kinds of runs`);
  for (const { name, kernel, kind } of runs) {
    const at = (file: string): string => join(folder, name, file);
    const args = [
      at('facts.json'),
      '--board',
      at('board.dtb'),
      '--config',
      join(configs, `${kernel}.config`),
    ];
    const { code, stdout, stderr } = armory('check-boot', ...args, '--run');
    t.diagnostic(`${name} (${kind}): ${stdout.trimEnd().split('\n').at(-1)}`);
    assert.equal(code, 0, `${name}: ${stderr}${stdout}`);
  }
});
