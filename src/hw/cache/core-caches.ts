// SPDX-License-Identifier: GPL-2.0-only
/**
 * What one core has to itself: first-level caches, the write buffer for Normal non-cacheable stores, and the
 * maintenance by address that it asked for and has not waited for.
 */

import { MaintenanceQueue, type QueuedMaintenance } from './maintenance-queue.js';
import type { SetAssociative } from './set-associative.js';
import { type BufferedStore, WriteBuffer } from './write-buffer.js';

/** Model: as on the ARM1136 and its successors, roughly; more entries only let stores wait longer. */
const WRITE_BUFFER_ENTRIES = 8;
const QUEUED_OPERATIONS = 32;

export class CoreCaches {
  readonly cpu: number;
  /** Null: the core has no caches. */
  readonly data: SetAssociative | null;
  /** Null beside a data cache: that one is unified. */
  readonly instruction: SetAssociative | null;
  readonly buffer: WriteBuffer = new WriteBuffer(WRITE_BUFFER_ENTRIES);
  readonly queue: MaintenanceQueue;
  /** DMBs so far that had something to order. */
  epoch = 0;

  /** `perform`: does one queued operation of this core. */
  constructor(
    cpu: number,
    data: SetAssociative | null,
    instruction: SetAssociative | null,
    perform: (core: CoreCaches, entry: QueuedMaintenance) => void,
  ) {
    this.cpu = cpu;
    this.data = data;
    this.instruction = instruction;
    this.queue = new MaintenanceQueue(QUEUED_OPERATIONS, entry => perform(this, entry));
  }

  /** Puts a store in. A full buffer hands its oldest entry to `drain` first. */
  buffered(entry: BufferedStore, drain: (entry: BufferedStore) => void): void {
    if (this.buffer.full) drain(this.buffer.remove(0));
    this.buffer.push(entry);
  }
}
