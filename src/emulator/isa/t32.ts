// SPDX-License-Identifier: GPL-2.0-only
/** Every encoding of the T32 instruction set, by width. */
import type { Encoding } from './encoding.js';
import { neonT32 } from './neon.js';
import { t16Table } from './t16.js';
import { controlT32 } from './t32-control.js';
import { dataT32 } from './t32-data.js';
import { memoryT32 } from './t32-memory.js';
import { vfpT32 } from './vfp.js';

export const t16Encodings: readonly Encoding[] = t16Table;
export const t32Encodings: readonly Encoding[] = [
  ...dataT32,
  ...memoryT32,
  ...controlT32,
  ...vfpT32,
  ...neonT32,
];
