// SPDX-License-Identifier: GPL-2.0-only
/** Processor modes and the bits of the program status registers: ARM DDI 0406C, B1.3.1 and B1.3.3. */

export const MODE_USER = 0x10;
export const MODE_FIQ = 0x11;
export const MODE_IRQ = 0x12;
export const MODE_SVC = 0x13;
export const MODE_MONITOR = 0x16;
export const MODE_ABORT = 0x17;
export const MODE_HYP = 0x1a;
export const MODE_UNDEFINED = 0x1b;
export const MODE_SYSTEM = 0x1f;

export const PSR_N: number = 1 << 31;
export const PSR_Z: number = 1 << 30;
export const PSR_C: number = 1 << 29;
export const PSR_V: number = 1 << 28;
export const PSR_Q: number = 1 << 27;
export const PSR_J: number = 1 << 24;
export const PSR_GE: number = 0xf << 16;
export const PSR_E: number = 1 << 9;
export const PSR_A: number = 1 << 8;
export const PSR_I: number = 1 << 7;
export const PSR_F: number = 1 << 6;
export const PSR_T: number = 1 << 5;

/** ITSTATE as it stands in a PSR: bits 26:25 are IT[1:0], bits 15:10 are IT[7:2]. */
export function itToPsr(it: number): number {
  return ((it & 3) << 25) | ((it >> 2) << 10);
}

export function itFromPsr(psr: number): number {
  return ((psr >>> 25) & 3) | (((psr >>> 10) & 0x3f) << 2);
}

/**
 * Which bank of r13, r14 and SPSR a mode has; -1: no such mode. Model: no Security and no Virtualization Extensions,
 * so there is no Monitor and no Hyp mode.
 */
export function bankOf(mode: number): number {
  switch (mode & 0x1f) {
    case MODE_USER:
    case MODE_SYSTEM:
      return BANK_USER;
    case MODE_FIQ:
      return BANK_FIQ;
    case MODE_IRQ:
      return 2;
    case MODE_SVC:
      return 3;
    case MODE_ABORT:
      return 4;
    case MODE_UNDEFINED:
      return 5;
    default:
      return -1;
  }
}

export const BANK_USER = 0;
export const BANK_FIQ = 1;
export const BANKS = 6;
