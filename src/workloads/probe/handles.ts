// SPDX-License-Identifier: GPL-2.0-only
/** The probe's calls that take a buffer further: scatter tables of coherent buffers, and pools of small buffers. */
import { KiB } from '../../base/address.js';
import { dma_to_phys } from '../../linux/include/linux/dma-direct.js';
import { ENOMEM } from '../../linux/include/linux/errno.js';
import { GFP_ATOMIC, GFP_KERNEL } from '../../linux/include/linux/gfp.js';
import { PFN_PHYS } from '../../linux/include/linux/pfn.js';
import { sg_phys, sg_table } from '../../linux/include/linux/scatterlist.js';
import { leadsToPage } from '../../linux/kernel/dma/direct-streaming.js';
import { dma_alloc_coherent, dma_can_mmap, dma_get_sgtable } from '../../linux/kernel/dma/mapping.js';
import { dma_pool_create, dma_pool_destroy, dma_pool_free, dma_pool_zalloc } from '../../linux/mm/dmapool.js';
import { physicalOf, releaseBuffer, sourceName } from './buffer.js';
import { askedFields, type Probe } from './probe.js';
import { bare } from './record.js';

function probeScatterTable(probe: Probe, size: number, gfp: number): void {
  const { k, dev, out } = probe;
  const can_mmap = Number(dma_can_mmap(k, dev));
  const asked = askedFields(size, gfp);
  const buffer = dma_alloc_coherent(k, dev, size, gfp);
  if (buffer === null) {
    out.write('get_sgtable', { ...asked, ret: -ENOMEM, can_mmap });
    return;
  }
  const table = new sg_table();
  const ret = dma_get_sgtable(k, dev, table, buffer, size);
  const first = ret === 0 ? table.sgl[0] : undefined;
  out.write('get_sgtable', {
    ...asked,
    dma: bare(buffer.dma_handle),
    ...(first && {
      nents: table.nents,
      sgphys: bare(sg_phys(first)),
      sglen: first.length,
    }),
    ret,
    can_mmap,
  });
  releaseBuffer(probe, buffer, size, 0);
}

/** A device whose handles lead elsewhere could not free a pool's pages. */
function canUsePool(probe: Probe): boolean {
  const { k, dev } = probe;
  const page = dma_alloc_coherent(k, dev, 4 * KiB, GFP_KERNEL);
  return page === null || releaseBuffer(probe, page, 4 * KiB, 0);
}

function probePool(probe: Probe): void {
  const { k, dev, out } = probe;
  if (!canUsePool(probe)) return;
  const pool = dma_pool_create(k, 'probe', dev, 64, 64, 0);
  if (pool === null) return;
  const blocks = [GFP_KERNEL, GFP_ATOMIC, GFP_KERNEL].map((gfp, i) => {
    const block = dma_pool_zalloc(k, pool, gfp);
    out.write('dma_pool_alloc', {
      i,
      ok: Number(block !== null),
      ...(block && {
        cpu: bare(block.vaddr),
        dma: bare(block.dma),
        src: sourceName(k, dev, block.vaddr, dma_to_phys(k, dev, block.dma)),
      }),
    });
    return block;
  });
  for (const block of blocks) if (block) dma_pool_free(k, pool, block);
  dma_pool_destroy(k, pool);
}

/**
 * Behind an IOMMU: `iommu_sgt` before the call, which can oops, and `iommu_sgt_done` with the table: its entries, the
 * memory of the first, and the buffer's.
 */
export function probeIommuTables(probe: Probe, skipAtomic: boolean): void {
  const { k, dev, out } = probe;
  const size = 8 * KiB;
  for (const gfp of [GFP_KERNEL, GFP_ATOMIC]) {
    const { gfp: name } = askedFields(size, gfp);
    out.write('iommu_sgt', { gfp: name });
    if (gfp === GFP_ATOMIC && skipAtomic) continue;
    const buffer = dma_alloc_coherent(k, dev, size, gfp);
    if (buffer === null) continue;
    const table = new sg_table();
    const ret = dma_get_sgtable(k, dev, table, buffer, size);
    const first = ret === 0 ? table.sgl[0] : undefined;
    out.write('iommu_sgt_done', {
      ret,
      nents: ret === 0 ? table.nents : undefined,
      // Pages of the pool have none in the array that the operation reads: what it finds is garbage.
      sgphys: first && (leadsToPage(k, dev, PFN_PHYS(first.pfn), 'probe') ? bare(PFN_PHYS(first.pfn)) : null),
      phys: ret === 0 ? bare(physicalOf(k, buffer)) : undefined,
    });
    releaseBuffer(probe, buffer, size, 0);
  }
}

export function probeHandles(probe: Probe): void {
  probeScatterTable(probe, 8 * KiB, GFP_KERNEL);
  probeScatterTable(probe, 8 * KiB, GFP_ATOMIC);
  probePool(probe);
}
