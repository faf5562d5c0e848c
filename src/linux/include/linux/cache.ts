// SPDX-License-Identifier: GPL-2.0-only
/** Linux: include/linux/cache.h, arch/arm/include/asm/cache.h (v6.12). */
import type { Kernel } from '../../kernel.js';

/** What the kernel takes for a cache line. Linux: arch/arm/mm/Kconfig, ARM_L1_CACHE_SHIFT. */
export function SMP_CACHE_BYTES(k: Kernel): number {
  return 2 ** (k.config.number('ARM_L1_CACHE_SHIFT') ?? (k.config.isEnabled('CPU_V7') ? 6 : 5));
}
