// SPDX-License-Identifier: GPL-2.0-only
/**
 * The part of a recorded probe run that only devices behind an IOMMU have: where their addresses lead, and what they
 * are told of streaming mappings and scatterlists. Their addresses come from bitmaps and so are the same in every
 * kernel; where the memory lies is not, and is not compared.
 */
import { alignDown, alignUp } from '../../src/base/address.js';
import type { IommuDriver } from '../../src/linux/drivers/iommu/drivers.js';
import type { device } from '../../src/linux/include/linux/device.js';
import {
  DMA_ATTR_SKIP_CPU_SYNC,
  DMA_BIDIRECTIONAL,
  DMA_FROM_DEVICE,
  DMA_TO_DEVICE,
} from '../../src/linux/include/linux/dma-mapping.js';
import { GFP_KERNEL } from '../../src/linux/include/linux/gfp.js';
import { get_order, PAGE_SIZE } from '../../src/linux/include/linux/pfn.js';
import { type scatterlist, sg_entry } from '../../src/linux/include/linux/scatterlist.js';
import {
  __dma_map_sg_attrs,
  type DmaBuffer,
  dma_alloc_attrs,
  dma_free_attrs,
  dma_map_page_attrs,
  dma_sync_sg_for_cpu,
  dma_sync_single_for_cpu,
  dma_sync_single_for_device,
  dma_unmap_page_attrs,
  dma_unmap_sg_attrs,
} from '../../src/linux/kernel/dma/mapping.js';
import type { Kernel } from '../../src/linux/kernel.js';
import { __free_pages, alloc_pages } from '../../src/linux/mm/page_alloc.js';
import { runsOf } from '../../src/workloads/buffer-facts.js';
import { bareHex, type Maintenance, MaintenanceWatch } from './maintenance-watch.js';
import { gfpOf, type ProbeRecord } from './probe-records.js';
import type { ProbeTally } from './probe-tally.js';

/**
 * The recorded kernel's driver of an IOMMU that is all software. The records say that each device has a domain and
 * addresses of its own, 4 GiB from 0 on. They do not say which page sizes it has.
 */
export const SOFTWARE_IOMMU: IommuDriver = {
  symbol: 'ARM_DMA_USE_IOMMU',
  compatible: ['lab,iommu'],
  pgsizes: [PAGE_SIZE],
  group: 'device',
};

const DIRECTIONS = { BIDI: DMA_BIDIRECTIONAL, TODEV: DMA_TO_DEVICE, FROMDEV: DMA_FROM_DEVICE } as const;
const LINE_BYTES = 64;
/** What the module asks sg tables for. */
const TABLE_BYTES = 8192;

/** Pages of a buffer that the device's addresses miss. */
export function missedPages(dev: device, k: Kernel, buffer: DmaBuffer, size: number): number {
  let missed = 0;
  for (const { offset, paddr, size: bytes } of runsOf(k, buffer, size)) {
    for (let at = 0; at < bytes; at += PAGE_SIZE) {
      if (dev.dma_ops?.physOf(dev, buffer.dma_handle + offset + at) !== paddr + at) missed++;
    }
  }
  return missed;
}

/**
 * Maintenance by whole lines, each range's kind and bytes. The kernel's function to invalidate a range cleans a line
 * of which only a part belongs to it, which the model's observer hears of as another operation.
 */
function linesOf(list: readonly Maintenance[]): string {
  const lines: Record<string, number> = {};
  for (const [operation, start, end] of list) {
    const kind = operation === 'flush' ? 'inv' : operation;
    const from = alignDown(Number.parseInt(start, 16), LINE_BYTES);
    lines[kind] = (lines[kind] ?? 0) + alignUp(Number.parseInt(end, 16), LINE_BYTES) - from;
  }
  return JSON.stringify(lines);
}

export class IommuReplay {
  private readonly k: Kernel;
  private readonly tally: ProbeTally;
  private pfn = 0;
  private handle = 0;
  private sgl: scatterlist[] = [];
  private gfp = 0;

  constructor(k: Kernel, tally: ProbeTally) {
    this.k = k;
    this.tally = tally;
  }

  /** False: the record is about something else. */
  play(record: ProbeRecord, dev: device): boolean {
    const { op } = record;
    if (op === 'map_single' || op === 'map_page') this.map(record, dev);
    else if (op === 'unmap_single' || op === 'unmap_page') this.unmap(record, dev);
    else if (op === 'sync_cpu' || op === 'sync_dev') this.sync(record, dev);
    else if (op === 'map_sg') this.mapSg(record, dev);
    else if (op === 'sync_sg_cpu' || op === 'unmap_sg') this.endSg(record, dev);
    else if (op === 'iommu_sgt') this.gfp = gfpOf(record);
    else if (op === 'iommu_sgt_done') this.table(record, dev);
    else return false;
    return true;
  }

  private watched<T>(record: ProbeRecord, call: () => T): T {
    const watch = new MaintenanceWatch();
    this.k.machine.observer = watch;
    const result = call();
    this.k.machine.observer = null;
    this.tally.compare(
      record,
      'maintenance of streaming memory',
      linesOf(record.mnt ?? []),
      linesOf(watch.list),
    );
    return result;
  }

  private map(record: ProbeRecord, dev: device): void {
    const { k } = this;
    const { off, len, skip } = record;
    this.pfn = alloc_pages(k, GFP_KERNEL, get_order(off! + len!))!;
    this.handle = this.watched(record, () =>
      dma_map_page_attrs(
        k,
        dev,
        this.pfn,
        off!,
        len!,
        directionOf(record),
        skip ? DMA_ATTR_SKIP_CPU_SYNC : 0,
      ),
    );
    this.tally.compare(record, 'address of streaming memory', record.dma, bareHex(this.handle));
  }

  private unmap(record: ProbeRecord, dev: device): void {
    const { k, handle } = this;
    const { off, len, skip } = record;
    const attrs = skip ? DMA_ATTR_SKIP_CPU_SYNC : 0;
    this.watched(record, () => dma_unmap_page_attrs(k, dev, handle, len!, directionOf(record), attrs));
    __free_pages(k, this.pfn, get_order(off! + len!));
  }

  private sync(record: ProbeRecord, dev: device): void {
    const sync = record.op === 'sync_cpu' ? dma_sync_single_for_cpu : dma_sync_single_for_device;
    this.watched(record, () => sync(this.k, dev, this.handle, record.len!, directionOf(record)));
  }

  private mapSg(record: ProbeRecord, dev: device): void {
    const { k } = this;
    this.sgl = record.sg!.map(([paddr, , length]) => {
      const pfn = alloc_pages(k, GFP_KERNEL, 1)!;
      return sg_entry(pfn, length, Number.parseInt(paddr, 16) % PAGE_SIZE);
    });
    const n = this.watched(record, () => __dma_map_sg_attrs(k, dev, this.sgl, directionOf(record), 0));
    this.tally.compare(record, 'segments of a list', record.n, n);
    const modelled = this.sgl.slice(0, n).map(sg => [bareHex(sg.dma_address), sg.dma_length]);
    this.tally.compare(
      record,
      'addresses of a list',
      record.sg!.map(([, dma, length]) => [dma, length]),
      modelled,
    );
  }

  private endSg(record: ProbeRecord, dev: device): void {
    const { k, sgl } = this;
    const dir = directionOf(record);
    this.watched(record, () => {
      if (record.op === 'sync_sg_cpu') dma_sync_sg_for_cpu(k, dev, sgl, dir);
      else dma_unmap_sg_attrs(k, dev, sgl, dir, 0);
    });
    if (record.op === 'unmap_sg') for (const { pfn } of sgl) __free_pages(k, pfn, 1);
  }

  private table(record: ProbeRecord, dev: device): void {
    const { k, gfp } = this;
    const buffer = dma_alloc_attrs(k, dev, TABLE_BYTES, gfp, 0)!;
    const table = dev.dma_ops!.get_sgtable(k, dev, buffer, TABLE_BYTES, 0);
    const isError = typeof table === 'number';
    this.tally.compare(record, 'get_sgtable behind an IOMMU', record.ret, isError ? table : 0);
    // Pages of the pool are in one run, and are garbage; of other memory the place decides.
    if (k.dma.poolOf(buffer.cpu_addr) !== undefined && !isError) {
      this.tally.compare(record, 'entries of an sg table', record.nents, table.length);
      const pages = runsOf(k, buffer, TABLE_BYTES).map(({ paddr }) => bareHex(paddr));
      const leads = !isError && pages.includes(bareHex(table[0]!.pfn * PAGE_SIZE));
      this.tally.compare(record, 'sg table leads to the buffer', pages.includes(record.sgphys!), leads);
    }
    dma_free_attrs(k, dev, TABLE_BYTES, buffer, 0);
  }
}

function directionOf({ dir }: ProbeRecord): number {
  return DIRECTIONS[dir as keyof typeof DIRECTIONS];
}
