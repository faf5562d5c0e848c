// SPDX-License-Identifier: GPL-2.0-only
/**
 * A programmable DMA engine, of the kind that drivers/dma of Linux has many of: it works through a linked list of
 * descriptors in memory, which copy, fill, or serve a peripheral's FIFO. Several copies in a list are
 * scatter-gather; a list whose end leads back to its start is cyclic, as audio uses it.
 * Model: an invented device, the common part of real ones; one channel, 32-bit bus addresses, no interrupt line.
 * It does nothing by itself: software starts it (CTRL), then `advance()` says how far it has come.
 *
 * A descriptor, aligned to 32 bytes:
 *
 *   0x00 CONTROL   OPERATION [1:0]        0x10 FILL     byte in [7:0]
 *   0x04 SOURCE                           0x14 NEXT     0 ends the list
 *   0x08 TARGET                           0x18 STATUS   written by the engine: DONE, ERROR
 *   0x0c LENGTH    bytes in [23:0]        0x1c reserved
 */
import type { DmaAddr } from '../../base/address.js';
import type { DmaMaster } from './master.js';
import { RegisterBlock, type RegisterDevice, type RegisterMap, readWords, writeWord } from './registers.js';

type Name = 'CTRL' | 'STATUS' | 'DESC' | 'COUNT';

export const ENGINE: RegisterMap<Name> = {
  /** RUN. */
  CTRL: { offset: 0x00, writable: 0x1 },
  /** IDLE_AFTER_END, BUS_ERROR. */
  STATUS: { offset: 0x04, writable: 0, clearedByOne: 0x3 },
  /** The first descriptor; read when RUN is set. */
  DESC: { offset: 0x08, writable: 0xffffffe0 },
  /** Descriptors done since reset. */
  COUNT: { offset: 0x0c, writable: 0 },
};

export const ENGINE_RUN = 0x1;
export const ENGINE_END = 0x1;
export const ENGINE_BUS_ERROR = 0x2;

export const ENGINE_DESCRIPTOR_BYTES = 32;
/** Offsets in a descriptor. */
export const ENGINE_NEXT = 0x14;
export const ENGINE_DESCRIPTOR_STATUS = 0x18;
/** Bits of the descriptor's STATUS. */
export const ENGINE_DONE = 0x1;
export const ENGINE_ERROR = 0x2;

/** Values of OPERATION. */
export const ENGINE_COPY = 0;
export const ENGINE_FILL = 1;
/** The peripheral's data go to TARGET. */
export const ENGINE_FROM_FIFO = 2;
/** The data at SOURCE go to the peripheral. */
export const ENGINE_TO_FIFO = 3;

/** What hangs on the engine's request line. */
export interface Peripheral {
  take(size: number): Uint8Array;
  put(bytes: Uint8Array): void;
}

export class DmaEngine implements RegisterDevice {
  private readonly master: DmaMaster;
  private readonly peripheral: Peripheral | null;
  private readonly registers = new RegisterBlock<Name>(ENGINE);
  private current: DmaAddr = 0;

  constructor(master: DmaMaster, peripheral: Peripheral | null = null) {
    this.master = master;
    this.peripheral = peripheral;
  }

  readRegister(offset: number): number {
    return this.registers.load(offset);
  }

  writeRegister(offset: number, value: number): void {
    const wasRunning = this.running;
    this.registers.store(offset, value);
    if (!wasRunning && this.running) this.current = this.registers.get('DESC');
  }

  get running(): boolean {
    return (this.registers.get('CTRL') & ENGINE_RUN) !== 0;
  }

  /** Works through at most `descriptors` of them. How many it did, until the list ended or the bus said no. */
  advance(descriptors: number): number {
    let done = 0;
    while (done < descriptors && this.running) {
      const words = readWords(this.master, this.current, ENGINE_DESCRIPTOR_BYTES / 4);
      if (words === null) {
        this.stop(ENGINE_BUS_ERROR);
        break;
      }
      const worked = this.perform(words);
      const told = writeWord(
        this.master,
        this.current + ENGINE_DESCRIPTOR_STATUS,
        worked ? ENGINE_DONE : ENGINE_ERROR,
      );
      if (!worked || !told) {
        this.stop(ENGINE_BUS_ERROR);
        break;
      }
      done++;
      this.registers.set('COUNT', this.registers.get('COUNT') + 1);
      this.current = words[ENGINE_NEXT / 4]!;
      if (this.current === 0) this.stop(ENGINE_END);
    }
    return done;
  }

  private stop(why: number): void {
    this.registers.clearBits('CTRL', ENGINE_RUN);
    this.registers.setBits('STATUS', why);
  }

  /** False: an address led nowhere, or there is no peripheral. */
  private perform(words: Uint32Array): boolean {
    const { master, peripheral } = this;
    const source = words[1]!;
    const target = words[2]!;
    const length = words[3]! & 0xffffff;
    switch (words[0]! & 3) {
      case ENGINE_COPY: {
        const bytes = master.read(source, length);
        return bytes !== null && master.write(target, bytes);
      }
      case ENGINE_FILL:
        return master.fill(target, length, words[4]! & 0xff);
      case ENGINE_FROM_FIFO:
        return peripheral !== null && master.write(target, peripheral.take(length));
      default: {
        const bytes = peripheral && master.read(source, length);
        if (bytes === null) return false;
        peripheral?.put(bytes);
        return true;
      }
    }
  }
}
