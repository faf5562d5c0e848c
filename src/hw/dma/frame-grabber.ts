// SPDX-License-Identifier: GPL-2.0-only
/**
 * A camera interface: writes one image, line by line, into memory. The format is NV12: a plane of luma (Y), one byte
 * a pixel, and a plane of half the lines in which U and V alternate. Each line takes STRIDE bytes, of which WIDTH
 * are written.
 * Model: an invented device, the common part of real ones; 32-bit bus addresses, one shot, no interrupt line.
 * It does nothing by itself: software starts it (CTRL), `advance()` says how many lines the camera has sent.
 */
import type { DmaMaster } from './master.js';
import { RegisterBlock, type RegisterDevice, type RegisterMap } from './registers.js';

type Name = 'CTRL' | 'STATUS' | 'Y_BASE' | 'UV_BASE' | 'WIDTH' | 'HEIGHT' | 'STRIDE' | 'LINE';

export const FRAME_GRABBER: RegisterMap<Name> = {
  /** RUN; clears itself after the last line. */
  CTRL: { offset: 0x00, writable: 0x1 },
  /** DONE, BUS_ERROR. */
  STATUS: { offset: 0x04, writable: 0, clearedByOne: 0x3 },
  Y_BASE: { offset: 0x08, writable: 0xffffffff },
  UV_BASE: { offset: 0x0c, writable: 0xffffffff },
  /** Bytes of a line; even. */
  WIDTH: { offset: 0x10, writable: 0x1ffe },
  /** Lines of the Y plane; even. */
  HEIGHT: { offset: 0x14, writable: 0x1ffe },
  /** Bytes from one line to the next. */
  STRIDE: { offset: 0x18, writable: 0xffff },
  /** Lines of the Y plane that are done. */
  LINE: { offset: 0x1c, writable: 0 },
};

export const FRAME_GRABBER_RUN = 0x1;
export const FRAME_GRABBER_DONE = 0x1;
export const FRAME_GRABBER_BUS_ERROR = 0x2;

export type Plane = 'Y' | 'UV';

/** What the camera sees: `width` bytes of a line of a plane. Lines count from 0. */
export type Camera = (plane: Plane, line: number, width: number) => Uint8Array;

export class FrameGrabber implements RegisterDevice {
  private readonly master: DmaMaster;
  private readonly camera: Camera;
  private readonly registers = new RegisterBlock<Name>(FRAME_GRABBER);

  constructor(master: DmaMaster, camera: Camera) {
    this.master = master;
    this.camera = camera;
  }

  readRegister(offset: number): number {
    return this.registers.load(offset);
  }

  writeRegister(offset: number, value: number): void {
    const wasRunning = this.running;
    this.registers.store(offset, value);
    if (!wasRunning && this.running) this.registers.set('LINE', 0);
  }

  get running(): boolean {
    return (this.registers.get('CTRL') & FRAME_GRABBER_RUN) !== 0;
  }

  /**
   * Takes at most `lines` more lines of the Y plane, a line of the UV plane after each second one.
   * How many lines of the Y plane it took.
   */
  advance(lines: number): number {
    const { registers } = this;
    let taken = 0;
    while (taken < lines && this.running) {
      const line = registers.get('LINE');
      if (line >= registers.get('HEIGHT')) {
        this.stop(FRAME_GRABBER_DONE);
        break;
      }
      const uvLine = line % 2 === 1 ? (line - 1) / 2 : null;
      const written = this.write('Y', line) && (uvLine === null || this.write('UV', uvLine));
      if (!written) {
        this.stop(FRAME_GRABBER_BUS_ERROR);
        break;
      }
      taken++;
      registers.set('LINE', line + 1);
      if (line + 1 === registers.get('HEIGHT')) this.stop(FRAME_GRABBER_DONE);
    }
    return taken;
  }

  private write(plane: Plane, line: number): boolean {
    const { registers } = this;
    const bytes = this.camera(plane, line, registers.get('WIDTH'));
    return this.master.write(registers.get(`${plane}_BASE`) + line * registers.get('STRIDE'), bytes);
  }

  private stop(why: number): void {
    this.registers.clearBits('CTRL', FRAME_GRABBER_RUN);
    this.registers.setBits('STATUS', why);
  }
}
