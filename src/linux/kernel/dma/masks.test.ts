// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootTestKernel, probeDevice } from '../../../../tests/support/test-kernel.js';
import { KernelConfig, type KernelVersion } from '../../config.js';
import { DMA_BIT_MASK, device } from '../../include/linux/device.js';
import { dma_to_phys, min_not_zero, phys_to_dma, toDmaAddr } from '../../include/linux/dma-direct.js';
import { DMA_FROM_DEVICE, DMA_MAPPING_ERROR } from '../../include/linux/dma-mapping.js';
import type { Kernel } from '../../kernel.js';
import {
  dma_addressing_limited,
  dma_get_required_mask,
  dma_need_sync,
  dma_set_mask,
  dma_set_mask_and_coherent,
} from './masks.js';
import { dma_map_single, dma_sync_single_for_cpu } from './streaming.js';

const image = {
  textOffset: 0x8000,
  stext: 0,
  rodataStart: 0,
  initBegin: 0,
  initEnd: 0,
  sdata: 0,
  end: 0,
  perCpuBytes: 0,
};

function kernel(symbols: readonly string[], max_pfn: number, version: KernelVersion = '6.12'): Kernel {
  const map = new Map(symbols.map(symbol => [symbol, true] as const));
  const config = new KernelConfig({ name: 'test', version, symbols: map, cmdline: '', image });
  const memory = { min_low_pfn: 0x40000, max_pfn, arm_dma_pfn_limit: 0xfffff };
  const memblock = { for_each_mem_range: () => [{ start: 0x40000000, end: max_pfn * 4096 }] };
  return { config, memory, memblock } as unknown as Kernel;
}

test('a mask of 24 bits is taken with ZONE_DMA although no RAM is below 16 MiB, and refused without', () => {
  const dev = new device('lab', null);
  assert.equal(dma_set_mask(kernel(['ZONE_DMA'], 0x50000), dev, DMA_BIT_MASK(24)), 0);
  assert.equal(dev.dma_mask, 0xffffff);
  assert.equal(dma_set_mask(kernel(['ZONE_DMA'], 0x50000), dev, DMA_BIT_MASK(23)), -5);
  assert.equal(dma_set_mask(kernel([], 0x50000), dev, DMA_BIT_MASK(24)), -5);
  assert.equal(dma_set_mask(kernel([], 0x50000), dev, DMA_BIT_MASK(31)), 0);
});

test('a small mask is refused where dma-ranges do not contain physical 0xffffff', () => {
  const dev = new device('lab', null);
  dev.dma_range_map = [{ cpu_start: 0x40000000, dma_start: 0, size: 0x40000000 }];
  const k = kernel(['ZONE_DMA'], 0x50000);
  assert.equal(dma_set_mask_and_coherent(k, dev, DMA_BIT_MASK(30)), -5);
  assert.equal(dma_set_mask_and_coherent(k, dev, DMA_BIT_MASK(32)), 0);
});

test('with RAM above 4 GiB the needed mask wraps in 32 bits', () => {
  const dev = new device('lab', null);
  // The last page is at 4 GiB + 4 KiB: shifted in 32 bits that is 0x1000.
  assert.equal(dma_set_mask(kernel(['ARM_LPAE'], 0x100002), dev, DMA_BIT_MASK(13)), 0);
  assert.equal(dma_set_mask(kernel(['ARM_LPAE'], 0x100000), dev, DMA_BIT_MASK(31)), -5);
});

test('masks are cut to the width of dma_addr_t', () => {
  const dev = new device('lab', null);
  dma_set_mask_and_coherent(kernel([], 0x50000), dev, DMA_BIT_MASK(64));
  assert.deepEqual([dev.dma_mask, dev.coherent_dma_mask], [0xffffffff, 0xffffffff]);
  dma_set_mask_and_coherent(kernel(['ARM_LPAE'], 0x50000), dev, DMA_BIT_MASK(40));
  assert.equal(dev.coherent_dma_mask, DMA_BIT_MASK(40));
  assert.equal(toDmaAddr(kernel([], 0x50000), 0x1_0000_0000), 0);
});

test('5.15 compares with the end of the DMA zone of the machine', () => {
  const dev = new device('lab', null);
  const k = kernel(['ZONE_DMA'], 0x50000, '5.15');
  assert.equal(dma_set_mask(k, dev, DMA_BIT_MASK(30)), -5);
  assert.equal(dma_set_mask(k, dev, DMA_BIT_MASK(31)), 0);
});

test('the required mask covers the last page', () => {
  const dev = new device('lab', null);
  assert.equal(dma_get_required_mask(kernel([], 0x50000), dev), 0x7fffffff);
  dev.dma_range_map = [{ cpu_start: 0x40000000, dma_start: 0, size: 0x20000000 }];
  assert.equal(dma_get_required_mask(kernel([], 0x50000), dev), 0x0fffffff);
});

test('addressing is limited where some RAM is in no range, which 6.1 does not see', () => {
  const dev = new device('lab', null);
  dev.dma_range_map = [
    { cpu_start: 0x40000000, dma_start: 0x40000000, size: 0x8000000 },
    { cpu_start: 0x4f000000, dma_start: 0x4f000000, size: 0x1000000 },
  ];
  assert.equal(dma_addressing_limited(kernel([], 0x50000), dev), true);
  assert.equal(dma_addressing_limited(kernel([], 0x50000, '6.1'), dev), false);
});

test('memory above 4 GiB in no range does not limit addressing, as long as the last page is in one', () => {
  const dev = new device('lab', null);
  dev.dma_mask = DMA_BIT_MASK(40);
  dev.dma_range_map = [
    { cpu_start: 0x40000000, dma_start: 0x40000000, size: 0xc0000000 },
    { cpu_start: 0x140000000, dma_start: 0x140000000, size: 0x40000000 },
  ];
  assert.equal(dma_addressing_limited(kernel(['ARM_LPAE'], 0x180000), dev), false);
  assert.equal(dma_addressing_limited(kernel(['ARM_LPAE'], 0x190000), dev), true);
});

test('a range of less than a page hides those behind it; parts of pages do not count', () => {
  const dev = new device('lab', null);
  const all = { cpu_start: 0x40000000, dma_start: 0x40000000, size: 0x10000000 };
  const tiny = { cpu_start: 0x90000000, dma_start: 0x90000000, size: 0xfff };
  dev.dma_range_map = [all, tiny];
  assert.equal(dma_addressing_limited(kernel([], 0x50000), dev), false);
  dev.dma_range_map = [tiny, all];
  assert.equal(dma_addressing_limited(kernel([], 0x50000), dev), true);
  // The last page is in a range of bytes, but not of pages.
  dev.dma_range_map = [{ ...all, size: 0xffff800 }];
  assert.equal(dma_addressing_limited(kernel([], 0x50000), dev), true);
});

test('an empty mask counts as one of 32 bits', () => {
  const dev = new device('lab', null);
  dev.dma_mask = 0;
  assert.equal(dma_addressing_limited(kernel([], 0x50000), dev), false);
});

test('translation goes by the first range that fits, and fails as the types do', () => {
  const dev = new device('lab', null);
  dev.dma_range_map = [{ cpu_start: 0x80000000, dma_start: 0, size: 0x40000000 }];
  const k = kernel([], 0x50000);
  const lpae = kernel(['ARM_LPAE'], 0x50000);
  assert.equal(phys_to_dma(k, dev, 0x80001000), 0x1000);
  assert.equal(dma_to_phys(k, dev, 0x1000), 0x80001000);
  assert.equal(phys_to_dma(k, dev, 0xc0000000), 0xffffffff);
  assert.equal(phys_to_dma(lpae, dev, 0xc0000000), DMA_MAPPING_ERROR(lpae));
  assert.equal(dma_to_phys(k, dev, 0x40000000), 0xffffffff);
  assert.equal(min_not_zero(0, 7), 7);
  assert.equal(min_not_zero(7, 0), 7);
});

test('who must synchronize: 6.12 remembers that a coherent device need not, until it bounces; 6.1 asks each time', () => {
  const restricted = {
    reserved:
      'pool@4a000000 { compatible = "restricted-dma-pool"; reg = <0x4a000000 0x400000>; phandle = <1>; };',
    nodes: 'restricted { memory-region = <1>; dma-coherent; };',
  };
  for (const version of ['6.12', '6.1'] as const) {
    const k = bootTestKernel({ design: 'legacy', version, ...restricted });
    const plain = probeDevice(k, '/plain');
    const snooping = probeDevice(k, '/snooping');
    const bouncing = probeDevice(k, '/restricted');
    const needed = () => [
      dma_need_sync(k, plain, 0x42000000),
      dma_need_sync(k, snooping, 0x42000000),
      dma_need_sync(k, bouncing, 0x42000000),
      dma_need_sync(k, bouncing, 0x4a000000),
    ];
    assert.deepEqual(needed(), [true, false, false, true]);
    for (const dev of [plain, snooping, bouncing]) dma_set_mask(k, dev, DMA_BIT_MASK(32));
    assert.deepEqual(needed(), [true, false, false, version === '6.1']);
    assert.notEqual(dma_map_single(k, bouncing, 0xc2000000, 100, DMA_FROM_DEVICE), 0xffffffff);
    assert.deepEqual(needed(), [true, false, false, true]);
  }
});

test('a sync call that is skipped does not copy a live bounce buffer', () => {
  const nodes = 'restricted { memory-region = <1>; dma-coherent; };';
  const reserved =
    'pool@4a000000 { compatible = "restricted-dma-pool"; reg = <0x4a000000 0x400000>; phandle = <1>; };';
  const k = bootTestKernel({ design: 'legacy', reserved, nodes });
  const dev = probeDevice(k, '/restricted');
  const addr = dma_map_single(k, dev, 0xc2000000, 4, DMA_FROM_DEVICE);
  k.machine.ram.write32(dma_to_phys(k, dev, addr), 1);
  // The mask is set again while a mapping lives: Linux believes that the device never bounced.
  dma_set_mask(k, dev, DMA_BIT_MASK(32));
  dma_sync_single_for_cpu(k, dev, addr, 4, DMA_FROM_DEVICE);
  assert.notEqual(k.machine.access.load32(0xc2000000), 1);
  dev.dma_skip_sync = false;
  dma_sync_single_for_cpu(k, dev, addr, 4, DMA_FROM_DEVICE);
  assert.equal(k.machine.access.load32(0xc2000000), 1);
});
