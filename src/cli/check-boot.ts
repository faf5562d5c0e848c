// SPDX-License-Identifier: GPL-2.0-only
/** `armory check-boot`: a recorded boot of a real kernel against the modelled one. */
import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { checkBoot } from '../lab/check-boot/compare.js';
import { prepareCheck } from '../lab/check-boot/prepare.js';
import { loadRecording } from '../lab/check-boot/recording.js';
import { agreesWhole } from '../lab/check-boot/result.js';
import { loadRunFile } from '../lab/check-boot/run-file.js';
import { checkBootJson } from '../report/check-boot-schema.js';
import { checkBootText } from '../report/check-boot-text.js';
import { Paint } from '../report/table.js';
import { addBoardOptions, type BoardOptions, jobFor } from './board-options.js';
import { EXIT, useColour } from './exit.js';

interface CheckBootOptions extends BoardOptions {
  readonly board: string;
  readonly run?: string | true;
  readonly json?: true;
}

function run(facts: string, options: CheckBootOptions): number {
  const recording = loadRecording(facts);
  const { run: asked } = options;
  const runFile = asked === true ? join(dirname(facts), 'run.json') : asked;
  const started = runFile === undefined ? undefined : loadRunFile(runFile);
  const { prepared, inputs, doubts } = prepareCheck(
    jobFor(options.board, options, []),
    recording,
    started,
    options,
  );
  const check = checkBoot(prepared, recording, {
    keepImage: options.systemMap !== undefined,
    inputs,
    doubts,
  });
  const text = options.json ? checkBootJson(check) : checkBootText(check, new Paint(useColour()));
  process.stdout.write(`${text}\n`);
  return agreesWhole(check) ? EXIT.good : EXIT.finding;
}

export function addCheckBoot(program: Command, finish: (code: number) => void): void {
  const command = program
    .command('check-boot')
    .description('compare what a real kernel made of its memory with the modelled boot')
    .argument('<facts>', 'facts.json of the recorded boot')
    .addOption(
      new Option('--board <board>', '.dtb or .dts file, or name of a bundled board').makeOptionMandatory(),
    )
    .option(
      '--run [file]',
      'take memory, cores, command line and what QEMU does from run.json, by default the one beside <facts>',
    )
    .option('--json', 'as JSON (docs/schema/README.md)');
  addBoardOptions(command).action((facts: string, options: CheckBootOptions) => finish(run(facts, options)));
}
