// SPDX-License-Identifier: GPL-2.0-only
/**
 * The ARMv5 kernel for many machines. DaVinci makes its ARM926 cache write-through on all of them.
 * Source: Linux 6.12.117, multi_v5_defconfig, completed by
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
  CPU_FEROCEON: true, // arch/arm/mm/Kconfig
  CPU_CACHE_VIVT: true, // arch/arm/mm/Kconfig
  CPU_DCACHE_DISABLE: false, // arch/arm/mm/Kconfig
  CPU_DCACHE_WRITETHROUGH: true, // arch/arm/mm/Kconfig
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
  BLK_DEV_INITRD: true, // defconfig
  OF_KOBJ: true, // drivers/of/Kconfig
  SERIAL_EARLYCON: true, // drivers/tty/serial/Kconfig
  FIX_EARLYCON_MEM: true, // arch/arm/Kconfig
  // Kernel mappings.
  STRICT_KERNEL_RWX: false, // arch/Kconfig
  VMAP_STACK: true, // arch/Kconfig
  MODULES: true, // defconfig
  ARM_MODULE_PLTS: true, // arch/arm/Kconfig
  KUSER_HELPERS: true, // arch/arm/mm/Kconfig
  CPU_SW_DOMAIN_PAN: true, // arch/arm/Kconfig
  KASAN: false, // lib/Kconfig.kasan
  // Memory zones and pages.
  HIGHMEM: true, // defconfig
  HIGHPTE: true, // arch/arm/Kconfig
  FLATMEM: true, // mm/Kconfig
  ZONE_DMA: true, // mm/Kconfig
  ARCH_FORCE_MAX_ORDER: 10, // arch/arm/Kconfig
  MEMCG: false, // init/Kconfig
  INIT_ON_ALLOC_DEFAULT_ON: false, // security/Kconfig.hardening
  // Contiguous memory.
  CMA: true, // mm/Kconfig
  CMA_AREAS: 8, // mm/Kconfig
  DMA_CMA: true, // kernel/dma/Kconfig
  CMA_SIZE_MBYTES: 16, // kernel/dma/Kconfig
  CMA_SIZE_SEL_MBYTES: true, // kernel/dma/Kconfig
  CMA_SIZE_SEL_PERCENTAGE: false, // kernel/dma/Kconfig
  CMA_SIZE_SEL_MIN: false, // kernel/dma/Kconfig
  CMA_SIZE_SEL_MAX: false, // kernel/dma/Kconfig
  CMA_ALIGNMENT: 8, // kernel/dma/Kconfig
  // Coherent memory.
  ARCH_HAS_DMA_ALLOC: true, // kernel/dma/Kconfig
  ARCH_HAS_DMA_WRITE_COMBINE: true, // kernel/dma/Kconfig
  DMA_DECLARE_COHERENT: true, // kernel/dma/Kconfig
  DMA_NONCOHERENT_MMAP: true, // kernel/dma/Kconfig
  DMA_API_DEBUG: false, // kernel/dma/Kconfig
  // Machines and buses.
  // All machines of mach-table.ts that the config builds in, and what their code asks for.
  ...builtIn(`
    ARCH_DAVINCI_DA850 ARCH_ORION5X_DT ARCH_SUNXI ARCH_VERSATILE ARCH_WPCM450 MACH_KIRKWOOD SOC_AT91SAM9
    SOC_IMX25 SOC_IMX27
  `),
  ARCH_MULTIPLATFORM: true, // arch/arm/Kconfig
  SUSPEND: true, // kernel/power/Kconfig
  PCI: true, // drivers/pci/Kconfig
  ARCH_MVEBU: true, // defconfig
  ARCH_INTEGRATOR: false, // arch/arm/mach-versatile/Kconfig
};

export const multiV5: Preset = {
  name: 'multi_v5',
  title: 'The ARMv5 kernel for many machines. DaVinci makes its ARM926 cache write-through on all of them',
  source: 'Linux 6.12.117, multi_v5_defconfig',
  version: '6.12',
  symbols,
  // 1309 built-in symbols. Model: an estimated layout, by the rules of kernel-image.ts.
  image: deriveImage(new Map(Object.entries(symbols)), 1309),
};
