// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootWithIommu } from '../../../../tests/support/iommu-kernel.js';
import { bootTestKernel, logTexts, probeDevice } from '../../../../tests/support/test-kernel.js';
import { GiB, KiB, MiB } from '../../../base/address.js';
import { MAY_READ, MAY_WRITE } from '../../../hw/dma/iommu.js';
import { EBUSY, EEXIST, EINVAL } from '../../include/linux/errno.js';
import {
  IOMMU_READ,
  IOMMU_WRITE,
  iommu_attach_device,
  iommu_detach_device,
  iommu_domain,
  iommu_iova_to_phys,
  iommu_map,
  iommu_pgsize,
  iommu_unmap,
} from './iommu.js';

const NODES = `
  rk: iommu@50000000 { compatible = "rockchip,iommu"; reg = <0x50000000 0x100>; #iommu-cells = <0>; };
  smmu: mmu@51000000 { compatible = "arm,mmu-500"; reg = <0x51000000 0x1000>; #iommu-cells = <2>; };
  off: mmu@52000000 { compatible = "arm,mmu-500"; reg = <0x52000000 0x1000>; #iommu-cells = <1>;
    status = "disabled"; };
  one { iommus = <&rk>; };
  two { iommus = <&rk>; };
  streams { iommus = <&smmu 1 2>, <&smmu 3 4>; };
  half { iommus = <&smmu 1 2>, <&off 3>; };
  disabled { iommus = <&off 1>; };
  dangling { iommus = <99>; };`;

const DRIVERS = { ARM_DMA_USE_IOMMU: true, ROCKCHIP_IOMMU: true, ARM_SMMU: true };

test('an IOMMU stands before a device if the tree enables it and the config has its driver', () => {
  const k = bootTestKernel({ design: 'legacy', nodes: NODES, symbols: DRIVERS });
  const driver = (path: string) => probeDevice(k, path).iommu?.iommu_dev.driver.symbol;
  assert.equal(driver('/one'), 'ROCKCHIP_IOMMU');
  assert.equal(driver('/streams'), 'ARM_SMMU');
  for (const path of ['/plain', '/half', '/disabled', '/dangling'])
    assert.equal(driver(path), undefined, path);
  const without = bootTestKernel({ design: 'legacy', nodes: NODES, symbols: { ARM_DMA_USE_IOMMU: true } });
  assert.equal(probeDevice(without, '/one').iommu, null);
});

test('without ARM_DMA_USE_IOMMU a device behind an IOMMU bypasses it', () => {
  const k = bootTestKernel({ design: 'legacy', nodes: NODES, symbols: { ROCKCHIP_IOMMU: true } });
  const dev = probeDevice(k, '/one');
  assert.equal(dev.dma_ops, null);
  assert.equal(dev.iommu?.stream.context, null);
});

test('of devices in one group, only the first is attached to a domain of its own', () => {
  const k = bootTestKernel({ design: 'legacy', nodes: NODES, symbols: DRIVERS });
  const [one, two] = [probeDevice(k, '/one'), probeDevice(k, '/two')];
  assert.equal(one.dma_ops?.name, 'iommu_ops');
  assert.equal(two.dma_ops, null);
  assert.equal(logTexts(k).at(-1), 'Failed to attached device /two to IOMMU_mapping');
  assert.equal(iommu_attach_device(new iommu_domain([4 * KiB]), two), -EINVAL);
});

test('a device that is attached must be detached first', () => {
  const { codec } = bootWithIommu();
  const domain = new iommu_domain([4 * KiB]);
  assert.equal(iommu_attach_device(domain, codec), -EBUSY);
  iommu_detach_device(codec);
  assert.equal(iommu_attach_device(domain, codec), 0);
  assert.equal(iommu_attach_device(domain, codec), -EBUSY);
  assert.equal(codec.iommu!.stream.context, domain.context);
});

test('the largest page is taken that fits size and both addresses', () => {
  const domain = new iommu_domain([4 * KiB, 64 * KiB, MiB, 16 * MiB]);
  assert.equal(iommu_pgsize(domain, 0, 0x40000000, 64 * MiB), 16 * MiB);
  assert.equal(iommu_pgsize(domain, 0x100000, 0x40000000, 64 * MiB), MiB);
  assert.equal(iommu_pgsize(domain, 0, 0x40010000, MiB), 64 * KiB);
  assert.equal(iommu_pgsize(domain, 0, 0x40000000, 0xfffff), 64 * KiB);
  assert.equal(iommu_pgsize(domain, 0x1000, 0x40001000, MiB), 4 * KiB);
});

test('mapping, its rights, and unmapping up to the first hole', () => {
  const k = bootTestKernel({ design: 'legacy' });
  const domain = new iommu_domain([4 * KiB, 2 * MiB, GiB]);
  assert.equal(iommu_map(k, domain, 0x200000, 0x40200000, 2 * MiB + 8 * KiB, IOMMU_READ), 0);
  assert.equal(iommu_iova_to_phys(domain, 0x401234), 0x40401234);
  assert.equal(iommu_iova_to_phys(domain, 0x402000), 0);
  assert.ok(domain.context.translate(0x200000, MAY_READ) > 0);
  assert.ok(domain.context.translate(0x200000, MAY_WRITE) < 0);
  assert.equal(iommu_map(k, domain, 0x1fe000, 0x50000000, 4 * 4096, IOMMU_WRITE), -EEXIST);
  assert.equal(iommu_iova_to_phys(domain, 0x1fe000), 0, 'all or nothing');
  assert.equal(iommu_map(k, domain, 0x800, 0x50000800, 4096, IOMMU_READ), -EINVAL);
  assert.match(logTexts(k).at(-1)!, /^unaligned: iova 0x800 pa 0x50000800 size 0x1000 min_pagesz 0x1000$/);
  assert.equal(iommu_unmap(domain, 0x400000, 4 * 4096), 2 * 4096);
  assert.equal(iommu_iova_to_phys(domain, 0x3ff000), 0x403ff000);
});
