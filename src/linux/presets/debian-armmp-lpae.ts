// SPDX-License-Identifier: GPL-2.0-only
/**
 * Debian 12 for ARMv7, long descriptors.
 * Source: the `.config` of Debian's linux-image-6.1.0-50-armmp-lpae (6.1.176-1); the file named after a value defines the symbol.
 * Only symbols that are read here are stated.
 */
import { builtIn, type Preset } from '../preset.js';

const symbols: Preset['symbols'] = {
  // Processor and addresses.
  ARM: true, // arch/arm/Kconfig
  MMU: true, // arch/arm/Kconfig
  ARCH_MULTI_V6_V7: true, // arch/arm/Kconfig.platforms
  ARCH_MULTI_V6: false, // arch/arm/Kconfig.platforms
  ARCH_MULTI_V7: true, // arch/arm/Kconfig.platforms
  ARM_LPAE: true, // arch/arm/mm/Kconfig
  PHYS_ADDR_T_64BIT: true, // mm/Kconfig
  ARCH_DMA_ADDR_T_64BIT: true, // kernel/dma/Kconfig
  SMP: true, // arch/arm/Kconfig
  SMP_ON_UP: true, // arch/arm/Kconfig
  NR_CPUS: 8, // arch/arm/Kconfig
  // Cores.
  CPU_V7: true, // arch/arm/mm/Kconfig
  CPU_PJ4: true, // arch/arm/mm/Kconfig
  CPU_PJ4B: true, // arch/arm/mm/Kconfig
  CPU_CACHE_VIPT: true, // arch/arm/mm/Kconfig
  ARM_L1_CACHE_SHIFT: 6, // arch/arm/mm/Kconfig
  // Outer caches, barriers, errata.
  OUTER_CACHE: true, // arch/arm/mm/Kconfig
  OUTER_CACHE_SYNC: true, // arch/arm/mm/Kconfig
  CACHE_L2X0: true, // arch/arm/mm/Kconfig
  CACHE_FEROCEON_L2: true, // arch/arm/mm/Kconfig
  CACHE_FEROCEON_L2_WRITETHROUGH: false, // arch/arm/mm/Kconfig
  CACHE_TAUROS2: true, // arch/arm/mm/Kconfig
  ARM_HEAVY_MB: true, // arch/arm/mm/Kconfig
  ARM_DMA_MEM_BUFFERABLE: true, // arch/arm/mm/Kconfig
  PL310_ERRATA_588369: true, // arch/arm/mm/Kconfig
  PL310_ERRATA_727915: true, // arch/arm/mm/Kconfig
  PL310_ERRATA_753970: true, // arch/arm/mm/Kconfig
  PL310_ERRATA_769419: true, // arch/arm/mm/Kconfig
  ARM_ERRATA_720789: true, // arch/arm/Kconfig
  ARM_ERRATA_764369: true, // arch/arm/Kconfig
  ARM_ERRATA_775420: true, // arch/arm/Kconfig
  ARM_ERRATA_798181: true, // arch/arm/Kconfig
  // Address space, place of the image, command line.
  VMSPLIT_3G: true, // arch/arm/Kconfig
  VMSPLIT_2G: false, // arch/arm/Kconfig
  VMSPLIT_1G: false, // arch/arm/Kconfig
  PAGE_OFFSET: 0xc0000000, // arch/arm/Kconfig
  ARM_PATCH_PHYS_VIRT: true, // arch/arm/Kconfig
  AUTO_ZRELADDR: true, // arch/arm/Kconfig
  ARCH_QCOM: false, // arch/arm/mach-qcom/Kconfig
  ARCH_MESON: true, // arch/arm/mach-meson/Kconfig
  ARCH_REALTEK: false, // arch/arm/mach-realtek/Kconfig
  ARCH_AXXIA: false, // arch/arm/mach-axxia/Kconfig
  CMDLINE: '', // arch/arm/Kconfig
  BLK_DEV_INITRD: true, // init/Kconfig
  OF_KOBJ: true, // drivers/of/Kconfig
  KALLSYMS: true, // init/Kconfig
  KEXEC: true, // arch/arm/Kconfig
  LOG_BUF_SHIFT: 17, // init/Kconfig
  LOG_CPU_MAX_BUF_SHIFT: 12, // init/Kconfig
  SERIAL_EARLYCON: true, // drivers/tty/serial/Kconfig
  FIX_EARLYCON_MEM: true, // arch/arm/Kconfig
  // Kernel mappings.
  STRICT_KERNEL_RWX: true, // arch/Kconfig
  DEBUG_ALIGN_RODATA: true, // arch/arm/mm/Kconfig
  VMAP_STACK: true, // arch/Kconfig
  THUMB2_KERNEL: false, // arch/arm/Kconfig
  MODULES: true, // kernel/module/Kconfig
  ARM_MODULE_PLTS: true, // arch/arm/Kconfig
  KUSER_HELPERS: true, // arch/arm/mm/Kconfig
  KASAN: false, // lib/Kconfig.kasan
  // Memory zones and pages.
  HIGHMEM: true, // arch/arm/Kconfig
  HIGHPTE: true, // arch/arm/Kconfig
  FLATMEM: true, // mm/Kconfig
  ZONE_DMA: true, // mm/Kconfig
  ARCH_FORCE_MAX_ORDER: 12, // arch/arm/Kconfig
  HUGETLBFS: true, // fs/Kconfig
  HUGETLB_PAGE: true, // fs/Kconfig
  TRANSPARENT_HUGEPAGE: true, // mm/Kconfig
  MEMCG: true, // init/Kconfig
  MEMCG_KMEM: true, // init/Kconfig
  INIT_ON_ALLOC_DEFAULT_ON: true, // security/Kconfig.hardening
  // Contiguous memory.
  CMA: true, // mm/Kconfig
  CMA_DEBUG: false, // mm/Kconfig
  CMA_AREAS: 7, // mm/Kconfig
  DMA_CMA: true, // kernel/dma/Kconfig
  CMA_SIZE_MBYTES: 16, // kernel/dma/Kconfig
  CMA_SIZE_SEL_MBYTES: true, // kernel/dma/Kconfig
  CMA_SIZE_SEL_PERCENTAGE: false, // kernel/dma/Kconfig
  CMA_SIZE_SEL_MIN: false, // kernel/dma/Kconfig
  CMA_SIZE_SEL_MAX: false, // kernel/dma/Kconfig
  CMA_ALIGNMENT: 8, // kernel/dma/Kconfig
  // Coherent memory.
  DMA_DECLARE_COHERENT: true, // kernel/dma/Kconfig
  DMA_NONCOHERENT_MMAP: true, // kernel/dma/Kconfig
  DMA_RESTRICTED_POOL: false, // kernel/dma/Kconfig
  DMA_API_DEBUG: false, // kernel/dma/Kconfig
  SWIOTLB: true, // kernel/dma/Kconfig
  SWIOTLB_XEN: true, // drivers/xen/Kconfig
  XEN: true, // arch/arm/Kconfig
  ARM_DMA_USE_IOMMU: true, // arch/arm/Kconfig
  ARM_DMA_IOMMU_ALIGNMENT: 8, // arch/arm/Kconfig
  ARM_SMMU: true, // drivers/iommu/Kconfig
  OMAP_IOMMU: true, // drivers/iommu/Kconfig
  ROCKCHIP_IOMMU: true, // drivers/iommu/Kconfig
  TEGRA_IOMMU_SMMU: true, // drivers/iommu/Kconfig
  // Machines and buses.
  // All machines of mach-table.ts that the config builds in, and what their code asks for.
  ...builtIn(`
    ARCH_BCM2835 ARCH_EXYNOS ARCH_INTEL_SOCFPGA ARCH_OMAP3 ARCH_OMAP4 ARCH_ROCKCHIP ARCH_STM32
    ARCH_SUNXI ARCH_TEGRA ARCH_VT8500 MACH_DOVE MACH_MMP2_DT MACH_MMP3_DT OMAP_INTERCONNECT_BARRIER
    SOC_AM33XX SOC_DRA7XX SOC_IMX51 SOC_IMX53 SOC_IMX6Q SOC_IMX6SL SOC_IMX6SLL SOC_IMX6SX SOC_IMX6UL
    SOC_IMX7D_CA7 SOC_OMAP5 SOC_TI81XX
  `),
  ARCH_MULTIPLATFORM: true, // arch/arm/Kconfig
  ARCH_VEXPRESS: true, // arch/arm/mach-versatile/Kconfig
  SUSPEND: true, // kernel/power/Kconfig
  PCI: true, // drivers/pci/Kconfig
  ARCH_MVEBU: true, // arch/arm/mach-mvebu/Kconfig
  MACH_MVEBU_V7: true, // arch/arm/mach-mvebu/Kconfig
  ARCH_HIGHBANK: true, // arch/arm/mach-highbank/Kconfig
  ARCH_KEYSTONE: false, // arch/arm/mach-keystone/Kconfig
};

export const debianArmmpLpae: Preset = {
  name: 'debian-armmp-lpae',
  title: 'Debian 12 for ARMv7, long descriptors',
  source: 'Debian linux-image-6.1.0-50-armmp-lpae (6.1.176-1)',
  version: '6.1',
  symbols,
  // Read from a boot on QEMU virt: /proc/iomem, reserved memblocks and the kernel map after boot.
  image: {
    textOffset: 0x208000,
    stext: 0x400000,
    rodataStart: 0x1000000,
    initBegin: 0x1400000,
    initEnd: 0x1600000,
    sdata: 0x1600000,
    end: 0x180d288,
    // Each CPU has 19 pages, of which 28 KiB are not static.
    perCpuBytes: 0xbc00,
  },
};
