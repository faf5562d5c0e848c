// SPDX-License-Identifier: GPL-2.0-only
/** `armory boot`: its options. The emulator is loaded when it is used: it is large, and other commands do without. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { emulatedCores, MOST_CORES } from '../emulator/cpu/ids.js';
import { parseTraceItems, TRACE_ITEMS } from '../emulator/trace/items.js';
import { oneBoardArgument } from './board-options.js';
import type { BootOptions } from './boot-session.js';
import { countUpTo, parseMemory } from './options.js';

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds >= 0 && seconds < Number.POSITIVE_INFINITY))
    throw new InvalidArgumentError(`'${text}' is not a number of seconds.`);
  return seconds;
}

function parseDuration(text: string): number {
  const seconds = parseSeconds(text);
  if (seconds === 0) throw new InvalidArgumentError('it must be more than 0 seconds.');
  return seconds;
}

function parseText(text: string): string {
  if (text === '') throw new InvalidArgumentError('it is empty.');
  return text;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^[0-9]+$/.test(text) || port > 65535) {
    throw new InvalidArgumentError(`'${text}' is not a port from 0 to 65535.`);
  }
  return port;
}

const EPILOGUE = `
Sizes have a unit K, M or G: --memory 512M. A real board's memory may be in several banks: 512M@0x80000000,512M@0xa0000000.

The terminal is the guest's console: Ctrl-A X leaves, Ctrl-A twice sends one Ctrl-A. So is standard input if it is a
pipe or a file; its end is not the end of the run.

--board goes with neither --machine nor --core; --core goes with the virt machine only. --bisect needs --until; -D,
--trace-from and --trace-to need -d. --record and -D never name a file that another option names.

Exit codes:
  0    the text of --until was seen; without --until: left, halted, switched off or reset
  125  it never was; a panic, a hang, --timeout
  2    wrong arguments, or a file that is not what it should be
  3    a file is missing, or cannot be read or written
  130  ended by Ctrl-C, SIGTERM or SIGHUP
With --bisect:
  0    the text of --until was seen
  1    the guest ran and did not print it
  125  it could not be started (2 and 3 above), or somebody left`;

export function addBoot(program: Command, finish: (code: number) => void): void {
  program
    .command('boot')
    .description('boot a real kernel on an emulated machine; Ctrl-A X leaves')
    .addOption(
      new Option('--machine <name>', 'which machine').choices(['virt', 'vexpress-a9']).default('virt'),
    )
    .addOption(
      new Option(
        '--board <tree>',
        `a real board, whose devices make room for ours: ${oneBoardArgument}`,
      ).conflicts('machine'),
    )
    .requiredOption('--kernel <file>', 'zImage')
    .addOption(
      new Option('--kernel-format <format>', 'Image: the bare kernel of arch/arm/boot')
        .choices(['zImage', 'Image'])
        .default('zImage'),
    )
    .option('--no-dma-coherent', "the virt machine's virtio devices do not snoop, and their nodes say so")
    .option(
      '--access-platform',
      'virtio devices offer VIRTIO_F_ACCESS_PLATFORM: a guest uses its DMA API for them',
    )
    .option('--pl310', 'a PL310 behind the Cortex-A9 cores of the virt machine, as reset leaves it')
    .option('--initrd <file>', 'initial ramdisk')
    .option('--drive <file...>', 'disk image on a virtio slot; what the guest writes is not kept')
    .option(
      '--memory <size[@base],…>',
      'memory (256M; with --board what its tree says, if it does)',
      parseMemory,
    )
    .addOption(
      new Option('--core <name>', 'kind of cores of the virt machine')
        .choices(emulatedCores())
        .conflicts('board'),
    )
    .option(
      '--cores <count>',
      `number of cores, at most ${MOST_CORES} (1; with --board all that its tree has)`,
      countUpTo(MOST_CORES),
    )
    .option('--cmdline <text>', 'kernel command line', 'console=ttyAMA0')
    .option('--until <text>', 'end with 0 when the guest prints this, with 125 if it never does', parseText)
    .option(
      '--bisect',
      'exit codes for `git bisect run`: 1 when the guest ran and did not print --until, 125 when it could not start',
    )
    .option('--timeout <seconds>', 'end with 125 after so much wall-clock time', parseDuration)
    .option(
      '--record <file>',
      'write what the run leaves behind: console, counters, registers, page tables (docs/emulator.md)',
      parseText,
    )
    .option(
      '--gdb <port>',
      'take a debugger on 127.0.0.1 (0: a free port); the guest waits for one before its first instruction',
      parsePort,
    )
    .option('--system-map <file>', "the kernel's System.map, also with gzip: names in traces and registers")
    .option(
      '-d <item,…>',
      `trace on standard error: ${Object.entries(TRACE_ITEMS)
        .map(([name, what]) => `${name} (${what})`)
        .join(', ')}`,
      parseTraceItems,
    )
    .option('-D <file>', 'write the trace into a file', parseText)
    .option('--trace-from <seconds>', "begin the trace at this time of the guest's", parseSeconds)
    .option('--trace-to <seconds>', 'end it at this time', parseSeconds)
    .addHelpText('after', EPILOGUE)
    .action(async (options: BootOptions) => {
      const { runBoot } = await import('./boot-session.js');
      finish(await runBoot(options));
    });
}
