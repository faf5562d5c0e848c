// SPDX-License-Identifier: GPL-2.0-only
/**
 * The outer cache, by physical address. Linux: arch/arm/include/asm/outercache.h with the drivers cache-l2x0.c,
 * cache-feroceon-l2.c, cache-tauros2.c, cache-xsc3l2.c and cache-uniphier.c of arch/arm/mm (v6.12), as data.
 * Without an outer cache that this kernel drives, nothing happens here, not even a barrier.
 * Addresses have 32 bits in these drivers: what lies above is cut off, with LPAE as well.
 * Model: a cache that no driver of this kernel switches on is off. PL310 has no erratum (the tree does not tell
 * its revision). Feroceon and XSC3, which clean and then invalidate, do both at once.
 */
import { low32, type Paddr } from '../../../../base/address.js';
import type { OuterCacheFacts } from '../../../../hw/facts.js';
import type { Kernel } from '../../../kernel.js';
import { eachLine, type Invalidation, invalidateLines, type LineOperation } from './cache-lines.js';

/** How operations are waited for: a controller's sync register, or a DSB where CP15 drives the cache. */
type Completion = 'sync' | 'dsb';

interface OuterDriver {
  readonly inv: Invalidation;
  readonly completion: Completion;
  /** Empty ranges are not even waited for. */
  readonly ignoresEmpty: boolean;
  /** outer_cache.sync() exists, for mb(). */
  readonly hasSync: boolean;
  /** Ranges as large as the cache are cleaned and flushed by way. */
  readonly wholeWhenLarge: 'clean-and-flush' | 'flush' | 'never';
}

const KEEP_EDGES: Invalidation = {
  first: 'clean-invalidate',
  last: 'clean-invalidate',
  skipsFirst: true,
  skipsLast: true,
  atLeastOne: false,
};
/** Rounds outwards: what else the first and last lines held is lost. */
const LOSE_EDGES: Invalidation = {
  ...KEEP_EDGES,
  first: null,
  last: null,
  skipsFirst: false,
  skipsLast: false,
};

const L2C210: OuterDriver = {
  inv: KEEP_EDGES,
  completion: 'sync',
  ignoresEmpty: false,
  hasSync: true,
  wholeWhenLarge: 'never',
};
const CP15: OuterDriver = { ...L2C210, completion: 'dsb', hasSync: false };

const DRIVERS: { readonly [model in OuterCacheFacts['model']]: OuterDriver } = {
  PL310: L2C210,
  L210: L2C210,
  L220: { ...L2C210, wholeWhenLarge: 'clean-and-flush' },
  Aurora: { ...L2C210, inv: LOSE_EDGES, ignoresEmpty: true },
  Tauros2: CP15,
  Tauros3: { ...L2C210, hasSync: false },
  'Feroceon-L2': { ...CP15, inv: { ...KEEP_EDGES, lastIfLeft: true } },
  'XSC3-L2': { ...CP15, inv: { ...KEEP_EDGES, lastIfLeft: true } },
  UniPhier: { ...L2C210, inv: LOSE_EDGES },
};

/** BCM281xx: a PL310 behind a driver of its own (bcm_flush_range() and its siblings). */
const BCM: OuterDriver = { ...L2C210, ignoresEmpty: true, wholeWhenLarge: 'flush' };

function driverOf(outer: OuterCacheFacts): OuterDriver {
  return outer.compatible.includes('bcm11351') ? BCM : DRIVERS[outer.model];
}

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

/** The outer cache that software has to maintain; null where there is none. */
export function maintainedOuterCache(k: Kernel): OuterCacheFacts | null {
  const outer = k.machine.facts.outerCache;
  return outer !== null && inUse(k, outer) ? outer : null;
}

/** Never dirty: Aurora with 'wt-override', Feroceon by configuration. */
function writesThrough(k: Kernel, outer: OuterCacheFacts): boolean {
  if (outer.model === 'Feroceon-L2') return k.config.isEnabled('CACHE_FEROCEON_L2_WRITETHROUGH');
  return outer.writeThrough;
}

function operations(k: Kernel): LineOperation {
  return (operation, start, size) => k.machine.outerMaintain(operation, start, size);
}

/** A DSB reaches the caches that CP15 drives, and so is their sync. */
function complete(k: Kernel, { completion }: OuterDriver): void {
  if (completion === 'dsb') k.machine.barrier('dsb');
  k.machine.barrier('outer-sync');
}

function cleanOrFlush(k: Kernel, operation: 'clean' | 'clean-invalidate', paddr: Paddr, size: number): void {
  const outer = maintainedOuterCache(k);
  if (outer === null) return;
  k.kprobe?.(operation === 'clean' ? 'outer_clean_range' : 'outer_flush_range', paddr, paddr + size);
  const driver = driverOf(outer);
  if (size === 0 && driver.ignoresEmpty) return;
  const clean = writesThrough(k, outer);
  if (clean && operation === 'clean') {
    // Feroceon's function waits all the same.
    if (driver.completion === 'dsb') complete(k, driver);
    return;
  }
  if (isLarge(outer, driver, operation, paddr, size)) {
    if (driver === BCM)
      k.log.WARN_ONCE('l2c210_flush_all', 'kernel BUG in l2c210_flush_all: interrupts are on');
    k.machine.outerMaintainAll(operation);
  } else {
    const start = low32(paddr);
    const end = low32(paddr + size);
    eachLine(clean ? 'invalidate' : operation, outer.lineBytes, start, end, false, operations(k));
  }
  complete(k, driver);
}

/** L220 counts from the start of the first line. */
function isLarge(
  outer: OuterCacheFacts,
  driver: OuterDriver,
  operation: string,
  paddr: Paddr,
  size: number,
): boolean {
  if (driver.wholeWhenLarge === 'never' || outer.sizeBytes === undefined) return false;
  if (driver.wholeWhenLarge === 'flush') return operation === 'clean-invalidate' && size >= outer.sizeBytes;
  return (paddr % outer.lineBytes) + size >= outer.sizeBytes;
}

/** Cleans and invalidates [paddr, paddr + size) and waits for it. A write-through cache only invalidates. */
export function outer_flush_range(k: Kernel, paddr: Paddr, size: number): void {
  cleanOrFlush(k, 'clean-invalidate', paddr, size);
}

/** Cleans a range and waits for it. A write-through cache has nothing to clean. */
export function outer_clean_range(k: Kernel, paddr: Paddr, size: number): void {
  cleanOrFlush(k, 'clean', paddr, size);
}

/**
 * Invalidates a range and waits for it. Lines that it covers in part are cleaned as well, except by Aurora and
 * UniPhier, which round the range outwards and lose what else those lines held.
 */
export function outer_inv_range(k: Kernel, paddr: Paddr, size: number): void {
  const outer = maintainedOuterCache(k);
  if (outer === null) return;
  k.kprobe?.('outer_inv_range', paddr, paddr + size);
  const driver = driverOf(outer);
  if (size === 0 && driver.ignoresEmpty) return;
  invalidateLines(driver.inv, outer.lineBytes, low32(paddr), low32(paddr + size), operations(k));
  complete(k, driver);
}

/**
 * outer_cache.sync(), which barriers call: drains the cache's buffers. Absent without a controller's register,
 * on an I/O-coherent PL310 and where the tree forbids it.
 * Linux: arch/arm/mm/cache-l2x0.c, of_l2c310_coherent_data, l2x0_of_init() (v6.12).
 */
export function outer_sync(k: Kernel): void {
  const outer = maintainedOuterCache(k);
  if (outer === null || !driverOf(outer).hasSync || outer.ioCoherent || outer.syncDisabled) return;
  k.machine.barrier('outer-sync');
}
