// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a table walk found. One object is made by the caller and filled again by each walk, so that a
 * walk allocates nothing. Fields that a format lacks are 0.
 */
import { type MemoryType, STRONGLY_ORDERED } from './memory-type.js';

/**
 * `section` is 1 MiB with short descriptors and 2 MiB with long ones (the architecture calls the latter
 * a level 2 block; kernel developers say section). `block` is the 1 GiB level 1 block.
 */
export type MappingKind = 'section' | 'supersection' | 'largepage' | 'page' | 'block';

export class Translation {
  kind: MappingKind = 'page';
  /** Where the walked address leads, offset included. */
  paddr = 0;
  /** Bytes that the entry maps; the mapping starts at `paddr` rounded down to it. */
  size = 0;
  /** Table format without subpages: XN and APX exist. False for ARMv4/v5 tables. */
  extended = true;
  tex = 0;
  c = 0;
  b = 0;
  /** Short: S. Long: 1 if SH is not 0. */
  s = 0;
  /** Long descriptors only: AttrIndx and SH. */
  attrIndex = 0;
  sh = 0;
  af = 0;
  contiguous = 0;
  ng = 0;
  xn = 0;
  pxn = 0;
  /** Extended: AP[2:0]. ARMv4/v5: the raw field, four times two bits for a page. */
  apBits = 0;
  /** Privileged access, slash, user access: `rw/-`, `ro/ro`. ARMv4/v5: `APbits=55`. */
  ap = '';
  domain = 0;
  /** Meaningless until the first walk. */
  memoryType: MemoryType = STRONGLY_ORDERED;
  /** Level of the first entry that was read. */
  firstLevel = 1;
  /** Entries that were read. */
  levels = 0;
  /** Physical addresses of them. */
  readonly entryPaddrs: Float64Array = new Float64Array(3);
  /** Raw entries, low and high word of each level: index 2 * (depth - 1), plus 1 for the high word. */
  readonly descriptors: Uint32Array = new Uint32Array(6);

  /** Physical address of the entry that maps, that is the last one that was read. */
  get entryPaddr(): number {
    return this.entryPaddrs[this.levels - 1]!;
  }

  /** Low word of the first entry that was read. */
  get descriptor1(): number {
    return this.descriptors[0]!;
  }

  /** Low word of the second entry that was read; 0 if there was none. */
  get descriptor2(): number {
    return this.levels >= 2 ? this.descriptors[2]! : 0;
  }
}

/** AP[2:0], or AP[2:1] with the access flag in AP[0]: DDI 0406C, B3.7.1. */
export const AP_TEXT: readonly string[] = [
  '-/-',
  'rw/-',
  'rw/ro',
  'rw/rw',
  'reserved',
  'ro/-',
  'ro/ro',
  'ro/ro',
];

/** ARMv4/v5 permission fields depend on SCTLR.S and R, so only the bits are told. */
export const AP_LEGACY_SECTION: readonly string[] = ['APbits=0', 'APbits=1', 'APbits=2', 'APbits=3'];
export const AP_LEGACY_PAGE: readonly string[] = Array.from(
  { length: 256 },
  (_, bits) => `APbits=${bits.toString(16).padStart(2, '0')}`,
);
