// SPDX-License-Identifier: GPL-2.0-only
/** Cache maintenance and barriers. */
import { alignDown, alignUp, type Paddr, type Vaddr } from '../base/address.js';
import type { Barrier, InnerOperation, OuterOperation } from '../hw/observer.js';
import type { Cell } from './cell.js';
import { type Context, IN_CPU, IN_OUTER } from './context.js';
import { leaveCpu } from './cpu-events.js';
import type { CacheSetup } from './transitions.js';
import {
  cleanInner,
  cleanInvalidateInner,
  cleanInvalidateOuter,
  cleanOuter,
  invalidateInner,
  invalidateOuter,
} from './transitions.js';

function nameOf(operation: InnerOperation | OuterOperation): string {
  return operation === 'clean-invalidate' ? 'clean+invalidate' : operation;
}

function applyInner(operation: InnerOperation, cell: Cell, setup: CacheSetup): void {
  if (operation === 'clean') cleanInner(cell, setup);
  else if (operation === 'invalidate') invalidateInner(cell, setup);
  else cleanInvalidateInner(cell, setup);
}

/** Operations by virtual address, on whole lines. */
export function innerMaintenance(
  c: Context,
  cpu: number,
  operation: InnerOperation,
  vaddr: Vaddr,
  size: number,
): void {
  if (size <= 0) return;
  const { engine } = c;
  const { setup, innerLineBytes } = engine;
  const who = `CPU ${cpu}`;
  const what = `${nameOf(operation)} by address`;
  const start = alignDown(vaddr, innerLineBytes);
  const end = alignUp(vaddr + size, innerLineBytes);
  const proves = reachesAllCores(c);
  // Before ARMv6 an invalidate is over with its instruction (hw/cache/live-caches.ts).
  const atOnce = c.machine.facts.core.architecture < 6;
  c.machine.eachMapped(start, end - start, (at, paddr, bytes) => {
    c.reporter.begin(who, what, at, null, paddr, bytes);
    let changed = false;
    engine.ensureAliases(paddr, bytes);
    engine.range(paddr, bytes, at, (cell, mask, index, count) => {
      c.checkFinishedFor(cell, mask, index, count, cpu, operation === 'invalidate');
      const matters = innerMatters(cell, operation) && !(atOnce && operation === 'invalidate');
      if (proves) {
        leaveOthersBehind(c, cell, index, at, paddr, operation);
        applyInner(operation, cell, setup);
      } else if (operation === 'invalidate') cell.lost |= cell.newInner;
      if (!matters) return;
      cell.unfinished = true;
      changed = true;
    });
    if (changed) c.maintenance.add(cpu, paddr, bytes, IN_CPU, 0);
    c.history.record(who, what, paddr, bytes);
    c.end();
  });
}

/**
 * Operations by address reach every core with the Multiprocessing Extensions (ARM DDI 0406C, B2.2.5). On an ARM11
 * MPCore they are as those by set and way: what they were meant for may be in another core's cache.
 */
function reachesAllCores({ machine }: Context): boolean {
  const { core, coreCount } = machine.facts;
  return coreCount === 1 || core.multiprocessingExtensions;
}

/** A line is cleaned: the same bytes under other addresses may have been filled before, and are old now. */
function leaveOthersBehind(
  c: Context,
  cell: Cell,
  index: number,
  vaddr: Vaddr,
  paddr: Paddr,
  operation: InnerOperation,
): void {
  if (cell.newInner === 0 || operation === 'invalidate') return;
  const newest = cell.newInner;
  c.engine.eachOtherThan(index, vaddr, paddr, other => {
    if (other.mayHoldInner) other.staleInner |= newest & ~other.newInner;
  });
}

/**
 * Does the operation change anything that somebody could notice? One that throws data away always does: while it is
 * not waited for, it can still hit what is stored after it. One that drops a clean line matters too: until it is done,
 * the line is there, and becomes stale by what is written behind it.
 */
function innerMatters(cell: Cell, operation: InnerOperation): boolean {
  if (operation !== 'clean' && (operation === 'invalidate' || cell.heldInner)) return true;
  return cell.dirtyInner || cell.staleInner !== 0;
}

function outerMatters(cell: Cell, operation: OuterOperation): boolean {
  if (operation !== 'clean' && (operation === 'invalidate' || cell.heldOuter)) return true;
  return cell.dirtyOuter || cell.staleOuter !== 0;
}

/**
 * Operations by set and way. They reach one CPU's caches only: with several CPUs, lines may be in another's, or
 * move there meanwhile, so that a clean proves nothing, while an invalidate may still throw data away.
 */
export function innerMaintenanceAll(c: Context, cpu: number, operation: InnerOperation): void {
  const { engine } = c;
  const { setup } = engine;
  const alone = c.machine.facts.coreCount === 1;
  const who = `CPU ${cpu}`;
  const what = `${nameOf(operation)} of the whole inner cache`;
  c.history.record(who, what, 0, 0);
  if (!alone && operation !== 'invalidate') return;
  let changed = false;
  const newest = operation === 'clean' ? newestOfAll(c) : null;
  c.reporter.begin(who, what, null, null, null, 0);
  engine.all((cell, mask, index, count) => {
    c.checkFinishedFor(cell, mask, index, count, cpu, operation === 'invalidate');
    const matters = innerMatters(cell, operation);
    if (newest !== null && cell.mayHoldInner) cell.staleInner |= (newest.get(index) ?? 0) & ~cell.newInner;
    if (alone) applyInner(operation, cell, setup);
    else cell.lost |= cell.newInner;
    if (!matters) return;
    cell.unfinished = true;
    changed = true;
  });
  if (changed) waitForAll(c, cpu, IN_CPU);
  c.end();
}

/** By cell: bytes whose newest value is in the inner caches under some address. Null: addresses do not matter. */
function newestOfAll({ engine }: Context): Map<number, number> | null {
  if (engine.aliases === null) return null;
  const newest = new Map<number, number>();
  engine.all((cell, _mask, index) => {
    if (cell.newInner !== 0) newest.set(index, (newest.get(index) ?? 0) | cell.newInner);
  });
  return newest;
}

/** Maintenance of all of memory is not waited for. */
function waitForAll(c: Context, cpu: number, stage: number): void {
  for (const { base, end } of c.engine.shadow.extents) c.maintenance.add(cpu, base, end - base, stage, 0);
}

export function outerMaintenance(c: Context, operation: OuterOperation, paddr: Paddr, size: number): void {
  if (!c.machine.outerInUse || size <= 0) return;
  const { outerLineBytes } = c.engine;
  const start = alignDown(paddr, outerLineBytes);
  const end = alignUp(paddr + size, outerLineBytes);
  const who = `CPU ${c.machine.cpu}`;
  const what = `${nameOf(operation)} of the outer cache`;
  c.reporter.begin(who, what, null, null, start, end - start);
  if (outerRange(c, operation, start, end - start)) {
    c.maintenance.add(c.machine.cpu, start, end - start, IN_OUTER, 0);
  }
  c.history.record(who, what, start, end - start);
  c.end();
}

/** True: something changed that is not waited for. */
function outerRange(c: Context, operation: OuterOperation, start: Paddr, size: number): boolean {
  const { engine } = c;
  let changed = false;
  engine.range(start, size, null, (cell, mask, index, count) => {
    c.checkInnerFinished(cell, mask, index, count);
    let dirtyInside = cell.dirtyInner;
    let newInside = cell.newInner;
    engine.eachOther(index, other => {
      dirtyInside ||= other.dirtyInner;
      newInside |= other.newInner;
    });
    const matters = outerMatters(cell, operation);
    if (operation === 'clean') cleanOuter(cell, dirtyInside, newInside);
    else if (operation === 'invalidate') invalidateOuter(cell, dirtyInside, newInside);
    else cleanInvalidateOuter(cell, dirtyInside, newInside);
    if (!matters) return;
    cell.unfinished = true;
    changed = true;
  });
  keepLongLinesDirty(c, start, size);
  return changed;
}

/** An outer line that covers several inner ones is dirty as long as any of them is. */
function keepLongLinesDirty(c: Context, start: Paddr, size: number): void {
  const { engine } = c;
  const { innerLineBytes, outerLineBytes } = engine;
  if (outerLineBytes <= innerLineBytes) return;
  for (let line = start; line < start + size; line += outerLineBytes) {
    let dirty = false;
    engine.range(line, outerLineBytes, null, cell => {
      dirty ||= cell.dirtyOuter;
    });
    if (!dirty) continue;
    engine.range(line, outerLineBytes, null, cell => {
      cell.dirtyOuter = true;
    });
  }
}

export function outerMaintenanceAll(c: Context, operation: OuterOperation): void {
  if (!c.machine.outerInUse) return;
  const who = `CPU ${c.machine.cpu}`;
  const what = `${nameOf(operation)} of the whole outer cache`;
  c.reporter.begin(who, what, null, null, null, 0);
  c.history.record(who, what, 0, 0);
  let changed = false;
  for (const { base, end } of c.engine.shadow.extents) {
    if (outerRange(c, operation, base, end - base)) changed = true;
  }
  if (changed) waitForAll(c, c.machine.cpu, IN_OUTER);
  c.end();
}

export function cleanToPou(c: Context, cpu: number, vaddr: Vaddr, size: number): void {
  const { engine, machine } = c;
  if (!machine.facts.core.integratedL2) {
    innerMaintenance(c, cpu, 'clean', vaddr, size);
    return;
  }
  const start = alignDown(vaddr, engine.innerLineBytes);
  const end = alignUp(vaddr + size, engine.innerLineBytes);
  machine.eachMapped(start, end - start, (at, paddr, bytes) => {
    engine.range(paddr, bytes, at, (cell, _mask, index, count) => {
      if (cell.newInner === 0) return;
      cell.fetched = true;
      engine.seeEachPage();
      for (let i = index; i < index + count; i++) c.cleanToPou.add(i);
    });
    c.history.record(`CPU ${cpu}`, 'clean to the point of unification', paddr, bytes);
  });
}

export function instructionInvalidate(c: Context, cpu: number, vaddr: Vaddr, size: number): void {
  const { engine } = c;
  const start = alignDown(vaddr, engine.innerLineBytes);
  const end = alignUp(vaddr + size, engine.innerLineBytes);
  c.machine.eachMapped(start, end - start, (at, paddr, bytes) => {
    engine.range(paddr, bytes, at, cell => {
      cell.fetchedOld = false;
    });
    c.history.record(`CPU ${cpu}`, 'invalidate instructions', paddr, bytes);
  });
}

/** On several CPUs only a broadcast proves anything. */
export function instructionInvalidateAll(c: Context, cpu: number, broadcast: boolean): void {
  c.history.record(`CPU ${cpu}`, 'invalidate all instructions', 0, 0);
  if (!broadcast && c.machine.facts.coreCount > 1) return;
  c.engine.all(cell => {
    cell.fetchedOld = false;
  });
}

export function barrier(c: Context, cpu: number, kind: Barrier): void {
  if (kind === 'isb') return;
  c.history.record(`CPU ${cpu}`, kind, 0, 0);
  if (kind === 'dmb') {
    c.epochs[cpu] = c.epochs[cpu]! + 1;
  } else if (kind === 'dsb') {
    leaveCpu(
      c,
      c.stores.take(entry => entry.cpu === cpu && entry.stage === IN_CPU),
    );
    c.finished(c.maintenance.take(entry => entry.cpu === cpu && entry.stage === IN_CPU));
  } else {
    c.drained(c.stores.take(entry => entry.stage === IN_OUTER));
    c.finished(c.maintenance.take(entry => entry.stage === IN_OUTER));
  }
}
