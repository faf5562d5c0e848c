// SPDX-License-Identifier: GPL-2.0-only
/** Boots one kernel of one design on one board and runs the workload on every DMA master of the tree. */
import { MiB } from '../base/address.js';
import { inputError } from '../base/diagnostics.js';
import type { Design } from '../designs/design.js';
import { Machine } from '../hw/machine.js';
import { countMapping } from '../linux/arch/arm/mm/mmu.js';
import type { device } from '../linux/include/linux/device.js';
import { PAGE_SIZE } from '../linux/include/linux/pfn.js';
import { start_kernel } from '../linux/init/main.js';
import { Kernel } from '../linux/kernel.js';
import {
  atomicBurst,
  megabyteBuffers,
  POISON,
  runCoherent,
  worksWithoutVmallocSpace,
} from '../workloads/coherent-run.js';
import { groupAlike, probeDevices } from '../workloads/devices.js';
import type { PreparedBoard } from './job.js';
import type { DesignRun, DeviceOutcome } from './results.js';

/** Throws an InputError where Kconfig would not let the design be built with the board's config. */
export function refuseUnbuildable(design: Design, { config }: PreparedBoard): void {
  const reason = design.refuse(config);
  if (reason === null) return;
  inputError('design-refused', `${design.name} cannot be built: ${reason}`, {
    position: { file: config.name },
  });
}

/** A machine with noise in its memory, and the kernel of `design` booted on it. */
export function bootDesign(prepared: PreparedBoard, design: Design): Kernel {
  const { board, bootLoader, banks, beside } = prepared;
  const memory = [...banks, ...beside].sort((a, b) => a.start - b.start);
  const machine = new Machine(board.machineFacts(), memory);
  for (const { start, end } of memory) machine.ram.fill(start, end - start, POISON);
  const config = prepared.config.with(design.kconfig(prepared.config.version));
  const k = new Kernel(machine, board, bootLoader, config, design.hooks);
  start_kernel(k);
  return k;
}

/** The whole workload on a freshly booted kernel. */
export function runDesign(k: Kernel, design: string): DesignRun {
  const bootLog = k.log.lines.filter(line => line.level !== 'info').map(line => line.text);
  const groups = groupAlike(probeDevices(k));
  const devices: DeviceOutcome[] = [];
  let cmaPeakBytes = 0;
  let vmallocPeakBytes = 0;
  for (const { dev, names } of groups) {
    const run = runCoherent(k, dev);
    cmaPeakBytes = Math.max(cmaPeakBytes, run.cmaPeakBytes);
    vmallocPeakBytes = Math.max(vmallocPeakBytes, run.vmallocPeakBytes);
    devices.push({
      device: names[0]!,
      alike: names,
      coherent: dev.dma_coherent,
      restrictedPool: dev.dma_io_tlb_mem?.for_alloc ?? false,
      allocations: run.allocations,
    });
  }
  const typical: device = groups[0]!.dev;
  const direct = countMapping(k, k.memory.PAGE_OFFSET, k.memory.high_memory);
  const poolBytes = poolSize(k);
  return {
    design,
    devices,
    costs: {
      cmaPeakBytes,
      vmallocPeakBytes,
      poolBytes,
      pageTableBytes: k.mmu.tablePages * PAGE_SIZE,
      directMapSections: direct.sections,
      directMapPages: direct.pages,
    },
    limits: {
      atomicBurst: atomicBurst(k, typical),
      megabyteBuffers: megabyteBuffers(k, typical),
      withoutVmallocSpace: worksWithoutVmallocSpace(k, typical),
    },
    bootLog,
  };
}

function poolSize(k: Kernel): number {
  const pools = [k.dma.atomic_pool, k.dma.atomic_pool_kernel, k.dma.atomic_pool_dma];
  return pools.reduce((sum, pool) => sum + (pool?.gen_pool_size() ?? 0), 0);
}

/** Shown where the board has no CMA area by default. */
export function describeCma(k: Kernel): string {
  const area = k.cma.dma_contiguous_default_area;
  if (!area) return 'none';
  const where = area.base < k.memory.arm_lowmem_limit ? 'lowmem' : 'highmem';
  return `${area.size / MiB} MiB at 0x${area.base.toString(16)} (${where})`;
}
