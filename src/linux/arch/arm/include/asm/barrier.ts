// SPDX-License-Identifier: GPL-2.0-only
/**
 * Barriers between CPU and devices. Linux: arch/arm/include/asm/barrier.h; arch/arm/mm/flush.c, arm_heavy_mb()
 * (v6.12). A kernel for one core before ARMv6 has none: its coherent memory is neither cached nor buffered.
 * Left out: smp_mb() and its siblings, which order CPUs; soc_mb(), with which OMAP4 and i.MX6 add barriers of
 * their interconnects. Model: a barrier for stores only is one for everything.
 */
import type { Kernel } from '../../../../kernel.js';
import { outer_sync } from '../../mm/outercache.js';

/** ARM_DMA_MEM_BUFFERABLE or SMP: barriers are instructions. */
function isNeeded(k: Kernel): boolean {
  return k.config.isEnabled('ARM_DMA_MEM_BUFFERABLE') || k.config.isEnabled('SMP');
}

/** dmb() is empty on kernels built for cores before ARMv6 (XScale3, which has one, aside). */
function hasDmb(k: Kernel): boolean {
  return k.machine.facts.core.architecture >= 6 || k.config.isEnabled('CPU_XSC3');
}

function heavy(k: Kernel): void {
  if (!isNeeded(k)) return;
  k.machine.barrier('dsb');
  // OUTER_CACHE_SYNC, which the drivers of the caches with such a function select.
  outer_sync(k);
}

/** All accesses before it are done, as every device sees it. */
export function mb(k: Kernel): void {
  heavy(k);
}

export function rmb(k: Kernel): void {
  if (isNeeded(k)) k.machine.barrier('dsb');
}

/** All stores before it are done. */
export function wmb(k: Kernel): void {
  heavy(k);
}

/** Order only, and only in coherent memory. */
export function dma_rmb(k: Kernel): void {
  if (isNeeded(k) && hasDmb(k)) k.machine.barrier('dmb');
}

export function dma_wmb(k: Kernel): void {
  if (isNeeded(k) && hasDmb(k)) k.machine.barrier('dmb');
}
