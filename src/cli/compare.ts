// SPDX-License-Identifier: GPL-2.0-only
/** `armory compare`: boards under every design, against `legacy`. */
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import { formatDiagnostic } from '../base/diagnostics.js';
import { designs } from '../designs/index.js';
import { bundledBoards } from '../lab/bundled.js';
import { compareFleet } from '../lab/fleet.js';
import type { BoardJob } from '../lab/job.js';
import { type BoardResult, isJudged, isRefusal } from '../lab/results.js';
import { compareJson } from '../report/compare-schema.js';
import { boardText, fleetText, summaryText } from '../report/compare-text.js';
import { Paint } from '../report/table.js';
import { addBoardOptions, type BoardOptions, boardArgument } from './board-options.js';
import { EXIT, exitForInput, useColour } from './exit.js';
import { jobsFor } from './jobs.js';
import { parseJobs } from './options.js';
import { withProgress } from './progress.js';

interface CompareOptions extends BoardOptions {
  readonly design: string[];
  readonly json?: true;
  readonly summary?: true;
  readonly fleet?: true;
  readonly jobs: number;
  readonly rules: boolean;
  readonly findings?: true;
}

function jobsToCompare(paths: readonly string[], options: CompareOptions): BoardJob[] {
  const boards = paths.length > 0 ? paths : bundledBoards.map(({ file }) => basename(file, '.dts'));
  return jobsFor(boards, options, options.design).map(job => ({
    ...job,
    rules: options.rules,
    stories: options.findings === true,
  }));
}

function exitCode(results: readonly BoardResult[]): number {
  const refused = results.filter(isRefusal);
  if (refused.some(({ blame }) => blame === 'bug')) return EXIT.bug;
  const judged = results.filter(isJudged);
  if (judged.length === 0) {
    const input = refused.filter(({ blame }) => blame === 'input');
    return input.length > 0
      ? exitForInput(input.flatMap(({ diagnostics }) => diagnostics))
      : EXIT.environment;
  }
  const regression = judged.some(({ verdicts }) => verdicts.some(({ verdict }) => verdict === 'regression'));
  return regression ? EXIT.finding : EXIT.good;
}

/** Boards that are shown call by call, if not asked otherwise: what fits a few screens. */
const DETAILED_BOARDS = 12;

function textParts(results: readonly BoardResult[], options: CompareOptions, paint: Paint): string[] {
  if (options.fleet) return [fleetText(results, paint)];
  if (results.length === 1 && results.every(isRefusal)) return [];
  const detailed = !options.summary && results.length <= DETAILED_BOARDS;
  const parts = detailed ? results.filter(isJudged).map(result => boardText(result, paint)) : [];
  if (results.length > 1 || options.summary) parts.push(summaryText(results, paint));
  if (results.length > DETAILED_BOARDS) parts.push(fleetText(results, paint));
  return parts;
}

async function run(paths: readonly string[], options: CompareOptions): Promise<number> {
  const jobs = jobsToCompare(paths, options);
  const results = await withProgress(jobs.length, onDone => compareFleet(jobs, options.jobs, onDone));
  if (options.json) {
    process.stdout.write(`${compareJson(results)}\n`);
  } else {
    const paint = new Paint(useColour());
    const parts = textParts(results, options, paint);
    if (parts.length > 0) process.stdout.write(`${parts.join('\n\n')}\n`);
  }
  for (const result of results.filter(isRefusal)) {
    // Of many boards the table says it in a line each; a bug is always told in full.
    if (jobs.length > 1 && result.blame !== 'bug') continue;
    const told = result.diagnostics.map(formatDiagnostic).join('\n');
    process.stderr.write(`${told || `armory: ${result.refused}`}\n`);
  }
  return exitCode(results);
}

export function addCompare(program: Command, finish: (code: number) => void): void {
  const names = designs.map(({ name }) => name);
  const command = program
    .command('compare')
    .description('compare the designs on boards: what fails, what moves, what it costs')
    .argument('[board...]', `${boardArgument}, or folders with .dtb files; none: all bundled boards`)
    .addOption(
      new Option('--design <name...>', 'designs to compare with legacy')
        .choices(names)
        .default(['v1', 'step1', 'step2']),
    )
    .addOption(new Option('--summary', 'one line a board, without the calls').conflicts('fleet'))
    .option('--fleet', 'only how many boards had which verdict and why')
    .addOption(
      new Option('--json', 'results as JSON (docs/schema/README.md)').conflicts(['summary', 'fleet']),
    )
    .addOption(
      new Option('--findings', 'each error and window as a block of its own').conflicts([
        'summary',
        'fleet',
        'json',
      ]),
    )
    .option('--no-rules', 'do not judge coherency: twice as quick')
    .option('--jobs <count>', 'worker threads', parseJobs, availableParallelism());
  addBoardOptions(command).action(async (paths: string[], options: CompareOptions) => {
    finish(await run(paths, options));
  });
}
