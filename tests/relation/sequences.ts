// SPDX-License-Identifier: GPL-2.0-only
/**
 * Correct maintenance, as the families of cores need it: what the generator of legal programs is made of. Written
 * from the architecture (ARM DDI 0406C, B2.2.7; outer caches: DDI 0246, 3.3.10), not from Linux' operations nor from
 * the rules:
 *
 *   to the device      inner caches, DSB, then the outer cache and its sync: the way that data goes
 *   from the device    the outer cache and its sync, then inner caches, DSB: nothing old is filled again
 *   partial lines      cleaned and invalidated, never just invalidated; of inner lines inside a longer outer line as
 *                      well, for one dirty neighbour takes the whole outer line down
 *   after a transfer   nothing on cores that fill no line by themselves, if the CPU stayed away
 */
import type { Direction, InnerOperation } from '../../src/hw/observer.js';
import type { Kind } from './kinds.js';
import type { Space, Step } from './program.js';

/**
 * `before`: everything that is needed, before a transfer; `both`: invalidated after it as well, which cores that
 * speculate need; `after`: only after it, which is enough for write-through caches.
 */
export type Family = 'before' | 'both' | 'after';

/** What is correct on machines of that kind. */
export function familiesOf(kind: Kind): readonly Family[] {
  if (kind.facts.core.speculates) return ['both'];
  const writeThrough = kind.cacheable === 'WT' && kind.facts.outerCache === null;
  return writeThrough ? ['before', 'both', 'after'] : ['before', 'both'];
}

/** Inner caches by address, and the wait. */
export function inner(cpu: number, kind: InnerOperation, space: Space, at: number, size: number): Step[] {
  if (size <= 0) return [];
  return [
    { op: 'inner', cpu, kind, space, at, size },
    { op: 'barrier', cpu, kind: 'dsb' },
  ];
}

/** The outer cache by address, and the wait; nothing where there is none. */
export function outer(kind: Kind, cpu: number, operation: InnerOperation, at: number, size: number): Step[] {
  if (kind.facts.outerCache === null || size <= 0) return [];
  return [
    { op: 'outer', kind: operation, at, size },
    { op: 'barrier', cpu, kind: 'outer-sync' },
  ];
}

/** Whole lines of [at, at + size) invalidated, those that it shares cleaned as well. */
function invalidate(
  { lineBytes }: Kind,
  at: number,
  size: number,
  each: (operation: InnerOperation, at: number, size: number) => Step[],
): Step[] {
  const start = roundDown(at, lineBytes);
  const end = roundUp(at + size, lineBytes);
  const first = roundUp(at, lineBytes);
  const last = roundDown(at + size, lineBytes);
  if (first >= last) return each('clean-invalidate', start, end - start);
  return [
    ...each('clean-invalidate', start, first - start),
    ...each('invalidate', first, last - first),
    ...each('clean-invalidate', last, end - last),
  ];
}

function roundDown(value: number, unit: number): number {
  return value - (value % unit);
}

function roundUp(value: number, unit: number): number {
  return roundDown(value + unit - 1, unit);
}

/** Bytes go to the device. */
export function forDevice(
  kind: Kind,
  family: Family,
  cpu: number,
  direction: Direction,
  at: number,
  size: number,
): Step[] {
  if (family === 'after') return [];
  if (direction === 'from-device') {
    return [
      ...invalidate(kind, at, size, (op, a, s) => inner(cpu, op, 'K', a, s)),
      ...invalidate(kind, at, size, (op, a, s) => outer(kind, cpu, op, a, s)),
    ];
  }
  const both = direction === 'bidirectional' && family === 'before';
  const start = roundDown(at, kind.lineBytes);
  const bytes = roundUp(at + size, kind.lineBytes) - start;
  return [
    ...inner(cpu, both ? 'clean-invalidate' : 'clean', 'K', start, bytes),
    ...outer(kind, cpu, both ? 'clean-invalidate' : 'clean', start, bytes),
  ];
}

/** Bytes come back to the CPU. */
export function forCpu(
  kind: Kind,
  family: Family,
  cpu: number,
  direction: Direction,
  at: number,
  size: number,
): Step[] {
  if (family === 'before' || direction === 'to-device') return [];
  return [
    ...invalidate(kind, at, size, (op, a, s) => outer(kind, cpu, op, a, s)),
    ...invalidate(kind, at, size, (op, a, s) => inner(cpu, op, 'K', a, s)),
  ];
}

/** Nothing of [at, at + size) is in any cache, and memory has it all. `all`: by set and way. */
export function cleanAway(kind: Kind, cpu: number, at: number, size: number, all: boolean): Step[] {
  if (!all) {
    return [
      ...inner(cpu, 'clean-invalidate', 'K', at, size),
      ...outer(kind, cpu, 'clean-invalidate', at, size),
    ];
  }
  const steps: Step[] = [
    { op: 'inner-all', cpu, kind: 'clean-invalidate' },
    { op: 'barrier', cpu, kind: 'dsb' },
  ];
  if (kind.facts.outerCache !== null) {
    steps.push({ op: 'outer-all', kind: 'clean-invalidate' }, { op: 'barrier', cpu, kind: 'outer-sync' });
  }
  return steps;
}

/** All stores of the CPU to non-cacheable memory are in memory. */
export function drain(kind: Kind, cpu: number): Step[] {
  const steps: Step[] = [{ op: 'barrier', cpu, kind: 'dsb' }];
  if (kind.facts.outerCache !== null) steps.push({ op: 'barrier', cpu, kind: 'outer-sync' });
  return steps;
}

/** Every core has forgotten how a page of a space was mapped. */
export function forgetMapping(cpu: number, space: Space, page: number): Step[] {
  return [
    { op: 'barrier', cpu, kind: 'dsb' },
    { op: 'tlb', cpu, kind: 'mva', space, page, broadcast: true },
    { op: 'barrier', cpu, kind: 'dsb' },
    { op: 'barrier', cpu, kind: 'isb' },
  ];
}
