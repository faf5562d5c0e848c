// SPDX-License-Identifier: GPL-2.0-only
/** Accesses of DMA masters, past the caches or through a snooping port (hw/dma/master.ts). */
import type { DmaAddr, Paddr } from '../base/address.js';
import { hex } from '../base/address.js';
import type { DmaMaster } from '../hw/dma/master.js';
import type { BusFault } from '../hw/observer.js';
import type { Cell } from './cell.js';
import { type Context, IN_OUTER } from './context.js';
import { deviceReadsOldData, memoryLacks, staleForSnoop } from './rules/device-reads-old-data.js';
import { evictionWillOverwrite, mayBeWrittenBack } from './rules/eviction-will-overwrite.js';
import { hiddenInner } from './rules/hidden-by-dirty-line.js';
import { lostBytes, lostWrite } from './rules/lost-write.js';
import { missingBarrier, pendingBytes } from './rules/missing-barrier.js';
import { staleLineWrite, staleRest, staleRestOuter } from './rules/stale-line-write.js';
import { wildDma } from './rules/wild-dma.js';
import { writeMemory, writeThroughPort } from './transitions.js';

export function deviceRead(
  c: Context,
  master: DmaMaster,
  dmaAddr: DmaAddr,
  paddr: Paddr,
  size: number,
): void {
  begin(c, master, 'read', dmaAddr, paddr, size);
  judgeReach(c, master, paddr, size, false);
  const snoops = master.port !== 'none';
  c.engine.range(paddr, size, null, (cell, mask, index, count) => {
    const lost = lostBytes(cell, mask);
    if (lost !== 0) {
      c.report({ rule: lostWrite }, cell, lost, index, count);
      cell.lost &= ~lost;
    }
    let old = snoops ? staleForSnoop(cell, mask) : memoryLacks(cell, mask);
    if (!snoops) {
      c.engine.eachOther(index, other => {
        old |= hiddenInner(other, mask);
        other.newInner &= ~mask;
      });
    }
    if (old !== 0) {
      c.report({ rule: deviceReadsOldData }, cell, old, index, count);
      if (snoops) {
        cell.staleInner &= ~old;
        cell.staleOuter &= ~old;
      }
      cell.newInner &= ~old;
      cell.newOuter &= ~old;
    }
    judgePending(c, cell, mask, index, count, snoops);
    c.checkFinished(cell, mask, index, count, -1);
  });
  c.history.record(master.name, 'read', paddr, size);
  c.end();
}

export function deviceWrite(
  c: Context,
  master: DmaMaster,
  dmaAddr: DmaAddr,
  paddr: Paddr,
  size: number,
): void {
  begin(c, master, 'write', dmaAddr, paddr, size);
  judgeReach(c, master, paddr, size, true);
  const { engine } = c;
  const { setup } = engine;
  const { port } = master;
  engine.ensureAliases(paddr, size);
  const visit = (cell: Cell, mask: number, index: number, count: number): void => {
    judgePending(c, cell, mask, index, count, port !== 'none');
    c.checkFinished(cell, mask, index, count, -1);
    if (port === 'none') {
      let dirty = mayBeWrittenBack(cell, false);
      engine.eachOther(index, other => {
        dirty ||= other.dirtyInner;
        other.dirtyInner = false;
        if (other.mayHoldInner) other.staleInner |= mask;
        other.newInner = 0;
      });
      if (dirty) {
        c.report({ rule: evictionWillOverwrite }, cell, mask, index, count);
        c.healDirty(cell);
      }
      writeMemory(cell, mask);
      return;
    }
    const dirtiesOuter = port === 'acp' && setup.outer && !setup.outerWriteThrough;
    const rest = port === 'l2' ? staleRest(cell, mask) : dirtiesOuter ? staleRestOuter(cell, mask) : 0;
    if (rest !== 0) {
      c.report({ rule: staleLineWrite }, cell, rest, index, count);
      if (port === 'l2') cell.staleInner &= ~rest;
      cell.staleOuter &= ~rest;
    }
    writeThroughPort(cell, mask, port, setup);
  };
  engine.range(paddr, size, null, visit);
  if (port !== 'none') engine.lineMates(paddr, size, engine.innerLineBytes, null, visit);
  c.history.record(master.name, 'write', paddr, size);
  c.end();
}

export function deviceMissed(
  c: Context,
  master: DmaMaster,
  dmaAddr: DmaAddr,
  size: number,
  write: boolean,
  fault: BusFault,
): void {
  const access = write ? 'write' : 'read';
  c.reporter.begin(master.name, access, null, dmaAddr, null, size);
  const where = hex(dmaAddr, 8);
  const translated = (master.stream?.context ?? null) !== null;
  const detail = {
    'no memory': translated
      ? `its IOMMU leads ${where} to no memory`
      : `nothing answers at ${where} on its bus`,
    'not mapped': `its IOMMU maps nothing at ${where}`,
    'not allowed': `its IOMMU does not let it ${access} at ${where}`,
  }[fault];
  c.reporter.add({ rule: wildDma, detail }, null, null, '', size);
  c.end();
}

function begin(
  c: Context,
  master: DmaMaster,
  what: string,
  dmaAddr: DmaAddr,
  paddr: Paddr,
  size: number,
): void {
  const how = master.port === 'none' ? what : `${what} through ${master.port}`;
  c.reporter.begin(master.name, how, null, dmaAddr, paddr, size);
}

/** The device's side of ownership. */
function judgeReach(c: Context, master: DmaMaster, paddr: Paddr, size: number, write: boolean): void {
  const reason = c.ownership.forbidsDevice(master.name, paddr, size, write);
  if (reason !== null) c.reporter.add({ rule: wildDma, detail: reason }, paddr, paddr, '', size);
}

/** `behindOuter`: the port sees the outer cache and its buffer. */
function judgePending(
  c: Context,
  cell: Cell,
  mask: number,
  index: number,
  count: number,
  behindOuter: boolean,
): void {
  const pending = pendingBytes(cell, mask);
  if (pending === 0) return;
  const waiting = c.waitingAt(c.stores, index, count);
  if (behindOuter && waiting.every(entry => entry.stage === IN_OUTER)) return;
  const inOuter = waiting.every(entry => entry.stage === IN_OUTER);
  const where = inOuter ? "it is in the outer cache's buffer" : "it is in the CPU's write buffer";
  const missing = inOuter ? "The outer cache's sync behind the DSB; wmb() and writel() do both." : undefined;
  const offence = { rule: missingBarrier, detail: where, ...(missing !== undefined && { missing }) };
  c.report(offence, cell, pending, index, count);
  cell.pending &= ~pending;
}
