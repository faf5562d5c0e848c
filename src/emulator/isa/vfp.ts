// SPDX-License-Identifier: GPL-2.0-only
/**
 * Encodings of the VFP instructions, for both instruction sets.
 * Model: CPACR.D32DIS, which takes registers d16 to d31 away, is not looked at; all cores have them.
 * In `syntax`, {Sd} and {Dd} are the destination as a single or a doubleword register, and so for n and m.
 */
import type { Encoding } from './encoding.js';
import { inA32, inT32 } from './vector-rows.js';
import { vfpDataRows } from './vfp-data.js';
import { vfpMoveRows } from './vfp-move.js';

const rows = [...vfpDataRows, ...vfpMoveRows];

export const vfpA32: readonly Encoding[] = inA32(rows);
export const vfpT32: readonly Encoding[] = inT32(rows);
