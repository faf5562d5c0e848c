// SPDX-License-Identifier: GPL-2.0-only
/** Zones, the way memory gets into them, and who may take it out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GiB, MiB } from '../../base/address.js';
import { Ram } from '../../hw/ram.js';
import { KernelConfig, type KernelVersion } from '../config.js';
import {
  __GFP_HIGHMEM,
  __GFP_NOWARN,
  __GFP_ZERO,
  GFP_ATOMIC,
  GFP_DMA,
  GFP_KERNEL,
} from '../include/linux/gfp.js';
import type { Kernel } from '../kernel.js';
import { NO_IMAGE } from '../kernel-image-fixture.js';
import { Cmdline } from '../lib/cmdline.js';
import { Printk } from '../printk.js';
import { Memblock } from './memblock.js';
import {
  __free_pages,
  alloc_contig_range,
  alloc_pages,
  areReservedPages,
  drain_all_pages,
  free_area_init,
  free_contig_range,
  free_reserved_pages,
  init_cma_reserved_pageblock,
  memblock_free_all,
  PageAllocator,
  split_page,
  zone_of_pfn,
} from './page_alloc.js';
import { setup_per_cpu_pageset } from './pcp-limits.js';
import { init_per_zone_wmark_min } from './watermarks.js';

const BASE = 0x40000000;
const PFN = 0x40000;

interface Options {
  readonly version?: KernelVersion;
  readonly symbols?: Readonly<Record<string, boolean | number>>;
  readonly size?: number;
  readonly lowmem?: number;
  /** End of the DMA zone, where there is one. */
  readonly dmaEnd?: number;
  readonly cmdline?: string;
  readonly prepare?: (memblock: Memblock) => void;
}

/** A kernel of which only memory management is there, with watermarks and lists of its two CPUs. */
function boot(options: Options = {}): Kernel {
  const { version = '6.12', size = GiB, lowmem = Math.min(size, 768 * MiB) } = options;
  const symbols = { HIGHMEM: true, CPU_V7: true, ...options.symbols };
  const memblock = new Memblock(false);
  memblock.memblock_add(BASE, size);
  memblock.memblock_set_current_limit(BASE + lowmem);
  options.prepare?.(memblock);
  const ram = new Ram([{ start: BASE, end: BASE + size }]);
  const k = {
    config: new KernelConfig({
      name: 'test',
      version,
      symbols: new Map(Object.entries(symbols)),
      cmdline: '',
      image: NO_IMAGE,
    }),
    cmdline: new Cmdline(options.cmdline ?? ''),
    memblock,
    memory: { max_low_pfn: (BASE + lowmem) / 4096, PHYS_OFFSET: BASE, PAGE_OFFSET: 0xc0000000 },
    machine: {
      ram,
      fill: (_: number, paddr: number, bytes: number, byte: number) => ram.fill(paddr, bytes, byte),
    },
    cpu: { num_possible_cpus: 2 },
    log: new Printk(),
    pages: new PageAllocator(),
  } as unknown as Kernel;
  const lowEnd = (BASE + lowmem) / 4096;
  free_area_init(k, [
    ...(options.dmaEnd === undefined ? [] : [{ name: 'DMA' as const, end_pfn: options.dmaEnd }]),
    { name: 'Normal', end_pfn: lowEnd },
    { name: 'HighMem', end_pfn: (BASE + size) / 4096 },
  ]);
  memblock_free_all(k);
  setup_per_cpu_pageset(k);
  init_per_zone_wmark_min(k);
  return k;
}

function summary(k: Kernel): string[] {
  return k.pages.zones.map(
    zone =>
      `${zone.name} ${zone.zone_start_pfn.toString(16)} ${zone.spanned_pages} ${zone.present_pages} ${zone.managed_pages}`,
  );
}

function texts(k: Kernel): string[] {
  return k.log.lines.filter(line => line.level !== 'info').map(line => line.text);
}

/** Takes everything that one kind of request can get, in single pages or blocks. */
function drain(k: Kernel, gfp: number, order: number): number[] {
  const pages: number[] = [];
  for (;;) {
    const pfn = alloc_pages(k, gfp | __GFP_NOWARN, order);
    if (pfn === null) return pages;
    pages.push(pfn);
  }
}

test('without dma_zone_size the DMA zone swallows all lowmem and Normal is empty', () => {
  const k = boot({ dmaEnd: PFN + 0x30000 });
  // The page map: 8 MiB of struct page and 96 + 32 bytes of page block flags, from the top of lowmem.
  assert.deepEqual(summary(k), [
    `DMA 40000 196608 196608 ${196608 - 2049}`,
    'Normal 0 0 0 0',
    'HighMem 70000 65536 65536 65536',
    'Movable 0 0 0 0',
  ]);
  assert.deepEqual(
    k.log.lines.slice(0, 4).map(line => line.text),
    [
      'Zone ranges:',
      '  DMA      [mem 0x0000000040000000-0x000000006fffffff]',
      '  Normal   empty',
      '  HighMem  [mem 0x0000000070000000-0x000000007fffffff]',
    ],
  );
});

test('no-map memory counts as present, holes count as spanned only, neither is managed', () => {
  const k = boot({
    size: 512 * MiB,
    prepare: memblock => {
      memblock.memblock_mark_nomap(BASE + 16 * MiB, 4 * MiB);
      memblock.memblock_remove(BASE + 128 * MiB, 64 * MiB);
    },
  });
  const normal = k.pages.zone('Normal')!;
  assert.equal(normal.spanned_pages, 131072);
  assert.equal(normal.present_pages, 131072 - 16384);
  // 512 KiB of the page map describe the hole, and are memory again.
  assert.equal(normal.managed_pages, 131072 - 16384 - 1024 - 1025 + 128);
});

test('movablecore= takes the upper part of the highest zone, all of it where lowmem is more than asked for', () => {
  const zones = (cmdline: string, size = GiB): string[] =>
    boot({ cmdline, size, dmaEnd: PFN + Math.min(size / 4096, 0x30000) })
      .pages.zones.filter(zone => zone.spanned_pages > 0)
      .map(zone => `${zone.name} ${zone.zone_start_pfn.toString(16)} ${zone.spanned_pages}`);
  assert.deepEqual(zones('movablecore=256M'), ['DMA 40000 196608', 'Movable 70000 65536']);
  assert.deepEqual(zones('movablecore=64M'), [
    'DMA 40000 196608',
    'HighMem 70000 49152',
    'Movable 7c000 16384',
  ]);
  assert.deepEqual(zones('movablecore=25%', 512 * MiB), ['DMA 40000 98304', 'Movable 58000 32768']);
  assert.deepEqual(zones('kernelcore=800M'), [
    'DMA 40000 196608',
    'HighMem 70000 8192',
    'Movable 72000 57344',
  ]);
  assert.deepEqual(zones('kernelcore=2G'), ['DMA 40000 196608', 'HighMem 70000 65536']);
});

test('a request for high memory does not enter ZONE_MOVABLE', () => {
  const k = boot({ cmdline: 'movablecore=256M' });
  assert.ok(drain(k, GFP_KERNEL | __GFP_HIGHMEM, 10).every(pfn => pfn < 0x70000));
});

test('a block across the end of the DMA zone belongs to the zone of its first page', () => {
  const k = boot({ size: 512 * MiB, dmaEnd: PFN + 0xffff });
  const [dma, normal] = [k.pages.zone('DMA')!, k.pages.zone('Normal')!];
  assert.equal(dma.present_pages, 0xffff);
  assert.equal(normal.present_pages, 0x10001);
  assert.equal(zone_of_pfn(k, PFN + 0xffff), normal);
  assert.equal(dma.managed_pages, 0x10000, 'one more page than the zone has');
});

for (const [MEMCG, bytes] of [
  [false, 32],
  [true, 36],
] as const) {
  test(`struct page has ${bytes} bytes ${MEMCG ? 'with' : 'without'} MEMCG; the map covers whole blocks`, () => {
    const k = boot({ symbols: { MEMCG }, prepare: memblock => memblock.memblock_remove(BASE, 0x3000) });
    const map = k.pages.mem_map!;
    assert.equal(map.end - map.start, 262144 * bytes);
    assert.equal(map.end, BASE + 768 * MiB);
  });
}

test('GFP_KERNEL never enters HighMem; __GFP_HIGHMEM falls back to lowmem', () => {
  const k = boot();
  const low = drain(k, GFP_KERNEL, 10);
  assert.ok(low.length > 180 && low.every(pfn => pfn < 0x70000));
  assert.equal(low[0], PFN, 'from the bottom');
  const high = drain(k, GFP_KERNEL | __GFP_HIGHMEM, 10);
  assert.ok(high.length > 55 && high.every(pfn => pfn >= 0x70000));
  assert.equal(high[0], 0x7fc00, 'high memory from the top');
  for (const pfn of low) __free_pages(k, pfn, 10);
  const again = alloc_pages(k, GFP_KERNEL | __GFP_HIGHMEM, 10);
  assert.ok(again !== null && again < 0x70000);
});

test('GFP_DMA is served by the DMA zone only, and by Normal where there is none', () => {
  const withZone = boot({ size: 256 * MiB, dmaEnd: PFN + 0x4000 });
  const pages = drain(withZone, GFP_KERNEL | GFP_DMA, 10);
  assert.ok(pages.length > 0 && pages.every(pfn => pfn < PFN + 0x4000));
  assert.ok(alloc_pages(withZone, GFP_KERNEL, 10)! >= PFN + 0x4000);
  const without = boot({ size: 256 * MiB });
  assert.ok(drain(without, GFP_KERNEL | GFP_DMA, 10).some(pfn => pfn >= PFN + 0x4000));
});

test('lowmem is kept back from requests that HighMem could have served, and a reserve from all but atomic ones', () => {
  const k = boot();
  const normal = k.pages.zone('Normal')!;
  drain(k, GFP_KERNEL | __GFP_HIGHMEM, 0);
  const afterHigh = normal.free_pages;
  drain(k, GFP_KERNEL, 0);
  const afterKernel = normal.free_pages;
  // Of an order that CPUs do not keep: a CPU's lists are filled without regard to watermarks.
  drain(k, GFP_ATOMIC, 4);
  const afterAtomic = normal.free_pages - 15;
  // 65536 highmem pages / 32; min_free_kbytes = sqrt(16 * lowmem KiB).
  const min = Math.floor(Math.floor(Math.sqrt(16 * 4 * normal.managed_pages)) / 4);
  assert.equal(afterHigh, min + 2048);
  assert.equal(afterKernel, min);
  const half = min - Math.floor(min / 2);
  const keep = half - Math.floor(half / 4);
  assert.ok(afterAtomic <= keep && afterAtomic > keep - 16, `${afterAtomic} ${keep}`);
  drain(k, GFP_ATOMIC, 0);
  assert.ok(normal.free_pages < keep - normal.pcp.batch, 'the last batch went far below');
});

test('a block of more than MAX_PAGE_ORDER is refused with one warning, or silently', () => {
  const k = boot();
  assert.equal(alloc_pages(k, GFP_KERNEL | __GFP_NOWARN, 11), null);
  assert.deepEqual(texts(k), []);
  assert.equal(alloc_pages(k, GFP_KERNEL, 11), null);
  assert.equal(alloc_pages(k, GFP_KERNEL, 11), null);
  assert.deepEqual(texts(k), ['order > MAX_PAGE_ORDER (order 11, 10 at most)']);
  const large = boot({ version: '6.1', symbols: { ARCH_FORCE_MAX_ORDER: 12 } });
  assert.notEqual(alloc_pages(large, GFP_KERNEL, 11), null, 'exclusive in 6.1');
  assert.equal(alloc_pages(large, GFP_KERNEL, 12), null);
});

test('running out is reported unless __GFP_NOWARN', () => {
  const k = boot({ size: 64 * MiB });
  drain(k, GFP_KERNEL, 8);
  assert.deepEqual(texts(k), []);
  assert.equal(alloc_pages(k, GFP_KERNEL, 8), null);
  assert.deepEqual(texts(k), ['page allocation failure: order:8, mode:0xcc0']);
});

test('the tail of a split block goes back page by page', () => {
  const k = boot({ size: 64 * MiB });
  const before = k.pages.zone('Normal')!.blockCounts();
  const pfn = alloc_pages(k, GFP_KERNEL, 3)!;
  split_page(k, pfn, 3);
  for (let page = 5; page < 8; page++) __free_pages(k, pfn + page, 0);
  assert.equal(alloc_pages(k, GFP_KERNEL, 0), pfn + 7, 'freed last');
  __free_pages(k, pfn + 7, 0);
  drain_all_pages(k, null);
  assert.equal(alloc_pages(k, GFP_KERNEL, 1), pfn + 6, 'two of them have merged');
  __free_pages(k, pfn + 6, 1);
  for (let page = 0; page < 5; page++) __free_pages(k, pfn + page, 0);
  drain_all_pages(k, null);
  assert.deepEqual(k.pages.zone('Normal')!.blockCounts(), before);
});

test('pages that are free already or never were handed over are reported, not freed', () => {
  const k = boot({ size: 64 * MiB, prepare: memblock => memblock.memblock_reserve(BASE, MiB) });
  const free = k.pages.free_pages;
  const pfn = alloc_pages(k, GFP_KERNEL, 2)!;
  __free_pages(k, pfn, 2);
  __free_pages(k, pfn, 2);
  __free_pages(k, pfn + 1, 0);
  __free_pages(k, PFN, 0);
  assert.deepEqual(texts(k), [
    `BUG: Bad page state in process swapper  pfn:${pfn.toString(16)}`,
    `BUG: Bad page state in process swapper  pfn:${(pfn + 1).toString(16)}`,
    'BUG: Bad page state in process swapper  pfn:40000',
  ]);
  assert.equal(k.pages.free_pages, free);
  free_reserved_pages(k, PFN, PFN + 256);
  assert.equal(k.pages.free_pages, free + 256);
});

test('contiguous areas count as free but unmovable requests get none of them', () => {
  const k = boot({ size: 64 * MiB, prepare: memblock => memblock.memblock_reserve(BASE + 8 * MiB, 8 * MiB) });
  const normal = k.pages.zone('Normal')!;
  const before = { ...normal };
  for (const block of [0, 1]) init_cma_reserved_pageblock(k, PFN + 2048 + block * 1024);
  assert.equal(normal.managed_pages, before.managed_pages + 2048);
  assert.equal(normal.free_pages, before.free_pages + 2048);
  assert.equal(normal.cma_pages, 2048);
  const taken = drain(k, GFP_KERNEL, 0);
  assert.ok(taken.every(pfn => pfn < PFN + 2048 || pfn >= PFN + 4096));
  assert.equal(alloc_contig_range(k, PFN + 2048, PFN + 2058), 0);
  assert.equal(normal.free_cma_pages, 2038);
  free_contig_range(k, PFN + 2048, 10);
  assert.deepEqual([normal.free_cma_pages, normal.pcp.cma_count], [2038, 10], 'first to the lists of a CPU');
  assert.equal(alloc_contig_range(k, PFN + 4090, PFN + 4096), 0);
  assert.deepEqual([normal.free_cma_pages, normal.pcp.count], [2042, 0], 'which are drained for the area');
  free_contig_range(k, PFN + 4090, 6);
  for (const pfn of taken) __free_pages(k, pfn, 0);
  assert.equal(k.pages.free_pages, before.free_pages, 'nothing merged into the area');
});

test('pages are zeroed when asked for, or always with INIT_ON_ALLOC_DEFAULT_ON', () => {
  for (const always of [false, true]) {
    const k = boot({ size: 64 * MiB, symbols: { INIT_ON_ALLOC_DEFAULT_ON: always } });
    k.machine.ram.fill(BASE, 64 * MiB, 0x5a);
    const plain = alloc_pages(k, GFP_KERNEL, 1)!;
    assert.ok(k.machine.ram.isFilledWith(plain * 4096, 8192, always ? 0 : 0x5a));
    const zeroed = alloc_pages(k, GFP_KERNEL | __GFP_ZERO, 1)!;
    assert.ok(k.machine.ram.isFilledWith(zeroed * 4096, 8192, 0));
  }
});

test('the command line has the last word on zeroing, when pages come and when they go', () => {
  for (const [cmdline, symbols, onAlloc, onFree] of [
    ['init_on_alloc=1 init_on_free=on', {}, true, true],
    ['init_on_alloc=0 init_on_free=perhaps', { INIT_ON_ALLOC_DEFAULT_ON: true }, false, false],
    ['init_on_free=off', { INIT_ON_FREE_DEFAULT_ON: true }, false, false],
    ['', { INIT_ON_FREE_DEFAULT_ON: true }, false, true],
  ] as const) {
    const k = boot({ size: 64 * MiB, cmdline, symbols });
    const { ram } = k.machine;
    ram.fill(BASE, 64 * MiB, 0x5a);
    const pfn = alloc_pages(k, GFP_KERNEL, 1)!;
    assert.ok(ram.isFilledWith(pfn * 4096, 8192, onAlloc ? 0 : 0x5a), cmdline);
    ram.fill(pfn * 4096, 8192, 0x11);
    __free_pages(k, pfn, 1);
    assert.ok(ram.isFilledWith(pfn * 4096, 8192, onFree ? 0 : 0x11), cmdline);
  }
});

test('with INIT_ON_ALLOC_DEFAULT_ON the pages of contiguous areas are zeroed as well', () => {
  for (const always of [false, true]) {
    const k = boot({
      size: 64 * MiB,
      symbols: { INIT_ON_ALLOC_DEFAULT_ON: always },
      prepare: memblock => memblock.memblock_reserve(BASE + 8 * MiB, 4 * MiB),
    });
    init_cma_reserved_pageblock(k, PFN + 2048);
    k.machine.ram.fill(BASE, 64 * MiB, 0x5a);
    alloc_contig_range(k, PFN + 2049, PFN + 2051);
    assert.ok(k.machine.ram.isFilledWith((PFN + 2049) * 4096, 8192, always ? 0 : 0x5a));
    assert.ok(k.machine.ram.isFilledWith((PFN + 2048) * 4096, 4096, 0x5a));
  }
});

test('high memory keeps a small reserve of its own', () => {
  const k = boot();
  const high = k.pages.zone('HighMem')!;
  drain(k, GFP_KERNEL | __GFP_HIGHMEM, 0);
  assert.equal(high.free_pages, 65536 / 1024);
});

test('behind the end of memory are no reserved pages, though the map goes on', () => {
  const k = boot({ size: 255 * MiB, prepare: memblock => memblock.memblock_reserve(BASE + 254 * MiB, MiB) });
  const end = PFN + 255 * 256;
  assert.equal(areReservedPages(k, end - 256, end), true);
  assert.equal(areReservedPages(k, end - 1, end + 1), false);
  assert.equal(areReservedPages(k, end, end + 1), false);
});
