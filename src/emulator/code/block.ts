// SPDX-License-Identifier: GPL-2.0-only
/**
 * Decoded instructions that follow each other in one page. A block ends behind an instruction after which nothing can
 * follow (an unconditional branch), at the end of the page, or at its largest length. A conditional branch does not end it,
 * nor does a write to a system register, whose execute function says that the block is to be left (`../isa/op.ts`).
 * Blocks know nothing of virtual addresses, privilege or the core: they depend on the page's contents and on the
 * instruction set only. What the translator makes of a block is attached to it.
 */
import type { Op } from '../isa/op.js';

/** Instructions in a block, at most. */
export const BLOCK_OPS = 64;

export class Block {
  readonly ops: readonly Op[];
  /** Bytes of instructions. */
  readonly size: number;
  /** The page that it was decoded from has changed. */
  stale = false;
  /** How often it was interpreted from its beginning. */
  runs = 0;
  /** Index of the translated region that begins with it; 0: none. */
  translated = 0;

  constructor(ops: readonly Op[], size: number) {
    this.ops = ops;
    this.size = size;
  }
}
