// SPDX-License-Identifier: GPL-2.0-only
/**
 * Memory as a debugger sees it: virtual addresses of one core, through what its TLB holds and its tables say, whatever
 * the rights. Nothing of the machine changes: no TLB entry is made, no device is asked, no observer is told.
 * Stores go to memory past the observer as well; decoded instructions that they hit are dropped.
 */
import type { Machine } from '../../hw/machine.js';
import { Translation } from '../../hw/mmu/translation.js';
import { ACCESS_FLAG_FAULT, WALK_OK } from '../../hw/mmu/walker.js';
import type { Cpu } from '../cpu/cpu.js';

const PAGE = 4096;

export class MemoryView {
  private readonly machine: Machine;
  private readonly found: Translation = new Translation();

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** The physical address behind `vaddr`; -1: none, or not RAM. */
  private locate(cpu: Cpu, vaddr: number): number {
    const { translator } = cpu.mem;
    const { tlb, registers, walker } = translator;
    let paddr = vaddr;
    if (translator.enabled) {
      const slot = tlb.lookup(vaddr, registers.asid);
      if (slot >= 0) {
        paddr = tlb.frames[slot]! * PAGE + (vaddr & 0xfff);
      } else {
        const code = walker.walk(vaddr, this.found);
        if (code !== WALK_OK && code !== ACCESS_FLAG_FAULT) return -1;
        paddr = this.found.paddr;
      }
    }
    return this.machine.ram.contains(paddr) ? paddr : -1;
  }

  /** Pieces of [vaddr, vaddr + size), none across a page; null: not all of it is RAM. */
  private pieces(
    cpu: Cpu,
    vaddr: number,
    size: number,
  ): { at: number; paddr: number; size: number }[] | null {
    const pieces = [];
    for (let at = 0; at < size; ) {
      const from = (vaddr + at) >>> 0;
      const piece = Math.min(PAGE - (from & 0xfff), size - at);
      const paddr = this.locate(cpu, from);
      if (paddr < 0 || !this.machine.ram.contains(paddr, piece)) return null;
      pieces.push({ at, paddr, size: piece });
      at += piece;
    }
    return pieces;
  }

  /** Null: not all of it is RAM. */
  read(cpu: Cpu, vaddr: number, size: number): Uint8Array | null {
    const pieces = this.pieces(cpu, vaddr, size);
    if (pieces === null) return null;
    const bytes = new Uint8Array(size);
    for (const piece of pieces) bytes.set(this.machine.ram.readBytes(piece.paddr, piece.size), piece.at);
    return bytes;
  }

  /** False: not all of it is RAM, and nothing was written. */
  write(cpu: Cpu, vaddr: number, bytes: Uint8Array): boolean {
    const pieces = this.pieces(cpu, vaddr, bytes.length);
    if (pieces === null) return false;
    const { ram, writeListener } = this.machine;
    for (const { at, paddr, size } of pieces) {
      ram.writeBytes(paddr, bytes.subarray(at, at + size));
      writeListener?.written(paddr, size);
    }
    return true;
  }
}
