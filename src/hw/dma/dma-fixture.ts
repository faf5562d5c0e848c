// SPDX-License-Identifier: GPL-2.0-only
/** For tests of DMA masters and devices: 1 MiB of memory at 0x80000000 behind no cache, and an ear on the bus. */
import { MiB, type Paddr } from '../../base/address.js';
import { coreByName } from '../cores.js';
import { Machine } from '../machine.js';
import { type BusFault, Observer } from '../observer.js';
import type { Stream } from './iommu.js';
import { DmaMaster, type Window } from './master.js';
import type { Register, RegisterDevice } from './registers.js';

export const RAM_BASE: Paddr = 0x80000000;

/** `read DMA:PADDR+SIZE`, `write …`, `missed DMA+SIZE`, with the reason unless it is that no memory answers. */
export class BusListener extends Observer {
  readonly heard: string[] = [];

  override deviceRead(_master: DmaMaster, dmaAddr: number, paddr: number, size: number): void {
    this.heard.push(`read ${dmaAddr.toString(16)}:${paddr.toString(16)}+${size}`);
  }

  override deviceWrite(_master: DmaMaster, dmaAddr: number, paddr: number, size: number): void {
    this.heard.push(`write ${dmaAddr.toString(16)}:${paddr.toString(16)}+${size}`);
  }

  override deviceMissed(
    _master: DmaMaster,
    dmaAddr: number,
    size: number,
    write: boolean,
    fault: BusFault,
  ): void {
    const reason = fault === 'no memory' ? '' : ` ${fault}`;
    this.heard.push(`missed ${write ? 'write' : 'read'} ${dmaAddr.toString(16)}+${size}${reason}`);
  }
}

export interface Bus {
  readonly machine: Machine;
  readonly master: DmaMaster;
  readonly heard: string[];
}

export function testBus(windows: readonly Window[] = [], stream: Stream | null = null): Bus {
  const machine = new Machine(
    {
      core: coreByName('Cortex-A8'),
      coreCount: 1,
      outerCache: null,
      coherentFabric: false,
      physicalAddressBits: 32,
    },
    [{ start: RAM_BASE, end: RAM_BASE + MiB }],
  );
  const listener = new BusListener();
  machine.observer = listener;
  const master = new DmaMaster(machine, { name: '/dev', driver: 'test', port: 'none', windows, stream });
  return { machine, master, heard: listener.heard };
}

/** Writes registers in the order given: pairs of a register and its value. */
export function program(device: RegisterDevice, values: readonly (readonly [Register, number])[]): void {
  for (const [register, value] of values) device.writeRegister(register.offset, value);
}

/** Puts words into memory, as software writes a descriptor. */
export function putWords(machine: Machine, paddr: Paddr, words: readonly number[]): void {
  for (const [index, word] of words.entries()) machine.ram.write32(paddr + 4 * index, word);
}

/** `size` bytes that differ from their neighbours: first, first + 1, … */
export function counting(size: number, first = 0): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => first + index);
}
