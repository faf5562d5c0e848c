// SPDX-License-Identifier: GPL-2.0-only
/** Runs the command line as a user does, in a process of its own. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from './shared.js';

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function armory(...args: readonly string[]): CliResult {
  return armoryTo('pipe', ...args);
}

/** As `armory`, with standard output going to an open file. */
export function armoryTo(output: 'pipe' | number, ...args: readonly string[]): CliResult {
  const program = join(repositoryRoot, 'dist', 'src', 'cli', 'main.js');
  const run = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    cwd: repositoryRoot,
    maxBuffer: 2 ** 28,
    timeout: 300_000,
    stdio: ['ignore', output, 'pipe'],
  });
  return { code: run.status, stdout: run.stdout ?? '', stderr: run.stderr };
}
