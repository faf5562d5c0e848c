// SPDX-License-Identifier: GPL-2.0-only
/**
 * Every buffer of the workload is freed, and then the kernel has what it had: pages of the zones, contiguous
 * areas, vmalloc space, pools. On every bundled board, under every design, after every device.
 */
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { test } from 'node:test';
import { designs } from '../../src/designs/index.js';
import { bootDesign } from '../../src/lab/boot.js';
import { bundledJobs } from '../../src/lab/bundled.js';
import { prepare } from '../../src/lab/job.js';
import { GFP_ATOMIC, GFP_KERNEL } from '../../src/linux/include/linux/gfp.js';
import { dma_alloc_coherent, dma_free_coherent } from '../../src/linux/kernel/dma/mapping.js';
import {
  atomicBurst,
  megabyteBuffers,
  runCoherent,
  worksWithoutVmallocSpace,
} from '../../src/workloads/coherent-run.js';
import { groupAlike, probeDevices } from '../../src/workloads/devices.js';
import { lostMemory, memoryTaken } from '../../src/workloads/memory-taken.js';

for (const job of bundledJobs([])) {
  test(`${basename(job.path, '.dts')}: nothing is lost under any design`, () => {
    for (const baseline of [undefined, '6.1'] as const) {
      const prepared = prepare({ ...job, ...(baseline && { baseline }) });
      for (const design of designs) {
        const k = bootDesign(prepared, design);
        for (const { dev } of groupAlike(k, probeDevices(k))) {
          const before = memoryTaken(k, dev);
          runCoherent(k, dev);
          assert.deepEqual(memoryTaken(k, dev), before, `${design.name}, ${dev.name}: workload`);
          atomicBurst(k, dev);
          megabyteBuffers(k, dev);
          worksWithoutVmallocSpace(k, dev);
          k.workqueue.run();
          assert.deepEqual(memoryTaken(k, dev), before, `${design.name}, ${dev.name}: exhaustion`);
        }
      }
    }
  });
}

test('a buffer that is not freed is noticed, whichever allocator it is from', () => {
  for (const [board, kinds] of [
    ['beaglebone-black', [GFP_KERNEL, GFP_ATOMIC]],
    ['versatile-pb', [GFP_KERNEL, GFP_ATOMIC]],
    ['restricted-vm', [GFP_KERNEL]],
  ] as const) {
    const prepared = prepare(bundledJobs([]).find(({ path }) => path.endsWith(`/${board}.dts`))!);
    // Both have no buffer of a restricted pool.
    for (const design of designs.filter(({ name }) => name !== 'legacy' && name !== 'prep-fix')) {
      const k = bootDesign(prepared, design);
      for (const { dev } of groupAlike(k, probeDevices(k))) {
        for (const gfp of kinds) {
          const before = memoryTaken(k, dev);
          const buffer = dma_alloc_coherent(k, dev, 16384, gfp);
          assert.ok(buffer, `${board}, ${design.name}, ${dev.name}`);
          assert.notEqual(lostMemory(k, dev, before), null);
          dma_free_coherent(k, dev, 16384, buffer);
          assert.equal(lostMemory(k, dev, before), null);
        }
      }
    }
  }
});
