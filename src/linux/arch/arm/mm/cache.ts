// SPDX-License-Identifier: GPL-2.0-only
/**
 * Cache maintenance for DMA. Linux: arch/arm/mm/cache-v7.S and its siblings (dma_flush_range,
 * dma_map_area, dma_unmap_area), arch/arm/mm/cache-l2x0.c and its siblings (outer_*_range) (v6.12).
 * A whole range is one operation of the machine, which counts and reports it by lines.
 * Model: the drain of the write buffer of cores before ARMv7 is a `dsb`, which it became.
 */
import { alignDown, alignUp, type Paddr, type Vaddr } from '../../../../base/address.js';
import type { OuterCacheFacts } from '../../../../hw/facts.js';
import { DMA_BIDIRECTIONAL, DMA_FROM_DEVICE, DMA_TO_DEVICE } from '../../../include/linux/dma-mapping.js';
import type { Kernel } from '../../../kernel.js';

/**
 * Has this kernel set up the outer cache? The L2x0 driver needs the machine descriptor to allow it: generic
 * and most machine descriptors do, with a mask that is not 0.
 * Linux: arch/arm/kernel/irq.c, init_IRQ() (v6.12); the other caches have drivers of their own.
 */
function inUse(k: Kernel, outer: OuterCacheFacts): boolean {
  if (!outer.needsMaintenance) return false;
  if (outer.model === 'Tauros2') return k.config.isEnabled('CACHE_TAUROS2');
  if (outer.model === 'Feroceon-L2') return k.config.isEnabled('CACHE_FEROCEON_L2');
  if (outer.model === 'XSC3-L2') return k.config.isEnabled('CACHE_XSC3L2');
  if (outer.model === 'UniPhier') return k.config.isEnabled('CACHE_UNIPHIER');
  const allowed = k.mach.l2c_aux_mask !== 0 || k.mach.l2c_aux_val !== 0;
  return allowed && k.config.isEnabled('CACHE_L2X0');
}

/**
 * The outer cache that software has to maintain; null where there is none.
 * Model: one that no driver of this kernel switches on is off.
 */
export function maintainedOuterCache(k: Kernel): OuterCacheFacts | null {
  const outer = k.machine.facts.outerCache;
  return outer !== null && inUse(k, outer) ? outer : null;
}

/** Cleans and invalidates [vaddr, vaddr + size) in the inner caches and waits for it. */
export function dmac_flush_range(k: Kernel, vaddr: Vaddr, size: number): void {
  k.machine.innerMaintain('clean-invalidate', vaddr, size);
  k.machine.barrier('dsb');
}

/**
 * Cleans and invalidates [paddr, paddr + size) in the outer cache, where there is one, and waits for it.
 * Linux: cache-l2x0.c, aurora_flush_range(): with 'wt-override' no line is ever dirty, and it only invalidates.
 */
export function outer_flush_range(k: Kernel, paddr: Paddr, size: number): void {
  const outer = maintainedOuterCache(k);
  if (outer === null) return;
  k.machine.outerMaintain(outer.writeThrough ? 'invalidate' : 'clean-invalidate', paddr, size);
  k.machine.barrier('outer-sync');
}

/** Cleans a range in the outer cache and waits for it. A write-through one has nothing to clean. */
export function outer_clean_range(k: Kernel, paddr: Paddr, size: number): void {
  const outer = maintainedOuterCache(k);
  if (outer === null || outer.writeThrough) return;
  k.machine.outerMaintain('clean', paddr, size);
  k.machine.barrier('outer-sync');
}

/**
 * Invalidates a range in the outer cache. Lines that it covers in part are cleaned as well, except by Aurora,
 * which rounds the range outwards and loses what else those lines held.
 */
export function outer_inv_range(k: Kernel, paddr: Paddr, size: number): void {
  const outer = maintainedOuterCache(k);
  if (outer === null) return;
  if (outer.model === 'Aurora') {
    k.machine.outerMaintain('invalidate', paddr, size);
  } else {
    const operate = (operation: 'invalidate' | 'clean-invalidate', start: number, bytes: number) =>
      k.machine.outerMaintain(operation, start, bytes);
    invalidateKeepingEdges(paddr, size, outer.lineBytes, operate);
  }
  k.machine.barrier('outer-sync');
}

/** Whole lines are invalidated; a first or last line of which only a part belongs to the range is cleaned, too. */
function invalidateKeepingEdges(
  start: number,
  size: number,
  lineBytes: number,
  operate: (operation: 'invalidate' | 'clean-invalidate', start: number, size: number) => void,
): void {
  const end = start + size;
  const wholeStart = alignUp(start, lineBytes);
  const wholeEnd = alignDown(end, lineBytes);
  if (wholeStart > wholeEnd) {
    operate('clean-invalidate', start, size);
    return;
  }
  if (start < wholeStart) operate('clean-invalidate', start, wholeStart - start);
  if (wholeEnd < end) operate('clean-invalidate', wholeEnd, end - wholeEnd);
  if (wholeStart < wholeEnd) operate('invalidate', wholeStart, wholeEnd - wholeStart);
}

/** Cores before ARMv6 assume that nothing fills a cache while a device owns the memory. */
function trustsNoSpeculation(k: Kernel): boolean {
  return k.machine.facts.core.architecture < 6;
}

/**
 * The inner caches' part of giving a range to a device. Linux: arch/arm/mm/cache-v7.S, v7_dma_map_area(), and
 * its siblings (v6.12).
 * Model: every core before ARMv6 is treated as the ARM926 with a write-back cache is.
 */
export function dmac_map_area(k: Kernel, vaddr: Vaddr, size: number, direction: number): void {
  if (direction === DMA_FROM_DEVICE) {
    inv_range(k, vaddr, size);
  } else {
    const flush = direction === DMA_BIDIRECTIONAL && trustsNoSpeculation(k);
    k.machine.innerMaintain(flush ? 'clean-invalidate' : 'clean', vaddr, size);
    k.machine.barrier('dsb');
  }
}

/** The inner caches' part of taking a range back. Linux: v7_dma_unmap_area() and its siblings (v6.12). */
export function dmac_unmap_area(k: Kernel, vaddr: Vaddr, size: number, direction: number): void {
  if (direction !== DMA_TO_DEVICE && !trustsNoSpeculation(k)) inv_range(k, vaddr, size);
}

function inv_range(k: Kernel, vaddr: Vaddr, size: number): void {
  invalidateKeepingEdges(vaddr, size, k.machine.facts.core.lineBytes, (operation, start, bytes) =>
    k.machine.innerMaintain(operation, start, bytes),
  );
  k.machine.barrier('dsb');
}
