// SPDX-License-Identifier: GPL-2.0-only
/**
 * Whether the memory that the kernel knows is there, and whether the kernel itself lies in it. A real kernel has
 * no such checks: it uses what is not there, and the board hangs. A user deserves a sentence instead.
 * What a boot loader must do is said in Documentation/arch/arm/booting.rst.
 */
import { alignUp, formatSize, hex, MiB, type Range } from '../../../../base/address.js';
import { inputError } from '../../../../base/diagnostics.js';
import type { Kernel } from '../../../kernel.js';

/** [_text - PG_DIR_SIZE, _end): the first page table and the kernel behind it. */
function imageRange(k: Kernel): Range {
  const { PHYS_OFFSET, SWAPPER_PG_DIR_SIZE } = k.memory;
  const { textOffset, end } = k.config.image;
  return { start: PHYS_OFFSET + textOffset - SWAPPER_PG_DIR_SIZE, end: PHYS_OFFSET + end };
}

/** Does the range hold part of what arm_memblock_init() reserves for the kernel: its first table and its image? */
export function holdsKernel(k: Kernel, { start, end }: Range): boolean {
  const { PHYS_OFFSET, SWAPPER_PG_DIR_SIZE } = k.memory;
  const image = imageRange(k);
  const overlaps = (from: number, to: number) => start < to && from < end;
  return (
    overlaps(image.start, image.start + SWAPPER_PG_DIR_SIZE) ||
    overlaps(PHYS_OFFSET + k.config.image.stext, image.end)
  );
}

/** Throws an InputError `memory-not-there` unless all that the kernel takes for memory is RAM of the machine. */
export function requireMemoryIsThere(k: Kernel): void {
  const { ram } = k.machine;
  const missing = k.memblock.memory.flatMap(region => without(region, ram.banks));
  if (missing.length === 0) return;
  const asked = k.cmdline.parameters.filter(({ name }) => name === 'mem');
  const source =
    asked.length > 0
      ? `it comes from the command line: ${asked.map(({ value }) => `mem=${value ?? ''}`).join(' ')}`
      : "it comes from the tree: 'linux,usable-memory' of a memory node or 'linux,usable-memory-range' of /chosen";
  inputError(
    'memory-not-there',
    `the kernel is told that ${list(missing)} is memory, where the board has none`,
    { notes: [`memory of the board: ${list(ram.banks)}`, source, '`--memory` says what the board has'] },
  );
}

/** Throws an InputError `image-does-not-fit` unless the image lies in memory that the kernel knows. */
export function requireImageFits(k: Kernel): void {
  const { memory } = k.memblock;
  const image = imageRange(k);
  if (without(image, memory).length === 0) return;
  const least = formatSize(alignUp(k.config.image.end, MiB));
  inputError(
    'image-does-not-fit',
    `the kernel takes ${list([image])}, part of which is not memory (memory: ${list(memory)})`,
    {
      notes: [
        `${k.config.name} needs at least ${least} from ${hex(k.memory.PHYS_OFFSET)} on`,
        'give more memory (--memory, mem=), or a smaller kernel (--config, --preset)',
      ],
    },
  );
}

/** The parts of `range` that none of the sorted `others` holds. */
function without(range: Range, others: readonly Range[]): Range[] {
  const parts: Range[] = [];
  let at = range.start;
  for (const { start, end } of others) {
    if (end <= at) continue;
    if (start >= range.end) break;
    if (start > at) parts.push({ start: at, end: start });
    at = end;
  }
  if (at < range.end) parts.push({ start: at, end: range.end });
  return parts;
}

/** Touching ranges, such as a region in two halves, are shown as one. */
function list(ranges: readonly Range[]): string {
  const joined: Range[] = [];
  for (const { start, end } of ranges) {
    const last = joined.at(-1);
    if (last?.end === start) joined[joined.length - 1] = { start: last.start, end };
    else joined.push({ start, end });
  }
  return joined.map(({ start, end }) => `${hex(start)}-${hex(end)}`).join(', ') || 'none';
}
