// SPDX-License-Identifier: GPL-2.0-only
/** Linux: include/linux/mm_types.h (v6.12). */
import type { Kernel } from '../../kernel.js';

/** sizeof(struct page) on 32-bit: eight words, and memcg_data with CONFIG_MEMCG. */
export function structPageBytes(k: Kernel): number {
  return k.config.isEnabled('MEMCG') ? 36 : 32;
}
