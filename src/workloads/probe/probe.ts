// SPDX-License-Identifier: GPL-2.0-only
/**
 * What all parts of the probe share: the kernel, the device under test, and where records go; and the phrases that
 * many records have in common.
 * The probe is a driver: it calls the DMA API as one would, looks at what came of each call, and frees everything.
 * No transfer is ever started. `script.ts` is the order of calls; read that next.
 */
import type { device } from '../../linux/include/linux/device.js';
import {
  DMA_ATTR_FORCE_CONTIGUOUS,
  DMA_ATTR_NO_KERNEL_MAPPING,
  DMA_ATTR_NO_WARN,
  DMA_ATTR_WRITE_COMBINE,
} from '../../linux/include/linux/dma-mapping.js';
import { gfpflags_allow_blocking } from '../../linux/include/linux/gfp.js';
import type { Kernel } from '../../linux/kernel.js';
import { type CmaArea, cma_used_pages } from '../../linux/mm/cma.js';
import type { Fields, Recorder } from './record.js';

export interface Probe {
  readonly k: Kernel;
  readonly dev: device;
  readonly out: Recorder;
}

const ATTRIBUTE_NAMES: readonly (readonly [number, string])[] = [
  [DMA_ATTR_WRITE_COMBINE, 'WC '],
  [DMA_ATTR_NO_KERNEL_MAPPING, 'NOKM '],
  [DMA_ATTR_FORCE_CONTIGUOUS, 'CONTIG '],
  [DMA_ATTR_NO_WARN, 'NOWARN '],
];

/** What was asked for. */
export function askedFields(size: number, gfp: number, attrs = 0): Fields {
  const names = ATTRIBUTE_NAMES.filter(([bit]) => (attrs & bit) !== 0).map(([, name]) => name);
  return {
    size,
    gfp: gfpflags_allow_blocking(gfp) ? 'KERNEL' : 'ATOMIC',
    attrs: attrs === 0 ? undefined : names.join(''),
  };
}

function pagesUsed(area: CmaArea | null): number {
  return area === null ? 0 : cma_used_pages(area);
}

/** Pages in use of the default contiguous area and of the device's own; slots of its restricted pool. */
export function accountFields({ k, dev }: Probe): Fields {
  const pool = dev.dma_io_tlb_mem;
  return {
    cma_used: pagesUsed(k.cma.dma_contiguous_default_area),
    cma_dev_used: dev.cma_area ? pagesUsed(dev.cma_area) : undefined,
    tlb_used: pool?.for_alloc ? pool.used : undefined,
  };
}

/**
 * Size and free bytes of each atomic pool that the kernel has a variable for. Linux: arch/arm/mm/dma-mapping.c,
 * kernel/dma/pool.c (v6.12).
 */
export function poolFields({ k }: Pick<Probe, 'k'>): Fields {
  const { atomic_pool, atomic_pool_kernel, atomic_pool_dma } = k.dma;
  const pools = [
    ...(k.arch.arch_dma_alloc ? [['atomic_pool', atomic_pool] as const] : []),
    ...(k.config.isEnabled('DMA_COHERENT_POOL')
      ? ([
          ['atomic_pool_kernel', atomic_pool_kernel],
          ['atomic_pool_dma', atomic_pool_dma],
          ['atomic_pool_dma32', null],
        ] as const)
      : []),
  ];
  const sizes = pools.map(([name, pool]) => [
    name,
    [pool?.gen_pool_size() ?? 0, pool?.gen_pool_avail() ?? 0],
  ]);
  return { pools: Object.fromEntries(sizes) };
}

/** The probe sleeps, or its time slice ends: the pools' worker gets to run. */
export function letWorkersRun({ k }: Pick<Probe, 'k'>): void {
  k.workqueue.run();
}
