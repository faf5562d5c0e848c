// SPDX-License-Identifier: GPL-2.0-only
/** Vmalloc space against a naive model, and the rules that a coherent buffer meets there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MiB } from '../../base/address.js';
import { PAGE_KERNEL, pgprot_dmacoherent } from '../arch/arm/include/asm/pgtable.js';
import { ioremap, ioremap_wc, iounmap } from '../arch/arm/mm/ioremap.js';
import { bootedPagingKernel } from '../arch/arm/mm/paging-fixture.js';
import { pgd_alloc, switch_mm } from '../arch/arm/mm/pgd.js';
import type { Kernel } from '../kernel.js';
import {
  fillVmallocSpace,
  find_vm_area,
  get_vm_area_caller,
  is_vmalloc_addr,
  lazy_max_pages,
  purge_vmap_area_lazy,
  VM_IOREMAP,
  VM_MAP,
  vmalloc_used,
  vmallocUsage,
  vmap_contiguous,
  vunmap,
} from './vmalloc.js';
import { AddressSpace } from './vmap-space.js';

function map(k: Kernel, pages: number, pfn = 0x44000): number | null {
  return vmap_contiguous(k, pfn, pages, PAGE_KERNEL(k), 'test');
}

test('the set of free addresses equals a naive one, unit by unit', () => {
  const units = 64;
  const step = fc.oneof(
    fc.record({ size: fc.integer({ min: 1, max: 9 }), align: fc.constantFrom(1, 2, 4, 8) }),
    fc.record({ free: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const space = new AddressSpace(3, units);
      const taken = new Uint8Array(units).fill(1, 0, 3);
      const held: { start: number; size: number }[] = [];
      for (const action of steps) {
        if ('free' in action) {
          const [one] = held.splice(action.free % Math.max(1, held.length), 1);
          if (one === undefined) continue;
          space.give(one.start, one.start + one.size);
          taken.fill(0, one.start, one.start + one.size);
          continue;
        }
        const { size, align } = action;
        let expected: number | null = null;
        for (let at = 0; at + size <= units && expected === null; at += align) {
          if (taken.subarray(at, at + size).every(value => value === 0)) expected = at;
        }
        assert.equal(space.allocate(size, align), expected);
        if (expected !== null) {
          taken.fill(1, expected, expected + size);
          held.push({ start: expected, size });
        }
      }
      for (const one of held) space.give(one.start, one.start + one.size);
      assert.equal(space.largest(), units - 3);
    }),
  );
});

test('buffers go from VMALLOC_START upward, a guard page after each', () => {
  const k = bootedPagingKernel();
  const start = k.memory.VMALLOC_START;
  assert.equal(map(k, 5), start);
  assert.equal(map(k, 1), start + 6 * 4096);
  assert.equal(vmalloc_used(k), 8 * 4096 + 2 * MiB);
  assert.equal(k.mmu.pgtable.mappingAt(k, start + 5 * 4096).kind, 'none');
  assert.ok(is_vmalloc_addr(k, start) && !is_vmalloc_addr(k, start - 1));
});

test('the MMU finds the buffer, uncached', () => {
  for (const ARM_LPAE of [false, true]) {
    const k = bootedPagingKernel({ symbols: { ARM_LPAE } });
    const vaddr = vmap_contiguous(k, 0x44000, 1500, pgprot_dmacoherent(k, PAGE_KERNEL(k)), 'test')!;
    for (const page of [0, 511, 512, 1499]) {
      const mapping = k.mmu.pgtable.mappingAt(k, vaddr + page * 4096);
      assert.equal(mapping.paddr, 0x44000000 + page * 4096);
      assert.equal(mapping.hardware.lo & 0xfff, ARM_LPAE ? 0x707 : 0x417);
    }
  }
});

test('what is unmapped is gone at once, but its addresses are not free before a purge', () => {
  const k = bootedPagingKernel();
  const first = map(k, 3)!;
  vunmap(k, first);
  assert.equal(k.mmu.pgtable.mappingAt(k, first).kind, 'none');
  assert.equal(find_vm_area(k, first), undefined);
  const second = map(k, 3)!;
  assert.equal(second, first + 4 * 4096);
  assert.equal(vmallocUsage(k).lazy, 4 * 4096);
  const flushes = k.machine.counters.tlb.mva;
  purge_vmap_area_lazy(k);
  assert.equal(k.machine.counters.tlb.mva - flushes, 4);
  assert.equal(map(k, 3), first);
});

test('more than 32 MiB for each power of two of CPUs is purged', () => {
  const k = bootedPagingKernel({ cores: 4 });
  assert.equal(lazy_max_pages(k), 3 * 8192);
  // CPUs that are possible but were not started do not count.
  assert.equal(lazy_max_pages(bootedPagingKernel({ cores: 4, cmdline: 'nosmp' })), 8192);
  assert.equal(lazy_max_pages(bootedPagingKernel({ cores: 4, cmdline: 'maxcpus=2' })), 2 * 8192);
  const pages = 8191;
  for (let i = 0; i < 3; i++) vunmap(k, map(k, pages));
  assert.equal(k.vmalloc.lazyPages, 3 * 8192);
  assert.equal(k.vmalloc.purges, 0);
  vunmap(k, map(k, 1));
  assert.equal(k.vmalloc.purges, 0, 'left to the worker');
  k.workqueue.run();
  assert.equal(k.vmalloc.lazyPages, 0);
  assert.equal(k.vmalloc.purges, 1);
});

test('a full space purges and tries once more, then says so', () => {
  for (const version of ['6.1', '6.12'] as const) {
    const memory = [{ start: 0x40000000, end: 0x80000000 }];
    const k = bootedPagingKernel({ memory, version, cores: 4, symbols: { NR_CPUS: 4 } });
    const half = map(k, 12 * 1024)!;
    vunmap(k, half);
    assert.equal(k.vmalloc.purges, 0);
    // 240 MiB less the hole and 2 MiB of PCI I/O: no room for 192 MiB beside what is freed lazily.
    assert.equal(map(k, 48 * 1024), half);
    assert.equal(k.vmalloc.purges, 1);
    assert.equal(map(k, 12 * 1024), null);
    const expected =
      version === '6.12'
        ? 'vmalloc_node_range for size 50335744 failed: Address range restricted to 0xf0800000 - 0xff800000'
        : 'vmap allocation for size 50335744 failed: use vmalloc=<size> to increase size';
    assert.equal(k.log.lines.at(-1)!.text, expected);
  }
});

test('static areas are never handed out', () => {
  const k = bootedPagingKernel({ contiguous: [{ base: 0x4f000000, size: 16 * MiB }] });
  assert.equal(find_vm_area(k, 0xcf000000)?.caller, 'iotable_init');
  assert.equal(find_vm_area(k, 0xfee12345)?.caller, 'pci_reserve_io');
  for (const vaddr of fillVmallocSpace(k)) assert.ok(vaddr < 0xfee00000 || vaddr >= 0xff000000);
});

test('all of the space can be taken and given back', () => {
  const k = bootedPagingKernel();
  const before = vmalloc_used(k);
  const taken = fillVmallocSpace(k);
  assert.equal(vmalloc_used(k), k.memory.VMALLOC_END - k.memory.VMALLOC_START);
  assert.equal(map(k, 1), null);
  for (const vaddr of taken) vunmap(k, vaddr);
  k.workqueue.run();
  assert.equal(vmalloc_used(k), before);
  assert.equal(map(k, 1), k.memory.VMALLOC_START);
});

test('ioremap areas are aligned to their size, up to 16 MiB', () => {
  const k = bootedPagingKernel();
  map(k, 1);
  assert.equal(get_vm_area_caller(k, 3 * MiB, VM_IOREMAP, 'test')!.addr % (4 * MiB), 0);
  assert.equal(get_vm_area_caller(k, 64 * MiB, VM_IOREMAP, 'test')!.addr % (16 * MiB), 0);
  assert.equal(get_vm_area_caller(k, 0, VM_MAP, 'test'), null);
});

test('ioremap_wc() of memory that is not to be mapped; RAM is refused', () => {
  const nomap = [{ start: 0x44000000, end: 0x44800000 }];
  for (const [core, hardware] of [
    ['Cortex-A15', 0x417],
    ['ARM926EJ-S', 0x556],
  ] as const) {
    const k = bootedPagingKernel({ core, cores: core === 'Cortex-A15' ? 2 : 1, nomap });
    const vaddr = ioremap_wc(k, 0x44000000, 0x5000)!;
    assert.equal(k.mmu.pgtable.mappingAt(k, vaddr + 0x4000).paddr, 0x44004000);
    assert.equal(k.mmu.pgtable.mappingAt(k, vaddr).hardware.lo & 0xfff, hardware);
    assert.equal(ioremap_wc(k, 0x45000000, 0x1000), null);
    iounmap(k, vaddr);
    assert.equal(k.mmu.pgtable.mappingAt(k, vaddr).kind, 'none');
  }
});

test('ioremap() does not go around the end of the address space', () => {
  const k = bootedPagingKernel();
  assert.equal(ioremap(k, 0xfffff000, 0x1001), null);
  assert.equal(ioremap(k, 0xffffff00, 0), null);
  const last = ioremap(k, 0xffffff00, 0x100)!;
  assert.equal(k.mmu.pgtable.mappingAt(k, last).paddr, 0xffffff00);
  const wide = bootedPagingKernel({ core: 'Cortex-A15', symbols: { ARM_LPAE: true } });
  assert.equal(wide.mmu.pgtable.mappingAt(wide, ioremap(wide, 0xfffff000, 0x2000)! + 0x1000).paddr, 2 ** 32);
});

test('a kernel without SMP uses sections where it can', () => {
  const nomap = [{ start: 0x44000000, end: 0x44800000 }];
  const k = bootedPagingKernel({ core: 'Cortex-A8', cores: 1, symbols: { SMP: false }, nomap });
  const vaddr = ioremap_wc(k, 0x44000000, 8 * MiB)!;
  const mapping = k.mmu.pgtable.mappingAt(k, vaddr + 0x712345);
  assert.deepEqual([mapping.kind, mapping.paddr], ['section', 0x44712345]);
  iounmap(k, vaddr);
  assert.equal(k.mmu.pgtable.mappingAt(k, vaddr).kind, 'none');
});

test('sections in vmalloc space reach the processes and write aliasing caches back', () => {
  const nomap = [{ start: 0x44000000, end: 0x44800000 }];
  const k = bootedPagingKernel({ core: 'ARM926EJ-S', cores: 1, nomap });
  const flushes = () => k.machine.counters.innerAll['clean-invalidate'];
  const before = flushes();
  const vaddr = ioremap_wc(k, 0x44000000, 4 * MiB)!;
  assert.equal(k.mmu.pgtable.mappingAt(k, vaddr).kind, 'section');
  assert.equal(flushes() - before, 1);
  // Without VMAP_STACK too, a process drops what is no longer mapped when it is switched to.
  const mm = pgd_alloc(k)!;
  assert.equal(k.mmu.pgtable.mappingAt(k, vaddr, mm.pgd).kind, 'section');
  iounmap(k, vaddr);
  assert.equal(k.mmu.pgtable.mappingAt(k, vaddr, mm.pgd).kind, 'section');
  switch_mm(k, mm);
  assert.equal(k.mmu.pgtable.mappingAt(k, vaddr, mm.pgd).kind, 'none');
});

test('wrong addresses are reported, nothing is unmapped', () => {
  const k = bootedPagingKernel();
  const vaddr = map(k, 2)!;
  vunmap(k, vaddr + 123);
  vunmap(k, vaddr + 64 * MiB);
  vunmap(k, null);
  assert.equal(k.log.lines.filter(line => line.level === 'WARNING').length, 3);
  assert.equal(k.mmu.pgtable.mappingAt(k, vaddr).kind, 'page');
  vunmap(k, vaddr + 4096);
  assert.equal(k.mmu.pgtable.mappingAt(k, vaddr).kind, 'none');
});

test('caches with aliases are written back whole, others are not', () => {
  const old = bootedPagingKernel({ core: 'ARM926EJ-S', cores: 1 });
  const before = old.machine.counters.innerAll['clean-invalidate'];
  vunmap(old, map(old, 1));
  assert.equal(old.machine.counters.innerAll['clean-invalidate'] - before, 2);
  const recent = bootedPagingKernel();
  const barriers = recent.machine.counters.barriers.dsb;
  const all = recent.machine.counters.innerAll['clean-invalidate'];
  vunmap(recent, map(recent, 1));
  assert.equal(recent.machine.counters.barriers.dsb - barriers, 1);
  assert.equal(recent.machine.counters.innerAll['clean-invalidate'], all);
});
