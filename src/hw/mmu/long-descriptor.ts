// SPDX-License-Identifier: GPL-2.0-only
/**
 * Long descriptors: entries of 64 bits, tables of 512 entries, three levels (1 GiB, 2 MiB, 4 KiB).
 * ARM DDI 0406C, B3.6.1 and B3.6.2 (stage 1).
 *
 *          63 62-61 60 59 | 58-55 | 54 53 52 | 51-40 | 39 ... n | 11 10  9-8 7-6 5  4-2  1 0
 *   table  NS  AP   XN PXN|ignored|          |   0   | base 39:12              ignored   1 1
 *   block                 |  sw   | XN PXN C |   0   | base 39:n  nG AF  SH  AP  NS Attr 0 1
 *   page   (level 3)      |  sw   | XN PXN C |   0   | base 39:12 nG AF  SH  AP  NS Attr 1 1
 *
 * n is 30 at level 1 and 21 at level 2. C is the contiguous hint. AP is AP[2:1].
 * An entry is two 32-bit words here, low first: no JavaScript number holds 64 bits.
 */
import { hex, high32, isAligned, low32 } from '../../base/address.js';
import { invariant } from '../../base/diagnostics.js';

const LEVEL1_BYTES = 0x40000000;
const LEVEL2_BYTES = 0x200000;
const LEVEL3_BYTES = 0x1000;

/** Attributes of a block or page. Absent ones are 0, except `af`, which is 1. `ap` is AP[2:1]. */
export interface LongAttributes {
  readonly attrIndex?: number;
  readonly ap?: number;
  readonly sh?: number;
  readonly af?: number;
  readonly ng?: number;
  readonly contiguous?: number;
  readonly pxn?: number;
  readonly xn?: number;
  /** Bits 58:55, free for software. */
  readonly software?: number;
}

/** A 64-bit entry. */
export interface LongDescriptor {
  readonly low: number;
  readonly high: number;
}

/** What a table entry forces on everything below it: B3.6.2, hierarchical control. `ap` is APTable. */
export interface TableAttributes {
  readonly ap?: number;
  readonly xn?: number;
  readonly pxn?: number;
}

function leaf(paddr: number, size: number, a: LongAttributes, type: number): LongDescriptor {
  invariant(
    isAligned(paddr, size) && paddr < 2 ** 40,
    () => `${hex(paddr)} cannot be mapped with ${hex(size)}`,
  );
  const attributes =
    ((a.ng ?? 0) << 11) |
    ((a.af ?? 1) << 10) |
    ((a.sh ?? 0) << 8) |
    ((a.ap ?? 0) << 6) |
    ((a.attrIndex ?? 0) << 2) |
    type;
  const upper =
    ((a.software ?? 0) << 23) | ((a.xn ?? 0) << 22) | ((a.pxn ?? 0) << 21) | ((a.contiguous ?? 0) << 20);
  return { low: (low32(paddr) | attributes) >>> 0, high: (high32(paddr) | upper) >>> 0 };
}

/** Level 1, 1 GiB. */
export function encodeLongBlock1(paddr: number, attributes: LongAttributes): LongDescriptor {
  return leaf(paddr, LEVEL1_BYTES, attributes, 0b01);
}

/** Level 2, 2 MiB. */
export function encodeLongSection(paddr: number, attributes: LongAttributes): LongDescriptor {
  return leaf(paddr, LEVEL2_BYTES, attributes, 0b01);
}

/** Level 3, 4 KiB. */
export function encodeLongPage(paddr: number, attributes: LongAttributes): LongDescriptor {
  return leaf(paddr, LEVEL3_BYTES, attributes, 0b11);
}

/** Entry of level 1 or 2 that points to a table of the next level. */
export function encodeLongTable(paddr: number, attributes: TableAttributes = {}): LongDescriptor {
  invariant(isAligned(paddr, 4096) && paddr < 2 ** 40, () => `${hex(paddr)} is no table base`);
  const upper = ((attributes.ap ?? 0) << 29) | ((attributes.xn ?? 0) << 28) | ((attributes.pxn ?? 0) << 27);
  return { low: (low32(paddr) | 0b11) >>> 0, high: (high32(paddr) | upper) >>> 0 };
}
