// SPDX-License-Identifier: GPL-2.0-only
/**
 * A block of instructions in the making, for the lock step with qemu-arm. An instruction that needs a certain value in a
 * register (an address, a target, a count) claims one that nothing before it in the block writes, and sets what is in it
 * at the beginning; so instructions of every kind can follow each other without anybody executing them.
 * Branches lead forwards, to a later piece, to the end or to the island (`code.ts`); their targets are put in when
 * all pieces are there. A whole block may be a loop; then what was claimed is never written.
 */
import type { Random } from '../../src/base/random.js';
import type { Op } from '../../src/emulator/isa/op.js';
import { type Code, islandOffset, layCode, sizeOf } from './code.js';
import { sparse } from './operands.js';
import { APSR, MEMORY, MEMORY_WORDS, R, RECORD_WORDS, THUMB } from './qemu-user.js';

/** Where a branch may go: an address and its instruction set. */
export interface Label {
  readonly address: number;
  readonly thumb: number;
}

/** Puts the target into an instruction at `address`, or into the registers or memory it comes from. Null: out of reach. */
export type Fix = (address: number, label: Label) => Code | null;

export interface Piece {
  readonly codes: readonly Code[];
  /** Of the last instruction, and whether its target may have the other instruction set. */
  readonly fix?: Fix;
  readonly exchanges?: 'may' | 'always';
  readonly undefined?: boolean;
}

export class Block {
  readonly record: Uint32Array = new Uint32Array(RECORD_WORDS);
  readonly random: Random;
  readonly thumb: 0 | 1;
  private readonly address: number;
  private readonly pieces: Piece[] = [];
  /** Registers that are written, or whose value at the beginning matters. A bit each. */
  private taken = 0;
  private claimed = 0;
  readonly looping: boolean;

  /** `address`: where the code will lie. */
  constructor(random: Random, thumb: 0 | 1, address: number, looping: boolean) {
    this.looping = looping;
    this.random = random;
    this.thumb = thumb;
    this.address = address;
    const { record } = this;
    for (let i = 0; i < 15; i++) record[R + i] = sparse(random);
    // In T32 the stack pointer is a multiple of four (A6.1.3).
    if (thumb === 1) record[R + 13] = record[R + 13]! & ~3;
    for (let i = 0; i < MEMORY_WORDS; i++) record[MEMORY + i] = random.next();
    record[APSR] = random.next() & 0xf80f0000;
    record[THUMB] = thumb;
  }

  isFree(register: number): boolean {
    return register < 15 && ((this.taken >> register) & 1) === 0;
  }

  /** A register that can be claimed, of those that `width` bits name, but not `other`; -1: none. r13 is tried often. */
  free(width: number, other = -1): number {
    if (width === 4 && other !== 13 && this.isFree(13) && this.random.chance(0.2)) return 13;
    const all: number[] = [];
    for (let i = 0; i < Math.min(1 << width, 15); i++) if (this.isFree(i) && i !== other) all.push(i);
    return all.length === 0 ? -1 : this.random.pick(all);
  }

  claim(register: number, value: number): void {
    this.record[R + register] = value;
    this.taken |= 1 << register;
    this.claimed |= 1 << register;
  }

  /** What an instruction may write cannot be claimed any more. False: in this block it must not write it. */
  writes(op: Op): boolean {
    const written = (1 << op.rd) | (1 << op.rt) | (1 << op.rt2) | op.list;
    this.taken |= written | (1 << op.rn);
    return !this.looping || (this.claimed & written) === 0;
  }

  writesLink(): boolean {
    this.taken |= 1 << 14;
    return !this.looping || ((this.claimed >> 14) & 1) === 0;
  }

  add(piece: Piece): void {
    this.pieces.push(piece);
  }

  get length(): number {
    return this.pieces.length;
  }

  /** Makes a loop of all pieces. False: no register for the count. */
  loop(times: number): boolean {
    const count = this.free(3);
    if (count < 0) return false;
    this.claim(count, times);
    const bytes = sizeOf(this.pieces.flatMap(({ codes }) => codes));
    if (this.thumb === 1) {
      const distance = -(bytes + 2) - 4;
      this.add({
        codes: [
          { word: 0x3801 | (count << 8), bits: 16 },
          { word: 0xd100 | ((distance / 2) & 0xff), bits: 16 },
        ],
      });
    } else {
      const distance = -(bytes + 4) - 8;
      this.add({
        codes: [
          { word: (0xe2500001 | (count << 16) | (count << 12)) >>> 0, bits: 32 },
          { word: (0x1a000000 | ((distance / 4) & 0xffffff)) >>> 0, bits: 32 },
        ],
      });
    }
    return true;
  }

  /** The record; null where the block did not come out. */
  finish(): Uint32Array | null {
    const { pieces, address, random } = this;
    const starts = [address];
    for (const { codes } of pieces) starts.push(starts.at(-1)! + sizeOf(codes));
    const island = address + islandOffset(starts.at(-1)! - address);
    const codes: Code[] = [];
    for (const [i, piece] of pieces.entries()) {
      codes.push(...piece.codes);
      if (piece.fix === undefined) continue;
      const toIsland = piece.exchanges === 'always' || (piece.exchanges === 'may' && random.chance(0.3));
      const later = i + 1 + random.below(Math.min(3, pieces.length - i));
      const label = toIsland
        ? { address: island, thumb: 1 - this.thumb }
        : { address: starts[later]!, thumb: this.thumb };
      const last = piece.codes.at(-1)!;
      const fixed = piece.fix(starts[i + 1]! - last.bits / 8, label);
      if (fixed === null) return null;
      codes[codes.length - 1] = fixed;
    }
    return layCode(this.record, codes) ? this.record : null;
  }
}
