// SPDX-License-Identifier: GPL-2.0-only
/**
 * Short descriptors: entries of 32 bits, a first-level table of 4096 entries (1 MiB each) and
 * second-level tables of 256 entries (4 KiB each). ARM DDI 0406C, B3.5.1; the
 * ARMv4/v5 format with subpage permissions is in ARM DDI 0100I, chapter B4.
 *
 * First level, extended format (ARMv6 with XP, ARMv7):
 *
 *            31     24 23  20 19 18 17 16 15  14-12 11-10 9  8-5     4  3  2  1 0
 *   table    |  table base 31:10               |          |  domain |0 |NS|PX|0 1|
 *   section  | base 31:20  |NS| 0|nG| S|A2| TEX |AP10|  |  domain |XN| C| B|1 PX|
 *   super    |base 31:24|PA|NS| 1|nG| S|A2| TEX |AP10|  |PA 39:36 |XN| C| B|1 PX|
 *                       35:32
 * Second level:
 *            31      16 15 14-12 11 10  9  8-6   5-4   3  2  1  0
 *   large    |base 31:16|XN| TEX |nG| S|A2|  0  |AP10| C| B| 0  1|
 *   small    |   base 31:12      |nG| S|A2| TEX |AP10| C| B| 1 XN|
 *
 * ARMv4/v5: sections without bits 15-19 (TEX on XScale; bit 4 is 1), pages with four AP pairs:
 *   large    |base 31:16|        |AP3|AP2|AP1|AP0 (11-4)| C| B| 0  1|
 *   small    |   base 31:12      |AP3|AP2|AP1|AP0 (11-4)| C| B| 1  0|
 *   extended |   base 31:12      |     | TEX (8-6) |AP (5-4)| C| B| 1  1|   (XScale, ARMv6 without XP)
 *
 * Encoders are the exact inverse of what the walker decodes.
 */
import { hex, high32, isAligned, low32 } from '../../base/address.js';
import { invariant } from '../../base/diagnostics.js';

const SECTION_BYTES = 0x100000;
const SUPERSECTION_BYTES = 0x1000000;
const LARGE_PAGE_BYTES = 0x10000;
const SMALL_PAGE_BYTES = 0x1000;
/** Bytes of a second-level table. */
const SECOND_LEVEL_BYTES = 0x400;

/** Attributes of an entry. Absent ones are 0. `ap` is AP[2:0]; the two sizes of legacy AP see below. */
export interface ShortAttributes {
  readonly tex?: number;
  readonly c?: number;
  readonly b?: number;
  readonly s?: number;
  readonly ng?: number;
  readonly xn?: number;
  readonly pxn?: number;
  readonly ap?: number;
  readonly domain?: number;
}

function base(paddr: number, size: number): number {
  invariant(
    isAligned(paddr, size) && paddr < 2 ** 32,
    () => `${hex(paddr)} cannot be mapped with ${hex(size)}`,
  );
  return low32(paddr);
}

/** Bits that sections and supersections share, without the base. */
function sectionBits(a: ShortAttributes): number {
  const ap = a.ap ?? 0;
  return (
    ((a.ng ?? 0) << 17) |
    ((a.s ?? 0) << 16) |
    ((ap >> 2) << 15) |
    ((a.tex ?? 0) << 12) |
    ((ap & 3) << 10) |
    ((a.xn ?? 0) << 4) |
    ((a.c ?? 0) << 3) |
    ((a.b ?? 0) << 2) |
    0b10 |
    (a.pxn ?? 0)
  );
}

export function encodeSection(paddr: number, a: ShortAttributes): number {
  return (base(paddr, SECTION_BYTES) | sectionBits(a) | ((a.domain ?? 0) << 5)) >>> 0;
}

/** 16 equal entries in a row map 16 MiB. `paddr` may have 40 bits. */
export function encodeSupersection(paddr: number, a: ShortAttributes): number {
  invariant(
    isAligned(paddr, SUPERSECTION_BYTES) && paddr < 2 ** 40,
    () => `${hex(paddr)} is no supersection`,
  );
  const upper = high32(paddr);
  return (low32(paddr) | ((upper & 0xf) << 20) | ((upper >> 4) << 5) | (1 << 18) | sectionBits(a)) >>> 0;
}

/** First-level entry that points to a second-level table. `bit4` is 1 on ARMv4/v5. */
export function encodeTable(paddr: number, domain: number, pxn = 0, bit4 = 0): number {
  return (base(paddr, SECOND_LEVEL_BYTES) | (domain << 5) | (bit4 << 4) | (pxn << 2) | 0b01) >>> 0;
}

export function encodeSmallPage(paddr: number, a: ShortAttributes): number {
  return (base(paddr, SMALL_PAGE_BYTES) | pageBits(a) | ((a.tex ?? 0) << 6) | 0b10 | (a.xn ?? 0)) >>> 0;
}

/** 16 equal entries in a row map 64 KiB. */
export function encodeLargePage(paddr: number, a: ShortAttributes): number {
  const upper = ((a.xn ?? 0) << 15) | ((a.tex ?? 0) << 12);
  return (base(paddr, LARGE_PAGE_BYTES) | upper | pageBits(a) | 0b01) >>> 0;
}

function pageBits(a: ShortAttributes): number {
  const ap = a.ap ?? 0;
  return (
    ((a.ng ?? 0) << 11) |
    ((a.s ?? 0) << 10) |
    ((ap >> 2) << 9) |
    ((ap & 3) << 4) |
    ((a.c ?? 0) << 3) |
    ((a.b ?? 0) << 2)
  );
}

/** ARMv4/v5 section. `ap` has two bits. */
export function encodeLegacySection(paddr: number, a: ShortAttributes): number {
  const bits = ((a.tex ?? 0) << 12) | ((a.ap ?? 0) << 10) | ((a.domain ?? 0) << 5) | (1 << 4);
  return (base(paddr, SECTION_BYTES) | bits | ((a.c ?? 0) << 3) | ((a.b ?? 0) << 2) | 0b10) >>> 0;
}

/** ARMv4/v5 small page. `ap` has eight bits, two for each 1 KiB subpage. */
export function encodeLegacySmallPage(paddr: number, a: ShortAttributes): number {
  return (base(paddr, SMALL_PAGE_BYTES) | legacyPageBits(a) | 0b10) >>> 0;
}

/** ARMv4/v5 large page. `ap` has eight bits, two for each 16 KiB subpage. */
export function encodeLegacyLargePage(paddr: number, a: ShortAttributes): number {
  return (base(paddr, LARGE_PAGE_BYTES) | legacyPageBits(a) | 0b01) >>> 0;
}

/** Extended small page of XScale and of ARMv6 without XP. `ap` has two bits. */
export function encodeLegacyExtendedPage(paddr: number, a: ShortAttributes): number {
  return (base(paddr, SMALL_PAGE_BYTES) | ((a.tex ?? 0) << 6) | legacyPageBits(a) | 0b11) >>> 0;
}

function legacyPageBits(a: ShortAttributes): number {
  return ((a.ap ?? 0) << 4) | ((a.c ?? 0) << 3) | ((a.b ?? 0) << 2);
}
