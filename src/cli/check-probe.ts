// SPDX-License-Identifier: GPL-2.0-only
/** `armory check-probe`: a recording of the probe from a real kernel against the modelled kernel, call by call. */
import { type Command, Option } from 'commander';
import { designByName, designs } from '../designs/index.js';
import { checkProbe } from '../lab/check-probe/check.js';
import { readRecording } from '../lab/check-probe/read-recording.js';
import { type RecordedKernel, recordedDesign, recordedKernel } from '../lab/check-probe/recorded.js';
import { type BoardJob, prepare } from '../lab/job.js';
import { checkProbeJson } from '../report/check-probe-schema.js';
import { checkProbeText } from '../report/check-probe-text.js';
import { Paint } from '../report/table.js';
import { addBoardOptions, type BoardOptions, jobFor, oneBoardArgument } from './board-options.js';
import { EXIT, useColour } from './exit.js';
import { once, parseCalls, usageError } from './options.js';

const DESIGNS = designs.map(({ name }) => name);

interface CheckProbeOptions extends BoardOptions {
  readonly board: string;
  readonly design?: string;
  readonly cells?: true;
  readonly calls: number;
  readonly json?: true;
}

/** What the user says goes first; where he does not, the recording tells which kernel is to be modelled. */
function jobOf({ hints, baseline }: RecordedKernel, options: CheckProbeOptions): BoardJob {
  const job = jobFor(options.board, options, []);
  if (job.configFile !== undefined) return job;
  return {
    ...job,
    ...(job.preset === undefined && { presetHints: hints }),
    // A .config says which kernel it is for; a preset is built for the version that was recorded.
    ...(job.baseline === undefined && baseline && { baseline }),
  };
}

function run(file: string, options: CheckProbeOptions): number {
  const records = readRecording(file);
  const recorded = recordedKernel(records);
  const prepared = prepare(jobOf(recorded, options));
  const { design, open } =
    options.design === undefined
      ? recordedDesign(recorded, prepared.config)
      : { design: designByName(options.design), open: null };
  const checked = checkProbe(prepared, design, records, open);
  const { cells = false, calls } = options;
  const text = options.json
    ? checkProbeJson(checked)
    : checkProbeText(checked, new Paint(useColour()), { cells, calls });
  process.stdout.write(`${text}\n`);
  return checked.verdict === 'agrees' ? EXIT.good : EXIT.finding;
}

export function addCheckProbe(program: Command, finish: (code: number) => void): void {
  const command = program
    .command('check-probe')
    .description("compare a real kernel's probe recording with the modelled kernel, call by call")
    .argument('<probe.jsonl>', 'recording of probe/armory_probe.c, or a kernel log that has one')
    .requiredOption('--board <board>', `the tree that the kernel was given: ${oneBoardArgument}`)
    .addOption(
      new Option('--design <name>', 'design of the recorded kernel (default: as its Kconfig symbols say)')
        .choices(DESIGNS)
        .argParser(once('--design', DESIGNS)),
    )
    .option('--cells', 'a row for each operation and field')
    .option('--calls <count>', 'calls to show with what differs', parseCalls, 10)
    .addOption(
      new Option('--json', 'as JSON (docs/schema/README.md): all cells and all calls').conflicts('cells'),
    );
  addBoardOptions(command).action((file: string, options: CheckProbeOptions) => {
    if (options.json && command.getOptionValueSource('calls') === 'cli') {
      usageError('--json has all calls: --calls would do nothing');
    }
    finish(run(file, options));
  });
}
