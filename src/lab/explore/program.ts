// SPDX-License-Identifier: GPL-2.0-only
/**
 * A small scenario as plain data: what CPUs, a device and the kernel do to a few watched words of memory.
 * Operations name mappings and lines by index, so that two kernels that do the same have the same program.
 * Addresses are canonical: they keep what a cache looks at (line, page colour) and nothing else.
 * Next: `translation.ts` (which mappings may be in use), `explorer.ts` (what the hardware may make of it).
 */
import type { Paddr, Vaddr } from '../../base/address.js';
import type { CoherencyPort } from '../../hw/dma/master.js';
import type { MemoryType } from '../../hw/mmu/memory-type.js';
import type { Barrier, InnerOperation, OuterOperation } from '../../hw/observer.js';

/** Four bytes that are watched. */
export interface Word {
  /** For people: `own word`, `neighbour`. */
  readonly name: string;
  /** Index of its line. */
  readonly line: number;
  /** Offset in the line, a multiple of 4. */
  readonly offset: number;
}

/** A way to reach a line, or several lines of one page, by virtual address. */
export interface Mapping {
  /** For people: `direct map`, `coherent mapping`. */
  readonly name: string;
  /** Lines that it reaches. */
  readonly lines: readonly number[];
  /** 0 or 1: the page colour, where the cache tells colours apart. */
  readonly colour: number;
  /** At the start of the program; null: nothing is mapped there. */
  readonly type: MemoryType | null;
  /** The only CPU that has to do with it; absent: all of them. */
  readonly cpu?: number;
}

/** Who asked for an operation, which decides whether it is judged as part of a sequence. */
export type Origin = 'kernel' | 'driver' | 'owner';

interface Common {
  readonly by: Origin;
  /** Kernel functions, outermost first: `__dma_clear_buffer, dmac_flush_range`. */
  readonly where?: string;
}

/** `expected` is what flat memory would hold; null: nobody has defined the contents. */
export type Operation = Common &
  (
    | { readonly kind: 'store'; readonly cpu: number; mapping: number; word: number; value: number }
    | { readonly kind: 'load'; readonly cpu: number; mapping: number; word: number; expected: number | null }
    | { readonly kind: 'device-read'; port: CoherencyPort; word: number; expected: number | null }
    /** The device looks at `flag`, and if that holds `set` reads `word`. */
    | {
        readonly kind: 'device-poll';
        port: CoherencyPort;
        flag: number;
        set: number;
        word: number;
        expected: number | null;
      }
    | { readonly kind: 'device-write'; port: CoherencyPort; word: number; value: number }
    | { readonly kind: 'inner'; cpu: number; operation: InnerOperation; mapping: number; lines: number[] }
    | { readonly kind: 'inner-all'; cpu: number; operation: InnerOperation }
    | { readonly kind: 'outer'; operation: OuterOperation; lines: number[] }
    | { readonly kind: 'outer-all'; operation: OuterOperation }
    | { readonly kind: 'barrier'; cpu: number; barrier: Barrier }
    | { readonly kind: 'map'; mapping: number; type: MemoryType | null }
    | { readonly kind: 'tlb'; cpu: number; mappings: number[] }
    /** A store to a register of a device. */
    | { readonly kind: 'doorbell'; cpu: number }
    /** Nothing that hardware sees: a heading, or where a dropped operation was. */
    | { readonly kind: 'mark'; text: string }
  );

export interface Program {
  /** Bytes from the start of one line to the next. */
  readonly lineBytes: number;
  readonly lines: number;
  readonly words: readonly Word[];
  readonly mappings: readonly Mapping[];
  readonly operations: readonly Operation[];
}

const PHYSICAL_BASE = 0x1000;
const VIRTUAL_BASE = 0x1000_0000;
/** Between mappings, and so between their lines of one number. */
const MAPPING_STRIDE = 0x10_0000;

/** A line that no program watches: where doorbells are. */
export const DOORBELL: Paddr = 0x0;
export const DOORBELL_VADDR: Vaddr = 0x0;

/** Lines are two line lengths apart, so that the lowest index bit is free to be the colour. */
export function linePaddr(program: Pick<Program, 'lineBytes'>, line: number): Paddr {
  return PHYSICAL_BASE + 2 * line * program.lineBytes;
}

/** Where `line` is reached through a mapping. Colour 1 lies in the other half of the sets. */
export function lineVaddr(program: Program, mapping: number, line: number): Vaddr {
  const { colour } = program.mappings[mapping]!;
  return VIRTUAL_BASE + mapping * MAPPING_STRIDE + (2 * line + colour) * program.lineBytes;
}

export function isInMapping(mapping: number, vaddr: Vaddr): boolean {
  return Math.floor((vaddr - VIRTUAL_BASE) / MAPPING_STRIDE) === mapping;
}

/** The same program without operation `index`; what comes after keeps its place. */
export function dropOperation(program: Program, index: number): Program {
  const { by } = program.operations[index]!;
  const gap: Operation = { kind: 'mark', by, text: 'left out' };
  return { ...program, operations: program.operations.with(index, gap) };
}

/** What may be left out to see whether it is needed: what only waits or maintains. */
export function isMaintenance(operation: Operation): boolean {
  switch (operation.kind) {
    case 'inner':
    case 'inner-all':
    case 'outer':
    case 'outer-all':
    case 'tlb':
      return true;
    case 'barrier':
      // Instruction fetches are no part of any program.
      return operation.barrier !== 'isb';
    default:
      return false;
  }
}

/** Equal texts: equal programs. */
export function programText(program: Program): string {
  return JSON.stringify(program, (key, value) => (key === 'where' ? undefined : value));
}
