// SPDX-License-Identifier: GPL-2.0-only
/** The probe's allocations that the driver synchronizes: dma_alloc_pages() and its relatives. */
import { KiB, MiB } from '../../base/address.js';
import { page_address } from '../../linux/arch/arm/include/asm/memory.js';
import { DMA_BIDIRECTIONAL, DMA_FROM_DEVICE } from '../../linux/include/linux/dma-mapping.js';
import { GFP_ATOMIC, GFP_KERNEL } from '../../linux/include/linux/gfp.js';
import { sg_phys } from '../../linux/include/linux/scatterlist.js';
import {
  dma_alloc_noncoherent,
  dma_alloc_noncontiguous,
  dma_alloc_pages,
  dma_free_noncoherent,
  dma_free_noncontiguous,
  dma_free_pages,
  dma_vmap_noncontiguous,
  dma_vunmap_noncontiguous,
} from '../../linux/kernel/dma/mapping.js';
import { is_vmalloc_addr } from '../../linux/mm/vmalloc.js';
import { bufferFields } from './buffer.js';
import { watched } from './maintenance.js';
import { askedFields, type Probe } from './probe.js';
import { bare, DIRECTIONS } from './record.js';

function probePages(probe: Probe, size: number, dir: number, gfp: number): void {
  const { k, dev, out } = probe;
  const asked = askedFields(size, gfp);
  const { result: pages, did } = watched(k, () => dma_alloc_pages(k, dev, size, dir, gfp));
  const buffer = pages && {
    cpu_addr: page_address(k, pages.pfn)!,
    dma_handle: pages.dma_handle,
    cookie: false,
  };
  const found = buffer && bufferFields(probe, buffer, size);
  out.write('alloc_pages', { ...asked, dir, ok: Number(pages !== null), ...found, ...did.totalsOnly });
  if (pages === null) return;
  const { did: undone } = watched(k, () => dma_free_pages(k, dev, size, pages, dir));
  out.write('free_pages', { ...asked, ...undone.fields });
}

function probeNoncoherent(probe: Probe, size: number, dir: number, gfp: number): void {
  const { k, dev, out } = probe;
  const asked = askedFields(size, gfp);
  const { result: buffer, did } = watched(k, () => dma_alloc_noncoherent(k, dev, size, dir, gfp));
  const found = buffer && bufferFields(probe, { ...buffer, cookie: false }, size);
  out.write('alloc_noncoherent', { ...asked, dir, ok: Number(buffer !== null), ...found, ...did.totalsOnly });
  if (buffer === null) return;
  dma_free_noncoherent(k, dev, size, buffer, dir);
  out.write('free_noncoherent', asked);
}

function probeNoncontiguous(probe: Probe, size: number): void {
  const { k, dev, out } = probe;
  const { result: table, did } = watched(k, () =>
    dma_alloc_noncontiguous(k, dev, size, DMA_BIDIRECTIONAL, GFP_KERNEL, 0),
  );
  if (table === null) {
    out.write('alloc_noncontiguous', { size, ok: 0, ...did.fields });
    return;
  }
  const first = table.sgl[0]!;
  const vaddr = dma_vmap_noncontiguous(k, dev, size, table);
  out.write('alloc_noncontiguous', {
    size,
    ok: 1,
    nents: table.nents,
    dma: bare(first.dma_address),
    phys: bare(sg_phys(first)),
    va: is_vmalloc_addr(k, vaddr) ? 'vmalloc' : 'lowmem',
    ...did.fields,
  });
  dma_vunmap_noncontiguous(k, dev, vaddr);
  dma_free_noncontiguous(k, dev, size, table, DMA_BIDIRECTIONAL);
}

export function probeNoncoherentMemory(probe: Probe): void {
  const both = (size: number, dir: number, gfp: number): void => {
    probePages(probe, size, dir, gfp);
    probeNoncoherent(probe, size, dir, gfp);
  };
  for (const dir of DIRECTIONS.keys()) both(4 * KiB, dir, GFP_KERNEL);
  both(64 * KiB, DMA_FROM_DEVICE, GFP_KERNEL);
  both(8 * KiB, DMA_FROM_DEVICE, GFP_ATOMIC);
  probeNoncontiguous(probe, MiB);
}
