// SPDX-License-Identifier: GPL-2.0-only
/**
 * Device trees from files, binary or source, told apart by content: a .dtb begins with its magic number,
 * whatever the file is called. Also the one module to import the whole reader and writer from.
 */
import { readFileSync } from 'node:fs';
import { EnvironmentError, inputError } from '../base/diagnostics.js';
import { readU32 } from './bytes.js';
import { FDT_MAGIC } from './dtb-format.js';
import { parseDtb } from './dtb-read.js';
import { parseDts } from './dts-parse.js';
import type { DeviceTree } from './tree.js';

export { parseDtb } from './dtb-read.js';
export { writeDtb } from './dtb-write.js';
export { parseDts } from './dts-parse.js';
export { printDts } from './dts-print.js';

/** The tree in a file. Throws EnvironmentError where it cannot be read, InputError where it is wrong. */
export function loadDeviceTree(path: string): DeviceTree {
  const bytes = readFile(path);
  if (bytes.length >= 4 && readU32(bytes, 0) === FDT_MAGIC) return parseDtb(bytes, path);
  if (bytes.includes(0)) {
    const message = 'neither a flattened device tree (it would begin with d0 0d fe ed) nor source text';
    inputError('not-a-device-tree', message, { position: { file: path, offset: 0 } });
  }
  return parseDts(bytes.toString('utf8'), path, name => readFile(name).toString('utf8'), readFile);
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new EnvironmentError('read', path, cause);
  }
}
