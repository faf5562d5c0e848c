// SPDX-License-Identifier: GPL-2.0-only
/**
 * Address spaces and the arithmetic on them.
 *
 * A physical or bus address has up to 40 bits (LPAE), so JavaScript's bitwise operators, which work on 32
 * bits, must never touch one: use the functions below. A virtual address has 32 bits and is kept unsigned.
 * All ranges in this project are half-open.
 */

declare const space: unique symbol;

/** Physical address, 0 … 2^40. */
export type Paddr = number & { readonly [space]?: 'paddr' };
/** Virtual address, 0 … 2^32 (2^32 only as the end of a range). */
export type Vaddr = number & { readonly [space]?: 'vaddr' };
/** Address as a device puts it on its bus, 0 … 2^64 (imprecise above 2^53, where no ARM32 bus reaches). */
export type DmaAddr = number & { readonly [space]?: 'dmaAddr' };
/** Page frame number: physical address divided by 4096. */
export type Pfn = number & { readonly [space]?: 'pfn' };

/** Half-open range [start, end). */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export const KiB = 1024;
export const MiB: number = 1024 * KiB;
export const GiB: number = 1024 * MiB;
/** First address that needs more than 32 bits. */
export const FOUR_GiB: number = 4 * GiB;

/** `value` rounded down to a multiple of `align` (any positive integer). */
export function alignDown(value: number, align: number): number {
  return value - (value % align);
}

/** `value` rounded up to a multiple of `align` (any positive integer). */
export function alignUp(value: number, align: number): number {
  const rest = value % align;
  return rest === 0 ? value : value + (align - rest);
}

export function isAligned(value: number, align: number): boolean {
  return value % align === 0;
}

/** Smallest power of two that is at least `value`; 1 for 0. Works above 2^32. */
export function roundUpPowerOfTwo(value: number): number {
  let power = 1;
  while (power < value) power *= 2;
  return power;
}

/** Floor of the base-2 logarithm; -1 for 0. Works above 2^32. */
export function ilog2(value: number): number {
  if (value >= 2 ** 32) return 32 + ilog2(Math.floor(value / 2 ** 32));
  return 31 - Math.clz32(value);
}

/** Low 32 bits of a non-negative integer below 2^53, unsigned. */
export function low32(value: number): number {
  return value % 2 ** 32;
}

/** Bits 32 and up of a non-negative integer below 2^53. */
export function high32(value: number): number {
  return Math.floor(value / 2 ** 32);
}

/** `0x` and at least `digits` lower-case hexadecimal digits. */
export function hex(value: number, digits = 1): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

/** A size in the largest binary unit that divides it: `64 KiB`, `1 MiB`, `4097 B`. */
export function formatSize(bytes: number): string {
  if (bytes !== 0) {
    if (bytes % GiB === 0) return `${bytes / GiB} GiB`;
    if (bytes % MiB === 0) return `${bytes / MiB} MiB`;
    if (bytes % KiB === 0) return `${bytes / KiB} KiB`;
  }
  return `${bytes} B`;
}

/** Bytes shared by two half-open ranges. */
export function overlapBytes(a: Range, b: Range): number {
  return Math.max(0, Math.min(a.end, b.end) - Math.max(a.start, b.start));
}
