// SPDX-License-Identifier: GPL-2.0-only
/** Constants seen in real kernels: mem_types[], protection_map[] and pgprot_kernel, by kind of core. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { pgprot_t } from '../include/asm/pgtable.js';
import { build_mem_type_table } from './mmu.js';
import type { MemTypeName } from './mmu-types.js';
import { type PagingOptions, pagingKernel } from './paging-fixture.js';

/** prot_pte, prot_l1, prot_sect. */
type Row = readonly [bigint, number, bigint];

function join(bits: pgprot_t): bigint {
  return (BigInt(bits.hi) << 32n) | BigInt(bits.lo);
}

interface Expected {
  readonly types: Readonly<Record<MemTypeName, Row>>;
  readonly protection: readonly bigint[];
  readonly pgprot_kernel: bigint;
  readonly pgprot_user: bigint;
  readonly policy: string;
}

function check(options: PagingOptions, expected: Expected): void {
  const k = pagingKernel(options);
  build_mem_type_table(k);
  const types = Object.fromEntries(
    Object.entries(k.mmu.mem_types).map(([name, t]) => [
      name,
      [join(t.prot_pte), t.prot_l1, join(t.prot_sect)],
    ]),
  );
  assert.deepEqual(types, expected.types);
  assert.deepEqual(k.mmu.protection_map.map(join), expected.protection);
  assert.equal(join(k.mmu.pgprot_kernel), expected.pgprot_kernel);
  assert.equal(join(k.mmu.pgprot_user), expected.pgprot_user);
  assert.ok(k.log.lines.some(line => line.text === `Memory policy: Data cache ${expected.policy}`));
}

// biome-ignore format: tables, one memory type a line
const V7_SMP: Expected['types'] = {
  MT_DEVICE: [0x653n, 0x41, 0x11452n],
  MT_DEVICE_NONSHARED: [0x273n, 0x41, 0x1452n],
  MT_DEVICE_CACHED: [0x66fn, 0x41, 0x1045en],
  MT_DEVICE_WC: [0x667n, 0x41, 0x10456n],
  MT_UNCACHED: [0x243n, 0x41, 0x52n],
  MT_CACHECLEAN: [0n, 0, 0x841en],
  MT_MINICLEAN: [0n, 0, 0x941an],
  MT_LOW_VECTORS: [0x4dfn, 0x61, 0n],
  MT_HIGH_VECTORS: [0x5dfn, 0x61, 0n],
  MT_MEMORY_RWX: [0x45fn, 1, 0x1140en],
  MT_MEMORY_RW: [0x65fn, 1, 0x1141en],
  MT_MEMORY_RO: [0x6dfn, 1, 0x1941en],
  MT_ROM: [0n, 0, 0x940en],
  MT_MEMORY_RWX_NONCACHED: [0x447n, 1, 0x10406n],
  MT_MEMORY_RW_DTCM: [0x243n, 1, 0x12n],
  MT_MEMORY_RWX_ITCM: [0x43n, 1, 0n],
  MT_MEMORY_RW_SO: [0x243n, 1, 0x10412n],
  MT_MEMORY_DMA_READY: [0x65fn, 1, 0n],
};

// biome-ignore format: as above
const V7_UP: Expected['types'] = {
  ...V7_SMP,
  MT_DEVICE_CACHED: [0x26fn, 0x41, 0x45en],
  MT_DEVICE_WC: [0x267n, 0x41, 0x456n],
  MT_LOW_VECTORS: [0xcfn, 0x61, 0n],
  MT_HIGH_VECTORS: [0x1cfn, 0x61, 0n],
  MT_MEMORY_RWX: [0x4fn, 1, 0x40en],
  MT_MEMORY_RW: [0x24fn, 1, 0x41en],
  MT_MEMORY_RO: [0x2cfn, 1, 0x841en],
  MT_ROM: [0n, 0, 0x840en],
  MT_MEMORY_RWX_NONCACHED: [0x47n, 1, 0x406n],
  MT_MEMORY_DMA_READY: [0x24fn, 1, 0n],
};

/** An ARM1176 with an extended CPU ID, which makes cpu_architecture() ARMv7. */
const V6: Expected['types'] = {
  ...V7_UP,
  MT_DEVICE: [0x653n, 0x41, 0x10456n],
  MT_DEVICE_NONSHARED: [0x273n, 0x41, 0x2452n],
  MT_DEVICE_WC: [0x267n, 0x41, 0x1452n],
  MT_MEMORY_RWX_NONCACHED: [0x47n, 1, 0x1402n],
};

// biome-ignore format: as above
const V5: Expected['types'] = {
  MT_DEVICE: [0x653n, 0x51, 0x452n],
  MT_DEVICE_NONSHARED: [0x273n, 0x51, 0x452n],
  MT_DEVICE_CACHED: [0x26fn, 0x51, 0x45en],
  MT_DEVICE_WC: [0x267n, 0x51, 0x456n],
  MT_UNCACHED: [0x243n, 0x51, 0x52n],
  MT_CACHECLEAN: [0n, 0, 0x1en],
  MT_MINICLEAN: [0n, 0, 0x101an],
  MT_LOW_VECTORS: [0xcfn, 0x71, 0n],
  MT_HIGH_VECTORS: [0x1cfn, 0x71, 0n],
  MT_MEMORY_RWX: [0x4fn, 0x11, 0x41en],
  MT_MEMORY_RW: [0x24fn, 0x11, 0x41en],
  MT_MEMORY_RO: [0x2cfn, 0x11, 0x1en],
  MT_ROM: [0n, 0, 0x1en],
  MT_MEMORY_RWX_NONCACHED: [0x47n, 0x11, 0x416n],
  MT_MEMORY_RW_DTCM: [0x243n, 0x11, 0x12n],
  MT_MEMORY_RWX_ITCM: [0x43n, 0x11, 0n],
  MT_MEMORY_RW_SO: [0x243n, 0x11, 0x412n],
  MT_MEMORY_DMA_READY: [0x24fn, 0x11, 0n],
};

// biome-ignore format: as above
const LPAE: Expected['types'] = {
  MT_DEVICE: [0xc0000000000713n, 3, 0x40000000000701n],
  MT_DEVICE_NONSHARED: [0xc0000000000413n, 3, 0x40000000000401n],
  MT_DEVICE_CACHED: [0xc000000000070fn, 3, 0x4000000000070dn],
  MT_DEVICE_WC: [0xc0000000000707n, 3, 0x40000000000705n],
  MT_UNCACHED: [0xc0000000000403n, 3, 0x40000000000401n],
  MT_CACHECLEAN: [0x400n, 0, 0x4000000000040dn],
  MT_MINICLEAN: [0x400n, 0, 0n],
  MT_LOW_VECTORS: [0x48000000000071fn, 3, 0n],
  MT_HIGH_VECTORS: [0x48000000000075fn, 3, 0n],
  MT_MEMORY_RWX: [0x8000000000071fn, 3, 0x71dn],
  MT_MEMORY_RW: [0xc000000000071fn, 3, 0x4000000000071dn],
  MT_MEMORY_RO: [0x4c000000000071fn, 3, 0x44000000000079dn],
  MT_ROM: [0x400n, 0, 0x41dn],
  MT_MEMORY_RWX_NONCACHED: [0x80000000000707n, 3, 0x705n],
  MT_MEMORY_RW_DTCM: [0xc0000000000403n, 3, 0x40000000000401n],
  MT_MEMORY_RWX_ITCM: [0x80000000000403n, 3, 0n],
  MT_MEMORY_RW_SO: [0xc0000000000403n, 3, 0x40000000000701n],
  MT_MEMORY_DMA_READY: [0xc000000000071fn, 3, 0n],
};

/** none, three kinds of private data, private code, none, read, shared data, shared read code, shared code. */
function protections(none: bigint, ro: bigint, rox: bigint, rw: bigint, rwx: bigint): bigint[] {
  return [none, ro, ro, ro, rox, rox, rox, rox, none, ro, rw, rw, rox, rox, rwx, rwx];
}

const UP_PROTECTION = protections(0xa8fn, 0x38fn, 0x18fn, 0x30fn, 0x10fn);

test('ARMv7, several cores: write-allocate and shareable', () => {
  const protection = protections(0xe9fn, 0x79fn, 0x59fn, 0x71fn, 0x51fn);
  const rest = { protection, pgprot_kernel: 0x45fn, pgprot_user: 0x41fn, policy: 'writealloc' };
  check({ core: 'Cortex-A15' }, { types: V7_SMP, ...rest });
  check({ core: 'Cortex-A9', cores: 4 }, { types: V7_SMP, ...rest });
});

test('ARMv7, one core: write-back, not shareable', () => {
  const rest = {
    protection: UP_PROTECTION,
    pgprot_kernel: 0x4fn,
    pgprot_user: 0xfn,
    policy: 'writeback',
  };
  check({ core: 'Cortex-A8', cores: 1 }, { types: V7_UP, ...rest });
  check({ core: 'Cortex-A9', cores: 1 }, { types: V7_UP, ...rest });
});

test('ARMv6 without TEX remap', () => {
  check(
    { core: 'ARM1176JZF-S', cores: 1 },
    {
      types: V6,
      protection: UP_PROTECTION,
      pgprot_kernel: 0x4fn,
      pgprot_user: 0xfn,
      policy: 'writeback',
    },
  );
});

test('ARM1136, which calls itself ARMv6, maps its vectors with a type of their own', () => {
  const k = pagingKernel({ core: 'ARM1136JF-S', cores: 1 });
  build_mem_type_table(k);
  assert.equal(k.mmu.mem_types.MT_HIGH_VECTORS.prot_pte.lo, 0x1ff);
  assert.equal(k.mmu.mem_types.MT_MEMORY_RW.prot_pte.lo, 0x24f);
});

test('ARMv5: bit 4 is set everywhere', () => {
  check(
    { core: 'ARM926EJ-S', cores: 1 },
    {
      types: V5,
      protection: UP_PROTECTION,
      pgprot_kernel: 0x4fn,
      pgprot_user: 0xfn,
      policy: 'writeback',
    },
  );
});

test('LPAE, several cores', () => {
  check(
    { symbols: { ARM_LPAE: true } },
    {
      types: LPAE,
      protection: protections(
        0x66000000000071fn,
        0x46000000000075fn,
        0x42000000000075fn,
        0x6000000000075fn,
        0x2000000000075fn,
      ),
      // With the dirty bit 55 beside the low half.
      pgprot_kernel: 0x8000000000071fn,
      pgprot_user: 0x2000000000071fn,
      policy: 'writealloc',
    },
  );
});

test('cachepolicy= counts before ARMv6 only', () => {
  const old = pagingKernel({ core: 'ARM926EJ-S', cores: 1, cmdline: 'cachepolicy=buffered' });
  build_mem_type_table(old);
  assert.equal(old.mmu.cachePolicy, 'buffered');
  assert.equal(old.mmu.mem_types.MT_MEMORY_RW.prot_sect.lo, 0x416);

  const recent = pagingKernel({ cmdline: 'cachepolicy=writeback' });
  build_mem_type_table(recent);
  assert.equal(recent.mmu.cachePolicy, 'writealloc');
  assert.ok(
    recent.log.lines.some(line => line.text === 'Only cachepolicy=writealloc supported on ARMv6 and later'),
  );
});

test('nocache is an old name of a policy', () => {
  const k = pagingKernel({ core: 'ARM926EJ-S', cores: 1, cmdline: 'nocache' });
  build_mem_type_table(k);
  assert.equal(k.mmu.cachePolicy, 'buffered');
  assert.equal(k.log.lines[0]!.text, 'nocache is deprecated; use cachepolicy=buffered');
});

test('a write-through kernel limits ARMv5 to write-through', () => {
  const k = pagingKernel({ core: 'ARM926EJ-S', cores: 1, symbols: { CPU_DCACHE_WRITETHROUGH: true } });
  build_mem_type_table(k);
  assert.equal(k.mmu.cachePolicy, 'writethrough');
  assert.equal(k.mmu.mem_types.MT_MEMORY_RW.prot_sect.lo, 0x41a);
});

test('XScale has bit 4 clear, XScale3 has its own device types', () => {
  const xscale = pagingKernel({ core: 'XScale', cores: 1 });
  build_mem_type_table(xscale);
  assert.equal(xscale.mmu.mem_types.MT_MEMORY_RW.prot_sect.lo, 0x40e);
  assert.equal(xscale.mmu.mem_types.MT_MEMORY_RW.prot_l1, 1);
  const xsc3 = pagingKernel({ core: 'XScale3', cores: 1 });
  build_mem_type_table(xsc3);
  assert.equal(xsc3.mmu.mem_types.MT_DEVICE.prot_sect.lo, 0x11446);
  assert.equal(xsc3.mmu.mem_types.MT_DEVICE_WC.prot_sect.lo, 0x1442);
});
