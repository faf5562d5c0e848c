// SPDX-License-Identifier: GPL-2.0-only
/**
 * Constants of the flattened device tree (.dtb), Devicetree Specification v0.4, chapter 5. All numbers in
 * the file are big-endian. Layout of a file:
 *
 *     header | memory reservations | structure block (tokens) | strings block (property names) | padding
 */

export const FDT_MAGIC = 0xd00dfeed;
/** Bytes of the header since version 17, and of version 16, which has no size_dt_struct. */
export const HEADER_BYTES = 40;
export const HEADER_BYTES_V16 = 36;
/** Byte offsets of the header's fields. */
export const HEADER = {
  magic: 0,
  totalsize: 4,
  off_dt_struct: 8,
  off_dt_strings: 12,
  off_mem_rsvmap: 16,
  version: 20,
  last_comp_version: 24,
  boot_cpuid_phys: 28,
  size_dt_strings: 32,
  size_dt_struct: 36,
} as const;

export const FDT_BEGIN_NODE = 1;
export const FDT_END_NODE = 2;
export const FDT_PROP = 3;
export const FDT_NOP = 4;
export const FDT_END = 9;

/** Address and size, 64 bits each. */
export const RESERVATION_BYTES = 16;
