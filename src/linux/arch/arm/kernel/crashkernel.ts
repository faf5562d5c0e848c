// SPDX-License-Identifier: GPL-2.0-only
/**
 * Memory for a kernel that is started after a crash. Linux: arch/arm/kernel/setup.c, reserve_crashkernel();
 * kernel/crash_core.c (6.12: kernel/crash_reserve.c), parse_crashkernel() (v6.1, v6.12).
 * Left out: the syntaxes `,high` and `,low`, which ARM does not take.
 */
import { alignUp, MiB } from '../../../../base/address.js';
import { PFN_PHYS } from '../../../include/linux/pfn.js';
import type { Kernel } from '../../../kernel.js';
import { memparse } from '../../../lib/cmdline.js';
import { __pa } from '../include/asm/memory.js';

const CRASH_ALIGN = 128 * MiB;

interface Wanted {
  readonly size: number;
  /** 0: anywhere. */
  readonly base: number;
}

/** `SIZE[@BASE]`, or `START-[END]:SIZE[,…][@BASE]` by the memory's size. Null: wrong, or nothing for that size. */
function parse_crashkernel(text: string, systemRam: number): Wanted | null {
  const [sizes = '', at] = text.split('@');
  const base = at === undefined ? 0 : memparse(at).value;
  if (!sizes.includes(':')) {
    const { value, rest } = memparse(sizes);
    return rest === '' ? { size: value, base } : null;
  }
  // Firmware may keep some of a round size.
  const total = alignUp(systemRam, 128 * MiB);
  for (const entry of sizes.split(',')) {
    const start = memparse(entry);
    if (!start.rest.startsWith('-')) return null;
    const [endText = '', sizeText] = start.rest.slice(1).split(':');
    if (sizeText === undefined) return null;
    const end = endText === '' ? Number.POSITIVE_INFINITY : memparse(endText).value;
    const size = memparse(sizeText).value;
    if (end <= start.value || size >= total) return null;
    if (total >= start.value && total < end) return { size, base };
  }
  return null;
}

export function reserve_crashkernel(k: Kernel): void {
  const { config, memory, memblock, log } = k;
  const text = k.cmdline.last('crashkernel');
  if (text === undefined || !config.isEnabled(config.atLeast('6.12') ? 'CRASH_RESERVE' : 'KEXEC')) return;
  const total = PFN_PHYS(memory.max_low_pfn - memory.min_low_pfn);
  const wanted = parse_crashkernel(text, total);
  if (wanted === null || wanted.size === 0) return;
  let { base } = wanted;
  if (base === 0) {
    const lowmemEnd = __pa(k, memory.high_memory - 1) + 1;
    base = memblock.memblock_phys_alloc_range(wanted.size, CRASH_ALIGN, CRASH_ALIGN, lowmemEnd);
    if (base === 0) {
      log.pr_err('crashkernel reservation failed - No suitable area found.');
      return;
    }
  } else if (
    memblock.memblock_phys_alloc_range(
      wanted.size,
      config.phys64 ? 2 * MiB : MiB,
      base,
      base + wanted.size,
    ) === 0
  ) {
    log.pr_err('crashkernel reservation failed - memory is in use.');
    return;
  }
  const mib = (bytes: number): number => Math.floor(bytes / MiB);
  log.pr_info(
    `Reserving ${mib(wanted.size)}MB of memory at ${mib(base)}MB for crashkernel (System RAM: ${mib(total)}MB)`,
  );
}
