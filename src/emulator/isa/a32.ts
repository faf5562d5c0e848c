// SPDX-License-Identifier: GPL-2.0-only
/** Every encoding of the A32 instruction set. */
import type { Encoding } from './encoding.js';
import { neonA32 } from './neon.js';
import { vfpA32 } from './vfp.js';

export const a32Encodings: readonly Encoding[] = [...vfpA32, ...neonA32];
