// SPDX-License-Identifier: GPL-2.0-only
/**
 * An Ethernet controller with a ring of descriptors for each direction, as most have: the OWN bit of a descriptor
 * says whose turn it is. A side that meets a descriptor it does not own is suspended until software writes its
 * poll register (the "poll demand" of the Synopsys DesignWare MAC and its kin).
 * Model: an invented device, the common part of real ones; one buffer per frame, 32-bit bus addresses, no PHY, no
 * filters, no interrupt line. It does nothing by itself: `transmit()` and `receive()` let the wire run.
 *
 * A descriptor, 16 bytes:
 *
 *   0x0 FLAGS     OWN [31]  ERROR [30]  LENGTH [15:0]: of the frame; RX: the controller writes it
 *   0x4 ADDRESS
 *   0x8 SIZE      RX: bytes that the buffer takes
 *   0xc reserved
 */
import type { DmaMaster } from './master.js';
import { RegisterBlock, type RegisterDevice, type RegisterMap, readWords, writeWord } from './registers.js';

type Name =
  | 'CTRL'
  | 'STATUS'
  | 'TX_RING'
  | 'TX_COUNT'
  | 'TX_POLL'
  | 'TX_HEAD'
  | 'RX_RING'
  | 'RX_COUNT'
  | 'RX_POLL'
  | 'RX_HEAD';

export const ETHERNET: RegisterMap<Name> = {
  /** TX_ENABLE, RX_ENABLE. Setting one starts its ring at entry 0. */
  CTRL: { offset: 0x00, writable: 0x3 },
  /** TX_DONE, RX_DONE, RX_OVERRUN, BUS_ERROR. */
  STATUS: { offset: 0x04, writable: 0, clearedByOne: 0xf },
  TX_RING: { offset: 0x10, writable: 0xfffffff0 },
  /** Entries of the ring. */
  TX_COUNT: { offset: 0x14, writable: 0xffff },
  /** Any write: look at the ring again. */
  TX_POLL: { offset: 0x18, writable: 0 },
  /** The entry that is next. */
  TX_HEAD: { offset: 0x1c, writable: 0 },
  RX_RING: { offset: 0x20, writable: 0xfffffff0 },
  RX_COUNT: { offset: 0x24, writable: 0xffff },
  RX_POLL: { offset: 0x28, writable: 0 },
  RX_HEAD: { offset: 0x2c, writable: 0 },
};

export const ETHERNET_TX_ENABLE = 0x1;
export const ETHERNET_RX_ENABLE = 0x2;
export const ETHERNET_TX_DONE = 0x1;
export const ETHERNET_RX_DONE = 0x2;
export const ETHERNET_RX_OVERRUN = 0x4;
export const ETHERNET_BUS_ERROR = 0x8;

export const ETHERNET_DESCRIPTOR_BYTES = 16;
/** Bits of FLAGS. */
export const ETHERNET_OWN = 0x80000000;
export const ETHERNET_ERROR = 0x40000000;
export const ETHERNET_LENGTH = 0xffff;

export class EthernetController implements RegisterDevice {
  /** Frames that went out, oldest first. */
  readonly sent: Uint8Array[] = [];
  private readonly master: DmaMaster;
  private readonly registers = new RegisterBlock<Name>(ETHERNET);
  private txActive = false;
  private rxActive = false;

  constructor(master: DmaMaster) {
    this.master = master;
  }

  readRegister(offset: number): number {
    return this.registers.load(offset);
  }

  writeRegister(offset: number, value: number): void {
    const before = this.registers.get('CTRL');
    const name = this.registers.store(offset, value);
    const after = this.registers.get('CTRL');
    const started = after & ~before;
    if ((started & ETHERNET_TX_ENABLE) !== 0) this.registers.set('TX_HEAD', 0);
    if ((started & ETHERNET_RX_ENABLE) !== 0) this.registers.set('RX_HEAD', 0);
    const txWoken = (started & ETHERNET_TX_ENABLE) !== 0 || name === 'TX_POLL';
    const rxWoken = (started & ETHERNET_RX_ENABLE) !== 0 || name === 'RX_POLL';
    this.txActive = (after & ETHERNET_TX_ENABLE) !== 0 && (this.txActive || txWoken);
    this.rxActive = (after & ETHERNET_RX_ENABLE) !== 0 && (this.rxActive || rxWoken);
  }

  /** Sends what the ring holds, at most `frames` of them, into `sent`. How many it sent. */
  transmit(frames: number = Number.POSITIVE_INFINITY): number {
    let count = 0;
    while (this.txActive && count < frames) {
      const at = this.entry('TX');
      const words = readWords(this.master, at, 3);
      if (words === null || (words[0]! & ETHERNET_OWN) === 0) {
        this.txActive = false;
        if (words === null) this.registers.setBits('STATUS', ETHERNET_BUS_ERROR);
        break;
      }
      const length = words[0]! & ETHERNET_LENGTH;
      const frame = this.master.read(words[1]!, length);
      if (frame !== null) this.sent.push(frame);
      this.complete('TX', at, length, frame !== null);
      count++;
    }
    return count;
  }

  /**
   * A frame comes in from the wire. False: it is lost, since the receiver is suspended, the buffer is too small,
   * or the bus says no.
   */
  receive(frame: Uint8Array): boolean {
    if (!this.rxActive) {
      this.registers.setBits('STATUS', ETHERNET_RX_OVERRUN);
      return false;
    }
    const at = this.entry('RX');
    const words = readWords(this.master, at, 3);
    if (words === null || (words[0]! & ETHERNET_OWN) === 0) {
      this.rxActive = false;
      this.registers.setBits('STATUS', words === null ? ETHERNET_BUS_ERROR : ETHERNET_RX_OVERRUN);
      return false;
    }
    const fits = frame.length <= words[2]!;
    const written = fits && this.master.write(words[1]!, frame);
    this.complete('RX', at, frame.length, written);
    return written;
  }

  private entry(side: 'TX' | 'RX'): number {
    return (
      this.registers.get(`${side}_RING`) + ETHERNET_DESCRIPTOR_BYTES * this.registers.get(`${side}_HEAD`)
    );
  }

  /** Gives the descriptor back to software and goes on to the next. */
  private complete(side: 'TX' | 'RX', at: number, length: number, worked: boolean): void {
    const told = writeWord(this.master, at, worked ? length : ETHERNET_ERROR);
    const done = side === 'TX' ? ETHERNET_TX_DONE : ETHERNET_RX_DONE;
    this.registers.setBits('STATUS', worked && told ? done : ETHERNET_BUS_ERROR);
    const next = this.registers.get(`${side}_HEAD`) + 1;
    this.registers.set(`${side}_HEAD`, next < this.registers.get(`${side}_COUNT`) ? next : 0);
  }
}
