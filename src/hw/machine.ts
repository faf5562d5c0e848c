// SPDX-License-Identifier: GPL-2.0-only
/**
 * One instance of the modelled hardware: memory, the MMU's registers and table walker, and the
 * operations that software performs on caches, TLBs and barriers.
 * Without `live` caches data lives in `ram` only, as if every cache were empty: an observer can then prove what
 * may go wrong. With them, lines, buffers and TLBs hold data of their own, and wrong bytes can be seen.
 * The order at each operation is: count it, do it, tell the observer.
 * Next: `observer.ts` (who watches), `load-store.ts` (what the CPU does), `dma/master.ts` (what devices do),
 * `cache/live-caches.ts` (caches that hold data), `mmu/walker.ts` (how an address is translated).
 */
import { alignDown, alignUp, type DmaAddr, type Paddr, type Range, type Vaddr } from '../base/address.js';
import { invariant } from '../base/diagnostics.js';
import { LiveCaches, type LiveOptions } from './cache/live-caches.js';
import { Counters } from './counters.js';
import type { DmaMaster } from './dma/master.js';
import type { MachineFacts, OuterCacheFacts } from './facts.js';
import { LoadStore } from './load-store.js';
import { createRegisters, type MmuRegisters } from './mmu/registers.js';
import { ReverseMap } from './mmu/reverse-map.js';
import { Tlb } from './mmu/tlb.js';
import { Translation } from './mmu/translation.js';
import { TableWalker, WALK_OK } from './mmu/walker.js';
import type { Barrier, InnerOperation, Observer, OuterOperation, TlbOperation } from './observer.js';
import { Ram } from './ram.js';

/** Somebody who keeps what was made of memory's contents, as decoded instructions, and must hear of DMA. */
export interface WriteListener {
  written(paddr: Paddr, size: number): void;
}

export class Machine {
  readonly facts: MachineFacts;
  readonly ram: Ram;
  readonly registers: MmuRegisters;
  readonly walker: TableWalker;
  /** By core; those that have none of their own run with the first one's, as all do under the modelled kernel. */
  readonly walkers: TableWalker[];
  readonly counters: Counters = new Counters();
  /** One for each core. */
  readonly tlbs: readonly Tlb[];
  /** Which addresses lead to a physical page. */
  readonly mappings: ReverseMap;
  /** What the CPU reads and writes. */
  readonly access: LoadStore;
  /** The outer cache as software runs it: switched on, its control register written. Null: none, or off. */
  outerCache: OuterCacheFacts | null;
  /** Caches and buffers that hold data; null: none does, and memory is always up to date. */
  live: LiveCaches | null = null;
  observer: Observer | null = null;
  /** Hears of memory that DMA masters have changed, whatever the caches hold. */
  writeListener: WriteListener | null = null;
  /** The outer cache is switched on. At the start it is if it needs maintenance; a kernel may leave it off. */
  outerInUse: boolean;
  /** The CPU that performs the operations below. */
  cpu = 0;
  private readonly found = new Translation();

  /** `banks`: sorted, disjoint. */
  constructor(facts: MachineFacts, banks: readonly Range[]) {
    this.facts = facts;
    this.outerCache = facts.outerCache;
    this.outerInUse = facts.outerCache?.needsMaintenance ?? false;
    this.ram = new Ram(banks);
    this.registers = createRegisters(facts.core.architecture, facts.core.longDescriptors);
    this.walker = new TableWalker(this.ram, this.registers);
    this.walkers = [this.walker];
    this.tlbs = Array.from({ length: facts.coreCount }, () => new Tlb(this));
    this.mappings = new ReverseMap(this);
    this.access = new LoadStore(this);
  }

  /**
   * The outer cache looks non-cacheable accesses of shareable memory up: a PL310 does, while bit 22 of its
   * auxiliary control register is clear (DDI 0246, 2.3.2). What nobody has written is clear after reset.
   */
  get lookupNonCacheable(): boolean {
    return this.outerCache?.model === 'PL310' && this.outerCache.sharedOverride !== true;
  }

  /**
   * Puts caches and buffers between the CPUs and memory, all empty. From now on they hold data. The outer
   * cache is there as it is now.
   */
  attachCaches(options: LiveOptions): LiveCaches {
    this.live = new LiveCaches({ ...this.facts, outerCache: this.outerCache }, this.ram, options);
    return this.live;
  }

  /** Inner caches, every line that [vaddr, vaddr + size) touches. Complete after the next `dsb`. */
  innerMaintain(operation: InnerOperation, vaddr: Vaddr, size: number): void {
    const counter = this.counters.inner[operation];
    counter.operations++;
    counter.lines += linesIn(vaddr, size, this.facts.core.lineBytes);
    const { live, cpu } = this;
    if (live !== null) {
      this.eachMapped(vaddr, size, (at, paddr, bytes) =>
        live.innerMaintain(cpu, operation, at, paddr, bytes),
      );
    }
    this.observer?.innerMaintenance(cpu, operation, vaddr, size);
  }

  /** All of this CPU's inner caches, by set and way. Reaches no other CPU. */
  innerMaintainAll(operation: InnerOperation): void {
    this.counters.innerAll[operation]++;
    this.live?.innerMaintainAll(this.cpu, operation);
    this.observer?.innerMaintenanceAll(this.cpu, operation);
  }

  /** Data caches, cleaned as far as instruction fetches look. Complete after the next `dsb`. */
  cleanToPou(vaddr: Vaddr, size: number): void {
    const { live, cpu } = this;
    if (live !== null)
      this.eachMapped(vaddr, size, (at, paddr, bytes) => live.cleanToPou(cpu, at, paddr, bytes));
    this.observer?.cleanToPou(cpu, vaddr, size);
  }

  /** Instruction caches of all cores that maintenance by address reaches. */
  instructionInvalidate(vaddr: Vaddr, size: number): void {
    const { live, cpu } = this;
    if (live !== null) {
      this.eachMapped(vaddr, size, (at, paddr, bytes) => live.instructionInvalidate(cpu, at, paddr, bytes));
    }
    this.observer?.instructionInvalidate(cpu, vaddr, size);
  }

  /** The whole instruction cache, of this core or (`broadcast`) of all. */
  instructionInvalidateAll(broadcast: boolean): void {
    if (this.live !== null) {
      const cores = broadcast ? this.tlbs.keys() : [this.cpu];
      for (const cpu of cores) this.live.instructionInvalidateAll(cpu);
    }
    this.observer?.instructionInvalidateAll(this.cpu, broadcast);
  }

  /** Outer cache, every line that [paddr, paddr + size) touches. The machine must have an outer cache. */
  outerMaintain(operation: OuterOperation, paddr: Paddr, size: number): void {
    const outer = this.facts.outerCache;
    invariant(outer !== null, 'outer maintenance on a machine without an outer cache');
    const counter = this.counters.outer[operation];
    counter.operations++;
    counter.lines += linesIn(paddr, size, outer.lineBytes);
    this.live?.outerMaintain(operation, paddr, size);
    this.observer?.outerMaintenance(operation, paddr, size);
  }

  /** All of the outer cache, by way. */
  outerMaintainAll(operation: OuterOperation): void {
    invariant(this.facts.outerCache !== null, 'outer maintenance on a machine without an outer cache');
    this.counters.outerAll[operation]++;
    this.live?.outerMaintainAll(operation);
    this.observer?.outerMaintenanceAll(operation);
  }

  barrier(kind: Barrier): void {
    this.counters.barriers[kind]++;
    this.live?.barrier(this.cpu, kind);
    this.observer?.barrier(this.cpu, kind);
  }

  /**
   * TLB maintenance. `mva` covers the pages that [vaddr, vaddr + size) touches, one operation each;
   * `asid` and `all` ignore the range.
   */
  tlbFlush(operation: TlbOperation, vaddr: Vaddr = 0, size = 0, broadcast = true, asid = 0): void {
    this.counters.tlb[operation] += operation === 'mva' ? linesIn(vaddr, size, 4096) : 1;
    for (const [cpu, tlb] of this.tlbs.entries()) {
      if (broadcast || cpu === this.cpu) tlb.maintain(operation, vaddr, size, asid);
    }
    this.mappings.tlbMaintenance(this.cpu, operation, vaddr, size, asid, broadcast);
    this.observer?.tlbMaintenance(this.cpu, operation, vaddr, size, asid, broadcast);
  }

  /**
   * A core has stored to memory, by an instruction that says nothing of its purpose. Where a translation table lies
   * that somebody follows, an entry was written.
   */
  stored(paddr: Paddr): void {
    if (!this.mappings.watches(paddr)) return;
    this.mappings.tableWrite(paddr);
    this.observer?.tableWrite(paddr);
  }

  /** Writes one 32-bit entry of a translation table. False: no memory there. */
  writeTableEntry(paddr: Paddr, descriptor: number): boolean {
    const done = this.ram.write32(paddr, descriptor);
    this.tableWritten(paddr);
    return done;
  }

  /** Writes one 64-bit entry of a translation table. False: no memory there. */
  writeTableEntry64(paddr: Paddr, low: number, high: number): boolean {
    const done = this.ram.write32(paddr + 4, high) && this.ram.write32(paddr, low);
    this.tableWritten(paddr);
    return done;
  }

  /**
   * Software has copied or cleared a piece of translation tables, [paddr, paddr + size): whole entries, maybe of
   * tables that no walk reaches yet.
   */
  tablesWritten(paddr: Paddr, size: number): void {
    if (this.live === null) for (const tlb of this.tlbs) tlb.dropAll();
    this.mappings.tablesWritten(paddr, size);
    if (this.observer === null) return;
    const entryBytes = this.registers.format === 'long' ? 8 : 4;
    for (let at = paddr; at < paddr + size; at += entryBytes) this.observer.tableWrite(at);
  }

  private tableWritten(paddr: Paddr): void {
    if (this.live === null) for (const tlb of this.tlbs) tlb.dropAll();
    this.mappings.tableWrite(paddr);
    this.observer?.tableWrite(paddr);
  }

  /** The CPU sets each byte of a range. All of it must be memory. */
  fill(vaddr: Vaddr, paddr: Paddr, size: number, byte: number): void {
    this.access.fillAt(vaddr, paddr, size, byte);
  }

  /** A transfer of a DMA master; `paddr` is what its windows make of `dmaAddr`. All of it must be memory. */
  deviceRead(master: DmaMaster, dmaAddr: DmaAddr, paddr: Paddr, size: number): Uint8Array {
    this.observer?.deviceRead(master, dmaAddr, paddr, size);
    if (this.live !== null) return this.live.deviceRead(master.port, paddr, size);
    return this.ram.readBytes(paddr, size);
  }

  /** As deviceRead(), of data that nobody looks at. */
  deviceScan(master: DmaMaster, dmaAddr: DmaAddr, paddr: Paddr, size: number): void {
    this.observer?.deviceRead(master, dmaAddr, paddr, size);
    this.live?.deviceRead(master.port, paddr, size);
  }

  deviceWrite(master: DmaMaster, dmaAddr: DmaAddr, paddr: Paddr, bytes: Uint8Array): void {
    if (this.live !== null) this.live.deviceWrite(master.port, paddr, bytes);
    else this.ram.writeBytes(paddr, bytes);
    this.writeListener?.written(paddr, bytes.length);
    this.observer?.deviceWrite(master, dmaAddr, paddr, bytes.length);
  }

  deviceFill(master: DmaMaster, dmaAddr: DmaAddr, paddr: Paddr, size: number, byte: number): void {
    if (this.live !== null) this.live.deviceWrite(master.port, paddr, new Uint8Array(size).fill(byte));
    else this.ram.fill(paddr, size, byte);
    this.writeListener?.written(paddr, size);
    this.observer?.deviceWrite(master, dmaAddr, paddr, size);
  }

  /** Each contiguous piece of what [vaddr, vaddr + size) maps for this CPU; unmapped parts are left out. */
  eachMapped(vaddr: Vaddr, size: number, visit: (vaddr: Vaddr, paddr: Paddr, size: number) => void): void {
    const { found } = this;
    const walker = this.walkers[this.cpu] ?? this.walker;
    let start = 0;
    let target = 0;
    let bytes = 0;
    for (let at = vaddr; at < vaddr + size; ) {
      const mapped = walker.walk(at, found) === WALK_OK;
      // Entries are as large as their alignment, in both spaces.
      const entry = mapped ? found.size : 4096;
      const piece = Math.min(entry - (at % entry), vaddr + size - at);
      if (mapped && bytes > 0 && found.paddr === target + bytes) {
        bytes += piece;
      } else {
        if (bytes > 0) visit(start, target, bytes);
        start = at;
        target = found.paddr;
        bytes = mapped ? piece : 0;
      }
      at += piece;
    }
    if (bytes > 0) visit(start, target, bytes);
  }
}

/** Lines of `lineBytes` that [start, start + size) touches; 0 for an empty range. */
function linesIn(start: number, size: number, lineBytes: number): number {
  if (size <= 0) return 0;
  return (alignUp(start + size, lineBytes) - alignDown(start, lineBytes)) / lineBytes;
}
