// SPDX-License-Identifier: GPL-2.0-only
/**
 * `armory probe`: the DMA probe on the modelled kernel. It prints records as the kernel module does, a line each;
 * `--text` prints a table. `--overlay` prints what adds the probe's devices to a real board's tree.
 */
import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { EnvironmentError, formatDiagnostic } from '../base/diagnostics.js';
import { designByName, designs } from '../designs/index.js';
import { printDts, writeDtb } from '../devicetree/load.js';
import { prepare } from '../lab/job.js';
import { overlayFor, probeBoard } from '../lab/probe-board.js';
import { probeText } from '../report/probe-text.js';
import { Paint } from '../report/table.js';
import { EXHAUSTION_CAPS } from '../workloads/probe/exhaustion.js';
import { addBoardOptions, type BoardOptions, jobFor, oneBoardArgument } from './board-options.js';
import { EXIT, useColour } from './exit.js';
import { once, usageError } from './options.js';

const DESIGNS = designs.map(({ name }) => name);

/** Options of the recording, which an overlay has nothing of. */
const OF_RECORDING = ['design', 'exhaust', 'hold', 'builtIn', 'text', 'json'] as const;

interface ProbeCommandOptions extends BoardOptions {
  readonly design?: string;
  readonly exhaust?: true;
  readonly hold?: true;
  readonly builtIn?: true;
  readonly text?: true;
  readonly overlay?: true;
  readonly output?: string;
}

function put(output: string | undefined, content: string | Uint8Array): void {
  if (output === undefined) {
    process.stdout.write(content);
    return;
  }
  try {
    writeFileSync(output, content);
  } catch (error) {
    throw new EnvironmentError('write', output, error);
  }
}

function writeOverlay(path: string, { output, ...options }: ProbeCommandOptions): void {
  const prepared = prepare(jobFor(path, options, []));
  const overlay = overlayFor(prepared);
  for (const diagnostic of prepared.diagnostics) process.stderr.write(`${formatDiagnostic(diagnostic)}\n`);
  put(output, output?.endsWith('.dtbo') ? writeDtb(overlay) : printDts(overlay));
}

/** What would be passed over in silence. `given`: was the option on the command line? */
function refuseUnused({ overlay, output }: ProbeCommandOptions, given: (name: string) => boolean): void {
  if (output === '') usageError("--output names no file: it is ''");
  const unused = OF_RECORDING.filter(given).map(name => (name === 'builtIn' ? '--built-in' : `--${name}`));
  if (overlay && unused.length > 0) {
    usageError(`--overlay prints a tree, and no recording: ${unused.join(', ')} would do nothing`);
  }
  if (!overlay && output?.endsWith('.dtbo')) {
    usageError(`--output ${output}: a .dtbo is what --overlay writes, and --overlay is not given`);
  }
}

function run(path: string, options: ProbeCommandOptions): number {
  if (options.overlay) {
    writeOverlay(path, options);
    return EXIT.good;
  }
  const { exhaust = false, hold = false, builtIn, text, output } = options;
  const time = builtIn ? 'initcalls' : 'booted';
  const { records } = probeBoard(jobFor(path, options, []), designByName(options.design ?? 'legacy'), time, {
    exhaust,
    hold,
    module: time === 'booted',
  });
  const lines = records.map(record => JSON.stringify(record));
  put(output, `${text ? probeText(records, new Paint(useColour())) : lines.join('\n')}\n`);
  return EXIT.good;
}

export function addProbe(program: Command, finish: (code: number) => void): void {
  const command = program
    .command('probe')
    .description('make the calls of the DMA probe on the modelled kernel, and print a record of each')
    .argument('<board>', `${oneBoardArgument}; one without the probe's devices gets them`)
    .addOption(
      new Option('--design <name>', 'design to boot; legacy if none is given')
        .choices(DESIGNS)
        .argParser(once('--design', DESIGNS)),
    )
    .option(
      '--exhaust',
      `allocate until NULL, too, on the devices that are meant for it, but ${EXHAUSTION_CAPS}`,
    )
    .option('--hold', 'in the end, hold buffers of all devices at once')
    .option('--built-in', 'probe as a built-in driver does, before the init sections are freed')
    .option('--text', 'a table instead of JSON lines')
    .addOption(
      new Option('--json', 'JSON lines, which is what it prints anyway (docs/probe.md)').conflicts('text'),
    )
    .option('--overlay', "print the overlay that adds the probe's devices to the board (docs/probe.md)")
    .option('--output <file>', 'write to a file; an overlay as binary if it ends in .dtbo');
  addBoardOptions(command).action((path: string, options: ProbeCommandOptions) => {
    refuseUnused(options, name => command.getOptionValueSource(name) === 'cli');
    finish(run(path, options));
  });
}
