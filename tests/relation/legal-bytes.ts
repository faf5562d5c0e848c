// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the generator of legal programs knows of each byte: what its value is worth, whether a cache may hold it
 * newer than memory, and which streaming mappings have it; and of each line: whether a device may write into it.
 */
import type { CoherencyPort } from '../../src/hw/dma/master.js';
import type { Direction } from '../../src/hw/observer.js';
import { DATA_BYTES } from './world.js';

export interface Streaming {
  readonly port: CoherencyPort;
  readonly at: number;
  readonly size: number;
  readonly direction: Direction;
  readonly skip: boolean;
  /** The part that belongs to the CPU for now. */
  cpuStart: number;
  cpuEnd: number;
}

/** What a byte's value is worth. `VOID`: never written; nobody cares what a load gives. */
export const VOID: number = 0;
export const RELIABLE: number = 1;
/** Thrown away by an invalidate, or it could have been. */
export const DISCARDED: number = 2;

export class LegalBytes {
  readonly worth: Uint8Array = new Uint8Array(DATA_BYTES);
  /** 1: a cache may hold a value that memory lacks. */
  readonly dirty: Uint8Array = new Uint8Array(DATA_BYTES);
  buffers: Streaming[] = [];
  private readonly lineBytes: number;

  /** `lineBytes`: of the longest line. */
  constructor(lineBytes: number) {
    this.lineBytes = lineBytes;
  }

  /** Mappings that have some of these bytes, whoever owns them now. */
  buffersAt(at: number, size: number): Streaming[] {
    return this.buffers.filter(each => each.at < at + size && at < each.at + each.size);
  }

  /** Mappings because of which some of these bytes belong to a device, or may not be written by the CPU. */
  overlapping(at: number, size: number): Streaming[] {
    return this.buffersAt(at, size).filter(each => {
      const start = Math.max(at, each.at);
      const end = Math.min(at + size, each.at + each.size);
      const atCpu = start >= each.cpuStart && end <= each.cpuEnd;
      return !atCpu;
    });
  }

  /**
   * Some line of these bytes has a byte that a device may write: behind the caches, or (`snooping`) through them.
   * Only the former matters to who writes through them himself.
   */
  sharesLineWithWriter(at: number, size: number, snooping: boolean, except?: Streaming): boolean {
    const { lineBytes } = this;
    const start = at - (at % lineBytes);
    const end = Math.ceil((at + size) / lineBytes) * lineBytes;
    return this.overlapping(start, end - start).some(
      each => each !== except && each.direction !== 'to-device' && (each.port !== 'none') === snooping,
    );
  }

  isWorth(at: number, size: number): boolean {
    return !this.worth.subarray(at, at + size).includes(DISCARDED);
  }
}

export function isAtDevice(buffer: Streaming): boolean {
  return buffer.cpuEnd === buffer.cpuStart;
}
