// SPDX-License-Identifier: GPL-2.0-only
/** Contiguous areas: where they are placed, and the allocator against a list of pages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GiB, MiB } from '../../base/address.js';
import {
  bootedWithoutPaging,
  type DiscoveryOptions,
  discovered,
  logText,
} from '../arch/arm/kernel/discovery-fixture.js';
import { EBUSY, EINVAL } from '../include/linux/errno.js';
import { cma_alloc, cma_declare_contiguous, cma_release, cma_used_pages } from './cma.js';

const NO_DEFAULT = { CMA_SIZE_MBYTES: 0 };
const LPAE = { ARM_LPAE: true, ARM_PATCH_PHYS_VIRT: true, HUGETLB_PAGE: true };

test('blocks are the first that fit, aligned by physical page number, and come back', () => {
  // The area starts 8 MiB above a 16 MiB boundary: alignment counts from physical 0, not from the area.
  const operation = fc.record({
    free: fc.boolean(),
    count: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 1100 })),
    order: fc.nat(11),
    pick: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), operations => {
      const k = bootedWithoutPaging({ cmdline: 'cma=8M@0x49800000' });
      const area = k.cma.dma_contiguous_default_area!;
      const used = new Array<boolean>(area.count).fill(false);
      const live: { pfn: number; count: number }[] = [];
      for (const { free, count, order, pick } of operations) {
        if (free && live.length > 0) {
          const [block] = live.splice(pick % live.length, 1);
          assert.equal(cma_release(k, area, block!.pfn, block!.count), true);
          used.fill(false, block!.pfn - area.base_pfn, block!.pfn - area.base_pfn + block!.count);
          continue;
        }
        let want: number | null = null;
        for (let first = 0; first + count <= used.length && want === null; first++) {
          if ((area.base_pfn + first) % 2 ** order !== 0) continue;
          if (!used.slice(first, first + count).includes(true)) want = area.base_pfn + first;
        }
        const got = cma_alloc(k, area, count, order, true);
        assert.equal(got, want);
        if (got === null) continue;
        used.fill(true, got - area.base_pfn, got - area.base_pfn + count);
        live.push({ pfn: got, count });
      }
      assert.equal(cma_used_pages(area), used.filter(Boolean).length);
    }),
    { numRuns: 60 },
  );
});

test('256 MiB without highmem: the area takes the top of memory', () => {
  const k = discovered();
  assert.deepEqual(
    k.cma.areas.map(({ base, size, name }) => ({ base, size, name })),
    [{ base: 0x4f000000, size: 16 * MiB, name: 'reserved' }],
  );
  assert.match(logText(k), /cma: Reserved 16 MiB at 0x4f000000 on node -1/);
  assert.deepEqual(k.cma.early, [{ base: 0x4f000000, size: 16 * MiB }]);
});

test('1 GiB: the area goes to highmem', () => {
  const k = discovered({ memory: [[0x40000000, GiB]], version: '6.1' });
  assert.equal(k.cma.areas[0]?.base, 0x7f000000);
  assert.match(logText(k), /cma: Reserved 16 MiB at 0x7f000000$/m);
});

test('LPAE with memory above 4 GiB: 6.12 uses highmem below 4 GiB, 6.1 lowmem, losing a block', () => {
  const options = { memory: [[0x40000000, 4 * GiB]] as const, symbols: LPAE };
  const recent = discovered({ ...options, version: '6.12' });
  assert.equal(recent.cma.areas[0]?.base, 0xfee00000);
  const old = discovered({ ...options, version: '6.1' });
  const area = old.cma.areas[0]!;
  assert.ok(area.base + area.size <= old.memory.arm_lowmem_limit);
  assert.ok(old.memblock.memblock_is_reserved(0xfee00000));
});

test('a size is rounded up to page blocks', () => {
  assert.equal(discovered({ cmdline: 'cma=10M' }).cma.areas[0]?.size, 12 * MiB);
  const bigBlocks = { ARCH_FORCE_MAX_ORDER: 12 };
  assert.equal(
    discovered({ cmdline: 'cma=10M', version: '6.1', symbols: bigBlocks }).cma.areas[0]?.size,
    16 * MiB,
  );
  assert.equal(discovered({ cmdline: 'cma=1M', symbols: { ...LPAE } }).cma.areas[0]?.size, 2 * MiB);
});

test('a fixed area is there or nowhere', () => {
  assert.equal(discovered({ cmdline: 'cma=16M@0x49000000' }).cma.areas[0]?.base, 0x49000000);
  const k = discovered({ symbols: NO_DEFAULT, memory: [[0x40000000, GiB]] });
  const declare = (base: number, size: number) => cma_declare_contiguous(k, base, size, 0, 0, 0, true, 'x');
  assert.equal(declare(0x50100000, 16 * MiB), -EINVAL);
  assert.equal(declare(0x6f800000, 16 * MiB), -EINVAL);
  k.memblock.memblock_reserve(0x50800000, 4096);
  assert.equal(declare(0x50000000, 16 * MiB), -EBUSY);
  const log = logText(k);
  assert.match(log, /Region at 0x50100000 must be aligned to 0x00400000 bytes/);
  assert.match(log, /Region at 0x6f800000 defined on low\/high memory boundary \(0x70000000\)/);
  assert.match(log, /cma: Failed to reserve 16 MiB on node -1/);
});

test('an area across two zones cannot be used and becomes ordinary memory', () => {
  const k = bootedWithoutPaging({
    memory: [[0x40000000, GiB]],
    symbols: NO_DEFAULT,
    dts: `reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
      pool@6f800000 { compatible = "shared-dma-pool"; reusable; reg = <0 0x6f800000 0 0x1000000>; }; };`,
  });
  assert.equal(k.cma.areas[0]?.count, 0);
  assert.match(logText(k), /cma: CMA area pool@6f800000 could not be activated/);
  assert.equal(cma_alloc(k, k.cma.areas[0]!, 1, 0, true), null);
});

test('an area that leaves memory, holds the kernel or shares pages is refused', () => {
  const pool = (base: string, size: string, name = 'pool') =>
    `${name}@${base} { compatible = "shared-dma-pool"; reusable; reg = <0 0x${base} 0 0x${size}>; };`;
  const boot = (children: string, more: DiscoveryOptions = {}) =>
    bootedWithoutPaging({
      memory: [[0x40000000, 400 * MiB]],
      dts: `reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; ${children} };`,
      symbols: NO_DEFAULT,
      ...more,
    });
  // 400 MiB end at 0x59000000.
  for (const version of ['6.12', '6.1'] as const) {
    assert.equal(boot(pool('58800000', '800000'), { version }).cma.areas.at(-1)?.count, 2048);
    for (const [base, size] of [
      ['58800000', 'c00000'],
      ['59000000', '800000'],
      ['80000000', '800000'],
    ] as const) {
      assert.throws(
        () => boot(pool(base, size), { version }),
        /\(area-not-memory\): \/reserved-memory\/pool@\w+: .*\(memory: 0x40000000-0x59000000\)/,
      );
    }
    assert.throws(() => boot(pool('41400000', '800000'), { version }), /kernel-panic.*holds the kernel/);
    const two = pool('50000000', '800000', 'a') + pool('50400000', '800000', 'b');
    assert.throws(() => boot(two, { version }), /kernel-panic.*free already, or in another area/);
  }
  // A hole between two banks.
  const banks = { memory: [[0x40000000, 128 * MiB] as const, [0x50000000, 128 * MiB] as const] };
  assert.throws(() => boot(pool('47c00000', '800000'), banks), /area-not-memory/);
  assert.throws(() => boot('', { ...banks, cmdline: 'cma=8M@0x4a000000' }), /area-not-memory/);
});

test('what a full area says', () => {
  const fill = (version: '6.1' | '6.12') => {
    const k = bootedWithoutPaging({ version, cmdline: 'cma=4M' });
    const area = k.cma.dma_contiguous_default_area!;
    assert.notEqual(cma_alloc(k, area, 1000, 0, false), null);
    assert.equal(cma_alloc(k, area, 100, 0, true), null);
    assert.equal(cma_alloc(k, area, 100, 0, false), null);
    return logText(k);
  };
  assert.match(
    fill('6.12'),
    /cma: __cma_alloc: reserved: alloc failed, req-size: 100 pages, ret: -12\ncma: number of available pages: 24@1000=> 24 free of 1024 total pages$/,
  );
  assert.match(fill('6.1'), /cma: cma_alloc: reserved: alloc failed, req-size: 100 pages, ret: -12$/);
});
