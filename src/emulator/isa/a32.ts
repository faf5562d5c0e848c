// SPDX-License-Identifier: GPL-2.0-only
/**
 * Every encoding of the A32 instruction set. Integer instructions come in the groups of chapter A5, in the order of
 * A8.8 in each. What no row matches is UNDEFINED: LDC, STC and CDP of coprocessors that do not exist among them.
 */
import { controlA32 } from './a32-control.js';
import { dataA32 } from './a32-data.js';
import { mediaA32 } from './a32-media.js';
import { memoryA32 } from './a32-memory.js';
import type { Encoding } from './encoding.js';
import { neonA32 } from './neon.js';
import { vfpA32 } from './vfp.js';

export const a32Encodings: readonly Encoding[] = [
  ...dataA32,
  ...mediaA32,
  ...memoryA32,
  ...controlA32,
  ...vfpA32,
  ...neonA32,
];
