// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the devices of this folder have in common on the software's side: a block of 32-bit registers that is
 * declared as data, and descriptors in memory that consist of little-endian 32-bit words.
 * Bits that a register does not have read as zero and ignore writes. Accesses between registers do the same.
 */
import type { DmaAddr } from '../../base/address.js';
import type { DmaMaster } from './master.js';

export interface Register {
  /** Bytes from the start of the block. */
  readonly offset: number;
  /** Bits that software can write. */
  readonly writable: number;
  /** Bits that software clears by writing 1 to them. */
  readonly clearedByOne?: number;
}

export type RegisterMap<Name extends string> = Readonly<Record<Name, Register>>;

/** What a bus sees of a device. */
export interface RegisterDevice {
  readRegister(offset: number): number;
  writeRegister(offset: number, value: number): void;
}

/** The registers of one device; all are 0 after reset. Values are unsigned. */
export class RegisterBlock<Name extends string> {
  private readonly map: RegisterMap<Name>;
  private readonly values = new Map<number, number>();

  constructor(map: RegisterMap<Name>) {
    this.map = map;
  }

  /** The device looks at its own register. */
  get(name: Name): number {
    return this.values.get(this.map[name].offset) ?? 0;
  }

  /** The device changes its own register, whatever software may do with it. */
  set(name: Name, value: number): void {
    this.values.set(this.map[name].offset, value >>> 0);
  }

  setBits(name: Name, bits: number): void {
    this.set(name, this.get(name) | bits);
  }

  clearBits(name: Name, bits: number): void {
    this.set(name, this.get(name) & ~bits);
  }

  /** Software reads. */
  load(offset: number): number {
    return this.values.get(offset) ?? 0;
  }

  /** Software writes. The register that was meant; null for none. */
  store(offset: number, value: number): Name | null {
    for (const name of Object.keys(this.map) as Name[]) {
      const register = this.map[name];
      if (register.offset !== offset) continue;
      const kept = this.get(name) & ~register.writable & ~(value & (register.clearedByOne ?? 0));
      this.set(name, kept | (value & register.writable));
      return name;
    }
    return null;
  }
}

/** `count` words of a descriptor; null where a part of them is no memory. */
export function readWords(master: DmaMaster, dmaAddr: DmaAddr, count: number): Uint32Array | null {
  const bytes = master.read(dmaAddr, 4 * count);
  if (bytes === null) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Uint32Array.from({ length: count }, (_, index) => view.getUint32(4 * index, true));
}

/** Writes one word of a descriptor. False: no memory there. */
export function writeWord(master: DmaMaster, dmaAddr: DmaAddr, value: number): boolean {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return master.write(dmaAddr, bytes);
}
