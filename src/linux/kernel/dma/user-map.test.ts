// SPDX-License-Identifier: GPL-2.0-only
/** Buffers in processes and in tables of pages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootTestKernel, logTexts, probeDevice } from '../../../../tests/support/test-kernel.js';
import { pgd_alloc } from '../../arch/arm/mm/pgd.js';
import type { device } from '../../include/linux/device.js';
import { DMA_BIDIRECTIONAL } from '../../include/linux/dma-mapping.js';
import { ENXIO } from '../../include/linux/errno.js';
import { GFP_ATOMIC, GFP_KERNEL } from '../../include/linux/gfp.js';
import { sharedMapping } from '../../include/linux/mm_types.js';
import { PAGE_SIZE, PFN_PHYS } from '../../include/linux/pfn.js';
import { sg_phys, sg_table } from '../../include/linux/scatterlist.js';
import type { Kernel } from '../../kernel.js';
import {
  dma_alloc_coherent,
  dma_alloc_noncontiguous,
  dma_alloc_pages,
  dma_can_mmap,
  dma_get_sgtable,
  dma_mmap_coherent,
  dma_mmap_noncontiguous,
  dma_mmap_pages,
} from './mapping.js';

const USER = 0x76500000;
const NOMAP = {
  reserved:
    'own@4a000000 { compatible = "shared-dma-pool"; no-map; reg = <0x4a000000 0x100000>; phandle = <1>; };',
  nodes: 'owner { memory-region = <1>; };',
};

/** Physical addresses and whether the mapping is cacheable, page by page, of a process's mapping. */
function seen(k: Kernel, pgd: number, pages: number): (number | string)[] {
  return Array.from({ length: pages }, (_, i) => {
    const found = k.mmu.pgtable.mappingAt(k, USER + i * PAGE_SIZE, pgd);
    return found.kind === 'none' ? '-' : found.paddr;
  });
}

function memoryType(k: Kernel, pgd: number): number {
  return k.mmu.pgtable.mappingAt(k, USER, pgd).linux.lo & k.mmu.pgtable.bits.L_PTE_MT_MASK.lo;
}

/** Maps `pages` pages from page `pgoff` of an 8 KiB buffer on. */
function mmapOf(k: Kernel, dev: device, pages: number, pgoff: number, gfp = GFP_KERNEL) {
  const mm = pgd_alloc(k)!;
  const vma = sharedMapping(k, mm, USER, pages, pgoff);
  const buffer = dma_alloc_coherent(k, dev, 2 * PAGE_SIZE, gfp)!;
  const kernel = k.mmu.pgtable.mappingAt(k, buffer.cpu_addr).paddr;
  const ret = dma_mmap_coherent(k, dev, vma, buffer, 2 * PAGE_SIZE);
  return { ret, mm, kernel, pages: seen(k, mm.pgd, pages) };
}

for (const design of ['legacy', 'step1', 'step2']) {
  test(`${design}: a process gets the pages of the buffer, as uncached as the kernel has them`, () => {
    const k = bootTestKernel({ design, ...NOMAP });
    const { L_PTE_MT_BUFFERABLE, L_PTE_MT_WRITEALLOC } = k.mmu.pgtable.bits;
    for (const [path, gfp] of [
      ['/plain', GFP_KERNEL],
      ['/plain', GFP_ATOMIC],
      ['/owner', GFP_KERNEL],
      ['/snooping', GFP_KERNEL],
    ] as const) {
      const dev = probeDevice(k, path);
      assert.equal(dma_can_mmap(k, dev), true);
      const { ret, mm, kernel, pages } = mmapOf(k, dev, 2, 0, gfp);
      assert.equal(ret, 0);
      assert.deepEqual(pages, [kernel, kernel + PAGE_SIZE], `${path} ${gfp}`);
      const type = path === '/snooping' ? L_PTE_MT_WRITEALLOC : L_PTE_MT_BUFFERABLE;
      assert.equal(memoryType(k, mm.pgd), type.lo);
      const part = mmapOf(k, dev, 1, 1, gfp);
      assert.deepEqual([part.ret, part.pages], [0, [part.kernel + PAGE_SIZE]]);
      assert.deepEqual(mmapOf(k, dev, 2, 1, gfp).ret, -ENXIO);
      assert.deepEqual(mmapOf(k, dev, 1, 2, gfp).ret, -ENXIO);
      const tooLong = mmapOf(k, dev, 3, 0, gfp);
      assert.deepEqual([tooLong.ret, tooLong.pages], [-ENXIO, ['-', '-', '-']]);
    }
  });
}

test('without DMA_NONCOHERENT_MMAP only buffers of coherent devices can be mapped', () => {
  const k = bootTestKernel({ design: 'legacy', symbols: { DMA_NONCOHERENT_MMAP: undefined } });
  assert.equal(dma_can_mmap(k, probeDevice(k, '/plain')), false);
  assert.equal(dma_can_mmap(k, probeDevice(k, '/snooping')), true);
});

test('cached pages are mapped as the mapping says', () => {
  const k = bootTestKernel({ design: 'legacy' });
  const dev = probeDevice(k, '/plain');
  const { L_PTE_MT_WRITEALLOC } = k.mmu.pgtable.bits;
  const pages = dma_alloc_pages(k, dev, 2 * PAGE_SIZE, DMA_BIDIRECTIONAL, GFP_KERNEL)!;
  const one = sharedMapping(k, pgd_alloc(k)!, USER, 2);
  assert.equal(dma_mmap_pages(k, dev, one, 2 * PAGE_SIZE, pages.pfn), 0);
  assert.deepEqual(seen(k, one.vm_mm.pgd, 2), [PFN_PHYS(pages.pfn), PFN_PHYS(pages.pfn + 1)]);
  assert.equal(memoryType(k, one.vm_mm.pgd), L_PTE_MT_WRITEALLOC.lo);
  const sgt = dma_alloc_noncontiguous(k, dev, 3 * PAGE_SIZE, DMA_BIDIRECTIONAL, GFP_KERNEL, 0)!;
  const other = sharedMapping(k, pgd_alloc(k)!, USER, 2, 1);
  assert.equal(dma_mmap_noncontiguous(k, dev, other, 3 * PAGE_SIZE, sgt), 0);
  const start = sg_phys(sgt.sgl[0]!);
  assert.deepEqual(seen(k, other.vm_mm.pgd, 2), [start + PAGE_SIZE, start + 2 * PAGE_SIZE]);
  const beyond = sharedMapping(k, pgd_alloc(k)!, USER, 3, 1);
  assert.equal(dma_mmap_noncontiguous(k, dev, beyond, 3 * PAGE_SIZE, sgt), -ENXIO);
});

test('a table of pages has one entry: the pages that the handle leads to', () => {
  for (const design of ['legacy', 'step1']) {
    const k = bootTestKernel({ design, ...NOMAP });
    for (const path of ['/plain', '/owner', '/snooping']) {
      const dev = probeDevice(k, path);
      const buffer = dma_alloc_coherent(k, dev, 5000, GFP_KERNEL)!;
      const sgt = new sg_table();
      assert.equal(dma_get_sgtable(k, dev, sgt, buffer, 5000), 0);
      assert.deepEqual([sgt.nents, sgt.orig_nents, sgt.sgl[0]!.length], [1, 1, 8192]);
      assert.equal(sg_phys(sgt.sgl[0]!), k.mmu.pgtable.mappingAt(k, buffer.cpu_addr).paddr, path);
    }
  }
});

test('legacy: a handle outside of dma-ranges leads to no page of the buffer', () => {
  const nodes = `soc { #address-cells = <1>; #size-cells = <1>; ranges; dma-ranges = <0x40000000 0x40000000 0x1000000>;
    dev@0 { reg = <0 4>; }; };`;
  const k = bootTestKernel({ design: 'legacy', nodes });
  const dev = probeDevice(k, '/soc/dev@0');
  const buffer = dma_alloc_coherent(k, dev, PAGE_SIZE, GFP_KERNEL)!;
  assert.equal(buffer.dma_handle, 0xffffffff);
  const sgt = new sg_table();
  assert.equal(dma_get_sgtable(k, dev, sgt, buffer, PAGE_SIZE), 0);
  assert.equal(sgt.sgl[0]!.pfn, 0xfffff);
  const vma = sharedMapping(k, pgd_alloc(k)!, USER, 1);
  assert.equal(dma_mmap_coherent(k, dev, vma, buffer, PAGE_SIZE), -ENXIO);
  assert.match(logTexts(k).at(-1)!, /handle leads to no page/);
});
