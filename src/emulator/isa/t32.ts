// SPDX-License-Identifier: GPL-2.0-only
/** Every encoding of the T32 instruction set, by width. */
import type { Encoding } from './encoding.js';
import { neonT32 } from './neon.js';
import { vfpT32 } from './vfp.js';

export const t16Encodings: readonly Encoding[] = [];
export const t32Encodings: readonly Encoding[] = [...vfpT32, ...neonT32];
