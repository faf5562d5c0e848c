// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where translation tables are, for those who watch them rather than walk them: the first-level tables that
 * the registers name, and the next table that an entry names.
 * ARM DDI 0406C, B3.5.4 (short descriptors), B3.6.4 and B3.6.6 (long ones). The walk itself is `walker.ts`.
 */
import { alignDown, FOUR_GiB, type Paddr, type Vaddr } from '../../base/address.js';
import type { Ram } from '../ram.js';
import type { MmuRegisters } from './registers.js';

/** A table: entry i is at `base + i * entryBytes` and translates `span` bytes from `vaddr + i * span`. */
export interface Table {
  readonly base: Paddr;
  readonly entryBytes: 4 | 8;
  readonly entries: number;
  readonly vaddr: Vaddr;
  readonly span: number;
}

/** A table that a base register names. It serves [start, end), which may begin or end inside an entry. */
export interface TableRoot extends Table {
  readonly register: 'TTBR0' | 'TTBR1';
  readonly start: Vaddr;
  readonly end: Vaddr;
}

/** The tables at which walks begin; none with the MMU off. */
export function tableRoots(registers: MmuRegisters): TableRoot[] {
  if (registers.isOff) return [];
  return registers.format === 'long' ? longRoots(registers) : shortRoots(registers);
}

function shortRoots({ ttbcr, ttbr0, ttbr1 }: MmuRegisters): TableRoot[] {
  const roots: TableRoot[] = [];
  const n = ttbcr & 7;
  const entries = 4096 >>> n;
  const boundary = entries * 0x100000;
  const shape = { entryBytes: 4, span: 0x100000, vaddr: 0 } as const;
  if ((ttbcr & 0x10) === 0) {
    const base = alignDown(ttbr0, entries * 4);
    roots.push({ ...shape, register: 'TTBR0', base, entries, start: 0, end: boundary });
  }
  if (n > 0 && (ttbcr & 0x20) === 0) {
    const base = alignDown(ttbr1, 0x4000);
    roots.push({ ...shape, register: 'TTBR1', base, entries: 4096, start: boundary, end: FOUR_GiB });
  }
  return roots;
}

function longRoots({ ttbcr, ttbr0, ttbr1 }: MmuRegisters): TableRoot[] {
  const t0sz = ttbcr & 7;
  const t1sz = (ttbcr >>> 16) & 7;
  const bytes0 = 2 ** (32 - t0sz);
  const start1 = t1sz === 0 ? bytes0 : FOUR_GiB - 2 ** (32 - t1sz);
  const roots: TableRoot[] = [];
  if ((ttbcr & 0x80) === 0) {
    roots.push({ ...longRoot(ttbr0, t0sz, 0, Math.min(bytes0, start1)), register: 'TTBR0' });
  }
  if ((ttbcr & 0x800000) === 0 && start1 < FOUR_GiB) {
    roots.push({ ...longRoot(ttbr1, t1sz, start1, FOUR_GiB), register: 'TTBR1' });
  }
  return roots;
}

/** The table for a region of 2^(32 - sz) bytes that serves [start, end). */
function longRoot(ttbr: number, sz: number, start: Vaddr, end: Vaddr): Omit<TableRoot, 'register'> {
  const regionBytes = 2 ** (32 - sz);
  // A region of 1 GiB or less starts at level 2.
  const span = sz >= 2 ? 2 ** 21 : 2 ** 30;
  const entries = regionBytes / span;
  const base = alignDown(ttbr % 2 ** 40, entries * 8);
  return { base, entryBytes: 8, entries, vaddr: alignDown(start, regionBytes), span, start, end };
}

/** The table that the entry at `paddr` names, which translates `span` bytes from `vaddr`; null: none. */
export function nextTable(ram: Ram, long: boolean, paddr: Paddr, vaddr: Vaddr, span: number): Table | null {
  const low = ram.read32(paddr);
  if (long) {
    if (low < 0 || (low & 3) !== 3 || span === 4096) return null;
    const base = (ram.read32(paddr + 4) & 0xff) * 2 ** 32 + ((low & 0xfffff000) >>> 0);
    return { base, entryBytes: 8, entries: 512, vaddr, span: span / 512 };
  }
  if (low < 0 || (low & 3) !== 1 || span === 4096) return null;
  return { base: (low & 0xfffffc00) >>> 0, entryBytes: 4, entries: 256, vaddr, span: 4096 };
}
