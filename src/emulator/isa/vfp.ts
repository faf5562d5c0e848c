// SPDX-License-Identifier: GPL-2.0-only
/** Encodings of the VFP instructions, for both instruction sets. */
import type { Encoding } from './encoding.js';

export const vfpA32: readonly Encoding[] = [];
export const vfpT32: readonly Encoding[] = [];
