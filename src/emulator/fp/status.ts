// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a floating-point operation is told and what it tells back beside its result: the control and cumulative
 * bits of FPSCR (ARM ARM DDI 0406C, B4.1.58). One object holds the settings of VFP instructions, a second one the
 * fixed settings of Advanced SIMD ("Standard FPSCR value", A2.7.7); FPSCR reads as the union of their flags.
 * Trapped exceptions are left out: no Cortex-A of ARMv7 implements them (MVFR0[15:12] is 0), so the enable bits
 * read as zero.
 */

/** FPSCR, cumulative exception bits. */
export const IOC = 0x1;
export const DZC = 0x2;
export const OFC = 0x4;
export const UFC = 0x8;
export const IXC = 0x10;
export const IDC = 0x80;
/** FPSCR.QC: an integer operation of Advanced SIMD saturated. */
export const QC = 0x08000000;

/** FPSCR.RMode. */
export const RN = 0;
export const RP = 1;
export const RM = 2;
export const RZ = 3;

/** Settings, flags, and half of the last 64-bit result. All fields hold 32-bit signed integers. */
export class FpStatus {
  /** RN, RP, RM or RZ. */
  rounding: number = RN;
  /** FPSCR.FZ: denormal operands count as zeros of their sign, and so do results that are too small. */
  flushToZero = false;
  /** FPSCR.DN: every NaN that an operation returns is the default NaN. */
  defaultNaN = false;
  /** FPSCR.AHP: half precision without infinities and NaNs. */
  alternativeHalf = false;
  /** IOC to IDC and QC, set by operations, never cleared by them. */
  flags = 0;
  /** Bits 31 to 0 of the last 64-bit result; operations return bits 63 to 32. */
  lo = 0;
}

/** What Advanced SIMD arithmetic works with, whatever FPSCR says (but for AHP): StandardFPSCRValue(). */
export function standardStatus(): FpStatus {
  const status = new FpStatus();
  status.flushToZero = true;
  status.defaultNaN = true;
  return status;
}
