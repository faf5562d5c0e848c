// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which of the families a kernel uses on its core. Linux: the cache functions named in the proc_info records of
 * arch/arm/mm/proc-*.S, found by the Main ID Register (v6.12).
 */
import type { Kernel } from '../../../kernel.js';
import type { CacheFamily } from './cache-families.js';
import * as families from './cache-families.js';

/** One record: the core whose register agrees with `value` where `mask` has ones. */
interface Record {
  readonly value: number;
  readonly mask: number;
  readonly family: CacheFamily;
  /** With CPU_DCACHE_WRITETHROUGH. */
  readonly writeThrough?: CacheFamily;
}

const { v4wt } = families;

// biome-ignore format: a table, one record a line
const BEFORE_V6: readonly Record[] = [
  { value: 0x41807200, mask: 0xffffff00, family: families.v4 },
  { value: 0x41009200, mask: 0xff00fff0, family: families.arm920, writeThrough: v4wt },
  { value: 0x41009220, mask: 0xff00fff0, family: families.arm922, writeThrough: v4wt },
  { value: 0x54029250, mask: 0xfffffff0, family: families.arm925, writeThrough: families.arm925wt },
  { value: 0x41069260, mask: 0xff0ffff0, family: families.arm926, writeThrough: families.arm926wt },
  { value: 0x4104a200, mask: 0xff0ffff0, family: families.arm1020 },
  { value: 0x4105a200, mask: 0xff0ffff0, family: families.arm1020 },
  { value: 0x4105a220, mask: 0xff0ffff0, family: families.arm1020 },
  { value: 0x4106a260, mask: 0xff0ffff0, family: families.arm1020 },
  { value: 0x66015261, mask: 0xff01fff1, family: families.fa },
  { value: 0x4401a100, mask: 0xfffffff0, family: families.v4wb },
  { value: 0x4401a110, mask: 0xfffffff0, family: families.v4wb },
  { value: 0x6901b110, mask: 0xfffffff0, family: families.v4wb },
  { value: 0x56055310, mask: 0xfffffff0, family: families.feroceon },
  { value: 0x56155710, mask: 0xfffffff0, family: families.feroceonRange },
  { value: 0x56251310, mask: 0xfffffff0, family: families.feroceonRange },
  { value: 0x56158000, mask: 0xfffff000, family: families.mohawk },
  { value: 0x69052000, mask: 0xfffffffe, family: families.xscale80200 },
  { value: 0x69056000, mask: 0xffffe000, family: families.xsc3 },
  { value: 0x56056000, mask: 0xffffe000, family: families.xsc3 },
  { value: 0x69052000, mask: 0xffffe000, family: families.xscale },
  { value: 0x69054000, mask: 0xffffe000, family: families.xscale },
];

function matches(midr: number, { value, mask }: Record): boolean {
  return (midr & mask) >>> 0 === value;
}

/** Model: a core before ARMv6 that no record knows is taken for an ARM926. */
export function cacheFamily(k: Kernel): CacheFamily {
  const { architecture, cache, midr } = k.machine.facts.core;
  if (cache === 'none') return families.nop;
  if (architecture >= 7) return families.v7;
  if (architecture === 6) {
    const owns = !k.config.atLeast('6.12') && k.config.isEnabled('DMA_CACHE_RWFO');
    return owns ? families.v6Rwfo : families.v6;
  }
  const found = BEFORE_V6.find(record => matches(midr, record));
  const writeThrough = k.config.isEnabled('CPU_DCACHE_WRITETHROUGH');
  if (found === undefined) return writeThrough ? families.arm926wt : families.arm926;
  return (writeThrough ? found.writeThrough : undefined) ?? found.family;
}
