// SPDX-License-Identifier: GPL-2.0-only
/** The options that describe a board and its kernel, shared by every command that boots one. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import { inputError } from '../base/diagnostics.js';
import { bundledBoards, bundledJob } from '../lab/bundled.js';
import type { BoardJob, MemoryBankRequest } from '../lab/job.js';
import type { KernelVersion } from '../linux/config.js';
import { presets } from '../linux/presets.js';
import { parseAddress, parseInitrd, parseMemory, parseSize } from './options.js';

export interface BoardOptions {
  readonly memory?: MemoryBankRequest[];
  readonly initrd?: { address: number; size: number };
  readonly imageAt?: number;
  readonly treeAt?: number;
  readonly treeSize?: number;
  readonly config?: string;
  readonly preset?: string;
  readonly systemMap?: string;
  readonly baseline?: KernelVersion;
  readonly cmdline?: string;
  readonly hardware?: string;
}

export function addBoardOptions(command: Command): Command {
  return command
    .option('--memory <size[@base],…>', "the board's memory, as the boot loader would write it", parseMemory)
    .option('--initrd <size@address>', 'initial ramdisk that the boot loader put into memory', parseInitrd)
    .option('--image-at <address>', 'where the boot loader put the zImage', parseAddress)
    .option('--tree-at <address>', 'where the boot loader put the device tree', parseAddress)
    .option('--tree-size <size>', 'its size with the room that the boot loader left in it', parseSize)
    .option('--config <file>', 'kernel .config')
    .addOption(
      new Option('--preset <name>', 'kernel config by name')
        .choices(presets.map(({ name }) => name))
        .conflicts('config'),
    )
    .option('--system-map <file>', "System.map of the kernel, for the image's layout")
    .addOption(new Option('--baseline <version>', 'kernel version to model').choices(['6.12', '6.1', '5.15']))
    .option('--cmdline <text>', "kernel command line; replaces the tree's bootargs")
    .option('--hardware <file>', 'what the tree does not tell about the hardware (NAME.hardware.json)');
}

/** What names boards on the command line, and one. */
export const boardArgument = '.dtb or .dts files, or names of bundled boards';
export const oneBoardArgument = 'a .dtb or .dts file, or the name of a bundled board';

/** A bare word is meant to be a bundled board. */
export function refuseUnknownName(path: string): void {
  if (existsSync(path) || /[./]/.test(path)) return;
  inputError('board-unknown', `there is neither a file nor a bundled board '${path}'`, {
    notes: [`bundled boards: ${bundledBoards.map(({ file }) => basename(file, '.dts')).join(', ')}`],
  });
}

/** The bundled board of that name. Files go before bundled boards. */
export function bundledBoard(name: string): BoardJob | undefined {
  return existsSync(name) ? undefined : bundledJob(name, []);
}

/**
 * The job for one tree. A name that is no file may be that of a bundled board, which brings the kernel and
 * command line that it is meant for; options go before both.
 */
export function jobFor(path: string, options: BoardOptions, designs: readonly string[]): BoardJob {
  const bundled = bundledBoard(path);
  if (!bundled) refuseUnknownName(path);
  if (options.systemMap !== undefined && options.config === undefined) {
    inputError('system-map-alone', '--system-map describes the kernel of --config, which is not given');
  }
  const {
    memory,
    initrd,
    imageAt,
    treeAt,
    treeSize,
    config,
    preset,
    systemMap,
    baseline,
    cmdline,
    hardware,
  } = options;
  return {
    path,
    ...bundled,
    designs: [...new Set(designs)],
    ...(memory && { memory }),
    ...(initrd && { initrd }),
    ...(imageAt !== undefined && { imageAddress: imageAt }),
    ...(treeAt !== undefined && { treeAddress: treeAt }),
    ...(treeSize !== undefined && { treeBytes: treeSize }),
    ...(config !== undefined && { configFile: config }),
    ...(preset !== undefined && { preset }),
    ...(systemMap !== undefined && { systemMap }),
    ...(baseline !== undefined && { baseline }),
    ...(cmdline !== undefined && { cmdline }),
    ...(hardware !== undefined && { hardwareFile: hardware }),
  };
}
