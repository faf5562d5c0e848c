// SPDX-License-Identifier: GPL-2.0-only
/**
 * Widths of the kernel's own integer types, where a value that does not fit changes what happens.
 * Linux: include/linux/types.h; lib/vsprintf.c, address_val() for the printed form (v6.12).
 */
import { hex, low32 } from '../../../base/address.js';
import type { Kernel } from '../../kernel.js';

/** All ones of a 32-bit phys_addr_t. */
export const U32_MAX = 0xffffffff;

/**
 * A number as `phys_addr_t` keeps it: the low 32 bits without LPAE.
 * Model: with LPAE 53 bits are kept instead of 64.
 */
export function phys_addr_t(k: Kernel, value: number): number {
  return k.config.phys64 ? value : low32(value);
}

/** What `%pa` prints: all hexadecimal digits of the type. */
export function pa(k: Kernel, value: number): string {
  return hex(value, k.config.phys64 ? 16 : 8);
}
