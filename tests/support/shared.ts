// SPDX-License-Identifier: GPL-2.0-only
/**
 * Finds material that stands outside the repository: recordings of real kernels, real device trees and
 * the trees of a Debian kernel package. Tests that need them skip, with a reason, where they are absent.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root: the nearest folder above this file that holds `package.json`. */
export const repositoryRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('no package.json above this file');
  return findRoot(parent);
}

/**
 * Path of `name` in the folder of shared material, or undefined where it is absent. The folder is
 * `$ARMORY_SHARED`, or `shared` beside the checkout.
 */
export function sharedPath(name: string): string | undefined {
  const folder = process.env['ARMORY_SHARED'] ?? resolve(repositoryRoot, '..', 'shared');
  const path = join(folder, name);
  return existsSync(path) ? path : undefined;
}

/** Why a test that needs `name` of the shared material is skipped; false where it can run. */
export function skipWithout(name: string): string | false {
  return sharedPath(name) === undefined
    ? `needs ${name} of the shared recordings (set ARMORY_SHARED)`
    : false;
}
