// SPDX-License-Identifier: GPL-2.0-only
/** The default pool and restricted pools on a small machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GiB, MiB } from '../../../base/address.js';
import { DtNode } from '../../../devicetree/tree.js';
import { Ram } from '../../../hw/ram.js';
import { KernelConfig, type KernelVersion } from '../../config.js';
import type { reserved_mem } from '../../drivers/of/of_reserved_mem.js';
import { device } from '../../include/linux/device.js';
import {
  DMA_ATTR_SKIP_CPU_SYNC,
  DMA_BIDIRECTIONAL,
  DMA_FROM_DEVICE,
  DMA_TO_DEVICE,
  dma_set_min_align_mask,
  dma_set_seg_boundary,
} from '../../include/linux/dma-mapping.js';
import { EINVAL } from '../../include/linux/errno.js';
import type { Kernel } from '../../kernel.js';
import { NO_IMAGE } from '../../kernel-image-fixture.js';
import { Cmdline } from '../../lib/cmdline.js';
import { Memblock } from '../../mm/memblock.js';
import { Printk } from '../../printk.js';
import {
  io_tlb_default_mem,
  is_swiotlb_active,
  is_swiotlb_for_alloc,
  is_swiotlb_force_bounce,
  rmem_swiotlb_device_init,
  rmem_swiotlb_device_release,
  rmem_swiotlb_setup,
  swiotlb_alloc,
  swiotlb_dev_init,
  swiotlb_free,
  swiotlb_init,
  swiotlb_max_mapping_size,
  swiotlb_sync_single_for_cpu,
  swiotlb_sync_single_for_device,
  swiotlb_tbl_map_single,
  swiotlb_tbl_unmap_single,
} from './swiotlb.js';

const BASE = 0x40000000;
const POOL = 0x4a000000;
const BUFFER = 0x41000000;

interface Options {
  readonly version?: KernelVersion;
  readonly cmdline?: string;
  readonly cpus?: number;
  readonly lowmem?: number;
  readonly swiotlb?: boolean;
  readonly smp?: boolean;
}

function kernel(options: Options = {}): Kernel {
  const { version = '6.12', cmdline = '', cpus = 2, lowmem = 768 * MiB } = options;
  const symbols = new Map([
    ['ARM_LPAE', true],
    ['HIGHMEM', true],
    ['SWIOTLB', options.swiotlb ?? true],
    ['DMA_RESTRICTED_POOL', true],
    ['SMP', options.smp ?? true],
  ]);
  const memblock = new Memblock(true);
  memblock.memblock_add(BASE, GiB);
  memblock.memblock_set_current_limit(BASE + lowmem);
  const ram = new Ram([{ start: BASE, end: BASE + GiB }]);
  const fill = (_: number, paddr: number, size: number, byte: number): void => ram.fill(paddr, size, byte);
  const pa = (vaddr: number): number => vaddr - 0xc0000000 + BASE;
  const copy = (to: number, from: number, size: number): boolean => {
    ram.copy(pa(to), pa(from), size);
    return true;
  };
  return {
    config: new KernelConfig({ name: 'test', version, symbols, cmdline, image: NO_IMAGE }),
    cmdline: new Cmdline(cmdline),
    cpu: { num_possible_cpus: cpus },
    memblock,
    memory: { max_low_pfn: (BASE + lowmem) / 4096, PHYS_OFFSET: BASE, PAGE_OFFSET: 0xc0000000 },
    machine: { ram, fill, access: { copy }, cpu: 0 },
    log: new Printk(),
  } as unknown as Kernel;
}

function restricted(size = 36 * MiB, base = POOL, properties: readonly string[] = []): reserved_mem {
  const node = new DtNode(`pool@${base.toString(16)}`);
  for (const name of properties) node.setProperty(name, new Uint8Array(0));
  return {
    name: node.name,
    node,
    base,
    size,
    ops: 'restricted',
    cma: null,
    coherent: null,
    restricted: null,
  };
}

/** A device tied to a restricted pool. */
function attached(k: Kernel, rmem: reserved_mem): device {
  const dev = new device('test-device', null);
  swiotlb_dev_init(k, dev);
  assert.equal(rmem_swiotlb_device_init(k, rmem, dev), 0);
  return dev;
}

function texts(k: Kernel): string[] {
  return k.log.lines.map(line => line.text);
}

test('the default pool is made only where RAM is out of reach of 32-bit devices, or by force', () => {
  const pools = (options: Options, limited: boolean): [number, boolean] => {
    const k = kernel(options);
    swiotlb_init(k, limited);
    const mem = io_tlb_default_mem(k);
    return [mem.nslabs, mem.force_bounce];
  };
  assert.deepEqual(pools({}, false), [0, false]);
  assert.deepEqual(pools({}, true), [32768, false]);
  assert.deepEqual(pools({ cmdline: 'swiotlb=force' }, false), [32768, true]);
  assert.deepEqual(pools({ cmdline: 'swiotlb=noforce' }, true), [0, false]);
  assert.deepEqual(pools({ cmdline: 'swiotlb=4096' }, true), [4096, false]);
  assert.deepEqual(pools({ swiotlb: false }, true), [0, false]);
});

test('64 MiB at the top of lowmem, with the array of slots below', () => {
  const k = kernel();
  swiotlb_init(k, true);
  const mem = io_tlb_default_mem(k);
  assert.equal(mem.start, 0x6c000000);
  assert.equal(mem.area_nslabs, 16384);
  assert.deepEqual(texts(k), [
    'software IO TLB: area num 2.',
    'software IO TLB: mapped [mem 0x000000006c000000-0x0000000070000000] (64MB)',
  ]);
  assert.ok(k.memblock.memblock_is_region_reserved(0x6bf80000, 0x80000), '16 bytes for each slot');
});

test('the record of an area holds a lock only with SMP', () => {
  for (const smp of [true, false]) {
    const k = kernel({ smp, cpus: 1 });
    swiotlb_init(k, true);
    assert.deepEqual(k.memblock.reserved.at(-2), {
      start: 0x6bf7ffe0,
      end: 0x6bf7ffe0 + (smp ? 12 : 8),
      nomap: false,
    });
  }
});

test('sizes that are no power of two are rounded up, and every area gets a segment', () => {
  const k = kernel({ cmdline: 'swiotlb=600,3' });
  swiotlb_init(k, true);
  const mem = io_tlb_default_mem(k);
  assert.deepEqual([mem.nslabs, mem.nareas], [1024, 4]);
  assert.equal(texts(k)[1], 'software IO TLB: SWIOTLB bounce buffer size roundup to 2MB');
  const many = kernel({ cmdline: 'swiotlb=128,16' });
  swiotlb_init(many, true);
  assert.equal(io_tlb_default_mem(many).nslabs, 2048);
});

for (const [version, areas] of [
  ['6.12', 4],
  ['6.1', 8],
] as const) {
  test(`too little memory: the size is halved, ${version} ends with ${areas} areas`, () => {
    const k = kernel({ version, cmdline: 'swiotlb=2048,8', lowmem: 2 * MiB - 65536 });
    swiotlb_init(k, true);
    const mem = io_tlb_default_mem(k);
    assert.deepEqual([mem.nslabs, mem.nareas], [512, areas]);
    assert.equal(texts(k).at(-2), 'software IO TLB: SWIOTLB bounce buffer size adjusted 2048 -> 512 slabs');
    const none = kernel({ version, lowmem: MiB / 2 });
    swiotlb_init(none, true);
    assert.equal(io_tlb_default_mem(none).nslabs, 0);
    const forced = kernel({ version, lowmem: MiB / 2, cmdline: 'swiotlb=force' });
    swiotlb_init(forced, true);
    assert.equal(io_tlb_default_mem(forced).force_bounce, version === '6.12');
  });
}

test('a mapping copies the original whatever the direction, and back for the CPU only', () => {
  const k = kernel();
  const dev = attached(k, restricted());
  const { ram } = k.machine;
  for (const direction of [DMA_TO_DEVICE, DMA_FROM_DEVICE, DMA_BIDIRECTIONAL]) {
    ram.fill(BUFFER, 8192, 0x11);
    const bounce = swiotlb_tbl_map_single(k, dev, BUFFER + 100, 5000, DMA_ATTR_SKIP_CPU_SYNC)!;
    assert.ok(ram.isFilledWith(bounce, 5000, 0x11));
    ram.fill(bounce, 5000, 0x22);
    swiotlb_sync_single_for_cpu(k, dev, bounce + 3000, 10, direction);
    assert.equal(ram.read8(BUFFER + 3100), direction === DMA_TO_DEVICE ? 0x11 : 0x22);
    assert.equal(ram.read8(BUFFER + 3110), 0x11, 'only what was asked for');
    ram.fill(BUFFER + 200, 1, 0x33);
    swiotlb_sync_single_for_device(k, dev, bounce + 100, 1, direction);
    assert.equal(ram.read8(bounce + 100), direction === DMA_FROM_DEVICE ? 0x22 : 0x33);
    swiotlb_tbl_unmap_single(k, dev, bounce, 5000, direction, 0);
    assert.equal(ram.read8(BUFFER + 5099), direction === DMA_TO_DEVICE ? 0x11 : 0x22);
    assert.equal(ram.read8(BUFFER + 5100), 0x11);
    assert.equal(dev.dma_io_tlb_mem?.used, 0);
  }
  assert.deepEqual(texts(k), []);
});

test('a sync beyond the mapping is cut off with one warning', () => {
  const k = kernel();
  const dev = attached(k, restricted());
  k.machine.ram.fill(BUFFER, 8192, 0x11);
  const bounce = swiotlb_tbl_map_single(k, dev, BUFFER, 3000, 0)!;
  k.machine.ram.fill(bounce, 4096, 0x22);
  swiotlb_sync_single_for_cpu(k, dev, bounce, 4000, DMA_FROM_DEVICE);
  assert.ok(k.machine.ram.isFilledWith(BUFFER + 3000, 1000, 0x11));
  assert.ok(k.machine.ram.isFilledWith(BUFFER, 3000, 0x22));
  assert.deepEqual(texts(k), [
    'test-device: Buffer overflow detected. Allocation size: 3000. Mapping size: 4000.',
  ]);
});

test('a device that asks for the low bits of its addresses gets them, and its bytes at the right place', () => {
  for (const version of ['6.12', '6.1'] as const) {
    const k = kernel({ version });
    const dev = attached(k, restricted());
    const { ram } = k.machine;
    dma_set_min_align_mask(dev, 4095);
    assert.equal(swiotlb_max_mapping_size(dev), 252 * 1024);
    for (const at of [0, 0x234, 0x9ab, 0xfff]) {
      ram.fill(BUFFER, 16384, 0x11);
      ram.fill(BUFFER + at, 6000, 0x22);
      const bounce = swiotlb_tbl_map_single(k, dev, BUFFER + at, 6000, 0)!;
      assert.equal(bounce % 4096, at);
      assert.ok(ram.isFilledWith(bounce, 6000, 0x22));
      ram.fill(bounce, 6000, 0x33);
      // A part that begins in a later slot, before the place where the first slot's bytes begin.
      const part = 4096 - (at % 2048);
      swiotlb_sync_single_for_cpu(k, dev, bounce + part, 100, DMA_FROM_DEVICE);
      const isRefused = version === '6.1' && at % 2048 !== 0;
      assert.ok(ram.isFilledWith(BUFFER + at + part, 100, isRefused ? 0x22 : 0x33), `${version} ${at}`);
      assert.ok(ram.isFilledWith(BUFFER + at, part, 0x22));
      swiotlb_tbl_unmap_single(k, dev, bounce, 6000, DMA_FROM_DEVICE, 0);
      assert.ok(ram.isFilledWith(BUFFER, at, 0x11) && ram.isFilledWith(BUFFER + at, 6000, 0x33));
      assert.ok(ram.isFilledWith(BUFFER + at + 6000, 100, 0x11));
      assert.equal(dev.dma_io_tlb_mem?.used, 0);
    }
    const told = 'Access before mapping start detected. orig offset 564, requested offset 0.';
    assert.deepEqual(texts(k), version === '6.1' ? [`test-device: ${told}`] : []);
  }
});

test('an empty buffer takes a slot where the bits of its address need padding, and is a bug elsewhere', () => {
  const k = kernel();
  const dev = attached(k, restricted());
  dma_set_min_align_mask(dev, 4095);
  assert.equal(swiotlb_tbl_map_single(k, dev, BUFFER + 0x10, 0, 0), POOL + 0x10);
  assert.equal(dev.dma_io_tlb_mem?.used, 1);
  assert.deepEqual(texts(k), []);
  assert.equal(swiotlb_tbl_map_single(k, dev, BUFFER, 0, 0), null);
  assert.deepEqual(texts(k), ['kernel BUG in swiotlb_tbl_map_single: test-device: no slots']);
});

test('a sync behind a buffer whose last slot holds but padding: 6.1 takes it for a huge buffer', () => {
  for (const version of ['6.12', '6.1'] as const) {
    const k = kernel({ version });
    const dev = attached(k, restricted());
    dma_set_min_align_mask(dev, 4095);
    // Padding 1000 and 1500 bytes end 452 bytes into the second slot, whose part of the buffer begins at 1000.
    const bounce = swiotlb_tbl_map_single(k, dev, BUFFER + 1000, 1500, 0)!;
    k.machine.ram.fill(BUFFER, 8192, 0x11);
    k.machine.ram.fill(bounce, 4096, 0x22);
    swiotlb_sync_single_for_cpu(k, dev, bounce + 2048, 8, DMA_FROM_DEVICE);
    assert.ok(k.machine.ram.isFilledWith(BUFFER + 1000 + 2048, 8, 0x22), version);
    assert.deepEqual(texts(k), []);
  }
});

test('no bounce buffer crosses a segment boundary of the device', () => {
  const k = kernel();
  const dev = attached(k, restricted());
  dma_set_seg_boundary(dev, 0xffff);
  const starts = Array.from({ length: 6 }, () => swiotlb_tbl_map_single(k, dev, BUFFER, 40960, 0)!);
  assert.deepEqual(
    starts,
    Array.from({ length: 6 }, (_, i) => POOL + i * 0x10000),
  );
  assert.equal(swiotlb_tbl_map_single(k, dev, BUFFER, 65537, 0), null);
});

test('a full pool says so; a device without one says something else', () => {
  const k = kernel();
  const dev = attached(k, restricted(MiB));
  for (let i = 0; i < 4; i++) assert.notEqual(swiotlb_tbl_map_single(k, dev, BUFFER, 262144, 0), null);
  assert.equal(swiotlb_tbl_map_single(k, dev, BUFFER, 2048, 0), null);
  const bare = new device('bare', null);
  swiotlb_dev_init(k, bare);
  assert.ok(!is_swiotlb_active(bare));
  assert.equal(swiotlb_tbl_map_single(k, bare, BUFFER, 2048, 0), null);
  assert.deepEqual(texts(k), [
    'test-device: swiotlb buffer is full (sz: 2048 bytes), total 512 (slots), used 512 (slots)',
    "bare: Can not allocate SWIOTLB buffer earlier and can't now provide you with the DMA bounce buffer",
  ]);
});

test('a restricted pool is made once, cleared, and shared by all devices that name it', () => {
  const k = kernel();
  k.machine.ram.fill(POOL, 36 * MiB, 0x5a);
  const rmem = restricted();
  assert.equal(rmem_swiotlb_setup(k, rmem), 0);
  const first = attached(k, rmem);
  assert.ok(k.machine.ram.isFilledWith(POOL, 36 * MiB, 0));
  const second = attached(k, rmem);
  assert.equal(first.dma_io_tlb_mem, second.dma_io_tlb_mem);
  assert.ok(is_swiotlb_for_alloc(first) && is_swiotlb_force_bounce(first) && is_swiotlb_active(first));
  assert.deepEqual([rmem.restricted?.nslabs, rmem.restricted?.nareas], [18432, 1]);
  assert.deepEqual(texts(k), [
    'software IO TLB: Reserved memory: created restricted DMA pool at 0x000000004a000000, size 36 MiB',
  ]);
  rmem_swiotlb_device_release(k, first);
  assert.ok(!is_swiotlb_for_alloc(first));
});

test('a restricted pool must be lowmem, and a plain node', () => {
  const k = kernel();
  const dev = new device('test-device', null);
  assert.equal(rmem_swiotlb_device_init(k, restricted(MiB, 0x70000000), dev), -EINVAL);
  assert.deepEqual(texts(k), [
    'test-device: Restricted DMA pool must be accessible within the linear mapping.',
  ]);
  for (const property of ['reusable', 'no-map', 'linux,cma-default', 'linux,dma-default']) {
    assert.equal(rmem_swiotlb_setup(k, restricted(MiB, POOL, [property])), -EINVAL, property);
  }
});

test('pages: at most 256 KiB, aligned to their order in 6.12, to a page in 6.1', () => {
  for (const [version, second] of [
    ['6.12', 0x4a008000],
    ['6.1', 0x4a001000],
  ] as const) {
    const k = kernel({ version });
    const dev = attached(k, restricted());
    assert.equal(swiotlb_alloc(k, dev, 4096), POOL / 4096);
    assert.equal(swiotlb_alloc(k, dev, 20480), second / 4096);
    assert.equal(swiotlb_alloc(k, dev, 262144 + 4096), null);
    assert.ok(swiotlb_free(k, dev, second / 4096, 20480));
    assert.ok(!swiotlb_free(k, dev, BUFFER / 4096, 4096), 'not of the pool');
    assert.equal(dev.dma_io_tlb_mem?.used, 2);
  }
});

test('alignment is that of the bus address: pages that come out unaligned are given back by 6.12', () => {
  const k = kernel();
  const dev = attached(k, restricted(MiB));
  dev.dma_range_map = [{ cpu_start: POOL, dma_start: 2048, size: MiB }];
  assert.equal(swiotlb_alloc(k, dev, 4096), null);
  assert.equal(dev.dma_io_tlb_mem?.used, 0);
  assert.deepEqual(texts(k), [
    'test-device: Cannot allocate pages from non page-aligned swiotlb addr 0x0x000000004a000800.',
  ]);
});
