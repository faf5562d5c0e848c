// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a board's machine is and has done, as plain data: the memory map, and counts of what is counted anyway. For the
 * record of a run. Addresses are hexadecimal, ends inclusive, as in /proc/iomem.
 * Left out: loads, stores and TLB hits, which nobody counts, since that would cost time in each of them.
 */
import { hex, type Range } from '../../base/address.js';
import type { Counters } from '../../hw/counters.js';
import type { TransferCounters } from '../../hw/dma/master.js';
import type { EmulatedBoard } from '../board/emulated-board.js';
import { TICKS_PER_SECOND } from '../clock.js';
import { type CoreRecord, coreRecord } from './core-record.js';

export interface InclusiveRange {
  readonly start: string;
  readonly end: string;
}

export interface DeviceRecord extends InclusiveRange {
  /** As the model is called: `PL011`, `GICD`. */
  readonly device: string;
  /** Path in the tree. */
  readonly node: string;
  /** Accesses by cores. */
  readonly reads: number;
  readonly writes: number;
}

export interface MasterRecord extends TransferCounters {
  readonly node: string;
}

export interface MachineRecord {
  readonly instructions: number;
  /** Of the guest's time: the clock counts instructions of all cores, and what they slept. */
  readonly guestSeconds: number;
  readonly memoryMap: { readonly ram: readonly InclusiveRange[]; readonly devices: readonly DeviceRecord[] };
  readonly dma: readonly MasterRecord[];
  /** Cache and TLB maintenance, and barriers, of all cores. */
  readonly maintenance: Counters;
  readonly cores: readonly CoreRecord[];
}

function inclusive({ start, end }: Range): InclusiveRange {
  return { start: hex(start), end: hex(end - 1) };
}

/** Between two runs only. */
export function machineRecord(board: EmulatedBoard): MachineRecord {
  const { system, transports } = board;
  const { machine, bus, clock, cpus } = system;
  return {
    instructions: system.instructions,
    guestSeconds: clock.now / TICKS_PER_SECOND,
    memoryMap: {
      ram: machine.ram.banks.map(inclusive),
      devices: bus.devices.map(({ start, end, device, reads, writes }) => ({
        ...inclusive({ start, end }),
        device: device.name,
        node: board.nodeAt(start),
        reads,
        writes,
      })),
    },
    dma: transports.map(({ master }) => ({ node: master.name, ...master.counters })),
    maintenance: machine.counters,
    cores: cpus.map(coreRecord),
  };
}
