// SPDX-License-Identifier: GPL-2.0-only
/** Streaming mappings on booted kernels: results, bounce buffers, errors, and what an observer is told, in order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bootTestKernel,
  logTexts,
  probeDevice,
  type TestKernelOptions,
} from '../../../../tests/support/test-kernel.js';
import { MiB } from '../../../base/address.js';
import { type CoherentBuffer, Observer, type StreamingBuffer } from '../../../hw/observer.js';
import { __va } from '../../arch/arm/include/asm/memory.js';
import { DMA_BIT_MASK, type device } from '../../include/linux/device.js';
import {
  DMA_ATTR_NO_KERNEL_MAPPING,
  DMA_ATTR_SKIP_CPU_SYNC,
  DMA_BIDIRECTIONAL,
  DMA_FROM_DEVICE,
  DMA_MAPPING_ERROR,
  DMA_NONE,
  DMA_TO_DEVICE,
} from '../../include/linux/dma-mapping.js';
import { EIO, ENOMEM } from '../../include/linux/errno.js';
import { GFP_ATOMIC, GFP_KERNEL } from '../../include/linux/gfp.js';
import { PFN_DOWN } from '../../include/linux/pfn.js';
import { sg_entry } from '../../include/linux/scatterlist.js';
import type { Kernel } from '../../kernel.js';
import {
  __dma_map_sg_attrs,
  dma_alloc_attrs,
  dma_alloc_coherent,
  dma_alloc_pages,
  dma_free_attrs,
  dma_free_coherent,
  dma_free_pages,
  dma_map_page_attrs,
  dma_map_resource,
  dma_map_sg_attrs,
  dma_map_single,
  dma_map_single_attrs,
  dma_mapping_error,
  dma_sync_single_for_cpu,
  dma_sync_single_for_device,
  dma_unmap_page_attrs,
  dma_unmap_sg_attrs,
  dma_unmap_single,
} from './mapping.js';

const BUFFER = 0x42000000;
const POOL = 0x4a000000;
const RESTRICTED = {
  reserved:
    'pool@4a000000 { compatible = "restricted-dma-pool"; reg = <0x4a000000 0x400000>; phandle = <1>; };',
  nodes: 'restricted { memory-region = <1>; };',
};

/** Everything that happens, one word and the sizes of it. */
class Diary extends Observer {
  readonly lines: string[] = [];
  readonly buffers: (StreamingBuffer | CoherentBuffer)[] = [];

  override cpuStore(_cpu: number, _vaddr: number, paddr: number, size: number): void {
    this.lines.push(`store ${paddr.toString(16)}+${size}`);
  }
  override fill(_cpu: number, _vaddr: number, _paddr: number, size: number): void {
    this.lines.push(`fill ${size}`);
  }
  override innerMaintenance(_cpu: number, operation: string, _vaddr: number, size: number): void {
    this.lines.push(`${operation} ${size}`);
  }
  override barrier(_cpu: number, kind: string): void {
    if (kind === 'dsb' && this.lines.at(-1) !== 'dsb') this.lines.push(kind);
  }
  override pagesAllocated(_paddr: number, size: number): void {
    this.lines.push(`allocated ${size}`);
  }
  override pagesFreed(_paddr: number, size: number): void {
    this.lines.push(`freed ${size}`);
  }
  override coherentAllocated(buffer: CoherentBuffer): void {
    this.note('coherent', buffer);
  }
  override coherentFreed(buffer: CoherentBuffer): void {
    this.note('coherent freed', buffer);
  }
  override streamingMapped(buffer: StreamingBuffer): void {
    this.note('mapped', buffer);
  }
  override streamingUnmapped(buffer: StreamingBuffer): void {
    this.note('unmapped', buffer);
  }
  override syncedForCpu(buffer: StreamingBuffer, paddr: number, size: number): void {
    this.note(`for cpu ${(paddr - buffer.paddr).toString()}+${size}`, buffer);
  }
  override syncedForDevice(buffer: StreamingBuffer, paddr: number, size: number): void {
    this.note(`for device ${(paddr - buffer.paddr).toString()}+${size}`, buffer);
  }

  private note(line: string, buffer: StreamingBuffer | CoherentBuffer): void {
    this.lines.push(line);
    this.buffers.push(buffer);
  }
}

function watched(k: Kernel, action: () => void): Diary {
  const diary = new Diary();
  k.machine.observer = diary;
  action();
  k.machine.observer = null;
  return diary;
}

function booted(options: Partial<TestKernelOptions> = {}, path = '/plain'): { k: Kernel; dev: device } {
  const k = bootTestKernel({ design: 'legacy', ...options });
  return { k, dev: probeDevice(k, path) };
}

test('a mapping, a sync of a part each way, and the end: maintenance comes before the event', () => {
  const { k, dev } = booted();
  dev.driver = 'mmci';
  const diary = watched(k, () => {
    const addr = dma_map_single(k, dev, __va(k, BUFFER), 4096, DMA_FROM_DEVICE);
    assert.equal(addr, BUFFER);
    dma_sync_single_for_cpu(k, dev, addr + 64, 64, DMA_FROM_DEVICE);
    dma_sync_single_for_device(k, dev, addr + 64, 64, DMA_FROM_DEVICE);
    dma_unmap_single(k, dev, addr, 4096, DMA_FROM_DEVICE);
  });
  assert.deepEqual(diary.lines, [
    ...['invalidate 4096', 'dsb', 'mapped'],
    ...['invalidate 64', 'dsb', 'for cpu 64+64'],
    ...['invalidate 64', 'dsb', 'for device 64+64'],
    ...['invalidate 4096', 'dsb', 'unmapped'],
  ]);
  const buffer: StreamingBuffer = {
    device: '/plain',
    driver: 'mmci',
    dmaAddr: BUFFER,
    paddr: BUFFER,
    original: BUFFER,
    size: 4096,
    direction: 'from-device',
    skipSync: false,
  };
  assert.deepEqual(diary.buffers, [buffer, buffer, buffer, buffer]);
});

test('SKIP_CPU_SYNC and coherent devices leave the caches alone', () => {
  const { k, dev } = booted();
  const attrs = DMA_ATTR_SKIP_CPU_SYNC;
  const pfn = PFN_DOWN(BUFFER);
  const skipped = watched(k, () => {
    const addr = dma_map_page_attrs(k, dev, pfn, 16, 100, DMA_TO_DEVICE, attrs);
    assert.equal(addr, BUFFER + 16);
    dma_unmap_page_attrs(k, dev, addr, 100, DMA_TO_DEVICE, attrs);
  });
  assert.deepEqual(skipped.lines, ['mapped', 'unmapped']);
  assert.ok(skipped.buffers.every(buffer => 'skipSync' in buffer && buffer.skipSync));
  const snooping = probeDevice(k, '/snooping');
  const diary = watched(k, () => {
    const addr = dma_map_single(k, snooping, __va(k, BUFFER), 100, DMA_BIDIRECTIONAL);
    dma_sync_single_for_device(k, snooping, addr, 100, DMA_BIDIRECTIONAL);
    dma_unmap_single(k, snooping, addr, 100, DMA_BIDIRECTIONAL);
  });
  assert.deepEqual(diary.lines, ['mapped', 'for device 0+100', 'unmapped']);
});

test('a restricted pool bounces: copied before the caches on the way out, after them on the way back', () => {
  const { k, dev } = booted(RESTRICTED, '/restricted');
  k.machine.ram.fill(BUFFER, 4096, 0x11);
  let addr = 0;
  const diary = watched(k, () => {
    addr = dma_map_single(k, dev, __va(k, BUFFER), 128, DMA_BIDIRECTIONAL);
    assert.ok(k.machine.ram.isFilledWith(addr, 128, 0x11));
    k.machine.ram.fill(addr, 128, 0x22);
    dma_unmap_single(k, dev, addr, 128, DMA_BIDIRECTIONAL);
  });
  const [start, original] = [addr.toString(16), BUFFER.toString(16)];
  assert.deepEqual(diary.lines, [
    ...[`store ${start}+128`, 'clean 128', 'dsb', 'mapped'],
    ...['invalidate 128', 'dsb', 'for cpu 0+128', `store ${original}+128`, 'unmapped'],
  ]);
  assert.ok(addr >= POOL && addr < POOL + 4 * MiB);
  assert.ok(k.machine.ram.isFilledWith(BUFFER, 128, 0x22));
  for (const buffer of diary.buffers as StreamingBuffer[]) {
    assert.deepEqual([buffer.paddr, buffer.original], [addr, BUFFER]);
  }
});

test('with SKIP_CPU_SYNC a bounce buffer is filled all the same, and not cleaned', () => {
  const { k, dev } = booted(RESTRICTED, '/restricted');
  const diary = watched(k, () => {
    dma_map_single_attrs(k, dev, __va(k, BUFFER), 128, DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
  });
  assert.deepEqual(
    diary.lines.map(line => line.split(' ')[0]),
    ['store', 'mapped'],
  );
});

test('a highmem buffer is bounced and maintained through windows, page by page', () => {
  const { k, dev } = booted({ ...RESTRICTED, memoryMiB: 1024 }, '/restricted');
  const high = 0x7f001800;
  k.machine.ram.fill(high, 8192, 0x33);
  const diary = watched(k, () => {
    const addr: number = dma_map_page_attrs(k, dev, PFN_DOWN(high), 0x800, 5000, DMA_TO_DEVICE, 0);
    assert.ok(k.machine.ram.isFilledWith(addr, 5000, 0x33));
  });
  assert.deepEqual(
    diary.lines.filter(line => line.startsWith('store')).map(line => line.split('+')[1]),
    ['2048', '2952'],
  );
  const plain = probeDevice(k, '/plain');
  const maintained = watched(k, () => {
    dma_map_page_attrs(k, plain, PFN_DOWN(high), 0x800, 5000, DMA_TO_DEVICE, 0);
  });
  assert.deepEqual(
    maintained.lines.filter(line => line.startsWith('clean')),
    ['clean 2048', 'clean 3008'],
  );
});

test('6.1 copies a part of a highmem buffer to the page before, where the part begins past the first page', () => {
  const high = 0x7f001c00;
  const part = 0x500;
  for (const version of ['6.12', '6.1'] as const) {
    const { k, dev } = booted({ ...RESTRICTED, version, memoryMiB: 1024 }, '/restricted');
    const { ram } = k.machine;
    ram.fill(0x7f000000, 0x4000, 0x11);
    const addr: number = dma_map_page_attrs(k, dev, PFN_DOWN(high), 0xc00, 5000, DMA_FROM_DEVICE, 0);
    ram.fill(addr + part, 16, 0x22);
    dma_sync_single_for_cpu(k, dev, addr + part, 16, DMA_FROM_DEVICE);
    const right = high + part;
    const wrong = right - 4096;
    assert.ok(ram.isFilledWith(version === '6.1' ? wrong : right, 16, 0x22), version);
    assert.ok(ram.isFilledWith(version === '6.1' ? right : wrong, 16, 0x11), version);
  }
});

test('memory that the device does not reach is an error and one warning without bounce buffers', () => {
  const { k, dev } = booted();
  dev.dma_mask = DMA_BIT_MASK(30);
  const from = k.log.lines.length;
  for (let i = 0; i < 2; i++) {
    const addr = dma_map_single(k, dev, __va(k, BUFFER), 100, DMA_TO_DEVICE);
    assert.equal(addr, DMA_MAPPING_ERROR(k));
    assert.equal(dma_mapping_error(k, dev, addr), -ENOMEM);
  }
  assert.deepEqual(logTexts(k, from), [
    '/plain: DMA addr 0x42000000+100 overflow (mask 3fffffff, bus limit 0).',
  ]);
  assert.equal(dma_mapping_error(k, dev, 0), 0);
});

test('a pool that the device does not reach either gives its slots back', () => {
  const { k, dev } = booted(RESTRICTED, '/restricted');
  dev.dma_mask = DMA_BIT_MASK(30);
  const from = k.log.lines.length;
  assert.equal(dma_map_single(k, dev, __va(k, BUFFER), 100, DMA_TO_DEVICE), DMA_MAPPING_ERROR(k));
  assert.equal(dev.dma_io_tlb_mem?.used, 0);
  assert.match(logTexts(k, from)[0]!, /^\/restricted: swiotlb addr 0x4a[0-9a-f]{6}\+100 overflow/);
});

test('a bounce buffer holds 256 KiB at most, and something', () => {
  const { k, dev } = booted(RESTRICTED, '/restricted');
  const map = (size: number): number => dma_map_single(k, dev, __va(k, BUFFER), size, DMA_TO_DEVICE);
  assert.notEqual(map(256 * 1024), DMA_MAPPING_ERROR(k));
  assert.equal(map(256 * 1024 + 1), DMA_MAPPING_ERROR(k));
  assert.equal(map(0), DMA_MAPPING_ERROR(k));
});

test('wrong calls: no direction, no mask, vmalloc memory', () => {
  const { k, dev } = booted();
  const error = DMA_MAPPING_ERROR(k);
  const from = k.log.lines.length;
  assert.equal(dma_map_single(k, dev, __va(k, BUFFER), 100, DMA_NONE), error);
  assert.equal(dma_map_single(k, dev, k.memory.VMALLOC_START, 100, DMA_TO_DEVICE), error);
  dev.dma_mask = null;
  assert.equal(dma_map_single(k, dev, __va(k, BUFFER), 100, DMA_TO_DEVICE), error);
  assert.deepEqual(logTexts(k, from), [
    'kernel BUG in dma_map_page_attrs: direction 3',
    '/plain: rejecting DMA map of vmalloc memory',
    'dma_map_page_attrs: /plain has no DMA mask',
  ]);
});

test('an empty mapping is one, and cleans a line', () => {
  const { k, dev } = booted();
  const diary = watched(k, () => {
    assert.equal(dma_map_single(k, dev, __va(k, BUFFER), 0, DMA_TO_DEVICE), BUFFER);
  });
  assert.deepEqual(diary.lines, ['clean 64', 'dsb', 'mapped']);
});

test('a list is mapped as a whole or not at all; what is undone is not synchronized', () => {
  const { k, dev } = booted();
  const sgl = [sg_entry(PFN_DOWN(BUFFER), 4096), sg_entry(PFN_DOWN(BUFFER) + 2, 100, 50)];
  const diary = watched(k, () => {
    assert.equal(dma_map_sg_attrs(k, dev, sgl, DMA_TO_DEVICE, 0), 2);
    dma_unmap_sg_attrs(k, dev, sgl, DMA_TO_DEVICE, 0);
  });
  assert.deepEqual(
    sgl.map(sg => [sg.dma_address, sg.dma_length]),
    [
      [BUFFER, 4096],
      [BUFFER + 8192 + 50, 100],
    ],
  );
  assert.deepEqual(diary.lines.slice(-4), ['mapped', 'mapped', 'unmapped', 'unmapped']);

  dev.dma_mask = BUFFER + 4095;
  const failed = watched(k, () => {
    assert.equal(__dma_map_sg_attrs(k, dev, sgl, DMA_FROM_DEVICE, 0), -EIO);
  });
  assert.deepEqual(failed.lines, ['invalidate 4096', 'dsb']);
  assert.equal(dma_map_sg_attrs(k, dev, sgl, DMA_FROM_DEVICE, 0), 0);
});

test('an empty list is an error and one warning', () => {
  const { k, dev } = booted();
  const from = k.log.lines.length;
  assert.equal(__dma_map_sg_attrs(k, dev, [], DMA_TO_DEVICE, 0), -EIO);
  assert.equal(dma_map_sg_attrs(k, dev, [], DMA_TO_DEVICE, 0), 0);
  assert.deepEqual(logTexts(k, from), ['__dma_map_sg_attrs: /plain: no entries']);
});

test('device memory has its physical address on the bus, whatever the ranges say', () => {
  const nodes = `bus { #address-cells = <1>; #size-cells = <1>; ranges;
    dma-ranges = <0x0 0x40000000 0x10000000>; master { }; };`;
  const { k, dev } = booted({ nodes }, '/bus/master');
  assert.equal(dma_map_single(k, dev, __va(k, BUFFER), 100, DMA_TO_DEVICE), BUFFER - 0x40000000);
  const diary = watched(k, () =>
    assert.equal(dma_map_resource(k, dev, 0x1000000, 4, DMA_TO_DEVICE, 0), 0x1000000),
  );
  assert.deepEqual(diary.lines, []);
  assert.equal(dma_map_resource(k, dev, 0x80000000, 4, DMA_TO_DEVICE, 0), DMA_MAPPING_ERROR(k));
});

test('5.15 without LPAE hands out addresses that the device does not reach, and ignores restricted pools', () => {
  const { k, dev } = booted({ ...RESTRICTED, version: '5.15' }, '/restricted');
  dev.dma_mask = DMA_BIT_MASK(30);
  const diary = watched(k, () => {
    const addr = dma_map_single(k, dev, __va(k, BUFFER), 64, DMA_FROM_DEVICE);
    assert.equal(addr, BUFFER);
    dma_unmap_single(k, dev, addr, 64, DMA_FROM_DEVICE);
  });
  assert.deepEqual(diary.lines, ['invalidate 64', 'dsb', 'mapped', 'invalidate 64', 'dsb', 'unmapped']);
});

test('coherent memory: pages first, then what is done to them, then the buffer; and back', () => {
  const { k, dev } = booted();
  const diary = watched(k, () => {
    dma_free_coherent(k, dev, 100, dma_alloc_coherent(k, dev, 100, GFP_KERNEL));
  });
  assert.deepEqual(
    diary.lines.filter(line => line !== 'dsb'),
    ['allocated 4096', 'fill 4096', 'clean-invalidate 4096', 'coherent', 'coherent freed', 'freed 4096'],
  );
  const [allocated, freed] = diary.buffers as CoherentBuffer[];
  assert.deepEqual(allocated, freed);
  assert.equal(allocated?.size, 100);
  assert.equal(allocated?.paddr, allocated?.dmaAddr);
  assert.equal(allocated?.vaddr, __va(k, allocated?.paddr ?? 0));
});

test('atomic pools, restricted pools and memory without address say what they give', () => {
  const { k, dev } = booted(RESTRICTED);
  const pool = watched(k, () => {
    dma_free_coherent(k, dev, 8192, dma_alloc_coherent(k, dev, 8192, GFP_ATOMIC));
  });
  assert.deepEqual(pool.lines, ['allocated 8192', 'coherent', 'coherent freed', 'freed 8192']);
  const cookie = watched(k, () => {
    const attrs = DMA_ATTR_NO_KERNEL_MAPPING;
    dma_free_attrs(k, dev, 4096, dma_alloc_attrs(k, dev, 4096, GFP_KERNEL, attrs), attrs);
  });
  assert.equal((cookie.buffers[0] as CoherentBuffer).vaddr, null);
  const restricted = probeDevice(k, '/restricted');
  const pages = watched(k, () => {
    const got = dma_alloc_pages(k, restricted, 8192, DMA_FROM_DEVICE, GFP_KERNEL)!;
    dma_free_pages(k, restricted, 8192, got, DMA_FROM_DEVICE);
  });
  assert.deepEqual(pages.lines, ['allocated 8192', 'fill 8192', 'mapped', 'unmapped', 'freed 8192']);
  const [mapped] = pages.buffers as StreamingBuffer[];
  assert.deepEqual([mapped?.direction, mapped?.skipSync], ['from-device', true]);
});
