// SPDX-License-Identifier: GPL-2.0-only
/**
 * Debian 12 for Marvell Kirkwood and Orion, ARMv5: no CMA at all.
 * Source: the `.config` of Debian's linux-image-6.1.0-50-marvell (6.1.176-1); the file named after a value defines the symbol.
 * Only symbols that are read here are stated.
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
  ARCH_MULTI_V7: false, // arch/arm/Kconfig.platforms
  // Cores.
  CPU_FEROCEON: true, // arch/arm/mm/Kconfig
  CPU_CACHE_VIVT: true, // arch/arm/mm/Kconfig
  CPU_DCACHE_DISABLE: false, // arch/arm/mm/Kconfig
  ARM_L1_CACHE_SHIFT: 5, // arch/arm/mm/Kconfig
  // Outer caches, barriers, errata.
  OUTER_CACHE: true, // arch/arm/mm/Kconfig
  CACHE_FEROCEON_L2: true, // arch/arm/mm/Kconfig
  CACHE_FEROCEON_L2_WRITETHROUGH: false, // arch/arm/mm/Kconfig
  // Address space, place of the image, command line.
  VMSPLIT_3G: true, // arch/arm/Kconfig
  VMSPLIT_3G_OPT: false, // arch/arm/Kconfig
  VMSPLIT_2G: false, // arch/arm/Kconfig
  VMSPLIT_1G: false, // arch/arm/Kconfig
  PAGE_OFFSET: 0xc0000000, // arch/arm/Kconfig
  ARM_PATCH_PHYS_VIRT: true, // arch/arm/Kconfig
  AUTO_ZRELADDR: true, // arch/arm/Kconfig
  CMDLINE: '', // arch/arm/Kconfig
  BLK_DEV_INITRD: true, // init/Kconfig
  OF_KOBJ: true, // drivers/of/Kconfig
  KALLSYMS: true, // init/Kconfig
  KEXEC: true, // arch/arm/Kconfig
  LOG_BUF_SHIFT: 17, // init/Kconfig
  SERIAL_EARLYCON: true, // drivers/tty/serial/Kconfig
  FIX_EARLYCON_MEM: true, // arch/arm/Kconfig
  DEBUG_LL: true, // arch/arm/Kconfig.debug
  DEBUG_UART_PHYS: 0xf1012000, // arch/arm/Kconfig.debug
  DEBUG_UART_VIRT: 0xfe012000, // arch/arm/Kconfig.debug
  // Kernel mappings.
  STRICT_KERNEL_RWX: false, // arch/Kconfig
  VMAP_STACK: true, // arch/Kconfig
  MODULES: true, // kernel/module/Kconfig
  ARM_MODULE_PLTS: true, // arch/arm/Kconfig
  KUSER_HELPERS: true, // arch/arm/mm/Kconfig
  CPU_SW_DOMAIN_PAN: true, // arch/arm/Kconfig
  KASAN: false, // lib/Kconfig.kasan
  // Memory zones and pages.
  HIGHMEM: true, // arch/arm/Kconfig
  HIGHPTE: true, // arch/arm/Kconfig
  FLATMEM: true, // mm/Kconfig
  ARCH_FORCE_MAX_ORDER: 11, // arch/arm/Kconfig
  MEMCG: false, // init/Kconfig
  INIT_ON_ALLOC_DEFAULT_ON: true, // security/Kconfig.hardening
  // Contiguous memory.
  CMA: false, // mm/Kconfig
  // Coherent memory.
  ARCH_HAS_DMA_WRITE_COMBINE: true, // kernel/dma/Kconfig
  DMA_DECLARE_COHERENT: true, // kernel/dma/Kconfig
  DMA_NONCOHERENT_MMAP: true, // kernel/dma/Kconfig
  DMA_API_DEBUG: false, // kernel/dma/Kconfig
  // Machines and buses.
  // All machines of mach-table.ts that the config builds in, and what their code asks for.
  ...builtIn(`
    ARCH_ORION5X_DT MACH_KIRKWOOD
  `),
  ARCH_MULTIPLATFORM: true, // arch/arm/Kconfig
  SUSPEND: false, // kernel/power/Kconfig
  PCI: true, // drivers/pci/Kconfig
  ARCH_MVEBU: true, // arch/arm/mach-mvebu/Kconfig
  ARCH_INTEGRATOR: false, // arch/arm/mach-versatile/Kconfig
};

export const debianMarvell: Preset = {
  name: 'debian-marvell',
  title: 'Debian 12 for Marvell Kirkwood and Orion, ARMv5: no CMA at all',
  source: 'Debian linux-image-6.1.0-50-marvell (6.1.176-1)',
  version: '6.1',
  symbols,
  // 1508 built-in symbols. Model: an estimated layout, by the rules of kernel-image.ts.
  image: deriveImage(new Map(Object.entries(symbols)), 1508),
};
