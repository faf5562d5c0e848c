// SPDX-License-Identifier: GPL-2.0-only
/**
 * The coprocessor 15 registers that decide how an address is translated and which memory type results.
 * Names as in ARM DDI 0406C, B4.1 (VMSA registers). Plain mutable fields: software writes them.
 * Left out: SCTLR bits other than those named here, TTBR attributes for the walk itself (every walk
 * reads memory directly).
 */
import type { Architecture } from '../facts.js';

export interface MmuRegisters {
  /** `long`: TTBCR.EAE is 1. */
  format: 'short' | 'long';
  architecture: Architecture;
  /** ARMv6 SCTLR.XP: the extended table format without subpages. Always true on ARMv7, false below 6. */
  xp: boolean;
  /** SCTLR.TRE: TEX remap. Ignored with long descriptors, which always use MAIR. */
  tre: boolean;
  /** SCTLR.AFE: AP[0] is the access flag. Always on with long descriptors. */
  afe: boolean;
  /** An implementation with PXN in short descriptors: first-level type 0b11 is a section (ARMv7 with LPAE). */
  pxnInShortDescriptors: boolean;
  /** Table base with the walk attributes in the low bits; for long descriptors without the ASID field. */
  ttbr0: number;
  ttbr1: number;
  ttbcr: number;
  prrr: number;
  nmrr: number;
  mair0: number;
  mair1: number;
  dacr: number;
  asid: number;
}

/**
 * Registers as after reset, with the format bits that the architecture fixes. `longDescriptors`: the core
 * implements LPAE, and therefore PXN in short descriptors.
 */
export function createRegisters(architecture: Architecture, longDescriptors = false): MmuRegisters {
  return {
    format: 'short',
    architecture,
    xp: architecture >= 7,
    tre: false,
    afe: false,
    pxnInShortDescriptors: longDescriptors,
    ttbr0: 0,
    ttbr1: 0,
    ttbcr: 0,
    prrr: 0,
    nmrr: 0,
    mair0: 0,
    mair1: 0,
    dacr: 0,
    asid: 0,
  };
}
