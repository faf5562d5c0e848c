// SPDX-License-Identifier: GPL-2.0-only
/** Encodings of the Advanced SIMD instructions, for both instruction sets. */
import type { Encoding } from './encoding.js';

export const neonA32: readonly Encoding[] = [];
export const neonT32: readonly Encoding[] = [];
