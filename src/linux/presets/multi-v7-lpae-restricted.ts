// SPDX-License-Identifier: GPL-2.0-only
/**
 * multi_v7-lpae with restricted DMA pools. No defconfig has them: DMA_RESTRICTED_POOL is asked for where
 * SWIOTLB is selected, and off unless somebody says yes (kernel/dma/Kconfig, v6.12). Saying yes changes no
 * other symbol.
 */
import type { Preset } from '../preset.js';
import { multiV7Lpae } from './multi-v7-lpae.js';

export const multiV7LpaeRestricted: Preset = {
  ...multiV7Lpae,
  name: 'multi_v7-lpae-restricted',
  title: 'multi_v7-lpae with restricted DMA pools',
  source: `${multiV7Lpae.source}, and DMA_RESTRICTED_POOL=y`,
  symbols: { ...multiV7Lpae.symbols, DMA_RESTRICTED_POOL: true },
};
