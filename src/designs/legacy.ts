// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kernel as it is: ARM's own allocator for every device that does not snoop.
 * Linux: arch/arm/Kconfig, `select ARCH_HAS_DMA_ALLOC if MMU` (v6.12). Before 6.7 there is no such symbol:
 * the allocator is used wherever nothing else is selected.
 */
import { arch_dma_alloc, arch_dma_free, atomic_pool_init } from '../linux/arch/arm/mm/dma-mapping.js';
import { type Design, needsMmu, selects } from './design.js';

export const legacy: Design = {
  name: 'legacy',
  title: "ARM's own allocator",
  summary:
    'What kernels have done since 6.0. Contiguous memory in lowmem is made uncached in place; without it, and ' +
    'in highmem, buffers are mapped a second time. Callers that may not sleep share one fixed pool. ' +
    "The device's mask is not checked.",
  kconfig: version => (version === '6.12' ? selects('ARCH_HAS_DMA_ALLOC') : selects()),
  hooks: { name: 'legacy', atomic_pool_init, arch_dma_alloc, arch_dma_free },
  refuse: config =>
    needsMmu(config, 'ARCH_HAS_DMA_ALLOC is selected "if MMU", and without it DMA_GLOBAL_POOL is'),
};
