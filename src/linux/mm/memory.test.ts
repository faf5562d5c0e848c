// SPDX-License-Identifier: GPL-2.0-only
/** Visiting and changing entries of the kernel's map: what is allowed, and where a section refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiB } from '../../base/address.js';
import { PAGE_KERNEL, PAGE_KERNEL_EXEC, pgprot_dmacoherent } from '../arch/arm/include/asm/pgtable.js';
import {
  set_memory_nx,
  set_memory_ro,
  set_memory_rw,
  set_memory_valid,
  set_memory_x,
} from '../arch/arm/mm/pageattr.js';
import { bootedPagingKernel } from '../arch/arm/mm/paging-fixture.js';
import { EINVAL } from '../include/linux/errno.js';
import { apply_to_existing_page_range, apply_to_page_range } from './memory.js';
import { vmap_contiguous } from './vmalloc.js';

const AREA = { base: 0x4f000000, size: 16 * MiB };

test('pages of a contiguous area can be made uncached in place, and back', () => {
  const k = bootedPagingKernel({ contiguous: [AREA] });
  const format = k.mmu.pgtable;
  const change = (prot: ReturnType<typeof PAGE_KERNEL>): number => {
    let pfn = 0x4f1ff;
    return apply_to_page_range(k, 0xcf1ff000, 0x3000, ptep => format.set_pte_ext(k, ptep, pfn++, prot));
  };
  assert.equal(change(pgprot_dmacoherent(k, PAGE_KERNEL(k))), 0);
  // Over the border of two tables.
  for (const vaddr of [0xcf1ff000, 0xcf200000, 0xcf201000]) {
    const mapping = format.mappingAt(k, vaddr);
    assert.equal(mapping.linux.lo & 0xfff, 0x647);
    assert.equal(mapping.hardware.lo & 0xfff, 0x417);
    assert.equal(mapping.paddr, vaddr - 0x80000000);
  }
  assert.equal(format.mappingAt(k, 0xcf202000).hardware.lo & 0xfff, 0x45f);
  assert.equal(change(PAGE_KERNEL(k)), 0);
  assert.equal(format.mappingAt(k, 0xcf200000).linux.lo, 0x4f20065f);
});

test('a section refuses: -EINVAL, one warning, nothing changed', () => {
  for (const ARM_LPAE of [false, true]) {
    const k = bootedPagingKernel({ symbols: { ARM_LPAE } });
    const before = k.mmu.pgtable.mappingAt(k, 0xc5000000);
    let calls = 0;
    for (let i = 0; i < 2; i++) {
      assert.equal(
        apply_to_page_range(k, 0xc5000000, 4096, () => calls++),
        -EINVAL,
      );
    }
    assert.equal(calls, 0);
    assert.deepEqual(k.mmu.pgtable.mappingAt(k, 0xc5000000), before);
    assert.equal(k.log.lines.filter(line => line.level === 'WARNING').length, 1);
  }
});

test('existing entries only: holes are passed over and no table is made', () => {
  const k = bootedPagingKernel();
  const vaddr = vmap_contiguous(k, 0x45000, 2, PAGE_KERNEL(k), 'test')!;
  const tables = k.mmu.tablePages;
  const seen: number[] = [];
  assert.equal(
    apply_to_existing_page_range(k, k.memory.high_memory - 2 * MiB, 12 * MiB, (_ptep, at) => seen.push(at)),
    -EINVAL,
  );
  const start = k.memory.VMALLOC_START;
  assert.equal(
    apply_to_existing_page_range(k, start, 8 * MiB, (_ptep, at) => seen.push(at)),
    0,
  );
  assert.deepEqual(seen, [vaddr, vaddr + 4096]);
  assert.equal(k.mmu.tablePages, tables);
  assert.equal(
    apply_to_page_range(k, start + 2 * MiB, 4096, () => {}),
    0,
  );
  assert.equal(k.mmu.tablePages, tables + 1);
});

test('set_memory_*: vmalloc space yes, direct map no', () => {
  for (const ARM_LPAE of [false, true]) {
    const k = bootedPagingKernel({ symbols: { ARM_LPAE }, contiguous: [AREA] });
    assert.equal(set_memory_ro(k, 0xc5000000, 1), -EINVAL);
    assert.equal(set_memory_ro(k, 0xcf000000, 1), -EINVAL);
    const vaddr = vmap_contiguous(k, 0x45000, 4, PAGE_KERNEL_EXEC(k), 'test')!;
    const original = k.mmu.pgtable.mappingAt(k, vaddr + 4096);
    assert.equal(set_memory_ro(k, vaddr + 4096, 1), 0);
    assert.equal(set_memory_nx(k, vaddr + 4096, 1), 0);
    const readOnly = k.mmu.pgtable.mappingAt(k, vaddr + 4096);
    assert.notDeepEqual(readOnly.hardware, original.hardware);
    if (!ARM_LPAE) assert.equal(readOnly.hardware.lo & 0xfff, 0x65f);
    else assert.deepEqual(readOnly.hardware, { lo: 0x4500179f, hi: 0x04c00000 });
    assert.deepEqual(k.mmu.pgtable.mappingAt(k, vaddr).hardware.hi, original.hardware.hi);
    assert.equal(set_memory_rw(k, vaddr + 4096, 1), 0);
    assert.equal(set_memory_x(k, vaddr + 4096, 1), 0);
    assert.deepEqual(k.mmu.pgtable.mappingAt(k, vaddr + 4096), original);
  }
});

test('set_memory_valid() has no such check', () => {
  const k = bootedPagingKernel({ contiguous: [AREA] });
  assert.equal(set_memory_valid(k, 0xcf000000, 1, false), 0);
  assert.equal(k.mmu.pgtable.mappingAt(k, 0xcf000000).kind, 'none');
  assert.equal(set_memory_valid(k, 0xcf000000, 1, true), 0);
  assert.equal(k.mmu.pgtable.mappingAt(k, 0xcf000000).paddr, 0x4f000000);
});
