// SPDX-License-Identifier: GPL-2.0-only
/** T2: sixteen coherent regions in a restricted pool, of which the device sees one after the other. */
import { inputError } from '../../base/diagnostics.js';
import { wmb } from '../../linux/arch/arm/include/asm/barrier.js';
import type { device } from '../../linux/include/linux/device.js';
import { GFP_KERNEL } from '../../linux/include/linux/gfp.js';
import { PAGE_SIZE } from '../../linux/include/linux/pfn.js';
import { type DmaBuffer, dma_alloc_coherent } from '../../linux/kernel/dma/mapping.js';
import type { Kernel } from '../../linux/kernel.js';
import { probeDevices } from '../../workloads/devices.js';
import { masterOf } from '../../workloads/masters.js';
import type { Watched } from '../boot.js';
import { bundledJob } from '../bundled.js';
import { equalBytes, pattern } from './exchange.js';
import type { Row, ScenarioResult } from './result.js';
import type { Scenario, ScenarioOptions } from './scenario.js';
import { bootJob, foundIn } from './watched.js';

const id = 't2-sixteen-regions';
const title = 'Sixteen coherent regions reach the device one by one';

const REGIONS = 16;
const MESSAGE_BYTES = 32;
/** Things that the hardware does between two looks of the device. */
const STEPS = 8;
/** Looks until we stop waiting. */
const LOOKS = 400;

interface Region {
  readonly buffer: DmaBuffer;
  readonly message: Uint8Array;
}

function allocateRegions(k: Kernel, dev: device): Region[] {
  return Array.from({ length: REGIONS }, (_, index) => {
    const buffer = dma_alloc_coherent(k, dev, PAGE_SIZE, GFP_KERNEL);
    if (buffer === null) inputError('no-memory-left', `no region ${index + 1} in the pool`);
    return { buffer, message: pattern(MESSAGE_BYTES, index * 5) };
  });
}

/** One character a region: `#` where the device reads what the CPU wrote. */
function look(k: Kernel, dev: device, regions: readonly Region[]): boolean[] {
  const master = masterOf(k, dev);
  return regions.map(({ buffer, message }) =>
    equalBytes(master.read(buffer.dma_handle, MESSAGE_BYTES), message),
  );
}

/** The device on which the case is seen: the first that has the pool. */
function boot(version: '5.15' | '6.12', design: string): Watched & { dev: device } {
  const watched = bootJob({ ...bundledJob('restricted-vm', [])!, baseline: version }, design);
  const dev = probeDevices(watched.k).find(candidate => candidate.dma_io_tlb_mem?.for_alloc);
  return { ...watched, dev: dev! };
}

function waitFor(watched: Watched & { dev: device }, seed: number): { rows: Row[]; order: number[] } {
  const { k, dev } = watched;
  const regions = allocateRegions(k, dev);
  // What the CPU held before the regions were written is of no interest.
  const live = k.machine.attachCaches({ seed, speculation: 0 });
  for (const { buffer, message } of regions) k.machine.access.write(buffer.cpu_addr, message);
  wmb(k);
  const order: number[] = [];
  const rows: Row[] = [];
  for (let looks = 0; looks <= LOOKS && order.length < REGIONS; looks++) {
    for (let step = 0; looks > 0 && step < STEPS; step++) live.step();
    const seen = look(k, dev, regions);
    const fresh = seen.flatMap((isSeen, index) => (isSeen && !order.includes(index) ? [index] : []));
    if (fresh.length === 0 && looks > 0) continue;
    order.push(...fresh);
    const picture = seen.map(isSeen => (isSeen ? '#' : '.')).join('');
    rows.push({
      name: String(looks * STEPS),
      cells: [{ text: picture }, { text: fresh.map(index => index + 1).join(' ') || '-' }],
    });
  }
  return { rows, order };
}

function run({ seed }: ScenarioOptions): ScenarioResult {
  const broken = boot('5.15', 'legacy');
  const before = waitFor(broken, seed);
  const fixed = boot('6.12', 'step1');
  const after = waitFor(fixed, seed);
  const columns = ['regions 1 to 16', 'new'];
  const tables = [
    { title: '5.15 with LPAE, legacy', corner: 'hardware steps', columns, rows: before.rows },
    { title: '6.12, step1', corner: 'hardware steps', columns, rows: after.rows },
  ];
  const findings = [
    ...foundIn('5.15 with LPAE, legacy', broken.sanitizer.findings),
    ...foundIn('6.12, step1', fixed.sanitizer.findings),
  ];
  const notes = [
    `order in which the device saw them on 5.15: ${before.order.map(index => index + 1).join(' ')}`,
  ];
  return { scenario: id, title, seed, tables, findings, notes };
}

export const t2SixteenRegions: Scenario = {
  id,
  title,
  shows: [
    'On 5.15 with LPAE, coherent memory out of a restricted pool is the cached direct mapping. The CPU writes a message ' +
      'into each of sixteen regions; the device sees each of them when its line happens to be evicted: one at a time ' +
      'and out of order. The picture has a # for each region that the device reads as it was written.',
  ],
  references: ['linux-arm-kernel, September 2023: "ARM: Select DMA_DIRECT_REMAP to fix restricted DMA"'],
  run,
};
