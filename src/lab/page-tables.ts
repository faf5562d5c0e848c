// SPDX-License-Identifier: GPL-2.0-only
/**
 * The translation tables that a core's registers name, whole, as runs of equal attributes: what a real kernel's tables
 * hold, for the record of an emulated boot. Names and formats are those of `map-facts.ts`; beside the hardware's
 * attributes stands what the kernel's own listing would say of the entry (`linux/arch/arm/mm/dump.ts`).
 */
import { FOUR_GiB, hex, type Paddr, type Vaddr } from '../base/address.js';
import { type MappedRange, mapRanges } from '../hw/mmu/dump.js';
import type { MmuRegisters } from '../hw/mmu/registers.js';
import { tableRoots } from '../hw/mmu/table-roots.js';
import { Translation } from '../hw/mmu/translation.js';
import { TableWalker } from '../hw/mmu/walker.js';
import type { Ram } from '../hw/ram.js';
import { listedEntry } from '../linux/arch/arm/mm/dump.js';
import { linuxEntry, linuxMemoryType, type MapEntry, mapEntry } from './map-facts.js';

/** Equal in the hardware's attributes and in the kernel's listing. */
export interface ListedRange extends MapEntry {
  /** `PTE KERNEL      RW NX SHD MEM/CACHED/WBWA`; absent for what Linux does not make: 64 KiB pages, 1 GiB blocks. */
  readonly listed?: string;
}

export interface PageTables {
  /** Cores whose register names this table. */
  readonly cores: readonly number[];
  readonly register: 'TTBR0' | 'TTBR1';
  readonly format: 'short' | 'long (LPAE)';
  readonly base: string;
  /** Addresses that it serves, `va_end` inclusive. */
  readonly va: string;
  readonly va_end: string;
  /** False: no walk uses it. With short descriptors Linux keeps TTBCR 0, and TTBR1 names swapper_pg_dir all the same. */
  readonly walked: boolean;
  readonly ranges: readonly ListedRange[];
}

/** A table to list, and with which registers. */
interface Root {
  readonly register: 'TTBR0' | 'TTBR1';
  readonly base: Paddr;
  readonly start: Vaddr;
  readonly end: Vaddr;
  readonly walked: boolean;
  readonly registers: MmuRegisters;
}

const TTBR_BASE = 0x4000;

function rootsOf(registers: MmuRegisters): Root[] {
  const roots = tableRoots(registers).map(({ base, start, end }): Root => {
    return { register: start === 0 ? 'TTBR0' : 'TTBR1', base, start, end, walked: true, registers };
  });
  if (registers.format === 'long' || roots.some(({ register }) => register === 'TTBR1')) return roots;
  const base = registers.ttbr1 - (registers.ttbr1 % TTBR_BASE);
  const alone = registers.with({ ttbr0: base, ttbcr: 0 });
  return [...roots, { register: 'TTBR1', base, start: 0, end: FOUR_GiB, walked: false, registers: alone }];
}

/** Attributes in the kernel's terms, of the entry that translates an address. */
interface Listed {
  readonly listed?: string;
  readonly memoryType?: string;
}

class Lister {
  private readonly ram: Ram;
  private readonly registers: MmuRegisters;
  private readonly walker: TableWalker;
  private readonly found = new Translation();

  constructor(ram: Ram, registers: MmuRegisters) {
    this.ram = ram;
    this.registers = registers;
    this.walker = new TableWalker(ram, registers);
  }

  /** Also the size of the entry, which `found` has then. */
  private at(va: Vaddr): Listed {
    const { ram, found } = this;
    this.walker.walk(va, found);
    const { kind, descriptors, levels, entryPaddr } = found;
    if (this.registers.format === 'long') {
      if (kind === 'block' || kind === 'largepage' || kind === 'supersection') return {};
      const entry = { lo: descriptors[2 * levels - 2]!, hi: descriptors[2 * levels - 1]! };
      return { listed: listedEntry(kind, entry, null) };
    }
    if (kind === 'page') {
      const entry = linuxEntry(ram, entryPaddr);
      const listed = listedEntry('page', { lo: entry >>> 0, hi: 0 }, found.domain);
      return { listed, memoryType: linuxMemoryType(entry) };
    }
    return kind === 'section' || kind === 'supersection'
      ? { listed: listedEntry('section', { lo: found.descriptor1, hi: 0 }, found.domain) }
      : {};
  }

  /** A run of equal hardware attributes, parted where the kernel's own entries differ. */
  list(range: MappedRange): ListedRange[] {
    const parts: ListedRange[] = [];
    let start = range.va;
    let current = this.at(start);
    const close = (end: Vaddr): void => {
      const offset = start - range.va;
      const part = { ...range, va: start, vaEnd: end - 1, pa: range.pa + offset, size: end - start };
      const { listed, memoryType } = current;
      parts.push({ ...mapEntry(part, this.registers, memoryType), ...(listed !== undefined && { listed }) });
    };
    const end = range.vaEnd + 1;
    for (let va = start; va < end; va = va - (va % this.found.size) + this.found.size) {
      const next = this.at(va);
      if (next.listed !== current.listed || next.memoryType !== current.memoryType) {
        close(va);
        start = va;
        current = next;
      }
    }
    close(end);
    return parts;
  }
}

/** The tables of all cores, by core; null: its MMU is off. A table that several cores name alike is there once. */
export function pageTables(ram: Ram, cores: readonly (MmuRegisters | null)[]): PageTables[] {
  const found = new Map<string, PageTables & { readonly cores: number[] }>();
  for (const [core, registers] of cores.entries()) {
    for (const root of registers === null ? [] : rootsOf(registers)) {
      const { register, base, start, end, walked } = root;
      const { format, tre, afe, prrr, nmrr, mair0, mair1, ttbcr } = root.registers;
      const key = [register, base, start, end, format, tre, afe, prrr, nmrr, mair0, mair1, ttbcr].join();
      const known = found.get(key);
      if (known !== undefined) {
        known.cores.push(core);
        continue;
      }
      const lister = new Lister(ram, root.registers);
      found.set(key, {
        cores: [core],
        register,
        format: format === 'long' ? 'long (LPAE)' : 'short',
        base: hex(base),
        va: hex(start),
        va_end: hex(end - 1),
        walked,
        ranges: mapRanges(ram, root.registers, start, end).flatMap(range => lister.list(range)),
      });
    }
  }
  return [...found.values()];
}
