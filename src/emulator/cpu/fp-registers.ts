// SPDX-License-Identifier: GPL-2.0-only
/**
 * The extension registers, shared by VFP and Advanced SIMD: ARM DDI 0406C, A2.6.2. One piece of memory:
 *
 *   s0  s1 | s2  s3 | … s30 s31 |           words, singles
 *     d0   |   d1   | …   d15   | d16 … d31  doubles
 *         q0        | …                      q15
 *
 * and the registers that control them (B4.1, B1.11). A NaN must be moved through `words`: the engine may change
 * the payload of one that passes through a number.
 */

export class FpRegisters {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  /** Word 2n is the low half of Dn. */
  readonly words: Int32Array;
  readonly singles: Float32Array;
  readonly doubles: Float64Array;
  /** FPSCR: N, Z, C, V, QC, AHP, DN, FZ, RMode, stride, length and the cumulative exception bits. */
  fpscr = 0;
  /** FPEXC: EN is bit 30. */
  fpexc = 0;
  readonly fpsid: number;
  readonly mvfr0: number;
  readonly mvfr1: number;
  /** VFP has registers d16 to d31. */
  readonly d32: boolean;

  constructor(
    ids: { fpsid: number; mvfr0: number; mvfr1: number },
    storage: ArrayBuffer = new ArrayBuffer(256),
  ) {
    this.bytes = new Uint8Array(storage, 0, 256);
    this.halves = new Uint16Array(storage, 0, 128);
    this.words = new Int32Array(storage, 0, 64);
    this.singles = new Float32Array(storage, 0, 64);
    this.doubles = new Float64Array(storage, 0, 32);
    this.fpsid = ids.fpsid;
    this.mvfr0 = ids.mvfr0;
    this.mvfr1 = ids.mvfr1;
    this.d32 = (ids.mvfr0 & 0xf) === 2;
  }
}
