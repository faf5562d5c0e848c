// SPDX-License-Identifier: GPL-2.0-only
/**
 * The compared fields: how each is read, the same way from the recording and from the model, and which kernel
 * function decides it. The DMA calls are compared by dma-replay.ts.
 *
 * Not compared, since drivers, processes or the compiler decide: `map_modules_pkmap` and `map_big_device_ranges` (what
 * was loaded and ioremapped), slots of the fixmap (kmap_local() of the moment), `user_pgds` (which
 * process ran), `vmallocinfo_*` (addresses in vmalloc space), sizes of code in `memory_line`, `l2c_lines` (the
 * controller's registers as the emulator has them), MIDR, CTR, CLIDR and SCTLR (which core revision, likewise),
 * TTBR0 (a process's table), `prot_pte_s2` (no second stage). `cma_dmesg` and `memory_policy` are lines of the log.
 */
import { FOUR_GiB, hex, type Range } from '../../base/address.js';
import { MemoryTypes } from '../../hw/mmu/memory-type.js';
import { MmuRegisters } from '../../hw/mmu/registers.js';
import type { BootFacts, MapEntry } from '../facts.js';
import { othersCmaBytes } from './drivers-share.js';
import { modelLines, recordedLogLines } from './log-lines.js';
import { mapLines } from './map-fields.js';
import type { Recording } from './recording.js';

export interface Field {
  readonly name: string;
  readonly decidedBy: string;
  /** Lines to compare; undefined: not recorded. */
  readonly recorded: (recording: Recording, model: BootFacts) => readonly string[] | undefined;
  readonly modelled: (model: BootFacts, recording: Recording) => readonly string[];
}

type Both = Recording | BootFacts;

/** Linux: arch/arm/include/asm/fixmap.h; arch/arm/mm/mmu.c, vectors_base (v6.12). */
const FIX_EARLYCON_MEM_BASE = 0xffeff000;
const VECTORS_BASE = 0xffff0000;
const VECTORS_END = 0xffff2000;

/** A field that is read alike from both. */
function same(name: string, decidedBy: string, read: (facts: Both) => readonly string[] | undefined): Field {
  return { name, decidedBy, recorded: read, modelled: model => read(model) ?? [] };
}

/** A single value. */
function value(name: string, decidedBy: string, read: (facts: Both) => string | undefined): Field {
  return same(name, decidedBy, facts => {
    const found = read(facts);
    return found === undefined ? undefined : [found];
  });
}

const range = ({ start, end }: { readonly start: string; readonly end: string }): string => `${start}-${end}`;

/** Variables of the kernel that depend on neither the image nor the drivers. */
const variables: readonly string[] = [
  'arm_dma_zone_size',
  'arm_dma_limit',
  'arm_dma_pfn_limit',
  'high_memory',
  'max_pfn',
  'max_low_pfn',
  'min_low_pfn',
  'max_mapnr',
  'pgprot_kernel',
  'pgprot_user',
  'totalcma_pages',
  '__pv_phys_pfn_offset',
];

/** Those that both have. Recorders read a variable as 32 bits. */
function vars(facts: Both, other: Both): string[] | undefined {
  if (!facts.vars || !other.vars) return undefined;
  return variables
    .filter(name => facts.vars?.[name] !== undefined && other.vars?.[name] !== undefined)
    .map(name => `${name} ${hex(Number(BigInt(facts.vars![name]!) % BigInt(FOUR_GiB)))}`);
}

function zones({ zones }: Both): string[] | undefined {
  return zones
    ?.filter(zone => zone.spanned_pages > 0)
    .map(zone => `${zone.name} ${zone.start} spanned ${zone.spanned_pages} present ${zone.present_pages}`);
}

function cmaAreas(facts: Both): string[] | undefined {
  return facts.cma_areas?.map(({ base, size, lowmem }) => `${base} ${size} ${lowmem ? 'lowmem' : 'highmem'}`);
}

function cmaDefault(facts: Both): string | undefined {
  return facts.cma_areas && String(facts.cma_default_index ?? 'none');
}

/** Buddy memory depends on what ran before, so its address is not compared; that of contiguous memory is. */
function atomicPool(facts: Both): string[] | undefined {
  if (!facts.cma_areas) return undefined;
  const pool = facts.atomic_pool;
  if (!pool) return ['none'];
  const { pa, size, in_lowmem, inside_cma, map } = pool;
  const place = (inside_cma ?? null) === null ? 'buddy' : `cma ${pa}`;
  return [`${size} ${place} ${in_lowmem ? 'lowmem' : 'vmalloc'} ${map[0]?.type}`];
}

function memTypes({ mem_types_raw }: Both): string[] | undefined {
  if (!mem_types_raw) return undefined;
  const lines = Object.entries(mem_types_raw).map(
    ([name, { prot_pte, prot_l1, prot_sect, domain }]) =>
      `${name} pte ${prot_pte} l1 ${prot_l1} sect ${prot_sect} domain ${domain}`,
  );
  return lines.length > 0 ? lines.sort() : undefined;
}

/** TEX, C and B as a number, with the memory type that PRRR and NMRR give them. */
function texRemap(recording: Recording): string[] | undefined {
  const table = recording.registers?.['tex_remap_table'];
  if (typeof table !== 'object' || table === null) return undefined;
  return Object.entries(table).map(([index, type]) => `${index} ${String(type)}`);
}

function modelTexRemap({ registers }: BootFacts): string[] {
  const values = new MmuRegisters(7, false);
  values.tre = registers['tex_remap'] === 'true';
  values.prrr = Number(registers['PRRR']);
  values.nmrr = Number(registers['NMRR']);
  const types = new MemoryTypes(values);
  return Array.from({ length: 8 }, (_, index) => {
    const { text } = types.short(index >> 2, (index >> 1) & 1, index & 1, 0);
    return `${index} ${text}`;
  });
}

/** Zones as the log has them, without the part on movable memory. */
function zoneRanges({ zone_ranges_dmesg }: Recording): string[] | undefined {
  return (
    zone_ranges_dmesg &&
    Object.entries(zone_ranges_dmesg).map(([name, found]) => `${name} ${found ? range(found) : 'empty'}`)
  );
}

const plain = (text: string): string => hex(Number(text));

function modelZoneRanges({ dmesg }: BootFacts): string[] {
  return dmesg.flatMap(text => {
    const found = /^ {2}(DMA|Normal|HighMem) +(?:empty|\[mem (\w+)-(\w+)\])$/.exec(text);
    if (!found) return [];
    const [, name, start, end] = found;
    return [`${name} ${start && end ? `${plain(start)}-${plain(end)}` : 'empty'}`];
  });
}

function modelNodeRanges({ dmesg }: BootFacts): string[] {
  return dmesg.flatMap(text => {
    const found = /^ {2}node +0: \[mem (\w+)-(\w+)\]$/.exec(text);
    return found ? [`${plain(found[1]!)}-${plain(found[2]!)}`] : [];
  });
}

function registers(facts: Both): string[] | undefined {
  const { registers } = facts;
  if (!registers) return undefined;
  return ['TTBR1', 'TTBCR', 'PRRR', 'NMRR', 'MAIR0', 'MAIR1', 'tex_remap'].flatMap(name => {
    const found = registers[name];
    return found === undefined ? [] : [`${name} ${String(found)}`];
  });
}

/** Contiguous areas whose pages drivers had used, too. */
function vagueAreas(recording: Recording): Range[] {
  if (othersCmaBytes(recording) === 0) return [];
  return (recording.cma_areas ?? []).map(({ base, size }) => ({
    start: Number(base),
    end: Number(base) + Number(size),
  }));
}

/**
 * The tree's sections, the early console and the vectors. Slots for kmap_local() depend on the moment, and a VIPT
 * cache with aliases adds windows of its own above the vectors.
 */
function fixedMap(map: readonly MapEntry[] | undefined): string[] | undefined {
  if (!map) return undefined;
  const fixed = map.filter(({ va, kind }) => {
    const at = Number(va);
    return kind === 'section' || at === FIX_EARLYCON_MEM_BASE || (at >= VECTORS_BASE && at < VECTORS_END);
  });
  return mapLines(fixed);
}

function managedPages({ zones }: Both): string[] | undefined {
  return zones?.filter(zone => zone.spanned_pages > 0).map(zone => `${zone.name} ${zone.managed_pages}`);
}

/** Of /proc/meminfo what does not depend on use. */
function meminfo(facts: Both): string[] | undefined {
  if (!('meminfo_kb' in facts) || !facts.meminfo_kb) return undefined;
  return ['CmaTotal', 'HighTotal', 'VmallocTotal'].flatMap(name => {
    const found = facts.meminfo_kb?.[name];
    return found === undefined ? [] : [`${name} ${found}`];
  });
}

function modelMeminfo(model: BootFacts, recording: Recording): string[] {
  const high = model.zones.find(({ name }) => name === 'HighMem');
  const movable = model.zones.find(({ name }) => name === 'Movable');
  const isHigh = high !== undefined && movable?.start !== null && movable !== undefined;
  const highPages = (high?.managed_pages ?? 0) + (isHigh ? movable.managed_pages : 0);
  const [from, to] = ['VMALLOC_START', 'VMALLOC_END'].map(name => Number(`0x${model.layout[name]}`));
  const cma = model.cma_areas.reduce((sum, { size }) => sum + Number(size), 0);
  const all: Readonly<Record<string, number>> = {
    CmaTotal: cma / 1024,
    HighTotal: highPages * 4,
    VmallocTotal: (to! - from!) / 1024,
  };
  return Object.entries(all)
    .filter(([name]) => recording.meminfo_kb?.[name] !== undefined)
    .map(([name, found]) => `${name} ${found}`);
}

/** Every compared field, in the order of boot. */
export const fields: readonly Field[] = [
  value(
    'linear_delta_pa_minus_va',
    'arch/arm/boot/compressed/head.S (PHYS_OFFSET)',
    facts => facts.linear_delta_pa_minus_va,
  ),
  same(
    'memblock_memory',
    'drivers/of/fdt.c, early_init_dt_scan_memory(); arch/arm/mm/mmu.c, adjust_lowmem_bounds()',
    facts => facts.memblock_memory?.map(range),
  ),
  value('lowmem_limit_pa', 'arch/arm/mm/mmu.c, adjust_lowmem_bounds()', facts => facts.lowmem_limit_pa),
  value('high_memory_va', 'arch/arm/mm/mmu.c, adjust_lowmem_bounds()', facts => facts.high_memory_va),
  same('vmalloc', 'arch/arm/mm/mmu.c, early_vmalloc(); VMALLOC_START', facts => {
    const { VMALLOC_START, VMALLOC_END } = facts.layout ?? {};
    return VMALLOC_START && VMALLOC_END ? [`${VMALLOC_START}-${VMALLOC_END}`] : undefined;
  }),
  same('zones', 'arch/arm/mm/init.c, zone_sizes_init(); mm/mm_init.c, free_area_init()', zones),
  {
    name: 'zone_ranges_dmesg',
    decidedBy: 'arch/arm/mm/init.c, zone_sizes_init()',
    recorded: zoneRanges,
    modelled: modelZoneRanges,
  },
  {
    name: 'early_node_ranges',
    decidedBy: 'mm/mm_init.c, free_area_init()',
    recorded: recording => recording.early_node_ranges?.map(range),
    modelled: modelNodeRanges,
  },
  {
    name: 'vars',
    decidedBy: 'arch/arm/mm/init.c, bootmem_init(), setup_dma_zone()',
    recorded: (recording, model) => vars(recording, model),
    modelled: (model, recording) => vars(model, recording) ?? [],
  },
  same(
    'cma_areas',
    'kernel/dma/contiguous.c, dma_contiguous_reserve(), rmem_cma_setup(); mm/cma.c',
    cmaAreas,
  ),
  value('cma_default_index', 'kernel/dma/contiguous.c, dma_contiguous_default_area', cmaDefault),
  same('atomic_pool', 'arch/arm/mm/dma-mapping.c, atomic_pool_init()', atomicPool),
  same('swiotlb', 'kernel/dma/swiotlb.c, swiotlb_init_remap()', facts =>
    facts.swiotlb?.filter(text => text.startsWith('software IO TLB')),
  ),
  same('memblock_reserved', 'mm/memblock.c, memblock_alloc_range_nid()', facts =>
    facts.memblock_reserved?.map(range),
  ),
  same('managed_pages', 'mm/memblock.c, memblock_free_all()', managedPages),
  {
    name: 'meminfo',
    decidedBy: 'fs/proc/meminfo.c, meminfo_proc_show()',
    recorded: meminfo,
    modelled: modelMeminfo,
  },
  {
    name: 'iomem',
    decidedBy: 'arch/arm/kernel/setup.c, request_standard_resources()',
    recorded: recording => recording.iomem?.filter(({ name }) => name === 'System RAM').map(range),
    modelled: model => model.system_ram.map(range),
  },
  {
    name: 'map_lowmem',
    decidedBy: 'arch/arm/mm/mmu.c, map_lowmem(), map_kernel(); dma-mapping.c, __dma_remap()',
    recorded: recording => recording.map_lowmem && mapLines(recording.map_lowmem, vagueAreas(recording)),
    modelled: (model, recording) => mapLines(model.map_lowmem, vagueAreas(recording)),
  },
  same('map_vectors_fixmap', 'arch/arm/mm/mmu.c, devicemaps_init()', facts =>
    fixedMap(facts.map_vectors_fixmap),
  ),
  same('mem_types_raw', 'arch/arm/mm/mmu.c, build_mem_type_table()', memTypes),
  same('protection_map', 'arch/arm/mm/mmu.c, build_mem_type_table()', facts => facts.protection_map),
  same('registers', 'arch/arm/mm/proc-*.S, __v7_setup and its kin', registers),
  {
    name: 'tex_remap_table',
    decidedBy: 'arch/arm/mm/proc-v7-2level.S, PRRR and NMRR',
    recorded: texRemap,
    modelled: modelTexRemap,
  },
  {
    name: 'log',
    decidedBy: 'the pr_*() of the function that the line names',
    recorded: recordedLogLines,
    modelled: modelLines,
  },
];
