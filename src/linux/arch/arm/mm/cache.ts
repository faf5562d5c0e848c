// SPDX-License-Identifier: GPL-2.0-only
/**
 * Maintenance of the inner caches. Linux: the functions of struct cpu_cache_fns, arch/arm/include/asm/cacheflush.h
 * and arch/arm/include/asm/glue-cache.h (v6.12). Which core does what is data: `cache-families.ts`. The outer
 * cache: `outercache.ts`. A run of lines is one operation of the machine.
 */
import type { Vaddr } from '../../../../base/address.js';
import { DMA_TO_DEVICE } from '../../../include/linux/dma-mapping.js';
import { PAGE_SIZE } from '../../../include/linux/pfn.js';
import type { Kernel } from '../../../kernel.js';
import type { CacheFamily, DmaFunction, RangeFunction } from './cache-families.js';
import { eachLine, eachLineUnaligned, invalidateLines, type LineOperation } from './cache-lines.js';
import { cacheFamily } from './cache-select.js';

export {
  maintainedOuterCache,
  outer_clean_range,
  outer_flush_range,
  outer_inv_range,
} from './outercache.js';

function lineBytes(k: Kernel, family: CacheFamily): number {
  return family.lineBytes ?? k.machine.facts.core.lineBytes;
}

function operations(k: Kernel): LineOperation {
  return (operation, start, size) => k.machine.innerMaintain(operation, start, size);
}

/** Cortex-A9 on more than one core: maintenance by address may overtake what came before (erratum 764369). */
function beforeRange(k: Kernel): void {
  const concerned = k.cpu.is_smp && k.machine.facts.core.architecture >= 7;
  if (concerned && k.config.isEnabled('ARM_ERRATA_764369')) k.machine.barrier('dsb');
}

/** The instruction caches: of all cores where the core's own operation reaches them. Waits for nothing. */
export function __cpuc_flush_icache_all(k: Kernel): void {
  k.machine.instructionInvalidateAll(k.cpu.is_smp && k.machine.facts.core.multiprocessingExtensions);
}

function after(k: Kernel, { drains, icache }: RangeFunction): void {
  if (icache === true) __cpuc_flush_icache_all(k);
  if (drains) k.machine.barrier('dsb');
  if (icache === 'last') __cpuc_flush_icache_all(k);
}

function range(k: Kernel, vaddr: Vaddr, size: number, what: RangeFunction): void {
  if (what.operation !== null) {
    if (what.whole === true) k.machine.innerMaintainAll(what.operation);
    else {
      beforeRange(k);
      const bytes = lineBytes(k, cacheFamily(k));
      eachLine(what.operation, bytes, vaddr, vaddr + size, true, operations(k));
    }
  }
  after(k, what);
}

function inv_range(k: Kernel, vaddr: Vaddr, size: number): void {
  const family = cacheFamily(k);
  beforeRange(k);
  invalidateLines(family.inv, lineBytes(k, family), vaddr, vaddr + size, operations(k));
  if (family.inv.drains) k.machine.barrier('dsb');
}

function dmaFunction(k: Kernel, what: DmaFunction, vaddr: Vaddr, size: number): void {
  if (what === 'none') return;
  k.kprobe?.(`dma_${what}_range`, vaddr, vaddr + size);
  if (what === 'inv') inv_range(k, vaddr, size);
  else range(k, vaddr, size, cacheFamily(k)[what]);
}

/** Cleans and invalidates [vaddr, vaddr + size) and waits for it. */
export function dmac_flush_range(k: Kernel, vaddr: Vaddr, size: number): void {
  dmaFunction(k, 'flush', vaddr, size);
}

/** The inner caches' part of giving a range to a device, or several. `direction` is one of the three. */
export function dmac_map_area(k: Kernel, vaddr: Vaddr, size: number, direction: number): void {
  dmaFunction(k, cacheFamily(k).map[direction] ?? 'none', vaddr, size);
}

/** The inner caches' part of taking a range back. */
export function dmac_unmap_area(k: Kernel, vaddr: Vaddr, size: number, direction: number): void {
  if (direction !== DMA_TO_DEVICE) dmaFunction(k, cacheFamily(k).unmap, vaddr, size);
}

/** flush_cache_all(): all of this CPU's caches. */
export function __cpuc_flush_kern_all(k: Kernel): void {
  const { all } = cacheFamily(k);
  if (all.operation !== null) k.machine.innerMaintainAll(all.operation);
  after(k, all);
}

/** Gets data that was written through the kernel's mapping to memory, or out of the way of other aliases. */
export function __cpuc_flush_dcache_area(k: Kernel, vaddr: Vaddr, size: number): void {
  const family = cacheFamily(k);
  const { area } = family;
  const bytes = area.bytes ?? size;
  if (area.operation === null || area.whole === true || area.alignsStart) range(k, vaddr, bytes, area);
  else {
    eachLineUnaligned(area.operation, lineBytes(k, family), vaddr, bytes, operations(k));
    after(k, area);
  }
}

/** User addresses of the running process, for caches that index virtually; `exec`: VM_EXEC. */
export function __cpuc_flush_user_range(k: Kernel, start: Vaddr, end: Vaddr, exec: boolean): void {
  const family = cacheFamily(k);
  const { user } = family;
  if (user === null) return;
  const whole = end - start >= user.limit;
  if (whole) k.machine.innerMaintainAll(user.operation);
  else eachLineUnaligned(user.operation, lineBytes(k, family), start, end - start, operations(k));
  if (exec) after(k, { operation: null, ...user.exec });
  else if (whole && user.wholeDrains === true) k.machine.barrier('dsb');
}

/** Linux: arch/arm/include/asm/cacheflush.h, flush_cache_all() (v6.12). Reaches no other CPU. */
export const flush_cache_all: typeof __cpuc_flush_kern_all = __cpuc_flush_kern_all;

/** Linux: flush_kernel_vmap_range(), invalidate_kernel_vmap_range() (v6.12): one and the same. */
export function flush_kernel_vmap_range(k: Kernel, vaddr: Vaddr, size: number): void {
  const { cacheid } = k.cpu;
  if (cacheid === 'VIVT' || cacheid === 'VIPT_ALIASING') __cpuc_flush_dcache_area(k, vaddr, size);
}

export const invalidate_kernel_vmap_range: typeof flush_kernel_vmap_range = flush_kernel_vmap_range;

/** arch_kmap_local_pre_unmap(): a VIVT cache must forget the address of a window. */
export function arch_kmap_local_pre_unmap(k: Kernel, vaddr: Vaddr): void {
  if (k.cpu.cacheid === 'VIVT') __cpuc_flush_dcache_area(k, vaddr, PAGE_SIZE);
}
