// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the header of a zImage says. Linux: arch/arm/boot/compressed/head.S and vmlinux.lds.S (v6.12):
 *
 *   0x24 magic 0x016f2818   0x2c end (_edata, as linked)         0x34 magic 0x45454545
 *   0x28 start, as linked   0x30 endianness 0x04030201           0x38 offset of a table of tags, since v4.15
 *
 * A tag is its size in words, a name, and data; "KLSZ" tells what the decompressor needs.
 */
import { hex } from '../../base/address.js';
import { inputError } from '../../base/diagnostics.js';

const MAGIC = 0x016f2818;
const BIG_ENDIAN_MAGIC = 0x18286f01;
const TABLE_MAGIC = 0x45454545;
const HEADER_BYTES = 0x34;
/** ZIMAGE_MAGIC(0x5a534c4b) of vmlinux.lds.S. */
const TAG_KERNEL_SIZE = 0x5a534c4b;

export interface ZImage {
  /** Bytes of the image itself; what follows in the file, an appended tree, is not counted. */
  readonly size: number;
  /** Bytes that the decompressed kernel takes from its text offset on, its bss included; null: not told. */
  readonly kernelBytes: number | null;
  /** Where in memory the kernel begins, from the start of its 2 MiB-aligned RAM on; null: not told. */
  readonly textOffset: number | null;
}

/** Whether the file claims to be a zImage. */
export function isZImage(bytes: Uint8Array): boolean {
  const magic = wordAt(bytes, 0x24);
  return magic === MAGIC || magic === BIG_ENDIAN_MAGIC;
}

/** Throws an InputError that names place and rule where the header is wrong. */
export function parseZImage(bytes: Uint8Array, file: string): ZImage {
  const at = (offset: number) => ({ position: { file, offset } });
  if (bytes.length < HEADER_BYTES) {
    inputError(
      'zimage-too-short',
      `a zImage has a header of ${HEADER_BYTES} bytes; this is ${bytes.length}`,
      at(0),
    );
  }
  const magic = wordAt(bytes, 0x24);
  if (magic === BIG_ENDIAN_MAGIC) {
    inputError(
      'zimage-big-endian',
      'this kernel was built for big-endian machines; little endian is emulated',
      at(0x24),
    );
  }
  if (magic !== MAGIC) {
    inputError('zimage-no-magic', `a zImage has ${hex(MAGIC, 8)} here; this is ${hex(magic, 8)}`, {
      ...at(0x24),
      notes: whatElse(bytes),
    });
  }
  const start = wordAt(bytes, 0x28);
  const end = wordAt(bytes, 0x2c);
  const size = end - start;
  if (size < HEADER_BYTES) {
    inputError('zimage-bad-size', `the image ends (${hex(end)}) before it begins (${hex(start)})`, at(0x2c));
  }
  if (size > bytes.length) {
    const message = `the image has ${size} bytes, the file ${bytes.length}: its end is missing`;
    inputError('zimage-truncated', message, at(0x2c));
  }
  return { size, ...kernelSize(bytes, size, file) };
}

function kernelSize(bytes: Uint8Array, size: number, file: string): Omit<ZImage, 'size'> {
  const unknown = { kernelBytes: null, textOffset: null };
  if (wordAt(bytes, 0x34) !== TABLE_MAGIC) return unknown;
  let offset = wordAt(bytes, 0x38);
  // The last tag has size 0. Bounded: each step goes on by two words at least.
  while (offset >= HEADER_BYTES && offset + 8 <= size) {
    const words = wordAt(bytes, offset);
    if (words < 2 || offset + 4 * words > size) return unknown;
    if (wordAt(bytes, offset + 4) === TAG_KERNEL_SIZE && words >= 5) {
      const sizeAt = wordAt(bytes, offset + 8);
      if (sizeAt + 4 > size) {
        const message = `the size of the kernel is said to be at ${hex(sizeAt)}, behind the image's end`;
        inputError('zimage-bad-table', message, { position: { file, offset: offset + 8 } });
      }
      return {
        kernelBytes: wordAt(bytes, sizeAt) + wordAt(bytes, offset + 12),
        textOffset: wordAt(bytes, offset + 16),
      };
    }
    offset += 4 * words;
  }
  return unknown;
}

/** What the file looks like instead. */
function whatElse(bytes: Uint8Array): string[] {
  const starts: readonly [readonly number[], string][] = [
    [[0x1f, 0x8b], 'the file is compressed with gzip'],
    [[0x28, 0xb5, 0x2f, 0xfd], 'the file is compressed with zstd'],
    [[0xd0, 0x0d, 0xfe, 0xed], 'the file is a device tree'],
    [[0x27, 0x05, 0x19, 0x56], 'the file is a uImage: a U-Boot header of 64 bytes before the kernel'],
    [[0x4d, 0x5a], 'the file is an EFI program, maybe for 64-bit ARM'],
  ];
  return starts.filter(([start]) => start.every((byte, i) => bytes[i] === byte)).map(([, note]) => note);
}

/** The little-endian word at `offset`; 0 behind the end. */
function wordAt(bytes: Uint8Array, offset: number): number {
  if (offset + 4 > bytes.length) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true);
}
