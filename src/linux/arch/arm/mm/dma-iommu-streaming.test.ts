// SPDX-License-Identifier: GPL-2.0-only
/** Streaming mappings behind an IOMMU. What is wrong in Linux is asserted as it is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootWithIommu } from '../../../../../tests/support/iommu-kernel.js';
import { logTexts } from '../../../../../tests/support/test-kernel.js';
import { MAY_READ, MAY_WRITE } from '../../../../hw/dma/iommu.js';
import { type InnerOperation, Observer, type StreamingBuffer } from '../../../../hw/observer.js';
import { DMA_BIT_MASK } from '../../../include/linux/device.js';
import {
  DMA_ATTR_SKIP_CPU_SYNC,
  DMA_BIDIRECTIONAL,
  DMA_FROM_DEVICE,
  DMA_MAPPING_ERROR,
  DMA_TO_DEVICE,
} from '../../../include/linux/dma-mapping.js';
import { EINVAL, ENOMEM } from '../../../include/linux/errno.js';
import { GFP_KERNEL } from '../../../include/linux/gfp.js';
import { PFN_PHYS } from '../../../include/linux/pfn.js';
import { sg_entry } from '../../../include/linux/scatterlist.js';
import {
  __dma_map_sg_attrs,
  dma_addressing_limited,
  dma_alloc_pages,
  dma_get_required_mask,
  dma_map_page_attrs,
  dma_map_resource,
  dma_max_mapping_size,
  dma_set_mask,
  dma_sync_sg_for_cpu,
  dma_sync_single_for_cpu,
  dma_sync_single_for_device,
  dma_unmap_page_attrs,
  dma_unmap_resource,
  dma_unmap_sg_attrs,
} from '../../../kernel/dma/mapping.js';
import type { Kernel } from '../../../kernel.js';
import { alloc_pages } from '../../../mm/page_alloc.js';

/** Maintenance and changes of ownership, in order. */
class Watch extends Observer {
  readonly heard: string[] = [];

  override innerMaintenance(_cpu: number, operation: InnerOperation, _vaddr: number, size: number): void {
    this.heard.push(`${operation} ${size}`);
  }

  override streamingMapped({ dmaAddr, paddr, original, size }: StreamingBuffer): void {
    this.heard.push(`mapped ${dmaAddr.toString(16)}+${size}${paddr === original ? '' : ' elsewhere'}`);
  }

  override streamingUnmapped({ dmaAddr, paddr, original, size }: StreamingBuffer): void {
    this.heard.push(`unmapped ${dmaAddr.toString(16)}+${size}${paddr === original ? '' : ' elsewhere'}`);
  }

  override syncedForCpu(buffer: StreamingBuffer, paddr: number, size: number): void {
    this.heard.push(`to the CPU ${paddr - buffer.paddr}+${size}`);
  }
}

function watching(k: Kernel): string[] {
  const watch = new Watch();
  k.machine.observer = watch;
  return watch.heard;
}

function pages(k: Kernel, order: number): number {
  const pfn = alloc_pages(k, GFP_KERNEL, order);
  assert.ok(pfn !== null);
  return pfn;
}

test('a page at address 0 is neither synchronized nor unmapped; the next ones are', () => {
  const { k, codec } = bootWithIommu();
  const pfn = pages(k, 0);
  const { context } = codec.mapping!.domain;
  const heard = watching(k);
  const first = dma_map_page_attrs(k, codec, pfn, 64, 256, DMA_FROM_DEVICE, 0);
  assert.equal(first, 64);
  dma_sync_single_for_cpu(k, codec, first, 256, DMA_FROM_DEVICE);
  dma_unmap_page_attrs(k, codec, first, 256, DMA_FROM_DEVICE, 0);
  assert.deepEqual(heard.splice(0), [
    'invalidate 256',
    'mapped 40+256',
    'to the CPU 0+256',
    'unmapped 40+256',
  ]);
  assert.equal(context.translate(64, MAY_WRITE), PFN_PHYS(pfn) + 64, 'the device still reaches it');
  assert.equal(codec.mapping!.used, 1);
  const second = dma_map_page_attrs(k, codec, pfn, 64, 256, DMA_FROM_DEVICE, 0);
  assert.equal(second, 0x1040);
  dma_sync_single_for_cpu(k, codec, second + 64, 64, DMA_FROM_DEVICE);
  dma_sync_single_for_device(k, codec, second, 256, DMA_FROM_DEVICE);
  dma_unmap_page_attrs(k, codec, second, 256, DMA_FROM_DEVICE, 0);
  assert.deepEqual(heard, [
    'invalidate 256',
    'mapped 1040+256',
    'invalidate 64',
    'to the CPU 64+64',
    'invalidate 256',
    'invalidate 256',
    'unmapped 1040+256',
  ]);
  assert.equal(context.translate(0x1040, 0), -1);
});

test('a device may do what the direction says, in whole pages', () => {
  const { k, limited } = bootWithIommu();
  const pfn = pages(k, 1);
  const { context } = limited.mapping!.domain;
  for (const [dir, may] of [
    [DMA_TO_DEVICE, [true, false]],
    [DMA_FROM_DEVICE, [false, true]],
    [DMA_BIDIRECTIONAL, [true, true]],
  ] as const) {
    const addr = dma_map_page_attrs(k, limited, pfn, 4000, 200, dir, 0);
    assert.equal(addr, 0x10000000 + 4000);
    for (const at of [0x10000000, 0x10001fff]) {
      const rights = [MAY_READ, MAY_WRITE].map(access => context.translate(at, access) >= 0);
      assert.deepEqual(rights, may);
    }
    dma_unmap_page_attrs(k, limited, addr, 200, dir, 0);
    assert.equal(limited.mapping!.used, 0);
  }
});

test('no maintenance for a device that snoops, nor where the caller does without', () => {
  const { k, codec, camera } = bootWithIommu();
  const pfn = pages(k, 0);
  const heard = watching(k);
  for (const [dev, attrs] of [
    [camera, 0],
    [codec, DMA_ATTR_SKIP_CPU_SYNC],
  ] as const) {
    for (let i = 0; i < 2; i++) {
      const addr = dma_map_page_attrs(k, dev, pfn, 0, 4096, DMA_BIDIRECTIONAL, attrs);
      dma_unmap_page_attrs(k, dev, addr, 4096, DMA_BIDIRECTIONAL, attrs);
    }
    assert.deepEqual(heard.splice(0), [
      'mapped 0+4096',
      'unmapped 0+4096',
      'mapped 1000+4096',
      'unmapped 1000+4096',
    ]);
  }
});

test('entries that meet at page boundaries become one segment, 64 KiB at most', () => {
  const { k, limited } = bootWithIommu();
  const [a, b, c] = [pages(k, 0), pages(k, 2), pages(k, 4)];
  const sgl = [sg_entry(a, 64, 4032), sg_entry(b, 8192), sg_entry(b + 2, 128), sg_entry(c, 65536)];
  const heard = watching(k);
  assert.equal(__dma_map_sg_attrs(k, limited, sgl, DMA_TO_DEVICE, 0), 2);
  const segments = sgl.map(({ dma_address, dma_length }) => [dma_address - 0x10000000, dma_length]);
  assert.deepEqual(segments.slice(0, 2), [
    [4032, 64 + 8192 + 128],
    [0x10000, 65536],
  ]);
  assert.deepEqual(
    segments.slice(2).map(([, length]) => length),
    [0, 0],
  );
  const { context } = limited.mapping!.domain;
  assert.equal(context.translate(0x10000000 + 0x1000, 0), PFN_PHYS(b));
  assert.equal(context.translate(0x10000000 + 0x3000, 0), PFN_PHYS(b + 2));
  assert.deepEqual(heard.splice(0), [
    'clean 64',
    'clean 8192',
    'clean 128',
    'clean 65536',
    'mapped 10000fc0+64',
    'mapped 10001000+8320',
    'mapped 10010000+65536',
  ]);
  dma_sync_sg_for_cpu(k, limited, sgl, DMA_BIDIRECTIONAL);
  assert.deepEqual(heard.splice(0).slice(0, 4), [
    'invalidate 64',
    'invalidate 8192',
    'invalidate 128',
    'invalidate 65536',
  ]);
  dma_unmap_sg_attrs(k, limited, sgl, DMA_TO_DEVICE, 0);
  assert.deepEqual(heard, ['unmapped 10000fc0+64', 'unmapped 10001000+8320', 'unmapped 10010000+65536']);
  assert.equal(limited.mapping!.used, 0);
  limited.max_segment_size = 2 ** 32 - 1;
  const whole = [sg_entry(b, 16384), sg_entry(c, 65536)];
  assert.equal(__dma_map_sg_attrs(k, limited, whole, DMA_TO_DEVICE, 0), 1);
  assert.equal(whole[0]!.dma_length, 81920);
});

test('a list at address 0 is unmapped, unlike a page', () => {
  const { k, codec } = bootWithIommu();
  const sgl = [sg_entry(pages(k, 0), 4096)];
  assert.equal(__dma_map_sg_attrs(k, codec, sgl, DMA_FROM_DEVICE, 0), 1);
  assert.equal(sgl[0]!.dma_address, 0);
  dma_unmap_sg_attrs(k, codec, sgl, DMA_FROM_DEVICE, 0);
  assert.equal(codec.mapping!.used, 0);
});

test('without addresses nothing is mapped, and what a list had so far goes back', () => {
  const { k, limited } = bootWithIommu();
  const { mapping } = limited;
  mapping!.bitmaps[0]!.bitmap_set(1, mapping!.bits - 1);
  const pfn = pages(k, 1);
  assert.equal(dma_map_page_attrs(k, limited, pfn, 0, 8192, DMA_TO_DEVICE, 0), DMA_MAPPING_ERROR(k));
  const sgl = [sg_entry(pfn, 100), sg_entry(pfn + 1, 100)];
  assert.equal(__dma_map_sg_attrs(k, limited, sgl, DMA_TO_DEVICE, 0), -ENOMEM);
  assert.equal(sgl[1]!.dma_address, DMA_MAPPING_ERROR(k));
  assert.equal(mapping!.used, mapping!.bits - 1);
  // What the IOMMU itself refuses is the caller's mistake.
  mapping!.domain.context.map(mapping!.base, 0, 4096, 0);
  assert.equal(__dma_map_sg_attrs(k, limited, sgl, DMA_TO_DEVICE, 0), -EINVAL);
  assert.equal(mapping!.used, mapping!.bits - 1);
});

test('an address that leads nowhere makes the kernel oops', () => {
  const { k, codec } = bootWithIommu();
  dma_unmap_page_attrs(k, codec, 0x5000, 64, DMA_FROM_DEVICE, 0);
  assert.equal(logTexts(k).at(-1), 'Oops: arm_iommu_unmap_page: /codec: 0x5000 leads to no page');
});

test('another device’s registers are mapped like memory, and not maintained', () => {
  const { k, limited } = bootWithIommu();
  const heard = watching(k);
  const addr = dma_map_resource(k, limited, 0x1c090004, 4, DMA_TO_DEVICE, 0);
  assert.equal(addr, 0x10000004);
  assert.equal(limited.mapping!.domain.context.translate(addr, MAY_READ), 0x1c090004);
  dma_unmap_resource(k, limited, addr, 4, DMA_TO_DEVICE, 0);
  assert.equal(limited.mapping!.used, 0);
  assert.deepEqual(heard, []);
});

test('every mask is supported, 32 bits are required, nothing limits a mapping, and dma_alloc_pages() fails', () => {
  const { k, codec } = bootWithIommu();
  assert.equal(dma_set_mask(k, codec, DMA_BIT_MASK(8)), 0);
  assert.equal(dma_get_required_mask(k, codec), DMA_BIT_MASK(32));
  assert.equal(dma_addressing_limited(k, codec), true);
  assert.equal(dma_max_mapping_size(k, codec), 2 ** 32 - 1);
  assert.equal(dma_alloc_pages(k, codec, 4096, DMA_TO_DEVICE, GFP_KERNEL), null);
  const older = bootWithIommu({ version: '5.15' });
  assert.ok(dma_set_mask(older.k, older.codec, DMA_BIT_MASK(8)) < 0, 'until 5.19 ARM’s own test');
});
