// SPDX-License-Identifier: GPL-2.0-only
/** Encodings of the Advanced SIMD instructions, for both instruction sets: ARM DDI 0406C, A7.4 and A7.7. */
import type { Encoding } from './encoding.js';
import { neonDifferentRows, neonScalarRows } from './neon-different.js';
import { neonElementRows } from './neon-elements.js';
import { neonMiscRows, neonPermuteRows } from './neon-misc.js';
import { neonSameRows } from './neon-same.js';
import { neonImmediateRows, neonShiftRows } from './neon-shift.js';
import { inA32, inT32 } from './vector-rows.js';

const rows = [
  ...neonSameRows,
  ...neonImmediateRows,
  ...neonShiftRows,
  ...neonDifferentRows,
  ...neonScalarRows,
  ...neonPermuteRows,
  ...neonMiscRows,
  ...neonElementRows,
];

export const neonA32: readonly Encoding[] = inA32(rows);
export const neonT32: readonly Encoding[] = inT32(rows);
