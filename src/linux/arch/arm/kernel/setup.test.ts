// SPDX-License-Identifier: GPL-2.0-only
/** Memory discovery, statement by statement: what the kernel takes for memory, and how it splits it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GiB, KiB, MiB } from '../../../../base/address.js';
import { bootedWithoutPaging, type DiscoveryOptions, discovered, logText } from './discovery-fixture.js';

type Rows = readonly (readonly [number, number])[];

function memory(options: DiscoveryOptions): [number, number][] {
  return discovered(options).memblock.memory.map(({ start, end }) => [start, end - start]);
}

/** A kernel that does not patch its physical offset in: memory below it is ignored. */
const OFFSET_80 = { PHYS_OFFSET: 0x80000000 };

test('memory below PHYS_OFFSET is ignored or cut off', () => {
  const rows: Rows = [
    [0x20000000, 0x10000000],
    [0x70000000, 0x20000000],
  ];
  assert.deepEqual(memory({ memory: rows, symbols: OFFSET_80 }), [[0x80000000, 0x10000000]]);
  const log = logText(discovered({ memory: rows, symbols: OFFSET_80 }));
  assert.match(log, /Ignoring memory block 0x20000000 - 0x30000000/);
  assert.match(log, /Ignoring memory range 0x70000000 - 0x80000000/);
});

test('memory is whole pages that 32 bits can address', () => {
  assert.deepEqual(memory({ memory: [[0x40000000, 0x10002fff]] }), [[0x40000000, 0x10002000]]);
  const high = discovered({ memory: [[0x40000000, 4 * GiB]] });
  assert.equal(high.memblock.memblock_end_of_DRAM(), 0xffffffff);
  assert.match(logText(high), /Ignoring memory range 0x100000000 - 0x140000000/);
  const beyond = discovered({
    memory: [
      [0x40000000, GiB],
      [0x200000000, GiB],
    ],
  });
  assert.match(logText(beyond), /Ignoring memory block 0x200000000 - 0x240000000/);
});

test('the first mem= drops the tree’s memory; each adds a range, by default at PHYS_OFFSET', () => {
  const rows: Rows = [[0x40000000, GiB]];
  assert.deepEqual(memory({ memory: rows, cmdline: 'mem=256M' }), [[0x40000000, 256 * MiB]]);
  assert.deepEqual(memory({ memory: rows, cmdline: 'mem=256M mem=256M@0x60000000' }), [
    [0x40000000, 256 * MiB],
    [0x60000000, 256 * MiB],
  ]);
});

test('mem= adds nothing below PHYS_OFFSET', () => {
  const options = { memory: [[0x40000000, GiB]] as const, cmdline: 'mem=512M@0x30000000' };
  assert.deepEqual(memory(options), [[0x40000000, 256 * MiB]]);
  assert.match(logText(discovered(options)), /Ignoring memory below PHYS_OFFSET: 0x30000000-0x40000000/);
});

test('4 GiB from address 0 on become nothing where physical addresses have 32 bits', () => {
  assert.throws(() => discovered({ memory: [[0, 4 * GiB]] }), /kernel-panic.*starts at 0x00000000/s);
  assert.deepEqual(memory({ memory: [[0, 4 * GiB - 16 * MiB]] }), [[0, 4 * GiB - 16 * MiB]]);
  assert.deepEqual(memory({ memory: [[0, 4 * GiB]], symbols: { ARM_LPAE: true } }), [[0, 4 * GiB]]);
});

test('a kernel without memory where it starts is refused', () => {
  assert.throws(() => discovered({ cmdline: 'mem=0' }), /kernel-panic.*memory that the kernel knows: none/s);
  assert.throws(() => discovered({ cmdline: 'mem=64M@0xc0000000' }), /kernel-panic.*0xc0000000-0xc4000000/s);
  assert.throws(() => discovered({ memory: [[4 * GiB, GiB]] }), /kernel-panic/);
});

test('Keystone moves its memory above 4 GiB with long descriptors', () => {
  const options = {
    memory: [[0x800000000, 2 * GiB]] as const,
    compatible: 'ti,k2g',
    symbols: { ARM_LPAE: true, ARM_PATCH_PHYS_VIRT: true },
  };
  const k = discovered(options);
  assert.equal(k.memory.PHYS_OFFSET, 0x800000000);
  assert.equal(k.memory.arm_lowmem_limit, 0x830000000);
  assert.equal(k.memory.arm_dma_limit, 0x87fffffff);
  assert.match(logText(k), /Switching physical address space to 0x800000000/);
  const low = discovered({ ...options, memory: [[0x80000000, GiB]] });
  assert.equal(low.memory.PHYS_OFFSET, 0x80000000);
});

test('lowmem: 768 MiB with the default split, all of it where there is less', () => {
  const large = discovered({ memory: [[0x40000000, 2 * GiB]] });
  assert.equal(large.memory.arm_lowmem_limit, 0x70000000);
  assert.equal(large.memory.VMALLOC_START, 0xf0800000);
  const small = discovered({ memory: [[0x40000000, 512 * MiB]] });
  assert.equal(small.memory.high_memory, 0xe0000000);
  assert.equal(small.memory.VMALLOC_START, 0xe0800000);
  const opt = discovered({ memory: [[0x40000000, 2 * GiB]], symbols: { VMSPLIT_3G_OPT: true } });
  assert.equal(opt.memory.arm_lowmem_limit, 0x40000000 + GiB);
});

test('vmalloc= has a minimum and a maximum', () => {
  const size = (text: string) => discovered({ cmdline: `vmalloc=${text}` }).memory.vmalloc_size;
  assert.equal(size('400M'), 400 * MiB);
  assert.equal(size('8M'), 16 * MiB);
  assert.equal(size('2G'), 976 * MiB);
  assert.equal(size('4G'), 16 * MiB, 'unsigned long has 32 bits');
  assert.match(logText(discovered({ cmdline: 'vmalloc=8M' })), /too small, limiting to 16MiB/);
  assert.match(logText(discovered({ cmdline: 'vmalloc=2G' })), /too big, limiting to 976MiB/);
});

test('without highmem, or with an aliasing cache, memory above the limit is dropped', () => {
  const rows: Rows = [[0x40000000, GiB]];
  const aliasing = { dataCache: { value: 'VIPT-aliasing' as const, source: 'test' } };
  for (const k of [
    discovered({ memory: rows, symbols: { HIGHMEM: false } }),
    discovered({ memory: rows, core: 'arm,arm1136jf-s', hardware: aliasing }),
  ]) {
    assert.equal(k.memblock.memblock_end_of_DRAM(), 0x70000000);
    assert.match(
      logText(k),
      /Ignoring RAM at 0x70000000-0x80000000\nConsider using a HIGHMEM enabled kernel/,
    );
  }
});

test('a first range that does not start at 2 MiB loses its head to NOMAP', () => {
  const options = { memory: [[0x40100000, 255 * MiB]] as const, symbols: { PHYS_OFFSET: 0x40000000 } };
  const k = discovered(options);
  assert.deepEqual(k.memblock.memory[0], { start: 0x40100000, end: 0x40200000, nomap: true });
});

test('an unaligned end lowers the limit of early allocations, not lowmem', () => {
  const k = discovered({ memory: [[0x40000000, 255 * MiB]] });
  assert.equal(k.memory.arm_lowmem_limit, 0x4ff00000);
  assert.equal(k.memblock.current_limit, 0x4fe00000);
});

test('the first section below _stext is free apart from the tables', () => {
  const k = discovered();
  const free = k.memblock.for_each_free_mem_range(0, 0x40300000);
  assert.deepEqual(free, [
    { start: 0x40000000, end: 0x40204000 },
    { start: 0x40208000, end: 0x40300000 },
  ]);
});

test('an initrd over the kernel or outside memory is disabled', () => {
  const initrd = (address: number, version: '6.12' | '6.1' = '6.12') =>
    discovered({
      version,
      dts: `chosen { linux,initrd-start = <0 ${address}>; linux,initrd-end = <0 ${address + 0x1801}>; };`,
    });
  const good = initrd(0x44000800);
  assert.equal(good.memory.phys_initrd_size, 0x1801);
  assert.ok(good.memblock.memblock_is_reserved(0x44000000));
  assert.ok(good.memblock.memblock_is_reserved(0x44002fff));
  const over = initrd(0x40400000);
  assert.equal(over.memory.phys_initrd_size, 0);
  assert.match(
    logText(over),
    /INITRD: 0x40400000\+0x00002000 overlaps in-use memory region - disabling initrd/,
  );
  assert.match(logText(initrd(0x60000000)), /is not a memory region - disabling initrd/);
  const dts = 'chosen { linux,initrd-start = <0 0x44000000>; linux,initrd-end = <0 0x44002000>; };';
  const without = discovered({ dts, symbols: { BLK_DEV_INITRD: false } });
  assert.ok(!without.memblock.memblock_is_reserved(0x44000000));
});

test('zones: a DMA zone without a limit holds all lowmem; a limit costs it its last page', () => {
  const zones = (options: DiscoveryOptions) =>
    bootedWithoutPaging(options)
      .pages.zones.filter(zone => zone.spanned_pages > 0)
      .map(zone => [zone.name, zone.zone_start_pfn, zone.spanned_pages]);
  const rows: Rows = [[0x40000000, GiB]];
  assert.deepEqual(zones({ memory: rows }), [
    ['DMA', 0x40000, 0x30000],
    ['HighMem', 0x70000, 0x10000],
  ]);
  assert.deepEqual(zones({ memory: rows, compatible: 'arm,realview-pba8' }), [
    ['DMA', 0x40000, 0xffff],
    ['Normal', 0x4ffff, 0x20001],
    ['HighMem', 0x70000, 0x10000],
  ]);
  assert.deepEqual(zones({ memory: rows, symbols: { ZONE_DMA: false } }), [
    ['Normal', 0x40000, 0x30000],
    ['HighMem', 0x70000, 0x10000],
  ]);
});

test('arm_dma_limit keeps the default area below a small DMA zone’s end', () => {
  const k = discovered({ memory: [[0x40000000, GiB]], compatible: 'arm,realview-pba8' });
  assert.equal(k.memory.arm_dma_limit, 0x4fffffff);
  assert.equal(k.cma.areas[0]?.base, 0x4ec00000);
});

test('the kernel runs as on a multiprocessor if the core says so', () => {
  const isSmp = (core: string, cores: number, symbols = {}) =>
    discovered({ core, cores, symbols: { ...symbols } }).cpu.is_smp;
  assert.equal(isSmp('arm,cortex-a9', 4), true);
  assert.equal(isSmp('arm,cortex-a9', 1), false);
  assert.equal(isSmp('arm,cortex-a7', 1), true);
  assert.equal(isSmp('arm,cortex-a8', 1), false);
  assert.equal(isSmp('arm,arm1176jzf-s', 1), false);
  assert.equal(isSmp('arm,arm11mpcore', 4), true);
  assert.equal(isSmp('arm,cortex-a15', 4, { SMP: false }), false);
  assert.equal(isSmp('arm,cortex-a8', 1, { SMP_ON_UP: false }), true);
});

test('ARM1176 is an ARMv7 to the kernel, ARM1136 and ARM926 are what they are', () => {
  const architecture = (core: string) => discovered({ core, cores: 1 }).cpu.cpu_architecture;
  assert.equal(architecture('arm,arm1176jzf-s'), 7);
  assert.equal(architecture('arm,arm1136jf-s'), 6);
  assert.equal(architecture('arm,arm926ej-s'), 5);
});

test('possible CPUs are limited by nr_cpus= and CONFIG_NR_CPUS', () => {
  const count = (options: DiscoveryOptions) => discovered({ cores: 4, ...options }).cpu.num_possible_cpus;
  assert.equal(count({}), 4);
  assert.equal(count({ cmdline: 'nr_cpus=3' }), 3);
  assert.equal(count({ symbols: { NR_CPUS: 2 } }), 2);
  assert.equal(count({ cmdline: 'nosmp' }), 4);
});

test('the command line comes from the run, then from bootargs, then from Kconfig', () => {
  const chosen = 'chosen { bootargs = "cma=8M"; };';
  const cma = (options: DiscoveryOptions) => discovered(options).cma.areas[0]?.size;
  assert.equal(cma({ dts: chosen }), 8 * MiB);
  assert.equal(cma({ dts: chosen, cmdline: 'quiet' }), 16 * MiB);
  assert.equal(cma({ symbols: { CMDLINE: 'cma=4M' } }), 4 * MiB);
  assert.equal(cma({ dts: chosen, symbols: { CMDLINE: 'cma=4M' } }), 8 * MiB);
  assert.equal(cma({ dts: chosen, symbols: { CMDLINE: 'cma=4M', CMDLINE_FORCE: true } }), 4 * MiB);
  assert.equal(cma({ dts: chosen, symbols: { CMDLINE: 'cma=4M', CMDLINE_EXTEND: true } }), 4 * MiB);
});

test('linux,usable-memory-range caps memory', () => {
  const k = discovered({
    memory: [[0x40000000, GiB]],
    dts: 'chosen { linux,usable-memory-range = <0 0x48000000 0 0x10000000>; };',
  });
  assert.equal(k.memory.PHYS_OFFSET, 0x48000000);
  assert.deepEqual(
    k.memblock.memory.map(({ start, end }) => [start, end]),
    [[0x48000000, 0x58000000]],
  );
});

test('the tree itself is reserved, after the initrd unless said otherwise', () => {
  const dts = 'chosen { linux,initrd-start = <0 0x48000000>; linux,initrd-end = <0 0x48000801>; };';
  const k = discovered({ dts });
  assert.equal(k.memory.initial_boot_params_pa, 0x48001000);
  assert.ok(k.memory.fdt_totalsize > 200 && k.memory.fdt_totalsize < 4 * KiB);
  assert.ok(k.memblock.memblock_is_reserved(0x48001000));
  assert.equal(discovered({}).memory.initial_boot_params_pa, 0x48000000);
  const moved = discovered({ bootLoader: { treeAddress: 0x4a000000 } });
  assert.ok(moved.memblock.memblock_is_reserved(0x4a000000));
});
