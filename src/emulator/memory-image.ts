// SPDX-License-Identifier: GPL-2.0-only
/** All of RAM as plain data: the pages that are not zero. */
import { invariant } from '../base/diagnostics.js';
import type { FlatRam } from '../hw/ram.js';

const PAGE_WORDS = 1024;

export interface MemoryImage {
  /** Of the memory that it was taken from. */
  readonly bytes: number;
  /** Numbers of pages in the flat storage, and their contents in a row. */
  readonly pages: Int32Array;
  readonly contents: Int32Array;
}

function isZero(words: Int32Array, from: number): boolean {
  for (let i = from; i < from + PAGE_WORDS; i++) if (words[i] !== 0) return false;
  return true;
}

export function takeMemory(ram: FlatRam): MemoryImage {
  const { words, start } = ram;
  const used: number[] = [];
  for (let at = start / 4; at < words.length; at += PAGE_WORDS) if (!isZero(words, at)) used.push(at);
  const contents = new Int32Array(used.length * PAGE_WORDS);
  used.forEach((at, i) => {
    contents.set(words.subarray(at, at + PAGE_WORDS), i * PAGE_WORDS);
  });
  return { bytes: ram.bytes.length, pages: Int32Array.from(used, at => at / PAGE_WORDS), contents };
}

export function putMemory(ram: FlatRam, image: MemoryImage): void {
  invariant(image.bytes === ram.bytes.length, 'an image goes into as much memory as it came from');
  const { words, start } = ram;
  words.fill(0, start / 4);
  image.pages.forEach((page, i) => {
    words.set(image.contents.subarray(i * PAGE_WORDS, (i + 1) * PAGE_WORDS), page * PAGE_WORDS);
  });
}
