// SPDX-License-Identifier: GPL-2.0-only
/**
 * The booted memory map as data, for `armory inspect` and for comparison with recordings of real kernels:
 * names and formats are those of the recordings' `facts.json` where it is the same thing. Addresses are
 * hexadecimal strings, ends of ranges are inclusive as in /proc/iomem, `*_pages` are counts of 4 KiB pages.
 */
import { FOUR_GiB, hex } from '../base/address.js';
import { __pa, __va } from '../linux/arch/arm/include/asm/memory.js';
import type { pgprot_t } from '../linux/arch/arm/include/asm/pgtable.js';
import { MAX_PAGE_ORDER } from '../linux/include/linux/pageblock-flags.js';
import { PAGE_SIZE, PFN_PHYS } from '../linux/include/linux/pfn.js';
import type { Kernel } from '../linux/kernel.js';
import type { GenPool } from '../linux/lib/genalloc.js';
import type { CmaArea } from '../linux/mm/cma.js';
import { cma_area_at } from '../linux/mm/cma.js';
import { type MapEntry, mapBetween } from './map-facts.js';

export type { MapEntry } from './map-facts.js';

export interface InclusiveRange {
  readonly start: string;
  readonly end: string;
}

export interface ZoneFacts {
  readonly name: string;
  readonly start: string | null;
  readonly spanned_pages: number;
  readonly present_pages: number;
  readonly managed_pages: number;
}

export interface CmaFacts {
  readonly base: string;
  readonly size: string;
  readonly name: string;
  readonly lowmem: boolean;
  readonly map?: readonly MapEntry[];
}

export interface PoolFacts {
  readonly pa: string;
  readonly va: string;
  readonly va_end: string;
  readonly size: string;
  readonly in_lowmem: boolean;
  readonly inside_cma: string | null;
  readonly map: readonly MapEntry[];
}

export interface MemTypeFacts {
  readonly prot_pte: string;
  readonly prot_l1: string;
  readonly prot_sect: string;
  readonly domain: string;
}

export interface BootFacts {
  /** What was booted. */
  readonly name: string;
  readonly model: string;
  readonly cpu: string;
  readonly kernel: string;
  readonly baseline: string;
  readonly design: string;
  readonly cmdline: string;
  readonly page_table_format: 'short' | 'long (LPAE)';
  readonly lowmem_limit_pa: string;
  readonly lowmem_bytes: string;
  readonly high_memory_va: string;
  /** Modulo 2^40. */
  readonly linear_delta_pa_minus_va: string;
  readonly layout: Readonly<Record<string, string>>;
  readonly vars: Readonly<Record<string, string>>;
  readonly zones: readonly ZoneFacts[];
  readonly memblock_memory: readonly InclusiveRange[];
  readonly memblock_reserved: readonly InclusiveRange[];
  /** What /proc/iomem calls System RAM. */
  readonly system_ram: readonly InclusiveRange[];
  readonly cma_areas: readonly CmaFacts[];
  readonly cma_default_index: number | null;
  readonly atomic_pool?: PoolFacts;
  readonly registers: Readonly<Record<string, string>>;
  /** mem_types[]: bits of pages, tables and sections. */
  readonly mem_types_raw: Readonly<Record<string, MemTypeFacts>>;
  readonly protection_map: readonly string[];
  /** Generic pools (designs without `arch_dma_alloc`), by their kernel names. */
  readonly generic_pools?: Readonly<Record<string, readonly PoolFacts[]>>;
  readonly swiotlb: readonly string[];
  readonly swapper_pg_dir: { readonly va: string; readonly pa: string };
  readonly map_lowmem: readonly MapEntry[];
  readonly map_vectors_fixmap: readonly MapEntry[];
  /** The kernel's log, verbatim. */
  readonly dmesg: readonly string[];
}

function inclusive(range: { readonly start: number; readonly end: number }): InclusiveRange {
  return { start: hex(range.start), end: hex(range.end - 1) };
}

function cmaFacts(k: Kernel, area: CmaArea): CmaFacts {
  const lowmem = area.base < k.memory.arm_lowmem_limit;
  const common = { base: hex(area.base), size: hex(area.size), name: area.name, lowmem };
  if (!lowmem) return common;
  const va = __va(k, area.base);
  return { ...common, map: mapBetween(k, va, va + area.size) };
}

function poolFacts(k: Kernel, pool: GenPool): PoolFacts[] {
  return pool.chunks.map(chunk => {
    const size = chunk.end_addr - chunk.start_addr;
    const area = cma_area_at(k, chunk.phys_addr);
    return {
      pa: hex(chunk.phys_addr),
      va: hex(chunk.start_addr),
      va_end: hex(chunk.end_addr - 1),
      size: hex(size),
      in_lowmem: chunk.start_addr < k.memory.high_memory,
      inside_cma: area?.name ?? null,
      map: mapBetween(k, chunk.start_addr, chunk.end_addr),
    };
  });
}

function layoutFacts(k: Kernel): Record<string, string> {
  const { memory, config } = k;
  const plain = (value: number): string => value.toString(16);
  return {
    PAGE_OFFSET: plain(memory.PAGE_OFFSET),
    VMALLOC_START: plain(memory.VMALLOC_START),
    VMALLOC_END: plain(memory.VMALLOC_END),
    high_memory: plain(memory.high_memory),
    MODULES_VADDR: plain(memory.MODULES_VADDR),
    sizeof_phys: config.phys64 ? '8' : '4',
    // Exclusive up to 6.3, inclusive since: see MAX_PAGE_ORDER().
    MAX_ORDER: String(config.atLeast('6.12') ? MAX_PAGE_ORDER(k) : MAX_PAGE_ORDER(k) + 1),
  };
}

function varFacts(k: Kernel): Record<string, string> {
  const { memory, config } = k;
  const dma = config.isEnabled('ZONE_DMA') ? { arm_dma_zone_size: hex(memory.arm_dma_zone_size) } : {};
  return {
    ...dma,
    arm_dma_limit: hex(memory.arm_dma_limit),
    arm_dma_pfn_limit: hex(memory.arm_dma_pfn_limit),
    high_memory: hex(memory.high_memory),
    max_pfn: hex(memory.max_pfn),
    max_low_pfn: hex(memory.max_low_pfn),
    min_low_pfn: hex(memory.min_low_pfn),
    pgprot_kernel: bits(k.mmu.pgprot_kernel),
    pgprot_user: bits(k.mmu.pgprot_user),
    totalcma_pages: hex(k.cma.areas.reduce((sum, area) => sum + area.count, 0)),
    __pv_phys_pfn_offset: hex(memory.PHYS_OFFSET / PAGE_SIZE),
  };
}

/** Page-table bits of either format as one number. */
function bits({ lo, hi }: pgprot_t): string {
  return `0x${((BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)).toString(16)}`;
}

function memTypeFacts(k: Kernel): Record<string, MemTypeFacts> {
  const entries = Object.entries(k.mmu.mem_types).map(([name, type]) => {
    const { prot_pte, prot_l1, prot_sect, domain } = type;
    const facts = {
      prot_pte: bits(prot_pte),
      prot_l1: hex(prot_l1),
      prot_sect: bits(prot_sect),
      domain: hex(domain),
    };
    return [name, facts] as const;
  });
  return Object.fromEntries(entries);
}

/** Registers that software writes; those of a format that is not in use are left out. */
function registerFacts(k: Kernel): Record<string, string> {
  const { format, ttbr1, ttbcr, prrr, nmrr, mair0, mair1, tre } = k.machine.registers;
  const common = { TTBR1: hex(ttbr1), TTBCR: hex(ttbcr), tex_remap: String(tre) };
  if (format === 'long') return { ...common, MAIR0: hex(mair0), MAIR1: hex(mair1) };
  return { ...common, PRRR: hex(prrr), NMRR: hex(nmrr) };
}

/** Reads the facts of a booted kernel; the maps come out of its real page tables. */
export function bootFacts(k: Kernel): BootFacts {
  const { memory } = k;
  const areas = k.cma.areas;
  const fallback = k.cma.dma_contiguous_default_area;
  const generic = Object.entries({
    atomic_pool_kernel: k.dma.atomic_pool_kernel,
    atomic_pool_dma: k.dma.atomic_pool_dma,
  }).flatMap(([name, pool]) => (pool ? [[name, poolFacts(k, pool)] as const] : []));
  const [armPool] = k.dma.atomic_pool ? poolFacts(k, k.dma.atomic_pool) : [];
  return {
    name: k.board.name,
    model: k.board.model,
    cpu: k.machine.facts.core.name,
    kernel: k.config.name,
    baseline: k.config.version,
    design: k.arch.name,
    cmdline: k.config.cmdline,
    page_table_format: k.config.isEnabled('ARM_LPAE') ? 'long (LPAE)' : 'short',
    lowmem_limit_pa: hex(memory.arm_lowmem_limit),
    lowmem_bytes: hex(memory.high_memory - memory.PAGE_OFFSET),
    high_memory_va: hex(memory.high_memory),
    linear_delta_pa_minus_va: hex((memory.PHYS_OFFSET - memory.PAGE_OFFSET + 2 ** 40) % 2 ** 40),
    layout: layoutFacts(k),
    vars: varFacts(k),
    zones: k.pages.zones.map(zone => ({
      name: zone.name,
      start: zone.spanned_pages === 0 ? null : hex(PFN_PHYS(zone.zone_start_pfn)),
      spanned_pages: zone.spanned_pages,
      present_pages: zone.present_pages,
      managed_pages: zone.managed_pages,
    })),
    memblock_memory: k.memblock.memory.map(inclusive),
    memblock_reserved: k.memblock.reserved.map(inclusive),
    system_ram: k.memblock.for_each_mem_range().map(inclusive),
    cma_areas: areas.map(area => cmaFacts(k, area)),
    cma_default_index: fallback ? areas.indexOf(fallback) : null,
    ...(armPool && { atomic_pool: armPool }),
    ...(generic.length > 0 && { generic_pools: Object.fromEntries(generic) }),
    swiotlb: k.log.lines.map(line => line.text).filter(text => text.startsWith('software IO TLB')),
    registers: registerFacts(k),
    mem_types_raw: memTypeFacts(k),
    protection_map: k.mmu.protection_map.map(bits),
    swapper_pg_dir: { va: hex(memory.swapper_pg_dir), pa: hex(__pa(k, memory.swapper_pg_dir)) },
    map_lowmem: mapBetween(k, memory.PAGE_OFFSET, memory.high_memory),
    map_vectors_fixmap: mapBetween(k, memory.VMALLOC_END, FOUR_GiB),
    dmesg: k.log.lines.map(line => line.text),
  };
}
