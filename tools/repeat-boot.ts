// SPDX-License-Identifier: GPL-2.0-only
/**
 * Makes recorded boots again in the emulator and compares them field by field. Prints a row for each field that
 * differs, with its lines, and a sum for each boot; `--details` a row for every field.
 * Needs the recordings (a folder named by ARMORY_SHARED, or `shared` beside the checkout) and the kernels of
 * tools/debian-kernel.sh. Ends with 1 where something differs.
 */
import { parseArgs } from 'node:util';
import type { FieldResult } from '../src/lab/check-boot/result.js';
import { repeatableBoots, repeatBoot } from '../tests/truth/emulated-boots.js';

const USAGE = 'usage: node dist/tools/repeat-boot.js [--list] [--details] NAME…\n';

function lines({ field, outcome, agreeing, lines: count, recorded, modelled }: FieldResult): string[] {
  return [
    `  ${outcome} ${field}: ${agreeing} of ${count}`,
    ...recorded.map(line => `    recorded ${line}`),
    ...modelled.map(line => `    emulated ${line}`),
  ];
}

/** The text, and whether everything agrees. */
function report(name: string, details: boolean): boolean {
  const { fields, isSameKernel, console: text } = repeatBoot(name);
  if (!isSameKernel) {
    process.stdout.write(`${name}: not compared, the kernel is another version than the recorded one\n`);
    return true;
  }
  const differing = fields.filter(({ outcome }) => outcome === 'differs');
  const shown = details ? fields : differing;
  const sum = fields.reduce((total, { lines: count }) => total + count, 0);
  const rows = [
    `${name}: ${fields.length - differing.length} of ${fields.length} fields agree, ${sum} lines`,
    ...shown.flatMap(lines),
  ];
  process.stdout.write(`${rows.join('\n')}\n`);
  if (differing.length > 0) process.stderr.write(`${text.slice(-1000)}\n`);
  return differing.length === 0;
}

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { list: { type: 'boolean' }, details: { type: 'boolean' } },
  });
  const known = repeatableBoots();
  if (values.list) {
    process.stdout.write(known.map(name => `${name}\n`).join(''));
    return 0;
  }
  const unknown = positionals.find(name => !known.includes(name));
  if (unknown !== undefined || positionals.length === 0) {
    process.stderr.write(unknown === undefined ? USAGE : `no recorded boot ${unknown}, or not its kernel\n`);
    return 2;
  }
  const agree = positionals.map(name => report(name, values.details ?? false));
  return agree.every(Boolean) ? 0 : 1;
}

process.exitCode = main();
