// SPDX-License-Identifier: GPL-2.0-only
/**
 * Memory that machine code takes for itself at boot, by machine.
 * Linux: the `reserve` functions of arch/arm/mach-*, each cited below (v6.12); arch/arm/mm/init.c,
 * arm_memblock_steal().
 */
import { alignUp, FOUR_GiB, KiB, MiB, type Paddr } from '../../../base/address.js';
import { flatRanges, flatString } from '../../drivers/of/fdt.js';
import { dma_contiguous_reserve_area } from '../../kernel/dma/contiguous.js';
import type { Kernel } from '../../kernel.js';
import { __pa } from './include/asm/memory.js';

/** Runs the hook of the kernel's machine descriptor, if it has one. */
export function machine_reserve(k: Kernel): void {
  const { memblock, memory } = k;
  switch (k.mach.reserve) {
    case null:
      return;
    case 'mvebu':
      mvebu_memblock_reserve(k);
      return;
    case 'omap':
      omap_reserve(k);
      return;
    case 'rcar-gen2':
      rcar_gen2_reserve(k);
      return;
    case 'zynq':
      // mach-zynq/common.c, zynq_memory_init(): devices cannot reach the first 512 KiB.
      if (memory.PHYS_OFFSET === 0) memblock.memblock_reserve(0, 512 * KiB);
      return;
    case 'integrator':
      // mach-versatile/integrator.c, integrator_reserve()
      memblock.memblock_reserve(memory.PHYS_OFFSET, __pa(k, memory.swapper_pg_dir) - memory.PHYS_OFFSET);
      return;
    case 'rtd1195':
      // mach-realtek/rtd1195.c, rtd1195_reserve(): boot ROM and registers that the tree counts as memory.
      memblock.memblock_remove(0, 0xa800);
      memblock.memblock_remove(0x18000000, 0x70000);
      memblock.memblock_remove(0x18100000, 0x1000000);
      return;
  }
}

/** Memory taken out of memblock for good. Linux panics where there is none; here nothing is taken. */
function arm_memblock_steal(k: Kernel, size: number, align: number): Paddr {
  const paddr = k.memblock.memblock_phys_alloc(size, align);
  if (paddr === 0) return 0;
  k.memblock.memblock_phys_free(paddr, size);
  k.memblock.memblock_remove(paddr, size);
  return paddr;
}

/** Linux: mach-omap2/common.c, omap_reserve(); omap-secure.c; omap4-common.c. */
function omap_reserve(k: Kernel): void {
  const secure = ['ARCH_OMAP3', 'ARCH_OMAP4', 'SOC_AM33XX', 'SOC_OMAP5', 'SOC_AM43XX', 'SOC_DRA7XX'];
  const { SECTION_SIZE } = k.memory;
  if (isSelected(k, secure)) arm_memblock_steal(k, alignUp(88 * KiB, SECTION_SIZE), SECTION_SIZE);
  if (isSelected(k, ['OMAP_INTERCONNECT_BARRIER'])) arm_memblock_steal(k, MiB, MiB);
}

/** Is one of the symbols set, or does the configuration not list platforms at all? */
function isSelected(k: Kernel, symbols: readonly string[]): boolean {
  return !k.config.isEnabled('ARCH_MULTIPLATFORM') || symbols.some(symbol => k.config.isEnabled(symbol));
}

function* memoryTuples(k: Kernel): Generator<{ base: number; size: number }> {
  const { tree } = k.board;
  for (const node of tree.root.walk()) {
    if (flatString(node, 'device_type') !== 'memory') continue;
    const reg = node.properties.get('linux,usable-memory') ?? node.properties.get('reg');
    for (const { base, size } of reg ? flatRanges(tree, reg.value) : []) {
      yield { base: Number(base), size: Number(size) };
    }
  }
}

/** mach-mvebu/board-v7.c: firmware trains the memory controller in the first 10 KiB of each range. */
function mvebu_memblock_reserve(k: Kernel): void {
  if (!k.config.isEnabled('SUSPEND')) return;
  const trainingBytes = 10 * KiB;
  for (const { base, size } of memoryTuples(k)) {
    if (size < trainingBytes) k.log.pr_warn('Too little memory to reserve for DDR training');
    k.memblock.memblock_reserve(base, trainingBytes);
  }
}

/** mach-shmobile/setup-rcar-gen2.c: a contiguous area in the last 256 MiB of memory below 4 GiB. */
function rcar_gen2_reserve(k: Kernel): void {
  const wanted = 256 * MiB;
  let found: Paddr = 0;
  let size = 0;
  for (const tuple of memoryTuples(k)) {
    if (tuple.base >= FOUR_GiB) continue;
    const end = Math.min(tuple.base + tuple.size, FOUR_GiB);
    if (end - tuple.base < wanted || tuple.base < found) continue;
    found = end - wanted;
    size = wanted;
  }
  if (!k.config.isEnabled('DMA_CMA') || size === 0) return;
  if (k.memblock.memblock_is_region_memory(found, size)) dma_contiguous_reserve_area(k, size, found, 0, true);
}
