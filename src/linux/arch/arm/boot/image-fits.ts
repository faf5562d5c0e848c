// SPDX-License-Identifier: GPL-2.0-only
/**
 * Whether the kernel image fits into the memory that it is loaded to. A real kernel has no such check: the
 * decompressor writes where there is no memory, and the board hangs. A user deserves a sentence instead.
 */
import { formatSize, hex } from '../../../../base/address.js';
import { inputError } from '../../../../base/diagnostics.js';
import type { Kernel } from '../../../kernel.js';

/** Throws an InputError `image-does-not-fit` unless [_text - PG_DIR_SIZE, _end) is memory. */
export function requireImageFits(k: Kernel): void {
  const { PHYS_OFFSET, SWAPPER_PG_DIR_SIZE } = k.memory;
  const { textOffset, end } = k.config.image;
  const start = PHYS_OFFSET + textOffset - SWAPPER_PG_DIR_SIZE;
  const bytes = PHYS_OFFSET + end - start;
  if (k.machine.ram.contains(start, bytes)) return;
  inputError(
    'image-does-not-fit',
    `the kernel takes ${hex(start)}-${hex(PHYS_OFFSET + end)}, which is not all memory of the board`,
    { notes: [`${k.config.name} needs ${formatSize(end)} from ${hex(PHYS_OFFSET)} on`] },
  );
}
