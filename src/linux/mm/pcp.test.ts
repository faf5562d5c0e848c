// SPDX-License-Identifier: GPL-2.0-only
/** The lists that a CPU keeps of a zone: order, limits, and that no page is lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KernelConfig, type KernelVersion } from '../config.js';
import { GFP_ATOMIC, GFP_KERNEL } from '../include/linux/gfp.js';
import type { Kernel } from '../kernel.js';
import { NO_IMAGE } from '../kernel-image-fixture.js';
import { Zone } from './buddy.js';
import { __free_pages, alloc_pages, drain_all_pages, PageAllocator } from './page_alloc.js';
import { MIGRATE_CMA, MIGRATE_UNMOVABLE, PageMap } from './page-map.js';
import { drain_pages_zone, free_unref_page, rmqueue_pcplist } from './pcp.js';
import { setup_per_cpu_pageset } from './pcp-limits.js';
import { rules } from './pcp-rules.js';
import { init_per_zone_wmark_min } from './watermarks.js';

const START = 0x40000;
const KERNELS: readonly KernelVersion[] = ['6.12', '6.1'];

interface Options {
  readonly version?: KernelVersion;
  readonly cpus?: number;
  readonly symbols?: Readonly<Record<string, boolean | number>>;
}

/** One zone of lowmem, all of it free. Before the limits are set the lists hold nothing. */
function bare(pages: number, options: Options = {}): Kernel {
  const { version = '6.12', cpus = 2, symbols = {} } = options;
  const map = new PageMap(START, START + pages, 10, symbols['TRANSPARENT_HUGEPAGE'] ? 9 : 10);
  map.clearReserved(START, START + pages);
  const zone = new Zone('Normal', 0, START, pages, pages, map);
  for (let pfn = START; pfn < START + pages; pfn += 1024) zone.freeBlock(pfn, 10, true);
  zone.managed_pages = pages;
  const k = {
    config: new KernelConfig({
      name: 'test',
      version,
      symbols: new Map(Object.entries(symbols)),
      cmdline: '',
      image: NO_IMAGE,
    }),
    cmdline: { maxcpus: undefined },
    cpu: { num_possible_cpus: cpus },
    machine: {},
    log: { pr_warn() {}, pr_err() {} },
    pages: new PageAllocator(),
  } as unknown as Kernel;
  k.pages.zones = [zone];
  k.pages.map = map;
  return k;
}

function boot(pages: number, options: Options = {}): { k: Kernel; zone: Zone } {
  const k = bare(pages, options);
  setup_per_cpu_pageset(k);
  init_per_zone_wmark_min(k);
  return { k, zone: k.pages.zones[0]! };
}

test('limits of 256 MiB and 1 GiB on two CPUs', () => {
  // min_free_kbytes = sqrt(16 * lowmem KiB): 2048 and 4096. The low watermark is a quarter more, or a thousandth of
  // the zone; each CPU gets half of it.
  for (const [pages, batch, low, eighth] of [
    [65536, 15, 640, 8192],
    [262144, 63, 1024 + 262, 32768],
  ] as const) {
    const { pcp, watermark } = boot(pages).zone;
    assert.deepEqual([pcp.batch, watermark.low], [batch, low]);
    assert.deepEqual([pcp.high_min, pcp.high_max], [low / 2, eighth / 2]);
    const old = boot(pages, { version: '6.1' }).zone.pcp;
    assert.deepEqual([old.batch, old.high, old.high_max], [batch, low / 2, low / 2]);
  }
  const many = boot(262144, { cpus: 16 }).zone.pcp;
  assert.deepEqual([many.high_min, many.high_max], [63 * 4, 2048], 'four batches at least');
});

test('before the limits are known nothing stays on the lists', () => {
  for (const k of [bare(4096), bare(4096, { version: '6.1' })]) {
    const pfn = alloc_pages(k, GFP_KERNEL, 0)!;
    assert.equal(k.pages.zones[0]!.pcp.count, 0);
    __free_pages(k, pfn, 0);
    assert.equal(k.pages.zones[0]!.pcp.count, 0);
    assert.equal(k.pages.zones[0]!.blockCounts()[10], 4);
  }
});

test('what was freed last is handed out first, each order by itself', () => {
  for (const version of KERNELS) {
    const { k } = boot(65536, { version });
    for (const order of [0, 1, 2, 3]) {
      const taken = Array.from({ length: 6 }, () => alloc_pages(k, GFP_KERNEL, order)!);
      assert.deepEqual(
        taken,
        taken.toSorted((a, b) => a - b),
        'a fresh batch is in the order of addresses',
      );
      __free_pages(k, taken[4]!, order);
      __free_pages(k, taken[1]!, order);
      assert.equal(alloc_pages(k, GFP_KERNEL, order), taken[1]);
      assert.equal(alloc_pages(k, GFP_KERNEL, order), taken[4]);
    }
    const four = alloc_pages(k, GFP_KERNEL, 4)!;
    const { count } = k.pages.zones[0]!.pcp;
    __free_pages(k, four, 4);
    assert.equal(k.pages.zones[0]!.pcp.count, count, 'order 4 is not kept');
  }
});

test('lists of 6.1 are filled by a batch, those of 6.12 by twice as much each time', () => {
  const filled = (version: KernelVersion): number[] => {
    const { zone } = boot(65536, { version });
    return Array.from({ length: 4 }, () => {
      const before = zone.free_pages;
      while (rmqueue_pcplist(zone, 0, MIGRATE_UNMOVABLE) !== null && zone.pcp.count > 0);
      return before - zone.free_pages;
    });
  };
  assert.deepEqual(filled('6.1'), [15, 15, 15, 15]);
  assert.deepEqual(filled('6.12'), [15, 30, 60, 120]);
  const { zone } = boot(65536);
  rmqueue_pcplist(zone, 3, MIGRATE_UNMOVABLE);
  assert.equal(zone.pcp.count, 8, 'two blocks of order 3, where a batch is less');
});

test('6.1: a list that reached its limit gives a batch back, then twice as much', () => {
  const { k, zone } = boot(65536, { version: '6.1' });
  const taken = Array.from({ length: 1000 }, () => alloc_pages(k, GFP_KERNEL, 0)!);
  drain_all_pages(k, null);
  const given: number[] = [];
  for (const pfn of taken) {
    const before = zone.free_pages;
    __free_pages(k, pfn, 0);
    assert.ok(zone.pcp.count < 320);
    if (zone.free_pages > before) given.push(zone.free_pages - before);
  }
  // 480 would leave less than a batch of the 320.
  assert.deepEqual(given, [15, 30, 60, 120, 240, 305]);
});

test('6.12: the limit follows what is freed in a row, an eighth of the zone at most', () => {
  const { k, zone } = boot(65536);
  const taken = Array.from({ length: 3000 }, () => alloc_pages(k, GFP_KERNEL, 0)!);
  const { high } = zone.pcp;
  assert.ok(high > 320 && high <= 4096);
  for (const pfn of taken) __free_pages(k, pfn, 0);
  assert.ok(zone.pcp.count > 320, `${zone.pcp.count}`);
  assert.ok(zone.pcp.free_count >= 15 << 5);
});

test('many blocks of order 1 to 3 freed in a row are not kept', () => {
  for (const version of KERNELS) {
    const { k, zone } = boot(65536, { version });
    const single = Array.from({ length: 700 }, () => alloc_pages(k, GFP_KERNEL, 0)!);
    const blocks = Array.from({ length: 20 }, () => alloc_pages(k, GFP_KERNEL, 3)!);
    for (const pfn of single) __free_pages(k, pfn, 0);
    for (const pfn of blocks) __free_pages(k, pfn, 3);
    assert.ok(zone.pcp.count < 8 * 2, `${version}: ${zone.pcp.count}`);
  }
});

test('requests that may wait get what the lists hold, atomic ones do not', () => {
  const { k, zone } = boot(4096);
  const taken: number[] = [];
  for (let pfn = alloc_pages(k, GFP_KERNEL, 0); pfn !== null; pfn = alloc_pages(k, GFP_KERNEL, 0))
    taken.push(pfn);
  zone.pcp.high_min = 2000;
  zone.pcp.high_max = 2000;
  for (const pfn of taken.filter(pfn => pfn < taken[0]! + 1024)) __free_pages(k, pfn, 0);
  assert.ok(zone.pcp.count > 500);
  assert.equal(alloc_pages(k, GFP_ATOMIC, 7), null);
  assert.notEqual(alloc_pages(k, GFP_KERNEL, 7), null);
  assert.equal(zone.pcp.count, 0);
});

test('huge pages have lists of their own', () => {
  const { k, zone } = boot(65536, { symbols: { TRANSPARENT_HUGEPAGE: true } });
  const pfn = alloc_pages(k, GFP_KERNEL, 9)!;
  __free_pages(k, pfn, 9);
  assert.ok(zone.pcp.count >= 512);
  assert.equal(alloc_pages(k, GFP_KERNEL, 9), pfn);
  assert.equal(boot(65536).zone.pcp.allows(9), false);
});

test('no page is lost or given twice, whatever the limits', () => {
  const operation = fc.record({
    op: fc.constantFrom('take', 'take', 'free', 'free', 'drain'),
    order: fc.nat(3),
    pick: fc.nat(),
    belowHigh: fc.boolean(),
  });
  const limits = fc.record({
    version: fc.constantFrom(...KERNELS),
    batch: fc.integer({ min: 1, max: 15 }),
    low: fc.nat(60),
    high: fc.nat(200),
  });
  fc.assert(
    fc.property(limits, fc.array(operation, { maxLength: 300, size: 'max' }), (limit, operations) => {
      const zone = bare(2048).pages.zones[0]!;
      const { map, pcp } = zone;
      // The upper half is a contiguous area, of which pages come back.
      map.blockType[1] = MIGRATE_CMA;
      pcp.rules = rules[limit.version];
      Object.assign(pcp, { batch: limit.batch, high: limit.high, high_min: limit.low, high_max: limit.high });
      const inUse = new Map<number, number>();
      let pages = 0;
      for (const { op, order, pick, belowHigh } of operations) {
        zone.belowHigh = belowHigh;
        if (op === 'take') {
          const pfn = rmqueue_pcplist(zone, order, MIGRATE_UNMOVABLE);
          if (pfn === null) continue;
          assert.equal(pfn % 2 ** order, 0);
          for (const [other, size] of inUse) assert.ok(pfn >= other + 2 ** size || other >= pfn + 2 ** order);
          assert.equal(map.isFree(pfn), false);
          inUse.set(pfn, order);
          pages += 2 ** order;
        } else if (op === 'free' && inUse.size > 0) {
          const [pfn, size] = [...inUse][pick % inUse.size]!;
          inUse.delete(pfn);
          free_unref_page(zone, pfn, size);
          assert.equal(map.isFree(pfn), true);
          pages -= 2 ** size;
        } else if (op === 'drain') drain_pages_zone(zone);
        assert.equal(zone.free_pages + pcp.count + pages, 2048);
      }
      drain_pages_zone(zone);
      assert.equal(pcp.count, 0);
      assert.equal(zone.free_pages + pages, 2048);
      for (const [pfn, size] of inUse) zone.freeBlock(pfn, size, false);
      assert.equal(zone.blockCounts()[10], 2, 'all merged again');
    }),
    { numRuns: 100 },
  );
});
