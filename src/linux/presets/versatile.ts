// SPDX-License-Identifier: GPL-2.0-only
/**
 * An ARM926 kernel for one family; no CMA for DMA, no ZONE_DMA, no HIGHMEM.
 * Source: Linux 6.12.117, versatile_defconfig, completed by
 * `make ARCH=arm`; after a value stands what set it: the defconfig, or the default or a select of the file
 * that defines the symbol. Only symbols that are read here are stated.
 */
import { deriveImage } from '../kernel-image.js';
import { builtIn, type Preset } from '../preset.js';

const symbols: Preset['symbols'] = {
  // Processor and addresses.
  ARM: true, // arch/arm/Kconfig
  MMU: true, // arch/arm/Kconfig
  ARCH_MULTI_V4_V5: true, // arch/arm/Kconfig.platforms
  ARCH_MULTI_V5: true, // arch/arm/Kconfig.platforms
  ARCH_MULTI_V6: false, // arch/arm/Kconfig.platforms
  ARCH_MULTI_V7: false, // defconfig
  // Cores.
  CPU_ARM926T: true, // arch/arm/mm/Kconfig
  CPU_CACHE_VIVT: true, // arch/arm/mm/Kconfig
  CPU_DCACHE_DISABLE: false, // arch/arm/mm/Kconfig
  CPU_DCACHE_WRITETHROUGH: false, // arch/arm/mm/Kconfig
  ARM_L1_CACHE_SHIFT: 5, // arch/arm/mm/Kconfig
  // Address space, place of the image, command line.
  VMSPLIT_3G: true, // arch/arm/Kconfig
  VMSPLIT_3G_OPT: false, // arch/arm/Kconfig
  VMSPLIT_2G: false, // arch/arm/Kconfig
  VMSPLIT_1G: false, // arch/arm/Kconfig
  PAGE_OFFSET: 0xc0000000, // arch/arm/Kconfig
  ARM_PATCH_PHYS_VIRT: true, // arch/arm/Kconfig
  AUTO_ZRELADDR: true, // arch/arm/Kconfig
  CMDLINE: 'root=1f03 mem=32M', // defconfig
  BLK_DEV_INITRD: true, // defconfig
  OF_KOBJ: true, // drivers/of/Kconfig
  SERIAL_EARLYCON: true, // drivers/tty/serial/Kconfig
  FIX_EARLYCON_MEM: true, // arch/arm/Kconfig
  CMDLINE_FORCE: false, // arch/arm/Kconfig
  CMDLINE_EXTEND: false, // arch/arm/Kconfig
  // Kernel mappings.
  STRICT_KERNEL_RWX: false, // arch/Kconfig
  VMAP_STACK: true, // arch/Kconfig
  MODULES: true, // defconfig
  ARM_MODULE_PLTS: true, // arch/arm/Kconfig
  KUSER_HELPERS: true, // arch/arm/mm/Kconfig
  CPU_SW_DOMAIN_PAN: true, // arch/arm/Kconfig
  KASAN: false, // lib/Kconfig.kasan
  // Memory zones and pages.
  HIGHMEM: false, // arch/arm/Kconfig
  FLATMEM: true, // mm/Kconfig
  ARCH_FORCE_MAX_ORDER: 10, // arch/arm/Kconfig
  INIT_ON_ALLOC_DEFAULT_ON: false, // security/Kconfig.hardening
  // Contiguous memory.
  CMA: true, // defconfig
  CMA_AREAS: 8, // mm/Kconfig
  DMA_CMA: false, // kernel/dma/Kconfig
  // Coherent memory.
  ARCH_HAS_DMA_ALLOC: true, // kernel/dma/Kconfig
  ARCH_HAS_DMA_WRITE_COMBINE: true, // kernel/dma/Kconfig
  DMA_DECLARE_COHERENT: true, // kernel/dma/Kconfig
  DMA_NONCOHERENT_MMAP: true, // kernel/dma/Kconfig
  DMA_API_DEBUG: false, // kernel/dma/Kconfig
  // Machines and buses.
  // All machines of mach-table.ts that the config builds in, and what their code asks for.
  ...builtIn(`
    ARCH_VERSATILE
  `),
  ARCH_MULTIPLATFORM: true, // arch/arm/Kconfig
  SUSPEND: true, // kernel/power/Kconfig
  PCI: false, // drivers/pci/Kconfig
  ARCH_MVEBU: false, // arch/arm/mach-mvebu/Kconfig
  ARCH_INTEGRATOR: false, // arch/arm/mach-versatile/Kconfig
};

export const versatile: Preset = {
  name: 'versatile',
  title: 'An ARM926 kernel for one family; no CMA for DMA, no ZONE_DMA, no HIGHMEM',
  source: 'Linux 6.12.117, versatile_defconfig',
  version: '6.12',
  symbols,
  // 740 built-in symbols. Model: an estimated layout, by the rules of kernel-image.ts.
  image: deriveImage(new Map(Object.entries(symbols)), 740),
};
