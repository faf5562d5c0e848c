// SPDX-License-Identifier: GPL-2.0-only
/**
 * Drivers that do not keep the addresses which ARM's DMA code has given their device behind an IOMMU: they throw the
 * mapping away, and program the IOMMU themselves, or take one of their own making.
 * Model: they are bound, and use the IOMMU. What a driver that programs it itself puts there, and the memory of it,
 * is left out: its device is run as one without IOMMU, as its `dma_ops` then are. Devices that share a mapping of
 * a driver's making have one each.
 */
import { GiB } from '../base/address.js';
import { stringsOf } from '../devicetree/access.js';
import { arm_iommu_attach_device } from '../linux/arch/arm/mm/dma-iommu.js';
import { arm_iommu_create_mapping, arm_iommu_detach_device } from '../linux/arch/arm/mm/dma-iommu-mapping.js';
import type { device } from '../linux/include/linux/device.js';
import type { Kernel } from '../linux/kernel.js';

interface Client {
  readonly compatible: readonly RegExp[];
  /** Addresses of the driver's own mapping; null: it has none. */
  readonly own: { readonly base: number; readonly size: number } | null;
}

const clients: readonly Client[] = [
  // Linux: drivers/gpu/drm/rockchip/rockchip_drm_drv.c, rockchip_drm_dma_attach_device() (v6.12).
  { compatible: [/^rockchip,.*-vop(-big|-lit)?$/], own: null },
  // Linux: drivers/gpu/drm/tegra/drm.c, host1x_client_iommu_attach(); drivers/gpu/host1x/dev.c,
  // host1x_iommu_attach(); drivers/media/platform/nvidia/tegra-vde/iommu.c;
  // drivers/gpu/drm/nouveau/nvkm/engine/device/tegra.c (v6.12).
  { compatible: [/^nvidia,tegra\d+-(dc|gr2d|gr3d|vic|host1x|vde)$/, /^nvidia,gk20a$/], own: null },
  // Linux: drivers/remoteproc/omap_remoteproc.c, omap_rproc_probe() (v6.12).
  { compatible: [/^ti,(omap4|omap5|dra7)-(dsp|ipu)$/], own: null },
  // Linux: drivers/media/platform/ti/omap3isp/isp.c, isp_attach_iommu() (v6.12).
  { compatible: [/^ti,omap3-isp$/], own: { base: GiB, size: 2 * GiB } },
  // Linux: drivers/gpu/drm/exynos/exynos_drm_dma.c, exynos_drm_register_dma() (v6.12). Of those who call it, the
  // image processors have V4L2 drivers as well, which keep what they find and which multi_v7_defconfig builds.
  { compatible: [/^samsung,exynos\d+-(fimd|mixer)$/], own: { base: 0x20000000, size: GiB } },
];

/** What the device's driver changes, if it is one of these. */
export function bindIommuClient(k: Kernel, dev: device): void {
  const { of_node } = dev;
  if (of_node === null || dev.mapping === null) return;
  const names = stringsOf(k.board.tree, of_node, 'compatible');
  const client = clients.find(({ compatible }) =>
    names.some(name => compatible.some(rule => rule.test(name))),
  );
  if (client === undefined) return;
  arm_iommu_detach_device(k, dev);
  if (client.own === null) return;
  const mapping = arm_iommu_create_mapping(dev, client.own.base, client.own.size);
  if (typeof mapping !== 'number') arm_iommu_attach_device(dev, mapping);
}
