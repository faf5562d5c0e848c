// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a preset is: a kernel config that Armory brings along, as facts with their source. The presets stand
 * in `presets/`, one file each; `presets.ts` lists them.
 */
import type { KconfigValue, KernelImage, KernelVersion } from './config.js';

export interface Preset {
  /** As given on the command line. */
  readonly name: string;
  /** One line for lists. */
  readonly title: string;
  /** Where the values come from: kernel release or package, and config. */
  readonly source: string;
  readonly version: KernelVersion;
  /** Without `CONFIG_`. Symbols that the config's kernel does not have are left out. */
  readonly symbols: Readonly<Record<string, KconfigValue>>;
  readonly image: KernelImage;
}

/** Symbols that are `y`, from their names with spaces between. */
export function builtIn(names: string): Record<string, true> {
  return Object.fromEntries(
    names
      .trim()
      .split(/\s+/)
      .map(name => [name, true]),
  );
}
