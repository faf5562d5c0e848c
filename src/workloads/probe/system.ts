// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the probe says of the machine before it calls anything (`sys`, `sysmem`, a `cma` record for each contiguous
 * area, a `pool` record for each chunk of an atomic pool), and of each device before it uses it (`device`).
 * Model: registers that no table depends on (Main ID, cache type, SCTLR) are null.
 */
import { PageHighMem, page_address } from '../../linux/arch/arm/include/asm/memory.js';
import type { KernelConfig } from '../../linux/config.js';
import { MAX_PAGE_ORDER, pageblock_nr_pages } from '../../linux/include/linux/pageblock-flags.js';
import { PFN_DOWN } from '../../linux/include/linux/pfn.js';
import {
  dma_addressing_limited,
  dma_can_mmap,
  dma_get_required_mask,
  dma_max_mapping_size,
} from '../../linux/kernel/dma/mapping.js';
import type { Kernel } from '../../linux/kernel.js';
import type { GenPoolChunk } from '../../linux/lib/genalloc.js';
import { cma_used_pages } from '../../linux/mm/cma.js';
import { is_vmalloc_addr } from '../../linux/mm/vmalloc.js';
import { pageTableFields } from './page-tables.js';
import type { Probe } from './probe.js';
import { bare, type Fields, type Recorder } from './record.js';

/** As `cfg` has them, in its order. */
const SYMBOL_NAMES: Readonly<Record<string, string>> = {
  ARCH_HAS_DMA_ALLOC: 'ARCH_DMA_ALLOC ',
  DMA_DIRECT_REMAP: 'DIRECT_REMAP ',
  ARCH_HAS_DMA_PREP_COHERENT: 'PREP_COHERENT ',
  ARCH_HAS_DMA_SET_UNCACHED: 'SET_UNCACHED ',
  DMA_COHERENT_POOL: 'COHERENT_POOL ',
};

/**
 * The symbols by which designs differ, as `cfg` of the record `sys` has them. Before 6.7 the first was not a symbol:
 * ARM always had its allocator.
 */
export function configText(config: KernelConfig): string {
  const isSet = (symbol: string): boolean =>
    config.isEnabled(symbol) || (symbol === 'ARCH_HAS_DMA_ALLOC' && !config.atLeast('6.12'));
  return Object.entries(SYMBOL_NAMES)
    .filter(([symbol]) => isSet(symbol))
    .map(([, name]) => name)
    .join('');
}

function registerFields({ machine, config }: Kernel): Fields {
  const { registers } = machine;
  const long = registers.format === 'long';
  const decoded = long || registers.tre;
  const [prrr, nmrr] = long ? [registers.mair0, registers.mair1] : [registers.prrr, registers.nmrr];
  return {
    rel: config.version,
    midr: null,
    ctr: null,
    sctlr: null,
    ttbcr: bare(registers.ttbcr),
    prrr: decoded ? bare(prrr) : null,
    nmrr: decoded ? bare(nmrr) : null,
    lpae: Number(long),
    cfg: configText(config),
  };
}

function memoryFields(k: Kernel): Fields {
  const { memory, pages } = k;
  const zones = pages.zones
    .filter(({ managed_pages }) => managed_pages > 0)
    .map(({ name, zone_start_pfn, spanned_pages, managed_pages }) => [
      `zone_${name}`,
      [bare(zone_start_pfn), spanned_pages, managed_pages],
    ]);
  return {
    phys_offset: bare(memory.PHYS_OFFSET),
    page_offset: bare(memory.PAGE_OFFSET),
    high_memory: bare(memory.high_memory),
    vmalloc: [bare(memory.VMALLOC_START), bare(memory.VMALLOC_END)],
    max_low_pfn: bare(memory.max_low_pfn),
    max_pfn: bare(memory.max_pfn),
    totalram: pages.totalram_pages,
    ...Object.fromEntries(zones),
    pgblk: pageblock_nr_pages(k),
    max_order: MAX_PAGE_ORDER(k),
  };
}

function writeAreas(k: Kernel, out: Recorder): void {
  for (const area of k.cma.areas) {
    const hm = PageHighMem(k, PFN_DOWN(area.base));
    out.write('cma', {
      name: area.name,
      base: bare(area.base),
      size: area.size,
      used: cma_used_pages(area),
      def: Number(area === k.cma.dma_contiguous_default_area),
      hm: Number(hm),
      pt: hm ? undefined : pageTableFields(k, page_address(k, PFN_DOWN(area.base))!, area.size),
    });
  }
}

function chunkFields(k: Kernel, chunk: GenPoolChunk): Fields {
  const { start_addr, end_addr, phys_addr } = chunk;
  const size = end_addr - start_addr;
  const alias = page_address(k, PFN_DOWN(phys_addr));
  return {
    virt: bare(start_addr),
    va: is_vmalloc_addr(k, start_addr) ? 'vmalloc' : 'lowmem',
    phys: bare(phys_addr),
    size,
    cpu_pt: pageTableFields(k, start_addr, size),
    alias_pt: alias === null ? undefined : pageTableFields(k, alias, size),
  };
}

function writePools(k: Kernel, out: Recorder): void {
  const { atomic_pool, atomic_pool_kernel, atomic_pool_dma } = k.dma;
  for (const [name, pool] of Object.entries({ atomic_pool, atomic_pool_kernel, atomic_pool_dma })) {
    for (const chunk of pool?.chunks ?? []) out.write('pool', { name, ...chunkFields(k, chunk) });
  }
}

/** The first record of what is not built into a kernel. The module always holds; the modelled probe if asked to. */
export function writeModule(
  k: Kernel,
  out: Recorder,
  { exhaust, hold }: { readonly exhaust: boolean; readonly hold: boolean },
): void {
  const { version, cmdline } = k.config;
  out.write('module', {
    version: null,
    rel: version,
    bootargs: cmdline,
    params: { exhaust: Number(exhaust), hold: Number(hold) },
  });
}

export function writeSystem(k: Kernel, out: Recorder): void {
  out.write('sys', registerFields(k));
  out.write('sysmem', memoryFields(k));
  writeAreas(k, out);
  writePools(k, out);
}

/** Masks, limits and memory of the device's own, as its bus and its tree have set them. */
export function writeDevice({ k, dev, out }: Probe): void {
  // The module prints every range under one name, of which a reader keeps the last.
  const range = dev.dma_range_map?.at(-1);
  const area = dev.cma_area;
  const bounce = dev.dma_io_tlb_mem;
  out.write('device', {
    coherent: Number(dev.dma_coherent),
    mask: bare(dev.dma_mask ?? 0),
    cmask: bare(dev.coherent_dma_mask),
    bus_limit: bare(dev.bus_dma_limit),
    range: range && [bare(range.cpu_start), bare(range.dma_start), bare(range.size)],
    ops: dev.dma_ops?.name ?? '0x0',
    cma_dev: area ? [area.name, bare(area.base), area.size] : undefined,
    dma_mem: Number(dev.dma_mem !== null),
    io_tlb: bounce
      ? [bare(bounce.start), bounce.nslabs, Number(bounce.force_bounce), Number(bounce.for_alloc)]
      : k.config.isEnabled('SWIOTLB')
        ? ['0', 0, 0, 0]
        : undefined,
    max_map: dma_max_mapping_size(k, dev),
    req_mask: bare(dma_get_required_mask(k, dev)),
    addr_lim: Number(dma_addressing_limited(k, dev)),
    can_mmap: Number(dma_can_mmap(k, dev)),
  });
}
