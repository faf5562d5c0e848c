// SPDX-License-Identifier: GPL-2.0-only
/** Option values: sizes and addresses are written as the kernel's command line takes them (`64M`, `0x10000000`). */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { FOUR_GiB } from '../base/address.js';
import { EnvironmentError, inputError } from '../base/diagnostics.js';
import type { MemoryBankRequest } from '../lab/job.js';
import { memparse } from '../linux/lib/cmdline.js';

/** Options that do not go together, or one that would be passed over in silence. */
export function usageError(message: string): never {
  return inputError('usage', message);
}

/** One of `choices`; an option that can stand only once, and would hide its first value. */
export function once(option: string, choices: readonly string[]): (value: string, before?: string) => string {
  return (value, before) => {
    if (!choices.includes(value)) {
      throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
    }
    if (before !== undefined)
      throw new InvalidArgumentError(`${option} is given twice: ${before}, ${value}.`);
    return value;
  };
}

/** A number with an optional unit K, M, G or T. Throws commander's error, which names the option. */
function parseNumber(text: string, what: string): number {
  const { value, rest } = memparse(text);
  if (text === '' || rest !== '' || !/^[0-9]/.test(text)) {
    throw new InvalidArgumentError(`${what} '${text}' is not a number like 64M or 0x10000000.`);
  }
  return value;
}

/** An address that a boot loader can use: it runs without long descriptors. */
export function parseAddress(text: string): number {
  const value = parseNumber(text, 'Address');
  if (value >= FOUR_GiB) throw new InvalidArgumentError(`Address ${text} is not below 4 GiB.`);
  return value;
}

/** A size in bytes, at least 1. */
export function parseSize(text: string): number {
  const value = parseNumber(text, 'Size');
  if (value === 0) throw new InvalidArgumentError('A size of 0 holds nothing.');
  return value;
}

/** The parts before and behind one `@`; the second is undefined without one. */
function splitAt(text: string): [string, string | undefined] {
  const [size = '', address, ...more] = text.split('@');
  if (more.length > 0) throw new InvalidArgumentError(`'${text}' has more than one @.`);
  return [size, address];
}

function requirePages(value: number, text: string, what: string): void {
  if (value % 4096 !== 0) throw new InvalidArgumentError(`${what} ${text} is not a multiple of 4096.`);
}

/** `SIZE[@BASE]`, several separated by commas. Only the first may leave out its base. */
export function parseMemory(text: string): MemoryBankRequest[] {
  return text.split(',').map((bank, index) => {
    const [size, base] = splitAt(bank);
    const sizeBytes = parseNumber(size, 'Memory size');
    if (sizeBytes === 0) throw new InvalidArgumentError('A memory size of 0 leaves nothing to boot on.');
    requirePages(sizeBytes, size, 'Memory size');
    if (base === undefined) {
      if (index > 0) throw new InvalidArgumentError(`Bank ${index + 1} needs a base: SIZE@BASE.`);
      return { sizeBytes };
    }
    const address = parseNumber(base, 'Memory base');
    requirePages(address, base, 'Memory base');
    return { sizeBytes, base: address };
  });
}

/** `SIZE@ADDRESS`. */
export function parseInitrd(text: string): { address: number; size: number } {
  const [size, address] = splitAt(text);
  if (address === undefined) throw new InvalidArgumentError('Write SIZE@ADDRESS.');
  return { size: parseNumber(size, 'Initrd size'), address: parseAddress(address) };
}

/** Parses an integer from 1 to `most`. */
export function countUpTo(most: number): (text: string) => number {
  return text => {
    const count = Number(text);
    if (!Number.isInteger(count) || count < 1 || count > most) {
      throw new InvalidArgumentError(`'${text}' is not a count from 1 to ${most}.`);
    }
    return count;
  };
}

/** Threads of work. */
export const parseJobs: (text: string) => number = countUpTo(256);

/** An integer from 0 to 100,000. */
export function parseCalls(text: string): number {
  const count = Number(text);
  if (text === '' || !Number.isInteger(count) || count < 0 || count > 100_000) {
    throw new InvalidArgumentError(`'${text}' is not a count from 0 to 100000.`);
  }
  return count;
}

/** A seed: an integer from 0 to 2^32 - 1. */
export function parseSeed(text: string): number {
  const seed = Number(text);
  if (text === '' || !Number.isInteger(seed) || seed < 0 || seed >= FOUR_GiB) {
    throw new InvalidArgumentError(`'${text}' is not a number from 0 to 2^32 - 1.`);
  }
  return seed;
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
