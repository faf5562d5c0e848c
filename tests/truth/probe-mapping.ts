// SPDX-License-Identifier: GPL-2.0-only
/**
 * A mapping as the probe module writes it down: kind, attributes of the first entry, and pages by kind.
 * Addresses in the entries are cut out.
 */
import type { Descriptor } from '../../src/linux/arch/arm/include/asm/pgtable.js';
import { PAGE_ALIGN, PAGE_SIZE } from '../../src/linux/include/linux/pfn.js';
import type { Kernel } from '../../src/linux/kernel.js';
import { mappingAt } from '../../src/workloads/buffer-facts.js';
import type { RecordedMapping } from './probe-records.js';

function attributes(k: Kernel, entry: bigint, isSection: boolean): string {
  const { phys64 } = k.config;
  const low = isSection ? (phys64 ? 21n : 20n) : 12n;
  const top = entry & ~(phys64 ? 2n ** 40n - 1n : 2n ** 32n - 1n);
  return (top | BigInt.asUintN(Number(low), entry)).toString(16);
}

function raw({ lo, hi }: Descriptor): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo >>> 0);
}

/** Pages that are cacheable, uncached, unmapped, and in sections. */
function pagesByKind(k: Kernel, va: number, size: number): number[] {
  const pages = [0, 0, 0, 0];
  for (let at = va; at < va + PAGE_ALIGN(size); at += PAGE_SIZE) {
    const type = k.mmu.pgtable.mappingAt(k, at).kind;
    const { cacheable } = mappingAt(k, at);
    pages[type === 'none' ? 2 : cacheable ? 0 : 1]!++;
    if (type === 'section') pages[3]!++;
  }
  return pages;
}

/** What the model's tables have at `va`. */
export function modelledMapping(k: Kernel, va: number, size: number): unknown[] {
  const { kind, linux, hardware } = k.mmu.pgtable.mappingAt(k, va);
  const text = { none: 'none', section: 'sect', page: 'pte' }[kind];
  const entries = kind === 'section' ? [raw(hardware)] : kind === 'page' ? [raw(linux), raw(hardware)] : [];
  const shown = entries.map(entry => attributes(k, entry, kind === 'section'));
  return [text, ...shown, pagesByKind(k, va, size)];
}

/** What the recorded kernel's tables had there, in the same words. */
export function recordedMapping(k: Kernel, found: RecordedMapping): unknown[] {
  const isSection = found.t === 'sect';
  const entries = isSection ? [found.l1] : [found.pte, found.hw].filter(entry => entry !== undefined);
  return [found.t, ...entries.map(entry => attributes(k, BigInt(`0x${entry}`), isSection)), found.pg];
}
