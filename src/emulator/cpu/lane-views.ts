// SPDX-License-Identifier: GPL-2.0-only
/**
 * Registers as vectors of elements: one buffer seen in every width, signed and unsigned. Element i of doubleword
 * register d stands at index d * (64 / width) + i. Little endian, like the hosts that this runs on.
 */

export class LaneViews {
  readonly bytes: Uint8Array;
  readonly signedBytes: Int8Array;
  readonly halves: Uint16Array;
  readonly signedHalves: Int16Array;
  /** Word 2n is the low half of Dn. */
  readonly words: Int32Array;
  readonly unsignedWords: Uint32Array;
  readonly singles: Float32Array;
  readonly doubles: Float64Array;

  constructor(storage: ArrayBuffer) {
    this.bytes = new Uint8Array(storage);
    this.signedBytes = new Int8Array(storage);
    this.halves = new Uint16Array(storage);
    this.signedHalves = new Int16Array(storage);
    this.words = new Int32Array(storage);
    this.unsignedWords = new Uint32Array(storage);
    this.singles = new Float32Array(storage);
    this.doubles = new Float64Array(storage);
  }

  /** The view of elements of 8 << `size` bits. */
  unsigned(size: number): Uint8Array | Uint16Array | Uint32Array {
    return size === 0 ? this.bytes : size === 1 ? this.halves : this.unsignedWords;
  }

  signed(size: number): Int8Array | Int16Array | Int32Array {
    return size === 0 ? this.signedBytes : size === 1 ? this.signedHalves : this.words;
  }
}
