// SPDX-License-Identifier: GPL-2.0-only
/**
 * Addresses of the kernel whose translation a recorder told: `va what=W va= pa= …`. What stands in the direct map does
 * not change after boot, except in contiguous areas; mappings that were made for the occasion are made again, of the
 * same page. Left out: text of modules, since none is loaded, and kmap(), whose page the recorder had given back.
 */
import { hex, type Vaddr } from '../../base/address.js';
import { PAGE_KERNEL } from '../../linux/arch/arm/include/asm/pgtable.js';
import { ioremap, ioremap_wc, iounmap } from '../../linux/arch/arm/mm/ioremap.js';
import { PAGE_SIZE, PFN_DOWN } from '../../linux/include/linux/pfn.js';
import type { Kernel } from '../../linux/kernel.js';
import { kmap_atomic, kunmap_atomic } from '../../linux/mm/highmem.js';
import { vmap_contiguous, vunmap } from '../../linux/mm/vmalloc.js';
import { descriptorsAt, descriptorText, recordedDescriptors } from './dma-descriptors.js';
import { type DmaLine, hexOf } from './dma-lines.js';
import type { Told } from './dma-told.js';

/** Linux: arch/arm/include/asm/fixmap.h (v6.12). */
const FIXADDR_START = 0xffc80000;

interface Occasion {
  readonly map: (k: Kernel, paddr: number) => Vaddr | null;
  readonly unmap: (k: Kernel, vaddr: Vaddr) => void;
}

/** By `what`. */
const occasions: Readonly<Record<string, Occasion>> = {
  vmalloc: {
    map: (k, paddr) => vmap_contiguous(k, PFN_DOWN(paddr), 1, PAGE_KERNEL(k), 'vmalloc'),
    unmap: (k, vaddr) => vunmap(k, vaddr),
  },
  'kmap_atomic-highmem': {
    map: (k, paddr) => kmap_atomic(k, PFN_DOWN(paddr)),
    unmap: (k, vaddr) => kunmap_atomic(k, vaddr),
  },
  ioremap: { map: (k, paddr) => ioremap(k, paddr, PAGE_SIZE), unmap: (k, vaddr) => iounmap(k, vaddr) },
  ioremap_wc: { map: (k, paddr) => ioremap_wc(k, paddr, PAGE_SIZE), unmap: (k, vaddr) => iounmap(k, vaddr) },
};

function textAt(k: Kernel, vaddr: Vaddr): string {
  const { paddr } = k.mmu.pgtable.mappingAt(k, vaddr);
  return `${hex(paddr)} ${descriptorText(k, descriptorsAt(k, vaddr), true)}`;
}

export function tellAddress(k: Kernel, told: Told, line: DmaLine): void {
  const { what = '', va, pa } = line.asked;
  const vaddr = hexOf(va);
  const paddr = hexOf(pa);
  const recorded = `${hex(paddr)} ${descriptorText(k, recordedDescriptors(line.asked), true)}`;
  if (vaddr >= k.memory.PAGE_OFFSET && vaddr < k.memory.high_memory) {
    told.add(`${what} ${hex(vaddr)}`, recorded, textAt(k, vaddr));
    return;
  }
  const occasion = occasions[what];
  // The recorder lost the mapping before it looked, or got that of its kmap() again.
  const isGone = paddr >= 2 ** 53 || (what === 'kmap_atomic-highmem' && vaddr < FIXADDR_START);
  if (occasion === undefined || isGone) return;
  const made = occasion.map(k, paddr - (paddr % PAGE_SIZE));
  if (made === null) {
    told.add(what, recorded, 'not mapped');
    return;
  }
  told.add(what, recorded, textAt(k, made + (paddr % PAGE_SIZE)));
  occasion.unmap(k, made);
}
