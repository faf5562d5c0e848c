// SPDX-License-Identifier: GPL-2.0-only
/** The zones of every recorded boot, from the memory and the limits that the kernel had there. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sharedPath, skipWithout } from '../../../tests/support/shared.js';
import { MiB } from '../../base/address.js';
import { bootedWithoutPaging, discovered } from '../arch/arm/kernel/discovery-fixture.js';
import { bootmem_init } from '../arch/arm/kernel/setup.js';
import { KernelConfig } from '../config.js';
import type { Kernel } from '../kernel.js';
import { NO_IMAGE } from '../kernel-image-fixture.js';
import { Cmdline } from '../lib/cmdline.js';
import { Printk } from '../printk.js';
import type { ZoneName } from './buddy.js';
import { Memblock } from './memblock.js';
import { free_area_init } from './mm_init.js';
import { PageAllocator } from './page_alloc.js';

interface Facts {
  readonly version: string;
  readonly cmdline: string;
  readonly kernel: string;
  readonly memblock_memory: readonly { readonly start: string; readonly end: string }[];
  readonly zones: readonly {
    readonly name: ZoneName;
    readonly start: string | null;
    readonly spanned_pages: number;
    readonly present_pages: number;
  }[];
  readonly vars: Readonly<Record<string, string>>;
}

/** Zones that the kernel's Kconfig selects, with their ends as zone_sizes_init() sets them. */
function zoneEnds(facts: Facts): { name: ZoneName; end_pfn: number }[] {
  const maxLow = Number(facts.vars['max_low_pfn']);
  const ends: Record<ZoneName, number> = {
    DMA: Math.min(Number(facts.vars['arm_dma_pfn_limit'] ?? 0xfffff), maxLow),
    Normal: maxLow,
    HighMem: Number(facts.vars['max_pfn']),
    Movable: 0,
  };
  return facts.zones
    .filter(({ name }) => name !== 'Movable')
    .map(({ name }) => ({ name, end_pfn: ends[name] }));
}

/** Start, spanned and present pages of each zone. */
function zonesOf(facts: Facts): string[] {
  const lpae = facts.kernel.includes('lpae');
  const symbols = new Map([['ARM_LPAE', lpae]]);
  const memblock = new Memblock(lpae);
  for (const { start, end } of facts.memblock_memory) {
    memblock.memblock_add(Number(start), Number(end) + 1 - Number(start));
  }
  const version = facts.version.includes('6.12') ? '6.12' : '6.1';
  const k = {
    config: new KernelConfig({ name: 'test', version, symbols, cmdline: facts.cmdline, image: NO_IMAGE }),
    cmdline: new Cmdline(facts.cmdline),
    memblock,
    log: new Printk(),
    pages: new PageAllocator(),
  } as unknown as Kernel;
  free_area_init(k, zoneEnds(facts));
  return k.pages.zones.map(
    zone => `${zone.name} ${zone.zone_start_pfn * 4096} ${zone.spanned_pages} ${zone.present_pages}`,
  );
}

test('zones of recorded boots', { skip: skipWithout('truth/boot') }, async t => {
  const folder = sharedPath('truth/boot')!;
  for (const name of readdirSync(folder)) {
    await t.test(name, () => {
      const facts = JSON.parse(readFileSync(join(folder, name, 'facts.json'), 'utf8')) as Facts;
      const expected = facts.zones.map(
        zone => `${zone.name} ${Number(zone.start ?? 0)} ${zone.spanned_pages} ${zone.present_pages}`,
      );
      assert.deepEqual(zonesOf(facts), expected);
    });
  }
});

test('a share of more memory than 32 bits multiply is too small', () => {
  const highmem = (memoryMiB: number, cmdline: string): number => {
    const k = discovered({ memory: [[0x40000000, memoryMiB * MiB]], cmdline, symbols: { HIGHMEM: true } });
    k.memblock.memblock_set_current_limit(k.memory.arm_lowmem_limit);
    bootmem_init(k);
    return k.pages.zone('HighMem')!.spanned_pages;
  };
  // 60% of 2 GiB are more than lowmem, and highmem is what is left of them.
  assert.ok(highmem(2048, 'kernelcore=60%') > 0);
  // Of 3 GiB they come out as 42362 pages, less than lowmem: all of highmem is movable.
  assert.equal(highmem(3072, 'kernelcore=60%'), 0);
  assert.ok(highmem(3072, 'kernelcore=1843M') > 0);
});

test('an order that cannot be built is refused', () => {
  const boot = (
    order: number,
    more: Readonly<Record<string, boolean>> = {},
    version: '6.1' | '6.12' = '6.12',
  ) => bootedWithoutPaging({ version, symbols: { ARCH_FORCE_MAX_ORDER: order, ...more } });
  boot(19);
  assert.throws(() => boot(20), /test: error \(max-order\): .* is 20; 0 to 19 can be built/);
  boot(20, {}, '6.1');
  assert.throws(() => boot(0, {}, '6.1'), /max-order.* is -1;/);
  boot(16, { SPARSEMEM: true });
  assert.throws(() => boot(17, { SPARSEMEM: true }), /max-order.* is 17; 0 to 16 can be built/);
});
