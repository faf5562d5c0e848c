// SPDX-License-Identifier: GPL-2.0-only
/**
 * First step of the plan of October 2023: generic remapping for everybody, with ARM's flush of new pages
 * as arch_dma_prep_coherent(). ARM's allocator and its pool are gone.
 */
import { arch_dma_prep_coherent } from '../linux/arch/arm/mm/dma-uncached.js';
import { dma_atomic_pool_init } from '../linux/kernel/dma/pool.js';
import { type Design, needsDmaDirect, needsMmu, selects } from './design.js';

export const step1: Design = {
  name: 'step1',
  title: 'Generic remapping',
  summary:
    'All coherent memory of devices that do not snoop is mapped a second time, uncached, in vmalloc space; ' +
    'the cacheable mapping of lowmem stays. Pages are zeroed and flushed first. Atomic allocations come from ' +
    'the generic pools, which grow. The mask is checked.',
  kconfig: () => selects('DMA_DIRECT_REMAP', 'DMA_COHERENT_POOL', 'ARCH_HAS_DMA_PREP_COHERENT'),
  hooks: {
    name: 'step1',
    atomic_pool_init: dma_atomic_pool_init,
    iommuTakesGenericPool: true,
    arch_dma_prep_coherent,
  },
  refuse: config =>
    needsDmaDirect(config) ??
    needsMmu(config, 'DMA_DIRECT_REMAP is selected "if MMU", as remapping needs page tables'),
};
