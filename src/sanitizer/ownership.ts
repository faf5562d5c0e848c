// SPDX-License-Identifier: GPL-2.0-only
/**
 * Who owns which bytes, as the kernel says: coherent buffers belong to CPU and device together, streaming
 * mappings go back and forth. Documentation/core-api/dma-api.rst (v6.12), part Id and Ie.
 */
import { MiB, type Paddr } from '../base/address.js';
import type { CoherentBuffer, StreamingBuffer } from '../hw/observer.js';
import type { FindingBuffer } from './finding.js';

interface Mapping {
  readonly buffer: StreamingBuffer;
  /** Parts that a sync gave back to the CPU. */
  withCpu: { readonly start: Paddr; readonly end: Paddr }[];
}

export class Ownership {
  /** Coherent buffers under the number of each MiB that they touch. */
  private readonly coherent = new Map<number, Set<CoherentBuffer>>();
  private readonly streaming = new Set<Mapping>();
  /** Somebody tells who owns what. As long as nobody does, devices may go anywhere. */
  known = false;

  addCoherent(buffer: CoherentBuffer): void {
    this.known = true;
    for (const key of megabytes(buffer.paddr, pages(buffer.size))) {
      const buffers = this.coherent.get(key);
      if (buffers === undefined) this.coherent.set(key, new Set([buffer]));
      else buffers.add(buffer);
    }
  }

  removeCoherent(buffer: CoherentBuffer): void {
    for (const key of megabytes(buffer.paddr, pages(buffer.size))) {
      const buffers = this.coherent.get(key);
      for (const known of buffers ?? []) {
        if (known.paddr === buffer.paddr && known.device === buffer.device) buffers!.delete(known);
      }
    }
  }

  /** Coherent buffers in the MiB of `paddr`. */
  private coherentNear(paddr: Paddr): Iterable<CoherentBuffer> {
    return this.coherent.get(Math.floor(paddr / MiB)) ?? [];
  }

  addStreaming(buffer: StreamingBuffer): void {
    this.known = true;
    // Without a sync nothing moves: the CPU has the bytes until one gives them to the device.
    const { paddr, size, skipSync } = buffer;
    this.streaming.add({ buffer, withCpu: skipSync ? [{ start: paddr, end: paddr + size }] : [] });
  }

  removeStreaming(buffer: StreamingBuffer): void {
    const mapping = this.mappingOf(buffer);
    if (mapping !== undefined) this.streaming.delete(mapping);
  }

  giveToCpu(buffer: StreamingBuffer, start: Paddr, size: number): void {
    const mapping = this.mappingOf(buffer);
    if (mapping === undefined) return;
    // Parts that meet become one: an access of both is inside one part.
    let part = { start, end: start + size };
    const apart = mapping.withCpu.filter(other => {
      if (other.end < part.start || part.end < other.start) return true;
      part = { start: Math.min(part.start, other.start), end: Math.max(part.end, other.end) };
      return false;
    });
    mapping.withCpu = [...apart, part];
  }

  giveToDevice(buffer: StreamingBuffer, start: Paddr, size: number): void {
    const mapping = this.mappingOf(buffer);
    if (mapping === undefined) return;
    const end = start + size;
    mapping.withCpu = mapping.withCpu.flatMap(part =>
      [
        { start: part.start, end: Math.min(part.end, start) },
        { start: Math.max(part.start, end), end: part.end },
      ].filter(rest => rest.start < rest.end),
    );
  }

  /**
   * The mapping that an event about `buffer` means. A device may have several of the same bytes; a call that
   * fits none of them (a driver's bug) means the first that starts there.
   */
  private mappingOf(buffer: StreamingBuffer): Mapping | undefined {
    let first: Mapping | undefined;
    for (const mapping of this.streaming) {
      const { paddr, device, size, direction } = mapping.buffer;
      if (paddr !== buffer.paddr || device !== buffer.device) continue;
      if (size === buffer.size && direction === buffer.direction) return mapping;
      first ??= mapping;
    }
    return first;
  }

  /** A mapping of the driver's own memory that forbids the CPU this access, if any. */
  forbidsCpu(paddr: Paddr, size: number, write: boolean): StreamingBuffer | null {
    for (const { buffer, withCpu } of this.streaming) {
      const { original, direction } = buffer;
      if (!write && direction === 'to-device') continue;
      const offset = buffer.paddr - original;
      if (!touches(original, buffer.size, paddr, size)) continue;
      const start = Math.max(paddr, original) + offset;
      const end = Math.min(paddr + size, original + buffer.size) + offset;
      if (!withCpu.some(part => part.start <= start && end <= part.end)) return buffer;
    }
    return null;
  }

  /** What a device may do with [paddr, paddr + size): null if it may, else why not. */
  forbidsDevice(device: string, paddr: Paddr, size: number, write: boolean): string | null {
    if (!this.known) return null;
    let reason = 'nothing there is mapped for this device';
    for (const { paddr: start, size: bytes, device: owner } of this.coherentNear(paddr)) {
      if (owner === device && start <= paddr && paddr + size <= start + pages(bytes)) return null;
    }
    for (const { buffer, withCpu } of this.streaming) {
      if (buffer.device !== device || !touches(buffer.paddr, buffer.size, paddr, size)) continue;
      const { paddr: start, size: bytes, direction } = buffer;
      if (paddr < start || paddr + size > start + bytes) {
        reason = 'it reaches beyond its mapping';
      } else if (direction === (write ? 'to-device' : 'from-device')) {
        reason = `the mapping is ${direction}`;
      } else if (withCpu.some(part => touches(part.start, part.end - part.start, paddr, size))) {
        reason = 'a sync gave these bytes to the CPU';
      } else {
        return null;
      }
    }
    return reason;
  }

  /** The buffer at `paddr`: a streaming one before a coherent one. */
  bufferAt(paddr: Paddr): FindingBuffer | null {
    for (const { buffer } of this.streaming) {
      const inside = touches(buffer.paddr, buffer.size, paddr, 1);
      if (inside || touches(buffer.original, buffer.size, paddr, 1)) {
        const { device, driver, dmaAddr, size } = buffer;
        return { kind: 'streaming', device, driver, vaddr: null, paddr: buffer.paddr, dmaAddr, size };
      }
    }
    for (const { device, driver, vaddr, paddr: start, dmaAddr, size } of this.coherentNear(paddr)) {
      if (touches(start, pages(size), paddr, 1)) {
        return { kind: 'coherent', device, driver, vaddr, paddr: start, dmaAddr, size };
      }
    }
    return null;
  }

  /** Mappings whose driver's memory touches the range. */
  touching(paddr: Paddr, size: number): StreamingBuffer[] {
    const found: StreamingBuffer[] = [];
    for (const { buffer } of this.streaming) {
      if (touches(buffer.original, buffer.size, paddr, size)) found.push(buffer);
    }
    return found;
  }
}

/** Coherent memory comes in whole pages. */
function pages(size: number): number {
  return Math.ceil(size / 4096) * 4096;
}

function* megabytes(start: Paddr, size: number): Generator<number> {
  for (let key = Math.floor(start / MiB); key * MiB < start + size; key++) yield key;
}

function touches(start: number, size: number, otherStart: number, otherSize: number): boolean {
  return start < otherStart + otherSize && otherStart < start + size;
}
