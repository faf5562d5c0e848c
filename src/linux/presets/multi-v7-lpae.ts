// SPDX-License-Identifier: GPL-2.0-only
/**
 * The ARMv7 kernel for many machines, long descriptors: RAM above 4 GiB.
 * Source: Linux 6.12.117, multi_v7_lpae_defconfig, completed by
 * `make ARCH=arm`; after a value stands what set it: the defconfig, or the default or a select of the file
 * that defines the symbol. Only symbols that are read here are stated.
 */
import { deriveImage } from '../kernel-image.js';
import { builtIn, type Preset } from '../preset.js';

const symbols: Preset['symbols'] = {
  // Processor and addresses.
  ARM: true, // arch/arm/Kconfig
  MMU: true, // arch/arm/Kconfig
  ARCH_MULTI_V6_V7: true, // arch/arm/Kconfig.platforms
  ARCH_MULTI_V6: false, // arch/arm/Kconfig.platforms
  ARCH_MULTI_V7: true, // arch/arm/Kconfig.platforms
  ARM_LPAE: true, // lpae.config
  PHYS_ADDR_T_64BIT: true, // mm/Kconfig
  ARCH_DMA_ADDR_T_64BIT: true, // kernel/dma/Kconfig
  SMP: true, // defconfig
  SMP_ON_UP: true, // arch/arm/Kconfig
  NR_CPUS: 16, // defconfig
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
  CACHE_UNIPHIER: false, // arch/arm/mm/Kconfig
  CACHE_B15_RAC: true, // arch/arm/mm/Kconfig
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
  VMSPLIT_3G: false, // arch/arm/Kconfig
  VMSPLIT_2G: true, // lpae.config
  VMSPLIT_1G: false, // arch/arm/Kconfig
  PAGE_OFFSET: 0x80000000, // arch/arm/Kconfig
  ARM_PATCH_PHYS_VIRT: true, // arch/arm/Kconfig
  AUTO_ZRELADDR: true, // arch/arm/Kconfig
  ARCH_QCOM: true, // defconfig
  ARCH_QCOM_RESERVE_SMEM: false, // arch/arm/mach-qcom/Kconfig
  ARCH_MESON: true, // defconfig
  ARCH_REALTEK: false, // arch/arm/mach-realtek/Kconfig
  ARCH_AXXIA: false, // arch/arm/mach-axxia/Kconfig
  CMDLINE: '', // arch/arm/Kconfig
  BLK_DEV_INITRD: true, // defconfig
  OF_KOBJ: true, // drivers/of/Kconfig
  SERIAL_EARLYCON: true, // drivers/tty/serial/Kconfig
  FIX_EARLYCON_MEM: true, // arch/arm/Kconfig
  // Kernel mappings.
  STRICT_KERNEL_RWX: true, // arch/Kconfig
  DEBUG_ALIGN_RODATA: true, // arch/arm/mm/Kconfig
  VMAP_STACK: true, // arch/Kconfig
  THUMB2_KERNEL: false, // arch/arm/Kconfig
  MODULES: true, // defconfig
  ARM_MODULE_PLTS: true, // arch/arm/Kconfig
  KUSER_HELPERS: true, // arch/arm/mm/Kconfig
  CPU_TTBR0_PAN: true, // arch/arm/Kconfig
  KASAN: false, // lib/Kconfig.kasan
  // Memory zones and pages.
  HIGHMEM: true, // arch/arm/Kconfig
  HIGHPTE: true, // arch/arm/Kconfig
  FLATMEM: true, // mm/Kconfig
  ZONE_DMA: true, // mm/Kconfig
  ARCH_FORCE_MAX_ORDER: 11, // arch/arm/Kconfig
  HUGETLBFS: false, // fs/Kconfig
  TRANSPARENT_HUGEPAGE: false, // mm/Kconfig
  MEMCG: false, // init/Kconfig
  INIT_ON_ALLOC_DEFAULT_ON: false, // security/Kconfig.hardening
  // Contiguous memory.
  CMA: true, // mm/Kconfig
  CMA_AREAS: 8, // mm/Kconfig
  DMA_CMA: true, // kernel/dma/Kconfig
  CMA_SIZE_MBYTES: 64, // defconfig
  CMA_SIZE_SEL_MBYTES: true, // kernel/dma/Kconfig
  CMA_SIZE_SEL_PERCENTAGE: false, // kernel/dma/Kconfig
  CMA_SIZE_SEL_MIN: false, // kernel/dma/Kconfig
  CMA_SIZE_SEL_MAX: false, // kernel/dma/Kconfig
  CMA_ALIGNMENT: 8, // kernel/dma/Kconfig
  // Coherent memory.
  ARCH_HAS_DMA_ALLOC: true, // kernel/dma/Kconfig
  DMA_DECLARE_COHERENT: true, // kernel/dma/Kconfig
  DMA_NONCOHERENT_MMAP: true, // kernel/dma/Kconfig
  DMA_RESTRICTED_POOL: false, // kernel/dma/Kconfig
  DMA_API_DEBUG: false, // kernel/dma/Kconfig
  SWIOTLB: true, // kernel/dma/Kconfig
  SWIOTLB_DYNAMIC: false, // kernel/dma/Kconfig
  XEN: false, // arch/arm/Kconfig
  ARM_DMA_USE_IOMMU: true, // arch/arm/Kconfig
  ARM_DMA_IOMMU_ALIGNMENT: 8, // arch/arm/Kconfig
  EXYNOS_IOMMU: true, // defconfig
  OMAP_IOMMU: true, // defconfig
  QCOM_IOMMU: true, // defconfig
  ROCKCHIP_IOMMU: true, // defconfig
  TEGRA_IOMMU_SMMU: true, // defconfig
  // Machines and buses.
  // All machines of mach-table.ts that the config builds in, and what their code asks for.
  ...builtIn(`
    ARCH_ALPINE ARCH_BCM2835 ARCH_BCM_21664 ARCH_BCM_23550 ARCH_BCM_281XX ARCH_BCM_5301X ARCH_BCM_CYGNUS
    ARCH_BCM_HR2 ARCH_BCM_NSP ARCH_BERLIN ARCH_BRCMSTB ARCH_DIGICOLOR ARCH_EMEV2 ARCH_EXYNOS ARCH_HISI
    ARCH_HPE_GXP ARCH_INTEL_SOCFPGA ARCH_MEDIATEK ARCH_OMAP3 ARCH_OMAP4 ARCH_R7S72100 ARCH_R7S9210
    ARCH_R8A73A4 ARCH_R8A7740 ARCH_R8A7778 ARCH_R8A7779 ARCH_RCAR_GEN2 ARCH_ROCKCHIP ARCH_SH73A0
    ARCH_STI ARCH_STM32 ARCH_SUNXI ARCH_TEGRA ARCH_VT8500 ARCH_ZYNQ MACH_ARTPEC6 MACH_DOVE MACH_MMP2_DT
    MACH_MMP3_DT MACH_SPEAR1310 MACH_SPEAR1340 OMAP_INTERCONNECT_BARRIER SOC_AM33XX SOC_AM43XX
    SOC_DRA7XX SOC_IMX50 SOC_IMX51 SOC_IMX53 SOC_IMX6Q SOC_IMX6SL SOC_IMX6SLL SOC_IMX6SX SOC_IMX6UL
    SOC_IMX7D_CA7 SOC_IMX7ULP SOC_LS1021A SOC_OMAP5 SOC_SAMA5 SOC_SAMA7 SOC_TI81XX SOC_VF610
    UX500_SOC_DB8500
  `),
  ARCH_MULTIPLATFORM: true, // arch/arm/Kconfig
  ARCH_VEXPRESS: true, // defconfig
  SUSPEND: true, // kernel/power/Kconfig
  PCI: true, // drivers/pci/Kconfig
  ARCH_MVEBU: true, // defconfig
  MACH_MVEBU_V7: true, // arch/arm/mach-mvebu/Kconfig
  ARCH_HIGHBANK: true, // defconfig
  ARCH_KEYSTONE: true, // defconfig
};

export const multiV7Lpae: Preset = {
  name: 'multi_v7-lpae',
  title: 'The ARMv7 kernel for many machines, long descriptors: RAM above 4 GiB',
  source: 'Linux 6.12.117, multi_v7_lpae_defconfig',
  version: '6.12',
  symbols,
  // 2875 built-in symbols. Model: an estimated layout, by the rules of kernel-image.ts.
  image: deriveImage(new Map(Object.entries(symbols)), 2875),
};
