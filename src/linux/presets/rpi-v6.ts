// SPDX-License-Identifier: GPL-2.0-only
/**
 * Debian 12 for the ARMv6 Raspberry Pi: no HIGHMEM, no ZONE_DMA, CMA 32 MiB.
 * Source: the `.config` of Debian's linux-image-6.1.0-50-rpi (6.1.176-1); the file named after a value defines the symbol.
 * Only symbols that are read here are stated.
 */
import { builtIn, type Preset } from '../preset.js';

const symbols: Preset['symbols'] = {
  // Processor and addresses.
  ARM: true, // arch/arm/Kconfig
  MMU: true, // arch/arm/Kconfig
  ARCH_MULTI_V6_V7: true, // arch/arm/Kconfig.platforms
  ARCH_MULTI_V6: true, // arch/arm/Kconfig.platforms
  ARCH_MULTI_V7: false, // arch/arm/Kconfig.platforms
  // Cores.
  CPU_V6K: true, // arch/arm/mm/Kconfig
  CPU_CACHE_VIPT: true, // arch/arm/mm/Kconfig
  CPU_DCACHE_DISABLE: false, // arch/arm/mm/Kconfig
  ARM_L1_CACHE_SHIFT: 5, // arch/arm/mm/Kconfig
  // Outer caches, barriers, errata.
  OUTER_CACHE: true, // arch/arm/mm/Kconfig
  OUTER_CACHE_SYNC: true, // arch/arm/mm/Kconfig
  CACHE_L2X0: true, // arch/arm/mm/Kconfig
  ARM_HEAVY_MB: true, // arch/arm/mm/Kconfig
  ARM_DMA_MEM_BUFFERABLE: true, // arch/arm/mm/Kconfig
  PL310_ERRATA_588369: false, // arch/arm/mm/Kconfig
  PL310_ERRATA_727915: false, // arch/arm/mm/Kconfig
  PL310_ERRATA_753970: false, // arch/arm/mm/Kconfig
  PL310_ERRATA_769419: false, // arch/arm/mm/Kconfig
  ARM_ERRATA_411920: true, // arch/arm/Kconfig
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
  DEBUG_UART_PHYS: 0x20201000, // arch/arm/Kconfig.debug
  DEBUG_UART_VIRT: 0xf0201000, // arch/arm/Kconfig.debug
  // Kernel mappings.
  STRICT_KERNEL_RWX: true, // arch/Kconfig
  DEBUG_ALIGN_RODATA: true, // arch/arm/mm/Kconfig
  VMAP_STACK: true, // arch/Kconfig
  MODULES: true, // kernel/module/Kconfig
  ARM_MODULE_PLTS: true, // arch/arm/Kconfig
  KUSER_HELPERS: true, // arch/arm/mm/Kconfig
  CPU_SW_DOMAIN_PAN: true, // arch/arm/Kconfig
  KASAN: false, // lib/Kconfig.kasan
  // Memory zones and pages.
  HIGHMEM: false, // arch/arm/Kconfig
  FLATMEM: true, // mm/Kconfig
  ARCH_FORCE_MAX_ORDER: 11, // arch/arm/Kconfig
  MEMCG: true, // init/Kconfig
  MEMCG_KMEM: true, // init/Kconfig
  INIT_ON_ALLOC_DEFAULT_ON: true, // security/Kconfig.hardening
  // Contiguous memory.
  CMA: true, // mm/Kconfig
  CMA_DEBUG: false, // mm/Kconfig
  CMA_AREAS: 7, // mm/Kconfig
  DMA_CMA: true, // kernel/dma/Kconfig
  CMA_SIZE_MBYTES: 32, // kernel/dma/Kconfig
  CMA_SIZE_SEL_MBYTES: true, // kernel/dma/Kconfig
  CMA_SIZE_SEL_PERCENTAGE: false, // kernel/dma/Kconfig
  CMA_SIZE_SEL_MIN: false, // kernel/dma/Kconfig
  CMA_SIZE_SEL_MAX: false, // kernel/dma/Kconfig
  CMA_ALIGNMENT: 8, // kernel/dma/Kconfig
  // Coherent memory.
  DMA_DECLARE_COHERENT: true, // kernel/dma/Kconfig
  DMA_NONCOHERENT_MMAP: true, // kernel/dma/Kconfig
  DMA_API_DEBUG: false, // kernel/dma/Kconfig
  // Machines and buses.
  // All machines of mach-table.ts that the config builds in, and what their code asks for.
  ...builtIn(`
    ARCH_BCM2835
  `),
  ARCH_MULTIPLATFORM: true, // arch/arm/Kconfig
  SUSPEND: false, // kernel/power/Kconfig
  PCI: false, // drivers/pci/Kconfig
  ARCH_INTEGRATOR: false, // arch/arm/mach-versatile/Kconfig
};

export const rpiV6: Preset = {
  name: 'rpi-v6',
  title: 'Debian 12 for the ARMv6 Raspberry Pi: no HIGHMEM, no ZONE_DMA, CMA 32 MiB',
  source: 'Debian linux-image-6.1.0-50-rpi (6.1.176-1)',
  version: '6.1',
  symbols,
  // Read from a boot on QEMU raspi0: /proc/iomem, reserved memblocks and the kernel map after boot.
  image: {
    textOffset: 0x8000,
    stext: 0x100000,
    rodataStart: 0xa00000,
    initBegin: 0xd00000,
    initEnd: 0xe00000,
    sdata: 0xe00000,
    end: 0xf53e60,
    perCpuBytes: 0,
  },
};
