// SPDX-License-Identifier: GPL-2.0-only
/** R3: video frames that old dirty lines are written over. */
import { hex, KiB } from '../../base/address.js';
import { inputError, invariant } from '../../base/diagnostics.js';
import { page_address } from '../../linux/arch/arm/include/asm/memory.js';
import { DMA_ATTR_NO_KERNEL_MAPPING } from '../../linux/include/linux/dma-mapping.js';
import { GFP_KERNEL } from '../../linux/include/linux/gfp.js';
import { PAGE_SIZE, PFN_DOWN, PFN_PHYS } from '../../linux/include/linux/pfn.js';
import { dma_alloc_attrs } from '../../linux/kernel/dma/mapping.js';
import type { Kernel } from '../../linux/kernel.js';
import { cma_alloc, cma_release } from '../../linux/mm/cma.js';
import { kmap_atomic, kunmap_atomic } from '../../linux/mm/highmem.js';
import { masterOf } from '../../workloads/masters.js';
import { bundledJob } from '../bundled.js';
import { pattern } from './exchange.js';
import type { Cell, Row, ScenarioFinding, ScenarioResult } from './result.js';
import type { Scenario, ScenarioOptions } from './scenario.js';
import { bootJob, deviceAt, errorRules, foundIn } from './watched.js';

const id = 'r3-no-kernel-mapping';
const title = 'Frames of a video decoder without kernel mapping';

const DECODER = '/soc/vpu@2040000';
const FRAME_BYTES: number = 128 * KiB;
const DESIGNS: readonly string[] = ['legacy', 'prep-fix', 'step1', 'step2'];

/** Default contiguous area in lowmem (which ends at 0x40000000 here) and above. */
const PLACES = [
  { name: 'CMA in lowmem', cmdline: 'cma=64M@0-0x30000000' },
  { name: 'CMA in highmem', cmdline: '' },
] as const;

/** Somebody else's data in the pages that the decoder will get: a page cache, say. They are left in the caches. */
function earlierOwner(k: Kernel): void {
  const area = k.cma.dma_contiguous_default_area;
  const pages = FRAME_BYTES / PAGE_SIZE;
  const pfn = cma_alloc(k, area, pages, 0, true);
  invariant(pfn !== null, 'the contiguous area is empty at first');
  const old = pattern(PAGE_SIZE, 29);
  for (let page = pfn; page < pfn + pages; page++) {
    const direct = page_address(k, page);
    const vaddr = direct ?? kmap_atomic(k, page);
    k.machine.access.write(vaddr, old);
    if (direct === null) kunmap_atomic(k, vaddr);
  }
  cma_release(k, area, pfn, pages);
}

/** The hardware goes on until the caches have given back what was in them. */
function evictEverything(k: Kernel): void {
  const { live } = k.machine;
  invariant(live !== null, 'only caches that hold data evict it');
  const vaddr = page_address(k, PFN_DOWN(k.memory.PHYS_OFFSET))!;
  // Other work of the CPU: more memory than all caches together hold.
  for (let round = 0; round < 2; round++) k.machine.access.scan(vaddr + 16 * 1024 * KiB, 4096 * KiB);
}

function decode(
  design: string,
  place: (typeof PLACES)[number],
  seed: number,
): { cell: Cell; findings: ScenarioFinding[] } {
  const { k, sanitizer } = bootJob({ ...bundledJob('sabre-sd', [])!, cmdline: place.cmdline }, design, {
    seed,
  });
  const dev = deviceAt(k, DECODER);
  earlierOwner(k);
  const buffer = dma_alloc_attrs(k, dev, FRAME_BYTES, GFP_KERNEL, DMA_ATTR_NO_KERNEL_MAPPING);
  if (buffer === null) inputError('no-memory-left', 'no frame buffer');
  invariant(
    buffer.cookie && (PFN_PHYS(buffer.cpu_addr) as number) === buffer.dma_handle,
    'the decoder sees physical addresses',
  );
  const master = masterOf(k, dev);
  const frame = pattern(FRAME_BYTES, 61);
  master.write(buffer.dma_handle, frame);
  evictEverything(k);
  // The decoder reads its reference frame.
  const read = master.read(buffer.dma_handle, FRAME_BYTES)!;
  const found = sanitizer.takeFindings();
  const rules = errorRules(found).join(', ') || 'silent';
  return {
    cell: { text: `${rules}; ${damage(frame, read)}`, ...firstDamage(frame, read) },
    findings: foundIn(`${design}, ${place.name}`, found),
  };
}

function damage(frame: Uint8Array, read: Uint8Array): string {
  const wrong = read.reduce((count, byte, index) => count + (byte === frame[index] ? 0 : 1), 0);
  return wrong === 0 ? 'frame intact' : `${wrong} of ${FRAME_BYTES} bytes wrong`;
}

/** The first wrong bytes beside the right ones. */
function firstDamage(frame: Uint8Array, read: Uint8Array): { reason?: string } {
  const at = read.findIndex((byte, index) => byte !== frame[index]);
  if (at < 0) return {};
  const text = (bytes: Uint8Array): string =>
    [...bytes.slice(at, at + 8)].map(byte => byte.toString(16).padStart(2, '0')).join(' ');
  return { reason: `at offset ${hex(at)} the decoder reads ${text(read)}; it wrote ${text(frame)}` };
}

function run({ seed }: ScenarioOptions): ScenarioResult {
  const findings: ScenarioFinding[] = [];
  const rows = DESIGNS.map((design): Row => {
    const runs = PLACES.map(place => decode(design, place, seed));
    findings.push(...runs.flatMap(entry => entry.findings));
    return { name: design, cells: runs.map(({ cell }) => cell) };
  });
  const columns = PLACES.map(({ name }) => name);
  const table = { title: `sabre-sd, ${DECODER}`, corner: 'design', columns, rows };
  return { scenario: id, title, seed, tables: [table], findings, notes: [] };
}

export const r3NoKernelMapping: Scenario = {
  id,
  title,
  shows: [
    'The decoder of i.MX6 (coda) asks for frames without a kernel mapping. Since 6.0 nobody cleans their pages: dirty ' +
      'lines of an earlier owner are written over what the decoder put there, whenever they happen to be evicted. The ' +
      'posted fix cleans by the address in the direct map, which pages in highmem do not have.',
  ],
  references: [
    'linux-arm-kernel, June 2025: coda corrupts frames on i.MX6',
    'Linux: kernel/dma/direct.c, dma_direct_alloc_no_mapping() (v6.12)',
  ],
  run,
};
