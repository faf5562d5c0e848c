// SPDX-License-Identifier: GPL-2.0-only
/**
 * The bus side of a device that does DMA: which addresses its bus has, and whether its accesses look into the
 * CPUs' caches. Every device here moves all of its data through one of these, so that whoever watches the
 * machine sees each transfer with the address that the device used. Where an IOMMU translates (`iommu.ts`), the
 * windows of the bus do not count.
 * Model: a transfer of which a part leads to no memory moves nothing at all; a real bus answers burst by burst.
 * Next: `engine.ts`, the simplest device.
 */
import type { DmaAddr, Paddr } from '../../base/address.js';
import type { Machine } from '../machine.js';
import type { BusFault } from '../observer.js';
import { MAY_READ, MAY_WRITE, NOT_ALLOWED, NOT_MAPPED, type Stream } from './iommu.js';

/**
 * Where a master's accesses enter: `none`, past every cache; `acp`, an Accelerator Coherency Port in front of an
 * outer cache (Cortex-A9 and its kin; DDI 0407, 2.4); `ace-lite`, snooped inner caches by an interconnect;
 * `l2`, a port into an integrated L2 that keeps what is written.
 */
export type CoherencyPort = 'none' | 'acp' | 'ace-lite' | 'l2';

/** The master's addresses [dmaStart, dmaStart + size) are the CPU's from `cpuStart` on. */
export interface Window {
  readonly dmaStart: DmaAddr;
  readonly cpuStart: Paddr;
  readonly size: number;
}

export interface DmaMasterOptions {
  /** As the tree calls the device. */
  readonly name: string;
  /** As the kernel calls who drives it. */
  readonly driver: string;
  readonly port: CoherencyPort;
  /** Empty: bus addresses are physical addresses. The first window that has an address counts. */
  readonly windows: readonly Window[];
  /** The way through an IOMMU; absent: there is none in front of the device. */
  readonly stream?: Stream | null;
}

/** What a master has moved, and what led nowhere. */
export interface TransferCounters {
  reads: number;
  bytesRead: number;
  writes: number;
  bytesWritten: number;
  faults: number;
}

/** A run of bus addresses whose physical addresses are in one run as well. */
interface Piece {
  readonly dmaAddr: DmaAddr;
  readonly paddr: Paddr;
  readonly size: number;
}

export class DmaMaster {
  readonly name: string;
  readonly driver: string;
  readonly port: CoherencyPort;
  readonly windows: readonly Window[];
  readonly stream: Stream | null;
  readonly counters: TransferCounters = { reads: 0, bytesRead: 0, writes: 0, bytesWritten: 0, faults: 0 };
  private readonly machine: Machine;

  constructor(machine: Machine, options: DmaMasterOptions) {
    this.machine = machine;
    this.name = options.name;
    this.driver = options.driver;
    this.port = options.port;
    this.windows = options.windows;
    this.stream = options.stream ?? null;
  }

  /**
   * Physical address of `dmaAddr`; null where `size` bytes from there are not one run of memory. Permissions do not
   * count.
   */
  translate(dmaAddr: DmaAddr, size: number): Paddr | null {
    const piece = this.pieceAt(dmaAddr, size, 0);
    if (typeof piece === 'string' || piece.size < size) return null;
    return this.machine.ram.contains(piece.paddr, size) ? piece.paddr : null;
  }

  /** `size` bytes from `dmaAddr` on; null where a part of them is no memory. */
  read(dmaAddr: DmaAddr, size: number): Uint8Array | null {
    const pieces = this.piecesOf(dmaAddr, size, false);
    if (pieces === null) return null;
    const bytes = new Uint8Array(size);
    for (const piece of pieces) {
      const read = this.machine.deviceRead(this, piece.dmaAddr, piece.paddr, piece.size);
      bytes.set(read, piece.dmaAddr - dmaAddr);
    }
    return bytes;
  }

  /** False where a part of the destination is no memory: nothing is written. */
  write(dmaAddr: DmaAddr, bytes: Uint8Array): boolean {
    const pieces = this.piecesOf(dmaAddr, bytes.length, true);
    for (const piece of pieces ?? []) {
      const from = piece.dmaAddr - dmaAddr;
      const part = bytes.subarray(from, from + piece.size);
      this.machine.deviceWrite(this, piece.dmaAddr, piece.paddr, part);
    }
    return pieces !== null;
  }

  /** As `write`, every byte being `byte`. */
  fill(dmaAddr: DmaAddr, size: number, byte: number): boolean {
    const pieces = this.piecesOf(dmaAddr, size, true);
    for (const piece of pieces ?? [])
      this.machine.deviceFill(this, piece.dmaAddr, piece.paddr, piece.size, byte);
    return pieces !== null;
  }

  /** As `read`, for a device that looks at the bytes and keeps none. */
  scan(dmaAddr: DmaAddr, size: number): boolean {
    const pieces = this.piecesOf(dmaAddr, size, false);
    for (const piece of pieces ?? []) this.machine.deviceScan(this, piece.dmaAddr, piece.paddr, piece.size);
    return pieces !== null;
  }

  /** The pieces of a transfer that is made now: it is counted. */
  private piecesOf(dmaAddr: DmaAddr, size: number, write: boolean): readonly Piece[] | null {
    const pieces = this.split(dmaAddr, size, write);
    const { counters } = this;
    if (pieces === null) counters.faults++;
    else if (size === 0) return pieces;
    else if (write) {
      counters.writes++;
      counters.bytesWritten += size;
    } else {
      counters.reads++;
      counters.bytesRead += size;
    }
    return pieces;
  }

  /** Splits a transfer where windows or pages end; null, and the observer is told, where a part leads nowhere. */
  private split(dmaAddr: DmaAddr, size: number, write: boolean): readonly Piece[] | null {
    const pieces: Piece[] = [];
    const end = dmaAddr + size;
    for (let at = dmaAddr; at < end; ) {
      const piece = this.pieceAt(at, end - at, write ? MAY_WRITE : MAY_READ);
      if (typeof piece === 'string') {
        this.machine.observer?.deviceMissed(this, at, end - at, write, piece);
        return null;
      }
      if (!this.machine.ram.contains(piece.paddr, piece.size)) {
        this.machine.observer?.deviceMissed(this, at, piece.size, write, 'no memory');
        return null;
      }
      pieces.push(piece);
      at += piece.size;
    }
    return pieces;
  }

  /** The first piece of [dmaAddr, dmaAddr + size), or why there is none. `access`: what an IOMMU must allow. */
  private pieceAt(dmaAddr: DmaAddr, size: number, access: number): Piece | BusFault {
    const context = this.stream?.context ?? null;
    if (context !== null) {
      const paddr = context.translate(dmaAddr, access);
      if (paddr === NOT_MAPPED) return 'not mapped';
      if (paddr === NOT_ALLOWED) return 'not allowed';
      return { dmaAddr, paddr, size: context.runLength(dmaAddr, size, access) };
    }
    if (this.windows.length === 0) return { dmaAddr, paddr: dmaAddr as number, size };
    for (const window of this.windows) {
      const offset = dmaAddr - window.dmaStart;
      if (offset < 0 || offset >= window.size) continue;
      return { dmaAddr, paddr: window.cpuStart + offset, size: Math.min(size, window.size - offset) };
    }
    return 'no memory';
  }
}
