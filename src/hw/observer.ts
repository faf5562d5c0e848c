// SPDX-License-Identifier: GPL-2.0-only
/**
 * The seam between the machine and whoever watches it. The machine, the modelled kernel and the
 * emulator call these methods; the sanitizer is a subclass that overrides them. Every method here does
 * nothing, so a subclass names only what it wants to see.
 * One concrete class behind one nullable field (`Machine.observer`), not an event emitter: a call site
 * that costs nothing while nobody watches.
 *
 * Two kinds of events: what the hardware does (accesses, maintenance, barriers, tables), told by the machine;
 * and who owns which bytes, told by the kernel, modelled or real. All sizes are in bytes and of any value: a
 * range of memory is one event. `cpu` counts from 0.
 */
import type { DmaAddr, Paddr, Vaddr } from '../base/address.js';
import type { DmaMaster } from './dma/master.js';
import type { MemoryType } from './mmu/memory-type.js';

/** Maintenance of a cache by address or whole. */
export type InnerOperation = 'clean' | 'invalidate' | 'clean-invalidate';
export type OuterOperation = 'clean' | 'invalidate' | 'clean-invalidate';
/** `outer-sync`: the outer cache has drained its buffers and finished its operations. */
export type Barrier = 'dsb' | 'dmb' | 'isb' | 'outer-sync';
export type TlbOperation = 'mva' | 'asid' | 'all';
/** Why an access of a device moved nothing: no memory answers, or its IOMMU has no such page or forbids it. */
export type BusFault = 'no memory' | 'not mapped' | 'not allowed';
/** What a streaming mapping allows the device to do. */
export type Direction = 'to-device' | 'from-device' | 'bidirectional';

/** One streaming mapping of contiguous bytes. */
export interface StreamingBuffer {
  readonly device: string;
  readonly driver: string;
  readonly dmaAddr: DmaAddr;
  /** What the device reaches: the bounce buffer where there is one. */
  readonly paddr: Paddr;
  /** The driver's own memory; equal to `paddr` where nothing bounces. */
  readonly original: Paddr;
  readonly size: number;
  readonly direction: Direction;
  /** The caller keeps the CPU's caches as they are (DMA_ATTR_SKIP_CPU_SYNC). */
  readonly skipSync: boolean;
}

/** One coherent buffer. */
export interface CoherentBuffer {
  readonly device: string;
  readonly driver: string;
  /** Null where the driver asked for no mapping. */
  readonly vaddr: Vaddr | null;
  readonly dmaAddr: DmaAddr;
  readonly paddr: Paddr;
  readonly size: number;
  /** The kernel takes the device for one that snoops. */
  readonly coherent: boolean;
}

export class Observer {
  /** The CPU read data through a mapping of type `memoryType`. */
  cpuLoad(_cpu: number, _vaddr: Vaddr, _paddr: Paddr, _size: number, _memoryType: MemoryType): void {}

  /** The CPU wrote data through a mapping of type `memoryType`. Device memory: it rang a doorbell. */
  cpuStore(_cpu: number, _vaddr: Vaddr, _paddr: Paddr, _size: number, _memoryType: MemoryType): void {}

  /** The CPU fetched instructions. */
  cpuFetch(_cpu: number, _vaddr: Vaddr, _paddr: Paddr, _size: number, _memoryType: MemoryType): void {}

  /** The CPU set each byte of a range to `byte`: many stores at once. */
  fill(
    _cpu: number,
    _vaddr: Vaddr,
    _paddr: Paddr,
    _size: number,
    _byte: number,
    _memoryType: MemoryType,
  ): void {}

  /** A DMA master read. */
  deviceRead(_master: DmaMaster, _dmaAddr: DmaAddr, _paddr: Paddr, _size: number): void {}

  /** A DMA master wrote. */
  deviceWrite(_master: DmaMaster, _dmaAddr: DmaAddr, _paddr: Paddr, _size: number): void {}

  /** A DMA master put an address on its bus that leads to no memory, or not through its IOMMU. */
  deviceMissed(
    _master: DmaMaster,
    _dmaAddr: DmaAddr,
    _size: number,
    _write: boolean,
    _fault: BusFault,
  ): void {}

  /**
   * Maintenance of the inner caches by virtual address to the point of coherency, all lines that
   * [vaddr, vaddr + size) touches.
   */
  innerMaintenance(_cpu: number, _operation: InnerOperation, _vaddr: Vaddr, _size: number): void {}

  /** Maintenance of all of the inner caches of `cpu` (by set and way). */
  innerMaintenanceAll(_cpu: number, _operation: InnerOperation): void {}

  /** Data cleaned to the point of unification: where instruction fetches see it. */
  cleanToPou(_cpu: number, _vaddr: Vaddr, _size: number): void {}

  /** Instruction cache lines invalidated by address. */
  instructionInvalidate(_cpu: number, _vaddr: Vaddr, _size: number): void {}

  /** The whole instruction cache invalidated; `broadcast`: on all cores. */
  instructionInvalidateAll(_cpu: number, _broadcast: boolean): void {}

  /** Maintenance of the outer cache by physical address, all lines that the range touches. */
  outerMaintenance(_operation: OuterOperation, _paddr: Paddr, _size: number): void {}

  /** Maintenance of all of the outer cache (by way). */
  outerMaintenanceAll(_operation: OuterOperation): void {}

  barrier(_cpu: number, _kind: Barrier): void {}

  /** `broadcast`: the operation reaches the other cores too. `vaddr`, `size` count only for `mva`. */
  tlbMaintenance(
    _cpu: number,
    _operation: TlbOperation,
    _vaddr: Vaddr,
    _size: number,
    _asid: number,
    _broadcast: boolean,
  ): void {}

  /**
   * The MMU of `cpu` read a table entry at `paddr` to translate `vaddr`, by an access of type `memoryType`. `level` as the
   * architecture counts, from 1; `high` is 0 with short descriptors. Entries of one walk come in order; a read to which
   * no memory answers is told as its abort only.
   */
  tableWalk(
    _cpu: number,
    _vaddr: Vaddr,
    _level: number,
    _paddr: Paddr,
    _low: number,
    _high: number,
    _memoryType: MemoryType,
  ): void {}

  /** An access faulted, in the MMU or behind it; `status` is what DFSR or IFSR says. */
  aborted(_cpu: number, _vaddr: Vaddr, _access: 'load' | 'store' | 'fetch', _status: number): void {}

  /** An entry of a translation table was written at `paddr` (4 bytes, 8 with long descriptors). */
  tableWrite(_paddr: Paddr): void {}

  /** Physical pages got an owner: what they hold is not yet defined. */
  pagesAllocated(_paddr: Paddr, _size: number): void {}

  /** Physical pages lost their owner: what they hold no longer matters. */
  pagesFreed(_paddr: Paddr, _size: number): void {}

  /** The kernel hands out a coherent buffer: CPU and device may use it at any time. */
  coherentAllocated(_buffer: CoherentBuffer): void {}

  /** The driver gives it back, before the kernel undoes anything. */
  coherentFreed(_buffer: CoherentBuffer): void {}

  /** A streaming mapping is there: the bytes belong to the device. After all maintenance. */
  streamingMapped(_buffer: StreamingBuffer): void {}

  /** A streaming mapping is gone: the bytes belong to the CPU. After all maintenance. */
  streamingUnmapped(_buffer: StreamingBuffer): void {}

  /** A part of a mapping went back to the CPU for a while. After all maintenance. */
  syncedForCpu(_buffer: StreamingBuffer, _paddr: Paddr, _size: number): void {}

  /** A part of a mapping went to the device again. After all maintenance. */
  syncedForDevice(_buffer: StreamingBuffer, _paddr: Paddr, _size: number): void {}
}
