// SPDX-License-Identifier: GPL-2.0-only
/**
 * The seam between the machine and whoever watches it. The machine, the modelled kernel and the
 * emulator call these methods; the sanitizer is a subclass that overrides them. Every method here does
 * nothing, so a subclass names only what it wants to see.
 * One concrete class behind one nullable field (`Machine.observer`), not an event emitter: a call site
 * that costs nothing while nobody watches.
 * All sizes are in bytes; `cpu` counts from 0.
 */
import type { DmaAddr, Paddr, Vaddr } from '../base/address.js';
import type { MemoryType } from './mmu/memory-type.js';

/** Maintenance of a cache by address or whole. */
export type InnerOperation = 'clean' | 'invalidate' | 'clean-invalidate';
export type OuterOperation = 'clean' | 'invalidate' | 'clean-invalidate';
/** `outer-sync`: the outer cache has drained its buffers and finished its operations. */
export type Barrier = 'dsb' | 'dmb' | 'isb' | 'outer-sync';
export type TlbOperation = 'mva' | 'asid' | 'all';

export class Observer {
  /** The CPU read data through a mapping of type `memoryType`. */
  cpuLoad(_cpu: number, _vaddr: Vaddr, _paddr: Paddr, _size: number, _memoryType: MemoryType): void {}

  /** The CPU wrote data through a mapping of type `memoryType`. */
  cpuStore(_cpu: number, _vaddr: Vaddr, _paddr: Paddr, _size: number, _memoryType: MemoryType): void {}

  /** The CPU set each byte of a range to `byte`: many stores at once. */
  fill(_cpu: number, _vaddr: Vaddr, _paddr: Paddr, _size: number, _byte: number): void {}

  /** A DMA master read; `requester` is the device-tree path of the device. */
  deviceRead(_requester: string, _dmaAddr: DmaAddr, _paddr: Paddr, _size: number): void {}

  /** A DMA master wrote. */
  deviceWrite(_requester: string, _dmaAddr: DmaAddr, _paddr: Paddr, _size: number): void {}

  /** Maintenance of the inner caches by virtual address, all lines that [vaddr, vaddr + size) touches. */
  innerMaintenance(_cpu: number, _operation: InnerOperation, _vaddr: Vaddr, _size: number): void {}

  /** Maintenance of all of the inner caches of `cpu` (by set and way). */
  innerMaintenanceAll(_cpu: number, _operation: InnerOperation): void {}

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

  /** An entry of a translation table was written at `paddr` (4 bytes, 8 with long descriptors). */
  tableWrite(_paddr: Paddr): void {}
}
