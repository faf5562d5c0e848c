// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the CPU does to memory: loads, stores and instruction fetches by virtual address, through the TLB of
 * `machine.cpu`, to the live caches where they are attached and to RAM where not.
 * An access that faults returns FAULT or false, leaves the reason in `fault` and has no effect; one of many
 * bytes keeps what it did before the fault. Low address bits of an access that is not naturally aligned are ignored.
 * Accesses of many bytes are split where mappings stop being contiguous; the observer hears of each piece
 * once. It hears of an access after it was made.
 * Model: permissions and domains are not checked. What is not memory takes stores of the Device kind (a
 * doorbell), and faults all else.
 */
import type { Paddr, Vaddr } from '../base/address.js';
import type { Machine } from './machine.js';
import { type MemoryType, MT_DEVICE, STRONGLY_ORDERED } from './mmu/memory-type.js';
import type { Tlb } from './mmu/tlb.js';
import { WALK_OK } from './mmu/walker.js';

/** What a load returns when it faults. No loaded value is negative. */
export const FAULT = -1;
/** `LoadStore.fault`: the tables translate the address, but no memory answers. The walker's faults are below it. */
export const NO_MEMORY = 8;

/** A range that is contiguous in virtual and physical memory and of one type. */
class Piece {
  vaddr: Vaddr = 0;
  paddr: Paddr = 0;
  size = 0;
  type: MemoryType = STRONGLY_ORDERED;

  /** Takes `bytes` away from the front. */
  advance(bytes: number): void {
    this.vaddr += bytes;
    this.paddr += bytes;
    this.size -= bytes;
  }
}

export class LoadStore {
  /** Why the last access that faulted did: a fault of the walker (`walker.ts`), or NO_MEMORY. */
  fault: number = WALK_OK;
  private readonly machine: Machine;
  private readonly piece = new Piece();
  private readonly source = new Piece();

  constructor(machine: Machine) {
    this.machine = machine;
  }

  load8(vaddr: Vaddr): number {
    const { machine } = this;
    const tlb = machine.tlbs[machine.cpu]!;
    const slot = tlb.translate(vaddr);
    if (slot < 0) return this.faulted(tlb);
    const paddr = tlb.paddrOf(slot, vaddr);
    const type = tlb.typeOf(slot);
    const value = machine.live === null ? machine.ram.read8(paddr) : this.liveLoad(vaddr, paddr, 1, type);
    if (value < 0) return this.noMemory();
    if (machine.observer !== null) machine.observer.cpuLoad(machine.cpu, vaddr, paddr, 1, type);
    return value;
  }

  load16(unaligned: Vaddr): number {
    const vaddr = (unaligned & 1) === 0 ? unaligned : unaligned - (unaligned & 1);
    const { machine } = this;
    const tlb = machine.tlbs[machine.cpu]!;
    const slot = tlb.translate(vaddr);
    if (slot < 0) return this.faulted(tlb);
    const paddr = tlb.paddrOf(slot, vaddr);
    const type = tlb.typeOf(slot);
    const value = machine.live === null ? machine.ram.read16(paddr) : this.liveLoad(vaddr, paddr, 2, type);
    if (value < 0) return this.noMemory();
    if (machine.observer !== null) machine.observer.cpuLoad(machine.cpu, vaddr, paddr, 2, type);
    return value;
  }

  load32(unaligned: Vaddr): number {
    const vaddr = (unaligned & 3) === 0 ? unaligned : unaligned - (unaligned & 3);
    const { machine } = this;
    const tlb = machine.tlbs[machine.cpu]!;
    const slot = tlb.translate(vaddr);
    if (slot < 0) return this.faulted(tlb);
    const paddr = tlb.paddrOf(slot, vaddr);
    const type = tlb.typeOf(slot);
    const value = machine.live === null ? machine.ram.read32(paddr) : this.liveLoad(vaddr, paddr, 4, type);
    if (value < 0) return this.noMemory();
    if (machine.observer !== null) machine.observer.cpuLoad(machine.cpu, vaddr, paddr, 4, type);
    return value;
  }

  store8(vaddr: Vaddr, value: number): boolean {
    const { machine } = this;
    const tlb = machine.tlbs[machine.cpu]!;
    const slot = tlb.translate(vaddr);
    if (slot < 0) return this.faulted(tlb) >= 0;
    const paddr = tlb.paddrOf(slot, vaddr);
    const type = tlb.typeOf(slot);
    if (machine.live !== null || !machine.ram.write8(paddr, value)) {
      if (!this.slowStore(vaddr, paddr, 1, value, type)) return false;
    }
    if (machine.observer !== null) machine.observer.cpuStore(machine.cpu, vaddr, paddr, 1, type);
    return true;
  }

  store16(unaligned: Vaddr, value: number): boolean {
    const vaddr = (unaligned & 1) === 0 ? unaligned : unaligned - (unaligned & 1);
    const { machine } = this;
    const tlb = machine.tlbs[machine.cpu]!;
    const slot = tlb.translate(vaddr);
    if (slot < 0) return this.faulted(tlb) >= 0;
    const paddr = tlb.paddrOf(slot, vaddr);
    const type = tlb.typeOf(slot);
    if (machine.live !== null || !machine.ram.write16(paddr, value)) {
      if (!this.slowStore(vaddr, paddr, 2, value, type)) return false;
    }
    if (machine.observer !== null) machine.observer.cpuStore(machine.cpu, vaddr, paddr, 2, type);
    return true;
  }

  store32(unaligned: Vaddr, value: number): boolean {
    const vaddr = (unaligned & 3) === 0 ? unaligned : unaligned - (unaligned & 3);
    const { machine } = this;
    const tlb = machine.tlbs[machine.cpu]!;
    const slot = tlb.translate(vaddr);
    if (slot < 0) return this.faulted(tlb) >= 0;
    const paddr = tlb.paddrOf(slot, vaddr);
    const type = tlb.typeOf(slot);
    if (machine.live !== null || !machine.ram.write32(paddr, value)) {
      if (!this.slowStore(vaddr, paddr, 4, value, type)) return false;
    }
    if (machine.observer !== null) machine.observer.cpuStore(machine.cpu, vaddr, paddr, 4, type);
    return true;
  }

  /** `size` bytes in a new array; fewer where a fault ended it. */
  read(vaddr: Vaddr, size: number): Uint8Array {
    const { machine, piece } = this;
    const result = new Uint8Array(size);
    for (let done = 0; done < size; done += piece.size) {
      if (!this.find(piece, vaddr + done, size - done)) return result.slice(0, done);
      const { live, cpu } = machine;
      const { paddr, type } = piece;
      const bytes =
        live === null
          ? machine.ram.readBytes(paddr, piece.size)
          : live.read(cpu, piece.vaddr, paddr, piece.size, type);
      result.set(bytes, done);
      machine.observer?.cpuLoad(cpu, piece.vaddr, paddr, piece.size, type);
    }
    return result;
  }

  /** Reads each byte, for the sake of what that does to caches and observers. */
  scan(vaddr: Vaddr, size: number): boolean {
    const { machine, piece } = this;
    for (let done = 0; done < size; done += piece.size) {
      if (!this.find(piece, vaddr + done, size - done)) return false;
      machine.live?.read(machine.cpu, piece.vaddr, piece.paddr, piece.size, piece.type);
      machine.observer?.cpuLoad(machine.cpu, piece.vaddr, piece.paddr, piece.size, piece.type);
    }
    return true;
  }

  write(vaddr: Vaddr, bytes: Uint8Array): boolean {
    const { piece } = this;
    for (let done = 0; done < bytes.length; done += piece.size) {
      if (!this.find(piece, vaddr + done, bytes.length - done)) return false;
      this.put(piece, bytes.subarray(done, done + piece.size));
    }
    return true;
  }

  /** Sets each byte. */
  fill(vaddr: Vaddr, size: number, byte: number): boolean {
    const { piece } = this;
    for (let done = 0; done < size; done += piece.size) {
      if (!this.find(piece, vaddr + done, size - done)) return false;
      this.putFill(piece, byte);
    }
    return true;
  }

  /**
   * fill() by software that may run before its tables are there: where nothing translates, the access is one
   * with the MMU off, to `paddr`. All of it must be memory.
   */
  fillAt(vaddr: Vaddr, paddr: Paddr, size: number, byte: number): void {
    const { machine, piece } = this;
    if (machine.live === null && machine.observer === null) {
      // Where it leads is known, and nobody asks for the type.
      machine.ram.fill(paddr, size, byte);
      return;
    }
    const off = machine.registers.isOff;
    for (let done = 0; done < size; done += piece.size) {
      if (off || !this.find(piece, vaddr + done, size - done)) {
        piece.vaddr = vaddr + done;
        piece.paddr = paddr + done;
        piece.size = off ? size : Math.min(size - done, 4096 - ((vaddr + done) % 4096));
        piece.type = STRONGLY_ORDERED;
      }
      this.putFill(piece, byte);
    }
  }

  /** Copies bytes that do not overlap: a load and a store for each piece that is contiguous on both sides. */
  copy(dst: Vaddr, src: Vaddr, size: number): boolean {
    const { machine, piece, source } = this;
    piece.size = 0;
    source.size = 0;
    for (let done = 0, bytes = 0; done < size; done += bytes) {
      if (source.size === 0 && !this.find(source, src + done, size - done)) return false;
      if (piece.size === 0 && !this.find(piece, dst + done, size - done)) return false;
      bytes = Math.min(piece.size, source.size);
      const { live, ram, cpu, observer } = machine;
      if (live === null) {
        ram.copy(piece.paddr, source.paddr, bytes);
      } else {
        const data = live.read(cpu, source.vaddr, source.paddr, bytes, source.type);
        live.write(cpu, piece.vaddr, piece.paddr, data, piece.type);
      }
      observer?.cpuLoad(cpu, source.vaddr, source.paddr, bytes, source.type);
      observer?.cpuStore(cpu, piece.vaddr, piece.paddr, bytes, piece.type);
      source.advance(bytes);
      piece.advance(bytes);
    }
    return true;
  }

  /** Fetches instructions. */
  fetch(vaddr: Vaddr, size: number): boolean {
    const { machine, piece } = this;
    for (let done = 0; done < size; done += piece.size) {
      if (!this.find(piece, vaddr + done, size - done)) return false;
      machine.live?.fetch(machine.cpu, piece.vaddr, piece.paddr, piece.size, piece.type);
      machine.observer?.cpuFetch(machine.cpu, piece.vaddr, piece.paddr, piece.size, piece.type);
    }
    return true;
  }

  private put(piece: Piece, bytes: Uint8Array): void {
    const { live, ram, cpu, observer } = this.machine;
    if (live === null) ram.writeBytes(piece.paddr, bytes);
    else live.write(cpu, piece.vaddr, piece.paddr, bytes, piece.type);
    observer?.cpuStore(cpu, piece.vaddr, piece.paddr, piece.size, piece.type);
  }

  private putFill(piece: Piece, byte: number): void {
    const { live, ram, cpu, observer } = this.machine;
    const { vaddr, paddr, size, type } = piece;
    if (live === null) ram.fill(paddr, size, byte);
    else live.fill(cpu, vaddr, paddr, size, byte, type);
    observer?.fill(cpu, vaddr, paddr, size, byte, type);
  }

  /** The longest piece at `vaddr` of at most `size` bytes, all of it memory. False: a fault, told in `fault`. */
  private find(piece: Piece, vaddr: Vaddr, size: number): boolean {
    const { machine } = this;
    const tlb = machine.tlbs[machine.cpu]!;
    let slot = tlb.translate(vaddr);
    if (slot < 0) return this.faulted(tlb) >= 0;
    const paddr = tlb.paddrOf(slot, vaddr);
    const type = tlb.typeOf(slot);
    let bytes = tlb.bytesLeft(slot, vaddr);
    while (bytes < size) {
      slot = tlb.translate(vaddr + bytes);
      if (slot < 0 || tlb.paddrOf(slot, vaddr + bytes) !== paddr + bytes || tlb.typeOf(slot) !== type) break;
      bytes += tlb.bytesLeft(slot, vaddr + bytes);
    }
    piece.vaddr = vaddr;
    piece.paddr = paddr;
    piece.size = Math.min(bytes, size);
    piece.type = type;
    return machine.ram.contains(paddr, piece.size) || this.noMemory() >= 0;
  }

  private liveLoad(vaddr: Vaddr, paddr: Paddr, size: 1 | 2 | 4, type: MemoryType): number {
    const { live, ram, cpu } = this.machine;
    return ram.contains(paddr, size) ? live!.load(cpu, vaddr, paddr, size, type) : FAULT;
  }

  /** A store with live caches, or one that no memory took. */
  private slowStore(vaddr: Vaddr, paddr: Paddr, size: 1 | 2 | 4, value: number, type: MemoryType): boolean {
    const { live, ram, cpu } = this.machine;
    if ((type.bits & MT_DEVICE) === 0 && !ram.contains(paddr, size)) return this.noMemory() >= 0;
    live?.store(cpu, vaddr, paddr, size, value, type);
    return true;
  }

  private faulted(tlb: Tlb): number {
    this.fault = tlb.fault;
    return FAULT;
  }

  private noMemory(): number {
    this.fault = NO_MEMORY;
    return FAULT;
  }
}
