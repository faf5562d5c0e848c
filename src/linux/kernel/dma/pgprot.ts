// SPDX-License-Identifier: GPL-2.0-only
/**
 * Attributes of a coherent buffer's mapping. Linux: kernel/dma/mapping.c, dma_pgprot() (v6.12). A file of its
 * own, so that direct.ts need not import mapping.ts, which imports it.
 */
import {
  pgprot_dmacoherent,
  type pgprot_t,
  pgprot_writecombine,
} from '../../arch/arm/include/asm/pgtable.js';
import type { device } from '../../include/linux/device.js';
import { DMA_ATTR_WRITE_COMBINE } from '../../include/linux/dma-mapping.js';
import type { Kernel } from '../../kernel.js';

/** `prot` itself for a coherent device; else uncached, or write-combining where ARM tells the two apart. */
export function dma_pgprot(k: Kernel, dev: device, prot: pgprot_t, attrs: number): pgprot_t {
  if (dev.dma_coherent) return prot;
  const distinct = k.config.isEnabled('ARCH_HAS_DMA_WRITE_COMBINE');
  if (distinct && (attrs & DMA_ATTR_WRITE_COMBINE) !== 0) return pgprot_writecombine(k, prot);
  return pgprot_dmacoherent(k, prot);
}
