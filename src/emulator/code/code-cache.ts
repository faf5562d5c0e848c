// SPDX-License-Identifier: GPL-2.0-only
/**
 * Decoded blocks, by physical page, for all cores. A store to a byte that was decoded, by a core or by DMA, drops the
 * page's blocks at once: the emulator needs no instruction cache maintenance from the guest.
 * Model: instruction fetches always see memory as it is. Missing maintenance is the observer's to tell.
 *
 * For each 4 KiB page of RAM one byte says whether anything of it is decoded (`pages`), so that stores to others
 * pay nothing; in a page that has code, 32 words of bits say which of its 1024 words are (`CodePage.covered`), so
 * that data beside code can be written without decoding again.
 */
import type { Paddr } from '../../base/address.js';
import type { FlatRam, Ram } from '../../hw/ram.js';
import type { Cpu } from '../cpu/cpu.js';
import type { Op } from '../isa/op.js';
import type { Block } from './block.js';
import type { Translations } from './translations.js';

export class CodePage {
  readonly frame: number;
  /** Offset in RAM. */
  readonly base: number;
  /** Blocks by the offset of their first instruction: A32 by word, T32 by halfword. */
  readonly arm: (Block | undefined)[] = new Array<Block | undefined>(1024).fill(undefined);
  readonly thumb: (Block | undefined)[] = new Array<Block | undefined>(2048).fill(undefined);
  /**
   * Instructions by offset, as the blocks are: blocks that overlap have them in common. Those in an IT block are not in it.
   */
  readonly armOps: (Op | undefined)[] = [];
  readonly thumbOps: (Op | undefined)[] = [];
  readonly covered: Int32Array = new Int32Array(32);
  /** Translated regions of the page, by index. */
  readonly translated: number[] = [];

  constructor(frame: number, base: number) {
    this.frame = frame;
    this.base = base;
  }

  cover(offset: number, size: number): void {
    for (let word = offset >>> 2; word <= (offset + size - 1) >>> 2; word++) {
      this.covered[word >>> 5]! |= 1 << (word & 31);
    }
  }

  covers(offset: number, size: number): boolean {
    for (let word = offset >>> 2; word <= (offset + size - 1) >>> 2; word++) {
      if (((this.covered[word >>> 5]! >>> (word & 31)) & 1) === 1) return true;
    }
    return false;
  }
}

/** Is told of each block when it has been decoded, in the page at `cpu.pageAddress`. */
export interface BlockTrace {
  decoded(cpu: Cpu, block: Block): void;
}

/** A core's tables that lead to decoded pages. */
export interface CodeUser {
  guardPage(base: number): void;
  forgetCode(page: CodePage): void;
}

export class CodeCache {
  readonly ram: FlatRam;
  /** Every core's memory. */
  readonly users: CodeUser[] = [];
  /** How often a page of blocks was dropped, for those who measure. */
  drops = 0;
  /** Who has translated regions of pages. */
  readonly translations: Translations;
  /** Null costs nothing. What was decoded before it is set is not told: see dropAll(). */
  trace: BlockTrace | null = null;
  private readonly memory: Ram;
  private readonly flags: Uint8Array;
  private readonly pages: Map<number, CodePage> = new Map();

  constructor(memory: Ram, ram: FlatRam, translations: Translations) {
    this.memory = memory;
    this.translations = translations;
    this.ram = ram;
    this.flags = new Uint8Array(ram.bytes.length / 4096);
  }

  /** The page of RAM at offset `base` has decoded instructions. */
  hasCode(base: number): boolean {
    return this.flags[base / 4096] !== 0;
  }

  /** The decoded page of a physical page that is RAM at offset `base`; a new one where nothing is decoded. */
  page(frame: number, base: number): CodePage {
    const known = this.pages.get(base);
    if (known !== undefined) return known;
    const page = new CodePage(frame, base);
    this.pages.set(base, page);
    this.flags[base / 4096] = 1;
    for (const user of this.users) user.guardPage(base);
    return page;
  }

  /** A piece of one page was written. True: it was decoded, and its blocks are no more. */
  written(base: number, offset: number, size: number): boolean {
    const page = this.pages.get(base);
    if (page === undefined || !page.covers(offset, size)) return false;
    this.drop(page);
    return true;
  }

  /** Memory was written past the cores. True: decoded instructions are no more. */
  writtenBehind(paddr: Paddr, size: number): boolean {
    let dropped = false;
    for (let at = paddr; at < paddr + size; ) {
      const frame = Math.floor(at / 4096);
      const offset = at - frame * 4096;
      const piece = Math.min(4096 - offset, paddr + size - at);
      const base = this.memory.contains(at) ? this.ram.offsetOf(frame) : -1;
      if (base >= 0 && this.hasCode(base) && this.written(base, offset, piece)) dropped = true;
      at += piece;
    }
    return dropped;
  }

  /** Everything is decoded anew: memory was replaced. */
  dropAll(): void {
    for (const page of [...this.pages.values()]) this.drop(page);
  }

  private drop(page: CodePage): void {
    this.drops++;
    this.pages.delete(page.base);
    this.flags[page.base / 4096] = 0;
    for (const block of page.arm) if (block !== undefined) block.stale = true;
    for (const block of page.thumb) if (block !== undefined) block.stale = true;
    for (const user of this.users) user.forgetCode(page);
    this.translations.drop(page);
  }
}
