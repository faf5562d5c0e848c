// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootTestKernel } from '../../tests/support/test-kernel.js';
import { parseDts } from '../devicetree/load.js';
import { findDmaMasters, GENERIC_MASTER, groupAlike, probeDevices } from './devices.js';

function masters(nodes: string): string[] {
  const source = `/dts-v1/; / { #address-cells = <1>; #size-cells = <1>;
    soc { #address-cells = <1>; #size-cells = <1>; ranges; ${nodes} }; };`;
  return findDmaMasters(parseDts(source, 'test.dts')).map(({ name }) => name);
}

test('masters are known by their name, with or without a number, and by properties that only they have', () => {
  const found = masters(`
    usb@1000 { compatible = "a"; reg = <0x1000 1>; };
    usb3@2000 { compatible = "a"; reg = <0x2000 1>; };
    sound@3000 { compatible = "a"; reg = <0x3000 1>; dma-coherent; };
    engine@4000 { compatible = "a"; reg = <0x4000 1>; #dma-cells = <1>; };
    timer@5000 { compatible = "a"; reg = <0x5000 1>; };`);
  assert.deepEqual(found, ['usb@1000', 'usb3@2000', 'sound@3000', 'engine@4000']);
});

test('what only has the name of one is none', () => {
  const found = masters(`
    usb@1000 { reg = <0x1000 1>; };
    usb@2000 { compatible = "a"; reg = <0x2000 1>; status = "disabled"; };
    usb@3000 { compatible = "a"; reg = <0x3000 1>; #phy-cells = <0>; };
    dma-router@4000 { compatible = "a"; reg = <0x4000 1>; #dma-cells = <1>; };
    off { status = "disabled"; ranges; usb@5000 { compatible = "a"; reg = <0x5000 1>; }; };`);
  assert.deepEqual(found, []);
});

test('a camera on an I2C bus and an Ethernet adapter on a USB port are no masters, their hosts may be', () => {
  const found = masters(`
    i2c@1000 { compatible = "a"; reg = <0x1000 1>; #address-cells = <1>; #size-cells = <0>;
      camera@3c { compatible = "b"; reg = <0x3c>; }; };
    usb@2000 { compatible = "a"; reg = <0x2000 1>; #address-cells = <1>; #size-cells = <0>;
      ethernet@1 { compatible = "b"; reg = <1>; }; };`);
  assert.deepEqual(found, ['usb@2000']);
});

/** A host bridge whose devices see memory at another address than the devices beside the bridge. */
const PCI = `
  pcie@50000000 { compatible = "test,pcie"; reg = <0x50000000 0x1000>; device_type = "pci";
    #address-cells = <3>; #size-cells = <2>; ranges;
    dma-ranges = <0x02000000 0 0x80000000 0x40000000 0 0x20000000>;
    pci@0,0 { compatible = "b"; reg = <0 0 0 0 0>; device_type = "pci";
      #address-cells = <3>; #size-cells = <2>; ranges;
      ethernet@0,0 { compatible = "b"; reg = <0 0 0 0 0>; }; }; };
  usb@51000000 { compatible = "a"; reg = <0x51000000 0x1000>; };`;

test("a PCI host bridge stands for the devices behind it, and they have its 'dma-ranges'", () => {
  const k = bootTestKernel({ design: 'legacy', nodes: PCI, symbols: { PCI: true } });
  const devices = probeDevices(k);
  assert.deepEqual(
    devices.map(({ name }) => name),
    ['/pcie@50000000', '/usb@51000000'],
  );
  const [pcie, usb] = devices;
  assert.deepEqual(pcie?.dma_range_map, [{ cpu_start: 0x40000000, dma_start: 0x80000000, size: 0x20000000 }]);
  assert.equal(usb?.dma_range_map, null);
  assert.equal(groupAlike(k, devices).length, 2);
});

const IOMMUS = `
  mmu: iommu@50000000 { compatible = "samsung,exynos-sysmmu"; reg = <0x50000000 0x1000>; #iommu-cells = <0>; };
  vop@53000000 { compatible = "a"; reg = <0x53000000 0x1000>; iommus = <&mmu>; };
  vop@54000000 { compatible = "a"; reg = <0x54000000 0x1000>; iommus = <&mmu>; };
  vop@55000000 { compatible = "a"; reg = <0x55000000 0x1000>; };`;

test('devices behind an IOMMU are a group of their own, if the kernel uses it for DMA', () => {
  const groups = (symbols: Readonly<Record<string, true>>): (readonly string[])[] => {
    const k = bootTestKernel({ design: 'legacy', nodes: IOMMUS, symbols });
    return groupAlike(k, probeDevices(k)).map(({ names }) => names);
  };
  const [first, second, third] = ['/vop@53000000', '/vop@54000000', '/vop@55000000'];
  assert.deepEqual(groups({ ARM_DMA_USE_IOMMU: true, EXYNOS_IOMMU: true }), [[first, second], [third]]);
  assert.deepEqual(groups({ EXYNOS_IOMMU: true }), [[first, second, third]]);
  assert.deepEqual(groups({ ARM_DMA_USE_IOMMU: true }), [[first, second, third]]);
});

test('there is a generic master where a tree names none, or all are behind IOMMUs', () => {
  const symbols = { ARM_DMA_USE_IOMMU: true, EXYNOS_IOMMU: true } as const;
  const groups = (nodes: string) => {
    const k = bootTestKernel({ design: 'legacy', nodes, symbols });
    return groupAlike(k, probeDevices(k)).map(({ names }) => names);
  };
  assert.deepEqual(groups(''), [[GENERIC_MASTER]]);
  const translated = IOMMUS.replace(/ {2}vop@55.*/, '');
  assert.deepEqual(groups(translated), [['/vop@53000000', '/vop@54000000'], [GENERIC_MASTER]]);
});
