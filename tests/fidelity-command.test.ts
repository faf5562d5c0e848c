// SPDX-License-Identifier: GPL-2.0-only
/** `npm run fidelity` refuses what it does not know, and measures the runs that are named. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot, skipWithout } from './support/shared.js';

function fidelity(...args: readonly string[]): {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const program = join(repositoryRoot, 'dist', 'tools', 'fidelity.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  return { code: status, stdout, stderr };
}

test('--help is good, an option that is not there is not', () => {
  const help = fidelity('--help');
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^usage: node dist\/tools\/fidelity.js/);
  const wrong = fidelity('--nosuch');
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /'--nosuch'.*\n(.*\n)*usage:/);
  assert.doesNotMatch(wrong.stderr, /\bat .*\.js:/);
});

test('names choose runs, of boots and probe runs', { skip: skipWithout('truth/probe') }, () => {
  const unknown = fidelity('nosuchrun');
  assert.deepEqual([unknown.code, unknown.stderr], [2, "no recorded run has 'nosuchrun' in its name\n"]);
  const boot = fidelity('zynq-own612-1g');
  assert.deepEqual([boot.code, boot.stdout], [0, '1 of 1 boots agree in every field\n']);
  const probe = fidelity('iommu-legacy').stdout;
  assert.match(probe, /^1 iommu-legacy-virt-a15-256M-iommu +1320 /m);
  assert.match(probe, /\n\d+ of \d+ determined values agree .*\n\d+ of \d+ values by place agree .*\n$/);
  const longest = Math.max(...probe.split('\n').map(line => line.length));
  assert.ok(longest <= 120, `${longest} columns`);
});
