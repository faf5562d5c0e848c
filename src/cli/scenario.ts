// SPDX-License-Identifier: GPL-2.0-only
/** `armory scenario`: cases that happened, run again. */
import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { inputError } from '../base/diagnostics.js';
import { scenarioByName, scenarios } from '../lab/scenarios/index.js';
import type { ScenarioResult } from '../lab/scenarios/result.js';
import { scenarioJson } from '../report/scenario-schema.js';
import { scenarioListText, scenarioText } from '../report/scenario-text.js';
import { Paint } from '../report/table.js';
import { addBoardOptions, type BoardOptions, boardArgument } from './board-options.js';
import { EXIT, useColour } from './exit.js';
import { jobsFor } from './jobs.js';
import { parseJobs, parseSeed } from './options.js';
import { withProgress } from './progress.js';

interface RunOptions extends BoardOptions {
  readonly json?: true;
  readonly findings?: true;
  readonly seed: number;
  readonly jobs: number;
}

const summaries = scenarios.map(({ id, title, shows, references }) => ({ id, title, shows, references }));

function list(options: { readonly json?: true }): number {
  const text = options.json
    ? JSON.stringify(summaries, null, 1)
    : scenarioListText(summaries, new Paint(useColour()));
  process.stdout.write(`${text}\n`);
  return EXIT.good;
}

async function run(name: string, paths: readonly string[], options: RunOptions): Promise<number> {
  const scenario = scenarioByName(name);
  if (paths.length > 0 && !scenario.takesBoards) {
    inputError('scenario-has-boards', `${name} brings its own boards; it takes none from the command line`);
  }
  const jobs = paths.length === 0 ? [] : jobsFor(paths, options, []);
  const { seed, jobs: threads } = options;
  const result: ScenarioResult = await withProgress(jobs.length, async onDone =>
    scenario.run({ seed, threads, onDone, jobs }),
  );
  const text = options.json
    ? scenarioJson(result)
    : scenarioText(result, new Paint(useColour()), { detailed: options.findings === true });
  process.stdout.write(`${text}\n`);
  return EXIT.good;
}

export function addScenario(program: Command, finish: (code: number) => void): void {
  const command = program.command('scenario').description('cases that happened, run again');
  command
    .command('list')
    .description('what there is, and what each shows')
    .option('--json', 'as JSON')
    .action((options: { json?: true }) => finish(list(options)));
  const runner = command
    .command('run')
    .description('run one')
    .argument('<name>', 'as listed')
    .argument('[board...]', `where the scenario takes boards: ${boardArgument}, or folders with .dtb files`)
    .option('--findings', 'each finding in full')
    .addOption(new Option('--json', 'the result as JSON (docs/schema/README.md)').conflicts('findings'))
    .option('--seed <number>', 'of everything that is left to chance', parseSeed, 1)
    .option('--jobs <count>', 'worker threads', parseJobs, availableParallelism());
  addBoardOptions(runner).action(async (name: string, paths: string[], options: RunOptions) => {
    finish(await run(name, paths, options));
  });
  for (const part of command.commands)
    part.exitOverride().showHelpAfterError(`(armory scenario ${part.name()} --help)`);
}
