// SPDX-License-Identifier: GPL-2.0-only
/** `armory inspect`: the memory map of one booted board. */
import { type Command, Option } from 'commander';
import { designByName, designs } from '../designs/index.js';
import { bootDesign } from '../lab/boot.js';
import { bootFacts } from '../lab/facts.js';
import { prepare } from '../lab/job.js';
import { refuseUnbuildable } from '../lab/run-design.js';
import { factsText } from '../report/facts-text.js';
import { Paint } from '../report/table.js';
import { addBoardOptions, type BoardOptions, jobFor, oneBoardArgument } from './board-options.js';
import { EXIT, useColour } from './exit.js';

interface InspectOptions extends BoardOptions {
  readonly design: string;
  readonly json?: true;
}

function run(path: string, options: InspectOptions): number {
  const design = designByName(options.design);
  const prepared = prepare(jobFor(path, options, []));
  refuseUnbuildable(design, prepared);
  const facts = bootFacts(bootDesign(prepared, design));
  const text = options.json
    ? JSON.stringify(facts, null, 1)
    : factsText(prepared.board.name, facts, prepared.diagnostics, new Paint(useColour()));
  process.stdout.write(`${text}\n`);
  return EXIT.good;
}

export function addInspect(program: Command, finish: (code: number) => void): void {
  const command = program
    .command('inspect')
    .description('boot a board and print its memory map')
    .argument('<board>', oneBoardArgument)
    .addOption(
      new Option('--design <name>', 'design to boot')
        .choices(designs.map(({ name }) => name))
        .default('legacy'),
    )
    .option('--json', 'as JSON (docs/schema/README.md)');
  addBoardOptions(command).action((path: string, options: InspectOptions) => finish(run(path, options)));
}
