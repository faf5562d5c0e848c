// SPDX-License-Identifier: GPL-2.0-only
/**
 * Second step of the plan of October 2023: contiguous memory in lowmem is made uncached in place again,
 * now through generic code, which asks for each allocation whether that is possible.
 */
import {
  arch_dma_can_set_uncached,
  arch_dma_clear_uncached,
  arch_dma_prep_coherent,
  arch_dma_set_uncached,
} from '../linux/arch/arm/mm/dma-uncached.js';
import type { ArchDma } from '../linux/kernel/dma/arch.js';
import { dma_atomic_pool_init } from '../linux/kernel/dma/pool.js';
import { type Design, type DesignSymbols, needsDmaDirect, needsMmu, selects } from './design.js';

export const step2Hooks: ArchDma = {
  name: 'step2',
  atomic_pool_init: dma_atomic_pool_init,
  iommuTakesGenericPool: true,
  arch_dma_prep_coherent,
  arch_dma_can_set_uncached,
  arch_dma_set_uncached,
  arch_dma_clear_uncached,
};

export function step2Symbols(): DesignSymbols {
  return selects(
    'DMA_DIRECT_REMAP',
    'DMA_COHERENT_POOL',
    'ARCH_HAS_DMA_PREP_COHERENT',
    'ARCH_HAS_DMA_SET_UNCACHED',
    'ARCH_HAS_DMA_CLEAR_UNCACHED',
    'ARCH_HAS_DMA_CAN_SET_UNCACHED',
  );
}

export const STEP2_NO_MMU_REASON =
  'DMA_DIRECT_REMAP and ARCH_HAS_DMA_SET_UNCACHED are selected "if MMU", as both change page tables';

export const step2: Design = {
  name: 'step2',
  title: 'Uncached in place where possible',
  summary:
    'As step1, but lowmem that is mapped by pages, which means contiguous areas known at boot, is made ' +
    'uncached in place: no vmalloc space, no cacheable second mapping. Everything else, the atomic pools ' +
    'included, is remapped.',
  kconfig: step2Symbols,
  hooks: step2Hooks,
  refuse: config => needsDmaDirect(config) ?? needsMmu(config, STEP2_NO_MMU_REASON),
};
