// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootTestKernel } from '../../tests/support/test-kernel.js';
import { GiB } from '../base/address.js';
import { probeDevices } from './devices.js';

const SYMBOLS = { ARM_DMA_USE_IOMMU: true, EXYNOS_IOMMU: true, OMAP_IOMMU: true, ROCKCHIP_IOMMU: true };

/** Operations and start of the addresses of a device with that `compatible` behind an IOMMU, as its driver leaves it. */
function bound(iommu: string, compatible: string): readonly unknown[] {
  const nodes = `mmu: iommu { compatible = "${iommu}"; #iommu-cells = <0>; };
    dev@50000000 { compatible = "${compatible}"; reg = <0x50000000 0x100>; iommus = <&mmu>; };`;
  const k = bootTestKernel({ design: 'legacy', nodes, symbols: SYMBOLS });
  const [dev] = probeDevices(k);
  return [
    dev?.dma_ops?.name,
    dev?.mapping?.base,
    dev?.iommu?.stream.context === dev?.mapping?.domain.context,
  ];
}

test('most drivers keep the addresses that they find', () => {
  assert.deepEqual(bound('rockchip,iommu', 'rockchip,rk3288-vpu'), ['iommu_ops', 0, true]);
  assert.deepEqual(bound('samsung,exynos-sysmmu', 'samsung,exynos5420-jpeg'), ['iommu_ops', 0, true]);
});

test('some program the IOMMU themselves, and are left to dma-direct', () => {
  for (const compatible of ['rockchip,rk3288-vop', 'rockchip,rk3399-vop-lit']) {
    assert.deepEqual(bound('rockchip,iommu', compatible).slice(0, 2), [undefined, undefined], compatible);
  }
  for (const compatible of ['ti,dra7-ipu', 'ti,omap4-dsp']) {
    assert.deepEqual(bound('ti,dra7-iommu', compatible).slice(0, 2), [undefined, undefined], compatible);
  }
});

test('some take a mapping of their own', () => {
  assert.deepEqual(bound('ti,omap2-iommu', 'ti,omap3-isp'), ['iommu_ops', GiB, true]);
  assert.deepEqual(bound('samsung,exynos-sysmmu', 'samsung,exynos5250-fimd'), [
    'iommu_ops',
    0x20000000,
    true,
  ]);
});
