// SPDX-License-Identifier: GPL-2.0-only
/** The kernel's map as the MMU sees it, and what it costs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiB } from '../../../../base/address.js';
import { type MappedRange, mapRanges } from '../../../../hw/mmu/dump.js';
import { Observer } from '../../../../hw/observer.js';
import type { Kernel } from '../../../kernel.js';
import { __va } from '../include/asm/memory.js';
import { countMapping, create_mapping } from './mmu.js';
import { bootedPagingKernel } from './paging-fixture.js';
import { free_initmem_perms, mark_rodata_ro } from './section-perms.js';

function lowmem(k: Kernel): MappedRange[] {
  return mapRanges(k.machine.ram, k.machine.registers, k.memory.PAGE_OFFSET, k.memory.VMALLOC_START);
}

function short(ranges: readonly MappedRange[]): string[] {
  return ranges.map(
    r => `${r.va.toString(16)}+${r.size / 1024}K ${r.kind} ${r.ap}${r.xn ? ' xn' : ''}${r.s ? ' s' : ''}`,
  );
}

test('v7 SMP: 1 MiB sections 0x1141e, executable ones for the kernel', () => {
  const k = bootedPagingKernel();
  assert.deepEqual(short(lowmem(k)), [
    'c0000000+10240K section rw/- s',
    'c0a00000+251904K section rw/- xn s',
  ]);
  assert.equal(k.mmu.pgtable.mappingAt(k, 0xcf000000).hardware.lo, 0x4f01141e);
  assert.equal(k.mmu.pgtable.mappingAt(k, 0xc0400000).hardware.lo, 0x4041140e);
});

test('v5 and v7 UP: section 0x41e', () => {
  for (const core of ['ARM926EJ-S', 'Cortex-A8']) {
    const k = bootedPagingKernel({ core, cores: 1 });
    assert.equal(k.mmu.pgtable.mappingAt(k, 0xcf000000).hardware.lo, 0x4f00041e, core);
  }
});

test('LPAE: 2 MiB blocks, upper address bits included', () => {
  const memory = [{ start: 0x100000000, end: 0x110000000 }];
  const k = bootedPagingKernel({ symbols: { ARM_LPAE: true }, memory });
  const { hardware, paddr, size } = k.mmu.pgtable.mappingAt(k, 0xcf212345);
  assert.deepEqual(hardware, { lo: 0x0f20071d, hi: 0x00400001 });
  assert.equal(paddr, 0x10f212345);
  assert.equal(size, 2 * MiB);
});

test('registers below vmalloc space are complained about and mapped', () => {
  const k = bootedPagingKernel();
  const from = k.log.lines.length;
  const map = (virtual: number): number => {
    create_mapping(k, { virtual, pfn: 0x10000, length: MiB, type: 'MT_DEVICE' });
    return k.mmu.pgtable.mappingAt(k, virtual).paddr;
  };
  assert.deepEqual([map(0xd0000000), map(k.memory.VMALLOC_START)], [0x10000000, 0x10000000]);
  assert.deepEqual(
    k.log.lines.slice(from).map(line => line.text),
    ['BUG: mapping for 0x10000000 at 0xd0000000 out of vmalloc space'],
  );
});

test('a range that ends inside a 2 MiB piece has that piece mapped with pages', () => {
  const end = 0x40000000 + 64 * MiB + 3.5 * MiB;
  const k = bootedPagingKernel({ memory: [{ start: 0x40000000, end }] });
  const ranges = lowmem(k);
  assert.deepEqual(short(ranges.slice(-2)), [
    'c0a00000+57344K section rw/- xn s',
    'c4200000+1536K page rw/- xn s',
  ]);
  assert.equal(k.mmu.pgtable.mappingAt(k, 0xc4200000).linux.lo, 0x4420065f);
  assert.equal(k.mmu.pgtable.mappingAt(k, 0xc4200000).hardware.lo, 0x4420045f);
});

test('an odd last MiB is a section with short descriptors and pages with long ones', () => {
  const memory = [{ start: 0x40000000, end: 0x40000000 + 65 * MiB }];
  const classic = bootedPagingKernel({ memory });
  assert.deepEqual(
    lowmem(classic).map(r => r.kind),
    ['section', 'section'],
  );
  const lpae = bootedPagingKernel({ memory, symbols: { ARM_LPAE: true } });
  assert.deepEqual(
    lowmem(lpae).map(r => r.kind),
    ['section', 'section', 'page'],
  );
});

test('a hole that is not to be mapped: pages around it, sections further away', () => {
  const k = bootedPagingKernel({ nomap: [{ start: 0x44080000, end: 0x44081000 }] });
  assert.equal(k.mmu.pgtable.mappingAt(k, 0xc4080000).kind, 'none');
  assert.equal(k.mmu.pgtable.mappingAt(k, 0xc4081000).kind, 'page');
  assert.equal(k.mmu.pgtable.mappingAt(k, 0xc407f000).kind, 'page');
  assert.equal(k.mmu.pgtable.mappingAt(k, 0xc3fff000).kind, 'section');
  assert.equal(k.mmu.pgtable.mappingAt(k, 0xc4200000).kind, 'section');
});

test('a hole between a section and the rest of its 2 MiB stops the kernel', () => {
  // The even MiB became a section, so the pair has no room for the table that the odd one needs.
  const nomap = [{ start: 0x44100000, end: 0x44101000 }];
  assert.throws(() => bootedPagingKernel({ nomap }), { name: 'InputError', message: /BUG_ON\(pmd_bad/ });
  assert.doesNotThrow(() => bootedPagingKernel({ nomap, symbols: { ARM_LPAE: true } }));
});

for (const lpae of [false, true]) {
  const name = lpae ? 'LPAE' : 'classic';

  test(`${name}: a contiguous area in lowmem is made of cached pages, one table for 2 MiB`, () => {
    const area = { base: 0x4f000000, size: 16 * MiB };
    const k = bootedPagingKernel({ symbols: { ARM_LPAE: lpae }, contiguous: [area] });
    const plain = bootedPagingKernel({ symbols: { ARM_LPAE: lpae } });
    const start = __va(k, area.base);
    assert.deepEqual(countMapping(k, start, start + area.size), {
      sections: 0,
      pages: 4096,
      tables: lpae ? 8 : 16,
      entriesWithoutSection: lpae ? 8 : 16,
    });
    assert.equal(k.mmu.tablePages - plain.mmu.tablePages, 8);
    const { linux, hardware } = k.mmu.pgtable.mappingAt(k, start);
    if (lpae) {
      assert.deepEqual(linux, { lo: 0x4f00071f, hi: 0x00c00000 });
    } else {
      assert.equal(linux.lo, 0x4f00065f);
      assert.equal(hardware.lo, 0x4f00045f);
    }
    assert.ok(k.mmu.static_vmlist.some(svm => svm.addr === start && svm.mtype === 'MT_MEMORY_DMA_READY'));
  });

  test(`${name}: vectors, stubs and device tree`, () => {
    const k = bootedPagingKernel({ symbols: { ARM_LPAE: lpae } });
    const fixed = mapRanges(k.machine.ram, k.machine.registers, 0xff800000, 2 ** 32);
    assert.deepEqual(short(fixed), [
      `ff800000+${lpae ? 4096 : 2048}K section ro/- xn s`,
      'ffff0000+4K page ro/ro s',
      'ffff1000+4K page ro/- s',
    ]);
    assert.equal(fixed[0]!.pa, 0x41000000);
    assert.equal(fixed[1]!.type, 'normal inner=WBWA outer=WBWA');
  });
}

test('a contiguous area in highmem changes nothing', () => {
  const memory = [{ start: 0x40000000, end: 0x80000000 }];
  const area = { base: 0x7f000000, size: 16 * MiB };
  const k = bootedPagingKernel({ memory, contiguous: [area] });
  assert.deepEqual(
    lowmem(k).map(r => r.kind),
    ['section', 'section'],
  );
  assert.equal(lowmem(k).at(-1)!.vaEnd, 0xefffffff);
});

test('an area that starts in lowmem and ends above is cut at the limit', () => {
  const memory = [{ start: 0x40000000, end: 0x80000000 }];
  const k = bootedPagingKernel({ memory, contiguous: [{ base: 0x6f800000, size: 16 * MiB }] });
  assert.deepEqual(short(lowmem(k)).at(-1), 'ef800000+8192K page rw/- xn s');
});

test('STRICT_KERNEL_RWX leaves text executable and read-only, nothing else executable', () => {
  for (const lpae of [false, true]) {
    const k = bootedPagingKernel({ symbols: { ARM_LPAE: lpae } });
    free_initmem_perms(k);
    mark_rodata_ro(k);
    assert.deepEqual(short(lowmem(k)), [
      'c0000000+4096K section rw/- xn s',
      'c0400000+2048K section ro/- s',
      'c0600000+2048K section ro/- xn s',
      'c0800000+253952K section rw/- xn s',
    ]);
  }
});

test('the TLB flush of changed sections reaches other CPUs where the core broadcasts', () => {
  const broadcasts = (core: string, cores: number) => {
    const k = bootedPagingKernel({ core, cores, symbols: { SMP: true, STRICT_KERNEL_RWX: true } });
    const seen = new Set<boolean>();
    class Watcher extends Observer {
      override tlbMaintenance(...[, , , , , broadcast]: Parameters<Observer['tlbMaintenance']>): void {
        seen.add(broadcast);
      }
    }
    k.machine.observer = new Watcher();
    mark_rodata_ro(k);
    return [...seen];
  };
  assert.deepEqual(broadcasts('Cortex-A9', 4), [true]);
  assert.deepEqual(broadcasts('Cortex-A8', 1), [false]);
  assert.deepEqual(broadcasts('ARM11 MPCore', 4), [false]);
});

test('sections of a core before ARMv6 keep their permissions', () => {
  const k = bootedPagingKernel({ core: 'ARM926EJ-S', cores: 1, symbols: { STRICT_KERNEL_RWX: true } });
  const before = short(lowmem(k));
  free_initmem_perms(k);
  mark_rodata_ro(k);
  assert.deepEqual(short(lowmem(k)), before);
});

test('an image that is not aligned to sections is reported and left alone', () => {
  const k = bootedPagingKernel();
  const image = k.config.image as { stext: number };
  const stext = image.stext;
  image.stext = stext + 0x8000;
  try {
    mark_rodata_ro(k);
  } finally {
    image.stext = stext;
  }
  assert.ok(
    k.log.lines.some(
      line => line.text === 'BUG: text/rodata RO section c0408000-c0800000 not aligned to 100000',
    ),
  );
});

test('registers are those that the set-up functions write', () => {
  const smp = bootedPagingKernel().machine.registers;
  assert.deepEqual([smp.ttbr0, smp.ttbr1, smp.ttbcr], [0x4020406a, 0x4020406a, 0]);
  const up = bootedPagingKernel({ core: 'Cortex-A8', cores: 1 }).machine.registers;
  assert.equal(up.ttbr0, 0x40204059);
  const v6 = bootedPagingKernel({ core: 'ARM1176JZF-S', cores: 1 }).machine.registers;
  assert.deepEqual([v6.ttbr0, v6.tre, v6.xp], [0x40204008, false, true]);
  const lpae = bootedPagingKernel({ symbols: { ARM_LPAE: true } }).machine.registers;
  assert.deepEqual([lpae.ttbr0, lpae.ttbr1, lpae.ttbcr], [0x40203000, 0x40207000, 0xb5023500]);
  assert.deepEqual([lpae.mair0, lpae.mair1], [0xeeaa4400, 0xff000004]);
});
