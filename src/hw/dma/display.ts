// SPDX-License-Identifier: GPL-2.0-only
/**
 * A display controller: reads a frame line by line and shows it, again and again. A new BASE counts from the next
 * frame on, so that software can flip between two.
 * Model: an invented device, the common part of real ones; one plane, 32-bit bus addresses, no interrupt line. The
 * bytes of a line are shown as they are, whatever pixels they stand for. It does nothing by itself: software starts
 * it (CTRL), `advance()` says how many lines the panel has taken.
 */
import type { DmaAddr } from '../../base/address.js';
import type { DmaMaster } from './master.js';
import { RegisterBlock, type RegisterDevice, type RegisterMap } from './registers.js';

type Name = 'CTRL' | 'STATUS' | 'BASE' | 'LINE_BYTES' | 'HEIGHT' | 'STRIDE' | 'LINE';

export const DISPLAY: RegisterMap<Name> = {
  /** RUN. */
  CTRL: { offset: 0x00, writable: 0x1 },
  /** FRAME_DONE, BUS_ERROR. */
  STATUS: { offset: 0x04, writable: 0, clearedByOne: 0x3 },
  BASE: { offset: 0x08, writable: 0xffffffff },
  LINE_BYTES: { offset: 0x0c, writable: 0xffff },
  HEIGHT: { offset: 0x10, writable: 0x1fff },
  /** Bytes from one line to the next. */
  STRIDE: { offset: 0x14, writable: 0xffff },
  /** The line that is next. */
  LINE: { offset: 0x18, writable: 0 },
};

export const DISPLAY_RUN = 0x1;
export const DISPLAY_FRAME_DONE = 0x1;
export const DISPLAY_BUS_ERROR = 0x2;

export class DisplayController implements RegisterDevice {
  /** The last complete frame: HEIGHT lines of LINE_BYTES; null before the first. */
  picture: Uint8Array | null = null;
  private readonly master: DmaMaster;
  private readonly registers = new RegisterBlock<Name>(DISPLAY);
  /** BASE when the frame began. */
  private base: DmaAddr = 0;
  private lines: Uint8Array[] = [];

  constructor(master: DmaMaster) {
    this.master = master;
  }

  readRegister(offset: number): number {
    return this.registers.load(offset);
  }

  writeRegister(offset: number, value: number): void {
    const wasRunning = this.running;
    this.registers.store(offset, value);
    if (!wasRunning && this.running) this.beginFrame();
  }

  get running(): boolean {
    return (this.registers.get('CTRL') & DISPLAY_RUN) !== 0;
  }

  /** Checksum of the last complete frame (32-bit FNV-1a); null before the first. */
  get checksum(): number | null {
    if (this.picture === null) return null;
    let hash = 0x811c9dc5;
    for (const byte of this.picture) hash = Math.imul(hash ^ byte, 0x01000193);
    return hash >>> 0;
  }

  /** Shows `lines` more lines, from the top again after the last. How many it could read. */
  advance(lines: number): number {
    const { registers } = this;
    let shown = 0;
    while (shown < lines && this.running && registers.get('HEIGHT') > 0) {
      const line = registers.get('LINE');
      const at = this.base + line * registers.get('STRIDE');
      const bytes = this.master.read(at, registers.get('LINE_BYTES'));
      if (bytes === null) {
        registers.clearBits('CTRL', DISPLAY_RUN);
        registers.setBits('STATUS', DISPLAY_BUS_ERROR);
        break;
      }
      this.lines.push(bytes);
      shown++;
      registers.set('LINE', line + 1);
      if (line + 1 >= registers.get('HEIGHT')) this.endFrame();
    }
    return shown;
  }

  private beginFrame(): void {
    this.base = this.registers.get('BASE');
    this.registers.set('LINE', 0);
    this.lines = [];
  }

  private endFrame(): void {
    const picture = new Uint8Array(this.lines.reduce((sum, line) => sum + line.length, 0));
    let at = 0;
    for (const line of this.lines) {
      picture.set(line, at);
      at += line.length;
    }
    this.picture = picture;
    this.registers.setBits('STATUS', DISPLAY_FRAME_DONE);
    this.beginFrame();
  }
}
