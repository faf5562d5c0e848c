// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the identification registers of each core say (ARM DDI 0406C, B4.1 and B6.1, and each core's technical
 * reference manual, chapter 4): Cortex-A7 DDI 0464F, A8 DDI 0344K, A9 DDI 0388I, A15 DDI 0438I; VFP's in the floating-
 * point chapters (DDI 0463, DDI 0408, DDI 0438 ch. 10).
 * Model: Security and Virtualization Extensions read as absent (ID_PFR1), since the emulator has neither.
 */
import { invariant } from '../../base/diagnostics.js';

/** Of one machine. */
export const MOST_CORES = 4;

export interface CoreIds {
  readonly name: string;
  readonly midr: number;
  readonly ctr: number;
  /** ID_PFR0, ID_PFR1, ID_DFR0, ID_AFR0, ID_MMFR0 to 3, ID_ISAR0 to 5: CRn 0, CRm 1 and 2. */
  readonly features: readonly number[];
  readonly clidr: number;
  /** CCSIDR by CSSELR: level 1 data, level 1 instruction, level 2 unified. */
  readonly ccsidr: readonly number[];
  /** PMCR after reset: implementer, identification code, number of event counters. */
  readonly pmcr: number;
  readonly fpsid: number;
  readonly mvfr0: number;
  readonly mvfr1: number;
  /** Generic Timer and LPAE are there. */
  readonly genericTimer: boolean;
  readonly longDescriptors: boolean;
  readonly multiprocessing: boolean;
  /** UDIV and SDIV in A32 and T32. */
  readonly divide: boolean;
  /** VFPv4 and Advanced SIMDv2: fused multiply-add. */
  readonly fused: boolean;
}

const CORES: readonly CoreIds[] = [
  {
    name: 'Cortex-A7',
    midr: 0x410fc075,
    ctr: 0x84448003,
    features: [
      0x00001131, 0x00010001, 0x02010505, 0, 0x10101105, 0x40000000, 0x01240000, 0x02102211, 0x02101110,
      0x13112111, 0x21232041, 0x11112131, 0x10011142, 0,
    ],
    clidr: 0x0a200023,
    ccsidr: [0x700fe01a, 0x203fe009, 0x707fe07a],
    pmcr: 0x41072000,
    fpsid: 0x41023075,
    mvfr0: 0x10110222,
    mvfr1: 0x11111111,
    genericTimer: true,
    longDescriptors: true,
    multiprocessing: true,
    divide: true,
    fused: true,
  },
  {
    name: 'Cortex-A8',
    midr: 0x410fc080,
    ctr: 0x82048004,
    features: [
      0x1031, 0x01, 0x400, 0, 0x31100003, 0x20000000, 0x01202000, 0x11, 0x00101111, 0x12112111, 0x21232031,
      0x11112131, 0x00111142, 0,
    ],
    clidr: 0x0a000023,
    // With a second level of 256 KiB, as CLIDR says.
    ccsidr: [0xe007e01a, 0x2007e01a, 0xf03fe03a],
    pmcr: 0x41002000,
    fpsid: 0x410330c0,
    mvfr0: 0x11110222,
    mvfr1: 0x00011111,
    genericTimer: false,
    longDescriptors: false,
    multiprocessing: false,
    divide: false,
    fused: false,
  },
  {
    name: 'Cortex-A9',
    midr: 0x410fc090,
    ctr: 0x80038003,
    features: [
      0x1031, 0x01, 0x000, 0, 0x00100103, 0x20000000, 0x01230000, 0x00002111, 0x00101111, 0x13112111,
      0x21232041, 0x11112131, 0x00111142, 0,
    ],
    clidr: (1 << 27) | (1 << 24) | 3,
    ccsidr: [0xe00fe019, 0x200fe019, 0],
    pmcr: 0x41093000,
    fpsid: 0x41033090,
    mvfr0: 0x11110222,
    mvfr1: 0x01111111,
    genericTimer: false,
    longDescriptors: false,
    multiprocessing: true,
    divide: false,
    fused: false,
  },
  {
    name: 'Cortex-A15',
    midr: 0x414fc0f0,
    ctr: 0x8444c004,
    features: [
      0x00001131, 0x00010001, 0x02010505, 0, 0x10201105, 0x20000000, 0x01240000, 0x02102211, 0x02101110,
      0x13112111, 0x21232041, 0x11112131, 0x10011142, 0,
    ],
    clidr: 0x0a200023,
    ccsidr: [0x701fe00a, 0x201fe00a, 0x711fe07a],
    pmcr: 0x410f3000,
    fpsid: 0x410430f0,
    mvfr0: 0x10110222,
    mvfr1: 0x11111111,
    genericTimer: true,
    longDescriptors: true,
    multiprocessing: true,
    divide: true,
    fused: true,
  },
];

/** The identification of a core by its name in `hw/cores.ts`. */
export function coreIds(name: string): CoreIds {
  const found = CORES.find(core => core.name === name);
  invariant(found !== undefined, () => `no identification registers for ${name}`);
  return found;
}

/** Names of the cores that can be emulated. */
export function emulatedCores(): string[] {
  return CORES.map(core => core.name);
}
