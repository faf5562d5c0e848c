// SPDX-License-Identifier: GPL-2.0-only
/** Pages and frame numbers. Linux: include/linux/pfn.h, include/asm-generic/getorder.h (v6.12). */
import { alignUp, type Paddr, type Pfn } from '../../../base/address.js';

export const PAGE_SHIFT = 12;
export const PAGE_SIZE = 4096;

export function PAGE_ALIGN(size: number): number {
  return alignUp(size, PAGE_SIZE);
}

export function PFN_DOWN(paddr: Paddr): Pfn {
  return Math.floor(paddr / PAGE_SIZE);
}

export function PFN_UP(paddr: Paddr): Pfn {
  return Math.ceil(paddr / PAGE_SIZE);
}

export function PFN_PHYS(pfn: Pfn): Paddr {
  return pfn * PAGE_SIZE;
}

/** Smallest n with 2^n pages holding `size` bytes; `size` is at least 1. */
export function get_order(size: number): number {
  let order = 0;
  while (PAGE_SIZE * 2 ** order < size) order++;
  return order;
}
