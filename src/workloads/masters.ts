// SPDX-License-Identifier: GPL-2.0-only
/**
 * The bus side of a device of a board: its windows, its IOMMU, and whether it snoops, by what the hardware file says, and else
 * by what the kernel read from the tree. Where both are silent, bus addresses are physical addresses and nothing
 * snoops.
 */
import { type CoherencyPort, DmaMaster, type Window } from '../hw/dma/master.js';
import type { CoreFacts } from '../hw/facts.js';
import type { device } from '../linux/include/linux/device.js';
import type { Kernel } from '../linux/kernel.js';
import { busWindowsOf } from './buffer-facts.js';

/** The master through which `dev`, which the kernel has set up for DMA, moves its data. */
export function masterOf(k: Kernel, dev: device): DmaMaster {
  return new DmaMaster(k.machine, {
    name: dev.name,
    driver: dev.driver || dev.name,
    port: portOf(k, dev),
    windows: windowsOf(k, dev),
    stream: dev.iommu?.stream ?? null,
  });
}

function windowsOf(k: Kernel, dev: device): readonly Window[] {
  const real = busWindowsOf(k, dev);
  if (real.length > 0) return real;
  const ranges = dev.dma_range_map ?? [];
  return ranges.map(({ dma_start, cpu_start, size }) => ({ dmaStart: dma_start, cpuStart: cpu_start, size }));
}

/** Whether the device snoops, and where its accesses then enter. */
function portOf(k: Kernel, dev: device): CoherencyPort {
  const snoops = k.machine.facts.coherentFabric === true || dev.dma_coherent;
  return snoops ? snoopingPort(k.machine.facts.core) : 'none';
}

/**
 * Cortex-A5 and Cortex-A9 have an Accelerator Coherency Port at their snoop control unit, in front of the outer
 * cache (DDI 0434; DDI 0407, 2.4).
 * Model: so does ARM11 MPCore, and every core that is not known to be snooped at all but whose board says it is.
 * Model: a core with an integrated L2 is snooped by its interconnect, as with CCI-400 and ACE-Lite masters. Some
 * can have a port into that L2 instead (Cortex-A12, A15, A53), but no board's tree says so.
 * Model: the fabric of Armada XP (PJ4B) snoops the first level and passes through the Aurora cache behind it, as
 * that port does. Linux: arch/arm/mach-mvebu/coherency.c, armada_370_coherency_init() (v6.12).
 */
function snoopingPort(core: CoreFacts): CoherencyPort {
  return core.integratedL2 ? 'ace-lite' : 'acp';
}
