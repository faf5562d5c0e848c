// SPDX-License-Identifier: GPL-2.0-only
/**
 * A block device whose transfers the sanitizer watches: rings and data lie in cacheable memory, and the driver is a
 * program that maintains the caches, or forgets to.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock } from '../../src/emulator/clock.js';
import { pass, Wire } from '../../src/emulator/devices/test-bench.js';
import { VirtioBlock } from '../../src/emulator/devices/virtio/block.js';
import { DiskImage, memorySource } from '../../src/emulator/devices/virtio/disk-image.js';
import { VirtioMmio } from '../../src/emulator/devices/virtio/mmio.js';
import { TestDriver } from '../../src/emulator/devices/virtio/test-driver.js';
import type { CoherencyPort } from '../../src/hw/dma/master.js';
import { DATA, TestMachine } from '../../src/sanitizer/test-machine.js';

const RING = 0x1000;
const REQUEST = 0x3000;
const SECTOR = 0x4000;
const VERSION_1 = 1;

interface Habits {
  /** Rings are mapped uncached, as dma_alloc_coherent() does for a device that does not snoop. */
  readonly uncachedRings: boolean;
  /** Requests and data are maintained, as dma_map_sg() does. */
  readonly maintains: boolean;
}

/** Reads sector 1 through the queues, then looks at what came. The findings by rule. */
function readSector(port: CoherencyPort, habits: Habits): { rules: string[]; bytes: Uint8Array } {
  const story = new TestMachine({ core: 'Cortex-A15' });
  const clock = new Clock();
  const image = new Uint8Array(2 * 512).fill(0xa5, 512);
  const transport = new VirtioMmio(clock, new VirtioBlock(new DiskImage(memorySource(image))), {
    irq: new Wire(),
    master: story.device(port, '/virtio_mmio@a000000'),
    accessPlatform: true,
  });
  const rings = habits.uncachedRings ? 'uncached' : 'cached';
  if (habits.uncachedRings) {
    // The pages come clean from the allocator, and lose their cacheable mapping.
    story.toDevice(RING, 0x1000, 'clean-invalidate');
    story.map('cached', RING, 'none');
    story.map('uncached', RING, 'uncached');
    story.tlbFlush('cached', RING);
    story.dsb();
  }
  const access = story.machine.access;
  const driver = new TestDriver(
    transport,
    {
      load: (address, size) => access.read(story.vaddr(rings, address - DATA), size),
      store: (address, bytes) => {
        access.write(story.vaddr(rings, address - DATA), bytes);
        story.dsb();
      },
    },
    [DATA + RING],
  );
  driver.start([0, VERSION_1]);
  access.write(story.vaddr('cached', REQUEST), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0));
  if (habits.maintains) {
    story.toDevice(REQUEST, 16);
    story.toDevice(SECTOR, 512, 'invalidate');
    story.toDevice(SECTOR + 0x400, 64, 'invalidate');
  }
  driver.add(0, [
    { address: DATA + REQUEST, size: 16, write: false },
    { address: DATA + SECTOR, size: 512, write: true },
    { address: DATA + SECTOR + 0x400, size: 1, write: true },
  ]);
  pass(clock, 10_000);
  assert.deepEqual(driver.returned(0), [{ head: 0, written: 513 }]);
  if (habits.maintains) {
    story.fromDevice(SECTOR, 512);
    story.fromDevice(SECTOR + 0x400, 64);
  }
  const bytes = access.read(story.vaddr('cached', SECTOR), 512);
  return { rules: [...new Set(story.findings.map(({ rule }) => rule))].sort(), bytes };
}

test('a driver that uses the DMA API on a device that does not snoop', () => {
  const { rules, bytes } = readSector('none', { uncachedRings: true, maintains: true });
  assert.deepEqual(rules, []);
  assert.deepEqual(bytes, new Uint8Array(512).fill(0xa5));
});

test('a driver that takes the device for coherent, and it is', () => {
  assert.deepEqual(readSector('ace-lite', { uncachedRings: false, maintains: false }).rules, []);
});

test('a driver that takes the device for coherent, and it is not', () => {
  const { rules } = readSector('none', { uncachedRings: false, maintains: false });
  assert.ok(rules.includes('device-reads-old-data'), rules.join());
  assert.ok(rules.includes('stale-read'), rules.join());
});
