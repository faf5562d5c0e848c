// SPDX-License-Identifier: GPL-2.0-only
/**
 * The contents of a disk: an image that nobody changes, and in memory the pieces that were written since.
 * What lies behind the end of the image reads as zeros.
 */

/** Bytes that can be read from anywhere, such as a file. */
export interface ByteSource {
  readonly size: number;
  /** Bytes from `offset` on, `size` or fewer: up to the end. */
  read(offset: number, size: number): Uint8Array;
}

/** Granule of what is kept in memory. */
const PIECE_BYTES = 4096;

export interface DiskState {
  /** Pairs of the piece's number and its bytes. */
  readonly written: readonly (readonly [number, Uint8Array])[];
}

export class DiskImage {
  readonly size: number;
  private readonly source: ByteSource;
  private written = new Map<number, Uint8Array>();

  /** `size`: of the disk; by default that of the image. */
  constructor(source: ByteSource, size: number = source.size) {
    this.source = source;
    this.size = size;
  }

  read(offset: number, size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    bytes.set(this.source.read(offset, size));
    if (this.written.size === 0) return bytes;
    this.eachPiece(offset, size, (number, from, at, count) => {
      const piece = this.written.get(number);
      if (piece !== undefined) bytes.set(piece.subarray(from, from + count), at);
    });
    return bytes;
  }

  write(offset: number, bytes: Uint8Array): void {
    this.eachPiece(offset, bytes.length, (number, from, at, count) => {
      let piece = this.written.get(number);
      if (piece === undefined) {
        piece = new Uint8Array(PIECE_BYTES);
        piece.set(this.source.read(number * PIECE_BYTES, PIECE_BYTES));
        this.written.set(number, piece);
      }
      piece.set(bytes.subarray(at, at + count), from);
    });
  }

  /** Visits pieces: the number, where in it, where in the range, how many bytes. */
  private eachPiece(
    offset: number,
    size: number,
    visit: (number: number, from: number, at: number, count: number) => void,
  ): void {
    for (let at = 0; at < size; ) {
      const from = (offset + at) % PIECE_BYTES;
      const count = Math.min(PIECE_BYTES - from, size - at);
      visit((offset + at - from) / PIECE_BYTES, from, at, count);
      at += count;
    }
  }

  save(): DiskState {
    return { written: [...this.written].map(([number, piece]) => [number, piece.slice()] as const) };
  }

  restore({ written }: DiskState): void {
    this.written = new Map(written.map(([number, piece]) => [number, piece.slice()]));
  }
}

/** An image that lies in memory. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (offset, size) => bytes.slice(offset, offset + size) };
}
