// SPDX-License-Identifier: GPL-2.0-only
/** What the event handlers share: state of memory, what waits for barriers, who owns what, and the reporter. */
import type { Paddr } from '../base/address.js';
import type { Machine } from '../hw/machine.js';
import { Cell } from './cell.js';
import { Engine } from './engine.js';
import { History } from './history.js';
import { Ownership } from './ownership.js';
import { type Waiting, WaitingBytes } from './ranges.js';
import { type Offence, Reporter } from './reporter.js';
import { isUnfinished, unfinishedMaintenance } from './rules/unfinished-maintenance.js';
import { cleanInner, cleanOuter } from './transitions.js';

/** Stage of something that waits: in a CPU, or in the outer cache. */
export const IN_CPU = 0;
export const IN_OUTER = 1;

export class Context {
  readonly machine: Machine;
  readonly engine: Engine;
  readonly history: History = new History();
  readonly ownership: Ownership = new Ownership();
  readonly reporter: Reporter;
  /** Non-cacheable stores on their way to memory. */
  readonly stores: WaitingBytes = new WaitingBytes();
  /** Maintenance that has changed something and is not waited for. */
  readonly maintenance: WaitingBytes = new WaitingBytes();
  /** DMBs of each CPU so far. */
  readonly epochs: Int32Array;
  /** Cells that were cleaned to the point of unification only. */
  readonly cleanToPou: Set<number> = new Set();
  private readonly scratch = new Cell();

  constructor(machine: Machine) {
    this.machine = machine;
    this.engine = new Engine(machine);
    this.reporter = new Reporter(this.engine, this.history, this.ownership);
    this.epochs = new Int32Array(machine.facts.coreCount);
  }

  end(): void {
    this.reporter.end(this.scratch);
  }

  report(offence: Offence, cell: Cell, mask: number, index: number, count: number): void {
    this.reporter.report(offence, cell, mask, index, count);
  }

  /**
   * Somebody uses a line whose maintenance is still under way. A CPU's own operations by address are in order
   * with its own cacheable accesses: `cpu` is such a CPU, or -1.
   */
  checkFinished(cell: Cell, mask: number, index: number, count: number, cpu: number): void {
    if (!isUnfinished(cell)) return;
    const waiting = this.waitingAt(this.maintenance, index, count);
    if (waiting.every(entry => entry.stage === IN_CPU && entry.cpu === cpu)) return;
    const outer = waiting.some(entry => entry.stage === IN_OUTER);
    const missing = outer ? "the outer cache's sync" : 'a DSB on the CPU that asked for it';
    this.report({ rule: unfinishedMaintenance, missing }, cell, mask, index, count);
    cell.unfinished = false;
  }

  /**
   * The outer cache is told to do something with a line before the inner caches are done with it. Its own operations
   * on one line keep their order.
   */
  checkInnerFinished(cell: Cell, mask: number, index: number, count: number): void {
    this.checkWaiting(cell, mask, index, count, ({ stage }) => stage === IN_CPU);
  }

  /**
   * `cpu` is told to do something with a line before the outer cache is done with it: what is dropped may come back
   * from there as it was. Or (`discards`) it throws away what another CPU was told to clean and may not have.
   */
  checkFinishedFor(
    cell: Cell,
    mask: number,
    index: number,
    count: number,
    cpu: number,
    discards: boolean,
  ): void {
    this.checkWaiting(
      cell,
      mask,
      index,
      count,
      entry => entry.stage === IN_OUTER || (discards && entry.cpu !== cpu),
    );
  }

  private checkWaiting(
    cell: Cell,
    mask: number,
    index: number,
    count: number,
    matters: (entry: Waiting) => boolean,
  ): void {
    if (!isUnfinished(cell)) return;
    const waiting = this.waitingAt(this.maintenance, index, count);
    const unfinished = waiting.find(matters);
    if (unfinished === undefined) return;
    const inOuter = unfinished.stage === IN_OUTER;
    const missing = inOuter ? "the outer cache's sync" : 'a DSB on the CPU that asked for it';
    this.report({ rule: unfinishedMaintenance, missing }, cell, mask, index, count);
    cell.unfinished = waiting.some(entry => !matters(entry));
  }

  /** What of `list` waits at `count` cells. */
  waitingAt(list: WaitingBytes, index: number, count: number): Waiting[] {
    const { shadow } = this.engine;
    this.engine.seeEachPage();
    return list.at(shadow.paddrOf(index), shadow.cellBytes * count);
  }

  /** As if the line had been cleaned properly: a reported mistake is reported once. */
  healDirty(cell: Cell): void {
    const { setup } = this.engine;
    cleanInner(cell, setup);
    cleanOuter(cell, false, 0);
  }

  /** These stores have left the CPU, or the outer cache's buffer. */
  drained(entries: readonly { start: Paddr; end: Paddr; stage: number }[]): void {
    for (const { start, end, stage } of entries) {
      this.engine.range(start, end - start, null, (cell, mask) => {
        const bytes = cell.pending & mask;
        cell.pending &= ~mask;
        if (stage !== IN_CPU) return;
        // A line that was filled ahead of them is old now.
        if (cell.mayFillInner) cell.staleInner |= bytes;
        if (cell.mayFillOuter && !this.machine.lookupNonCacheable) cell.staleOuter |= bytes;
      });
      for (const rest of this.stores.at(start, end - start)) {
        this.markPending(Math.max(rest.start, start), Math.min(rest.end, end));
      }
    }
  }

  markPending(start: Paddr, end: Paddr): void {
    this.engine.range(start, end - start, null, (cell, mask) => {
      cell.pending |= mask;
    });
  }

  /**
   * One more buffered store, right behind the last one of this CPU, to a clean cell. False: something has to be
   * looked at first, and nothing is noted.
   */
  bufferMore(cpu: number, index: number, mask: number, paddr: Paddr, size: number): boolean {
    const { engine, stores, history } = this;
    if (engine.mayFill(paddr) || engine.shadow.isPending(index, mask)) return false;
    if (!stores.extend(cpu, paddr, size, IN_CPU, this.epochs[cpu]!)) return false;
    history.extend(paddr, size);
    return true;
  }

  /** Maintenance that is waited for now. */
  finished(entries: readonly { start: Paddr; end: Paddr }[]): void {
    for (const { start, end } of entries) {
      this.engine.range(start, end - start, null, cell => {
        cell.unfinished = false;
      });
      for (const rest of this.maintenance.at(start, end - start)) {
        const from = Math.max(rest.start, start);
        this.engine.range(from, Math.min(rest.end, end) - from, null, cell => {
          cell.unfinished = true;
        });
      }
    }
  }
}
