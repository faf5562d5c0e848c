// SPDX-License-Identifier: GPL-2.0-only
/** Coherent memory behind an IOMMU. What is wrong in Linux is asserted as it is: a conversion keeps, mends or breaks it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootWithIommu, freePages, scatter } from '../../../../../tests/support/iommu-kernel.js';
import { logTexts, POISON } from '../../../../../tests/support/test-kernel.js';
import { KiB, MiB } from '../../../../base/address.js';
import { type CoherentBuffer, Observer } from '../../../../hw/observer.js';
import type { device } from '../../../include/linux/device.js';
import {
  DMA_ATTR_ALLOC_SINGLE_PAGES,
  DMA_ATTR_FORCE_CONTIGUOUS,
  DMA_ATTR_NO_KERNEL_MAPPING,
} from '../../../include/linux/dma-mapping.js';
import { ENXIO } from '../../../include/linux/errno.js';
import { __GFP_NOWARN, GFP_ATOMIC, GFP_KERNEL } from '../../../include/linux/gfp.js';
import {
  sharedMapping,
  VM_MIXEDMAP,
  VM_PFNMAP,
  VM_SHARED,
  vm_get_page_prot,
} from '../../../include/linux/mm_types.js';
import { PFN_DOWN, PFN_PHYS } from '../../../include/linux/pfn.js';
import type { DmaBuffer } from '../../../kernel/dma/arch.js';
import { dma_alloc_attrs, dma_free_attrs, dma_mmap_attrs } from '../../../kernel/dma/mapping.js';
import type { Kernel } from '../../../kernel.js';
import { Bitmap } from '../../../lib/bitmap.js';
import { is_vmalloc_addr } from '../../../mm/vmalloc.js';
import { arm_iommu_get_sgtable } from './dma-iommu-alloc.js';
import { __get_dma_pgprot } from './dma-mapping.js';
import { pgd_alloc } from './pgd.js';

const USER = 0x76500000;

function allocate(k: Kernel, dev: device, size: number, gfp = GFP_KERNEL, attrs = 0): DmaBuffer {
  const buffer = dma_alloc_attrs(k, dev, size, gfp, attrs);
  assert.ok(buffer, `no buffer of ${size} bytes`);
  return buffer;
}

/** Frames that the device reaches, page by page; -1: none that is memory. */
function reached(k: Kernel, dev: device, buffer: DmaBuffer, size: number): number[] {
  const context = dev.mapping!.domain.context;
  return Array.from({ length: Math.ceil(size / 4096) }, (_, page) => {
    const paddr = context.translate(buffer.dma_handle + page * 4096, 3);
    return k.machine.ram.contains(paddr, 4096) ? paddr / 4096 : -1;
  });
}

/** Frames that the CPU has, page by page. */
function held(k: Kernel, buffer: DmaBuffer, size: number): number[] {
  const pages = Array.from({ length: Math.ceil(size / 4096) }, (_, page) => page);
  return pages.map(page => k.mmu.pgtable.mappingAt(k, buffer.cpu_addr + page * 4096).paddr / 4096);
}

/** Bytes of each clean and invalidation, as they came. */
class Flushes extends Observer {
  readonly sizes: number[] = [];

  override innerMaintenance(_cpu: number, operation: string, _vaddr: number, size: number): void {
    if (operation === 'clean-invalidate') this.sizes.push(size);
  }
}

function flushesOf(k: Kernel, call: () => void): number[] {
  const watch = new Flushes();
  k.machine.observer = watch;
  call();
  k.machine.observer = null;
  return watch.sizes;
}

test('memory comes in chunks of 2 MiB, 1 MiB, 64 KiB and pages, each zeroed and cleaned', () => {
  const { k, codec } = bootWithIommu();
  const size = 3 * MiB + 64 * KiB + 12 * KiB;
  let buffer: DmaBuffer | null = null;
  const flushes = flushesOf(k, () => {
    buffer = allocate(k, codec, size);
  });
  const found = buffer as unknown as DmaBuffer;
  assert.deepEqual(flushes, [2 * MiB, MiB, 64 * KiB, 4096, 4096, 4096]);
  assert.ok(is_vmalloc_addr(k, found.cpu_addr));
  assert.deepEqual(reached(k, codec, found, size), held(k, found, size));
  for (const pfn of held(k, found, size)) assert.ok(k.machine.ram.isFilledWith(PFN_PHYS(pfn), 4096, 0));
  const single = flushesOf(k, () => {
    allocate(k, codec, 64 * KiB, GFP_KERNEL, DMA_ATTR_ALLOC_SINGLE_PAGES);
  });
  assert.deepEqual(single, new Array(16).fill(4096));
});

test('scattered pages are in one row for CPU and device, and all of them go back', () => {
  for (const design of ['legacy', 'v1', 'step1', 'step2']) {
    const { k, codec } = bootWithIommu({ design, memoryMiB: 64 });
    dma_free_attrs(k, codec, 4096, allocate(k, codec, 4096), 0);
    scatter(k);
    const before = freePages(k);
    const buffer = allocate(k, codec, 4 * MiB);
    const pages = held(k, buffer, 4 * MiB);
    const runs = pages.filter((pfn, i) => pfn !== pages[i - 1]! + 1).length;
    assert.ok(runs > 200, `${design}: ${runs} runs`);
    assert.deepEqual(reached(k, codec, buffer, 4 * MiB), pages);
    assert.equal(before - freePages(k), 1024);
    dma_free_attrs(k, codec, 4 * MiB, buffer, 0);
    assert.equal(freePages(k), before);
    assert.equal(codec.mapping?.used, 0);
    assert.equal(dma_alloc_attrs(k, codec, 64 * MiB, GFP_KERNEL, 0), null);
    assert.equal(freePages(k), before, 'what was found before it failed');
  }
});

test('FORCE_CONTIGUOUS takes contiguous memory and maps it a second time, the direct map stays', () => {
  const { k, codec } = bootWithIommu();
  const buffer = allocate(k, codec, 64 * KiB, GFP_KERNEL, DMA_ATTR_FORCE_CONTIGUOUS);
  assert.equal(PFN_PHYS(held(k, buffer, 4096)[0]!), 0x4f040000);
  assert.ok(is_vmalloc_addr(k, buffer.cpu_addr));
  dma_free_attrs(k, codec, 64 * KiB, buffer, DMA_ATTR_FORCE_CONTIGUOUS);
  const next = allocate(k, codec, 64 * KiB, GFP_KERNEL, DMA_ATTR_FORCE_CONTIGUOUS);
  assert.equal(PFN_PHYS(held(k, next, 4096)[0]!), 0x4f040000);
});

test('without a kernel mapping the cookie is the array of pages', () => {
  const { k, codec } = bootWithIommu();
  const before = freePages(k);
  const buffer = allocate(k, codec, 72 * KiB, GFP_KERNEL, DMA_ATTR_NO_KERNEL_MAPPING);
  assert.equal(buffer.cookie, true);
  assert.deepEqual(reached(k, codec, buffer, 72 * KiB), buffer.pages);
  dma_free_attrs(k, codec, 72 * KiB, buffer, DMA_ATTR_NO_KERNEL_MAPPING);
  assert.equal(freePages(k), before);
});

test('atomic: the device reaches the first page only; legacy takes ARM’s pool, step1 the generic one', () => {
  for (const [design, pool] of [
    ['legacy', 'atomic_pool'],
    ['v1', 'atomic_pool'],
    ['step1', 'atomic_pool_kernel'],
    ['step2p', 'atomic_pool_kernel'],
  ] as const) {
    const { k, codec } = bootWithIommu({ design });
    const buffer = allocate(k, codec, 64 * KiB, GFP_ATOMIC);
    assert.equal(k.dma.poolOf(buffer.cpu_addr), pool, design);
    const [first, ...rest] = reached(k, codec, buffer, 64 * KiB);
    assert.equal(first, held(k, buffer, 4096)[0]);
    assert.deepEqual(rest, new Array(15).fill(-1));
    const free = k.dma[pool]!.gen_pool_avail();
    dma_free_attrs(k, codec, 64 * KiB, buffer, 0);
    assert.equal(k.dma[pool]!.gen_pool_avail() - free, 64 * KiB);
    assert.equal(codec.mapping?.used, 0);
  }
});

test('atomic memory is zeroed by the generic pools only', () => {
  for (const [design, byte] of [
    ['legacy', POISON],
    ['step1', 0],
  ] as const) {
    const { k, codec } = bootWithIommu({ design });
    const buffer = allocate(k, codec, 4096, GFP_ATOMIC);
    const paddr = PFN_PHYS(held(k, buffer, 4096)[0]!);
    k.machine.ram.fill(paddr, 4096, POISON);
    dma_free_attrs(k, codec, 4096, buffer, 0);
    assert.deepEqual(allocate(k, codec, 4096, GFP_ATOMIC), buffer);
    assert.ok(k.machine.ram.isFilledWith(paddr, 4096, byte), design);
  }
});

test('a device that snoops gets lowmem in one piece, of which it reaches the first page', () => {
  const { k, camera } = bootWithIommu();
  const before = freePages(k);
  let buffer: DmaBuffer | null = null;
  const flushes = flushesOf(k, () => {
    buffer = allocate(k, camera, 12 * KiB, GFP_KERNEL, DMA_ATTR_NO_KERNEL_MAPPING);
  });
  const found = buffer as unknown as DmaBuffer;
  assert.deepEqual(flushes, []);
  assert.equal(found.cookie, false, 'it has a kernel mapping all the same');
  const pages = held(k, found, 12 * KiB);
  assert.deepEqual(reached(k, camera, found, 12 * KiB), [pages[0], -1, -1]);
  assert.equal(before - freePages(k), 3);
  dma_free_attrs(k, camera, 12 * KiB, found, DMA_ATTR_NO_KERNEL_MAPPING);
  assert.equal(freePages(k), before);
  assert.equal(dma_alloc_attrs(k, camera, 8 * MiB, GFP_KERNEL | __GFP_NOWARN, 0), null, 'no such block');
});

test('a device that snoops and gets no addresses loses its pages, until step1 mends that', () => {
  for (const [design, lost] of [
    ['legacy', 1],
    ['step1', 0],
  ] as const) {
    const { k, camera } = bootWithIommu({ design });
    const { bitmaps, bits, extensions } = camera.mapping!;
    while (bitmaps.length < extensions) bitmaps.push(new Bitmap(bits));
    for (const bitmap of bitmaps) bitmap.bitmap_set(0, bits);
    const before = freePages(k);
    assert.equal(dma_alloc_attrs(k, camera, 4096, GFP_KERNEL, 0), null);
    assert.equal(before - freePages(k), lost, design);
  }
});

test('a buffer is taken from the CPU first and then from the device; from step1 on the other way round', () => {
  for (const [design, order] of [
    ['legacy', 'from the CPU first'],
    ['step1', 'from the device first'],
  ] as const) {
    const { k, codec } = bootWithIommu({ design });
    const buffer = allocate(k, codec, 4096);
    const { context } = codec.mapping!.domain;
    let seen = '';
    const unmap = context.unmap.bind(context);
    context.unmap = (dmaAddr, size) => {
      const isMapped = k.mmu.pgtable.mappingAt(k, buffer.cpu_addr).kind !== 'none';
      seen = isMapped ? 'from the device first' : 'from the CPU first';
      unmap(dmaAddr, size);
    };
    dma_free_attrs(k, codec, 4096, buffer, 0);
    assert.equal(seen, order, design);
  }
});

test('get_sgtable: a buffer has its pages, ARM’s pool has garbage, a device that snoops has none', () => {
  const tables = (design: string) => {
    const { k, codec, camera } = bootWithIommu({ design, memoryMiB: 64 });
    const entries = (dev: device, gfp: number, size: number): readonly number[] | number => {
      const buffer = allocate(k, dev, size, gfp);
      const table = arm_iommu_get_sgtable(k, dev, buffer, size, 0);
      if (typeof table === 'number') return table;
      const pages = held(k, buffer, size);
      return table.map(({ pfn, length }) => (pages.includes(pfn) ? length : -length));
    };
    const snooping = entries(camera, GFP_KERNEL, 8 * KiB);
    const inOneRun = entries(codec, GFP_KERNEL, 64 * KiB);
    scatter(k);
    return [inOneRun, entries(codec, GFP_KERNEL, 8192 + 100), entries(codec, GFP_ATOMIC, 8 * KiB), snooping];
  };
  assert.deepEqual(tables('legacy'), [[64 * KiB], [4096, 4096, 100], [-4096, -4096], -ENXIO]);
  assert.deepEqual(tables('step1'), [[64 * KiB], [4096, 4096, 100], -ENXIO, -ENXIO]);
});

test('mmap: pages from vm_pgoff on, uncached; ARM’s pool makes the kernel oops', () => {
  const { k, codec, camera } = bootWithIommu({ memoryMiB: 64 });
  scatter(k);
  const buffer = allocate(k, codec, 16 * KiB);
  const pages = held(k, buffer, 16 * KiB);
  const map = (
    dev: device,
    of: DmaBuffer,
    size: number,
    offset: number,
    count: number,
    isPrivate = false,
  ) => {
    const vma = sharedMapping(k, pgd_alloc(k)!, USER, count, offset);
    if (isPrivate) vma.vm_flags &= ~VM_SHARED;
    vma.vm_page_prot = vm_get_page_prot(k, vma.vm_flags);
    const ret = dma_mmap_attrs(k, dev, vma, of, size, 0);
    const seen = Array.from({ length: count }, (_, i) => {
      const found = k.mmu.pgtable.mappingAt(k, USER + i * 4096, vma.vm_mm.pgd);
      return found.kind === 'none' ? null : PFN_DOWN(found.paddr);
    });
    return { ret, vma, seen };
  };
  for (const isPrivate of [false, true]) {
    const { ret, vma, seen } = map(codec, buffer, 16 * KiB, 1, 2, isPrivate);
    assert.equal(ret, 0);
    assert.deepEqual(seen, pages.slice(1, 3));
    assert.deepEqual(vma.vm_page_prot, __get_dma_pgprot(k, 0, vm_get_page_prot(k, vma.vm_flags)));
    // Pages that the kernel knows, unlike those of remap_pfn_range().
    assert.deepEqual([vma.vm_flags & (VM_MIXEDMAP | VM_PFNMAP), vma.vm_pgoff], [VM_MIXEDMAP, 1]);
  }
  assert.equal(map(codec, buffer, 16 * KiB, 4, 1).ret, -ENXIO);
  assert.doesNotMatch(logTexts(k).at(-1)!, /Remapping/);
  const tooLong = map(codec, buffer, 16 * KiB, 2, 3);
  assert.deepEqual([tooLong.ret, tooLong.seen], [-ENXIO, [null, null, null]]);
  assert.equal(logTexts(k).at(-1), 'Remapping memory failed: -6');
  const pool = allocate(k, codec, 4096, GFP_ATOMIC);
  assert.ok(map(codec, pool, 4096, 0, 1).ret < 0);
  assert.match(logTexts(k).at(-1)!, /^Oops: vm_map_pages/);
  assert.equal(map(codec, pool, 4096, 0, 2).ret, -ENXIO);
  const cached = allocate(k, camera, 4096);
  assert.equal(map(camera, cached, 4096, 0, 1).ret, -ENXIO);
});

test('a wrong address is complained about, and nothing is freed', () => {
  const { k, codec } = bootWithIommu();
  const buffer = allocate(k, codec, 4096);
  const before = freePages(k);
  dma_free_attrs(k, codec, 4096, { ...buffer, cpu_addr: buffer.cpu_addr + 64 * KiB }, 0);
  assert.match(logTexts(k).at(-1)!, /^trying to free invalid coherent area: /);
  assert.equal(freePages(k), before);
});

test('the observer is told each run of memory', () => {
  const { k, codec } = bootWithIommu({ memoryMiB: 64 });
  allocate(k, codec, 4096);
  scatter(k);
  const seen: [string, number, number][] = [];
  class Owners extends Observer {
    override coherentAllocated({ dmaAddr, size }: CoherentBuffer): void {
      seen.push(['got', dmaAddr, size]);
    }
    override coherentFreed({ dmaAddr, size }: CoherentBuffer): void {
      seen.push(['gave', dmaAddr, size]);
    }
  }
  k.machine.observer = new Owners();
  for (const attrs of [0, DMA_ATTR_NO_KERNEL_MAPPING]) {
    seen.length = 0;
    const buffer = allocate(k, codec, 4096 + 100, GFP_KERNEL, attrs);
    dma_free_attrs(k, codec, 4096 + 100, buffer, attrs);
    const runs = [
      [0x2000, 4096],
      [0x3000, 100],
    ] as const;
    assert.deepEqual(seen, [
      ...runs.map(([at, size]) => ['got', at, size]),
      ...runs.map(([at, size]) => ['gave', at, size]),
    ]);
  }
});
