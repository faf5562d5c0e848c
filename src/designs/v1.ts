// SPDX-License-Identifier: GPL-2.0-only
/**
 * The patch of September 2023 that started the discussion: ARM selects DMA_DIRECT_REMAP and nothing else.
 * On 6.12 that reaches only devices with a restricted pool. On 6.1 to 6.6, the kernels it was posted for,
 * the same line turns ARM's allocator into dead code for every device, and nothing cleans the caches any more
 * (`v1-66` has these conditions on any version).
 */
import { arch_dma_alloc, arch_dma_free, atomic_pool_init } from '../linux/arch/arm/mm/dma-mapping.js';
import type { ArchDma } from '../linux/kernel/dma/arch.js';
import { dma_atomic_pool_init } from '../linux/kernel/dma/pool.js';
import { type Design, needsMmu, selects } from './design.js';

/** Both kinds of pool: ARM's, whose file is linked first, and the generic ones. */
export const v1Hooks: ArchDma = {
  name: 'v1',
  atomic_pool_init(k) {
    atomic_pool_init(k);
    dma_atomic_pool_init(k);
  },
  arch_dma_alloc,
  arch_dma_free,
};

/** Kconfig's two reasons and the linker's, for kernels without MMU. */
export const NO_MMU_REASON: string =
  'ARM then selects DMA_GLOBAL_POOL, which depends on !DMA_DIRECT_REMAP, ' +
  'and kernel/dma/remap.c, which DMA_DIRECT_REMAP needs, is built only with MMU';

export const v1: Design = {
  name: 'v1',
  title: 'ARM: Select DMA_DIRECT_REMAP',
  summary:
    'One line, posted in September 2023 to make restricted DMA pools work. On 6.12 only their devices are ' +
    "remapped, without cleaning the caches; all others stay with ARM's allocator. On 6.1 every device is " +
    'remapped, also without cleaning.',
  kconfig: version =>
    version === '6.12'
      ? selects('ARCH_HAS_DMA_ALLOC', 'DMA_DIRECT_REMAP', 'DMA_COHERENT_POOL')
      : selects('DMA_DIRECT_REMAP', 'DMA_COHERENT_POOL'),
  hooks: v1Hooks,
  refuse: config => needsMmu(config, NO_MMU_REASON),
};
