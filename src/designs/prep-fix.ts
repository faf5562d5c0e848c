// SPDX-License-Identifier: GPL-2.0-only
/**
 * `legacy` with the fix that was posted in June 2025 for coda on i.MX6: pages that a driver wants without a
 * kernel mapping are cleaned before the device gets them, if they lie in lowmem.
 */
import { arch_dma_alloc, arch_dma_free, atomic_pool_init } from '../linux/arch/arm/mm/dma-mapping.js';
import { arch_dma_prep_coherent_lowmem } from '../linux/arch/arm/mm/dma-prep-lowmem.js';
import { type Design, needsDmaDirect, needsMmu, selects } from './design.js';

export const prepFix: Design = {
  name: 'prep-fix',
  title: 'ARM: Select ARCH_HAS_DMA_PREP_COHERENT',
  summary:
    'As legacy, and memory without a kernel mapping is cleaned when it is allocated, as it was before 6.0. ' +
    'In highmem it still is not: the page has no address to clean by. Nothing is zeroed.',
  kconfig: version =>
    version === '6.12'
      ? selects('ARCH_HAS_DMA_ALLOC', 'ARCH_HAS_DMA_PREP_COHERENT')
      : selects('ARCH_HAS_DMA_PREP_COHERENT'),
  hooks: {
    name: 'prep-fix',
    atomic_pool_init,
    arch_dma_alloc,
    arch_dma_free,
    arch_dma_prep_coherent: arch_dma_prep_coherent_lowmem,
  },
  refuse: config =>
    needsDmaDirect(config) ??
    needsMmu(config, 'kernel/dma/direct.c would call a function that only arch/arm/mm/dma-mapping.c has'),
};
