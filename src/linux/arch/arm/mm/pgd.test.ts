// SPDX-License-Identifier: GPL-2.0-only
/** Copies of the kernel's entries in process tables: made at birth, brought up to date lazily. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiB } from '../../../../base/address.js';
import { mapRanges } from '../../../../hw/mmu/dump.js';
import type { Kernel } from '../../../kernel.js';
import { vmap_contiguous } from '../../../mm/vmalloc.js';
import { PAGE_KERNEL } from '../include/asm/pgtable.js';
import {
  check_vmalloc_seq,
  do_translation_fault,
  kernelEntryDifferences,
  processesMissing,
} from './fault.js';
import { bootedPagingKernel } from './paging-fixture.js';
import { type mm_struct, pgd_alloc, pgd_free, switch_mm } from './pgd.js';
import { free_initmem_perms } from './section-perms.js';

function vmapMegabytes(k: Kernel, megabytes: number): number {
  return vmap_contiguous(k, 0x45000, megabytes * 256, PAGE_KERNEL(k), 'test')!;
}

function mapOf(k: Kernel, mm: mm_struct): unknown {
  return mapRanges(k.machine.ram, k.machine.registers, k.memory.PAGE_OFFSET, 2 ** 32, mm.pgd);
}

for (const ARM_LPAE of [false, true]) {
  const name = ARM_LPAE ? 'LPAE' : 'classic';

  test(`${name}: a new process sees the kernel as the kernel does, and nothing below`, () => {
    const k = bootedPagingKernel({ symbols: { ARM_LPAE } });
    const mm = pgd_alloc(k)!;
    assert.deepEqual(
      kernelEntryDifferences(k, mm).filter(d => d.start >= k.memory.PAGE_OFFSET),
      [],
    );
    assert.deepEqual(mapOf(k, mm), mapOf(k, k.mmu.init_mm));
    assert.deepEqual(mapRanges(k.machine.ram, k.machine.registers, 0, k.memory.MODULES_VADDR, mm.pgd), []);
  });

  test(`${name}: tables come back when a process ends`, () => {
    const k = bootedPagingKernel({ symbols: { ARM_LPAE } });
    const free = k.pages.free_pages;
    const tables = k.mmu.tablePages;
    const mm = pgd_alloc(k)!;
    assert.equal(free - k.pages.free_pages, ARM_LPAE ? 2 : 4);
    pgd_free(k, mm);
    assert.equal(k.pages.free_pages, free);
    assert.equal(k.mmu.tablePages, tables);
    assert.equal(k.mmu.processes.length, 0);
  });

  test(`${name}: sections of every process change with STRICT_KERNEL_RWX`, () => {
    const k = bootedPagingKernel({ symbols: { ARM_LPAE } });
    const mm = pgd_alloc(k)!;
    const before = mapOf(k, mm);
    free_initmem_perms(k);
    assert.deepEqual(mapOf(k, mm), mapOf(k, k.mmu.init_mm));
    assert.notDeepEqual(mapOf(k, mm), before);
  });
}

test('classic: a vmalloc entry made later is missing until it is needed', () => {
  const k = bootedPagingKernel({ symbols: { VMAP_STACK: false } });
  const mm = pgd_alloc(k)!;
  const vaddr = vmapMegabytes(k, 4);
  assert.deepEqual(kernelEntryDifferences(k, mm), [{ start: vaddr, end: vaddr + 4 * MiB, kind: 'missing' }]);
  assert.deepEqual(processesMissing(k, vaddr), [mm]);
  // The process switch copies nothing here.
  switch_mm(k, mm);
  assert.equal(kernelEntryDifferences(k, mm).length, 1);
  assert.equal(do_translation_fault(k, mm, vaddr + 0x100000), true);
  // One fault copies the pair.
  assert.deepEqual(kernelEntryDifferences(k, mm), [
    { start: vaddr + 2 * MiB, end: vaddr + 4 * MiB, kind: 'missing' },
  ]);
  assert.deepEqual(processesMissing(k, vaddr), []);
});

test('classic with VMAP_STACK: the next switch copies all of vmalloc space', () => {
  const k = bootedPagingKernel({ symbols: { VMAP_STACK: true } });
  const mm = pgd_alloc(k)!;
  vmapMegabytes(k, 3);
  assert.equal(k.mmu.init_mm.vmalloc_seq, 1);
  check_vmalloc_seq(k, mm);
  assert.deepEqual(kernelEntryDifferences(k, mm), []);
  assert.equal(mm.vmalloc_seq, 1);
  // More pages under an existing entry need nothing.
  vmapMegabytes(k, 0.5);
  assert.equal(k.mmu.init_mm.vmalloc_seq, 1);
});

test('LPAE: vmalloc space is shared, modules and pkmap are not', () => {
  const k = bootedPagingKernel({ symbols: { ARM_LPAE: true } });
  const mm = pgd_alloc(k)!;
  vmapMegabytes(k, 4);
  // kmap_init() made the table of pkmap before this process was born, and it was not copied.
  assert.deepEqual(kernelEntryDifferences(k, mm), [{ start: 0xbfe00000, end: 0xc0000000, kind: 'missing' }]);
  assert.equal(do_translation_fault(k, mm, 0xbfe01000), true);
  assert.deepEqual(kernelEntryDifferences(k, mm), []);
});

test('nothing to copy: the access is an error', () => {
  for (const ARM_LPAE of [false, true]) {
    const k = bootedPagingKernel({ symbols: { ARM_LPAE } });
    const mm = pgd_alloc(k)!;
    assert.equal(do_translation_fault(k, mm, k.memory.VMALLOC_START + 64 * MiB), false);
    assert.equal(do_translation_fault(k, mm, 0x10000), false);
  }
});

test('switching to a process translates through its tables', () => {
  for (const ARM_LPAE of [false, true]) {
    const k = bootedPagingKernel({ symbols: { ARM_LPAE } });
    const mm = pgd_alloc(k)!;
    switch_mm(k, mm);
    assert.equal(k.machine.registers.ttbr0 - (k.machine.registers.ttbr0 % 4096), mm.pgd);
  }
});
