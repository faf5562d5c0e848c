// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which memory types a virtual address may have at each point of a program: what the tables say, and what a TLB
 * may still hold. A replaced translation goes through
 *
 *   written   the table has changed, but a walk may still read the old entry
 *   visible   a DSB came after the change: walks see the new entry, a TLB may hold the old one
 *   flushed   TLB maintenance for the address came after that; it need not have happened yet
 *   (gone)    a DSB came after the maintenance
 *
 * TLB maintenance while `written` proves nothing: the old entry can be walked again (ARM DDI 0406C, B3.10).
 * Faults are never cached (B3.9), so a new mapping of an unmapped page needs no maintenance.
 * What may be used does not depend on what caches do, so it is worked out once for each program.
 */
import type { MemoryType } from '../../hw/mmu/memory-type.js';
import type { Operation, Program } from './program.js';

interface Old {
  readonly type: MemoryType;
  phase: 'written' | 'visible' | 'flushed';
}

/** For each mapping, its possible types: the table's first, or none. */
export type Usable = readonly (readonly MemoryType[])[];

/** Types of each mapping at each point: entry `i` counts before operation `i`, the last one after the end. */
export function translations(program: Program): readonly Usable[] {
  const current = program.mappings.map(({ type }) => type);
  const old: Old[][] = program.mappings.map(() => []);
  const usable = (): Usable => current.map((type, m) => distinct(type, old[m]!));
  const points: Usable[] = [];
  let now = usable();
  for (const operation of program.operations) {
    points.push(now);
    if (step(operation, current, old)) now = usable();
  }
  points.push(now);
  return points;
}

function distinct(current: MemoryType | null, old: readonly Old[]): readonly MemoryType[] {
  const types = new Set(old.map(({ type }) => type));
  if (current !== null) types.delete(current);
  return current === null ? [...types] : [current, ...types];
}

/** True: something changed. */
function step(operation: Operation, current: (MemoryType | null)[], old: Old[][]): boolean {
  if (operation.kind === 'map') {
    const before = current[operation.mapping]!;
    if (before === operation.type) return false;
    current[operation.mapping] = operation.type;
    if (before !== null) old[operation.mapping]!.push({ type: before, phase: 'written' });
    return true;
  }
  if (operation.kind === 'tlb') {
    for (const m of operation.mappings) {
      for (const entry of old[m]!) if (entry.phase === 'visible') entry.phase = 'flushed';
    }
    return false;
  }
  if (operation.kind !== 'barrier' || operation.barrier !== 'dsb') return false;
  for (const [m, entries] of old.entries()) {
    old[m] = entries.filter(({ phase }) => phase !== 'flushed');
    for (const entry of old[m]!) entry.phase = 'visible';
  }
  return true;
}

/** Do two points allow the same? */
export function sameUsable(a: Usable, b: Usable): boolean {
  return a.every((types, m) => {
    const others = b[m]!;
    return types.length === others.length && types.every((type, i) => type === others[i]);
  });
}
