// SPDX-License-Identifier: GPL-2.0-only
/**
 * struct scatterlist: one physically contiguous piece of a buffer. Linux: include/linux/scatterlist.h (v6.12).
 * A list is an array; chains of lists, and entries of PCI peer memory, are left out.
 */
import type { DmaAddr, Paddr, Pfn } from '../../../base/address.js';
import { PFN_PHYS } from './pfn.js';

export interface scatterlist {
  readonly pfn: Pfn;
  /** Bytes into the page; may reach beyond it. */
  readonly offset: number;
  readonly length: number;
  /** Set by dma_map_sg_attrs(); DMA_MAPPING_ERROR in the entry that failed. */
  dma_address: DmaAddr;
  /** CONFIG_NEED_SG_DMA_LENGTH; dma-direct makes it `length`. */
  dma_length: number;
}

/** An entry that is not mapped yet. Linux: include/linux/scatterlist.h, sg_set_page() (v6.12). */
export function sg_entry(pfn: Pfn, length: number, offset = 0): scatterlist {
  return { pfn, offset, length, dma_address: 0, dma_length: 0 };
}

/** struct sg_table: entries as they were made, and how many of them a mapping has come down to. */
export class sg_table {
  sgl: scatterlist[] = [];
  nents = 0;

  get orig_nents(): number {
    return this.sgl.length;
  }
}

/** Physical address of an entry. Linux: include/linux/scatterlist.h, sg_phys() (v6.12). */
export function sg_phys(sg: scatterlist): Paddr {
  return PFN_PHYS(sg.pfn) + sg.offset;
}
