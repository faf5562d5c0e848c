// SPDX-License-Identifier: GPL-2.0-only
/**
 * The examples of README.md: each `console` block is a command behind `$ ` and its output. A test runs them and
 * compares; `node dist/tools/readme-examples.js` runs them and writes their output into the README.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const readme = join(root, 'README.md');

export interface Example {
  readonly command: string;
  readonly output: string;
}

const block = /```console\n\$ (.*)\n([^`]*)```/g;

export function readmeExamples(): Example[] {
  return [...readFileSync(readme, 'utf8').matchAll(block)].map(([, command = '', output = '']) => ({
    command,
    output: output.trimEnd(),
  }));
}

/** Runs a command in the repository; `npx armory` is the compiled program itself. Returns what it prints. */
export function runExample(command: string): string {
  const program = join('dist', 'src', 'cli', 'main.js');
  const line = command.replace(/^npx armory/, `"${process.execPath}" ${program}`);
  const run = spawnSync('sh', ['-c', line], { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 });
  return run.stdout.trimEnd();
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const text = readFileSync(readme, 'utf8');
  const written = text.replace(block, (_, command: string) => {
    return `\`\`\`console\n$ ${command}\n${runExample(command)}\n\`\`\``;
  });
  writeFileSync(readme, written);
}
