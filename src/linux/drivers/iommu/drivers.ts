// SPDX-License-Identifier: GPL-2.0-only
/**
 * The IOMMU drivers that 32-bit ARM kernels can have: which nodes they serve, which page sizes their tables have,
 * and how they group devices. Linux: drivers/iommu (v6.12; 6.1 alike), at each driver its `of_match` table,
 * `pgsize_bitmap` and `device_group`.
 * Model: a driver that is built works, on every node that the tree enables; its clocks, interrupts and registers are
 * left out. Drivers of SoCs that have only 64-bit cores are left out.
 */
import { GiB, KiB, MiB } from '../../../base/address.js';

/** What the core knows of a driver: struct iommu_ops, as far as it is data. */
export interface IommuDriver {
  /** Its Kconfig symbol. */
  readonly symbol: string;
  readonly compatible: readonly string[];
  /** Page sizes in bytes, the smallest first. */
  readonly pgsizes: readonly number[];
  /**
   * generic_device_group(): each device is alone. generic_single_device_group(): all devices of one IOMMU are one
   * group, of which only the first can be attached to a domain of its own.
   */
  readonly group: 'device' | 'iommu';
  /** The driver makes the ARM mapping itself, one for all devices of an IOMMU, with these addresses. */
  readonly sharedMapping?: { readonly base: number; readonly size: number };
}

const SHORT_DESCRIPTORS: readonly number[] = [4 * KiB, 64 * KiB, MiB, 16 * MiB];
const LONG_DESCRIPTORS: readonly number[] = [4 * KiB, 2 * MiB, GiB];

export const IOMMU_DRIVERS: readonly IommuDriver[] = [
  // Not in Linux: an IOMMU that is all software, of the kernels that probe recordings with an IOMMU were made on. Each
  // device has a domain and addresses of its own. Model: the recordings do not tell its page sizes.
  { symbol: 'ARM_DMA_USE_IOMMU', compatible: ['lab,iommu'], pgsizes: [4 * KiB], group: 'device' },
  // exynos-iommu.c
  {
    symbol: 'EXYNOS_IOMMU',
    compatible: ['samsung,exynos-sysmmu'],
    pgsizes: [4 * KiB, 64 * KiB, MiB],
    group: 'device',
  },
  // rockchip-iommu.c, RK_IOMMU_PGSIZE_BITMAP: every size that fits into one table.
  {
    symbol: 'ROCKCHIP_IOMMU',
    compatible: ['rockchip,iommu', 'rockchip,rk3568-iommu'],
    pgsizes: Array.from({ length: 11 }, (_, n) => 4 * KiB * 2 ** n),
    group: 'iommu',
  },
  // omap-iommu.c
  {
    symbol: 'OMAP_IOMMU',
    compatible: ['ti,omap2-iommu', 'ti,omap4-iommu', 'ti,dra7-iommu', 'ti,dra7-dsp-iommu'],
    pgsizes: SHORT_DESCRIPTORS,
    group: 'iommu',
  },
  // tegra-smmu.c, with the memory controller as its node (drivers/memory/tegra/mc.c).
  // Model: of its groups, those of several devices are left out.
  {
    symbol: 'TEGRA_IOMMU_SMMU',
    compatible: ['nvidia,tegra30-mc', 'nvidia,tegra114-mc', 'nvidia,tegra124-mc'],
    pgsizes: [4 * KiB],
    group: 'device',
  },
  // sun50i-iommu.c
  {
    symbol: 'SUN50I_IOMMU',
    compatible: ['allwinner,sun50i-h6-iommu', 'allwinner,sun50i-h616-iommu'],
    pgsizes: [4 * KiB],
    group: 'iommu',
  },
  // msm_iommu.c
  { symbol: 'MSM_IOMMU', compatible: ['qcom,apq8064-iommu'], pgsizes: SHORT_DESCRIPTORS, group: 'device' },
  // arm/arm-smmu/qcom_iommu.c. Its context banks are child nodes; clients name the parent.
  {
    symbol: 'QCOM_IOMMU',
    compatible: ['qcom,msm-iommu-v1', 'qcom,msm-iommu-v2'],
    pgsizes: SHORT_DESCRIPTORS,
    group: 'device',
  },
  // arm/arm-smmu/arm-smmu.c. Model: it has long descriptors with a granule of 4 KiB, and no two devices share an ID.
  {
    symbol: 'ARM_SMMU',
    compatible: ['arm,smmu-v1', 'arm,smmu-v2', 'arm,mmu-400', 'arm,mmu-401', 'arm,mmu-500'],
    pgsizes: LONG_DESCRIPTORS,
    group: 'device',
  },
  // ipmmu-vmsa.c, ipmmu_init_arm_mapping(). Only R-Car Gen2 and its like are 32-bit.
  {
    symbol: 'IPMMU_VMSA',
    compatible: ['renesas,ipmmu-vmsa'],
    pgsizes: LONG_DESCRIPTORS,
    group: 'device',
    sharedMapping: { base: GiB, size: 2 * GiB },
  },
  // mtk_iommu_v1.c, mtk_iommu_v1_create_mapping()
  {
    symbol: 'MTK_IOMMU_V1',
    compatible: ['mediatek,mt2701-m4u'],
    pgsizes: [4 * KiB],
    group: 'device',
    sharedMapping: { base: 0, size: 4 * GiB },
  },
];
