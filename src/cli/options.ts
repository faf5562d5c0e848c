// SPDX-License-Identifier: GPL-2.0-only
/** Option values: sizes and addresses are written as the kernel's command line takes them (`64M`, `0x10000000`). */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { FOUR_GiB } from '../base/address.js';
import { EnvironmentError, inputError } from '../base/diagnostics.js';
import type { MemoryBankRequest } from '../lab/job.js';
import { memparse } from '../linux/lib/cmdline.js';

/** A number with an optional unit K, M, G or T. Throws commander's error, which names the option. */
function parseNumber(text: string, what: string): number {
  const { value, rest } = memparse(text);
  if (text === '' || rest !== '' || !/^[0-9]/.test(text)) {
    throw new InvalidArgumentError(`${what} '${text}' is not a number like 64M or 0x10000000.`);
  }
  return value;
}

export function parseAddress(text: string): number {
  return parseNumber(text, 'Address');
}

/** `SIZE[@BASE]`, several separated by commas. Only the first may leave out its base. */
export function parseMemory(text: string): MemoryBankRequest[] {
  return text.split(',').map((bank, index) => {
    const [size = '', base] = bank.split('@', 2);
    const sizeBytes = parseNumber(size, 'Memory size');
    if (sizeBytes === 0) throw new InvalidArgumentError('A memory size of 0 leaves nothing to boot on.');
    if (sizeBytes % 4096 !== 0)
      throw new InvalidArgumentError(`Memory size ${size} is not a multiple of 4096.`);
    if (base === undefined) {
      if (index > 0) throw new InvalidArgumentError(`Bank ${index + 1} needs a base: SIZE@BASE.`);
      return { sizeBytes };
    }
    return { sizeBytes, base: parseNumber(base, 'Memory base') };
  });
}

/** `SIZE@ADDRESS`. */
export function parseInitrd(text: string): { address: number; size: number } {
  const [size = '', address] = text.split('@', 2);
  if (address === undefined) throw new InvalidArgumentError('Write SIZE@ADDRESS.');
  const value = parseNumber(address, 'Initrd address');
  if (value >= FOUR_GiB) throw new InvalidArgumentError(`Initrd address ${address} is above 4 GiB.`);
  return { size: parseNumber(size, 'Initrd size'), address: value };
}

/** An integer from 1 to 256. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 256) {
    throw new InvalidArgumentError(`'${text}' is not a count from 1 to 256.`);
  }
  return count;
}

/** Trees that a path stands for: a file itself, or every `.dtb` below a folder, sorted. */
export function findTrees(path: string): { readonly trees: string[]; readonly isFolder: boolean } {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (error) {
    throw new EnvironmentError('read', path, error);
  }
  if (!isFolder) return { trees: [path], isFolder };
  const trees = readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.dtb'))
    .sort()
    .map(name => join(path, name));
  if (trees.length === 0) inputError('no-trees', 'no .dtb below this folder', { position: { file: path } });
  return { trees, isFolder };
}
