// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where a boot loader puts a kernel, an initrd and a device tree. Documentation/arch/arm/booting.rst (v6.12): the zImage
 * in the first 128 MiB of RAM, above 32 MiB where that saves moving it; initrd and tree where the decompressor does
 * not write, and within what the kernel maps directly. The initrd goes to half of the memory, at most 128 MiB from its
 * start, the tree behind it: where the recorded machines have them, so that maps can be compared.
 */
import {
  alignDown,
  alignUp,
  formatSize,
  hex,
  MiB,
  overlapBytes,
  type Paddr,
  type Range,
} from '../../base/address.js';
import { inputError } from '../../base/diagnostics.js';

/** Linux: arch/arm/mm/mmu.c, PMD-aligned start of memory; head.S, the kernel's address is a multiple of 2 MiB. */
const RAM_ALIGN = 2 * MiB;
const PAGE = 4096;
/** Where a kernel begins, if nobody says. Linux: arch/arm/Makefile, textofs-y. */
export const DEFAULT_TEXT_OFFSET = 0x8000;
/** Model: a directly mapped region of this size, which every usual split of the address space has. */
const DIRECTLY_MAPPED: number = 512 * MiB;
const INITRD_AT_MOST: number = 128 * MiB;
const ZIMAGE_AT: number = 32 * MiB;
const ZIMAGE_WITHIN: number = 128 * MiB;
/** What the decompressor needs behind itself: heap (64 KiB), stack, page tables. */
const DECOMPRESSOR_BYTES = MiB;
/** A kernel maps two sections of 1 MiB for the tree. Linux: arch/arm/kernel/head.S, __create_page_tables. */
const TREE_AT_MOST = MiB;

export interface Sizes {
  readonly kernelFile: string;
  /** Bytes of the image as loaded. */
  readonly image: number;
  readonly compressed: boolean;
  /** Bytes of the kernel in place; null: not known, taken for four times the image. */
  readonly kernelBytes: number | null;
  readonly textOffset: number;
  readonly initrd: number;
  readonly initrdFile: string;
  readonly tree: number;
  readonly treeFile: string;
}

/** What the tree keeps for others, and where it says so. */
export interface Reservation extends Range {
  readonly by: string;
}

export interface Layout {
  readonly image: Paddr;
  /** Null: no initrd. */
  readonly initrd: Paddr | null;
  readonly tree: Paddr;
}

/** Throws an InputError where something does not fit, with the numbers. */
export function layOut(banks: readonly Range[], reserved: readonly Reservation[], sizes: Sizes): Layout {
  const bank = banks[0]!;
  const start = alignUp(bank.start, RAM_ALIGN);
  const end = Math.min(bank.end, start + DIRECTLY_MAPPED);
  const position = { file: sizes.kernelFile };
  const kernelEnd = start + sizes.textOffset + (sizes.kernelBytes ?? 4 * sizes.image);
  const image = sizes.compressed ? placeZImage(start, end, sizes.image) : start + sizes.textOffset;
  // A zImage that stands in the kernel's way moves itself behind it first.
  const busy =
    Math.max(kernelEnd, image + sizes.image) + (sizes.compressed ? sizes.image + DECOMPRESSOR_BYTES : 0);
  if (busy > end) {
    const message =
      `the kernel needs ${formatMemory(busy - start)} from ${hex(start)} on, ` +
      `with room to decompress it; the first bank of memory has ${formatMemory(end - start)} there`;
    inputError('kernel-too-large', message, { position });
  }
  if (sizes.tree > TREE_AT_MOST) {
    const message = `the device tree has ${sizes.tree} bytes; a kernel maps no more than ${formatSize(TREE_AT_MOST)}`;
    inputError('tree-too-large', message);
  }
  const wished = start + Math.min((bank.end - start) / 2, INITRD_AT_MOST);
  const beside = { start: alignUp(busy, PAGE), end };
  const free = freeRanges(beside, reserved);
  const together = alignUp(sizes.initrd, PAGE) + alignUp(sizes.tree, PAGE);
  const at = place(free, wished, together);
  if (at === null) {
    const largest = Math.max(0, ...free.map(range => range.end - range.start));
    const what =
      sizes.initrd > 0 ? `the initrd (${formatMemory(sizes.initrd)}) and the tree do` : 'the tree does';
    const message =
      `${what} not fit: beside the kernel and what the tree reserves, ` +
      `${formatMemory(largest)} in one piece are free below ${hex(end)}`;
    if (place([beside], wished, together) !== null) {
      inputError('too-much-reserved', message, {
        position: { file: sizes.treeFile },
        notes: [
          ...reserved.filter(range => overlapBytes(range, beside) > 0).map(describe),
          'these reservations are of the tree that `--board` names',
        ],
      });
    }
    inputError('initrd-too-large', message, {
      position: { file: sizes.initrd > 0 ? sizes.initrdFile : sizes.kernelFile },
    });
  }
  return {
    image,
    initrd: sizes.initrd > 0 ? at : null,
    tree: at + alignUp(sizes.initrd, PAGE),
  };
}

function describe({ by, start, end }: Reservation): string {
  return `${by} reserves ${formatMemory(end - start)} from ${hex(start)} on`;
}

function placeZImage(start: Paddr, end: Paddr, size: number): Paddr {
  const fits = start + ZIMAGE_AT + 2 * size + DECOMPRESSOR_BYTES <= Math.min(end, start + ZIMAGE_WITHIN);
  return fits ? start + ZIMAGE_AT : start + DEFAULT_TEXT_OFFSET;
}

/** The first free place at `wished` or above, else the highest below it. */
function place(free: readonly Range[], wished: Paddr, size: number): Paddr | null {
  for (const range of free) {
    const at = Math.max(alignUp(wished, PAGE), range.start);
    if (at + size <= range.end) return at;
  }
  for (const range of [...free].reverse()) {
    const at = alignDown(range.end - size, PAGE);
    if (at >= range.start) return at;
  }
  return null;
}

/** `within` without `taken`, in whole pages. */
function freeRanges(within: Range, taken: readonly Range[]): Range[] {
  let free: Range[] = [within];
  for (const hole of taken) {
    free = free.flatMap(({ start, end }) => [
      { start, end: Math.min(end, alignDown(hole.start, PAGE)) },
      { start: Math.max(start, alignUp(hole.end, PAGE)), end },
    ]);
    free = free.filter(({ start, end }) => start < end);
  }
  return free;
}

function formatMemory(bytes: number): string {
  return bytes % MiB === 0 ? formatSize(bytes) : `${(bytes / MiB).toFixed(1)} MiB`;
}
