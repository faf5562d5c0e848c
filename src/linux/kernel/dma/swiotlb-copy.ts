// SPDX-License-Identifier: GPL-2.0-only
/**
 * Copies between a buffer and its bounce buffer, as the CPU makes them: through the direct map, or page by page
 * through a window where the buffer lies in highmem. Linux: kernel/dma/swiotlb.c, the second half of
 * swiotlb_bounce(); include/linux/highmem.h, memcpy_from_page(), memcpy_to_page() (v6.12).
 */
import type { Paddr, Pfn, Vaddr } from '../../../base/address.js';
import { hex } from '../../../base/address.js';
import { invariant } from '../../../base/diagnostics.js';
import { __va, PageHighMem } from '../../arch/arm/include/asm/memory.js';
import { flush_dcache_page } from '../../arch/arm/mm/flush.js';
import { PAGE_SIZE } from '../../include/linux/pfn.js';
import type { Kernel } from '../../kernel.js';
import { kmap_atomic, kunmap_atomic } from '../../mm/highmem.js';

function memcpy(k: Kernel, to: Vaddr, from: Vaddr, size: number): void {
  const done = k.machine.access.copy(to, from, size);
  invariant(done, () => `memcpy(${hex(to)}, ${hex(from)}, ${size}) faults`);
}

/** Fills the bounce buffer. It always lies in lowmem. `pfn`: the frame of the original that it all begins with. */
export function copyToBounce(k: Kernel, bounce: Paddr, original: Paddr, size: number, pfn: Pfn): void {
  eachPiece(k, original, size, pfn, (vaddr, done, bytes) => memcpy(k, __va(k, bounce + done), vaddr, bytes));
}

/** Brings back what the device wrote. A highmem page is flushed for the sake of its other mappings. */
export function copyFromBounce(k: Kernel, bounce: Paddr, original: Paddr, size: number, pfn: Pfn): void {
  eachPiece(k, original, size, pfn, (vaddr, done, bytes, highPage) => {
    memcpy(k, vaddr, __va(k, bounce + done), bytes);
    if (highPage !== null) flush_dcache_page(k, highPage);
  });
}

/** The first page decides: what begins in lowmem is taken as a whole. */
function eachPiece(
  k: Kernel,
  start: Paddr,
  size: number,
  firstPage: Pfn,
  use: (vaddr: Vaddr, done: number, bytes: number, highPage: Pfn | null) => void,
): void {
  if (!PageHighMem(k, firstPage)) {
    use(__va(k, start), 0, size, null);
    return;
  }
  let page = firstPage;
  for (let done = 0; done < size; page++) {
    const offset = (start + done) % PAGE_SIZE;
    const bytes = Math.min(size - done, PAGE_SIZE - offset);
    const window = kmap_atomic(k, page);
    use(window + offset, done, bytes, page);
    kunmap_atomic(k, window);
    done += bytes;
  }
}
