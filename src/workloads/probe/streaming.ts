// SPDX-License-Identifier: GPL-2.0-only
/**
 * The probe's streaming mappings: single buffers of several sizes and alignments, pages of low and high memory,
 * scatterlists. Each call is a record with the maintenance it did; `bounced` 1: the handle leads to other memory.
 */
import { KiB, type Paddr } from '../../base/address.js';
import { PageHighMem, page_address } from '../../linux/arch/arm/include/asm/memory.js';
import { test_dcache_clean } from '../../linux/arch/arm/mm/dcache-clean.js';
import { dma_to_phys } from '../../linux/include/linux/dma-direct.js';
import {
  DMA_ATTR_SKIP_CPU_SYNC,
  DMA_MAPPING_ERROR,
  DMA_TO_DEVICE,
} from '../../linux/include/linux/dma-mapping.js';
import { __GFP_HIGHMEM, GFP_KERNEL } from '../../linux/include/linux/gfp.js';
import { get_order, PFN_PHYS } from '../../linux/include/linux/pfn.js';
import { type scatterlist, sg_entry, sg_phys } from '../../linux/include/linux/scatterlist.js';
import {
  dma_map_page_attrs,
  dma_map_sg_attrs,
  dma_map_single_attrs,
  dma_need_sync,
  dma_sync_sg_for_cpu,
  dma_sync_single_for_cpu,
  dma_sync_single_for_device,
  dma_unmap_page_attrs,
  dma_unmap_sg_attrs,
  dma_unmap_single_attrs,
} from '../../linux/kernel/dma/mapping.js';
import { __free_pages, alloc_pages } from '../../linux/mm/page_alloc.js';
import { watched } from './maintenance.js';
import type { Probe } from './probe.js';
import { bare, DIRECTIONS, type Fields } from './record.js';

const FILLING = 0xa5;

/** Offset into the first page, and bytes. */
const singles: readonly (readonly [number, number])[] = [
  [0, 4 * KiB],
  [0, 512],
  [20, 100],
  [0, 64 * KiB],
  [33, 4100],
];

/** Runs `call`, which acts on the mapping at `dma` of the memory at `orig`, and writes it down. */
function step(
  { k, dev, out }: Probe,
  op: string,
  asked: Fields,
  mapping: { readonly dma: number; readonly orig: Paddr },
  call: () => void,
): void {
  const { did } = watched(k, call);
  out.write(op, { ...asked, ...whereFields({ k, dev, out }, mapping), ...did.fields });
}

function whereFields(
  { k, dev }: Probe,
  { dma, orig }: { readonly dma: number; readonly orig: Paddr },
): Fields {
  const paddr = dma_to_phys(k, dev, dma);
  return { dma: bare(dma), phys: bare(paddr), bounced: Number(paddr !== orig) };
}

function probeSingle(probe: Probe, off: number, len: number, dir: number, attrs: number): void {
  const { k, dev, out } = probe;
  const order = get_order(off + len);
  const pfn = alloc_pages(k, GFP_KERNEL, order);
  if (pfn === null) return;
  const buffer = page_address(k, pfn)! + off;
  const orig = PFN_PHYS(pfn) + off;
  k.machine.access.fill(page_address(k, pfn)!, off + len, FILLING);
  const { result: dma, did } = watched(k, () => dma_map_single_attrs(k, dev, buffer, len, dir, attrs));
  const asked = { off, len, dir: DIRECTIONS[dir] };
  const skip = Number(attrs !== 0);
  const at = { cpu: bare(buffer), orig: bare(orig) };
  const mapping = { dma, orig };
  if (dma === DMA_MAPPING_ERROR(k)) {
    out.write('map_single', { ...asked, skip, ...at, ok: 0, dma: bare(dma), mnt: did.fields['mnt'] });
  } else {
    const need_sync = Number(dma_need_sync(k, dev, dma));
    out.write('map_single', {
      ...asked,
      skip,
      ...at,
      ok: 1,
      need_sync,
      ...whereFields(probe, mapping),
      ...did.fields,
    });
    if (attrs === 0) {
      step(probe, 'sync_cpu', asked, mapping, () => dma_sync_single_for_cpu(k, dev, dma, len, dir));
      step(probe, 'sync_dev', asked, mapping, () => dma_sync_single_for_device(k, dev, dma, len, dir));
    }
    const { did: undone } = watched(k, () => dma_unmap_single_attrs(k, dev, dma, len, dir, attrs));
    out.write('unmap_single', {
      ...asked,
      skip,
      dcache_clean: Number(test_dcache_clean(k, pfn)),
      ...whereFields(probe, mapping),
      ...undone.fields,
    });
  }
  __free_pages(k, pfn, order);
}

/** Two pages from the middle of the first on. */
function probePages(probe: Probe, high: boolean, dir: number): void {
  const { k, dev, out } = probe;
  const [off, len] = [256, 6000];
  const pfn = alloc_pages(k, high ? GFP_KERNEL | __GFP_HIGHMEM : GFP_KERNEL, 1);
  if (pfn === null) return;
  const orig = PFN_PHYS(pfn) + off;
  const { result: dma, did } = watched(k, () => dma_map_page_attrs(k, dev, pfn, off, len, dir, 0));
  const asked = { off, len, dir: DIRECTIONS[dir], hm: Number(PageHighMem(k, pfn)) };
  if (dma === DMA_MAPPING_ERROR(k)) {
    out.write('map_page', { ...asked, orig: bare(orig), ok: 0, dma: bare(dma), mnt: did.fields['mnt'] });
  } else {
    const mapping = { dma, orig };
    out.write('map_page', {
      ...asked,
      orig: bare(orig),
      ok: 1,
      ...whereFields(probe, mapping),
      ...did.fields,
    });
    step(probe, 'unmap_page', asked, mapping, () => dma_unmap_page_attrs(k, dev, dma, len, dir, 0));
  }
  __free_pages(k, pfn, 1);
}

/** Three pieces of memory of their own, 8 KiB each: from the start, from the start, and from the middle of a line. */
function probeScatterlist(probe: Probe, dir: number): void {
  const { k, dev, out } = probe;
  const pieces = [
    [0, 512],
    [0, 4 * KiB],
    [36, 100],
  ] as const;
  const list: scatterlist[] = [];
  for (const [offset, length] of pieces) {
    const pfn = alloc_pages(k, GFP_KERNEL, 1);
    if (pfn !== null) list.push(sg_entry(pfn, length, offset));
  }
  if (list.length === pieces.length) {
    const asked = { dir: DIRECTIONS[dir] };
    const { result: n, did } = watched(k, () => dma_map_sg_attrs(k, dev, list, dir, 0));
    const mapped = list
      .slice(0, n)
      .map(entry => [bare(sg_phys(entry)), bare(entry.dma_address), entry.dma_length]);
    out.write('map_sg', { ...asked, n, sg: mapped, ...did.fields });
    if (n > 0) {
      const sync = watched(k, () => dma_sync_sg_for_cpu(k, dev, list, dir));
      out.write('sync_sg_cpu', { ...asked, ...sync.did.fields });
      const unmap = watched(k, () => dma_unmap_sg_attrs(k, dev, list, dir, 0));
      out.write('unmap_sg', { ...asked, ...unmap.did.fields });
    }
  }
  for (const { pfn } of list) __free_pages(k, pfn, 1);
}

export function probeStreaming(probe: Probe): void {
  for (const dir of DIRECTIONS.keys()) {
    for (const [off, len] of singles) probeSingle(probe, off, len, dir, 0);
  }
  probeSingle(probe, 0, 4 * KiB, DMA_TO_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
  for (const dir of DIRECTIONS.keys()) {
    probePages(probe, false, dir);
    probePages(probe, true, dir);
    probeScatterlist(probe, dir);
  }
}
