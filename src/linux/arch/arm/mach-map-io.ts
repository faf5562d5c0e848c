// SPDX-License-Identifier: GPL-2.0-only
/**
 * Registers that are mapped while boot makes the page tables: by machine, and those of the debug UART. Their records,
 * and tables of pages, lie in front of everything that boot allocates; their addresses lie in vmalloc space.
 * Linux: arch/arm/mm/mmu.c, devicemaps_init(), debug_ll_io_init(); the `map_io` functions of arch/arm/mach-*, each
 * cited below (v6.12, v6.1 alike).
 * Model: other machines' map_io (OMAP, Tegra, SPEAr, PXA, MMP and more) are left out.
 */
import type { Paddr, Vaddr } from '../../../base/address.js';
import { isCompatible, u32sOf } from '../../../devicetree/access.js';
import { PAGE_SIZE, PFN_DOWN } from '../../include/linux/pfn.js';
import type { Kernel } from '../../kernel.js';
import { iotable_init } from './mm/ioremap.js';

function mapDevice(k: Kernel, virtual: Vaddr, phys: Paddr, length: number): void {
  iotable_init(k, { virtual, pfn: PFN_DOWN(phys), length, type: 'MT_DEVICE' });
}

/** Runs the hook of the kernel's machine descriptor, if it has one. */
export function machine_map_io(k: Kernel): void {
  debug_ll_io_init(k);
  switch (k.mach.map_io) {
    case null:
      return;
    case 'imx6q':
      // mach-imx/platsmp.c, imx_scu_map_io(): the private peripherals of the cores.
      mapDevice(k, IMX_IO_P2V(0x00a00000), 0x00a00000, PAGE_SIZE);
      return;
    case 'zynq':
      // mach-zynq/common.c, zynq_scu_map_io(): likewise, at their own address.
      mapDevice(k, 0xf8f00000, 0xf8f00000, 256);
      return;
    case 'exynos':
      exynos_map_chipid(k);
      return;
    case 'versatile':
      // mach-versatile/versatile.c, versatile_map_io(): the system controller and what follows it.
      mapDevice(k, 0xf11e0000, 0x101e0000, 9 * PAGE_SIZE);
      return;
  }
}

/** Kernels with CONFIG_DEBUG_LL map the UART of one machine, whichever they run on. */
function debug_ll_io_init(k: Kernel): void {
  const phys = k.config.number('DEBUG_UART_PHYS');
  const virtual = k.config.number('DEBUG_UART_VIRT');
  if (!k.config.isEnabled('DEBUG_LL') || !phys || !virtual) return;
  mapDevice(k, virtual - (virtual % PAGE_SIZE), phys, PAGE_SIZE);
}

/** Linux: arch/arm/mach-imx/hardware.h, IMX_IO_P2V(), for addresses below 256 MiB. */
function IMX_IO_P2V(phys: Paddr): Vaddr {
  return 0xf4000000 + ((phys & 0x0b000000) >>> 4) + (phys & 0x000fffff);
}

/** Linux: arch/arm/mach-exynos/exynos.c, exynos_fdt_map_chipid(): one cell each for address and size. */
function exynos_map_chipid(k: Kernel): void {
  const { tree } = k.board;
  const node = [...tree.root.walk()].find(other => isCompatible(other, 'samsung,exynos4210-chipid'));
  const [phys, size, ...more] = node ? u32sOf(tree, node, 'reg') : [];
  if (phys === undefined || size === undefined || more.length > 0) return;
  mapDevice(k, 0xf8000000, phys, size - 1);
}
