// SPDX-License-Identifier: GPL-2.0-only
/**
 * A machine with three pages of data, real translation tables for the mappings of `program.ts`, and one DMA
 * master for each port of its kind. It is built once for a kind and put back to its first state before each
 * program, for a machine's memory costs a megabyte.
 * Model: which mappings may still be used after a change is kept here too, by the architecture's rule that an
 * entry lives until TLB maintenance reaches it, so that speculation in live caches has candidates that do not
 * depend on what is tested.
 */
import { invariant } from '../../src/base/diagnostics.js';
import type { Random } from '../../src/base/random.js';
import type { SpeculationSource } from '../../src/hw/cache/live-caches.js';
import { type CoherencyPort, DmaMaster } from '../../src/hw/dma/master.js';
import { Machine } from '../../src/hw/machine.js';
import { encodeLongPage, encodeLongTable } from '../../src/hw/mmu/long-descriptor.js';
import type { MemoryType } from '../../src/hw/mmu/memory-type.js';
import {
  encodeLegacySmallPage,
  encodeSmallPage,
  encodeTable,
  type ShortAttributes,
} from '../../src/hw/mmu/short-descriptor.js';
import { Translation } from '../../src/hw/mmu/translation.js';
import { WALK_OK } from '../../src/hw/mmu/walker.js';
import type { Kind } from './kinds.js';
import type { Mapping, Program, Space } from './program.js';

export const PAGE = 4096;
export const PAGES = 3;
export const DATA_BYTES: number = PAGES * PAGE;
/** At the start of each page: programs touch no other bytes of it. */
export const HOT_BYTES = 256;
/** Physical address of the data. */
export const DATA = 0x4000_0000;
const DOORBELL_PADDR = 0x4000_8000;
const FIRST_LEVEL = 0x4001_0000;
const SECOND_LEVEL = 0x4001_8000;
const RAM_END = 0x4002_0000;

/** The user's addresses have the other colour of each page (bit 12), and of each group of four as well. */
const SPACES: { readonly [space in Space]: { readonly vaddr: number; readonly table: number } } = {
  K: { vaddr: 0xc000_0000, table: 0 },
  U: { vaddr: 0x0040_5000, table: 1 },
  N: { vaddr: 0xf000_0000, table: 2 },
};
const DOORBELL_VADDR = 0xf008_0000;
const SPACE_NAMES: readonly Space[] = ['K', 'U', 'N'];

export function vaddrOf(space: Space, at: number): number {
  return SPACES[space].vaddr + at;
}

/** A mapping that some core may use without being asked to. */
interface Usable {
  readonly cpu: number;
  readonly space: Space;
  readonly page: number;
  readonly type: MemoryType;
}

export class World implements SpeculationSource {
  readonly kind: Kind;
  readonly machine: Machine;
  readonly doorbell: number = DOORBELL_VADDR;
  private readonly masters: Map<CoherencyPort, DmaMaster> = new Map();
  /** What each page of each space is mapped to now. */
  private readonly mapped: { [space in Space]: Mapping[] } = { K: [], U: [], N: [] };
  private usable: Usable[] = [];
  /** Lines that the program touches, by their offset. */
  private touched: readonly number[] = [];
  private readonly found = new Translation();

  constructor(kind: Kind) {
    this.kind = kind;
    this.machine = new Machine(kind.facts, [{ start: DATA, end: RAM_END }]);
    for (const port of kind.ports) {
      const master = new DmaMaster(this.machine, { name: `/${port}`, driver: 'test', port, windows: [] });
      this.masters.set(port, master);
    }
    this.writeUpperTables();
    this.writePage(DOORBELL_VADDR, DOORBELL_PADDR, 'D');
    this.reset();
  }

  master(port: CoherencyPort): DmaMaster {
    const master = this.masters.get(port);
    invariant(master !== undefined, () => `${this.kind.name} has no port ${port}`);
    return master;
  }

  /** As before the first program, but for counters. Nobody watches, no caches hold data. */
  reset(): void {
    const { machine, kind } = this;
    machine.observer = null;
    machine.mappings.onChange = null;
    machine.mappings.onUnmap = null;
    machine.live = null;
    machine.cpu = 0;
    for (let page = 0; page < PAGES; page++) {
      for (const space of SPACE_NAMES) this.map(space, page, space === 'K' ? 'C' : '-');
    }
    machine.tlbFlush('all');
    machine.ram.fill(DATA, DATA_BYTES, 0);
    // Every core has translated something: an entry may linger in each.
    for (let cpu = kind.facts.coreCount - 1; cpu >= 0; cpu--) {
      machine.cpu = cpu;
      machine.access.load32(DOORBELL_VADDR);
    }
    // The map of mappings is built at the first question; what changed before would be unknown to it.
    invariant(machine.mappings.lingeringCount === 0, 'nothing lingers after TLB maintenance');
    this.usable = [];
    for (let page = 0; page < PAGES; page++) this.becomesUsable('K', page);
  }

  mappingOf(space: Space, page: number): Mapping {
    return this.mapped[space][page]!;
  }

  map(space: Space, page: number, to: Mapping): void {
    if (this.mapped[space][page] === to) return;
    this.mapped[space][page] = to;
    this.writePage(vaddrOf(space, page * PAGE), DATA + page * PAGE, to);
    this.becomesUsable(space, page);
  }

  tlbFlush(cpu: number, kind: 'mva' | 'asid' | 'all', space: Space, page: number, broadcast: boolean): void {
    this.machine.cpu = cpu;
    this.machine.tlbFlush(kind, vaddrOf(space, page * PAGE), PAGE, broadcast);
    // Every mapping here is global: an operation by ASID leaves it alone.
    if (kind === 'asid') return;
    this.usable = this.usable.filter(entry => {
      const reached =
        (broadcast || entry.cpu === cpu) &&
        (kind === 'all' || (entry.space === space && entry.page === page));
      return !reached;
    });
    for (const each of SPACE_NAMES) {
      for (let other = 0; other < PAGES; other++) this.becomesUsable(each, other);
    }
  }

  /** A random cacheable line that some core may fill: mostly one that the program touches. */
  pick(random: Random): { cpu: number; vaddr: number; paddr: number; type: MemoryType } | null {
    const near = this.touched.length > 0 && random.chance(0.8);
    const at = near
      ? random.pick(this.touched)
      : PAGE * random.below(PAGES) + 4 * random.below(HOT_BYTES / 4);
    const page = Math.floor(at / PAGE);
    const ways = this.usable.filter(entry => entry.page === page);
    if (ways.length === 0) return null;
    const { cpu, space, type } = random.pick(ways);
    return { cpu, vaddr: vaddrOf(space, at), paddr: DATA + at, type };
  }

  /** Says which lines a program touches. */
  expect(program: Program): void {
    const { lineBytes } = this.kind.facts.core;
    const lines = new Set<number>();
    for (const step of program) {
      if (!('at' in step)) continue;
      for (let at = step.at - (step.at % lineBytes); at < step.at + step.size; at += lineBytes) lines.add(at);
    }
    this.touched = [...lines];
  }

  private becomesUsable(space: Space, page: number): void {
    if (this.mapped[space][page] !== 'C') return;
    invariant(this.machine.walker.walk(vaddrOf(space, page * PAGE), this.found) === WALK_OK, 'mapped');
    const type = this.found.memoryType;
    for (let cpu = 0; cpu < this.kind.facts.coreCount; cpu++) {
      if (!this.usable.some(e => e.cpu === cpu && e.space === space && e.page === page)) {
        this.usable.push({ cpu, space, page, type });
      }
    }
  }

  private writeUpperTables(): void {
    const { machine, kind } = this;
    const { registers } = machine;
    registers.ttbr0 = FIRST_LEVEL;
    registers.ttbr1 = FIRST_LEVEL;
    registers.xp = kind.facts.core.architecture >= 6;
    if (kind.format === 'long') {
      registers.format = 'long';
      // Bytes of MAIR0: strongly ordered, non-cacheable, write-through, device; of MAIR1: WB, WBWA.
      registers.mair0 = 0x04aa4400;
      registers.mair1 = 0x0000ffee;
    }
    for (const { vaddr, table } of Object.values(SPACES)) {
      const lower = SECOND_LEVEL + table * PAGE;
      if (kind.format === 'long') {
        const gigabyte = Math.floor(vaddr / 2 ** 30);
        const middle = FIRST_LEVEL + PAGE * (1 + gigabyte);
        const upper = encodeLongTable(middle);
        machine.writeTableEntry64(FIRST_LEVEL + 8 * gigabyte, upper.low, upper.high);
        const next = encodeLongTable(lower);
        machine.writeTableEntry64(middle + 8 * ((vaddr >>> 21) & 511), next.low, next.high);
      } else {
        const bit4 = kind.facts.core.architecture < 6 ? 1 : 0;
        machine.writeTableEntry(FIRST_LEVEL + 4 * (vaddr >>> 20), encodeTable(lower, 0, 0, bit4));
      }
    }
  }

  private writePage(vaddr: number, paddr: number, to: Mapping | 'D'): void {
    const { machine, kind } = this;
    const space = Object.values(SPACES).find(each => vaddr >>> 21 === each.vaddr >>> 21)!;
    const table = SECOND_LEVEL + space.table * PAGE;
    if (kind.format === 'long') {
      const entry = table + 8 * ((vaddr >>> 12) & 511);
      if (to === '-') machine.writeTableEntry64(entry, 0, 0);
      else {
        const attrIndex = to === 'C' ? { WT: 2, WB: 4, WBWA: 5 }[kind.cacheable] : { S: 0, N: 1, D: 3 }[to];
        const { low, high } = encodeLongPage(paddr, { attrIndex, sh: kind.shareable ? 3 : 0 });
        machine.writeTableEntry64(entry, low, high);
      }
      return;
    }
    const entry = table + 4 * ((vaddr >>> 12) & 255);
    if (to === '-') machine.writeTableEntry(entry, 0);
    else if (kind.facts.core.architecture < 6) {
      machine.writeTableEntry(entry, encodeLegacySmallPage(paddr, { ...legacyBits(to, kind), ap: 0xff }));
    } else {
      const attributes = { ...typeBits(to, kind), s: kind.shareable ? 1 : 0, ap: 3 };
      machine.writeTableEntry(entry, encodeSmallPage(paddr, attributes));
    }
  }
}

/** ARMv4/v5: DDI 0100I, chapter B4. Device memory is uncached and unbuffered. */
function legacyBits(to: Mapping | 'D', kind: Kind): ShortAttributes {
  if (to === 'C') return kind.cacheable === 'WT' ? { c: 1, b: 0 } : { c: 1, b: 1 };
  return to === 'N' ? { c: 0, b: 1 } : { c: 0, b: 0 };
}

/** Without TEX remap: DDI 0406C, B3.8.2. */
function typeBits(to: Mapping | 'D', kind: Kind): ShortAttributes {
  switch (to) {
    case 'C':
      if (kind.cacheable === 'WT') return { tex: 0, c: 1, b: 0 };
      return { tex: kind.cacheable === 'WBWA' ? 1 : 0, c: 1, b: 1 };
    case 'N':
      return { tex: 1, c: 0, b: 0 };
    case 'D':
      return { tex: 0, c: 0, b: 1 };
    default:
      return { tex: 0, c: 0, b: 0 };
  }
}
