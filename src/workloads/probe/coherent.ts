// SPDX-License-Identifier: GPL-2.0-only
/** The probe's coherent allocations: three records each, `alloc`, `alloc_mnt` and `free`, or one where it failed. */
import { KiB, MiB } from '../../base/address.js';
import type { device } from '../../linux/include/linux/device.js';
import {
  DMA_ATTR_FORCE_CONTIGUOUS,
  DMA_ATTR_NO_KERNEL_MAPPING,
  DMA_ATTR_WRITE_COMBINE,
} from '../../linux/include/linux/dma-mapping.js';
import { __GFP_NOWARN, __GFP_ZERO, GFP_ATOMIC, GFP_KERNEL } from '../../linux/include/linux/gfp.js';
import { PAGE_ALIGN } from '../../linux/include/linux/pfn.js';
import { dma_alloc_attrs } from '../../linux/kernel/dma/mapping.js';
import { find_vm_area, is_vmalloc_addr } from '../../linux/mm/vmalloc.js';
import { aliasAfterFields, bufferFields, isMisread, physicalOf, releaseBuffer } from './buffer.js';
import { watched } from './maintenance.js';
import { accountFields, askedFields, letWorkersRun, type Probe } from './probe.js';
import { bare } from './record.js';

/** What a driver writes into each buffer, so that a next owner's zeroing can be told. */
const FILLING = 0x5a;

/** What the handle holds before the call. */
const UNTOUCHED_HANDLE = 0x5a5a5a5a;

interface Request {
  readonly size: number;
  readonly gfp: number;
  readonly attrs?: number;
  readonly irqsOff?: boolean;
}

const requests: readonly Request[] = [
  ...[100, 4 * KiB, 8 * KiB, 12 * KiB, 64 * KiB, MiB, 4 * MiB, 8 * MiB].map(size => ({
    size,
    gfp: GFP_KERNEL,
  })),
  { size: 32 * MiB, gfp: GFP_KERNEL | __GFP_NOWARN },
  { size: 4 * KiB, gfp: GFP_KERNEL, attrs: DMA_ATTR_WRITE_COMBINE },
  { size: 64 * KiB, gfp: GFP_KERNEL, attrs: DMA_ATTR_WRITE_COMBINE },
  { size: 4 * KiB, gfp: GFP_KERNEL, attrs: DMA_ATTR_NO_KERNEL_MAPPING },
  { size: 64 * KiB, gfp: GFP_KERNEL, attrs: DMA_ATTR_NO_KERNEL_MAPPING },
  { size: MiB, gfp: GFP_KERNEL, attrs: DMA_ATTR_NO_KERNEL_MAPPING },
  { size: 64 * KiB, gfp: GFP_KERNEL, attrs: DMA_ATTR_FORCE_CONTIGUOUS },
  { size: 4 * KiB, gfp: GFP_ATOMIC },
  { size: 8 * KiB, gfp: GFP_ATOMIC },
  { size: 64 * KiB, gfp: GFP_ATOMIC },
  { size: 256 * KiB, gfp: GFP_ATOMIC | __GFP_NOWARN },
  { size: 4 * KiB, gfp: GFP_ATOMIC, attrs: DMA_ATTR_NO_KERNEL_MAPPING },
  { size: 4 * KiB, gfp: GFP_ATOMIC, irqsOff: true },
  { size: 8 * KiB, gfp: GFP_ATOMIC, irqsOff: true },
  { size: 4 * KiB, gfp: GFP_KERNEL | __GFP_ZERO },
];

/**
 * Of a contiguous buffer behind an IOMMU, ARM's operations map what lies in memory behind one pointer: for large
 * buffers of a device that snoops they would read far beyond it.
 */
export function isSafe(dev: device, size: number): boolean {
  return dev.dma_ops === null || !dev.dma_coherent || size <= 64 * KiB;
}

function probeRequest(probe: Probe, { size, gfp, attrs = 0, irqsOff = false }: Request): void {
  const { k, dev, out } = probe;
  k.dma.irqs_disabled = irqsOff;
  k.dma.failed_handle = null;
  const { result: buffer, did } = watched(k, () => dma_alloc_attrs(k, dev, size, gfp, attrs));
  k.dma.irqs_disabled = false;
  const op = irqsOff ? 'alloc_irqsoff' : 'alloc';
  const asked = askedFields(size, gfp, attrs);
  if (buffer === null) {
    const dma = bare(k.dma.failed_handle ?? UNTOUCHED_HANDLE);
    out.write(op, { ...asked, ok: 0, dma, ...accountFields(probe), mnt: did.fields['mnt'] });
    return;
  }
  out.write(op, { ...asked, ok: 1, ...bufferFields(probe, buffer, size, attrs), ...accountFields(probe) });
  out.write('alloc_mnt', did.fields);

  const paddr = physicalOf(k, buffer);
  const inVmalloc = !buffer.cookie && is_vmalloc_addr(k, buffer.cpu_addr);
  if (!buffer.cookie) k.machine.access.fill(buffer.cpu_addr, PAGE_ALIGN(size), FILLING);
  const { result: good, did: undone } = watched(k, () => releaseBuffer(probe, buffer, size, attrs));
  letWorkersRun(probe);
  out.write('free', {
    worked_around: good ? undefined : 1,
    ...asked,
    vm_after: inVmalloc ? Number(find_vm_area(k, buffer.cpu_addr) !== undefined) : undefined,
    ...(isMisread(dev, buffer, attrs) ? { alias_after: null } : aliasAfterFields(probe, paddr, size)),
    ...accountFields(probe),
    ...undone.fields,
  });
}

/** One buffer at a time. */
export function probeCoherent(probe: Probe): void {
  for (const request of requests) if (isSafe(probe.dev, request.size)) probeRequest(probe, request);
}
