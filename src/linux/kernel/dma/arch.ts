// SPDX-License-Identifier: GPL-2.0-only
/**
 * The seam between generic DMA code and a design: what an architecture defines for kernel/dma.
 * Linux: include/linux/dma-map-ops.h (v6.12). Which of the hooks are called is decided by Kconfig symbols, as
 * in the kernel, and not by their presence here: ARCH_HAS_DMA_ALLOC (6.1: nothing else selected),
 * ARCH_HAS_DMA_PREP_COHERENT, ARCH_HAS_DMA_SET_UNCACHED, ARCH_HAS_DMA_CLEAR_UNCACHED,
 * ARCH_HAS_DMA_CAN_SET_UNCACHED. `src/designs` has the values of this type; direct.ts is their caller.
 */
import type { DmaAddr, Pfn, Vaddr } from '../../../base/address.js';
import { invariant } from '../../../base/diagnostics.js';
import type { device } from '../../include/linux/device.js';
import type { Kernel } from '../../kernel.js';

/** One coherent buffer, as dma_alloc_attrs() hands it out. */
export interface DmaBuffer {
  /** Where the CPU reaches it, or, with `cookie`, the number of its first page frame. */
  readonly cpu_addr: number;
  /** What the device is told. DMA_MAPPING_ERROR where the address cannot be translated (legacy only). */
  readonly dma_handle: DmaAddr;
  /**
   * Allocated with DMA_ATTR_NO_KERNEL_MAPPING: `cpu_addr` stands for a `struct page *`, or, behind an IOMMU, for an
   * array of them.
   */
  readonly cookie: boolean;
  /** That array. */
  readonly pages?: readonly Pfn[];
}

export interface ArchDma {
  readonly name: string;
  /** The postcore_initcalls that make pools for atomic allocations, in link order. */
  atomic_pool_init(k: Kernel): void;
  /** `size` is in whole pages. */
  arch_dma_alloc?(k: Kernel, dev: device, size: number, gfp: number, attrs: number): DmaBuffer | null;
  arch_dma_free?(k: Kernel, dev: device, size: number, buffer: DmaBuffer, attrs: number): void;
  /** Makes newly allocated pages fit for an uncached mapping. Called for highmem pages, too. */
  arch_dma_prep_coherent?(k: Kernel, pfn: Pfn, size: number): void;
  /** May the direct mapping of these lowmem pages be made uncached? (Not in Linux; of `step2`.) */
  arch_dma_can_set_uncached?(k: Kernel, pfn: Pfn, size: number): boolean;
  /** The address through which the pages are uncached from now on, or -errno. */
  arch_dma_set_uncached?(k: Kernel, vaddr: Vaddr, size: number): Vaddr | number;
  arch_dma_clear_uncached?(k: Kernel, vaddr: Vaddr, size: number): void;
  /** DMA_DIRECT_REMAP keeps everybody from `arch_dma_alloc`, as it did before 6.7. (Not in Linux 6.12; of `v1-66`.) */
  readonly remapGoesFirst?: boolean;
  /**
   * Atomic buffers of devices behind an IOMMU come from the generic pools, as ARM has none of its own any more.
   * (Not in Linux; of `step1` and later.)
   */
  readonly iommuTakesGenericPool?: boolean;
  /** Generic atomic pools ask `arch_dma_can_set_uncached`, too. (Not in Linux; of `step2p`.) */
  readonly poolsInPlace?: boolean;
}

/** arch_dma_prep_coherent(), which is empty where the architecture does not select it. */
export function arch_dma_prep_coherent(k: Kernel, pfn: Pfn, size: number): void {
  if (!k.config.isEnabled('ARCH_HAS_DMA_PREP_COHERENT')) return;
  invariant(
    k.arch.arch_dma_prep_coherent,
    () => `design ${k.arch.name} selects PREP_COHERENT without the hook`,
  );
  k.arch.arch_dma_prep_coherent(k, pfn, size);
}

/** Asked for each allocation where ARCH_HAS_DMA_CAN_SET_UNCACHED is set; a constant elsewhere. */
export function arch_dma_can_set_uncached(k: Kernel, pfn: Pfn, size: number): boolean {
  if (!k.config.isEnabled('ARCH_HAS_DMA_CAN_SET_UNCACHED')) {
    return k.config.isEnabled('ARCH_HAS_DMA_SET_UNCACHED');
  }
  invariant(
    k.arch.arch_dma_can_set_uncached,
    `design ${k.arch.name} selects CAN_SET_UNCACHED without the hook`,
  );
  return k.arch.arch_dma_can_set_uncached(k, pfn, size);
}
