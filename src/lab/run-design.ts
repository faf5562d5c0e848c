// SPDX-License-Identifier: GPL-2.0-only
/** Runs the workload on every DMA master of a board's tree, under a kernel of one design. Next: `boot.ts`. */
import { inputError } from '../base/diagnostics.js';
import type { Design } from '../designs/design.js';
import { kernelEntryDifferences } from '../linux/arch/arm/mm/fault.js';
import { countMapping, pageTableBytes } from '../linux/arch/arm/mm/mapping-count.js';
import { type mm_struct, pgd_alloc } from '../linux/arch/arm/mm/pgd.js';
import type { Kernel } from '../linux/kernel.js';
import type { Sanitizer } from '../sanitizer/sanitizer.js';
import {
  atomicBurst,
  type DeviceRun,
  megabyteBuffers,
  runCoherent,
  worksWithoutVmallocSpace,
} from '../workloads/coherent-run.js';
import { type DeviceGroup, groupAlike, probeDevices } from '../workloads/devices.js';
import { atomicPools, lostMemory, memoryTaken } from '../workloads/memory-taken.js';
import type { PreparedBoard } from './job.js';
import type { Costs, DesignRun, Limits } from './results.js';

/** Throws an InputError where Kconfig would not let the design be built with the board's config. */
export function refuseUnbuildable(design: Design, { config }: PreparedBoard): void {
  const reason = design.refuse(config);
  if (reason === null) return;
  inputError('design-refused', `${design.name} cannot be built: ${reason}`, {
    position: { file: config.name },
    notes: ['`--design` names the designs to compare'],
  });
}

/** A device to measure limits with: of the largest group that shares all its memory with others. */
function typicalGroup(groups: readonly DeviceGroup[]): DeviceGroup {
  const shared = groups.filter(
    ({ dev }) => !dev.dma_coherent && !dev.dma_mem && !dev.cma_area && !dev.dma_io_tlb_mem?.for_alloc,
  );
  const candidates = shared.length > 0 ? shared : groups;
  return candidates.reduce((largest, group) => (group.names.length > largest.names.length ? group : largest));
}

/** The whole workload on a freshly booted kernel. `sanitizer`: watches since the boot, if the rules are wanted; `stories`: whole findings. */
export function runDesign(
  k: Kernel,
  design: string,
  sanitizer: Sanitizer | null = null,
  stories = false,
): DesignRun {
  const bootLog = k.log.lines.filter(line => line.level !== 'info').map(line => line.text);
  const masters = probeDevices(k);
  // What a design costs is measured on devices that it is about. Behind an IOMMU all designs cost the same.
  const all = groupAlike(k, masters);
  const direct = all.filter(({ dev }) => dev.dma_ops === null);
  const translated = all.filter(({ dev }) => dev.dma_ops !== null);
  const groups = [...direct, ...translated];
  const process = pgd_alloc(k);
  if (process === null) inputError('no-memory-left', 'the kernel boots, but no memory is left for a process');
  const run = ({ dev }: DeviceGroup): DeviceRun => runCoherent(k, dev, sanitizer, stories);
  const runs = direct.map(run);
  const costs = costsOf(k, process, runs);
  runs.push(...translated.map(run));
  const devices = groups.map(({ dev, names }, index) => ({
    device: names[0]!,
    alike: names,
    coherent: dev.dma_coherent,
    restrictedPool: dev.dma_io_tlb_mem?.for_alloc ?? false,
    behindIommu: dev.dma_ops !== null,
    allocations: runs[index]!.allocations,
  }));
  const typical = typicalGroup(direct);
  const before = memoryTaken(k, typical.dev);
  // Nobody uses these buffers, so the rules have nothing to say.
  k.machine.observer = null;
  k.machine.mappings.forget();
  const limits = measureLimits(k, typical);
  const lost = [...runs.map(run => run.lost), lostMemory(k, typical.dev, before)].filter(
    text => text !== null,
  );
  return { design, devices, costs, limits, lost, bootLog };
}

/** Memory that the design takes, after `runs`. `process`: made before them. */
function costsOf(k: Kernel, process: mm_struct, runs: readonly DeviceRun[]): Costs {
  const map = countMapping(k, k.memory.PAGE_OFFSET, k.memory.high_memory);
  return {
    cmaPeakBytes: Math.max(...runs.map(run => run.cmaPeakBytes)),
    vmallocPeakBytes: Math.max(...runs.map(run => run.vmallocPeakBytes)),
    poolBytes: poolSize(k),
    pageTableBytes: pageTableBytes(k),
    directMapSections: map.sections,
    directMapPages: map.pages,
    directMapTables: map.entriesWithoutSection,
    vmallocPeakPages: Math.max(...runs.map(run => run.vmallocPeakPages)),
    lazyRanges: kernelEntryDifferences(k, process).length,
  };
}

function measureLimits(k: Kernel, { dev, names }: DeviceGroup): Limits {
  return {
    device: names[0]!,
    atomicBurst: atomicBurst(k, dev),
    megabyteBuffers: megabyteBuffers(k, dev),
    withoutVmallocSpace: worksWithoutVmallocSpace(k, dev),
  };
}

function poolSize(k: Kernel): number {
  return atomicPools(k).reduce((sum, pool) => sum + pool.gen_pool_size(), 0);
}
