// SPDX-License-Identifier: GPL-2.0-only
/**
 * Cached memory that goes back and forth between the CPU and devices: who owns each part of it, and what it holds. A
 * mapping that bounces has a second set of bytes, and the rules by which they are copied.
 * A line that a device owns any byte of is left alone by the CPU, whatever else is in it: that is what
 * Documentation/core-api/dma-api.rst asks of drivers.
 */
import { DMA_FROM_DEVICE, DMA_TO_DEVICE } from '../../src/linux/include/linux/dma-mapping.js';
import { Bytes } from './bytes.js';
import type { DeviceName } from './machines.js';
import type { Taken } from './reference.js';

/** No cache has longer lines. */
export const LINE = 64;

const CPU = 0;
const DEVICE = 1;
/** The CPU's, and it has written there since it got it back: unmapping may throw that away. */
const CPU_WROTE = 2;

export interface Mapping {
  readonly dev: DeviceName;
  readonly handle: number;
  readonly offset: number;
  readonly size: number;
  readonly dir: number;
  /** Where the device's bytes are, if not in the buffer itself. */
  readonly bounce: { readonly paddr: number; readonly bytes: Bytes } | null;
}

export class Stream {
  readonly taken: Taken;
  readonly bytes: Bytes;
  mapping: Mapping | null = null;
  /** It was allocated mapped, by dma_alloc_pages() or one of its kin; how to free it. */
  free: (() => void) | null = null;
  /** It was mapped together with others: how to unmap them all. */
  unmapAll: (() => void) | null = null;
  private readonly owner: Uint8Array;

  constructor(taken: Taken) {
    this.taken = taken;
    this.bytes = new Bytes(taken.pages * 4096);
    this.owner = new Uint8Array(this.bytes.size / LINE);
  }

  get size(): number {
    return this.bytes.size;
  }

  /** The device snoops, or has its own copy: nothing is invalidated. */
  private get keeps(): boolean {
    return this.mapping?.dev === 'snooping' || this.mapping?.bounce !== null;
  }

  /** Mapped; with `skip` the CPU keeps all of it until it says otherwise. */
  map(mapping: Mapping, skip: boolean): void {
    this.mapping = mapping;
    mapping.bounce?.bytes.copy(0, this.bytes, mapping.offset, mapping.size);
    if (!skip) this.toDevice(mapping.offset, mapping.size);
    // What the caches hold has not been cleaned: an invalidate would throw it away.
    else this.owner.fill(CPU_WROTE);
  }

  /** After synchronizing [at, at + size) for the device. */
  syncForDevice(at: number, size: number): void {
    const { bounce, dir, offset } = this.mapping!;
    if (dir !== DMA_FROM_DEVICE) bounce?.bytes.copy(at - offset, this.bytes, at, size);
    this.toDevice(at, size);
  }

  private toDevice(at: number, size: number): void {
    const { dir, dev } = this.mapping!;
    this.owner.fill(DEVICE, Math.floor(at / LINE), Math.ceil((at + size) / LINE));
    if (dir !== DMA_FROM_DEVICE || dev === 'snooping') return;
    // An invalidate: also of what was just copied into a bounce buffer.
    const seen = this.deviceBytes(at);
    seen.bytes.forget(seen.at, size);
  }

  syncForCpu(at: number, size: number): void {
    const { bounce, dir, offset } = this.mapping!;
    if (dir !== DMA_TO_DEVICE) {
      if (bounce) this.bytes.copy(at, bounce.bytes, at - offset, size);
      else if (!this.keeps) this.forgetWritten(at, size);
    }
    // A line at the edge of a part may still have bytes of the device.
    const first = at === offset ? Math.floor(at / LINE) : Math.ceil(at / LINE);
    const end = at + size;
    const last = end === offset + this.mapping!.size ? Math.ceil(end / LINE) : Math.floor(end / LINE);
    this.owner.fill(CPU, first, last);
  }

  unmap(skip: boolean): void {
    const { bounce, dir, offset, size } = this.mapping!;
    if (!skip && dir !== DMA_TO_DEVICE) {
      if (bounce) this.bytes.copy(offset, bounce.bytes, 0, size);
      else if (!this.keeps) this.forgetWritten(offset, size);
    }
    this.owner.fill(CPU);
    this.mapping = null;
  }

  private forgetWritten(offset: number, size: number): void {
    for (let at = offset; at < offset + size; at++) {
      if (this.owner[Math.floor(at / LINE)] === CPU_WROTE) this.bytes.forget(at, 1);
    }
  }

  /** All of the mapping is the CPU's: it may be unmapped without synchronizing. */
  get isBack(): boolean {
    return this.owner.every(owner => owner !== DEVICE);
  }

  /** The longest piece of [at, at + size) from `at` on, in whole lines, that the CPU may write (or only read). */
  cpuPiece(at: number, size: number, write: boolean): number {
    const readable = !write && this.mapping?.dir === DMA_TO_DEVICE;
    let end = at;
    while (end < at + size && (readable || this.owner[Math.floor(end / LINE)] !== DEVICE)) {
      end = Math.min(at + size, (Math.floor(end / LINE) + 1) * LINE);
    }
    return end - at;
  }

  cpuWrote(at: number, bytes: Uint8Array): void {
    this.bytes.write(at, bytes);
    if (this.mapping === null || bytes.length === 0) return;
    const first = Math.floor(at / LINE);
    for (let line = first; line * LINE < at + bytes.length; line++) this.owner[line] = CPU_WROTE;
  }

  /** The first piece of [at, at + size) that is the CPU's, where a mapping may give it to the device. */
  cpuLines(at: number, size: number): { readonly at: number; readonly size: number } {
    let start = at;
    while (start < at + size && this.owner[Math.floor(start / LINE)] === DEVICE) {
      start = (Math.floor(start / LINE) + 1) * LINE;
    }
    const left = at + size - start;
    return { at: start, size: left <= 0 ? 0 : this.cpuPiece(start, left, true) };
  }

  /** The longest piece of [at, at + size), inside the mapping, that is the device's. */
  devicePiece(at: number, size: number): { readonly at: number; readonly size: number } {
    const { offset, size: mapped } = this.mapping!;
    const start = Math.max(at, offset);
    const limit = Math.min(at + size, offset + mapped);
    let end = start;
    while (end < limit && this.owner[Math.floor(end / LINE)] === DEVICE) {
      end = Math.min(limit, (Math.floor(end / LINE) + 1) * LINE);
    }
    return { at: start, size: Math.max(0, end - start) };
  }

  /** What the device sees, with the place of `at` in it. */
  deviceBytes(at: number): { readonly bytes: Bytes; readonly at: number } {
    const { bounce, offset } = this.mapping!;
    return bounce ? { bytes: bounce.bytes, at: at - offset } : { bytes: this.bytes, at };
  }
}
