// SPDX-License-Identifier: GPL-2.0-only
/**
 * What memory must hold, byte by byte, and of which bytes that is known: memory that nobody has written, and bytes
 * that an invalidate may have thrown away, are not.
 */

export class Bytes {
  private readonly value: Uint8Array;
  private readonly isKnown: Uint8Array;

  constructor(size: number) {
    this.value = new Uint8Array(size);
    this.isKnown = new Uint8Array(size);
  }

  get size(): number {
    return this.value.length;
  }

  zero(): void {
    this.write(0, new Uint8Array(this.size));
  }

  write(at: number, bytes: Uint8Array): void {
    this.value.set(bytes, at);
    this.isKnown.fill(1, at, at + bytes.length);
  }

  forget(at: number, size: number): void {
    this.isKnown.fill(0, at, at + size);
  }

  isAllKnown(at: number, size: number): boolean {
    return !this.isKnown.subarray(at, at + size).includes(0);
  }

  /** Takes over what `from` knows and does not know. */
  copy(at: number, from: Bytes, fromAt: number, size: number): void {
    this.value.set(from.value.subarray(fromAt, fromAt + size), at);
    this.isKnown.set(from.isKnown.subarray(fromAt, fromAt + size), at);
  }

  /** The runs of known bytes of [at, at + size). */
  *known(at: number, size: number): Generator<{ readonly at: number; readonly bytes: Uint8Array }> {
    const end = at + size;
    for (let start = at; start < end; ) {
      let stop = start;
      while (stop < end && this.isKnown[stop]) stop++;
      if (stop > start) yield { at: start, bytes: this.value.subarray(start, stop) };
      start = Math.max(stop, start) + 1;
    }
  }
}

/** A pattern that tells places and writers apart. */
export function pattern(seed: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (seed * 31 + i * 7 + (i >> 8)) & 0xff);
}
