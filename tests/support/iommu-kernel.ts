// SPDX-License-Identifier: GPL-2.0-only
/** For tests of ARM's IOMMU operations: a booted kernel with three devices behind an IOMMU. */

import type { Pfn } from '../../src/base/address.js';
import type { device } from '../../src/linux/include/linux/device.js';
import { __GFP_NOWARN, GFP_KERNEL } from '../../src/linux/include/linux/gfp.js';
import type { Kernel } from '../../src/linux/kernel.js';
import { __free_pages, alloc_pages } from '../../src/linux/mm/page_alloc.js';
import { bootTestKernel, probeDevice, type TestKernelOptions } from './test-kernel.js';

const NODES = `
  mmu: iommu@50000000 { compatible = "samsung,exynos-sysmmu"; reg = <0x50000000 0x1000>; #iommu-cells = <0>; };
  codec { iommus = <&mmu>; };
  camera { iommus = <&mmu>; dma-coherent; };
  bus { #address-cells = <1>; #size-cells = <1>; ranges; dma-ranges = <0x10000000 0x40000000 0x1000000>;
    limited { iommus = <&mmu>; }; };`;

export interface IommuKernel {
  readonly k: Kernel;
  /** Does not snoop, has addresses from 0 on. */
  readonly codec: device;
  /** Snoops. */
  readonly camera: device;
  /** Its bus has 16 MiB of addresses, from 256 MiB on. */
  readonly limited: device;
}

export function bootWithIommu(options: Partial<TestKernelOptions> = {}): IommuKernel {
  const symbols = { ARM_DMA_USE_IOMMU: true, EXYNOS_IOMMU: true, ...options.symbols };
  const k = bootTestKernel({ design: 'legacy', nodes: NODES, ...options, symbols });
  return {
    k,
    codec: probeDevice(k, '/codec'),
    camera: probeDevice(k, '/camera'),
    limited: probeDevice(k, '/bus/limited'),
  };
}

/** Free pages, those on the lists of a CPU included, and those of page tables, which come and do not go. */
export function freePages(k: Kernel): number {
  return k.pages.zones.reduce((sum, { free_pages, pcp }) => sum + free_pages + pcp.count, k.mmu.tablePages);
}

/** Leaves the page allocator hardly a page whose neighbour is free. Contiguous areas are not touched. */
export function scatter(k: Kernel): void {
  const taken: Pfn[] = [];
  for (;;) {
    const pfn = alloc_pages(k, GFP_KERNEL | __GFP_NOWARN, 0);
    if (pfn === null) break;
    taken.push(pfn);
  }
  for (const pfn of taken) if (pfn % 2 === 0) __free_pages(k, pfn, 0);
}
