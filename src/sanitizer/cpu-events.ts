// SPDX-License-Identifier: GPL-2.0-only
/** Loads, stores and fetches of CPUs: what the rules say of them, then what they do to the cells. */

import { alignDown, alignUp, type Paddr, type Vaddr } from '../base/address.js';
import {
  type MemoryType,
  MT_BUFFERABLE,
  MT_CACHEABLE,
  MT_DEVICE,
  MT_INNER_WT,
  MT_SHAREABLE,
} from '../hw/mmu/memory-type.js';
import { accessName, cpuName } from './access-names.js';
import type { Cell } from './cell.js';
import { type Context, IN_CPU, IN_OUTER } from './context.js';
import { evictionWillOverwrite, mayBeWrittenBack } from './rules/eviction-will-overwrite.js';
import { hiddenByDirtyLine, hiddenInner, hiddenOuter } from './rules/hidden-by-dirty-line.js';
import { lostBytes, lostWrite } from './rules/lost-write.js';
import { missingBarrier, pendingBytes } from './rules/missing-barrier.js';
import { ownership } from './rules/ownership.js';
import { staleFetch, staleForFetch } from './rules/stale-fetch.js';
import { staleLineWrite, staleRest, staleRestOuter } from './rules/stale-line-write.js';
import { onlyLeftBehind, staleForCachedLoad, staleForLookup, staleRead } from './rules/stale-read.js';
import { fill, storeUncached, storeWriteBack, storeWriteThrough } from './transitions.js';

/** Bytes that nobody has the newest value of in a place where this load looks. */
function judgeLost(c: Context, cell: Cell, mask: number, index: number, count: number): void {
  const lost = lostBytes(cell, mask);
  if (lost === 0) return;
  c.report({ rule: lostWrite }, cell, lost, index, count);
  cell.lost &= ~lost;
}

/** Does the outer cache answer accesses of this type? */
function looksUp(c: Context, type: MemoryType): boolean {
  return c.machine.outerInUse && c.machine.lookupNonCacheable && isSharedNormal(type);
}

function isSharedNormal({ bits }: MemoryType): boolean {
  return (bits & MT_BUFFERABLE) !== 0 && (bits & MT_SHAREABLE) !== 0;
}

export function load(
  c: Context,
  cpu: number,
  vaddr: Vaddr,
  paddr: Paddr,
  size: number,
  type: MemoryType,
): void {
  c.reporter.begin(cpuName(cpu), accessName('load', type), vaddr, null, paddr, size);
  judgeOwner(c, paddr, size, false);
  if ((type.bits & MT_CACHEABLE) !== 0) cachedLoad(c, cpu, vaddr, paddr, size);
  else uncachedLoad(c, cpu, paddr, size, looksUp(c, type));
  c.end();
}

function cachedLoad(c: Context, cpu: number, vaddr: Vaddr, paddr: Paddr, size: number): void {
  const { engine } = c;
  const { setup } = engine;
  engine.range(paddr, size, vaddr, (cell, mask, index, count) => {
    judgeLost(c, cell, mask, index, count);
    // A line of this address that was filled before the store through the other one is old as well: one mistake.
    engine.eachOtherThan(index, vaddr, paddr, other => {
      const hidden = hiddenInner(other, mask);
      if (hidden !== 0) {
        const detail = 'it was stored through another address';
        c.report({ rule: hiddenByDirtyLine, detail }, cell, hidden, index, count);
        other.newInner &= ~hidden;
        cell.staleInner &= ~hidden;
      }
      cell.staleInner |= other.newInner;
    });
    const stale = staleForCachedLoad(cell, mask);
    if (stale !== 0) {
      c.report({ rule: staleRead }, cell, stale, index, count);
      cell.staleInner &= ~stale;
      cell.staleOuter &= ~stale;
    }
    judgePending(c, cell, mask & ~stale, index, count, -1);
    c.checkFinished(cell, mask, index, count, cpu);
    fill(cell, setup);
  });
  engine.lineMates(paddr, size, engine.innerLineBytes, vaddr, (cell, _mask, index) => {
    engine.eachOtherThan(index, vaddr, paddr, other => {
      cell.staleInner |= other.newInner;
    });
    fill(cell, setup);
  });
}

/** `except`: the CPU that sees its own buffer; -1: nobody does. */
function judgePending(
  c: Context,
  cell: Cell,
  mask: number,
  index: number,
  count: number,
  except: number,
): void {
  const pending = pendingBytes(cell, mask);
  if (pending === 0) return;
  const waiting = c.waitingAt(c.stores, index, count);
  // CPUs look into the outer cache's buffer.
  if (waiting.every(entry => entry.stage === IN_OUTER || entry.cpu === except)) return;
  c.report({ rule: missingBarrier, detail: 'the CPU looks past it' }, cell, pending, index, count);
}

function uncachedLoad(c: Context, cpu: number, paddr: Paddr, size: number, lookup: boolean): void {
  const { engine } = c;
  engine.range(paddr, size, null, (cell, mask, index, count) => {
    judgeLost(c, cell, mask, index, count);
    let hidden = hiddenInner(cell, mask) | (lookup ? 0 : hiddenOuter(cell, mask));
    engine.eachOther(index, other => {
      hidden |= hiddenInner(other, mask);
      other.newInner &= ~mask;
    });
    if (hidden !== 0) {
      c.report({ rule: hiddenByDirtyLine }, cell, hidden, index, count);
      cell.newInner &= ~hidden;
      cell.newOuter &= ~hidden;
    }
    const stale = lookup ? staleForLookup(cell, mask) : 0;
    if (stale !== 0) {
      const window = onlyLeftBehind(cell);
      const detail = 'a line filled before its mapping went is still in the outer cache';
      const offence = { rule: staleRead, severity: 'window', detail } as const;
      c.report(window ? offence : { rule: staleRead }, cell, stale, index, count);
      cell.staleOuter &= ~stale;
    }
    judgePending(c, cell, mask, index, count, cpu);
    c.checkFinished(cell, mask, index, count, -1);
  });
}

export function store(
  c: Context,
  cpu: number,
  vaddr: Vaddr,
  paddr: Paddr,
  size: number,
  type: MemoryType,
): void {
  const what = accessName('store', type);
  c.reporter.begin(cpuName(cpu), what, vaddr, null, paddr, size);
  judgeOwner(c, paddr, size, true);
  if ((type.bits & MT_CACHEABLE) !== 0) {
    cachedStore(c, cpu, vaddr, paddr, size, (type.bits & MT_INNER_WT) !== 0);
  } else {
    uncachedStore(c, cpu, paddr, size, looksUp(c, type), (type.bits & MT_BUFFERABLE) !== 0);
  }
  const isDoorbell = (type.bits & MT_DEVICE) !== 0 && !c.machine.ram.contains(paddr, size);
  c.history.record(cpuName(cpu), isDoorbell ? 'store to a device' : what, paddr, isDoorbell ? 0 : size);
  c.end();
  if ((type.bits & MT_DEVICE) !== 0) doorbell(c, cpu);
}

function cachedStore(
  c: Context,
  cpu: number,
  vaddr: Vaddr,
  paddr: Paddr,
  size: number,
  writeThrough: boolean,
): void {
  const { engine } = c;
  const { setup } = engine;
  engine.ensureAliases(paddr, size);
  const judge = (cell: Cell, mask: number, index: number, count: number): void => {
    judgePending(c, cell, mask, index, count, -1);
    c.checkFinished(cell, mask, index, count, cpu);
    engine.eachOtherThan(index, vaddr, paddr, other => {
      if (!writeThrough && other.dirtyInner && mask !== 0) {
        const detail = 'the line is dirty under another address, too';
        c.report({ rule: evictionWillOverwrite, detail }, cell, mask, index, count);
        other.dirtyInner = false;
        other.newInner = 0;
        other.heldInner = true;
      }
      if (other.mayHoldInner) other.staleInner |= mask;
      cell.staleInner |= other.newInner;
    });
    const reachesMemory = writeThrough && (!setup.outer || setup.outerWriteThrough);
    let rest = 0;
    if (!writeThrough) rest = staleRest(cell, mask);
    else if (!reachesMemory) rest = staleRestOuter(cell, mask);
    if (rest !== 0) {
      c.report({ rule: staleLineWrite }, cell, rest, index, count);
      cell.staleInner &= ~rest;
      cell.staleOuter &= ~rest;
    }
    if (cell.fetched && mask !== 0) {
      cell.fetchedOld = true;
      for (let i = index; i < index + count && c.cleanToPou.size > 0; i++) c.cleanToPou.delete(i);
      engine.seeEachPage();
    }
    if (writeThrough) storeWriteThrough(cell, mask, setup);
    else storeWriteBack(cell, mask, setup);
  };
  engine.range(paddr, size, vaddr, judge);
  if (!writeThrough) engine.lineMates(paddr, size, engine.innerLineBytes, vaddr, judge);
  dirtyOuterMates(c, cpu, paddr, size);
}

/** An outer line that is longer than an inner one becomes dirty as a whole. */
function dirtyOuterMates(c: Context, cpu: number, paddr: Paddr, size: number): void {
  const { engine } = c;
  const { setup, innerLineBytes, outerLineBytes } = engine;
  if (!setup.outer || setup.outerWriteThrough || outerLineBytes <= innerLineBytes) return;
  const start = alignDown(paddr, innerLineBytes);
  const end = alignUp(paddr + size, innerLineBytes);
  engine.lineMates(start, end - start, outerLineBytes, null, (cell, mask, index, count) => {
    c.checkFinishedFor(cell, mask, index, count, cpu, false);
    const rest = staleRestOuter(cell, 0);
    if (rest !== 0) {
      c.report({ rule: staleLineWrite }, cell, rest, index, count);
      cell.staleOuter &= ~rest;
    }
    cell.dirtyOuter = true;
  });
}

function uncachedStore(
  c: Context,
  cpu: number,
  paddr: Paddr,
  size: number,
  lookup: boolean,
  buffered: boolean,
): void {
  const { engine } = c;
  engine.ensureAliases(paddr, size);
  engine.range(paddr, size, null, (cell, mask, index, count) => {
    c.checkFinished(cell, mask, index, count, -1);
    let dirty = mayBeWrittenBack(cell, lookup);
    engine.eachOther(index, other => {
      dirty ||= other.dirtyInner;
      other.dirtyInner = false;
      other.newInner = 0;
      if (other.mayHoldInner) other.staleInner |= mask;
    });
    if (dirty) {
      c.report({ rule: evictionWillOverwrite }, cell, mask, index, count);
      c.healDirty(cell);
    }
    // Stores that wait in different CPUs keep no order.
    judgePending(c, cell, mask, index, count, cpu);
    storeUncached(cell, mask, lookup, buffered);
  });
  if (buffered) c.stores.add(cpu, paddr, size, IN_CPU, c.epochs[cpu]!);
}

/** What a DMB ordered before the doorbell leaves the CPU with it. */
function doorbell(c: Context, cpu: number): void {
  const epoch = c.epochs[cpu]!;
  // Model: before ARMv6 stores reach memory in their order (ARM720T: DDI 0192, 5.2.2).
  const all = c.machine.facts.core.architecture < 6;
  const left = c.stores.take(
    entry => entry.cpu === cpu && entry.stage === IN_CPU && (all || entry.epoch < epoch),
  );
  leaveCpu(c, left);
}

/** Stores that leave the CPU wait in the outer cache, if there is one. */
export function leaveCpu(c: Context, entries: readonly { cpu: number; start: Paddr; end: Paddr }[]): void {
  if (entries.length === 0) return;
  if (c.machine.outerInUse) {
    for (const { cpu, start, end } of entries) c.stores.add(cpu, start, end - start, IN_OUTER, 0);
  }
  c.drained(entries.map(({ start, end }) => ({ start, end, stage: IN_CPU })));
}

export function fetch(
  c: Context,
  cpu: number,
  vaddr: Vaddr,
  paddr: Paddr,
  size: number,
  type: MemoryType,
): void {
  c.reporter.begin(cpuName(cpu), accessName('fetch', type), vaddr, null, paddr, size);
  c.engine.range(paddr, size, null, (cell, mask, index, count) => {
    if (c.cleanToPou.size > 0) c.engine.seeEachPage();
    let bad = staleForFetch(cell, mask, c.cleanToPou.has(index));
    c.engine.eachOther(index, other => {
      bad |= staleForFetch(other, mask, false);
    });
    if (bad !== 0) c.report({ rule: staleFetch }, cell, bad, index, count);
    judgeLost(c, cell, mask, index, count);
    cell.fetched = true;
    cell.fetchedOld = false;
  });
  c.end();
}

/** The CPU's side of ownership. */
function judgeOwner(c: Context, paddr: Paddr, size: number, write: boolean): void {
  if (!c.ownership.known) return;
  const buffer = c.ownership.forbidsCpu(paddr, size, write);
  if (buffer === null) return;
  const readOnly = buffer.direction === 'to-device';
  c.reporter.add(
    {
      rule: ownership,
      ...(readOnly && { severity: 'warning' as const }),
      detail: `mapped ${buffer.direction} for ${buffer.device}`,
    },
    paddr,
    paddr,
    '',
    size,
  );
}
