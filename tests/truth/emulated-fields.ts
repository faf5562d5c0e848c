// SPDX-License-Identifier: GPL-2.0-only
/**
 * What of a recorded boot is compared with the same boot in the emulator, field by field: those that `check-boot`
 * compares (src/lab/check-boot/fields.ts), and beside them what only a real kernel tells.
 * Not compared, each with its reason, is what LEFT_OUT names; of other fields what their comments say. What recordings
 * have beyond that is of devices: `dma_api` (calls of the recorder's module, which is not in the guest),
 * `map_modules_pkmap` and `map_big_device_ranges` (its text, and what drivers mapped), `user_pgds` (the process that
 * ran at that moment), `dma_api_warnings`.
 */
import { hex, type Range } from '../../src/base/address.js';
import { fields } from '../../src/lab/check-boot/fields.js';
import { mapLines } from '../../src/lab/check-boot/map-fields.js';
import type { Recording } from '../../src/lab/check-boot/recording.js';
import { compareLines, type FieldResult } from '../../src/lab/check-boot/result.js';
import type { BootFacts, MapEntry } from '../../src/lab/facts.js';
import type { GuestFacts } from './guest-facts.js';

/** The recording with its page tables, and fields that `check-boot` does not read. */
export interface RecordedFacts extends Recording {
  readonly version?: string;
  readonly vmallocinfo_dma?: readonly string[];
  readonly vmallocinfo_static?: readonly string[];
  readonly l2c_lines?: readonly string[];
  readonly memory_line?: string;
  /** Lines of `pagetables.txt`. */
  readonly tables: readonly string[];
}

/** Fields of `check-boot`, and why they cannot be compared with a guest. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  vmalloc: "the kernel prints its layout nowhere; the recorder's module did. VmallocTotal has its size",
  vars: 'variables of the kernel, for which Debian gives no symbols',
  cma_default_index: 'a variable of the kernel',
  mem_types_raw: 'a variable of the kernel; map_lowmem and attributes show what became of it',
  protection_map: 'a variable of the kernel',
  map_lowmem: 'compared below: buffers of the recorder’s module are in contiguous lowmem',
};

/** Linux: arch/arm/include/asm/pgtable.h (v6.12). */
const VMALLOC_END = 0xff800000;

interface Comparison {
  readonly name: string;
  readonly recorded: (recorded: RecordedFacts, guest: GuestFacts) => readonly string[] | undefined;
  readonly emulated: (guest: GuestFacts, recorded: RecordedFacts) => readonly string[] | undefined;
}

function alike(name: string, read: (facts: Recording) => readonly string[] | undefined): Comparison {
  return { name, recorded: read, emulated: read };
}

/** Contiguous areas: whose pages the recorder's module had used. */
function contiguous({ cma_areas = [] }: Recording): Range[] {
  return cma_areas.map(({ base, size }) => ({ start: Number(base), end: Number(base) + Number(size) }));
}

/** Of a contiguous area in lowmem that it is mapped by pages, and which kinds of pages. */
function lowmem(facts: Recording): string[] | undefined {
  const { map_lowmem } = facts;
  if (map_lowmem === undefined) return undefined;
  const areas = contiguous(facts);
  const pages = map_lowmem.filter(({ pa, kind }) => {
    return kind === 'page' && areas.some(({ start, end }) => Number(pa) >= start && Number(pa) < end);
  });
  return [...mapLines(map_lowmem, areas), ...kinds(pages).map(kind => `contiguous: ${kind}`)];
}

/** Kinds of mappings above lowmem, of a recorded table: `page normal inner=WBWA outer=WBWA rw/- xn 1 WRITEALLOC`. */
function recordedKinds({ tables, high_memory_va = '0x0' }: RecordedFacts): string[] {
  const lines = tables.flatMap(line => {
    const found = /^(\w+)-\w+ .*? (\w+) +\w+=.* type=(.*?) sh/.exec(line);
    const va = Number(`0x${found?.[1]}`);
    if (found === null || va < Number(high_memory_va) || va >= VMALLOC_END) return [];
    const value = (key: string): string => new RegExp(` ${key}=(\\S+)`).exec(line)?.[1] ?? '';
    return [`${found[2]} ${found[3]} ${value('ap')} xn ${value('xn')} ${value('linux_mt')}`];
  });
  return [...new Set(lines)].sort();
}

function guestKinds({ map, high_memory_va }: GuestFacts): string[] {
  const entries = map.filter(({ va }) => Number(va) >= Number(high_memory_va) && Number(va) < VMALLOC_END);
  const lines = entries.map(
    ({ kind, type, ap, xn, linux_mt = '' }) => `${kind} ${type} ${ap} xn ${xn} ${linux_mt}`,
  );
  return [...new Set(lines)].sort();
}

/** Kinds of mappings: attributes without addresses, each once. */
function kinds(map: readonly MapEntry[]): string[] {
  const attributes = map.map(({ va: _va, va_end: _end, pa: _pa, size: _size, ...rest }) => {
    const { listed: _listed, ...entry } = rest as Record<string, unknown>;
    return Object.entries(entry)
      .map(([name, value]) => `${name} ${String(value)}`)
      .sort()
      .join(' ');
  });
  return [...new Set(attributes)].sort();
}

/** Lines of the log that depend on time or on the machine's clocks: delay loops are measured. */
const TIMED = [/BogoMIPS/];
/**
 * Of devices that differ: a driver's order; QEMU's PL310 has no power control register (hw/misc/arm_l2x0.c), which here
 * keeps what the kernel writes (DDI 0246, 3.3.16).
 */
const OF_DEVICES = [/no DMA platform data/, /^L2C-310 dynamic clock gating/];

function lasting(lines: readonly string[]): string[] {
  const changing = [...TIMED, ...OF_DEVICES];
  return lines.map(line => line.trimEnd()).filter(line => !changing.some(pattern => pattern.test(line)));
}

/** Recorded lines that the guest's log has, in the recorded order. */
function logLines(
  name: string,
  read: (recorded: RecordedFacts) => readonly string[] | undefined,
): Comparison {
  return {
    name,
    recorded: recorded => {
      const lines = read(recorded);
      return lines === undefined || lines.length === 0 ? undefined : lasting(lines);
    },
    emulated: ({ log }, recorded) => {
      const wanted = lasting(read(recorded) ?? []);
      return log.map(line => line.trimEnd()).filter(line => wanted.includes(line));
    },
  };
}

/** `/proc/vmallocinfo` without addresses of the moment: size and caller. */
function withoutAddress(line: string): string {
  return line.replace(/^0x\w+-0x\w+ +/, '').trimEnd();
}

const REGISTERS: readonly string[] = ['MIDR', 'SCTLR', 'CTR', 'CLIDR'];

function identification({ registers }: Recording): string[] | undefined {
  return (
    registers && REGISTERS.flatMap(name => (registers[name] ? [`${name} ${String(registers[name])}`] : []))
  );
}

/** What does not change while the kernel runs. */
const MEMINFO: readonly string[] = ['MemTotal', 'HighTotal', 'LowTotal', 'VmallocTotal', 'CmaTotal'];

function meminfo({ meminfo_kb }: Recording): string[] | undefined {
  return meminfo_kb && MEMINFO.flatMap(name => (name in meminfo_kb ? [`${name} ${meminfo_kb[name]}`] : []));
}

/** Both have other resources of drivers below; a recorder kept those of the kernel. */
function iomem({ iomem }: Recording): string[] | undefined {
  return iomem
    ?.filter(({ name }) => ['System RAM', 'Kernel code', 'Kernel data'].includes(name))
    .map(({ name, start, end }) => `${start}-${end} ${name}`);
}

const comparisons: readonly Comparison[] = [
  ...fields
    .filter(({ name }) => LEFT_OUT[name] === undefined && name !== 'meminfo' && name !== 'iomem')
    .map(({ name, recorded }): Comparison => {
      const read = (facts: Recording, other: Recording) => recorded(facts, other as BootFacts);
      return { name, recorded: read, emulated: read };
    }),
  {
    name: 'version',
    recorded: ({ version }) => (version === undefined ? undefined : [version]),
    emulated: ({ version }) => [version],
  },
  alike('iomem', iomem),
  alike('meminfo', meminfo),
  alike('map_lowmem', lowmem),
  alike('swapper_pg_dir', ({ swapper_pg_dir }) => swapper_pg_dir && [hex(Number(swapper_pg_dir.pa))]),
  alike('identification', identification),
  logLines('cpu_lines', ({ cpu_lines }) => cpu_lines),
  logLines('l2c_lines', ({ l2c_lines }) => l2c_lines),
  logLines('dma_lines', ({ dma_lines }) => dma_lines),
  logLines('memory_line', ({ memory_line }) => (memory_line === undefined ? undefined : [memory_line])),
  {
    name: 'vmallocinfo_static',
    recorded: ({ vmallocinfo_static }) => vmallocinfo_static?.map(line => line.trimEnd()),
    emulated: ({ vmallocinfo }, recorded) =>
      vmallocinfo.map(line => line.trimEnd()).filter(line => recorded.vmallocinfo_static?.includes(line)),
  },
  {
    // The recorded boot has kinds that drivers of other devices, or the recorder's module, made.
    name: 'kinds of mappings',
    recorded: (recorded, guest) => recordedKinds(recorded).filter(kind => guestKinds(guest).includes(kind)),
    emulated: guestKinds,
  },
  {
    name: 'vmallocinfo_dma',
    recorded: ({ vmallocinfo_dma }) => vmallocinfo_dma?.map(withoutAddress),
    emulated: ({ vmallocinfo }) =>
      vmallocinfo.filter(line => line.includes('dma-coherent')).map(withoutAddress),
  },
];

/** Results of all fields that the recording has. */
export function compareBoots(recorded: RecordedFacts, guest: GuestFacts): FieldResult[] {
  return comparisons.flatMap(({ name, recorded: read, emulated }) => {
    const theirs = read(recorded, guest);
    if (theirs === undefined) return [];
    return [compareLines(name, 'emulator', theirs, emulated(guest, recorded) ?? [])];
  });
}
