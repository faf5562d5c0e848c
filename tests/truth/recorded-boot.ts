// SPDX-License-Identifier: GPL-2.0-only
/**
 * Boots the modelled kernel the way a recorded kernel was booted, and compares what both made of it.
 * A recording gives: the board's tree, memory size, cores and command line (`run.json`), and the facts
 * (`facts.json`), of which only the image's layout is taken as input: nobody can derive it from a config.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alignUp, MiB } from '../../src/base/address.js';
import { Board } from '../../src/board/board.js';
import type { HardwareFacts } from '../../src/board/hardware.js';
import { legacy } from '../../src/designs/legacy.js';
import { loadDeviceTree } from '../../src/devicetree/load.js';
import { bootDesign } from '../../src/lab/boot.js';
import type { BootFacts, MapEntry } from '../../src/lab/facts.js';
import { bootFacts } from '../../src/lab/facts.js';
import { type MemoryBankRequest, prepareBoard } from '../../src/lab/job.js';
import { KernelConfig, type KernelImage } from '../../src/linux/config.js';

interface Run {
  readonly name: string;
  readonly machine: string;
  readonly kernel: string;
  readonly mem: string;
  readonly smp: number;
  readonly cpu: string | null;
  readonly cmdline: string;
}

/** The parts of `facts.json` that are read here; names as there. */
interface Recording
  extends Omit<BootFacts, 'dmesg' | 'layout' | 'vars' | 'zones' | 'cma_areas' | 'cma_default_index'> {
  // Absent where the recording module was not loaded.
  readonly layout?: BootFacts['layout'];
  readonly vars?: BootFacts['vars'];
  readonly zones?: BootFacts['zones'];
  readonly cma_areas?: BootFacts['cma_areas'];
  readonly cma_default_index?: BootFacts['cma_default_index'];
  readonly linear_delta_pa_minus_va: string;
  readonly memory_nodes: string | null;
  readonly iomem: readonly { readonly start: string; readonly end: string; readonly name: string }[];
  readonly dma_lines: readonly string[];
}

/** Field by field: agreed, or both values. */
export interface FieldResult {
  readonly field: string;
  readonly agrees: boolean;
  readonly recorded: string;
  readonly modelled: string;
}

export interface BootComparison {
  readonly run: string;
  readonly fields: readonly FieldResult[];
}

export function recordedRuns(folder: string): string[] {
  return readdirSync(folder).sort();
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

const number = (text: string | null | undefined): number => Number(text ?? Number.NaN);

/** All recorded kernels have the 3G/1G split. */
const PAGE_OFFSET = 0xc0000000;

/** The recording has the difference modulo 2^40. */
function recordedPhysOffset(recording: Recording): number {
  return (PAGE_OFFSET + number(recording.linear_delta_pa_minus_va)) % 2 ** 40;
}

/** Where the linker put things, read off the recorded map and resources; offsets from PHYS_OFFSET. */
function recordedImage(recording: Recording): KernelImage {
  const base = recordedPhysOffset(recording);
  const swapper = number(recording.swapper_pg_dir.pa) - base;
  const textOffset = swapper + (recording.page_table_format === 'short' ? 0x4000 : 0x5000);
  const resource = (name: string) => recording.iomem.find(entry => entry.name === name);
  const codeEnd = number(resource('Kernel code')?.end) + 1 - base;
  const sdata = number(resource('Kernel data')?.start) - base;
  const end = number(resource('Kernel data')?.end) + 1 - base;
  const readOnly = recording.map_lowmem.filter(({ ap }) => ap === 'ro/-');
  const stext = readOnly[0]
    ? number(readOnly[0].va) - PAGE_OFFSET
    : number(recording.memblock_reserved.find(entry => number(entry.end) + 1 - base === end)?.start) - base;
  const rodata = readOnly.find(({ xn }) => xn === 1);
  return {
    textOffset,
    stext: Number.isNaN(stext) ? textOffset : stext,
    rodataStart: rodata ? number(rodata.va) - PAGE_OFFSET : codeEnd,
    initBegin: codeEnd,
    initEnd: sdata,
    sdata,
    end,
  };
}

function parseMemory(text: string): number {
  const match = /^(\d+)([MG])$/.exec(text);
  if (!match) throw new Error(`memory size ${text}`);
  return Number(match[1]) * (match[2] === 'G' ? 1024 * MiB : MiB);
}

/** What QEMU writes into /memory: all of `-m`, unless the run names nodes, or the GPU takes its part. */
function recordedMemory(run: Run, recording: Recording): MemoryBankRequest[] {
  if (recording.memory_nodes) {
    const cells = [...recording.memory_nodes.split('reg')[1]!.matchAll(/0x[0-9a-f]+|\b\d+\b/g)].map(
      ([cell]) => Number(cell),
    );
    return Array.from({ length: cells.length / 4 }, (_, bank) => ({
      base: cells[4 * bank]! * 2 ** 32 + cells[4 * bank + 1]!,
      sizeBytes: cells[4 * bank + 2]! * 2 ** 32 + cells[4 * bank + 3]!,
    }));
  }
  // QEMU: hw/arm/raspi.c gives 64 MiB to the GPU; hw/arm/realview.c puts the PB's memory here.
  const taken = run.machine.startsWith('raspi') ? 64 * MiB : 0;
  const base = run.machine === 'realview-pb-a8' ? { base: 0x70000000 } : {};
  return [{ sizeBytes: parseMemory(run.mem) - taken, ...base }];
}

/** Cores of the emulated machine, where its tree says something else. */
function recordedHardware(run: Run, board: Board): HardwareFacts {
  const source = 'QEMU command line of the recording';
  const cores: Readonly<Record<string, string>> = {
    arm1176: 'arm,arm1176jzf-s',
    'cortex-a7': 'arm,cortex-a7',
    'cortex-a15': 'arm,cortex-a15',
  };
  const core = run.cpu ? cores[run.cpu] : undefined;
  // QEMU: hw/arm/exynos4210.c always makes two cores.
  const count = run.machine === 'smdkc210' ? 2 : run.smp;
  return {
    ...(board.cpus.count !== count && { coreCount: { value: count, source } }),
    ...(core && { core: { value: core, source } }),
    // QEMU's ARM1176 claims a data cache with aliases (target/arm: CTR 0x1dd20d2); other cores have none.
    ...((core === cores['arm1176'] || run.machine === 'raspi0') && {
      dataCache: { value: 'VIPT-aliasing' as const, source },
    }),
  };
}

/** The modelled kernel's facts of a recorded run. */
export function modelBoot(folder: string, configs: string): { recording: Recording; model: BootFacts } {
  const run = readJson<Run>(join(folder, 'run.json'));
  const recording = readJson<Recording>(join(folder, 'facts.json'));
  const path = join(folder, 'board.dtb');
  const board = new Board(
    run.name,
    loadDeviceTree(path),
    recordedHardware(run, new Board('', loadDeviceTree(path))),
  );
  const memory = recordedMemory(run, recording);
  const bytes = memory.reduce((sum, bank) => sum + bank.sizeBytes, 0);
  const physOffset = recordedPhysOffset(recording);
  // QEMU: hw/arm/boot.c puts the initrd half-way into RAM, 128 MiB at most, and the tree behind it.
  const initrd = { address: physOffset + Math.min(bytes / 2, 128 * MiB), size: 0x13e000 };
  const prepared = prepareBoard(board, {
    path,
    memory,
    initrd,
    treeAddress: alignUp(initrd.address + initrd.size, 4096),
    imageAddress: physOffset + 0x10000,
    cmdline: run.cmdline,
    configFile: join(configs, `${run.kernel}.config`),
    designs: [],
  });
  const { config } = prepared;
  const image = recordedImage(recording);
  const withImage = new KernelConfig({ ...config.parts(), image });
  return { recording, model: bootFacts(bootDesign({ ...prepared, config: withImage }, legacy)) };
}

/** A field that a recording lacks is passed over. */
export const ABSENT = 'absent';

const text = (value: unknown): string => JSON.stringify(value) ?? ABSENT;

function zones(facts: Pick<Recording, 'zones'>): unknown {
  return facts.zones
    ?.filter(zone => zone.spanned_pages > 0)
    .map(({ name, start, spanned_pages, present_pages }) => ({ name, start, spanned_pages, present_pages }));
}

/** The map as pieces of one kind, whatever the attributes: `section 0xc0000000-0xcf000000`. */
function kinds(map: readonly MapEntry[]): string[] {
  const joined: { kind: string; start: number; end: number }[] = [];
  for (const { kind, va, va_end } of map) {
    const last = joined.at(-1);
    if (last && last.kind === kind && last.end === number(va)) last.end = number(va_end) + 1;
    else joined.push({ kind, start: number(va), end: number(va_end) + 1 });
  }
  return joined.map(({ kind, start, end }) => `${kind} 0x${start.toString(16)}-0x${end.toString(16)}`);
}

/** One order of keys, for comparison as text. */
function sorted(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** All attributes of the sections of the direct map; pages change while drivers run. */
function sections(map: readonly MapEntry[]): unknown {
  return map.filter(({ kind }) => kind === 'section').map(sorted);
}

/** mem_types[], without the second-stage bits that ARM kernels of today have no use for. */
function memTypes(facts: Pick<Recording, 'mem_types_raw'>): unknown {
  const types = Object.entries(facts.mem_types_raw ?? {});
  if (types.length === 0) return undefined;
  const read = types.map(([name, { prot_pte, prot_l1, prot_sect, domain }]) => {
    return [name, { prot_pte, prot_l1, prot_sect, domain }] as const;
  });
  return sorted(Object.fromEntries(read));
}

function memoryRegisters(facts: Pick<BootFacts, 'registers'>): unknown {
  const { TTBCR, PRRR, NMRR, MAIR0, MAIR1 } = facts.registers;
  return { TTBCR, PRRR, NMRR, MAIR0, MAIR1 };
}

function areas(facts: Pick<Recording, 'cma_areas'>): unknown {
  return facts.cma_areas?.map(({ base, size, lowmem }) => ({ base, size, lowmem }));
}

/** Buddy memory depends on what ran before, so its address is no target; that of CMA memory is. */
function pool(facts: Pick<BootFacts, 'atomic_pool'>): unknown {
  const found = facts.atomic_pool;
  if (!found) return null;
  const { size, in_lowmem, inside_cma, pa, map } = found;
  const type = map[0]?.type;
  return inside_cma
    ? { size, in_lowmem, inside_cma: true, pa, type }
    : { size, in_lowmem, inside_cma: false, type };
}

/** Every compared field, in a fixed order. */
const fields: readonly [string, (facts: Recording | BootFacts) => unknown][] = [
  ['lowmem_limit_pa', facts => facts.lowmem_limit_pa],
  ['high_memory_va', facts => facts.high_memory_va],
  ['VMALLOC_START', facts => facts.layout?.['VMALLOC_START']],
  ['VMALLOC_END', facts => facts.layout?.['VMALLOC_END']],
  ['zones', zones],
  ['memblock_memory', facts => facts.memblock_memory.map(({ start, end }) => ({ start, end }))],
  ['cma_areas', areas],
  ['cma_default_index', facts => (facts.cma_areas ? (facts.cma_default_index ?? null) : undefined)],
  ['atomic_pool', facts => (facts.cma_areas ? pool(facts) : undefined)],
  ['map_lowmem kinds', facts => kinds(facts.map_lowmem)],
  ['map_lowmem sections', facts => sections(facts.map_lowmem)],
  ['mem_types_raw', memTypes],
  ['protection_map', facts => facts.protection_map],
  ['registers', memoryRegisters],
  ['linear_delta_pa_minus_va', facts => facts.linear_delta_pa_minus_va],
];

/**
 * Pages that the modelled page allocator manages beyond the recorded one: in lowmem, where Linux also has hash
 * tables, per-CPU areas and the unpacked tree, and above it, where it has nothing.
 */
export function managedSurplus(
  recording: Recording,
  model: BootFacts,
): { lowmem: number; above: number } | null {
  if (!recording.zones) return null;
  const surplus = { lowmem: 0, above: 0 };
  for (const { name, managed_pages } of recording.zones) {
    const modelled = model.zones.find(zone => zone.name === name)?.managed_pages ?? 0;
    surplus[name === 'DMA' || name === 'Normal' ? 'lowmem' : 'above'] += modelled - managed_pages;
  }
  return surplus;
}

export function compareBoot(name: string, recording: Recording, model: BootFacts): BootComparison {
  return {
    run: name,
    fields: fields.map(([field, read]) => {
      const recorded = text(read(recording));
      const modelled = text(read(model));
      return { field, agrees: recorded === ABSENT || recorded === modelled, recorded, modelled };
    }),
  };
}
