// SPDX-License-Identifier: GPL-2.0-only
/**
 * Explores every sequence under every design on every kind of caches and writes `docs/exhaustive.md` and
 * `docs/exhaustive-operations.md`. With three names, `KIND DESIGN SEQUENCE`, prints that one program instead, each
 * operation with its verdict.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { designByName, designs } from '../src/designs/index.js';
import { operationsText } from '../src/lab/explore/details.js';
import { documentText } from '../src/lab/explore/document.js';
import { DEFAULT_BOUND } from '../src/lab/explore/explorer.js';
import { cacheKinds } from '../src/lab/explore/kinds.js';
import { locatedText, scheduleLines } from '../src/lab/explore/schedule.js';
import { sequences } from '../src/lab/explore/sequences.js';
import { survey } from '../src/lab/explore/survey.js';

const docs = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'docs');
const print = (text: string): boolean => process.stdout.write(`${text}\n`);

function writeAll(): void {
  const begin = process.cpuUsage();
  const seconds = (): number => {
    const { user, system } = process.cpuUsage(begin);
    return (user + system) / 1e6;
  };
  const progress = (kind: { id: string }, states: number): void => {
    print(`${kind.id}: ${states} states, ${seconds().toFixed(0)} s`);
  };
  const result = survey({ kinds: cacheKinds, designs, sequences, progress });
  writeFileSync(join(docs, 'exhaustive.md'), documentText(result, DEFAULT_BOUND, seconds()));
  writeFileSync(join(docs, 'exhaustive-operations.md'), operationsText(result));
}

function show(kindId: string, designName: string, sequenceId: string): void {
  const result = survey({
    kinds: cacheKinds.filter(({ id }) => id === kindId),
    designs: [designByName(designName)],
    sequences: sequences.filter(({ id }) => id === sequenceId),
  });
  for (const { explored, reason } of result.cells) {
    if (explored === null) {
      print(reason ?? '');
      continue;
    }
    const { program, verdict } = explored;
    const judged = new Map(verdict.necessities.map(necessity => [necessity.point, necessity]));
    for (const point of program.operations.keys()) {
      const necessity = judged.get(point);
      const mark = necessity === undefined ? ' ' : necessity.violation === null ? '○' : '●';
      print(`${String(point).padStart(3)} ${mark} ${locatedText(program, point)}`);
    }
    print(`${verdict.result.states} states`);
    if (verdict.shortest !== null) print(scheduleLines(program, verdict.shortest).join('\n'));
    for (const { point, violation } of verdict.necessities) {
      if (violation === null) continue;
      print(`\nwithout ${point}:\n${scheduleLines(program, violation).join('\n')}`);
    }
  }
}

const [kind, design, sequence] = process.argv.slice(2);
if (kind !== undefined && design !== undefined && sequence !== undefined) show(kind, design, sequence);
else writeAll();
