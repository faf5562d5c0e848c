// SPDX-License-Identifier: GPL-2.0-only
/**
 * Runs the compiled tests with Node's own runner. The files are listed here because `node --test` takes a
 * folder up to Node 20 and a glob from Node 21 on. Arguments: parts of file names to run; none runs all.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const compiled = join(dirname(fileURLToPath(import.meta.url)), '..');
const wanted = process.argv.slice(2);

const files = ['src', 'tests']
  .flatMap(folder => listTests(join(compiled, folder)))
  .filter(file => wanted.length === 0 || wanted.some(part => file.includes(part)))
  .sort();

function listTests(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.test.js'))
    .map(name => join(folder, name));
}

if (files.length === 0) {
  process.stderr.write(`no test file matches ${wanted.join(' ')}\n`);
  process.exit(2);
}
const run = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], { stdio: 'inherit' });
process.exit(run.status ?? 70);
