// SPDX-License-Identifier: GPL-2.0-only
/**
 * One instance of the modelled hardware: memory, the MMU's registers and table walker, and the
 * operations that software performs on caches, TLBs and barriers.
 * It knows what was asked for and counts it; what an operation means for the contents of a cache is the
 * observer's business. Data lives in `ram` only, as if every cache were empty.
 * Model: no cache holds data here, so a wrong byte can be proved possible but not be seen.
 * Next: `observer.ts` (who watches), `mmu/walker.ts` (how an address is translated).
 */
import { alignDown, alignUp, type Paddr, type Range, type Vaddr } from '../base/address.js';
import { invariant } from '../base/diagnostics.js';
import { Counters } from './counters.js';
import type { MachineFacts } from './facts.js';
import { createRegisters, type MmuRegisters } from './mmu/registers.js';
import { TableWalker } from './mmu/walker.js';
import type { Barrier, InnerOperation, Observer, OuterOperation, TlbOperation } from './observer.js';
import { Ram } from './ram.js';

export class Machine {
  readonly facts: MachineFacts;
  readonly ram: Ram;
  readonly registers: MmuRegisters;
  readonly walker: TableWalker;
  readonly counters: Counters = new Counters();
  observer: Observer | null = null;
  /** The CPU that performs the operations below. */
  cpu = 0;

  /** `banks`: sorted, disjoint. */
  constructor(facts: MachineFacts, banks: readonly Range[]) {
    this.facts = facts;
    this.ram = new Ram(banks);
    this.registers = createRegisters(facts.core.architecture, facts.core.longDescriptors);
    this.walker = new TableWalker(this.ram, this.registers);
  }

  /** Inner caches, every line that [vaddr, vaddr + size) touches. Complete after the next `dsb`. */
  innerMaintain(operation: InnerOperation, vaddr: Vaddr, size: number): void {
    const counter = this.counters.inner[operation];
    counter.operations++;
    counter.lines += linesIn(vaddr, size, this.facts.core.lineBytes);
    this.observer?.innerMaintenance(this.cpu, operation, vaddr, size);
  }

  /** All of this CPU's inner caches, by set and way. Reaches no other CPU. */
  innerMaintainAll(operation: InnerOperation): void {
    this.counters.innerAll[operation]++;
    this.observer?.innerMaintenanceAll(this.cpu, operation);
  }

  /** Outer cache, every line that [paddr, paddr + size) touches. The machine must have an outer cache. */
  outerMaintain(operation: OuterOperation, paddr: Paddr, size: number): void {
    const outer = this.facts.outerCache;
    invariant(outer !== null, 'outer maintenance on a machine without an outer cache');
    const counter = this.counters.outer[operation];
    counter.operations++;
    counter.lines += linesIn(paddr, size, outer.lineBytes);
    this.observer?.outerMaintenance(operation, paddr, size);
  }

  /** All of the outer cache, by way. */
  outerMaintainAll(operation: OuterOperation): void {
    invariant(this.facts.outerCache !== null, 'outer maintenance on a machine without an outer cache');
    this.counters.outerAll[operation]++;
    this.observer?.outerMaintenanceAll(operation);
  }

  barrier(kind: Barrier): void {
    this.counters.barriers[kind]++;
    this.observer?.barrier(this.cpu, kind);
  }

  /**
   * TLB maintenance. `mva` covers the pages that [vaddr, vaddr + size) touches, one operation each;
   * `asid` and `all` ignore the range.
   */
  tlbFlush(operation: TlbOperation, vaddr: Vaddr = 0, size = 0, broadcast = true, asid = 0): void {
    this.counters.tlb[operation] += operation === 'mva' ? linesIn(vaddr, size, 4096) : 1;
    this.observer?.tlbMaintenance(this.cpu, operation, vaddr, size, asid, broadcast);
  }

  /** Writes one 32-bit entry of a translation table. False: no memory there. */
  writeTableEntry(paddr: Paddr, descriptor: number): boolean {
    const done = this.ram.write32(paddr, descriptor);
    this.observer?.tableWrite(paddr);
    return done;
  }

  /** Writes one 64-bit entry of a translation table. False: no memory there. */
  writeTableEntry64(paddr: Paddr, low: number, high: number): boolean {
    const done = this.ram.write32(paddr + 4, high) && this.ram.write32(paddr, low);
    this.observer?.tableWrite(paddr);
    return done;
  }

  /** The CPU sets each byte of a range. All of it must be memory. */
  fill(vaddr: Vaddr, paddr: Paddr, size: number, byte: number): void {
    this.ram.fill(paddr, size, byte);
    this.observer?.fill(this.cpu, vaddr, paddr, size, byte);
  }
}

/** Lines of `lineBytes` that [start, start + size) touches; 0 for an empty range. */
function linesIn(start: number, size: number, lineBytes: number): number {
  if (size <= 0) return 0;
  return (alignUp(start + size, lineBytes) - alignDown(start, lineBytes)) / lineBytes;
}
