// SPDX-License-Identifier: GPL-2.0-only
/** The decoders of both instruction sets, made from the tables. */
import { a32Encodings } from './a32.js';
import { Decoder } from './decoder.js';
import { t16Encodings, t32Encodings } from './t32.js';

/** A32: bits 27:20 and 7:4, where the manual's tables of chapter A5 decide. */
export const a32: Decoder = new Decoder(a32Encodings, [4, 5, 6, 7, 20, 21, 22, 23, 24, 25, 26, 27]);
/** T32, 16 bits. */
export const t16: Decoder = new Decoder(t16Encodings, [6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
/** T32, 32 bits: the first halfword without Rn, and two bits of the second. */
export const t32: Decoder = new Decoder(t32Encodings, [6, 7, 15, 20, 21, 22, 23, 24, 25, 26, 27, 28]);
