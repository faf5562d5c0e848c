// SPDX-License-Identifier: GPL-2.0-only
/**
 * Runs the coherent workload (`coherent.ts`) on the devices of a booted kernel, and the exhaustion phases.
 * Everything that is allocated is freed again; what the kernel does not get back is told (`memory-taken.ts`).
 */
import { MiB } from '../base/address.js';
import { PageHighMem } from '../linux/arch/arm/include/asm/memory.js';
import { maintainedOuterCache } from '../linux/arch/arm/mm/cache.js';
import type { device } from '../linux/include/linux/device.js';
import { __GFP_NOWARN, GFP_ATOMIC, GFP_KERNEL } from '../linux/include/linux/gfp.js';
import { PAGE_ALIGN, PAGE_SIZE, PFN_DOWN } from '../linux/include/linux/pfn.js';
import { type DmaBuffer, dma_alloc_attrs, dma_free_attrs } from '../linux/kernel/dma/mapping.js';
import type { Kernel } from '../linux/kernel.js';
import { fillVmallocSpace, vmalloc_used, vunmap } from '../linux/mm/vmalloc.js';
import type { Sanitizer } from '../sanitizer/sanitizer.js';
import {
  directMapping,
  formatHandle,
  isUnreachable,
  mappingAt,
  noMapping,
  runsOf,
  sourceOf,
} from './buffer-facts.js';
import { type AllocationKind, coherentKinds, freeOrder } from './coherent.js';
import { leaveDirty, useBuffer } from './coherent-use.js';
import { masterOf } from './masters.js';
import { cmaPagesUsed, lostMemory, memoryTaken } from './memory-taken.js';
import type { AllocationOutcome, OutcomeFinding, Source } from './outcome.js';
import { PreparationWatch, poolWatch } from './preparation-watch.js';

/** What `look` finds: an outcome without the call itself. */
type Seen = Omit<AllocationOutcome, 'kind' | 'sizeBytes' | 'result' | 'log'>;

/** A byte pattern that no kernel writes by itself: what has it was not zeroed. */
export const POISON = 0x5a;

interface Held {
  readonly kind: AllocationKind;
  readonly buffer: DmaBuffer;
  readonly source: Source;
  /** Of this buffer, so far. */
  readonly findings: OutcomeFinding[];
}

export interface DeviceRun {
  readonly allocations: readonly AllocationOutcome[];
  readonly cmaPeakBytes: number;
  /** Guard pages included. */
  readonly vmallocPeakBytes: number;
  /** Pages mapped there. */
  readonly vmallocPeakPages: number;
  /** Memory that the kernel did not get back, in words; null where there is none. */
  readonly lost: string | null;
}

/**
 * Allocates every kind for `dev`, looks at each, lets CPU and device use it, and frees them in another order.
 * `sanitizer`: who watches the machine, if the rules are wanted; it must have watched since the boot. `stories`: its
 * findings are wanted whole.
 */
export function runCoherent(
  k: Kernel,
  dev: device,
  sanitizer: Sanitizer | null = null,
  stories = false,
): DeviceRun {
  const before = memoryTaken(k, dev);
  const cmaBefore = cmaPagesUsed(k);
  const vmallocBefore = vmalloc_used(k);
  const held: (Held | null)[] = [];
  const master = masterOf(k, dev);
  sanitizer?.takeFindings();
  const allocations = coherentKinds.map((kind): AllocationOutcome => {
    const watch = new PreparationWatch(k.machine);
    const logStart = k.log.lines.length;
    const buffer = watch.during(() => dma_alloc_attrs(k, dev, kind.sizeBytes, kind.gfp, kind.attrs));
    const log = k.log.lines.slice(logStart).map(line => line.text);
    const { name, sizeBytes } = kind;
    if (!buffer) {
      held.push(null);
      return { kind: name, sizeBytes, result: 'NULL', log };
    }
    const seen = look(k, dev, kind, buffer, watch);
    useBuffer(k, master, buffer, sizeBytes);
    const findings = summarize(sanitizer, stories);
    held.push({ kind, buffer, source: seen.source!, findings });
    return { kind: name, sizeBytes, result: 'ok', ...seen, ...(sanitizer && { findings }), log };
  });
  const cmaPeakBytes = (cmaPagesUsed(k) - cmaBefore) * PAGE_SIZE;
  const vmallocPeakBytes = vmalloc_used(k) - vmallocBefore;
  const inVmalloc = allocations.filter(({ mapping }) => mapping?.place === 'vmalloc');
  const vmallocPeakPages = inVmalloc.reduce(
    (sum, { sizeBytes }) => sum + PAGE_ALIGN(sizeBytes) / PAGE_SIZE,
    0,
  );
  for (const index of freeOrder(held.length)) {
    const entry = held[index];
    if (!entry) continue;
    release(k, dev, entry);
    entry.findings.push(...summarize(sanitizer, stories));
  }
  poolWatch(k).during(() => k.workqueue.run());
  const lost = lostMemory(k, dev, before);
  return { allocations, cmaPeakBytes, vmallocPeakBytes, vmallocPeakPages, lost };
}

/** What there is to see of a buffer while the driver holds it. */
function look(
  k: Kernel,
  dev: device,
  kind: AllocationKind,
  buffer: DmaBuffer,
  watch: PreparationWatch,
): Seen {
  const size = PAGE_ALIGN(kind.sizeBytes);
  const pool = buffer.cookie ? undefined : k.dma.poolOf(buffer.cpu_addr);
  const runs = runsOf(k, buffer, size);
  const { paddr } = runs[0]!;
  const { ram } = k.machine;
  const outer = maintainedOuterCache(k);
  const cleaner = pool ? poolWatch(k) : watch;
  // What was asked for, without the rest of the last page.
  const asked = runsOf(k, buffer, kind.sizeBytes);
  const mapping = buffer.cookie ? noMapping : mappingAt(k, buffer.cpu_addr);
  const direct = directMapping(k, paddr);
  return {
    source: sourceOf(k, dev, paddr, pool),
    highmem: PageHighMem(k, PFN_DOWN(paddr)),
    mapping,
    ...(direct && mapping.place !== 'direct map' && { alias: direct }),
    unreachable: isUnreachable(k, dev, buffer.dma_handle, runs),
    zeroed: asked.every(run => watch.zeroed(run.paddr, run.size) && ram.isFilledWith(run.paddr, run.size, 0)),
    cleaned: runs.every(run => cleaner.cleaned(run.paddr, run.size, outer)),
    dmaHandle: formatHandle(buffer.dma_handle),
  };
}

/** Frees; then somebody else uses the memory, and leaves dirty lines and a pattern behind. */
function release(k: Kernel, dev: device, { kind, buffer, source }: Held): void {
  const runs = runsOf(k, buffer, PAGE_ALIGN(kind.sizeBytes));
  dma_free_attrs(k, dev, kind.sizeBytes, buffer, kind.attrs);
  for (const { paddr, size } of runs) leaveDirty(k, paddr, size, source, POISON);
}

/** What was found since the last call. */
function summarize(sanitizer: Sanitizer | null, stories: boolean): OutcomeFinding[] {
  if (sanitizer === null) return [];
  return sanitizer.takeFindings().map(story => {
    const { rule, severity, title, bytes } = story;
    return { rule, severity, title, bytes, ...(stories && { story }) };
  });
}

/** Allocates `size` until NULL (or `most` times), frees everything, and says how often it worked. */
function countUntilNull(k: Kernel, dev: device, size: number, gfp: number, most: number): number {
  const held: DmaBuffer[] = [];
  while (held.length < most) {
    const buffer = dma_alloc_attrs(k, dev, size, gfp | __GFP_NOWARN, 0);
    if (!buffer) break;
    held.push(buffer);
  }
  for (const buffer of held) dma_free_attrs(k, dev, size, buffer, 0);
  return held.length;
}

/** 4 KiB atomic buffers that one burst gets before the pool is empty and before any worker ran. */
export function atomicBurst(k: Kernel, dev: device): number {
  return countUntilNull(k, dev, PAGE_SIZE, GFP_ATOMIC, 65536);
}

/** 1 MiB buffers until the kernel says NULL: CMA, then whatever the design falls back to. */
export function megabyteBuffers(k: Kernel, dev: device): number {
  return countUntilNull(k, dev, MiB, GFP_KERNEL, 65536);
}

/** Is a 1 MiB buffer to be had while other users hold all of vmalloc space? */
export function worksWithoutVmallocSpace(k: Kernel, dev: device): boolean {
  const areas = fillVmallocSpace(k);
  const buffer = dma_alloc_attrs(k, dev, MiB, GFP_KERNEL | __GFP_NOWARN, 0);
  if (buffer) dma_free_attrs(k, dev, MiB, buffer, 0);
  for (const area of areas) vunmap(k, area);
  return buffer !== null;
}
