// SPDX-License-Identifier: GPL-2.0-only
/**
 * The files that the options of `armory boot` name: messages say which option, and what is written never destroys what
 * is read.
 */
import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EnvironmentError, inputError } from '../base/diagnostics.js';

export interface FileOptions {
  readonly kernel: string;
  readonly initrd?: string;
  readonly drive?: readonly string[];
  readonly board?: string;
  readonly systemMap?: string;
  readonly record?: string;
  readonly D?: string;
}

/** Does something to the file of an option; what fails is told with the option's name. */
export function ofOption<T>(option: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    throw new EnvironmentError(`${error.operation} the file of ${option},`, error.path, error.cause);
  }
}

/** The same for the same file, whatever its name; null: no file to be overwritten (a device, a pipe, a folder). */
function identity(file: string): string | null {
  try {
    const status = statSync(file, { bigint: true });
    return status.isFile() ? `${status.dev}:${status.ino}` : null;
  } catch {
    try {
      return join(realpathSync(dirname(file)), basename(file));
    } catch {
      return null;
    }
  }
}

/** Throws an InputError where --record or -D would overwrite another option's file. */
export function refuseSameFile(options: FileOptions): void {
  const { kernel, initrd, drive = [], board, systemMap, record, D } = options;
  const named: [string, string | undefined][] = [
    ['--kernel', kernel],
    ['--initrd', initrd],
    ...drive.map((file): [string, string] => ['--drive', file]),
    ['--board', board],
    ['--system-map', systemMap],
    ['--record', record],
    ['-D', D],
  ];
  const known = new Map<string, string>();
  for (const [option, file] of named) {
    const id = file === undefined ? null : identity(file);
    if (id === null) continue;
    const other = known.get(id);
    if (other !== undefined && (option === '--record' || option === '-D')) {
      inputError('same-file', `${option} would overwrite the file of ${other}`, {
        position: { file: file! },
      });
    }
    known.set(id, option);
  }
}
