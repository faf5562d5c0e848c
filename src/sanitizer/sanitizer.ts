// SPDX-License-Identifier: GPL-2.0-only
/**
 * The sanitizer: an observer that judges coherency by what may happen on the hardware, not by what one run
 * happened to do. A dirty line can be evicted at any time; on a speculating core a line of any cacheable mapping
 * can be filled at any time. So a mistake that a board shows once a month is found in every run.
 *
 * Accesses to cells with nothing to remember, nearly all of them, end after one look at the cell's flags.
 * Others go to `cpu-events.ts`, `maintenance-events.ts` and `device-events.ts`, which ask the rules (`rules/`) and then
 * apply what the event does (`transitions.ts`). Read `cell.ts` and `shadow.ts` first.
 */
import type { DmaAddr, Paddr, Vaddr } from '../base/address.js';
import type { DmaMaster } from '../hw/dma/master.js';
import type { Machine } from '../hw/machine.js';
import { type MemoryType, MT_BUFFERABLE, MT_CACHEABLE, MT_INNER_WT } from '../hw/mmu/memory-type.js';
import {
  type Barrier,
  type BusFault,
  type CoherentBuffer,
  type InnerOperation,
  Observer,
  type OuterOperation,
  type StreamingBuffer,
} from '../hw/observer.js';
import type { InnerAliases } from './aliases.js';
import { Context } from './context.js';
import * as cpu from './cpu-events.js';
import * as device from './device-events.js';
import type { Finding } from './finding.js';
import type { StackSource } from './history.js';
import * as kernel from './kernel-events.js';
import { KernelMap } from './kernel-map.js';
import * as maintenance from './maintenance-events.js';
import {
  ALIASED,
  BYTES,
  CLEAN_INNER,
  CLEAN_OUTER,
  type Extent,
  FETCHED,
  FETCHED_OLD,
  HELD_INNER,
  HELD_OUTER,
  LOST,
  NEW_INNER,
  NEW_OUTER,
  OWNED,
  PENDING,
  type Shadow,
  STALE_INNER,
  STALE_OUTER,
  UNFINISHED,
} from './shadow.js';

/** Any of these makes an access worth a second look. */
const NOTEWORTHY = STALE_INNER | STALE_OUTER | LOST | PENDING | ALIASED | UNFINISHED | OWNED;

/** The same for an uncached load. */
const UNCACHED_LOAD = NOTEWORTHY | NEW_INNER | NEW_OUTER;

export interface SanitizerOptions {
  /**
   * All caches are clean and empty now, as after power-on. Otherwise any line may be dirty with contents of
   * earlier owners, as on a machine that has run for a while.
   */
  readonly clean?: boolean;
  readonly stackOf?: StackSource;
}

export class Sanitizer extends Observer {
  private readonly context: Context;
  private readonly shadow: Shadow;
  private readonly machine: Machine;
  private readonly aliases: InnerAliases | null;
  private readonly kernelMap: KernelMap;
  private readonly loadMask: number;
  private readonly loadQuiet: number;
  private readonly storeMask: number;
  private readonly storeQuiet: number;
  private readonly flags: Uint16Array;
  private readonly cellBytes: number;
  private readonly cellMask: number;
  private readonly cellShift: number;
  private readonly pageShift: number;
  /** See InnerAliases; null where every address of a byte leads to the same line. */
  private readonly home: Int32Array | null;
  private readonly keyMask: number;
  /** Where the last access was that was looked at. */
  private near: Extent;
  private calm = false;
  private generation = -1;
  /** Of registers, on any core. */
  private readonly changes: { readonly count: number };
  /** Of a cell whose line is clean and in no cache. */
  private readonly cleanFlags: number;
  /** What it may have besides. */
  private readonly pendingFlags: number;

  constructor(machine: Machine, options: SanitizerOptions = {}) {
    super();
    this.machine = machine;
    this.changes = machine.registers.changes;
    this.context = new Context(machine);
    const { engine, history } = this.context;
    this.shadow = engine.shadow;
    this.aliases = engine.aliases;
    this.flags = this.shadow.flags;
    this.near = this.shadow.near;
    this.cellBytes = this.shadow.cellBytes;
    this.cellMask = this.cellBytes - 1;
    this.cellShift = 31 - Math.clz32(this.cellBytes);
    this.pageShift = 12 - this.cellShift;
    this.home = this.aliases?.home ?? null;
    this.keyMask = this.aliases?.keyMask ?? 0;
    this.kernelMap = new KernelMap(machine);
    if (options.stackOf) history.stackOf = options.stackOf;
    if (options.clean) this.shadow.flags.fill(CLEAN_INNER | CLEAN_OUTER);
    const { outer, outerWriteThrough } = engine.setup;
    // Where nothing fills a line by itself, an access has to note that it did.
    const held = engine.speculates ? 0 : HELD_INNER | (outer ? HELD_OUTER : 0);
    this.loadMask = NOTEWORTHY | held;
    this.loadQuiet = held;
    const dirtyOuter = outer && !outerWriteThrough;
    this.storeQuiet = held | NEW_INNER | (dirtyOuter ? NEW_OUTER : 0);
    this.cleanFlags = CLEAN_INNER | (outer ? CLEAN_OUTER : 0);
    this.pendingFlags = PENDING | BYTES | (outer ? 0 : CLEAN_OUTER | HELD_OUTER);
    this.storeMask =
      this.storeQuiet | NOTEWORTHY | FETCHED | FETCHED_OLD | CLEAN_INNER | (dirtyOuter ? CLEAN_OUTER : 0);
    // Old translations are known from the first question on.
    void machine.mappings.lingeringCount;
    machine.mappings.onChange = (start, count) => kernel.mappingGone(this.context, start, count);
    machine.mappings.onUnmap =
      engine.aliases !== null && engine.speculates
        ? (vaddr, start, count) => engine.leaveBehind(vaddr, start * 4096, count)
        : null;
  }

  /** What was found so far, in the order in which it happened. */
  get findings(): readonly Finding[] {
    return this.context.reporter.findings;
  }

  /** Memory that no cache has seen yet, or not since its lines were cleaned and invalidated. */
  assumeClean(paddr: Paddr, size: number): void {
    kernel.assumeClean(this.context, paddr, size);
  }

  /** As `findings`, which start anew: what was reported once may be reported again. */
  takeFindings(): Finding[] {
    return this.context.reporter.take();
  }

  override cpuLoad(core: number, vaddr: Vaddr, paddr: Paddr, size: number, type: MemoryType): void {
    const offset = paddr - this.near.base;
    if (
      this.calm &&
      this.changes.count === this.generation &&
      offset >= 0 &&
      offset < this.near.bytes &&
      (vaddr & this.cellMask) <= this.cellBytes - size
    ) {
      const cell = this.near.firstCell + (offset >>> this.cellShift);
      const flags = this.isHome(cell, vaddr) ? this.flags[cell]! : NOTEWORTHY;
      const cached = (type.bits & MT_CACHEABLE) !== 0;
      if ((flags & (cached ? this.loadMask : UNCACHED_LOAD)) === (cached ? this.loadQuiet : 0)) return;
    }
    this.watchedLoad(core, vaddr, paddr, size, type);
  }

  private watchedLoad(core: number, vaddr: Vaddr, paddr: Paddr, size: number, type: MemoryType): void {
    if (this.kernelMap.isSplit()) this.judgeKernelMap(core, 'load', vaddr, paddr, size);
    const cell = this.quietCell(vaddr, paddr, size);
    if (cell >= 0) {
      const flags = this.flags[cell]!;
      if ((type.bits & MT_CACHEABLE) === 0) {
        if ((flags & UNCACHED_LOAD) === 0) return;
      } else if ((flags & this.loadMask) === this.loadQuiet) {
        return;
      }
    }
    kernel.judgeTranslation(this.context, core, 'load', vaddr, paddr, size);
    cpu.load(this.context, core, vaddr, paddr, size, type);
  }

  override cpuStore(core: number, vaddr: Vaddr, paddr: Paddr, size: number, type: MemoryType): void {
    const offset = paddr - this.near.base;
    if (
      this.calm &&
      this.changes.count === this.generation &&
      offset >= 0 &&
      offset < this.near.bytes &&
      (vaddr & this.cellMask) <= this.cellBytes - size &&
      (type.bits & (MT_CACHEABLE | MT_INNER_WT)) === MT_CACHEABLE
    ) {
      const cell = this.near.firstCell + (offset >>> this.cellShift);
      const flags = this.isHome(cell, vaddr) ? this.flags[cell]! : NOTEWORTHY;
      if ((flags & (this.storeMask | BYTES)) === this.storeQuiet) return;
    }
    this.watchedStore(core, vaddr, paddr, size, type);
  }

  private watchedStore(core: number, vaddr: Vaddr, paddr: Paddr, size: number, type: MemoryType): void {
    if (this.kernelMap.isSplit()) this.judgeKernelMap(core, 'store', vaddr, paddr, size);
    const cell = this.quietCell(vaddr, paddr, size);
    if (cell >= 0 && (type.bits & (MT_CACHEABLE | MT_INNER_WT)) === MT_CACHEABLE) {
      const flags = this.flags[cell]!;
      if ((flags & this.storeMask) === this.storeQuiet) {
        if ((flags & BYTES) !== 0) {
          this.shadow.addNewBytes(cell, this.maskOf(vaddr, size), (this.storeQuiet & NEW_OUTER) !== 0);
        }
        return;
      }
    } else if (cell >= 0 && (type.bits & (MT_BUFFERABLE | MT_CACHEABLE)) === MT_BUFFERABLE) {
      // Clean lines, nothing that could fill them, and at most stores of this CPU on their way.
      const flags = this.flags[cell]! & ~this.pendingFlags;
      const mask = this.maskOf(vaddr, size);
      if (flags === this.cleanFlags && this.context.bufferMore(core, cell, mask, paddr, size)) {
        this.shadow.addPendingBytes(cell, mask);
        return;
      }
    }
    kernel.judgeTranslation(this.context, core, 'store', vaddr, paddr, size);
    cpu.store(this.context, core, vaddr, paddr, size, type);
  }

  /** Are the cell's flags about lines of this address? */
  private isHome(cell: number, vaddr: Vaddr): boolean {
    const { home } = this;
    return home === null || home[cell >>> this.pageShift] === ((vaddr >>> 12) & this.keyMask);
  }

  /** The cell of an access that may be a quiet one; -1 where it must be looked at. */
  private quietCell(vaddr: Vaddr, paddr: Paddr, size: number): number {
    const { shadow, aliases } = this;
    const { cellBytes } = shadow;
    // Address bits below a page are the same in both spaces, and those of a 32-bit number quick to have.
    if ((vaddr & (cellBytes - 1)) + size > cellBytes || this.machine.mappings.conflictCount > 0) return -1;
    const cell = shadow.cellOf(paddr);
    this.near = shadow.near;
    this.settle();
    if (aliases === null || cell < 0) return cell;
    return aliases.isHome(shadow.pageOf(cell), aliases.keyOf(vaddr)) ? cell : -1;
  }

  /**
   * Accesses may end at the first look: no old translation can be used, and
   * there is one set of kernel mappings. Whatever may change that is told to the sanitizer, or changes a register.
   */
  private settle(): void {
    this.generation = this.changes.count;
    this.calm = this.machine.mappings.conflictCount === 0 && !this.kernelMap.isSplit();
  }

  /** The bytes of an access inside one cell. */
  private maskOf(vaddr: Vaddr, size: number): number {
    return (size === 32 ? -1 : (1 << size) - 1) << (vaddr & (this.shadow.cellBytes - 1));
  }

  private judgeKernelMap(core: number, what: string, vaddr: Vaddr, paddr: Paddr, size: number): void {
    kernel.judgeKernelMap(this.context, this.kernelMap, core, what, vaddr, paddr, size);
  }

  override fill(
    core: number,
    vaddr: Vaddr,
    paddr: Paddr,
    size: number,
    _byte: number,
    type: MemoryType,
  ): void {
    this.cpuStore(core, vaddr, paddr, size, type);
  }

  override cpuFetch(core: number, vaddr: Vaddr, paddr: Paddr, size: number, type: MemoryType): void {
    if (this.kernelMap.isSplit()) this.judgeKernelMap(core, 'fetch', vaddr, paddr, size);
    kernel.judgeTranslation(this.context, core, 'fetch', vaddr, paddr, size);
    cpu.fetch(this.context, core, vaddr, paddr, size, type);
  }

  override deviceRead(master: DmaMaster, dmaAddr: DmaAddr, paddr: Paddr, size: number): void {
    device.deviceRead(this.context, master, dmaAddr, paddr, size);
  }

  override deviceWrite(master: DmaMaster, dmaAddr: DmaAddr, paddr: Paddr, size: number): void {
    device.deviceWrite(this.context, master, dmaAddr, paddr, size);
  }

  override deviceMissed(
    master: DmaMaster,
    dmaAddr: DmaAddr,
    size: number,
    write: boolean,
    fault: BusFault,
  ): void {
    device.deviceMissed(this.context, master, dmaAddr, size, write, fault);
  }

  override innerMaintenance(core: number, operation: InnerOperation, vaddr: Vaddr, size: number): void {
    maintenance.innerMaintenance(this.context, core, operation, vaddr, size);
  }

  override innerMaintenanceAll(core: number, operation: InnerOperation): void {
    maintenance.innerMaintenanceAll(this.context, core, operation);
  }

  override cleanToPou(core: number, vaddr: Vaddr, size: number): void {
    maintenance.cleanToPou(this.context, core, vaddr, size);
  }

  override instructionInvalidate(core: number, vaddr: Vaddr, size: number): void {
    maintenance.instructionInvalidate(this.context, core, vaddr, size);
  }

  override instructionInvalidateAll(core: number, broadcast: boolean): void {
    maintenance.instructionInvalidateAll(this.context, core, broadcast);
  }

  override outerMaintenance(operation: OuterOperation, paddr: Paddr, size: number): void {
    maintenance.outerMaintenance(this.context, operation, paddr, size);
  }

  override outerMaintenanceAll(operation: OuterOperation): void {
    maintenance.outerMaintenanceAll(this.context, operation);
  }

  override barrier(core: number, kind: Barrier): void {
    maintenance.barrier(this.context, core, kind);
  }

  override tableWrite(_paddr: Paddr): void {
    this.kernelMap.tableWritten();
    this.calm = false;
  }

  override tlbMaintenance(): void {
    this.calm = false;
  }

  override pagesFreed(paddr: Paddr, size: number): void {
    kernel.pagesFreed(this.context, paddr, size);
  }

  override coherentAllocated(buffer: CoherentBuffer): void {
    kernel.coherentAllocated(this.context, buffer);
  }

  override coherentFreed(buffer: CoherentBuffer): void {
    kernel.coherentFreed(this.context, buffer);
  }

  override streamingMapped(buffer: StreamingBuffer): void {
    kernel.streamingMapped(this.context, buffer);
  }

  override streamingUnmapped(buffer: StreamingBuffer): void {
    kernel.streamingUnmapped(this.context, buffer);
  }

  override syncedForCpu(buffer: StreamingBuffer, paddr: Paddr, size: number): void {
    this.context.ownership.giveToCpu(buffer, paddr, size);
  }

  override syncedForDevice(buffer: StreamingBuffer, paddr: Paddr, size: number): void {
    this.context.ownership.giveToDevice(buffer, paddr, size);
  }
}
