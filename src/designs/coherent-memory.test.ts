// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where coherent memory comes from and how it is mapped, design by design, on booted kernels. The statements
 * about `legacy` are what 6.12 and 6.1 were seen to do.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootTestKernel, logTexts, POISON, probeDevice } from '../../tests/support/test-kernel.js';
import { KiB, MiB } from '../base/address.js';
import { Observer } from '../hw/observer.js';
import { __pa, PageHighMem } from '../linux/arch/arm/include/asm/memory.js';
import type { device } from '../linux/include/linux/device.js';
import {
  DMA_ATTR_NO_KERNEL_MAPPING,
  DMA_ATTR_NO_WARN,
  DMA_BIDIRECTIONAL,
} from '../linux/include/linux/dma-mapping.js';
import { GFP_ATOMIC, GFP_KERNEL } from '../linux/include/linux/gfp.js';
import { PFN_PHYS } from '../linux/include/linux/pfn.js';
import {
  type DmaBuffer,
  dma_alloc_attrs,
  dma_alloc_coherent,
  dma_alloc_pages,
  dma_free_attrs,
  dma_free_coherent,
} from '../linux/kernel/dma/mapping.js';
import type { Kernel } from '../linux/kernel.js';
import { cma_used_pages } from '../linux/mm/cma.js';
import { is_vmalloc_addr } from '../linux/mm/vmalloc.js';

/** C and B of Linux's page entries: 0x1c is cached and allocating, 0x04 is Normal non-cacheable. */
const MEMORY_TYPE = 0x3c;
const CACHED = 0x1c;
const UNCACHED = 0x04;

function memoryType(k: Kernel, vaddr: number): number {
  const mapping = k.mmu.pgtable.mappingAt(k, vaddr);
  assert.equal(mapping.kind, 'page');
  return mapping.linux.lo & MEMORY_TYPE;
}

function paddrOf(k: Kernel, buffer: DmaBuffer): number {
  return buffer.cookie ? PFN_PHYS(buffer.cpu_addr) : k.mmu.pgtable.mappingAt(k, buffer.cpu_addr).paddr;
}

/** Handles are physical addresses on these boards, as no bus translates. */
function holds(k: Kernel, address: number, size: number, byte: number): boolean {
  return k.machine.ram.isFilledWith(address, size, byte);
}

function fillWith(k: Kernel, address: number, size: number, byte: number): void {
  k.machine.ram.fill(address, size, byte);
}

function cmaUsed(k: Kernel): number {
  const area = k.cma.dma_contiguous_default_area;
  return area ? cma_used_pages(area) : 0;
}

function allocate(k: Kernel, dev: device, size: number, gfp = GFP_KERNEL, attrs = 0): DmaBuffer {
  const buffer = dma_alloc_attrs(k, dev, size, gfp, attrs);
  assert.ok(buffer, `no buffer of ${size} bytes`);
  return buffer;
}

/** Bytes that were cleaned and invalidated while it watched. */
class FlushWatch extends Observer {
  bytes = 0;

  override innerMaintenance(_cpu: number, operation: string, _vaddr: number, size: number): void {
    if (operation === 'clean-invalidate') this.bytes += size;
  }
}

function flushedBy(k: Kernel, action: () => void): number {
  const watch = new FlushWatch();
  k.machine.observer = watch;
  action();
  k.machine.observer = null;
  return watch.bytes;
}

const RESTRICTED = {
  reserved:
    'pool@4a000000 { compatible = "restricted-dma-pool"; reg = <0x4a000000 0x400000>; phandle = <1>; };',
  nodes: 'restricted { memory-region = <1>; };',
};

test('legacy: even one page comes out of CMA, uncached in place, and goes back cached', () => {
  for (const version of ['6.12', '6.1', '5.15'] as const) {
    const k = bootTestKernel({ design: 'legacy', version });
    const dev = probeDevice(k, '/plain');
    assert.equal(cmaUsed(k), 64);
    const buffer = allocate(k, dev, 4096);
    assert.equal(buffer.dma_handle, 0x4f040000);
    assert.equal(__pa(k, buffer.cpu_addr), buffer.dma_handle);
    assert.equal(memoryType(k, buffer.cpu_addr), UNCACHED);
    assert.ok(holds(k, buffer.dma_handle, 4096, 0));
    dma_free_coherent(k, dev, 4096, buffer);
    assert.equal(memoryType(k, buffer.cpu_addr), CACHED);
    assert.equal(cmaUsed(k), 64);
  }
});

test('legacy: a full CMA area means NULL, although the page allocator has memory', () => {
  const k = bootTestKernel({ design: 'legacy' });
  const dev = probeDevice(k, '/plain');
  for (let i = 0; i < 15; i++) allocate(k, dev, MiB, GFP_KERNEL, DMA_ATTR_NO_WARN);
  assert.equal(dma_alloc_attrs(k, dev, MiB, GFP_KERNEL, DMA_ATTR_NO_WARN), null);
});

test('step1 and step2: a full CMA area means pages of the page allocator', () => {
  for (const design of ['step1', 'step2']) {
    const k = bootTestKernel({ design });
    const dev = probeDevice(k, '/plain');
    for (let i = 0; i < 15; i++) allocate(k, dev, MiB, GFP_KERNEL, DMA_ATTR_NO_WARN);
    const buffer = allocate(k, dev, MiB, GFP_KERNEL, DMA_ATTR_NO_WARN);
    assert.ok(paddrOf(k, buffer) < 0x4f000000);
    assert.ok(is_vmalloc_addr(k, buffer.cpu_addr));
  }
});

test('legacy without CMA: the rest of the power of two is given back, and the buffer is remapped', () => {
  const k = bootTestKernel({ design: 'legacy', cmdline: 'cma=0' });
  const dev = probeDevice(k, '/plain');
  const free = () => k.pages.zones.reduce((sum, zone) => sum + zone.free_pages + zone.pcp.count, 0);
  dma_free_coherent(k, dev, 4096, allocate(k, dev, 4096));
  const before = free();
  const buffer = allocate(k, dev, 20 * KiB);
  assert.equal(before - free(), 5);
  assert.ok(is_vmalloc_addr(k, buffer.cpu_addr));
  assert.equal(memoryType(k, buffer.cpu_addr + 0x4000), UNCACHED);
  dma_free_coherent(k, dev, 20 * KiB, buffer);
  assert.equal(free(), before);
  assert.equal(dma_alloc_coherent(k, dev, 4 * MiB + 4096, GFP_KERNEL), null);
});

test('step1 without CMA: the whole power of two is kept', () => {
  const k = bootTestKernel({ design: 'step1', cmdline: 'cma=0' });
  const dev = probeDevice(k, '/plain');
  const free = () => k.pages.zones.reduce((sum, zone) => sum + zone.free_pages + zone.pcp.count, 0);
  dma_free_coherent(k, dev, 4096, allocate(k, dev, 4096));
  const before = free();
  dma_free_coherent(k, dev, 20 * KiB, allocate(k, dev, 20 * KiB));
  const buffer = allocate(k, dev, 20 * KiB);
  assert.equal(before - free(), 8);
  dma_free_coherent(k, dev, 20 * KiB, buffer);
});

test('legacy: the atomic pool has 64 pages, is silent when empty, and does not zero again', () => {
  const k = bootTestKernel({ design: 'legacy' });
  const dev = probeDevice(k, '/plain');
  const buffers = Array.from({ length: 64 }, () => allocate(k, dev, 4096, GFP_ATOMIC));
  const lines = k.log.lines.length;
  assert.equal(dma_alloc_coherent(k, dev, 4096, GFP_ATOMIC), null);
  assert.equal(k.log.lines.length, lines);
  const first = buffers[0]!;
  fillWith(k, first.dma_handle, 4096, POISON);
  dma_free_coherent(k, dev, 4096, first);
  const again = allocate(k, dev, 4096, GFP_ATOMIC);
  assert.deepEqual(again, first);
  assert.ok(holds(k, again.dma_handle, 4096, POISON));
});

test('generic pools: 128 KiB at first, zeroed each time, a warning when empty, and growth later', () => {
  const k = bootTestKernel({ design: 'step1' });
  const dev = probeDevice(k, '/plain');
  const buffers = Array.from({ length: 32 }, () => allocate(k, dev, 4096, GFP_ATOMIC));
  assert.equal(dma_alloc_coherent(k, dev, 4096, GFP_ATOMIC), null);
  assert.equal(logTexts(k).at(-1), 'DMA pool exhausted for /plain');
  fillWith(k, buffers[0]!.dma_handle, 4096, POISON);
  dma_free_coherent(k, dev, 4096, buffers[0]!);
  const again = allocate(k, dev, 4096, GFP_ATOMIC);
  assert.ok(holds(k, again.dma_handle, 4096, 0));
  assert.equal(k.workqueue.run(), 1);
  assert.equal(k.dma.atomic_pool_kernel?.gen_pool_size(), 256 * KiB);
  allocate(k, dev, 4096, GFP_ATOMIC);
  assert.equal(k.workqueue.run(), 1);
  assert.equal(k.dma.atomic_pool_kernel?.gen_pool_size(), 512 * KiB);
  assert.equal(k.dma.pool_size_kernel, 512 * KiB);
});

test('pools say at boot what they took; v1 has both kinds', () => {
  const arm = 'DMA: preallocated 256 KiB pool for atomic coherent allocations';
  const generic = 'DMA: preallocated 128 KiB GFP_KERNEL pool for atomic allocations';
  const said = (design: string) =>
    logTexts(bootTestKernel({ design })).filter(text => text.startsWith('DMA:'));
  assert.deepEqual(said('legacy'), [arm]);
  assert.deepEqual(said('v1'), [arm, generic]);
  assert.deepEqual(said('step2p'), [generic]);
  const zoned = bootTestKernel({ design: 'step1', symbols: { ZONE_DMA: true }, cmdline: 'coherent_pool=1M' });
  assert.deepEqual(
    logTexts(zoned).filter(text => text.startsWith('DMA:')),
    [
      'DMA: preallocated 1024 KiB GFP_KERNEL pool for atomic allocations',
      'DMA: preallocated 1024 KiB GFP_KERNEL|GFP_DMA pool for atomic allocations',
    ],
  );
});

test('step2p makes its pool uncached in place, step2 does not', () => {
  const inPlace = bootTestKernel({ design: 'step2p' }).dma.atomic_pool_kernel?.chunks[0];
  const remapped = bootTestKernel({ design: 'step2' });
  assert.equal(inPlace?.start_addr, 0xcf000000);
  const chunk = remapped.dma.atomic_pool_kernel?.chunks[0];
  assert.ok(chunk && is_vmalloc_addr(remapped, chunk.start_addr));
  assert.equal(memoryType(remapped, chunk.start_addr), UNCACHED);
  assert.equal(memoryType(remapped, 0xcf000000), CACHED);
});

test('NO_KERNEL_MAPPING: legacy neither zeroes nor flushes, step1 does both for lowmem; 5.15 did, too', () => {
  const seen = (design: string, version: '6.12' | '5.15') => {
    const k = bootTestKernel({ design, version });
    const dev = probeDevice(k, '/plain');
    let buffer: DmaBuffer | null = null;
    const flushed = flushedBy(k, () => {
      buffer = allocate(k, dev, 64 * KiB, GFP_KERNEL, DMA_ATTR_NO_KERNEL_MAPPING);
    });
    assert.ok(buffer !== null);
    const { cookie, cpu_addr, dma_handle } = buffer as DmaBuffer;
    assert.equal(PFN_PHYS(cpu_addr), dma_handle);
    const zero = holds(k, dma_handle, 64 * KiB, 0);
    dma_free_attrs(k, dev, 64 * KiB, buffer, DMA_ATTR_NO_KERNEL_MAPPING);
    return { cookie, flushed, zero };
  };
  assert.deepEqual(seen('legacy', '6.12'), { cookie: true, flushed: 0, zero: false });
  assert.deepEqual(seen('step1', '6.12'), { cookie: true, flushed: 64 * KiB, zero: true });
  assert.deepEqual(seen('legacy', '5.15'), { cookie: true, flushed: 64 * KiB, zero: true });
});

test('a coherent device gets cached memory of the direct map in every design', () => {
  for (const design of ['legacy', 'v1', 'step1', 'step2']) {
    const k = bootTestKernel({ design });
    const dev = probeDevice(k, '/snooping');
    const used = cmaUsed(k);
    const buffer = allocate(k, dev, 8 * KiB);
    assert.equal(__pa(k, buffer.cpu_addr), buffer.dma_handle);
    assert.equal(memoryType(k, buffer.cpu_addr), CACHED);
    assert.equal(cmaUsed(k), used + 2);
    dma_free_coherent(k, dev, 8 * KiB, buffer);
    assert.equal(memoryType(k, buffer.cpu_addr), CACHED);
    const warnings = k.log.lines.filter(line => line.level === 'WARNING');
    assert.deepEqual(warnings, [], design);
  }
});

test('legacy: freeing a wrong address warns and frees nothing', () => {
  const k = bootTestKernel({ design: 'legacy' });
  const dev = probeDevice(k, '/plain');
  const buffer = allocate(k, dev, 4096);
  const used = cmaUsed(k);
  dma_free_coherent(k, dev, 4096, { ...buffer, cpu_addr: buffer.cpu_addr + 4096 });
  assert.match(logTexts(k).at(-1) ?? '', /^Freeing invalid buffer cf041000$/);
  assert.equal(cmaUsed(k), used);
});

test('a mask that does not reach CMA: legacy hands it out all the same, generic code does not', () => {
  const limited = (design: string) => {
    const k = bootTestKernel({
      design,
      nodes: `bus { #address-cells = <1>; #size-cells = <1>; dma-ranges = <0x40000000 0x40000000 0x8000000>; dev { }; };`,
    });
    const dev = probeDevice(k, '/bus/dev');
    assert.equal(dev.bus_dma_limit, 0x47ffffff);
    return { k, dev, buffer: dma_alloc_coherent(k, dev, 64 * KiB, GFP_KERNEL) };
  };
  const { k, dev, buffer } = limited('legacy');
  assert.equal(buffer?.dma_handle, 0xffffffff);
  dma_free_coherent(k, dev, 64 * KiB, buffer);
  assert.match(logTexts(k).at(-1) ?? '', /^Oops: __arm_dma_free/);

  // The page allocator serves from the top, above the limit, and there is no ZONE_DMA to try.
  const generic = limited('step1');
  const reached = generic.buffer;
  assert.ok(reached === null || reached.dma_handle + 64 * KiB - 1 <= 0x47ffffff);
  assert.equal(cmaUsed(generic.k), 32);
});

test('a device with a coherent pool of its own gets nothing else, even when the pool is full', () => {
  const k = bootTestKernel({
    design: 'step1',
    reserved:
      'own@4a000000 { compatible = "shared-dma-pool"; no-map; reg = <0x4a000000 0x100000>; phandle = <1>; };',
    nodes: 'declared { memory-region = <1>; };',
  });
  const dev = probeDevice(k, '/declared');
  const buffer = allocate(k, dev, MiB);
  assert.equal(buffer.dma_handle, 0x4a000000);
  assert.equal(dma_alloc_coherent(k, dev, 4096, GFP_KERNEL), null);
  dma_free_coherent(k, dev, MiB, buffer);
  assert.equal(allocate(k, dev, 4096).dma_handle, 0x4a000000);
});

test('restricted pool: legacy refuses, with one warning on 6.12 and none on 6.1; dma_alloc_pages works', () => {
  const refusals = (version: '6.12' | '6.1') => {
    const k = bootTestKernel({ design: 'legacy', version, ...RESTRICTED });
    const dev = probeDevice(k, '/restricted');
    assert.equal(dma_alloc_coherent(k, dev, 4096, GFP_KERNEL), null);
    assert.equal(dma_alloc_coherent(k, dev, 4096, GFP_ATOMIC), null);
    assert.equal(dma_alloc_pages(k, dev, 4096, DMA_BIDIRECTIONAL, GFP_KERNEL)?.dma_handle, 0x4a000000);
    return logTexts(k).filter(text => text.startsWith('coherent DMA allocations not supported')).length;
  };
  assert.equal(refusals('6.12'), 1);
  assert.equal(refusals('6.1'), 0);
});

test('restricted pool on 5.15: with LPAE memory goes out cached, without LPAE the pool is ignored', () => {
  const first = (lpae: boolean) => {
    const symbols = lpae ? { ARM_LPAE: true, ARCH_DMA_ADDR_T_64BIT: true } : {};
    const k = bootTestKernel({ design: 'legacy', version: '5.15', symbols, ...RESTRICTED });
    return { k, buffer: allocate(k, probeDevice(k, '/restricted'), 4096) };
  };
  const cached = first(true);
  assert.equal(cached.buffer.dma_handle, 0x4a000000);
  assert.equal(__pa(cached.k, cached.buffer.cpu_addr), 0x4a000000);
  assert.equal(cached.k.mmu.pgtable.mappingAt(cached.k, cached.buffer.cpu_addr).kind, 'section');
  const ignored = first(false);
  assert.equal(ignored.buffer.dma_handle, 0x4f040000);
  assert.equal(memoryType(ignored.k, ignored.buffer.cpu_addr), UNCACHED);
});

test('restricted pool: v1 remaps without flushing, step1 and step2 flush first', () => {
  for (const [design, flushed] of [
    ['v1', 0],
    ['step1', 8 * KiB],
    ['step2', 8 * KiB],
  ] as const) {
    const k = bootTestKernel({ design, ...RESTRICTED });
    const dev = probeDevice(k, '/restricted');
    let buffer: DmaBuffer | null = null;
    const bytes = flushedBy(k, () => {
      buffer = allocate(k, dev, 8 * KiB);
    });
    assert.equal(bytes, flushed, design);
    const { cpu_addr, dma_handle } = buffer as unknown as DmaBuffer;
    assert.equal(dma_handle, 0x4a000000);
    assert.ok(is_vmalloc_addr(k, cpu_addr));
    assert.equal(memoryType(k, cpu_addr), UNCACHED);
    dma_free_coherent(k, dev, 8 * KiB, buffer);
    assert.equal(allocate(k, dev, 8 * KiB).dma_handle % 0x2000, 0);
  }
});

test('restricted pool with interrupts off: generic code sleeps where it must not', () => {
  const k = bootTestKernel({ design: 'step1', ...RESTRICTED });
  const dev = probeDevice(k, '/restricted');
  k.dma.irqs_disabled = true;
  assert.ok(dma_alloc_coherent(k, dev, 4096, GFP_ATOMIC));
  assert.match(logTexts(k).at(-1) ?? '', /sleeping function called from invalid context/);
});

test('v1 reaches only restricted devices on 6.12, and everybody on 6.1, where nothing is flushed', () => {
  const first = (version: '6.12' | '6.1') => {
    const k = bootTestKernel({ design: 'v1', version });
    const dev = probeDevice(k, '/plain');
    let buffer: DmaBuffer | null = null;
    const flushed = flushedBy(k, () => {
      buffer = allocate(k, dev, 8 * KiB);
    });
    return { flushed, remapped: is_vmalloc_addr(k, (buffer as unknown as DmaBuffer).cpu_addr) };
  };
  assert.deepEqual(first('6.12'), { flushed: 8 * KiB, remapped: false });
  assert.deepEqual(first('6.1'), { flushed: 0, remapped: true });
});

test('step1 leaves a cached alias of CMA memory, step2 leaves none; one page is remapped in both', () => {
  for (const [design, inPlace] of [
    ['step1', false],
    ['step2', true],
  ] as const) {
    const k = bootTestKernel({ design });
    const dev = probeDevice(k, '/plain');
    const buffer = allocate(k, dev, 8 * KiB);
    assert.equal(buffer.dma_handle, 0x4f020000);
    assert.equal(is_vmalloc_addr(k, buffer.cpu_addr), !inPlace);
    assert.equal(memoryType(k, 0xcf020000), inPlace ? UNCACHED : CACHED);
    dma_free_coherent(k, dev, 8 * KiB, buffer);
    assert.equal(memoryType(k, 0xcf020000), CACHED);
    const page = allocate(k, dev, 4096);
    assert.ok(is_vmalloc_addr(k, page.cpu_addr));
    assert.ok(page.dma_handle < 0x4f000000);
  }
});

test('CMA in highmem: every design remaps, and coherent devices get a cached mapping', () => {
  for (const design of ['legacy', 'step1', 'step2']) {
    const k = bootTestKernel({ design, memoryMiB: 1024 });
    const plain = allocate(k, probeDevice(k, '/plain'), 8 * KiB);
    assert.ok(PageHighMem(k, plain.dma_handle / 4096));
    assert.ok(is_vmalloc_addr(k, plain.cpu_addr));
    assert.equal(memoryType(k, plain.cpu_addr), UNCACHED);
    const snooping = allocate(k, probeDevice(k, '/snooping'), 8 * KiB);
    assert.ok(is_vmalloc_addr(k, snooping.cpu_addr));
    assert.equal(memoryType(k, snooping.cpu_addr), CACHED);
    assert.ok(holds(k, snooping.dma_handle, 8 * KiB, 0));
  }
});

test('NO_KERNEL_MAPPING in highmem is flushed by no design', () => {
  for (const design of ['legacy', 'step1', 'step2']) {
    const k = bootTestKernel({ design, memoryMiB: 1024 });
    const dev = probeDevice(k, '/plain');
    const flushed = flushedBy(k, () => {
      const buffer = allocate(k, dev, 64 * KiB, GFP_KERNEL, DMA_ATTR_NO_KERNEL_MAPPING);
      assert.ok(PageHighMem(k, buffer.cpu_addr));
    });
    assert.equal(flushed, 0, design);
  }
});
