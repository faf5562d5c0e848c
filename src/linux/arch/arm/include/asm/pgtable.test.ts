// SPDX-License-Identifier: GPL-2.0-only
/** Every entry that Linux writes is read back by the MMU of the core it was written for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Translation } from '../../../../../hw/mmu/translation.js';
import { WALK_OK } from '../../../../../hw/mmu/walker.js';
import type { Kernel } from '../../../../kernel.js';
import { pmd_off_k, pte_alloc_kernel } from '../../mm/mmu.js';
import { bootedPagingKernel, type PagingOptions } from '../../mm/paging-fixture.js';
import {
  clearBits,
  NO_BITS,
  orBits,
  PAGE_KERNEL,
  pgprot_device,
  pgprot_dmacoherent,
  pgprot_noncached,
  pgprot_stronglyordered,
  type pgprot_t,
  pgprot_writecombine,
  sameBits,
} from './pgtable.js';

const KERNELS: Readonly<Record<string, PagingOptions>> = {
  'v7 SMP': { core: 'Cortex-A15' },
  'v7 UP': { core: 'Cortex-A8', cores: 1 },
  v6: { core: 'ARM1176JZF-S', cores: 1 },
  v5: { core: 'ARM926EJ-S', cores: 1 },
  'v5 write-through': { core: 'ARM926EJ-S', cores: 1, symbols: { CPU_DCACHE_WRITETHROUGH: true } },
  v4: { core: 'ARM920T', cores: 1 },
  Feroceon: { core: 'Feroceon', cores: 1 },
  XScale: { core: 'XScale', cores: 1 },
  LPAE: { core: 'Cortex-A15', symbols: { ARM_LPAE: true } },
};

/** A page of vmalloc space with a table and an entry for it. */
function scratchPte(k: Kernel): { vaddr: number; ptep: number } {
  const vaddr = k.memory.VMALLOC_START + 0x5000;
  return { vaddr, ptep: pte_alloc_kernel(k, pmd_off_k(k, vaddr), vaddr)! };
}

/** Linux entry and hardware entry, without the frame. */
function entries(name: string, prot: (k: Kernel) => pgprot_t): [string, string] {
  const k = bootedPagingKernel(KERNELS[name]!);
  const { ptep } = scratchPte(k);
  k.mmu.pgtable.set_pte_ext(k, ptep, 0, prot(k));
  const text = ({ lo, hi }: pgprot_t): string =>
    (hi === 0 ? '' : hi.toString(16)) + lo.toString(16).padStart(hi === 0 ? 0 : 8, '0');
  return [text(k.mmu.pgtable.pte_val(k, ptep)), text(k.mmu.pgtable.hardware_pte(k, ptep))];
}

const cached = PAGE_KERNEL;
const coherent = (k: Kernel): pgprot_t => pgprot_dmacoherent(k, PAGE_KERNEL(k));
const combining = (k: Kernel): pgprot_t => pgprot_writecombine(k, PAGE_KERNEL(k));
const ordered = (k: Kernel): pgprot_t => pgprot_stronglyordered(k, PAGE_KERNEL(k));

test('entries of kernel pages, as constants', () => {
  assert.deepEqual(entries('v7 SMP', cached), ['65f', '45f']);
  assert.deepEqual(entries('v7 SMP', coherent), ['647', '417']);
  assert.deepEqual(entries('v7 SMP', combining), ['647', '417']);
  assert.deepEqual(entries('v7 UP', cached), ['24f', '1f']);
  assert.deepEqual(entries('v7 UP', coherent), ['247', '17']);
  assert.deepEqual(entries('v7 UP', ordered), ['243', '13']);
  assert.deepEqual(entries('v6', cached), ['24f', '1f']);
  assert.deepEqual(entries('v6', coherent), ['247', '53']);
  assert.deepEqual(entries('v5', cached), ['24f', '55e']);
  assert.deepEqual(entries('v5', coherent), ['243', '552']);
  assert.deepEqual(entries('v5', combining), ['247', '556']);
  assert.deepEqual(entries('v5 write-through', cached), ['24b', '55a']);
  assert.deepEqual(entries('LPAE', cached), ['c000000000071f', 'c000000000071f']);
  assert.deepEqual(entries('LPAE', coherent), ['c0000000000707', 'c0000000000707']);
});

/** Text of the memory type that the MMU sees, by Linux's name of it. */
const TYPES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'v7 SMP': {
    UNCACHED: 'strongly-ordered',
    BUFFERABLE: 'normal inner=NC outer=NC',
    WRITETHROUGH: 'normal inner=WT outer=WT',
    WRITEBACK: 'normal inner=WB outer=WB',
    WRITEALLOC: 'normal inner=WBWA outer=WBWA',
    DEV_SHARED: 'device',
    DEV_NONSHARED: 'device',
    DEV_WC: 'normal inner=NC outer=NC',
    DEV_CACHED: 'normal inner=WB outer=WB',
  },
  v5: {
    UNCACHED: 'uncached unbuffered',
    BUFFERABLE: 'uncached buffered',
    WRITETHROUGH: 'cached write-through',
    WRITEBACK: 'cached write-back',
    WRITEALLOC: 'cached write-back',
    DEV_SHARED: 'uncached unbuffered',
    DEV_NONSHARED: 'uncached unbuffered',
    DEV_WC: 'uncached buffered',
    DEV_CACHED: 'cached write-back',
  },
};

/** Where the encodings of one architecture decode to the same types as another's. */
function typesOf(name: string): Readonly<Record<string, string>> | undefined {
  if (name.startsWith('v7') || name === 'v6' || name === 'LPAE') return TYPES['v7 SMP'];
  return name === 'v5' || name === 'v4' || name === 'Feroceon' ? TYPES['v5'] : undefined;
}

for (const [name, options] of Object.entries(KERNELS)) {
  test(`${name}: the MMU finds the page, its type and its permissions`, () => {
    const k = bootedPagingKernel(options);
    const { vaddr, ptep } = scratchPte(k);
    const b = k.mmu.pgtable.bits;
    const types = typesOf(name);
    const frames = options.symbols?.['ARM_LPAE'] === true ? 2 ** 28 : 2 ** 20;
    const found = new Translation();
    const names = Object.keys(TYPES['v5']!);
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.integer({ min: 0, max: frames - 1 }),
        fc.boolean(),
        fc.boolean(),
        (type, pfn, isReadOnly, isExecutable) => {
          const memoryType = b[`L_PTE_MT_${type}` as 'L_PTE_MT_UNCACHED'];
          const prot = orBits(
            clearBits(PAGE_KERNEL(k), orBits(b.L_PTE_MT_MASK, b.L_PTE_XN)),
            memoryType,
            isReadOnly ? b.L_PTE_RDONLY : NO_BITS,
            isExecutable ? NO_BITS : b.L_PTE_XN,
          );
          k.mmu.pgtable.set_pte_ext(k, ptep, pfn, prot);
          assert.equal(k.machine.walker.walk(vaddr + 0x123, found), WALK_OK);
          assert.equal(found.kind, 'page');
          assert.equal(found.paddr, pfn * 4096 + 0x123);
          if (types !== undefined) assert.equal(found.memoryType.text, types[type]);
          if (k.machine.facts.core.architecture >= 6) {
            assert.equal(found.xn, isExecutable ? 0 : 1);
            assert.equal(found.ap, isReadOnly ? 'ro/-' : 'rw/-');
          } else if (name !== 'XScale') {
            assert.equal(found.ap, isReadOnly ? 'APbits=00' : 'APbits=55');
          }
          const mapping = k.mmu.pgtable.mappingAt(k, vaddr + 0x123);
          assert.equal(mapping.paddr, found.paddr);
          assert.equal(k.mmu.pgtable.pte_pfn(mapping.linux), pfn);
          k.mmu.pgtable.pte_clear_range(k, ptep, 1);
          assert.ok(k.mmu.pgtable.pte_none(k, ptep));
          assert.notEqual(k.machine.walker.walk(vaddr, found), WALK_OK);
        },
      ),
      { numRuns: 150 },
    );
  });

  test(`${name}: a range of entries equals one entry after the other`, () => {
    const k = bootedPagingKernel(options);
    const { ptep } = scratchPte(k);
    const format = k.mmu.pgtable;
    format.set_pte_range(k, ptep, 0x12345, 5, PAGE_KERNEL(k));
    const first = [0, 1, 2, 3, 4].map(i => format.hardware_pte(k, ptep + i * format.pteBytes));
    for (let i = 0; i < 5; i++)
      format.set_pte_ext(k, ptep + i * format.pteBytes, 0x12345 + i, PAGE_KERNEL(k));
    assert.deepEqual(
      [0, 1, 2, 3, 4].map(i => format.hardware_pte(k, ptep + i * format.pteBytes)),
      first,
    );
    assert.equal(new Set(first.map(value => value.lo)).size, 5);
  });
}

test('an entry without its young, present or valid bit faults', () => {
  for (const name of ['v7 SMP', 'v6', 'v5', 'XScale']) {
    const k = bootedPagingKernel(KERNELS[name]!);
    const { ptep } = scratchPte(k);
    const b = k.mmu.pgtable.bits;
    for (const bit of [b.L_PTE_YOUNG, b.L_PTE_PRESENT]) {
      k.mmu.pgtable.set_pte_ext(k, ptep, 0x40000, clearBits(PAGE_KERNEL(k), bit));
      assert.equal(k.mmu.pgtable.hardware_pte(k, ptep).lo, 0, name);
      assert.ok(!k.mmu.pgtable.pte_none(k, ptep));
    }
  }
});

test('a write-through kernel takes B away beside C, except from cores that are exempt', () => {
  const writeBack = (core: string): number => {
    const k = bootedPagingKernel({ core, cores: 1, symbols: { CPU_DCACHE_WRITETHROUGH: true } });
    const b = k.mmu.pgtable.bits;
    const { ptep } = scratchPte(k);
    const prot = orBits(clearBits(PAGE_KERNEL(k), b.L_PTE_MT_MASK), b.L_PTE_MT_WRITEBACK);
    k.mmu.pgtable.set_pte_ext(k, ptep, 0, prot);
    return k.mmu.pgtable.hardware_pte(k, ptep).lo & 0xc;
  };
  for (const core of ['ARM926EJ-S', 'ARM920T', 'FA526', 'Mohawk']) assert.equal(writeBack(core), 8, core);
  for (const core of ['ARM720T', 'SA-1100', 'Feroceon']) assert.equal(writeBack(core), 0xc, core);
});

test('the modifiers change the memory type and nothing else, or add XN', () => {
  for (const options of Object.values(KERNELS)) {
    const k = bootedPagingKernel(options);
    const b = k.mmu.pgtable.bits;
    const withoutType = (prot: pgprot_t): pgprot_t => clearBits(prot, b.L_PTE_MT_MASK);
    const kernel = k.mmu.pgprot_kernel;
    assert.ok(sameBits(withoutType(pgprot_writecombine(k, kernel)), withoutType(kernel)));
    assert.ok(sameBits(withoutType(pgprot_noncached(k, kernel)), withoutType(kernel)));
    assert.ok(sameBits(withoutType(pgprot_dmacoherent(k, kernel)), orBits(withoutType(kernel), b.L_PTE_XN)));
    const device = orBits(withoutType(kernel), b.L_PTE_SHARED, b.L_PTE_DIRTY, b.L_PTE_XN);
    assert.ok(sameBits(withoutType(pgprot_device(k, kernel)), device));
  }
});
