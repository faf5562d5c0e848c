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
import { FpStatus, standardStatus } from '../fp/status.js';
import { LaneViews } from './lane-views.js';

const FZ = 1 << 24;
const DN = 1 << 25;
const AHP = 1 << 26;
/** IDC, IXC, UFC, OFC, DZC, IOC, and QC. */
const CUMULATIVE = 0x0800009f;
/** N, Z, C, V, AHP, DN, FZ, RMode, Stride, Len. Trap enables read as zero: no ARMv7-A core can trap. */
const CONTROL = -0x08090000;
/** Stride and Len. */
const VECTORS = 0x00370000;
const FPEXC_EN = 0x40000000;
const FPEXC_DEX = 0x20000000;

export class FpRegisters extends LaneViews {
  /** What VFP instructions do as FPSCR says. */
  readonly vfp: FpStatus = new FpStatus();
  /** What Advanced SIMD instructions do, for which most of FPSCR does not count. */
  readonly simd: FpStatus = standardStatus();
  /** FPEXC. */
  fpexc = 0;
  readonly fpsid: number;
  readonly mvfr0: number;
  readonly mvfr1: number;
  /** VFP has registers d16 to d31. */
  readonly d32: boolean;
  /** VFMA and its kin. */
  readonly fused: boolean;
  /** Conversions from and to half precision. */
  readonly half: boolean;
  /** FPSCR without the cumulative bits, which are in `vfp.flags` and `simd.flags`. */
  private control = 0;

  constructor(
    ids: { fpsid: number; mvfr0: number; mvfr1: number },
    storage: ArrayBuffer = new ArrayBuffer(256),
  ) {
    super(storage);
    this.fpsid = ids.fpsid;
    this.mvfr0 = ids.mvfr0;
    this.mvfr1 = ids.mvfr1;
    this.d32 = (ids.mvfr0 & 0xf) === 2;
    this.fused = ids.mvfr1 >>> 28 !== 0;
    this.half = ((ids.mvfr1 >>> 24) & 0xf) !== 0;
  }

  /** FPEXC.EN. */
  get enabled(): boolean {
    return (this.fpexc & FPEXC_EN) !== 0;
  }

  get fpscr(): number {
    return this.control | this.vfp.flags | this.simd.flags;
  }

  set fpscr(value: number) {
    this.control = value & CONTROL;
    const { vfp, simd } = this;
    vfp.flags = value & CUMULATIVE;
    simd.flags = 0;
    vfp.rounding = (value >>> 22) & 3;
    vfp.flushToZero = (value & FZ) !== 0;
    vfp.defaultNaN = (value & DN) !== 0;
    vfp.alternativeHalf = (value & AHP) !== 0;
    simd.alternativeHalf = vfp.alternativeHalf;
  }

  /** FPSCR's N, Z, C and V, as four bits. */
  setConditions(nzcv: number): void {
    this.control = (this.control & 0x0fffffff) | (nzcv << 28);
  }

  /**
   * FPSCR asks for short vectors, which Cortex-A7, A9 and A15 leave to software (MVFR0[27:24]; Cortex-A9 NEON MPE,
   * DDI 0409H, table 2.10): instructions that would work on vectors are undefined then and set FPEXC.DEX (DDI 0406C,
   * B4.1.57 and D6.4). Model: Cortex-A8, which has short vectors, does the same; Cortex-A9 looks at Len only.
   */
  refusesVectors(): boolean {
    if ((this.control & VECTORS) === 0) return false;
    this.fpexc |= FPEXC_DEX;
    return true;
  }
}
