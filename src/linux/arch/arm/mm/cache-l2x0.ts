// SPDX-License-Identifier: GPL-2.0-only
/**
 * How the outer cache comes up: whether this kernel switches it on, and what its control register says then.
 * Linux: arch/arm/kernel/irq.c, init_IRQ(); arch/arm/mm/cache-l2x0.c, l2x0_of_init(), __l2c_init() (v6.12).
 * Of the auxiliary control register only bit 22 is modelled, which decides whether a PL310 answers
 * non-cacheable accesses of shareable memory (DDI 0246, 2.3.2 and 3.3.4). Maintenance is in cache.ts.
 */
import type { OuterCacheFacts } from '../../../../hw/facts.js';
import { of_find_matching_node } from '../../../drivers/of/address.js';
import type { Kernel } from '../../../kernel.js';
import { maintainedOuterCache } from './outercache.js';

/** L2C_AUX_CTRL_SHARED_OVERRIDE as a number, since the masks have 32 bits. */
const SHARED_OVERRIDE: number = 2 ** 22;

/** Who decided about bit 22; `nobody`: reset leaves it clear, and nothing is known of firmware. */
export type OverrideSource = 'tree' | 'machine descriptor' | 'hardware file' | 'nobody';

export interface SharedOverride {
  readonly set: boolean;
  readonly by: OverrideSource;
}

function hasBit(value: number): boolean {
  return Math.floor(value / SHARED_OVERRIDE) % 2 === 1;
}

/**
 * Bit 22 of a PL310 while Linux runs: new = (old & mask) | val, with val and mask from the machine descriptor
 * and from the tree's 'arm,shared-override'. A cache that firmware switched on keeps what firmware wrote.
 * Model: a hardware file that says nothing about the register stands for one that is clear, as after reset.
 */
export function sharedOverride(k: Kernel): SharedOverride {
  const { hardware } = k.board;
  const written = hardware.outerCacheAuxiliaryControl?.value;
  const enabled = hardware.outerCacheEnabled?.value ?? false;
  const { l2c_aux_val, l2c_aux_mask } = k.mach;
  if (!enabled) {
    if (treeAsksForOverride(k)) return { set: true, by: 'tree' };
    if (hasBit(l2c_aux_val)) return { set: true, by: 'machine descriptor' };
    if (!hasBit(l2c_aux_mask)) return { set: false, by: 'machine descriptor' };
  }
  if (written === undefined) return { set: false, by: 'nobody' };
  return { set: hasBit(written), by: 'hardware file' };
}

/** Linux: arch/arm/mm/cache-l2x0.c, l2c310_of_parse() (v6.12). */
function treeAsksForOverride(k: Kernel): boolean {
  const compatible = k.machine.facts.outerCache?.compatible;
  if (compatible === undefined) return false;
  return of_find_matching_node(k, [compatible])?.properties.has('arm,shared-override') ?? false;
}

/** The outer cache as this kernel runs it; null where there is none, or none that it switches on. */
function runningOuterCache(k: Kernel): OuterCacheFacts | null {
  const outer = k.machine.facts.outerCache;
  if (outer === null) return null;
  // What needs no maintenance by address follows the cores and is on with them.
  if (outer.needsMaintenance && maintainedOuterCache(k) === null) return null;
  return outer.model === 'PL310' ? { ...outer, sharedOverride: sharedOverride(k).set } : outer;
}

/**
 * Switches the outer cache on. Linux: arch/arm/kernel/irq.c, init_IRQ() (v6.12).
 * Model: caches with drivers of their own come up at the same time.
 */
export function outer_cache_init(k: Kernel): void {
  k.machine.outerCache = runningOuterCache(k);
  k.machine.outerInUse = maintainedOuterCache(k) !== null;
}
