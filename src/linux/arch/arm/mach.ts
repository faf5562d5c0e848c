// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which machine descriptor a board gets, and what it changes for memory, DMA and the outer cache: facts that
 * are in no device tree. Linux: arch/arm/include/asm/mach/arch.h, struct machine_desc;
 * arch/arm/kernel/devtree.c, setup_machine_fdt(); drivers/of/fdt.c, of_flat_dt_match_machine() (v6.12).
 * The descriptors stand in `mach-table.ts`; what `reserve` does, in `mach-reserve.ts`, and `map_io`, in `mach-map-io.ts`.
 */
import type { KernelConfig } from '../../config.js';
import { type MachineRow, machineTable } from './mach-table.js';

export type ReserveHook = 'mvebu' | 'omap' | 'rcar-gen2' | 'zynq' | 'integrator' | 'rtd1195';

export type MapIoHook = 'imx6q' | 'zynq' | 'exynos' | 'versatile';

export interface MachineDesc {
  readonly name: string;
  /** Bytes above PHYS_OFFSET that GFP_DMA memory comes from; 0: no restriction. */
  readonly dma_zone_size: number;
  /** The size above holds only with long descriptors. */
  readonly dma_zone_needs_lpae: boolean;
  /**
   * Auxiliary control register of the outer cache: new = (old & mask) | val, before what the tree asks for.
   * Both 0: the generic code does not switch an outer cache on (machine code may).
   */
  readonly l2c_aux_val: number;
  readonly l2c_aux_mask: number;
  /** RAM that the core starts in through a window below 4 GiB, and moves out of. See early_paging_init(). */
  readonly pv_fixup: 'keystone' | null;
  /** What the machine does in arm_memblock_init(). */
  readonly reserve: ReserveHook | null;
  /** Registers that the machine maps before anybody can allocate; see mach-map-io.ts. */
  readonly map_io: MapIoHook | null;
}

/** For boards that no descriptor names. */
export const genericMachine: MachineDesc = {
  name: 'Generic DT based system',
  dma_zone_size: 0,
  dma_zone_needs_lpae: false,
  l2c_aux_val: 0,
  l2c_aux_mask: 0xffffffff,
  pv_fixup: null,
  reserve: null,
  map_io: null,
};

const rowByCompatible = new Map<string, MachineRow>();
for (const row of machineTable) {
  for (const compatible of row[2]) if (!rowByCompatible.has(compatible)) rowByCompatible.set(compatible, row);
}

/**
 * The descriptor whose list has the most specific of the root's compatibles. With a `config` that lists the
 * platforms (every complete .config does: it has CONFIG_ARCH_MULTIPLATFORM), only descriptors that are built
 * in count; otherwise all do.
 */
export function machineDescFor(rootCompatibles: readonly string[], config?: KernelConfig): MachineDesc {
  for (const compatible of rootCompatibles) {
    const row = rowByCompatible.get(compatible.toLowerCase());
    if (!row || !isBuiltIn(row, config)) continue;
    const [name, , , facts] = row;
    return { ...genericMachine, l2c_aux_mask: 0, ...facts, name };
  }
  return genericMachine;
}

/**
 * ARM's old boards share mach-versatile, whose Makefile lets Versatile Express replace the objects of those
 * listed before it (`obj-y :=`): with both selected, only that one has a descriptor (seen in 6.1 and 6.12).
 */
const REPLACED_BY_VEXPRESS: readonly string[] = [
  'ARCH_VERSATILE',
  'ARCH_INTEGRATOR_AP',
  'ARCH_INTEGRATOR_CP',
  'ARCH_REALVIEW',
];

function isBuiltIn(row: MachineRow, config: KernelConfig | undefined): boolean {
  const isReplaced = row[1].some(symbol => REPLACED_BY_VEXPRESS.includes(symbol));
  if (isReplaced && config?.atLeast('6.1') && config.isEnabled('ARCH_VEXPRESS')) return false;
  return !config?.isEnabled('ARCH_MULTIPLATFORM') || row[1].some(symbol => config.isEnabled(symbol));
}
