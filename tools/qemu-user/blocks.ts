// SPDX-License-Identifier: GPL-2.0-only
/**
 * Random blocks of instructions for the lock step with qemu-arm: a few of one class in a row, loads and stores among them,
 * branches over some of them, T32 in IT blocks, all of it sometimes in a loop. An instruction that is UNDEFINED
 * comes alone, so that both sides must refuse it.
 */
import type { Random } from '../../src/base/random.js';
import {
  CLREX,
  exclusivePiece,
  loadStorePiece,
  multiplePiece,
  spoilsStack,
  vectorPiece,
} from './access-pieces.js';
import { Block, type Piece } from './block.js';
import { branchPiece, dataJumpPiece } from './branch-pieces.js';
import type { Code } from './code.js';
import { makeInteger, type Target } from './targets.js';
import { fillVectorRegisters } from './vector-words.js';

/** Behind the first instruction. */
const MORE = 7;
const TRIES = 20;

export interface BlockOptions {
  /** FPSCR may ask for short vectors. */
  readonly shortVectors: boolean;
}

/** A record with a block that has an instruction of `target`, at an address. Null: none could be made. */
export function blockRecord(
  target: Target,
  others: readonly Target[],
  random: Random,
  address: number,
  options: BlockOptions,
): Uint32Array | null {
  const block = new Block(random, target.thumb, address, random.chance(0.15));
  fillVectorRegisters(block.record, random, options.shortVectors);
  const maker = new Maker(block, others);
  const first = maker.first(target);
  if (first === null) return null;
  if (first.undefined === true) {
    // There is little to compare.
    if (random.chance(0.8)) return null;
    block.add(first);
    return block.finish();
  }
  if (target.row.encoding.class === 'exclusive' || random.chance(0.05))
    block.add({ codes: [CLREX[target.thumb]!] });
  block.add(first);
  for (let more = random.below(MORE); more > 0; more--) maker.addAny();
  if (block.looping) block.loop(2 + random.below(3));
  return block.finish();
}

class Maker {
  private readonly block: Block;
  private readonly random: Random;
  private readonly others: readonly Target[];

  constructor(block: Block, others: readonly Target[]) {
    this.block = block;
    this.random = block.random;
    this.others = others;
  }

  first(target: Target): Piece | null {
    if (target.thumb === 1 && this.random.chance(0.25)) {
      const conditional = this.itBlock(target);
      if (conditional !== null) return conditional;
    }
    return this.try(target, 0);
  }

  addAny(): void {
    const target = this.random.pick(this.others);
    // Most of their registers are not for user code: the block would end here.
    if (/^VM(RS|SR)$/.test(target.row.encoding.name) && this.random.chance(0.8)) return;
    const piece =
      target.thumb === 1 && this.random.chance(0.15) ? this.itBlock(target) : this.piece(target, 0);
    if (piece !== null && piece.undefined !== true) this.block.add(piece);
  }

  private try(target: Target, it: number): Piece | null {
    for (let i = 0; i < TRIES; i++) {
      const piece = this.piece(target, it);
      if (piece !== null) return piece;
    }
    return null;
  }

  private piece(target: Target, it: number): Piece | null {
    switch (target.row.encoding.class) {
      case 'load-store':
        return loadStorePiece(this.block, target, it);
      case 'load-store-multiple':
        return multiplePiece(this.block, target, it);
      case 'exclusive':
        return exclusivePiece(this.block, target, this.others, it);
      case 'branch':
        return branchPiece(this.block, target, it);
      case 'vfp':
      case 'vfp-load-store':
      case 'neon':
      case 'neon-load-store':
        return vectorPiece(this.block, target, it);
      default:
        return this.plain(target, it);
    }
  }

  private plain(target: Target, it: number): Piece | null {
    if (target.row.encoding.class === 'data-processing' && this.random.chance(0.1)) {
      const jump = dataJumpPiece(this.block, target, it);
      if (jump !== null) return jump;
    }
    const made = makeInteger(target, this.random, it);
    if (made === null || made.op.rd === 15 || spoilsStack(made, target)) return null;
    if (!made.undefined && !this.block.writes(made.op)) return null;
    return { codes: [made.code], undefined: made.undefined };
  }

  /** IT with one to four instructions, the first of them of `target`. Only the last one may branch. */
  private itBlock(target: Target): Piece | null {
    const cond = this.random.below(14);
    const mask = 1 + this.random.below(15);
    const codes: Code[] = [{ word: 0xbf00 | (cond << 4) | mask, bits: 16 }];
    let last: Piece | null = null;
    for (let it = (cond << 4) | mask; it !== 0; ) {
      if (last?.fix !== undefined) return null;
      last = null;
      const wanted = codes.length === 1 ? target : this.random.pick(this.others);
      for (let i = 0; i < TRIES && last === null; i++) last = this.piece(i < 5 ? wanted : target, it);
      if (last === null || last.undefined === true) return null;
      codes.push(...last.codes);
      for (const _ of last.codes) it = (it & 7) === 0 ? 0 : (it & 0xe0) | ((it << 1) & 0x1f);
    }
    const { fix, exchanges } = last!;
    return {
      codes,
      ...(fix === undefined ? {} : { fix }),
      ...(exchanges === undefined ? {} : { exchanges }),
    };
  }
}
