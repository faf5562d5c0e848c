// SPDX-License-Identifier: GPL-2.0-only
/** Frames in the tables of a process: what the MMU finds there, and that everything comes back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Translation } from '../../hw/mmu/translation.js';
import { WALK_OK } from '../../hw/mmu/walker.js';
import { Observer } from '../../hw/observer.js';
import { page_address } from '../arch/arm/include/asm/memory.js';
import { pageDcacheClean } from '../arch/arm/mm/dcache-clean.js';
import { bootedPagingKernel } from '../arch/arm/mm/paging-fixture.js';
import { pgd_alloc, pgd_free, switch_mm } from '../arch/arm/mm/pgd.js';
import { EBUSY, EINVAL, ENXIO } from '../include/linux/errno.js';
import { GFP_KERNEL } from '../include/linux/gfp.js';
import {
  sharedMapping,
  VM_IO,
  VM_MAYWRITE,
  VM_MIXEDMAP,
  VM_PFNMAP,
  VM_SHARED,
} from '../include/linux/mm_types.js';
import { PAGE_SIZE, PFN_PHYS } from '../include/linux/pfn.js';
import { __free_pages, alloc_pages } from './page_alloc.js';
import { remap_pfn_range, vm_map_pages, zap_vma_ptes } from './remap-pfn.js';

/** The last page of one table and the first of the next. */
const USER = 0x765ff000;

for (const ARM_LPAE of [false, true]) {
  test(`${ARM_LPAE ? 'LPAE' : 'classic'}: pages are there for the process, and all tables come back`, () => {
    const k = bootedPagingKernel({ symbols: { ARM_LPAE } });
    const free = k.pages.free_pages;
    const { tablePages } = k.mmu;
    const mm = pgd_alloc(k)!;
    const pfn = alloc_pages(k, GFP_KERNEL, 1)!;
    const vma = sharedMapping(k, mm, USER, 2);
    assert.equal(remap_pfn_range(k, vma, USER, pfn, 2 * PAGE_SIZE, vma.vm_page_prot), 0);
    assert.equal(vma.vm_flags & (VM_IO | VM_PFNMAP), VM_IO | VM_PFNMAP);
    switch_mm(k, mm);
    const found = new Translation();
    for (const page of [0, 1]) {
      assert.equal(k.machine.walker.walk(USER + page * PAGE_SIZE + 8, found), WALK_OK);
      assert.equal(found.paddr, PFN_PHYS(pfn + page) + 8);
      const { hardware } = k.mmu.pgtable.mappingAt(k, USER + page * PAGE_SIZE, mm.pgd);
      assert.equal(hardware.lo & 0x800, 0x800, 'not global');
    }
    zap_vma_ptes(k, vma, USER, 2 * PAGE_SIZE);
    assert.notEqual(k.machine.walker.walk(USER, found), WALK_OK);
    __free_pages(k, pfn, 1);
    pgd_free(k, mm);
    assert.deepEqual([k.pages.free_pages, k.mmu.tablePages], [free, tablePages]);
  });
}

test('a private mapping that may become writable must be mapped as a whole', () => {
  const k = bootedPagingKernel();
  const mm = pgd_alloc(k)!;
  const vma = sharedMapping(k, mm, USER, 2);
  vma.vm_flags = (vma.vm_flags & ~VM_SHARED) | VM_MAYWRITE;
  assert.equal(remap_pfn_range(k, vma, USER, 0x41000, PAGE_SIZE, vma.vm_page_prot), -EINVAL);
  assert.equal(remap_pfn_range(k, vma, USER + 1, 0x41000, PAGE_SIZE, vma.vm_page_prot), -EINVAL);
  assert.equal(remap_pfn_range(k, vma, USER, 0x41000, 2 * PAGE_SIZE, vma.vm_page_prot), 0);
  assert.equal(vma.vm_pgoff, 0x41000);
});

test('where no memory is left for tables nothing stays mapped', () => {
  const k = bootedPagingKernel();
  const mm = pgd_alloc(k)!;
  const vma = sharedMapping(k, mm, USER, 2);
  // One page is left: enough for the first of two tables.
  const taken: number[] = [];
  for (let pfn = alloc_pages(k, GFP_KERNEL, 0); pfn !== null; pfn = alloc_pages(k, GFP_KERNEL, 0)) {
    taken.push(pfn);
  }
  __free_pages(k, taken.pop()!, 0);
  assert.equal(remap_pfn_range(k, vma, USER, 0x41000, 2 * PAGE_SIZE, vma.vm_page_prot), -12);
  assert.equal(k.mmu.pgtable.mappingAt(k, USER, mm.pgd).kind, 'none');
});

test('an aliasing cache is flushed before the first user mapping of a page, once', () => {
  const k = bootedPagingKernel({ cores: 1, symbols: { SMP: false } });
  Object.assign(k.cpu, { cacheid: 'VIPT_ALIASING' });
  const mm = pgd_alloc(k)!;
  const pfn = alloc_pages(k, GFP_KERNEL, 0)!;
  const vma = sharedMapping(k, mm, USER, 1);
  const flushed: number[] = [];
  k.machine.observer = new (class extends Observer {
    override innerMaintenance(_cpu: number, _operation: string, vaddr: number): void {
      flushed.push(vaddr);
    }
  })();
  remap_pfn_range(k, vma, USER, pfn, PAGE_SIZE, vma.vm_page_prot);
  assert.deepEqual(flushed, [page_address(k, pfn)]);
  assert.equal(pageDcacheClean(k, pfn), true);
  zap_vma_ptes(k, vma, USER, PAGE_SIZE);
  flushed.length = 0;
  remap_pfn_range(k, vma, USER, pfn, PAGE_SIZE, vma.vm_page_prot);
  assert.deepEqual(flushed, []);
});

test('pages that are inserted one by one are flushed each time, and may be of a private mapping', () => {
  const k = bootedPagingKernel({ cores: 1, symbols: { SMP: false } });
  Object.assign(k.cpu, { cacheid: 'VIPT_ALIASING' });
  const mm = pgd_alloc(k)!;
  const pages = [
    alloc_pages(k, GFP_KERNEL, 0)!,
    alloc_pages(k, GFP_KERNEL, 0)!,
    alloc_pages(k, GFP_KERNEL, 0)!,
  ];
  const vma = sharedMapping(k, mm, USER, 2, 1);
  vma.vm_flags &= ~VM_SHARED;
  const flushed: number[] = [];
  k.machine.observer = new (class extends Observer {
    override innerMaintenance(_cpu: number, _operation: string, vaddr: number): void {
      flushed.push(vaddr);
    }
  })();
  const addresses = pages.slice(1).map(pfn => page_address(k, pfn));
  assert.equal(vm_map_pages(k, vma, pages, 3), 0);
  assert.deepEqual(flushed, addresses);
  assert.equal(vma.vm_flags & (VM_MIXEDMAP | VM_PFNMAP | VM_IO), VM_MIXEDMAP);
  assert.equal(k.mmu.pgtable.mappingAt(k, USER + PAGE_SIZE, mm.pgd).paddr, PFN_PHYS(pages[2]!));
  assert.equal(vm_map_pages(k, vma, pages, 3), -EBUSY);
  zap_vma_ptes(k, vma, USER, 2 * PAGE_SIZE);
  flushed.length = 0;
  assert.equal(vm_map_pages(k, vma, pages, 3), 0);
  assert.deepEqual(flushed, addresses);
  assert.equal(vm_map_pages(k, { ...vma, vm_pgoff: 2 }, pages, 3), -ENXIO);
});
