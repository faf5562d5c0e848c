// SPDX-License-Identifier: GPL-2.0-only
/**
 * What an emulated guest says of itself, and its machine of it, in the form of the recordings of real kernels (facts.json):
 * so the comparison of `check-boot` reads both alike. What a script in user space cannot learn is not there: the kernel's
 * variables (no symbols are known), and what a kernel module of the recorder printed.
 */
import { FOUR_GiB, hex } from '../../src/base/address.js';
import { coreRecord } from '../../src/emulator/record/core-record.js';
import { MemoryTypes } from '../../src/hw/mmu/memory-type.js';
import type { MmuRegisters } from '../../src/hw/mmu/registers.js';
import type { Recording } from '../../src/lab/check-boot/recording.js';
import type { InclusiveRange } from '../../src/lab/facts.js';
import type { MapEntry } from '../../src/lab/map-facts.js';
import { pageTables } from '../../src/lab/page-tables.js';
import { sectionsOf } from '../support/busybox-guest.js';
import type { EmulatedRun } from './emulated-run.js';

const PAGE_OFFSET = 0xc0000000;
/** Linux: arch/arm/include/asm/pgtable.h, VMALLOC_END (v6.12). */
const VMALLOC_END = 0xff800000;

export interface GuestFacts extends Recording {
  readonly version: string;
  /** The log without time stamps. */
  readonly log: readonly string[];
  readonly vmallocinfo: readonly string[];
  /** All that the kernel's own table maps. */
  readonly map: readonly MapEntry[];
}

function zonesOf(lines: readonly string[]): NonNullable<Recording['zones']> {
  const text = lines.join('\n');
  return text.split(/^Node 0, zone +/m).flatMap(part => {
    const name = /^\w+/.exec(part)?.[0];
    const number = (key: string): number =>
      Number(new RegExp(`^ +${key}:? +(\\d+)`, 'm').exec(part)?.[1] ?? 0);
    if (name === undefined) return [];
    const spanned_pages = number('spanned');
    const start = spanned_pages === 0 ? null : hex(4096 * number('start_pfn'));
    const counts = { present_pages: number('present'), managed_pages: number('managed') };
    return [{ name, start, spanned_pages, ...counts, cma_pages: number('cma') }];
  });
}

/** `   0: 0x40000000..0x4fffffff` */
function memblockOf(lines: readonly string[]): InclusiveRange[] {
  return lines.flatMap(line => {
    const found = /: 0x(\w+)\.\.0x(\w+)/.exec(line);
    return found ? [{ start: plain(found[1]!), end: plain(found[2]!) }] : [];
  });
}

function plain(digits: string): string {
  return hex(Number(`0x${digits.replace(/^0x/, '')}`));
}

/** `  40008000-40ffffff : Kernel code` */
function iomemOf(lines: readonly string[]): NonNullable<Recording['iomem']> {
  return lines.flatMap(line => {
    const found = /^ *(\w+)-(\w+) : (.*)$/.exec(line);
    return found ? [{ start: plain(found[1]!), end: plain(found[2]!), name: found[3]! }] : [];
  });
}

/** Linux: mm/mm_init.c, free_area_init(). */
function zoneRanges(log: readonly string[]): NonNullable<Recording['zone_ranges_dmesg']> {
  return Object.fromEntries(
    log.flatMap(line => {
      const found = /^ {2}(DMA|Normal|HighMem) +(?:empty|\[mem (\w+)-(\w+)\])$/.exec(line);
      if (found === null) return [];
      const [, name, start, end] = found;
      return [[name!, start ? { start: plain(start), end: plain(end!) } : null]];
    }),
  );
}

function nodeRanges(log: readonly string[]): InclusiveRange[] {
  return log.flatMap(line => {
    const found = /^ {2}node +0: \[mem (\w+)-(\w+)\]$/.exec(line);
    return found ? [{ start: plain(found[1]!), end: plain(found[2]!) }] : [];
  });
}

/** Areas as the log has them: kernel/dma/contiguous.c, mm/cma.c. */
function cmaAreas(log: readonly string[], lowmemLimit: number): NonNullable<Recording['cma_areas']> {
  return log.flatMap(line => {
    const found = /^cma: Reserved (\d+) MiB at 0x(\w+)/.exec(line);
    if (found === null) return [];
    const base = Number(`0x${found[2]}`);
    const size = hex(Number(found[1]) * 2 ** 20);
    return [{ base: hex(base), size, name: 'reserved', lowmem: base < lowmemLimit }];
  });
}

/** ARM's pool for atomic allocations: mapped by vmalloc, or the first uncached pages of the contiguous area. */
function atomicPool(
  log: readonly string[],
  vmallocinfo: readonly string[],
  map: readonly MapEntry[],
  areas: NonNullable<Recording['cma_areas']>,
): Recording['atomic_pool'] {
  const kib = log.map(line => /^DMA: preallocated (\d+) KiB pool/.exec(line)?.[1]).find(Boolean);
  if (kib === undefined) return undefined;
  const size = hex(1024 * Number(kib));
  const remapped = vmallocinfo.find(line => /dma_common_\w+_remap/.test(line));
  const va = remapped === undefined ? null : Number(remapped.slice(0, 10));
  const entry = map.find(({ va: at, type, kind }) => {
    return va === null ? kind === 'page' && type === 'normal inner=NC outer=NC' : Number(at) === va;
  });
  if (entry === undefined) return undefined;
  const pa = Number(entry.pa);
  const area = areas.find(({ base, size: bytes }) => pa >= Number(base) && pa < Number(base) + Number(bytes));
  return { pa: entry.pa, size, in_lowmem: va === null, inside_cma: area?.name ?? null, map: [entry] };
}

function texRemap(registers: MmuRegisters): Record<string, string> {
  const types = new MemoryTypes(registers);
  const text = (index: number): string => types.short(index >> 2, (index >> 1) & 1, index & 1, 0).text;
  return Object.fromEntries(Array.from({ length: 8 }, (_, index) => [String(index), text(index)]));
}

/** CP15 as recordings have it: numbers without leading zeros. */
function registersOf({ board }: EmulatedRun): Record<string, unknown> {
  const [cpu] = board.system.cpus;
  const { registers } = cpu!.mem.translator;
  const plainValues = Object.entries(coreRecord(cpu!).cp15).map(([name, value]) => [
    name,
    `0x${BigInt(value).toString(16)}`,
  ]);
  const remap = registers.format === 'short' ? { tex_remap_table: texRemap(registers) } : {};
  return { ...Object.fromEntries(plainValues), tex_remap: registers.tre, ...remap };
}

/**
 * With long descriptors TTBR1 begins at the second level, for the last GiB; swapper_pg_dir lies before it.
 * Linux: arch/arm/include/asm/pgtable-3level-hwdef.h, TTBR1_OFFSET (v6.12), 3G/1G split.
 */
const TTBR1_OFFSET = 4096 * (1 + 3);

/** What the kernel's own table maps: TTBR1 names it, whether it is walked or not. */
function kernelMap({ board }: EmulatedRun): { readonly base: number; readonly map: readonly MapEntry[] } {
  const { cpus, machine } = board.system;
  const tables = pageTables(machine.ram, [cpus[0]!.mem.translator.registers]);
  const swapper = tables.find(({ register }) => register === 'TTBR1')!;
  const offset = swapper.format === 'short' ? 0 : TTBR1_OFFSET;
  return { base: Number(swapper.base) - offset, map: swapper.ranges };
}

function between(map: readonly MapEntry[], start: number, end: number): MapEntry[] {
  return map.filter(({ va }) => Number(va) >= start && Number(va) < end);
}

export function guestFacts(run: EmulatedRun): GuestFacts {
  const sections = sectionsOf(run.text);
  const section = (name: string): readonly string[] => sections.get(name) ?? [];
  const log = section('log').map(line => line.replace(/^(?:<\d+>)?\[ *\d+\.\d+\] /, ''));
  const zones = zonesOf(section('zoneinfo'));
  const low = zones.filter(({ name, start }) => start !== null && !['HighMem', 'Movable'].includes(name));
  const lowmemLimit = Math.max(...low.map(zone => Number(zone.start) + 4096 * zone.spanned_pages));
  const { base, map } = kernelMap(run);
  const linear = map.find(({ va }) => Number(va) >= PAGE_OFFSET)!;
  const delta = Number(linear.pa) - Number(linear.va);
  const highMemory = lowmemLimit - delta;
  const areas = cmaAreas(log, lowmemLimit);
  const isLong = run.board.system.cpus[0]!.mem.translator.registers.format === 'long';
  const pool = atomicPool(log, section('vmallocinfo'), map, areas);
  const meminfo = section('meminfo')
    .map(line => /^(\w+): +(\d+)/.exec(line))
    .filter(found => found !== null);
  return {
    version: section('version')[0] ?? '',
    log,
    vmallocinfo: section('vmallocinfo'),
    map,
    page_table_format: isLong ? 'long (LPAE)' : 'short',
    linear_delta_pa_minus_va: hex((delta + 2 ** 40) % 2 ** 40),
    lowmem_limit_pa: hex(lowmemLimit),
    high_memory_va: hex(highMemory),
    zones,
    zone_ranges_dmesg: zoneRanges(log),
    early_node_ranges: nodeRanges(log),
    memblock_memory: memblockOf(section('memory')),
    memblock_reserved: memblockOf(section('reserved')),
    iomem: iomemOf(section('iomem')),
    meminfo_kb: Object.fromEntries(meminfo.map(found => [found[1]!, Number(found[2])])),
    cma_areas: areas,
    ...(pool && { atomic_pool: pool }),
    swiotlb: log.filter(line => line.startsWith('software IO TLB')),
    swapper_pg_dir: { pa: hex(base) },
    registers: registersOf(run),
    map_lowmem: between(map, PAGE_OFFSET, highMemory),
    map_vectors_fixmap: between(map, VMALLOC_END, FOUR_GiB),
    cpu_lines: log,
    dma_lines: log,
  };
}
